package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/hackney-go/hackney/bench/scenario"
)

type netHTTP struct {
	*Task
	client *http.Client
	json   []byte
}

func newNetHTTP(t *Task) (Client, error) {
	return &netHTTP{
		Task:   t,
		client: &http.Client{Transport: tunedTransport(t), Timeout: t.Limit},
		json:   json(t.Upload),
	}, nil
}

// tunedTransport is a transport without the limits and the work that the default one has
// and the other clients do not.
func tunedTransport(t *Task) *http.Transport {
	transport := &http.Transport{
		MaxIdleConnsPerHost: t.Concurrency + 1,
		DisableCompression:  true,
		TLSClientConfig:     t.Secure,
	}
	if t.bulk() {
		transport.ReadBufferSize, transport.WriteBufferSize = bulkBuffer, bulkBuffer
	}
	return transport
}

// bulk says whether large buffers of a client's own are worth their memory.
func (t *Task) bulk() bool { return t.Body >= bulkBuffer || t.Upload >= bulkBuffer }

func (c *netHTTP) Close() {
	c.endContexts()
	c.client.CloseIdleConnections()
}

func (c *netHTTP) Operation() (Operation, error) {
	ctx := c.context()
	switch c.Kind {
	case scenario.Get, scenario.Idle:
		return func() error { return c.get(ctx) }, nil
	case scenario.Download:
		buf := make([]byte, bulkBuffer)
		return func() error { return c.download(ctx, buf) }, nil
	case scenario.Post:
		return func() error { return c.post(ctx, "application/json", bytes.NewReader(c.json), c.Upload) }, nil
	case scenario.UploadFile:
		return func() error { return c.uploadFile(ctx) }, nil
	case scenario.UploadForm:
		return func() error { return c.uploadForm(ctx) }, nil
	case scenario.UploadChunked:
		return func() error {
			from := source(c.Upload)
			return c.post(ctx, "application/octet-stream", &from, -1)
		}, nil
	}
	return nil, fmt.Errorf("kind %d", c.Kind)
}

func (c *netHTTP) get(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	body, err := bodyOf(resp)
	if err != nil {
		return err
	}
	return c.check(resp.StatusCode, resp.Header.Get("Content-Type") != "", int64(len(body)))
}

// bodyOf reads a body into memory, at once where its length is known.
func bodyOf(resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	if resp.ContentLength < 0 {
		return io.ReadAll(resp.Body)
	}
	body := make([]byte, resp.ContentLength)
	_, err := io.ReadFull(resp.Body, body)
	return body, err
}

func (c *netHTTP) download(ctx context.Context, buf []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	size, err := readAll(resp.Body, buf)
	if err != nil {
		return err
	}
	return c.check(resp.StatusCode, resp.Header.Get("Content-Type") != "", size)
}

func (c *netHTTP) uploadFile(ctx context.Context) error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	return c.post(ctx, "application/octet-stream", file, c.Upload) // which closes it
}

func (c *netHTTP) uploadForm(ctx context.Context) error {
	form, mediaType := pipedForm(c.File)
	return c.post(ctx, mediaType, form, -1) // which closes it
}

func (c *netHTTP) post(ctx context.Context, mediaType string, body io.Reader, length int64) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, body)
	if err != nil {
		return err
	}
	req.ContentLength = length
	req.Header.Set("Content-Type", mediaType)
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	receipt, err := bodyOf(resp)
	if err != nil {
		return err
	}
	return c.checkReceipt(resp.StatusCode, resp.Header.Get("Content-Type") != "", receipt)
}
