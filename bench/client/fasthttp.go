package client

import (
	"errors"
	"fmt"
	"math"
	"mime/multipart"
	"os"

	"github.com/valyala/fasthttp"

	"github.com/hackney-go/hackney/bench/scenario"
)

type fastHTTP struct {
	*Task
	client *fasthttp.Client
	json   []byte
}

func newFasthttp(t *Task) (Client, error) {
	client := &fasthttp.Client{
		MaxConnsPerHost:    t.Concurrency + 1,
		ReadTimeout:        t.Limit,
		TLSConfig:          t.Secure,
		StreamResponseBody: t.Kind == scenario.Download,
	}
	if t.bulk() {
		client.ReadBufferSize, client.WriteBufferSize = bulkBuffer, bulkBuffer
	}
	return &fastHTTP{Task: t, client: client, json: json(t.Upload)}, nil
}

func (c *fastHTTP) Close() { c.client.CloseIdleConnections() }

func (c *fastHTTP) Operation() (Operation, error) {
	switch c.Kind {
	case scenario.Get, scenario.Idle:
		return c.get, nil
	case scenario.Download:
		buf := make([]byte, bulkBuffer)
		return func() error { return c.download(buf) }, nil
	case scenario.Post:
		return c.post, nil
	case scenario.UploadFile:
		return c.uploadFile, nil
	case scenario.UploadForm:
		return c.uploadForm, nil
	case scenario.UploadChunked:
		return c.uploadChunked, nil
	}
	return nil, fmt.Errorf("kind %d", c.Kind)
}

func (c *fastHTTP) get() error {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer release(req, resp)
	req.SetRequestURI(c.URL)
	if err := c.client.Do(req, resp); err != nil {
		return err
	}
	body := append([]byte(nil), resp.Body()...)
	return c.check(resp.StatusCode(), hasType(resp), int64(len(body)))
}

func release(req *fasthttp.Request, resp *fasthttp.Response) {
	fasthttp.ReleaseRequest(req)
	fasthttp.ReleaseResponse(resp)
}

func hasType(resp *fasthttp.Response) bool { return len(resp.Header.Peek("Content-Type")) > 0 }

func (c *fastHTTP) download(buf []byte) error {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer release(req, resp)
	req.SetRequestURI(c.URL)
	if err := c.client.Do(req, resp); err != nil {
		return err
	}
	size, err := readAll(resp.BodyStream(), buf)
	if err != nil {
		return err
	}
	if err := c.check(resp.StatusCode(), hasType(resp), size); err != nil {
		return err
	}
	return resp.CloseBodyStream()
}

func (c *fastHTTP) post() error {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer release(req, resp)
	req.Header.SetContentType("application/json")
	req.SetBodyRaw(c.json)
	return c.send(req, resp)
}

func (c *fastHTTP) uploadFile() error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	if c.Upload > math.MaxInt {
		return fmt.Errorf("%d bytes are too many", c.Upload)
	}
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer release(req, resp)
	req.Header.SetContentType("application/octet-stream")
	req.SetBodyStream(file, int(c.Upload)) // which closes it
	return c.send(req, resp)
}

func (c *fastHTTP) uploadChunked() error {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer release(req, resp)
	from := source(c.Upload)
	req.Header.SetContentType("application/octet-stream")
	req.SetBodyStream(&from, -1)
	return c.send(req, resp)
}

// uploadForm makes the form in memory that the client keeps: streamed through a pipe, as
// net/http has it, it takes several times as long.
func (c *fastHTTP) uploadForm() error {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer release(req, resp)
	w := multipart.NewWriter(req.BodyWriter())
	if err := errors.Join(writeFile(w, c.File), w.Close()); err != nil {
		return err
	}
	req.Header.SetContentType(w.FormDataContentType())
	return c.send(req, resp)
}

func (c *fastHTTP) send(req *fasthttp.Request, resp *fasthttp.Response) error {
	req.Header.SetMethod(fasthttp.MethodPost)
	req.SetRequestURI(c.URL)
	if err := c.client.Do(req, resp); err != nil {
		return err
	}
	return c.checkReceipt(resp.StatusCode(), hasType(resp), append([]byte(nil), resp.Body()...))
}
