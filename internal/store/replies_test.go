package store_test

import (
	"io"
	"net"
	"reflect"
	"sync/atomic"
	"testing"

	"usher/internal/redistest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// A losing proxy stands before a Redis and, when it is armed, drops the next reply together with its connection.
type losing struct {
	net.Listener
	server string
	armed  atomic.Bool
	lost   atomic.Int64
}

func newLosing(t *testing.T, server string) *losing {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &losing{Listener: l, server: server}
	t.Cleanup(func() { _ = l.Close() })
	go p.serve()
	return p
}

func (p *losing) serve() {
	for {
		client, err := p.Accept()
		if err != nil {
			return
		}
		go p.pass(client)
	}
}

func (p *losing) pass(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() { _, _ = io.Copy(server, client) }()
	buffer := make([]byte, 1<<16)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		if p.armed.CompareAndSwap(true, false) {
			p.lost.Add(1)
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// TestLostReplySpendsOnce: the driver sends the script again, and it finds its own stamp.
func TestLostReplySpendsOnce(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	proxy := newLosing(t, server.Addr)
	s := storetest.Open(t, store.RedisSettings{URL: proxy.Addr().String()})
	seat := store.Key{Partition: "r:1", Kind: "seat", ID: "1"}
	set(t, s, link, store.Record{"left": "1"})
	proxy.armed.Store(true)
	r, err := s.Apply(t.Context(), store.Tx{
		Op: "redeem",
		If: []store.Cond{store.Above(link, "left", 0), store.Absent(seat)},
		Do: []store.Write{store.Add(link, "left", -1), store.Set(seat, store.Record{"gen": "1"})},
	})
	if err != nil || r.Refused != 0 || proxy.lost.Load() != 1 {
		t.Fatalf("%+v, %v, after %d lost replies", r, err, proxy.lost.Load())
	}
	records, err := s.Get(t.Context(), link, seat)
	if want := []store.Record{{"left": "0", "op": "redeem"}, {"gen": "1", "op": "redeem"}}; err != nil || !reflect.DeepEqual(records, want) {
		t.Fatalf("%q, %v, want %q", records, err, want)
	}
}
