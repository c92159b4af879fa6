// Package mailtest is a real SMTP server for tests, which keeps what it is sent and refuses what it is told to.
package mailtest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// soon is how long a test waits for a mail that may be tried a second time, on a machine that is busy.
const soon = 90 * time.Second

// A Letter is a mail as it was received.
type Letter struct {
	From, To   string // of the envelope
	Header     mail.Header
	Subject    string
	Text, HTML string
	Raw        string
}

var link = regexp.MustCompile(`https?://\S+`)

// Link is the first address in the text.
func (l Letter) Link() string { return link.FindString(l.Text) }

// Token is what the link brings behind #token=.
func (l Letter) Token() string {
	_, token, _ := strings.Cut(l.Link(), "#token=")
	return token
}

// A Server listens on a port of its own of this machine.
type Server struct {
	t       testing.TB
	at      string
	tls     *tls.Config
	implied bool

	stopped atomic.Bool

	mu       sync.Mutex
	letters  []Letter
	taken    int // letters that a test has seen
	attempts int
	refusal  *smtp.SMTPError // of whatever is received
	user     string
	password string
	arrived  chan struct{}
}

// Start starts a server that takes everything.
func Start(t testing.TB) *Server { return start(t, nil, false) }

// StartTLS starts one that knows STARTTLS or, where that is implied, begins with TLS.
func StartTLS(t testing.TB, c *tls.Config, implied bool) *Server { return start(t, c, implied) }

func start(t testing.TB, c *tls.Config, implied bool) *Server {
	t.Helper()
	s := &Server{t: t, tls: c, implied: implied, arrived: make(chan struct{}, 1)}
	s.listen()
	return s
}

// listen is the one listener that a server has for its life, so that its port is nobody else's while it is stopped.
func (s *Server) listen() {
	s.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(s.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.at = listener.Addr().String()
	listener = gate{listener, &s.stopped}
	if s.implied {
		listener = tls.NewListener(listener, s.tls)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{Server: s}, nil }))
	server.Domain, server.AllowInsecureAuth, server.TLSConfig = "localhost", true, s.tls
	server.ErrorLog = log.New(io.Discard, "", 0)
	server.EnableSMTPUTF8 = true
	go func() { _ = server.Serve(listener) }() // until it is closed
	s.t.Cleanup(func() { _ = server.Close() }) // of a listener that nobody needs any more
}

// A gate hangs up on everybody while it is closed.
type gate struct {
	net.Listener
	closed *atomic.Bool
}

func (g gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil || !g.closed.Load() {
			return c, err
		}
		_ = c.Close() // whoever called meets nobody
	}
}

// Stop hangs up on whoever calls from now on.
func (s *Server) Stop() { s.stopped.Store(true) }

// Again takes mails again.
func (s *Server) Again() { s.stopped.Store(false) }

// Address is host:port.
func (s *Server) Address() string { return s.at }

// URL is where the server is found, by whom it wants to know.
func (s *Server) URL() string {
	u := url.URL{Scheme: "smtp", Host: s.at}
	if s.implied {
		u.Scheme = "smtps"
	}
	if s.user != "" {
		u.User = url.UserPassword(s.user, s.password)
	}
	return u.String()
}

// Demand makes the server take mails from this user only. It comes before the first mail.
func (s *Server) Demand(user, password string) { s.user, s.password = user, password }

// Refuse makes the server refuse every mail with this code; 0 makes it take them again.
func (s *Server) Refuse(code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal = nil
	if code != 0 {
		s.refusal = &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCodeNotSet, Message: "not today, ann@example.com"}
	}
}

// Attempts is how often a recipient was named.
func (s *Server) Attempts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts
}

// Letters are all that were received so far.
func (s *Server) Letters() []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Letter(nil), s.letters...)
}

// Next is the first letter that Next has not returned yet. It waits for it.
func (s *Server) Next() Letter {
	s.t.Helper()
	late := time.After(soon)
	for {
		s.mu.Lock()
		if s.taken < len(s.letters) {
			s.taken++
			defer s.mu.Unlock()
			return s.letters[s.taken-1]
		}
		s.mu.Unlock()
		select {
		case <-s.arrived:
		case <-late:
			s.t.Fatal("no mail came")
		}
	}
}

// A session receives the mails of one connection.
type session struct {
	*Server
	letter Letter
	known  bool
}

func (s *session) Reset()        { s.letter = Letter{} }
func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string {
	if s.user == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.known = user == s.user && password == s.password; !s.known {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.user != "" && !s.known {
		return smtp.ErrAuthRequired
	}
	s.letter.From = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts++
	if s.refusal != nil {
		return s.refusal
	}
	s.letter.To = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	l := s.letter
	if err := l.read(raw); err != nil {
		return err
	}
	s.mu.Lock()
	s.letters = append(s.letters, l)
	s.mu.Unlock()
	select {
	case s.arrived <- struct{}{}:
	default:
	}
	return nil
}

// read takes a mail of two alternatives apart.
func (l *Letter) read(raw []byte) error {
	l.Raw = string(raw)
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	l.Header = m.Header
	if l.Subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return err
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			return err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			l.HTML = string(text)
		} else {
			l.Text = string(text)
		}
	}
}
