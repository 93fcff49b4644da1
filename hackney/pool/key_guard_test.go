package pool

import "testing"

// TestLowerKeepsZones holds that names are compared without their case, and zones of addresses with it.
func TestLowerKeepsZones(t *testing.T) {
	for in, want := range map[string]string{
		"Example.TEST": "example.test", "fe80::1%Eth0": "fe80::1%Eth0", "FE80::A%Eth0": "fe80::a%Eth0", "plain": "plain", "": "", "Ä.TEST": "Ä.test",
	} {
		if got := lower(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
