package hackney

import (
	"runtime"
	"sync/atomic"
)

// Requests that went out, and answers that were read: what lies between is under way.
var requestsOut, answersIn atomic.Uint32

// processors is what GOMAXPROCS was at the start. A change of it later costs a little
// speed at most.
var processors = uint32(runtime.GOMAXPROCS(0))

const (
	uselessWays = 16 // yields in a row that let nobody through, before no more are made
	busyWays    = 64 // exchanges without a yield after that
)

// giveWay lets goroutines that are ready run between a request and the reading of its
// answer, where more exchanges are under way than processors could run at once. Mostly
// the answer is there when our turn comes again, and the read that would have found nothing, a
// system call, is saved. Where it lets no other request through, as with a slow server and
// idle processors, it is not done for a while. See decision 10.
func (h *handle) giveWay() {
	n := requestsOut.Add(1)
	if n-answersIn.Load() <= processors {
		return
	}
	if h.useless >= uselessWays {
		if h.useless++; h.useless == uselessWays+busyWays {
			h.useless = uselessWays / 2
		}
		return
	}
	runtime.Gosched()
	h.useless++
	if requestsOut.Load() != n {
		h.useless = 0
	}
}
