// Package webhook hands what happened to servers of other people, as JSON, and trusts neither them nor the addresses by
// which they are named.
package webhook

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"usher/internal/outbox"
	"usher/internal/secret"
)

// ErrGone is what a receiver says that wants nothing any more: 410. It is outbox.ErrHopeless, too.
var ErrGone = fmt.Errorf("%w: it answered 410, and gets nothing any more", outbox.ErrHopeless)

// How long a receiver may take. The whole is well within what the outbox gives a task.
const (
	connectWithin = 5 * time.Second
	answerWithin  = 10 * time.Second
	idleFor       = 30 * time.Second
)

// What of an answer is read, at most: its status is all that counts.
const (
	longestHead = 16 << 10
	longestBody = 4 << 10
)

// Settings are what a Sender is told at start.
type Settings struct {
	Networks []netip.Prefix // which are not the internet, and may be reached all the same, also without TLS
	Roots    *x509.CertPool // who vouches for receivers; those of the machine where it is nil
	Resolver *net.Resolver  // the machine's where it is nil
	Within   time.Duration  // for a whole answer; answerWithin where it is zero
}

// A Sender delivers. It is safe for concurrent use.
type Sender struct {
	set    Settings
	guard  guard
	client *http.Client
	lanes  *lanes
	now    func() time.Time
}

// New makes a Sender. It goes straight to the receivers: a proxy would look names up by itself, and reach what must not
// be reached.
func New(set Settings, now func() time.Time) *Sender {
	if set.Within == 0 {
		set.Within = answerWithin
	}
	s := &Sender{set: set, guard: newGuard(set.Networks), lanes: newLanes(now), now: now}
	s.client = &http.Client{
		Transport: byScheme{s.transport(s.guard.internet), s.transport(s.guard.named)},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // it would lead wherever the receiver likes
		},
	}
	return s
}

// A Delivery is what is sent to whom.
type Delivery struct {
	ID      string // the same however often it is sent
	URL     string // which Check has found right
	Headers map[string]string
	Secrets []secret.String // which it is signed with; not at all where there is none
	Body    []byte          // JSON
}

// Send delivers, once. The receiver has it where the answer is 2xx. Errors say what went wrong without the URL and the
// headers, which may hold what opens something; one is ErrGone, or an outbox.LaterError where it was not tried because the
// receiver is busy with others.
func (s *Sender) Send(ctx context.Context, d Delivery) error {
	to, err := url.Parse(d.URL)
	if err != nil {
		return fmt.Errorf("%w: not a URL", outbox.ErrHopeless)
	}
	if s.guard.wrongHost(to) != "" { // also where that was allowed when it was set
		return errNotAllowed
	}
	leave, err := s.lanes.enter(strings.ToLower(to.Host))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.set.Within)
	defer cancel()
	err = s.post(ctx, d)
	leave(ctx.Err() != nil)
	return err
}

func (s *Sender) post(ctx context.Context, d Delivery) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return fmt.Errorf("%w: not a URL", outbox.ErrHopeless)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Usher-Webhook")
	for name, value := range d.Headers {
		r.Header.Set(name, value)
	}
	at := strconv.FormatInt(s.now().Unix(), 10)
	r.Header.Set("Webhook-Id", d.ID)
	r.Header.Set("Webhook-Timestamp", at)
	if len(d.Secrets) > 0 {
		signed, err := sign(d.ID, at, d.Body, d.Secrets)
		if err != nil {
			return err
		}
		r.Header.Set("Webhook-Signature", signed)
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return plain(err)
	}
	_, _ = io.CopyN(io.Discard, answer.Body, longestBody) // a short one leaves the connection to the next
	_ = answer.Body.Close()
	switch {
	case answer.StatusCode == http.StatusGone:
		return ErrGone
	case answer.StatusCode/100 != 2:
		return fmt.Errorf("webhook: it answered %d", answer.StatusCode)
	}
	return nil
}

// plain is what went wrong on the way, in words that are for the owner of a room.
func plain(err error) error {
	_, certificate := errors.AsType[*tlsError](err)
	_, name := errors.AsType[*net.DNSError](err)
	timeout, ok := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, errNotAllowed):
		return errNotAllowed
	case certificate:
		return errors.New("webhook: its certificate is not valid")
	case errors.Is(err, context.DeadlineExceeded), ok && timeout.Timeout():
		return errors.New("webhook: it did not answer in time")
	case name:
		return errors.New("webhook: its name is not known")
	}
	return errors.New("webhook: it can't be reached")
}

// transport has the limits of both. It dials only where allowed says so of the address that a name has led to.
func (s *Sender) transport(allowed control) *http.Transport {
	dialer := &net.Dialer{Timeout: connectWithin, Resolver: s.set.Resolver, Control: allowed}
	return &http.Transport{
		Proxy: nil, DialContext: dialer.DialContext, TLSClientConfig: s.tls(),
		TLSHandshakeTimeout: connectWithin, ResponseHeaderTimeout: s.set.Within, IdleConnTimeout: idleFor,
		MaxIdleConns: 100, MaxIdleConnsPerHost: 4, MaxResponseHeaderBytes: longestHead,
		DisableCompression: true, ForceAttemptHTTP2: true,
	}
}

// byScheme goes by TLS to the internet, and without it only to the networks that are named.
type byScheme struct{ secure, open http.RoundTripper }

// RoundTrip sends one request.
func (b byScheme) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return b.secure.RoundTrip(r)
	}
	return b.open.RoundTrip(r)
}
