package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/go-resty/resty/v2"

	"github.com/hackney-go/hackney/bench/scenario"
)

type restyClient struct {
	*Task
	client *resty.Client
	json   []byte
}

func newResty(t *Task) (Client, error) {
	client := resty.NewWithClient(&http.Client{Transport: tunedTransport(t)})
	if t.Limit > 0 {
		client.SetTimeout(t.Limit)
	}
	return &restyClient{Task: t, client: client, json: json(t.Upload)}, nil
}

func (c *restyClient) Close() {
	c.endContexts()
	c.client.GetClient().CloseIdleConnections()
}

func (c *restyClient) Operation() (Operation, error) {
	ctx := c.context()
	switch c.Kind {
	case scenario.Get, scenario.Idle:
		return func() error { return c.get(ctx) }, nil
	case scenario.Download:
		buf := make([]byte, bulkBuffer)
		return func() error { return c.download(ctx, buf) }, nil
	case scenario.Post:
		return func() error { return c.post(ctx, "application/json", c.json) }, nil
	case scenario.UploadFile:
		return func() error { return c.uploadFile(ctx) }, nil
	case scenario.UploadForm:
		return func() error { return c.uploadForm(ctx) }, nil
	case scenario.UploadChunked:
		return func() error {
			from := source(c.Upload)
			return c.post(ctx, "application/octet-stream", io.Reader(&from))
		}, nil
	}
	return nil, fmt.Errorf("kind %d", c.Kind)
}

func (c *restyClient) get(ctx context.Context) error {
	resp, err := c.client.R().SetContext(ctx).Get(c.URL)
	if err != nil {
		return err
	}
	return c.check(resp.StatusCode(), resp.Header().Get("Content-Type") != "", int64(len(resp.Body())))
}

func (c *restyClient) download(ctx context.Context, buf []byte) error {
	resp, err := c.client.R().SetContext(ctx).SetDoNotParseResponse(true).Get(c.URL)
	if err != nil {
		return err
	}
	defer resp.RawBody().Close()
	size, err := readAll(resp.RawBody(), buf)
	if err != nil {
		return err
	}
	return c.check(resp.StatusCode(), resp.Header().Get("Content-Type") != "", size)
}

func (c *restyClient) uploadFile(ctx context.Context) error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	return c.post(ctx, "application/octet-stream", io.Reader(file))
}

func (c *restyClient) uploadForm(ctx context.Context) error {
	return c.send(c.client.R().SetContext(ctx).SetFile(formName, c.File))
}

func (c *restyClient) post(ctx context.Context, mediaType string, body any) error {
	return c.send(c.client.R().SetContext(ctx).SetHeader("Content-Type", mediaType).SetBody(body))
}

func (c *restyClient) send(req *resty.Request) error {
	resp, err := req.Post(c.URL)
	if err != nil {
		return err
	}
	return c.checkReceipt(resp.StatusCode(), resp.Header().Get("Content-Type") != "", resp.Body())
}
