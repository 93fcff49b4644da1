package hackney

import (
	"runtime"
	"testing"
)

// crowd makes n more exchanges be under way until the test ends.
func crowd(t *testing.T, n uint32) {
	requestsOut.Add(n)
	t.Cleanup(func() { answersIn.Add(n) })
}

// gaveWay makes one exchange on h and says whether it went by the crowd: whether the
// count of yields that were of no use moved.
func gaveWay(h *handle) (moved bool) {
	before := h.useless
	h.giveWay()
	answersIn.Add(1)
	return h.useless != before
}

func TestNoWayIsGivenWithProcessorsToSpare(t *testing.T) {
	h := &handle{}
	crowd(t, processors-1)
	for range 2 * (uselessWays + busyWays) {
		if gaveWay(h) {
			t.Fatal("yielded though every exchange can have a processor")
		}
	}
}

// A yield that lets nobody through is tried a few times, and then rarely.
func TestUselessYieldsEnd(t *testing.T) {
	h := &handle{}
	crowd(t, processors)
	for i := range uselessWays {
		if !gaveWay(h) {
			t.Fatalf("exchange %d did not give way", i)
		}
	}
	for range busyWays {
		if h.useless < uselessWays {
			t.Fatal("yielded again too early")
		}
		gaveWay(h)
	}
	if h.useless != uselessWays/2 {
		t.Fatalf("after %d exchanges without a yield %d are counted as useless, want another try", busyWays, h.useless)
	}
}

// A yield that let another request out is of use, and the next ones are made.
func TestUsefulYieldsGoOn(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	h := &handle{useless: uselessWays - 1}
	crowd(t, processors)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for ; ; runtime.Gosched() {
			select {
			case <-stop:
				return
			default:
				requestsOut.Add(1)
				answersIn.Add(1)
			}
		}
	}()
	for range 4 { // the other one may not have been started before the first
		h.useless = uselessWays - 1
		gaveWay(h)
	}
	if h.useless != 0 {
		t.Errorf("%d yields are counted as useless behind one that let a request out", h.useless)
	}
	close(stop)
	<-stopped
}
