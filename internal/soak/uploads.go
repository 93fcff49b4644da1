package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/form"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
)

// urlFor is the URL of a request with a body of that kind and n bytes of content.
func (j *job) urlFor(up string, n int) string {
	j.ask.up, j.ask.upN = up, n
	return j.url()
}

// mayBeDead says that the request cannot be sent again by itself: where it went out on a kept connection
// that its peer was about to close, that is an error.
func (j *job) mayBeDead() { j.own |= ended }

// uploadSize draws how much is sent.
func (j *job) uploadSize() int {
	return 1 + j.dice.IntN([]int{10, 1000, 10000, 100000, 1 << 20}[j.dice.IntN(5)])
}

// upload sends a body in one of the ways there are.
func upload(j *job) {
	j.method = "POST"
	j.mayBeDead()
	if j.dice.IntN(4) == 0 {
		j.extra = headers.New("Expect", "100-continue")
	}
	p := j.payload(j.uploadSize())
	if j.dice.IntN(6) == 0 && j.at != j.forwardDoor {
		j.direct()
		j.o.ForceRedirect, j.ask.hops, j.ask.cross = true, 1, j.dice.IntN(2) == 0
		j.ask.code = []int{307, 308}[j.dice.IntN(2)]
	}
	cs, err := j.request(p)
	if err == nil && cs.MaybeRedirect() {
		j.ask.hops = 0 // it cannot be sent again, so the redirect is the answer
		j.close(cs)
		return
	}
	j.close(j.finish(cs, err))
}

// payload is a payload with n bytes of content, less for some kinds.
func (j *job) payload(n int) hackney.Payload {
	b := content(j.ask.id, n)
	j.ask.up, j.ask.upN = "raw", n
	switch j.dice.IntN(9) {
	case 0:
		return hackney.Text(string(b))
	case 1:
		k := j.dice.IntN(n)
		return hackney.Chunks(b[:k], nil, b[k:])
	case 2:
		j.ask.up = "form"
		return hackney.Form(form.Field{Name: "id", Value: fmt.Sprint(j.ask.id)}, form.Field{Name: "content", Value: string(b)})
	case 3:
		j.ask.up = "multipart"
		return hackney.Multipart(multipart.Value("id", fmt.Sprint(j.ask.id)), multipart.Content("file", "f", b))
	case 4:
		return j.fromFile(n)
	case 5:
		return hackney.FromReader(bytes.NewReader(b), int64(n))
	case 6:
		return hackney.FromReader(bytes.NewReader(b), -1)
	case 7:
		return hackney.Func(giving(b, 1+n/5))
	}
	return hackney.Bytes(b)
}

// giving gives b piece by piece.
func giving(b []byte, n int) func() ([]byte, error) {
	return func() ([]byte, error) {
		if len(b) == 0 {
			return nil, io.EOF
		}
		piece := b[:min(n, len(b))]
		b = b[len(piece):]
		return piece, nil
	}
}

// fromFile sends a stretch of the file, whose content is that of the id 0: the server is told so.
func (j *job) fromFile(n int) hackney.Payload {
	j.ask.up, j.ask.upN = "file", min(n, fileSize)
	return hackney.File(j.file, 0, int64(j.ask.upN))
}

// pieces streams a body, chunked or of a length that is known, and looks out for an early answer.
func pieces(j *job) {
	j.method = "POST"
	j.mayBeDead()
	b := content(j.ask.id, j.uploadSize())
	j.ask.up, j.ask.upN = "raw", len(b)
	if j.dice.IntN(3) == 0 {
		j.extra = headers.New("Content-Length", fmt.Sprint(len(b)))
	} else if j.dice.IntN(3) == 0 {
		j.extra = headers.New("Expect", "100-continue")
	}
	cs, err := j.request(hackney.Stream)
	for next := giving(b, 1+len(b)/(1+j.dice.IntN(8))); err == nil; {
		piece, end := next()
		if end != nil {
			cs, err = hackney.EndStreamRequestBody(j.ctx, cs)
			break
		}
		cs, err = hackney.StreamRequestBody(j.ctx, cs, hackney.Bytes(piece))
	}
	j.close(j.finish(j.respond(cs, err)))
}

// respond reads the head of the answer to a request that was streamed, early or not.
func (j *job) respond(cs hackney.ClientState, err error) (hackney.ClientState, error) {
	if err != nil && err != hackney.ErrResponseReady {
		return cs, err
	}
	return j.goOn(hackney.StartResponse(j.ctx, cs))
}

// parts streams a form.
func parts(j *job) {
	j.method = "POST"
	j.mayBeDead()
	b := content(j.ask.id, j.uploadSize())
	j.ask.up, j.ask.upN = "multipart", len(b)
	size, boundary := int64(-1), multipart.NewBoundary()
	id, file := multipart.Value("id", fmt.Sprint(j.ask.id)), multipart.Content("file", "f", b)
	if j.dice.IntN(2) == 0 {
		size, _ = multipart.Size(boundary, id, file)
	}
	cs, err := j.request(hackney.StreamMultipart(size, boundary))
	for _, part := range []multipart.Part{id, file, multipart.EOF} {
		if err == nil {
			cs, err = hackney.StreamMultipartRequest(j.ctx, cs, part)
		}
	}
	j.close(j.finish(j.respond(cs, err)))
}
