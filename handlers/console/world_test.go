package console_test

import (
	"cmp"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/handlers"
	"usher/handlers/console"
	"usher/internal/mail"
	"usher/internal/password"
	"usher/internal/redistest"
	"usher/internal/seal"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
	"usher/invites"
	"usher/roles"
)

func TestMain(m *testing.M) { redistest.Main(m) }

const pass = "correct horse 7 battery"

// A world is a server with one workspace, in which there are an administrator, support, and Marie, who teaches.
type world struct {
	*testing.T
	http.Handler
	*auth.Authority
	spaces *roles.Spaces
	desk   *invites.Desk
	url    string
	ahead  *atomic.Int64
	first  auth.Credentials
	admin  auth.Identity
	id     map[string]string
}

// onEach plays a test in a world of its own on each engine.
func onEach(t *testing.T, play func(w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		play(newWorld(t, s, "https://usher.test"))
	})
}

var noon = time.Now().UTC().Truncate(time.Second) // the engines collect garbage by the clock on the wall

func newWorld(t *testing.T, s store.Store, publicURL string) *world {
	t.Helper()
	w := &world{T: t, url: publicURL, ahead: new(atomic.Int64), id: map[string]string{}}
	log := slog.New(slog.DiscardHandler)
	var err error
	w.Authority, err = auth.New(t.Context(), s, auth.Settings{
		Issuer: publicURL, AccessTTL: 15 * time.Minute, RoomTTL: 5 * time.Minute, IdleTTL: 21 * 24 * time.Hour, MaxTTL: 90 * 24 * time.Hour,
		AuditKept: 90 * 24 * time.Hour, SignUp: auth.SignUpUsers, KeyCache: time.Minute, PagesURL: publicURL, Seal: sealed(t), Mail: mail.Log{Logger: log},
	}, w.now, rand.Reader, password.NewHasher(password.Params{Memory: 8, Passes: 1}, rand.Reader), log)
	require.NoError(t, err)
	w.spaces = roles.New(w.Authority, roles.Settings{})
	w.desk = invites.New(w.Authority, w.spaces, invites.Settings{RoomURL: publicURL + "/room", MaxLinkTTL: 5 * 24 * time.Hour})
	site, err := console.New()
	require.NoError(t, err)
	w.Handler, err = handlers.New(handlers.Deps{
		Authority: w.Authority, Spaces: w.spaces, Desk: w.desk, Limiter: handlers.NewMemory(w.now), Log: log, Now: w.now, PublicURL: publicURL,
		Sites: []handlers.Site{site},
	})
	require.NoError(t, err)
	w.first, _, err = w.First(t.Context(), auth.NewWorkspace{AdminEmail: "ann@school.test", AdminPassword: secret.New(pass)})
	require.NoError(t, err)
	w.admin = w.signedIn("ann@school.test")
	w.id["ann"] = w.admin.ID
	w.user("sue", "Sue")
	require.NoError(t, w.SetWorkspaceRole(t.Context(), w.admin, w.id["sue"], auth.Support))
	w.user("marie", "Marie Curie")
	return w
}

// sealed is a key-encryption key, without which no access tokens are kept.
func sealed(t *testing.T) seal.Seal {
	t.Helper()
	kept, err := seal.New(secret.New(strings.Repeat("1", 64)), secret.String{})
	require.NoError(t, err)
	return kept
}

func (w *world) now() time.Time { return noon.Add(time.Duration(w.ahead.Load())) }

func (w *world) user(username, name string) {
	w.Helper()
	id, err := w.CreateUser(w.Context(), w.admin, auth.NewUser{
		Email: username + "@school.test", Username: username, Name: name, Password: secret.New(pass),
	})
	require.NoError(w, err)
	w.id[username] = id
}

func (w *world) signedIn(username string) auth.Identity {
	w.Helper()
	tokens, err := w.GetAccessToken(w.Context(), auth.TokenRequest{GrantType: "password", Username: username, Password: secret.New(pass)})
	require.NoError(w, err)
	who, err := w.Authenticate(w.Context(), tokens.AccessToken.Reveal())
	require.NoError(w, err)
	return who
}

// A reader sits before a browser that runs no scripts.
type reader struct {
	*world
	jar *cookiejar.Jar
}

// An answer is a page, or where it leads.
type answer struct {
	status   int
	location string
	header   http.Header
	text     string
}

// reader is somebody who has signed in at the page for that, where there is a name.
func (w *world) reader(username string) reader {
	w.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(w, err)
	r := reader{w, jar}
	if username != "" {
		form := url.Values{"username": {username + "@school.test"}, "password": {pass}}
		require.Equal(w, 303, r.asks("POST", "/sign-in", form).status)
	}
	return r
}

// asks for an address of the server, with a form where there is one; headers come in pairs.
func (r reader) asks(method, path string, form url.Values, headers ...string) answer {
	r.Helper()
	req := httptest.NewRequestWithContext(r.Context(), method, r.url+path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	here, err := url.Parse(r.url + path)
	require.NoError(r, err)
	for _, cookie := range r.jar.Cookies(here) {
		req.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	r.jar.SetCookies(here, (&http.Response{Header: w.Header()}).Cookies())
	return answer{w.Code, w.Header().Get("Location"), w.Header(), w.Body.String()}
}

// sees a page of the console, which has this status.
func (r reader) sees(want int, path string) string {
	r.Helper()
	got := r.asks("GET", "/console"+path, nil)
	require.Equal(r, want, got.status, "%s\n%s", path, got.text)
	return got.text
}

// does what a form of the console is for, and is led to another page, which it gives.
func (r reader) does(path string, fields ...string) string {
	r.Helper()
	got := r.sends(path, fields...)
	require.Equal(r, 303, got.status, "%s\n%s", path, got.text)
	to := strings.TrimPrefix(got.location, r.url+"/console")
	return r.sees(200, to)
}

func (r reader) sends(path string, fields ...string) answer {
	r.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return r.asks("POST", "/console"+path, form)
}

// fill puts ids in for {names}.
func (w *world) fill(path string) string {
	for name, id := range w.id {
		path = strings.ReplaceAll(path, "{"+name+"}", id)
	}
	return cmp.Or(path, "/")
}
