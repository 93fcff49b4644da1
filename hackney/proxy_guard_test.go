package hackney_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// TestPolicyBehindSOCKSNames holds that a SOCKS proxy is not asked for a name that it may take for an address,
// where there is a policy: nobody here would see that address.
func TestPolicyBehindSOCKSNames(t *testing.T) {
	allow := func(netip.AddrPort) error { return nil }
	for _, host := range []string{"10.1", "0x7f000001", "127.1", "2130706433"} {
		srv := wiretest.New(t)
		o := &hackney.Opts{Proxy: hackney.ProxyURL("socks5h://" + srv.Addr()), AddressPolicy: allow}
		cs, err := hackney.Get(wCtx(t), "http://"+host+"/", nil, nil, o)
		hackney.Close(cs)
		var refused *hackney.AddressError
		if !errors.As(err, &refused) || srv.Conns() != 0 {
			t.Errorf("%s: %v, %d connections", host, err, srv.Conns())
		}
	}
}
