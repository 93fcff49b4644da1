package hackney

// turn is a value of a handle's word:
//
//	| closed | claimed | op (6 bits) | turn (28 bits) | lease (28 bits) |
//
// op is the operation that holds the claim, or that made the turn. A state keeps
// the word of the turn it was made in; that is all there is to see whether it is
// the present one. Lease and turn stand in one word, so that one swap decides
// both: a Close that comes late cannot hit the next borrower of a connection.
type turn uint64

const (
	closedBit  turn = 1 << 63
	claimedBit turn = 1 << 62

	opShift    = 56
	countShift = 28
	countMask  = 1<<28 - 1
	leaseMask  = 1<<28 - 1
)

func packTurn(op Op, count, lease uint64) turn {
	return turn(op)<<opShift | turn(count&countMask)<<countShift | turn(lease&leaseMask)
}

func (t turn) op() Op        { return Op(t >> opShift & 63) }
func (t turn) count() uint64 { return uint64(t>>countShift) & countMask }
func (t turn) lease() uint64 { return uint64(t) & leaseMask }

// claimedBy is the word while op holds the turn t.
func (t turn) claimedBy(op Op) turn { return packTurn(op, t.count(), t.lease()) | claimedBit }

// next is the turn that op makes out of t.
func (t turn) next(op Op) turn { return packTurn(op, t.count()+1, t.lease()) }

// nextLease is the first turn of the lease behind that of t, which op has ended.
func (t turn) nextLease(op Op) turn { return packTurn(op, 0, t.lease()+1) }

// opUnknown has used a state whose handle has since gone on to somebody else.
const opUnknown Op = 63

// usedBy is the operation that has used a state of the turn t, where the word that is
// there now still tells: in the same lease, or right behind it.
func (t turn) usedBy(now turn) Op {
	if now.lease() == t.lease() || now == t.nextLease(now.op()) {
		return now.op()
	}
	return opUnknown
}

// claim takes the turn of cs for op: nil, or a *StateError with ErrStale or
// ErrClosed, and then nothing happened.
func (h *handle) claim(t turn, op Op, in ResponseState) error {
	if h.word.CompareAndSwap(uint64(t), uint64(t.claimedBy(op))) {
		return nil
	}
	now := turn(h.word.Load())
	e := &StateError{Op: op, State: in, UsedBy: t.usedBy(now), Err: ErrStale}
	if now&closedBit != 0 && now.count() == t.count() && now.lease() == t.lease() {
		e.Err = ErrClosed
	}
	return e
}

// commit ends the claim of op on t and gives the next turn. alive is false when
// the connection was closed meanwhile: then the claimer has to clear the handle.
func (h *handle) commit(t turn, op Op) (next turn, alive bool) {
	next = t.next(op)
	return next, h.word.CompareAndSwap(uint64(t.claimedBy(op)), uint64(next))
}

// shutDown says whether Close came.
func (h *handle) shutDown() bool { return turn(h.word.Load())&closedBit != 0 }

// giveBack ends the claim of op and makes t the present turn again.
func (h *handle) giveBack(t turn, op Op) (alive bool) {
	return h.word.CompareAndSwap(uint64(t.claimedBy(op)), uint64(t))
}

// shut sets closed for whoever still has the lease of t. first says that it was
// not closed before; idle, that no operation holds the claim.
func (h *handle) shut(t turn) (first, idle bool) {
	for {
		now := turn(h.word.Load())
		if now.lease() != t.lease() || now&closedBit != 0 {
			return false, false
		}
		if h.word.CompareAndSwap(uint64(now), uint64(now|closedBit)) {
			return true, now&claimedBit == 0
		}
	}
}
