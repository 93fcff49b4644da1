//go:build unix && !aix

package transport

import (
	"crypto/tls"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// CVE-2026-32283, CVE-2026-56862 (Go): a server that changes its keys for ever, one
// message a record or many of them in one, while the client waits for data. What ends it
// is the standard library.
func TestC50_KeyUpdatesWithoutEnd(t *testing.T) {
	for _, update := range []string{keyUpdate, keyUpdateRequested} {
		for _, perRecord := range []int{1, 40} {
			c := newPlace(t, tls.VersionTLS13).open(t)
			s := c.sealer(t)
			for range 200 {
				s.send(handshakeRecord, strings.Repeat(update, perRecord))
				s.use(t, expand(t, s.secret, "traffic upd", 32))
			}
			c.client.SetReadDeadline(time.Now().Add(10 * time.Second))
			if n, err := c.client.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%d at once: %d, %v", perRecord, n, err)
			}
		}
	}
}
