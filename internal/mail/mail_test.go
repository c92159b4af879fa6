package mail

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/mailtest"
	"usher/internal/outbox"
	"usher/internal/secret"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func message(kind Kind) Message {
	return Message{
		ID: "60cb1fd41f46ac12ff0eec79", Kind: kind, To: "ann@example.com", Name: "Ann <b>& Co", Expiry: 30 * time.Minute, Now: noon,
		Link: secret.New("https://usher.example.com/reset-password#token=abc_-"),
	}
}

func post(t *testing.T, address, directory string) *Post {
	t.Helper()
	server, err := ParseServer(secret.New(address))
	require.NoError(t, err)
	templates, err := NewTemplates("https://usher.example.com", directory)
	require.NoError(t, err)
	p, err := NewPost(server, "The door <door@example.com>", templates)
	require.NoError(t, err)
	return p
}

func TestEachKindOfMailIsDelivered(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t)
	p := post(t, server.URL(), "")
	for kind, links := range kinds {
		m := message(kind)
		require.NoError(t, p.Send(t.Context(), m))
		got := server.Next()
		require.Equal(t, "door@example.com", got.From)
		require.Equal(t, "ann@example.com", got.To)
		require.Contains(t, got.Header.Get("From"), `"The door" <door@example.com>`)
		require.Equal(t, "<ann@example.com>", got.Header.Get("To"))
		require.Equal(t, "<60cb1fd41f46ac12ff0eec79@example.com>", got.Header.Get("Message-ID"))
		require.Equal(t, "auto-generated", got.Header.Get("Auto-Submitted"))
		date, err := got.Header.Date()
		require.NoError(t, err)
		require.True(t, date.Equal(noon))
		require.Contains(t, got.Subject, "usher.example.com")
		require.Contains(t, got.Text, "Hello Ann <b>& Co,")
		require.Contains(t, got.HTML, "Hello Ann &lt;b&gt;&amp; Co,")
		require.Contains(t, got.HTML, "Sent to ann@example.com by usher.example.com.")
		require.NotContains(t, got.Text+got.HTML+got.Subject, "{{")
		if links {
			require.Equal(t, m.Link.Reveal(), got.Link())
			require.Equal(t, "abc_-", got.Token())
			require.Contains(t, got.HTML, `href="`+m.Link.Reveal()+`"`)
			require.Contains(t, got.Text, "30 minutes")
		}
	}
}

func TestTheSameMailTwiceIsRecognisable(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t)
	p := post(t, server.URL(), "")
	require.NoError(t, p.Send(t.Context(), message(Verify)))
	require.NoError(t, p.Send(t.Context(), message(Verify)))
	first, again := server.Next(), server.Next()
	require.Equal(t, first.Header.Get("Message-ID"), again.Header.Get("Message-ID"))
	require.Equal(t, first.Text, again.Text)
}

func TestTemplatesAreReplaced(t *testing.T) {
	t.Parallel()
	server, dir := mailtest.Start(t), t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("reset.txt", "Neues Passwort für {{.Name}}\n\nHier: {{.Link}}\n")
	write("frame.html", `{{define "head"}}<h1>Schule</h1>{{end}}{{define "link"}}{{.Link}}{{end}}{{define "foot"}}{{end}}`)
	require.NoError(t, post(t, server.URL(), dir).Send(t.Context(), message(Reset)))
	got := server.Next()
	require.Equal(t, "Neues Passwort für Ann <b>& Co", got.Subject)
	require.Equal(t, "Hier: https://usher.example.com/reset-password#token=abc_-", strings.TrimSpace(got.Text))
	require.Contains(t, got.HTML, "<h1>Schule</h1>")

	for text, says := range map[string]string{
		"Subject\n\n{{.Lnk}}": "Lnk", "Subject\n\n{{": "reset.txt", "Subject\n{{.Link}}": "subject", "Subject\n\nNo way": "the link is missing",
	} {
		write("reset.txt", text)
		_, err := NewTemplates("https://usher.example.com", dir)
		require.ErrorContains(t, err, says, text)
	}
}

// Whatever a name, an address or a template holds, the mail has the headers that it should, and the recipient.
func TestNothingAddsAHeader(t *testing.T) {
	t.Parallel()
	server, dir := mailtest.Start(t), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "reset.txt"), []byte("For {{.Name}}\n\n{{.Name}} {{.Link}}"), 0o600))
	p := post(t, server.URL(), dir)
	m := message(Reset)
	for _, name := range []string{
		"Ann\r\nBcc: eve@example.com", "Ann\nBcc: eve@example.com", "Ann\rBcc: eve@example.com", "Ann\u2028Bcc: eve@example.com", "\r\n.\r\nQUIT",
	} {
		m.Name = name
		require.NoError(t, p.Send(t.Context(), m), name)
		got := server.Next()
		require.Empty(t, got.Header.Get("Bcc"), name)
		require.Len(t, got.Header, 8, got.Raw)
		require.Equal(t, "For "+strings.Join(strings.Fields(name), " "), got.Subject)
	}
	for _, to := range []string{
		"ann@example.com\r\nBcc: eve@example.com", "ann@example.com>\r\nRCPT TO:<eve@example.com", "ann@example.com, eve@example.com",
		"Ann <ann@example.com>", "", "ann",
	} {
		m.To = to
		require.ErrorIs(t, p.Send(t.Context(), m), outbox.ErrHopeless, to)
	}
	require.Len(t, server.Letters(), 5)
}

