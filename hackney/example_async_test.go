package hackney_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/hackney-go/hackney/hackney"
)

// inPieces answers with a body of three chunks.
func inPieces(*http.Request) string {
	return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"
}

func ExampleAsyncResponse_Next() {
	dial, stop := everywhere(inPieces)
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, "http://news.example/", nil, nil, &hackney.Opts{Async: true, DialContext: dial})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cs.ResponseState())
	r := cs.Async()
	for {
		e, err := r.Next(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.Kind, e.Status, e.Reason, string(e.Chunk), e.Ref == r.Ref())
		if e.Kind == hackney.EventDone {
			break
		}
	}

	// The client goes on with the state behind the response.
	cs = r.State()
	fmt.Println(cs.ResponseState(), cs.Status())
	hackney.Close(cs)
	// Output:
	// async
	// status 200 OK  true
	// headers 0   true
	// chunk 0  one  true
	// chunk 0  two  true
	// chunk 0  three true
	// done 0   true
	// done 200
}

func ExampleAsyncResponse_Events() {
	dial, stop := everywhere(inPieces)
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, "http://news.example/", nil, nil, &hackney.Opts{Async: true, DialContext: dial})
	if err != nil {
		log.Fatal(err)
	}
	r := cs.Async()
	for e, err := range r.Events() {
		if err != nil {
			log.Fatal(err) // the response ended early
		}
		if e.Kind == hackney.EventHeaders {
			fmt.Println(e.Headers.Get("Transfer-Encoding"))
			break // to go on later
		}
	}
	for e := range r.Events() {
		fmt.Printf("%v %q\n", e.Kind, e.Chunk)
	}
	hackney.Close(r.State())
	// Output:
	// chunked
	// chunk "one "
	// chunk "two "
	// chunk "three"
	// done ""
}

func ExampleAsyncResponse_C() {
	dial, stop := everywhere(inPieces)
	defer stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	cs, err := hackney.Get(ctx, "http://news.example/", nil, nil, &hackney.Opts{Async: true, DialContext: dial})
	if err != nil {
		log.Fatal(err)
	}
	r := cs.Async()
	interrupted := make(chan struct{}) // another event of the program
	var pieces [][]byte                // each is ours to keep
	for events := r.C(); events != nil; {
		select {
		case e, more := <-events:
			switch {
			case !more:
				events = nil
			case e.Kind == hackney.EventChunk:
				pieces = append(pieces, e.Chunk)
			case e.Kind == hackney.EventError:
				log.Fatal(e.Err)
			}
		case <-interrupted:
			r.Stop()
		}
	}
	fmt.Printf("%q\n", pieces)
	hackney.Close(r.State())
	// Output:
	// ["one " "two " "three"]
}

func ExampleAsyncResponse_Pause() {
	dial, stop := everywhere(inPieces)
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, "http://news.example/", nil, nil, &hackney.Opts{Async: true, DialContext: dial})
	if err != nil {
		log.Fatal(err)
	}
	r := cs.Async()
	e, _ := r.Next(ctx)
	fmt.Println(e.Kind)

	r.Pause() // nothing is read, and no event given, until Resume
	soon, cancel := context.WithCancel(ctx)
	cancel()
	_, err = r.Next(soon)
	fmt.Println(err)

	r.Resume()
	for e := range r.Events() {
		fmt.Println(e.Kind)
	}
	hackney.Close(r.State())
	// Output:
	// status
	// context canceled
	// headers
	// chunk
	// chunk
	// chunk
	// done
}

func ExampleFindStream() {
	dial, stop := everywhere(inPieces)
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, "http://news.example/", nil, nil, &hackney.Opts{Async: true, DialContext: dial})
	if err != nil {
		log.Fatal(err)
	}
	ref := cs.Async().Ref()

	// Somewhere else, where only the number is known:
	r, found := hackney.FindStream(ref)
	fmt.Println(found)
	r.Stop()
	<-r.Done() // which is how to watch it, too
	_, err = r.Next(ctx)
	fmt.Println(err)

	_, found = hackney.FindStream(ref)
	fmt.Println(found)
	hackney.Close(r.State())
	// Output:
	// true
	// the response was stopped
	// false
}
