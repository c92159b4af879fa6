package handlers_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth"
	"usher/internal/captcha"
	"usher/internal/mail"
	"usher/internal/secret"
	"usher/internal/store"
)

// A letterbox keeps the mails that are sent, as they would be written.
type letterbox struct {
	mu   sync.Mutex
	sent []mail.Message
	more chan struct{} // closed when one comes
}

func (l *letterbox) Send(_ context.Context, m mail.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, m)
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
	return nil
}

// last is the token of the last mail of a kind to a user, whom its token names, or to an address, and what comes before
// there is any.
func (l *letterbox) last(kind mail.Kind, to string) (token string, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	raw, err := hex.DecodeString(to)
	for _, m := range slices.Backward(l.sent) {
		_, token, _ = strings.Cut(m.Link.Reveal(), "#token=")
		if m.Kind == kind && (m.To == to || err == nil && strings.HasPrefix(token, base64.RawURLEncoding.EncodeToString(raw))) {
			return token, nil
		}
	}
	if l.more == nil {
		l.more = make(chan struct{})
	}
	return "", l.more
}

// deliver sends the mails that wait, but for those that another is sending just now.
func (d *door) deliver() {
	for queue, send := range map[string]func(context.Context, <-chan time.Time){"mail": d.auth.DeliverMail, "invites": d.desk.DeliverMail} {
		for d.waits(queue) {
			ctx, stop := context.WithCancel(d.t.Context())
			wake, gone := make(chan time.Time), make(chan struct{})
			go func() { send(ctx, wake); close(gone) }()
			wake <- time.Time{} // some are sent, or under way
			stop()
			<-gone
		}
	}
}

// waits reports whether a mail's turn has come in a queue.
func (d *door) waits(queue string) bool {
	d.t.Helper()
	due, err := d.auth.Store.List(d.t.Context(), store.Key{Partition: "outbox:" + queue, Kind: "index", ID: "due"}, store.Page{Limit: 1})
	must(d.t, err)
	return len(due) > 0 && !auth.TimeOf(due[0]).After(d.auth.Now())
}

// mails gives the scene a token of each mail: "resetToken", "verifyToken" and "changeToken" are the pupil's, "undoToken"
// is the creator's, and "takenToken" would give the outlaw the address of another. It asks the domain, because the limits
// would count, and once.
func (sc *scene) mails() {
	sc.t.Helper()
	if sc.id["resetToken"] != "" {
		return
	}
	must(sc.t, sc.auth.ForgotPassword(sc.t.Context(), sc.id["web"], "pupil@here.test"))
	sc.mailed("resetToken", mail.Reset, "pupil")
	must(sc.t, sc.auth.SendVerification(sc.t.Context(), sc.identity("pupil")))
	sc.mailed("verifyToken", mail.Verify, "pupil")
	sc.move("pupil", "changeToken", "pupil@moved.test")
	sc.move("outlaw", "takenToken", "outsider@here.test")
	sc.moved("creator", "undoToken", "creator@moved.test")
}

// mailed keeps the token of a mail that is to come, by whoever delivers it.
func (sc *scene) mailed(name string, kind mail.Kind, to string) {
	sc.t.Helper()
	sc.deliver()
	for late := time.After(30 * time.Second); ; {
		token, more := sc.post.last(kind, sc.id[to])
		if sc.id[name] = token; token != "" {
			return
		}
		select {
		case <-more:
		case <-late:
			sc.t.Fatalf("no mail %s to %s", kind, to)
		}
	}
}

func (sc *scene) identity(name string) auth.Identity {
	sc.t.Helper()
	who, err := sc.auth.Authenticate(sc.t.Context(), sc.token[name])
	must(sc.t, err)
	return who
}

func (sc *scene) move(who, name, to string) {
	sc.t.Helper()
	must(sc.t, sc.auth.RequestEmailChange(sc.t.Context(), sc.identity(who), to, secret.New(goodPass)))
	sc.mailed(name, mail.Confirm, who)
}

func (sc *scene) moved(who, name, to string) {
	sc.t.Helper()
	sc.move(who, name, to)
	must(sc.t, sc.auth.ConfirmEmailChange(sc.t.Context(), secret.New(sc.id[name])))
	sc.mailed(name, mail.Changed, who)
}

// signsUp has a stranger sign up, with a captcha that a service has judged, and keeps the token of his mail.
func (sc *scene) signsUp(name, username string) {
	sc.t.Helper()
	if sc.id[name] != "" {
		return
	}
	sc.id["stranger"] = strings.ToLower(rand.Text()) + "@here.test"
	must(sc.t, sc.judged().SignUp(sc.t.Context(), auth.Stranger{
		NewUser: auth.NewUser{Email: sc.id["stranger"], Username: username, Password: secret.New(goodPass)},
		Client:  sc.id["web"], Captcha: "a token of the service's",
	}))
	sc.mailed(name, mail.SignUp, "stranger")
}

// service judges every captcha to be solved, as Turnstile and hCaptcha say it.
func service(t testing.TB) captcha.Site {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"success":true,"hostname":"usher.test"}`)
	}))
	t.Cleanup(server.Close)
	return captcha.Site{URL: server.URL, Secret: secret.New("of the site"), Hostname: "usher.test", Client: server.Client()}
}
