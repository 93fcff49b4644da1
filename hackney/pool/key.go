package pool

import (
	"crypto/tls"
	"net"
	"reflect"
	"strconv"
	"strings"
	"unsafe"

	"github.com/hackney-go/hackney/transport"
)

// A Key tells apart connections that must not be mixed: two requests may share a
// connection only if their keys are equal. Each method of [Pool] that takes a Key
// sees its Host in lower case.
type Key struct {
	Transport transport.Transport // comparable, as its interface asks
	Host      string
	Port      int
	TLS       *tls.Config // the same configuration, not an equal one
	Insecure  bool
	Dial      Identity // of the function that dials; see IdentityOf
	Tap       Identity // of the function that hears the bytes
	Policy    Identity // of the function that addresses were put to
	Proxy     string   // with whatever tells its users apart; "" for none
	Answer    Identity // of the function that answers the proxy
}

// address is host:port, for errors.
func (k *Key) address() string { return net.JoinHostPort(k.Host, strconv.Itoa(k.Port)) }

// lowered is k as the pool knows it.
func (k Key) lowered() Key {
	k.Host = lower(k.Host)
	return k
}

// lower gives host in lower case, itself if it is. Only ASCII is changed, for
// other letters might turn into those of another name; and not the zone of an
// address, whose case counts.
func lower(host string) string {
	for i := 0; i < len(host) && host[i] != '%'; i++ {
		if 'A' <= host[i] && host[i] <= 'Z' {
			return lowerFrom(host, i)
		}
	}
	return host
}

func lowerFrom(host string, first int) string {
	var b strings.Builder
	b.Grow(len(host))
	b.WriteString(host[:first])
	for i := first; i < len(host); i++ {
		c := host[i]
		if c == '%' {
			b.WriteString(host[i:])
			break
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}

// An Identity stands for a function in a [Key], since functions cannot be
// compared. It keeps the function alive, so that no other can take its place.
type Identity struct{ closure unsafe.Pointer }

// IdentityOf gives the identity of f: equal for the same function value, different
// for two closures, zero for nil. A method value such as d.DialContext is a new
// closure each time it is written: keep it in a variable.
// f must be a function; of anything else the identity is zero.
func IdentityOf[F any](f F) Identity {
	if reflect.TypeFor[F]().Kind() != reflect.Func {
		return Identity{}
	}
	return Identity{*(*unsafe.Pointer)(unsafe.Pointer(&f))}
}
