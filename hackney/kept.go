package hackney

import "github.com/hackney-go/hackney/hackney/pool"

// Kept says what became of a connection at the end of its exchange, and why it was
// not kept.
type Kept uint8

const (
	KeptUnknown    Kept = iota // the exchange has not ended
	KeptByClient               // it stays with the client, for the next request
	KeptInPool                 // it went back to its pool
	NotPersistent              // the request or the response said close, or the peer speaks HTTP/1.0
	NotDelimited               // the end of the connection was the end of the body
	NotClean                   // a message was not whole, or bytes were left over
	NotTaken                   // the pool was full, or the connection too old
	NotTakenClosed             // the pool was closed, or is being drained
	NotKeptOnClose             // Close closed it
)

var keptNames = [...]string{
	"", "kept by the client", "in the pool", "closed: not persistent", "closed: its end was the body's",
	"closed: not clean", "closed: the pool has no room", "closed: the pool is closed", "closed",
}

// String says it in words, "" for KeptUnknown.
func (k Kept) String() string { return name(keptNames[:], int(k)) }

// Yes says whether the connection can carry another request.
func (k Kept) Yes() bool { return k == KeptByClient || k == KeptInPool }

// Kept says what became of the connection at the end of the exchange.
func (cs ClientState) Kept() Kept { return cs.kept }

func keptOf(why pool.Reason) Kept {
	if why == pool.Closed || why == pool.Drained {
		return NotTakenClosed
	}
	return NotTaken
}
