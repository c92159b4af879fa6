// Package webhooktest is a server of somebody else for tests, which keeps what it is told and answers as it likes.
package webhooktest

import (
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"usher/internal/webhook"
)

// Hangs is the status of an answer that never comes.
const Hangs = 0

// A Receiver is such a server.
type Receiver struct {
	URL     string
	Sending webhook.Settings // of who may deliver to it

	answer func(n int) int
	mu     sync.Mutex
	visits []string // the ids of all deliveries
	taken  map[string]bool
	events []webhook.Event
	header http.Header
	body   []byte
}

// Start starts one with TLS. answer is the status of the delivery of a number, from 1 on; it takes all where that is nil.
func Start(t testing.TB, answer func(n int) int) *Receiver {
	t.Helper()
	return begin(t, answer, httptest.NewTLSServer)
}

// StartPlain starts one without TLS.
func StartPlain(t testing.TB, answer func(n int) int) *Receiver {
	t.Helper()
	return begin(t, answer, httptest.NewServer)
}

func begin(t testing.TB, answer func(n int) int, start func(http.Handler) *httptest.Server) *Receiver {
	t.Helper()
	r := &Receiver{answer: answer, taken: map[string]bool{}}
	server := start(http.HandlerFunc(r.serve))
	t.Cleanup(server.Close)
	r.URL = server.URL + "/usher"
	r.Sending = webhook.Settings{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Within: 5 * time.Second}
	if cert := server.Certificate(); cert != nil {
		r.Sending.Roots = x509.NewCertPool()
		r.Sending.Roots.AddCert(cert)
	}
	return r
}

func (r *Receiver) serve(w http.ResponseWriter, req *http.Request) {
	status := r.note(req)
	if status == Hangs {
		<-req.Context().Done()
		return
	}
	w.WriteHeader(status)
}

func (r *Receiver) note(req *http.Request) (status int) {
	body, _ := io.ReadAll(req.Body) // what is cut off is no JSON
	r.mu.Lock()
	defer r.mu.Unlock()
	id := req.Header.Get("Webhook-Id")
	r.visits, r.header, r.body = append(r.visits, id), req.Header, body
	if status = http.StatusOK; r.answer != nil {
		status = r.answer(len(r.visits))
	}
	var e webhook.Event
	if status != http.StatusOK || r.taken[id] || json.Unmarshal(body, &e) != nil {
		return status
	}
	r.taken[id], r.events = true, append(r.events, e)
	return status
}

// Events are what it has taken, each once: on a busy machine an answer can come too late for who waits for it.
func (r *Receiver) Events() []webhook.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Visits are the ids of all deliveries, also of those that it has not taken.
func (r *Receiver) Visits() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.visits)
}

// Last is the last delivery.
func (r *Receiver) Last() (http.Header, []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.header, r.body
}
