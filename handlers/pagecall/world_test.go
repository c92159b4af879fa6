package pagecall

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/handlers"
	"usher/internal/password"
	"usher/internal/redistest"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
	"usher/invites"
	"usher/roles"
)

func TestMain(m *testing.M) { redistest.Main(m) }

const (
	publicURL = "http://127.0.0.1:8080"
	goodPass  = "correct horse 7 battery"
)

// A door is the API over one store, and a client that holds every answer against the contract.
type door struct {
	*testing.T
	auth   *auth.Authority
	spaces *roles.Spaces
	api    http.Handler
	router routers.Router
	clock  *atomic.Int64
	c      auth.Credentials
	key    string // that may everything
}

// onEach opens a door on each engine.
func onEach(t *testing.T, play func(d *door)) {
	t.Helper()
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		play(open(t, s))
	})
}

func open(t *testing.T, s store.Store) *door {
	t.Helper()
	d := &door{T: t, clock: new(atomic.Int64)}
	d.clock.Store(time.Now().UnixMilli())
	now := func() time.Time { return time.UnixMilli(d.clock.Load()).UTC() }
	log := slog.New(slog.DiscardHandler)
	var err error
	d.auth, err = auth.New(t.Context(), s, auth.Settings{
		Issuer: publicURL, AccessTTL: 15 * time.Minute, RoomTTL: 5 * time.Minute, IdleTTL: 21 * 24 * time.Hour,
		MaxTTL: 90 * 24 * time.Hour, AuditKept: 90 * 24 * time.Hour, SignUp: auth.SignUpUsers, KeyCache: time.Minute,
	}, now, rand.Reader, password.NewHasher(password.Params{Memory: 8, Passes: 1}, rand.Reader), log)
	require.NoError(t, err)
	d.spaces = roles.New(d.auth, roles.Settings{})
	desk := invites.New(d.auth, d.spaces, invites.Settings{RoomURL: publicURL + "/room", MaxLinkTTL: time.Hour})
	contract := Contract(d.auth, d.spaces)
	d.api, err = handlers.New(handlers.Deps{
		Authority: d.auth, Spaces: d.spaces, Desk: desk, Limiter: handlers.NewMemory(now), Log: log, Now: now, PublicURL: publicURL,
	}, contract)
	require.NoError(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(contract.OpenAPI)
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	d.router, err = legacy.NewRouter(doc)
	require.NoError(t, err)
	d.c, _, err = d.auth.First(t.Context(), auth.NewWorkspace{AdminPassword: secret.New(goodPass)})
	require.NoError(t, err)
	d.key = d.apiKey(d.c, "users:write", "rooms:write")
	return d
}

func (d *door) signIn(client, username string) auth.Identity {
	d.Helper()
	tokens, err := d.auth.GetAccessToken(d.Context(), auth.TokenRequest{
		GrantType: "password", ClientID: client, Username: username, Password: secret.New(goodPass),
	})
	require.NoError(d, err)
	who, err := d.auth.Authenticate(d.Context(), tokens.AccessToken.Reveal())
	require.NoError(d, err)
	return who
}

// apiKey makes an API key of a workspace.
func (d *door) apiKey(c auth.Credentials, scopes ...string) string {
	d.Helper()
	_, key, err := d.auth.CreateAPIKey(d.Context(), d.signIn(c.PublicClient, "admin"), auth.NewAPIKey{Name: "Back end", Scopes: scopes})
	require.NoError(d, err)
	return key.Reveal()
}

// An answer that the contract allows.
type answer struct {
	status int
	raw    string
	body   map[string]any
}

// of is what stands in an answer behind some names.
func (a answer) of(names ...string) any {
	var at any = a.body
	for _, name := range names {
		object, _ := at.(map[string]any)
		at = object[name]
	}
	return at
}

func (a answer) text(names ...string) string { s, _ := a.of(names...).(string); return s }

// list are the texts of a field of the items of a list.
func (a answer) list(name, field string) []string {
	texts := []string{}
	items, _ := a.body[name].([]any)
	for _, item := range items {
		text, _ := item.(map[string]any)[field].(string)
		texts = append(texts, text)
	}
	return texts
}

func (d *door) ask(key, method, path, body string) answer {
	d.Helper()
	req := httptest.NewRequestWithContext(d.Context(), method, publicURL+"/pagecall/v1"+path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	w := httptest.NewRecorder()
	d.api.ServeHTTP(w, req.Clone(req.Context()))
	d.held(req, w)
	a := answer{status: w.Code, raw: w.Body.String()}
	require.NoError(d, json.Unmarshal(w.Body.Bytes(), &a.body), a.raw)
	return a
}

// held requires that the contract allows an answer.
func (d *door) held(req *http.Request, w *httptest.ResponseRecorder) {
	d.Helper()
	asked := req.Clone(context.WithoutCancel(req.Context()))
	asked.URL.Path = strings.TrimPrefix(asked.URL.EscapedPath(), "/pagecall/v1")
	asked.URL.Host, asked.URL.Scheme, asked.URL.RawPath = "", "", ""
	asked.URL.Path = "/pagecall/v1" + asked.URL.Path
	route, params, err := d.router.FindRoute(asked)
	require.NoError(d, err, asked.URL.Path)
	err = openapi3filter.ValidateResponse(req.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	require.NoError(d, err, "%s %s: %d %s", req.Method, req.URL, w.Code, w.Body)
}

// ok is ask that must succeed.
func (d *door) ok(method, path, body string) answer {
	d.Helper()
	a := d.ask(d.key, method, path, body)
	require.Equal(d, 200, a.status, "%s %s: %s", method, path, a.raw)
	return a
}

// refused is ask that must be refused.
func (d *door) refused(status int, code, field, method, path, body string) {
	d.Helper()
	a := d.ask(d.key, method, path, body)
	require.Equal(d, []any{status, code, field}, []any{a.status, a.text("code"), a.text("field")}, "%s %s: %s", method, path, a.raw)
}
