package hackney

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// A response that has ended leaves nothing to the collector: what it would close belongs to
// the bubble of a test, and the runtime ends the program of who closes that from outside.
func TestEndedResponseLeavesNothingToTheCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := mServed(Opts{Async: true}, func(p *mPeer) {
			p.await(mHeadEnd)
			p.say("HTTP/1.1 204 No Content\r\n\r\n")
			time.Sleep(time.Second)
		})
		cs, err := Get(context.Background(), "http://test/", nil, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		r := cs.Async()
		for range r.Events() {
		}
		<-r.Done()
		Close(r.State())
		outlast()
	})
	for range 3 {
		runtime.GC()
		runtime.Gosched()
	}
}
