package handlers_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/auth"
	"usher/handlers"
	"usher/internal/captcha"
	"usher/internal/password"
	"usher/internal/seal"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/invites"
	"usher/roles"
)

const (
	clientCredentials = `{"grant_type":"client_credentials","client_id":"{client}","client_secret":"{secret}"}`

	publicURL = "https://usher.test"
	goodPass  = "correct horse 7 battery"
)

// A door is the whole API over one store, and a client that holds every answer against the contract.
type door struct {
	t       testing.TB
	api     http.Handler
	auth    *auth.Authority
	spaces  *roles.Spaces
	desk    *invites.Desk
	sends   func(mails int64) *invites.Desk // another one, with another quota
	judged  func() *auth.Authority          // another one, whose captchas a service judges
	clock   *atomic.Int64
	applies *atomic.Int64
	seen    *sync.Map // each answer so far, as "operation status"
	post    *letterbox
	log     *handlers.Journal

	authority func(auth.SignUp, captcha.Verifier) *auth.Authority // opens one over the same store
}

// counted counts the writes, so that a test can say that a refusal changed nothing.
type counted struct {
	store.Store
	applies *atomic.Int64
}

func (c counted) Apply(ctx context.Context, tx store.Tx) (store.Result, error) {
	c.applies.Add(1)
	return c.Store.Apply(ctx, tx)
}

// open opens a door over a store. A change makes it another door than the usual one.
func open(t testing.TB, s store.Store, changes ...func(*handlers.Deps)) *door {
	t.Helper()
	d := &door{t: t, clock: new(atomic.Int64), applies: new(atomic.Int64), seen: new(sync.Map), log: new(handlers.Journal), post: new(letterbox)}
	d.clock.Store(time.Now().UnixMilli()) // the engines collect garbage by the clock on the wall
	now := func() time.Time { return time.UnixMilli(d.clock.Load()).UTC() }
	log := slog.New(slog.NewTextHandler(d.log, nil))
	under, err := seal.New(secret.New(strings.Repeat("1", 64)), secret.String{})
	must(t, err)
	d.authority = func(who auth.SignUp, judge captcha.Verifier) *auth.Authority {
		a, err := auth.New(t.Context(), counted{s, d.applies}, auth.Settings{
			Issuer: publicURL, AccessTTL: 15 * time.Minute, RoomTTL: 5 * time.Minute,
			IdleTTL: 21 * 24 * time.Hour, MaxTTL: 90 * 24 * time.Hour, AuditKept: 90 * 24 * time.Hour, SignUp: who, KeyCache: time.Minute,
			Seal: under, Mail: d.post, PagesURL: publicURL, Captcha: judge, CaptchaRounds: 8,
		}, now, rand.Reader, password.NewHasher(password.Params{Memory: 8, Passes: 1}, rand.Reader), log)
		must(t, err)
		return a
	}
	d.auth = d.authority(auth.SignUpOpen, nil)
	d.judged = sync.OnceValue(func() *auth.Authority { return d.authority(auth.SignUpOpen, service(t)) })
	d.spaces = roles.New(d.auth, roles.Settings{})
	d.sends = func(mails int64) *invites.Desk {
		return invites.New(d.auth, d.spaces, invites.Settings{
			RoomURL: publicURL + "/room", MaxLinkTTL: 5 * 24 * time.Hour, MailPerUser: mails, MailPerWorkspace: mails,
		})
	}
	d.desk = d.sends(1000)
	deps := handlers.Deps{
		Authority: d.auth, Spaces: d.spaces, Desk: d.desk, Limiter: handlers.NewMemory(now), Log: log, Now: now, PublicURL: publicURL,
	}
	for _, change := range changes {
		change(&deps)
	}
	d.api, err = handlers.New(deps)
	must(t, err)
	return d
}

// onEach opens a door on each engine.
func onEach(t *testing.T, test func(t *testing.T, d *door)) {
	t.Helper()
	t.Parallel()
	for engine, fresh := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, fresh(t)))
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A reply is an answer that the contract allows.
type reply struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (r reply) text(field string) string { s, _ := r.body[field].(string); return s }

// do sends a request. The body is JSON where it is not empty; token is a bearer's, or empty.
func (d *door) do(token, method, path, body string, headers ...string) reply {
	d.t.Helper()
	req := httptest.NewRequestWithContext(d.t.Context(), method, publicURL+path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return d.send(req)
}

func (d *door) send(req *http.Request) reply {
	d.t.Helper()
	r, err := d.exchange(req)
	if err != nil {
		d.t.Errorf("%s %s: %d: %v\n%s", req.Method, req.URL.Path, r.status, err, r.raw)
	}
	return r
}

// hasty goes away as soon as an answer that goes on has begun.
type hasty struct {
	*httptest.ResponseRecorder
	leave func()
}

func (h hasty) Flush() { h.leave() }

// exchange is send for who says himself what is wrong with an answer.
func (d *door) exchange(req *http.Request) (reply, error) {
	ctx, leave := context.WithCancel(req.Context())
	defer leave()
	w, asked := httptest.NewRecorder(), req.Clone(req.Context()) // slashes at its end are taken off by the door
	d.api.ServeHTTP(hasty{w, leave}, req.WithContext(ctx))
	r := reply{status: w.Code, header: w.Header(), raw: w.Body.String()}
	operation, err := handlers.Held(asked, w.Code, w.Header(), w.Body.Bytes())
	d.seen.Store(fmt.Sprint(operation, " ", w.Code), true)
	switch {
	case err != nil:
		return r, fmt.Errorf("%s, against the contract: %w", operation, err)
	case operation == "":
		return r, errors.New("no operation of the contract")
	case strings.Contains(w.Header().Get("Content-Type"), "json"):
		err = json.Unmarshal(w.Body.Bytes(), &r.body)
	}
	return r, err
}

// ok is do that must succeed with this status.
func (d *door) ok(status int, token, method, path, body string) reply {
	d.t.Helper()
	r := d.do(token, method, path, body)
	if r.status != status {
		d.t.Fatalf("%s %s: %d, want %d\n%s", method, path, r.status, status, r.raw)
	}
	return r
}

// workspace makes a workspace and gives its administrator's token and its clients.
func (d *door) workspace(name string) (token string, c auth.Credentials) {
	d.t.Helper()
	c, err := d.auth.CreateWorkspace(d.t.Context(), auth.NewWorkspace{
		Name: name, AdminEmail: "admin@" + name + ".test", AdminPassword: secret.New(goodPass),
	})
	must(d.t, err)
	return d.signIn(c.PublicClient, c.AdminEmail), c
}

func (d *door) signIn(client, username string) string {
	d.t.Helper()
	in, err := json.Marshal(map[string]string{
		"grant_type": "password", "client_id": client, "username": username, "password": goodPass,
	})
	must(d.t, err)
	return d.ok(200, "", "POST", "/v1/auth/token", string(in)).text("access_token")
}

// decoded is a body in JSON, or nothing.
func decoded(raw []byte) (body map[string]any) {
	_ = json.Unmarshal(raw, &body)
	return body
}
