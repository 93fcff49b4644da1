package selfsigned

import (
	"crypto/x509"
	"testing"
)

func TestVerify(t *testing.T) {
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"127.0.0.1", "::1", "localhost"} {
		opts := x509.VerifyOptions{DNSName: name, Roots: c.Pool()}
		if _, err := c.TLS.Leaf.Verify(opts); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	named, err := New("example.com", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "example.com", "192.0.2.1"} {
		opts := x509.VerifyOptions{DNSName: name, Roots: named.Pool()}
		if _, err := named.TLS.Leaf.Verify(opts); err != nil {
			t.Errorf("asked for: %s: %v", name, err)
		}
	}
	opts := x509.VerifyOptions{DNSName: "example.com", Roots: c.Pool()}
	if _, err := c.TLS.Leaf.Verify(opts); err == nil {
		t.Error("example.com: want an error")
	}
}

func TestPEM(t *testing.T) {
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(c.PEM()) || !pool.Equal(c.Pool()) {
		t.Error("PEM does not hold the same certificate as Pool")
	}
}
