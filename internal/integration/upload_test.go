//go:build integration

package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
)

// stored compares what nginx has put on the disk.
func (s *nginx) stored(t *testing.T, name string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(s.file(name))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("nginx got %d bytes, not the %d that were sent", len(got), len(want))
	}
}

func testPut(t *testing.T, s *nginx) {
	data := noise(1 << 20)
	cs, err := hackney.Put(limited(t), s.http+"/upload/whole", nil, hackney.Bytes(data), nil)
	answer(t, cs, err, 201)
	s.stored(t, "upload/whole", data)
}

func testPayloads(t *testing.T, s *nginx) {
	data := noise(1 << 20)
	file := s.write(t, "source.bin", string(data))
	chunked := headers.New("Transfer-Encoding", "chunked")
	pieces := func() func() ([]byte, error) {
		rest := slices.Collect(slices.Chunk(data, 50_000))
		return func() ([]byte, error) {
			if len(rest) == 0 {
				return nil, io.EOF
			}
			piece := rest[0]
			rest = rest[1:]
			return piece, nil
		}
	}
	for i, test := range []struct {
		name    string
		headers *headers.Headers
		payload hackney.Payload
		want    []byte
	}{
		{"file", nil, hackney.File(file, 0, 0), data},
		{"part of a file", nil, hackney.File(file, 70_001, 500_000), data[70_001:570_001]},
		{"bytes, chunked", chunked, hackney.Bytes(data), data},
		{"function", nil, hackney.Func(pieces()), data},
		{"reader", nil, hackney.FromReader(bytes.NewReader(data), int64(len(data))), data},
		{"reader of unknown size", nil, hackney.FromReader(bytes.NewReader(data), -1), data},
		{"empty", nil, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := fmt.Sprintf("upload/payload%d", i)
			cs, err := hackney.Put(limited(t), s.http+"/"+name, test.headers, test.payload, nil)
			answer(t, cs, err, 201)
			s.stored(t, name, test.want)
		})
	}
}

func testStreamed(t *testing.T, s *nginx) {
	data := noise(1<<20 + 4096 + 1)
	for _, test := range []struct {
		name    string
		headers *headers.Headers
	}{
		{"chunked", nil},
		{"by its length", headers.New("Content-Length", strconv.Itoa(len(data)))},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, name := limited(t), "upload/streamed "+test.name
			cs, err := hackney.Put(ctx, s.http+"/"+strings.ReplaceAll(name, " ", "%20"), test.headers, hackney.Stream, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { hackney.Close(cs) }()
			for _, piece := range [][]byte{data[:1<<20], nil, data[1<<20 : 1<<20+4096], data[1<<20+4096:]} {
				if cs, err = hackney.StreamRequestBody(ctx, cs, hackney.Bytes(piece)); err != nil {
					t.Fatal(err)
				}
			}
			if cs, err = hackney.EndStreamRequestBody(ctx, cs); err != nil {
				t.Fatal(err)
			}
			cs, err = hackney.StartResponse(ctx, cs)
			_, cs = answer(t, cs, err, 201)
			s.stored(t, name, data)

			cs, err = hackney.SendRequest(ctx, cs, hackney.Req{Method: "HEAD", Path: "/upload/"})
			if err != nil || !cs.Reused() {
				t.Errorf("the connection was not used again: %v", err)
			}
		})
	}
}

func testExpect(t *testing.T, s *nginx) {
	data := noise(1 << 20)
	cs, err := hackney.Put(limited(t), s.http+"/upload/expected", headers.New("Expect", "100-continue"), hackney.Bytes(data), nil)
	if got := cs.Interim(); len(got) != 1 || got[0].Status != 100 {
		t.Errorf("interim responses %v, want one 100", got)
	}
	_, cs = answer(t, cs, err, 201)
	s.stored(t, "upload/expected", data)
	cs, err = hackney.SendRequest(limited(t), cs, hackney.Req{Path: "/upload/expected"})
	if body, cs := answer(t, cs, err, 200); !bytes.Equal(body, data) || !cs.Reused() {
		t.Errorf("%d bytes came back of %d, reused %v", len(body), len(data), cs.Reused())
	}
}

// total is more than the buffers of two sockets hold.
const total = 64 << 20

func testEarly413(t *testing.T, s *nginx) {
	piece := noise(64 << 10)
	for _, test := range []struct {
		name    string
		headers *headers.Headers
	}{
		{"by its length", headers.New("Content-Length", strconv.Itoa(total))},
		{"chunked", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx := limited(t)
			cs, err := hackney.Put(ctx, s.http+"/narrow/x", test.headers, hackney.Stream, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { hackney.Close(cs) }()
			sent := 0
			for ; err == nil && sent < total; sent += len(piece) {
				cs, err = hackney.StreamRequestBody(ctx, cs, hackney.Bytes(piece))
			}
			if !errors.Is(err, hackney.ErrResponseReady) || cs.ResponseState() != hackney.StateWaiting {
				t.Fatalf("after %d bytes: %v, error %v", sent, cs, err)
			}
			t.Logf("the answer was seen after %d bytes", sent)
			refused(t, ctx, cs)
		})
	}
}

// refused reads a 413 and its body.
func refused(t *testing.T, ctx context.Context, cs hackney.ClientState) {
	t.Helper()
	cs, err := hackney.StartResponse(ctx, cs)
	body, cs := answer(t, cs, err, 413)
	if !strings.Contains(string(body), "Too Large") {
		t.Errorf("body %q", body)
	}
	if cs.ConnectionState() != hackney.Closed {
		t.Errorf("a connection with half a request on it was kept: %v", cs)
	}
}

func testEarly413Payload(t *testing.T, s *nginx) {
	data := noise(total)
	for name, payload := range map[string]hackney.Payload{
		"bytes":  hackney.Bytes(data),
		"reader": hackney.FromReader(bytes.NewReader(data), -1),
	} {
		t.Run(name, func(t *testing.T) {
			cs, err := hackney.Put(limited(t), s.http+"/narrow/x", nil, payload, nil)
			if _, cs = answer(t, cs, err, 413); cs.ConnectionState() != hackney.Closed {
				t.Errorf("a connection with half a request on it was kept: %v", cs)
			}
		})
	}
}

func testExpect413(t *testing.T, s *nginx) {
	cs, err := hackney.Put(limited(t), s.http+"/narrow/x", headers.New("Expect", "100-continue"), hackney.Bytes(noise(4096)), nil)
	if len(cs.Interim()) != 0 {
		t.Errorf("interim responses %v", cs.Interim())
	}
	answer(t, cs, err, 413)
}
