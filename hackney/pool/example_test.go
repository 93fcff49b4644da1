package pool_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/transport"
)

func ExamplePool() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	ctx := context.Background()
	key := pool.Key{Transport: transport.TCP, Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}

	p := pool.New(pool.Opts{Name: "jobs", MaxPerHost: 4})
	defer p.Close()
	for range 2 {
		c, err := p.Checkout(ctx, key, time.Second)
		if err != nil {
			fmt.Println(err)
			return
		}
		if c.Socket() == nil {
			socket, err := key.Transport.Dial(ctx, key.Host, key.Port, nil)
			if err != nil {
				c.Discard()
				fmt.Println(err)
				return
			}
			c.Opened(socket)
		}
		fmt.Println("reused:", c.Reused())
		if kept, _ := c.Return(); !kept {
			c.Socket().Close()
		}
	}
	// Output:
	// reused: false
	// reused: true
}

func ExamplePool_Stats() {
	key := pool.Key{Transport: transport.TCP, Host: "example.com", Port: 80}
	p := pool.New(pool.Opts{MaxPerHost: 1})
	defer p.Close()

	near, far := net.Pipe()
	defer far.Close()
	p.Checkin(key, near)
	c, _ := p.Checkout(context.Background(), key, 0)
	_, err := p.Checkout(context.Background(), key, time.Millisecond)

	s := p.Stats()
	fmt.Println("in use:", s.InUse, "idle:", s.Idle, "reused:", s.Reused, "timed out:", s.TimedOut)
	fmt.Println(err.(*pool.Error).Reason)
	c.Return()
	for _, h := range p.Stats().Hosts {
		fmt.Println(h.Key.Host, "in use:", h.InUse, "idle:", h.Idle)
	}
	// Output:
	// in use: 1 idle: 0 reused: 1 timed out: 1
	// no connection came free in time
	// example.com in use: 0 idle: 1
}
