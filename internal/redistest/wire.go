package redistest

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A Wire is what lies between a client and the servers: every byte goes through it, and replies can be lost on it or
// be late. The servers behind it can freeze, all at once.
type Wire struct {
	Addr string // where clients come in, as host:port

	servers []*Server

	mu     sync.Mutex
	word   string // a reply to a request with this word is lost, as long as there are any to lose
	toLose int
	lost   int
	pass   chan struct{} // closed where replies pass
}

// Wire lays a wire to the server.
func (s *Server) Wire(t testing.TB) *Wire {
	t.Helper()
	w := newWire(t, s)
	w.Addr = w.lay(t, s).String()
	return w
}

func newWire(t testing.TB, servers ...*Server) *Wire {
	w := &Wire{servers: servers, pass: make(chan struct{})}
	close(w.pass)
	t.Cleanup(w.Release) // or those who hold a reply would never end
	return w
}

// Lose loses the replies to the next n requests that have this word, each with its connection.
func (w *Wire) Lose(word string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.word, w.toLose, w.lost = word, n, 0
}

// Lost is how many replies were lost since Lose was called.
func (w *Wire) Lost() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost
}

// Hold keeps every reply back from now on.
func (w *Wire) Hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pass = make(chan struct{})
}

// Release delivers what was held, and holds nothing any more.
func (w *Wire) Release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.pass:
	default:
		close(w.pass)
	}
}

// Freeze stops the servers, which then neither answer nor refuse, until Thaw.
func (w *Wire) Freeze(t testing.TB) {
	t.Helper()
	for _, s := range w.servers {
		s.Pause(t)
	}
}

// Thaw lets the servers go on.
func (w *Wire) Thaw(t testing.TB) {
	t.Helper()
	for _, s := range w.servers {
		s.Resume(t)
	}
}

// lay opens a port of its own that leads to the server.
func (w *Wire) lay(t testing.TB, to *Server) *net.TCPAddr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go w.connect(client, to)
		}
	}()
	return l.Addr().(*net.TCPAddr)
}

func (w *Wire) connect(client net.Conn, to *Server) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", to.Addr)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var doomed atomic.Bool
	go func() {
		carry(client, server, func(request []byte) bool {
			if w.dooms(request) {
				doomed.Store(true)
			}
			return true
		})
		_ = server.Close()
	}()
	carry(server, client, func([]byte) bool {
		<-w.passing()
		return !doomed.Load()
	})
}

// carry passes on what comes, as long as it may.
func carry(from, to net.Conn, may func([]byte) bool) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if err != nil || !may(buffer[:n]) {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (w *Wire) dooms(request []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.toLose == 0 || !strings.Contains(string(request), w.word) {
		return false
	}
	w.toLose--
	w.lost++
	return true
}

func (w *Wire) passing() chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pass
}
