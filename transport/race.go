package transport

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// stagger is the Connection Attempt Delay of RFC 8305, section 5: the head
// start of an address over the next one.
const stagger = 250 * time.Millisecond

// interleave orders addresses as RFC 8305, section 4, asks: the resolver's
// order within a family, the families in turn, IPv6 first.
func interleave(ips []net.IPAddr, port uint16) []string {
	var six, four []string
	for _, ip := range ips {
		a, ok := netip.AddrFromSlice(ip.IP)
		if !ok {
			continue
		}
		a = a.Unmap() // some resolvers give IPv4 addresses in their IPv6 form
		text := netip.AddrPortFrom(a.WithZone(ip.Zone), port).String()
		if a.Is4() {
			four = append(four, text)
		} else {
			six = append(six, text)
		}
	}
	addrs := make([]string, 0, len(six)+len(four))
	for i := range max(len(six), len(four)) {
		if i < len(six) {
			addrs = append(addrs, six[i])
		}
		if i < len(four) {
			addrs = append(addrs, four[i])
		}
	}
	return addrs
}

// A racer runs the attempts on the addresses of one name.
type racer struct {
	ctx context.Context
	dialer
	addrs   []string
	started int          // how many of addrs are or were being tried
	pending int          // how many of those have not reported
	results chan attempt // has room for all, so that no attempt waits to report
}

// An attempt is the outcome of dialing one address.
type attempt struct {
	index int
	conn  net.Conn
	err   error
}

// race dials addrs, staggered, and returns the first connection, or else the
// error of every address that was tried, in the order of addrs. All attempts
// have ended when it returns.
func (d *dialer) race(ctx context.Context, addrs []string) (net.Conn, []error) {
	ctx, cancel := context.WithCancel(ctx)
	r := &racer{ctx: ctx, dialer: *d, addrs: addrs, results: make(chan attempt, len(addrs))}
	defer r.finish()
	defer cancel() // runs first

	timer := time.NewTimer(stagger)
	defer timer.Stop()
	errs := make([]error, len(addrs))
	r.startNext()
	for r.pending > 0 {
		select {
		case <-timer.C:
		case a := <-r.results:
			r.pending--
			if a.err == nil {
				return a.conn, nil
			}
			errs[a.index] = a.err
		}
		if r.startNext() {
			timer.Reset(stagger)
		}
	}
	return nil, errs[:r.started]
}

// startNext tries the next address, if there is one and there is time.
func (r *racer) startNext() bool {
	if r.started == len(r.addrs) || r.ctx.Err() != nil {
		return false
	}
	i := r.started
	r.started++
	r.pending++
	if err := permitText(r.allow, r.addrs[i]); err != nil { // on the caller's goroutine, so that its panics are the caller's
		r.results <- attempt{i, nil, err}
		return true
	}
	go func() {
		conn, err := r.try(r.ctx, r.addrs[i])
		r.results <- attempt{i, conn, err}
	}()
	return true
}

// finish waits for the attempts that are still under way, which were cancelled,
// and closes what they may have opened.
func (r *racer) finish() {
	for ; r.pending > 0; r.pending-- {
		if a := <-r.results; a.conn != nil {
			a.conn.Close()
		}
	}
}
