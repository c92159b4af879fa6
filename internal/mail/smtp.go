package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"usher/internal/loopback"
	"usher/internal/outbox"
	"usher/internal/secret"
)

// What is wrong with an address of a server.
var errServer = errors.New("not an address like smtp://host:587 or smtps://host, with ?tls=none where it is to be without")

// patience is how long a server may take.
const patience = 20 * time.Second

// A Server is an SMTP server that takes mails from us.
type Server struct {
	host           string
	port           int
	user, password string
	implicit       bool // TLS from the first byte
	plain          bool // without TLS
	trust          *tls.Config
}

// ParseServer reads the address of a server: smtps, or smtp, which means STARTTLS and nothing without it, except on the
// machine itself, or where the address says ?tls=none. The error does not repeat the address.
func ParseServer(address secret.String) (Server, error) {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || strings.Trim(u.Path, "/") != "" {
		return Server{}, errServer
	}
	s := Server{host: u.Hostname(), user: u.User.Username(), implicit: u.Scheme == "smtps", port: 587}
	s.password, _ = u.User.Password()
	if s.implicit {
		s.port = 465
	}
	if u.Port() != "" {
		s.port, err = strconv.Atoi(u.Port())
	}
	s.plain = !s.implicit && (u.RawQuery == "tls=none" || loopback.Host(s.host))
	if err != nil || s.port < 1 || s.port > 65535 || u.RawQuery != "" && !s.plain {
		return Server{}, errServer
	}
	return s, nil
}

// client is made anew for each mail: they are few, and a connection that was kept is one that may be gone.
func (s Server) client() (*gomail.Client, error) {
	options := []gomail.Option{gomail.WithPort(s.port), gomail.WithTimeout(patience)}
	switch {
	case s.implicit:
		options = append(options, gomail.WithSSL())
	case s.plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.trust != nil {
		options = append(options, gomail.WithTLSConfig(s.trust))
	}
	if s.user != "" {
		kind := gomail.SMTPAuthAutoDiscover
		if s.plain {
			kind = gomail.SMTPAuthPlainNoEnc
		}
		options = append(options, gomail.WithSMTPAuth(kind), gomail.WithUsername(s.user), gomail.WithPassword(s.password))
	}
	return gomail.NewClient(s.host, options...)
}

// A Post is the Sender that hands mails to an SMTP server.
type Post struct {
	server    Server
	from      *mail.Address
	templates *Templates
}

// NewPost sends by a server, from an address, "Usher <usher@example.com>" say.
func NewPost(s Server, from string, t *Templates) (*Post, error) {
	sender, err := mail.ParseAddress(from)
	if err != nil {
		return nil, errors.New("not an e-mail address")
	}
	return &Post{s, sender, t}, nil
}

// Send writes a mail and hands it over. What the server refuses for good is hopeless; that it can't be reached, knows
// us not, or wants to be asked later, is not.
func (p *Post) Send(ctx context.Context, m Message) error {
	msg, err := p.compose(m)
	if err != nil {
		return fmt.Errorf("mail: %w: %w", outbox.ErrHopeless, err)
	}
	client, err := p.server.client()
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	line, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("mail: the server can't be reached: %w", err)
	}
	err = client.SendWithSMTPClient(line, msg)
	_ = client.CloseWithSMTPClient(line) // the mail is the server's by now, or it isn't
	if msg.IsDelivered() {
		return nil // whatever went wrong behind it
	}
	return refusal(err)
}

// compose writes a mail. Its subject is one line, and its addresses are addresses: nothing can add a header.
func (p *Post) compose(m Message) (*gomail.Msg, error) {
	w, err := p.templates.write(m)
	if err != nil {
		return nil, err
	}
	to, err := mail.ParseAddress(m.To)
	if err != nil || to.Address != m.To {
		return nil, errors.New("not an e-mail address")
	}
	_, domain, _ := strings.Cut(p.from.Address, "@")
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(p.from)
	msg.ToMailAddress(to)
	msg.Subject(w.subject)
	msg.SetMessageIDWithValue(m.ID + "@" + domain)
	msg.SetDateWithValue(m.Now)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday notice answers it
	msg.SetBodyString(gomail.TypeTextPlain, w.text)
	msg.AddAlternativeString(gomail.TypeTextHTML, w.html)
	return msg, nil
}

// refusal is what a server has against a mail, without the address, which its own words may hold.
func refusal(err error) error {
	wrong, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return errors.New("mail: the server did not take it")
	}
	err = fmt.Errorf("mail: the server did not take it: %v, %d", wrong.Reason, wrong.ErrorCode())
	about := wrong.Reason == gomail.ErrSMTPRcptTo || wrong.Reason == gomail.ErrSMTPData || wrong.Reason == gomail.ErrSMTPDataClose
	if about && wrong.ErrorCode()/100 == 5 {
		return fmt.Errorf("%w: %w", outbox.ErrHopeless, err)
	}
	return err
}
