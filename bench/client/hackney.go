package client

import (
	"context"
	"fmt"
	"io"

	"github.com/hackney-go/hackney/bench/scenario"
	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/hackney/pool"
)

type hackneyClient struct {
	*Task
	opts   *hackney.Opts
	async  *hackney.Opts
	fields *headers.Headers // of the POST
	json   []byte
}

func newHackney(t *Task) (Client, error) {
	connections := pool.New(pool.Opts{
		MaxIdle:    pool.Unlimited,
		MaxDials:   pool.Unlimited,
		MaxWaiting: pool.Unlimited,
	})
	opts := hackney.Opts{Pool: connections, TLS: t.Secure, RecvTimeout: t.Limit}
	async := opts
	async.Async, async.AsyncBuffer = true, t.AsyncBuffer
	return &hackneyClient{
		Task:   t,
		opts:   &opts,
		async:  &async,
		fields: headers.New("Content-Type", "application/json"),
		json:   json(t.Upload),
	}, nil
}

func (c *hackneyClient) Close() {
	c.endContexts()
	_ = c.opts.Pool.Close()
}

func (c *hackneyClient) Operation() (Operation, error) {
	ctx := c.context()
	switch c.Kind {
	case scenario.Get, scenario.Idle:
		return func() error { return c.get(ctx) }, nil
	case scenario.Download:
		buf := make([]byte, bulkBuffer)
		return func() error { return c.download(ctx, buf) }, nil
	case scenario.Copy:
		return func() error { return c.copy(ctx) }, nil
	case scenario.Events:
		return func() error { return c.events(ctx) }, nil
	case scenario.Post:
		return func() error { return c.post(ctx, c.fields, hackney.Bytes(c.json)) }, nil
	case scenario.UploadFile:
		return func() error { return c.post(ctx, nil, hackney.File(c.File, 0, 0)) }, nil
	case scenario.UploadForm:
		return func() error { return c.post(ctx, nil, hackney.Multipart(multipart.File(formName, c.File))) }, nil
	case scenario.UploadChunked:
		return func() error {
			from := source(c.Upload)
			return c.post(ctx, nil, hackney.FromReader(&from, -1))
		}, nil
	}
	return nil, fmt.Errorf("kind %d", c.Kind)
}

func (c *hackneyClient) get(ctx context.Context) error {
	cs, err := hackney.Get(ctx, c.URL, nil, nil, c.opts)
	defer func() { _, _ = hackney.Close(cs) }()
	if err != nil {
		return err
	}
	body, cs, err := hackney.Body(ctx, cs)
	if err != nil {
		return err
	}
	return c.check(cs.Status(), cs.Headers().Get("Content-Type") != "", int64(len(body)))
}

func (c *hackneyClient) download(ctx context.Context, buf []byte) error {
	cs, err := hackney.Get(ctx, c.URL, nil, nil, c.opts)
	defer func() { _, _ = hackney.Close(cs) }()
	if err != nil {
		return err
	}
	r := hackney.NewBodyReader(ctx, cs)
	size, err := readAll(r, buf)
	cs = r.State()
	if err != nil {
		return err
	}
	return c.check(cs.Status(), cs.Headers().Get("Content-Type") != "", size)
}

func (c *hackneyClient) copy(ctx context.Context) error {
	cs, err := hackney.Get(ctx, c.URL, nil, nil, c.opts)
	defer func() { _, _ = hackney.Close(cs) }()
	if err != nil {
		return err
	}
	size, cs, err := hackney.CopyBody(ctx, cs, io.Discard)
	if err != nil {
		return err
	}
	return c.check(cs.Status(), cs.Headers().Get("Content-Type") != "", size)
}

func (c *hackneyClient) events(ctx context.Context) error {
	cs, err := hackney.Get(ctx, c.URL, nil, nil, c.async)
	defer func() { _, _ = hackney.Close(cs) }()
	if err != nil {
		return err
	}
	var size int64
	r := cs.Async()
	for e, err := range r.Events() {
		if err != nil {
			return err
		}
		size += int64(len(e.Chunk))
	}
	<-r.Done()
	cs = r.State()
	return c.check(cs.Status(), cs.Headers().Get("Content-Type") != "", size)
}

// readAll reads to the end, one buffer after the other.
func readAll(r io.Reader, buf []byte) (size int64, err error) {
	for err == nil {
		var n int
		n, err = r.Read(buf)
		size += int64(n)
	}
	if err == io.EOF {
		err = nil
	}
	return size, err
}

func (c *hackneyClient) post(ctx context.Context, fields *headers.Headers, payload hackney.Payload) error {
	cs, err := hackney.Post(ctx, c.URL, fields, payload, c.opts)
	defer func() { _, _ = hackney.Close(cs) }()
	if err != nil {
		return err
	}
	body, cs, err := hackney.Body(ctx, cs)
	if err != nil {
		return err
	}
	return c.checkReceipt(cs.Status(), cs.Headers().Get("Content-Type") != "", body)
}