func TestRefusalsForGoodAreTold(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t)
	p := post(t, server.URL(), "")
	for code, hopeless := range map[int]bool{550: true, 552: true, 421: false, 450: false, 452: false} {
		server.Refuse(code)
		err := p.Send(t.Context(), message(Reset))
		require.Error(t, err, code)
		require.Equal(t, hopeless, strings.Contains(err.Error(), outbox.ErrHopeless.Error()), "%d: %v", code, err)
		require.NotContains(t, err.Error(), "ann@example.com")
		require.NotContains(t, err.Error(), "token")
	}
	server.Refuse(0)
	require.NoError(t, p.Send(t.Context(), message(Reset)))
	server.Stop()
	err := p.Send(t.Context(), message(Reset))
	require.ErrorContains(t, err, "can't be reached")
	require.NotErrorIs(t, err, outbox.ErrHopeless)
}

func TestTheServerKnowsUs(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t)
	server.Demand("usher", "s3cret/of us")
	require.NoError(t, post(t, server.URL(), "").Send(t.Context(), message(Reset)))
	server.Next()
	err := post(t, "smtp://usher:another@"+server.Address(), "").Send(t.Context(), message(Reset))
	require.Error(t, err)
	require.NotErrorIs(t, err, outbox.ErrHopeless, "the operator can mend it")
	require.NotContains(t, err.Error(), "another")
}

// Beyond the machine itself nothing is sent without TLS, and none without a certificate that is believed.
func TestTLSIsDemanded(t *testing.T) {
	t.Parallel()
	web := httptest.NewUnstartedServer(nil) // for its certificate
	web.StartTLS()
	t.Cleanup(web.Close)
	known := x509.NewCertPool()
	known.AddCert(web.Certificate())
	certificate := &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12}

	for name, c := range map[string]struct {
		server *mailtest.Server
		set    Server
		ok     bool
	}{
		"STARTTLS":                 {mailtest.StartTLS(t, certificate, false), Server{trust: &tls.Config{RootCAs: known, ServerName: "example.com"}}, true},
		"STARTTLS, not believed":   {mailtest.StartTLS(t, certificate, false), Server{trust: &tls.Config{ServerName: "example.com"}}, false},
		"STARTTLS, not on offer":   {mailtest.Start(t), Server{trust: &tls.Config{RootCAs: known}}, false},
		"implied":                  {mailtest.StartTLS(t, certificate, true), Server{implicit: true, trust: &tls.Config{RootCAs: known, ServerName: "example.com"}}, true},
		"implied, not believed":    {mailtest.StartTLS(t, certificate, true), Server{implicit: true}, false},
		"without, where that's so": {mailtest.Start(t), Server{plain: true}, true},
	} {
		there, err := ParseServer(secret.New(c.server.URL()))
		require.NoError(t, err, name)
		c.set.host, c.set.port = there.host, there.port
		p := post(t, c.server.URL(), "")
		p.server = c.set
		if err := p.Send(t.Context(), message(Reset)); c.ok {
			require.NoError(t, err, name)
		} else {
			require.Error(t, err, name)
			require.Empty(t, c.server.Letters(), name)
		}
	}
}

func TestServersAreParsed(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]Server{
		"smtp://mail.example.com":                  {host: "mail.example.com", port: 587},
		"smtp://mail.example.com?tls=none":         {host: "mail.example.com", port: 587, plain: true},
		"smtp://a%40b:p%2Fw@mail.example.com:2525": {host: "mail.example.com", port: 2525, user: "a@b", password: "p/w"},
		"smtps://mail.example.com/":                {host: "mail.example.com", port: 465, implicit: true},
		"smtps://localhost:1465":                   {host: "localhost", port: 1465, implicit: true},
		"smtp://localhost:25":                      {host: "localhost", port: 25, plain: true},
		"smtp://[::1]":                             {host: "::1", port: 587, plain: true},
		"smtp://127.0.0.2":                         {host: "127.0.0.2", port: 587, plain: true},
	} {
		got, err := ParseServer(secret.New(address))
		require.NoError(t, err, address)
		require.Equal(t, want, got, address)
	}
	for _, address := range []string{
		"", "mail.example.com:25", "http://mail.example.com", "smtp://", "smtp://a:b@mail.example.com:70000", "smtp://mail.example.com?tls=no",
		"smtp://mail.example.com/path", "smtps://mail.example.com?tls=none", "smtp://a:s3cret@mail.example.com:x",
	} {
		_, err := ParseServer(secret.New(address))
		require.ErrorIs(t, err, errServer, address)
		require.NotContains(t, err.Error(), "s3cret")
	}
	for _, from := range []string{"", "door", "door@example.com\r\nBcc: eve@example.com"} {
		_, err := NewPost(Server{}, from, nil)
		require.Error(t, err, from)
	}
}

func TestLinksAreShownToWhoDevelops(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	require.NoError(t, Log{slog.New(slog.NewTextHandler(&log, nil))}.Send(t.Context(), message(Reset)))
	require.Contains(t, log.String(), "https://usher.example.com/reset-password#token=abc_-")
}

func TestDurationsInWords(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		30 * time.Minute: "30 minutes", time.Hour: "60 minutes", 24 * time.Hour: "24 hours", 72 * time.Hour: "3 days", 72*time.Hour - time.Second: "3 days",
	} {
		require.Equal(t, want, inWords(d))
	}
}
