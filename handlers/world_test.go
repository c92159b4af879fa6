package handlers_test

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
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/ulule/limiter/v3/drivers/store/memory"

	"usher/auth"
	"usher/handlers"
	"usher/internal/password"
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
	t       *testing.T
	api     http.Handler
	auth    *auth.Authority
	clock   *atomic.Int64
	applies *atomic.Int64
	routes  routers.Router
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

func open(t *testing.T, s store.Store) *door {
	t.Helper()
	d := &door{t: t, clock: new(atomic.Int64), applies: new(atomic.Int64)}
	d.clock.Store(time.Now().UnixMilli()) // the engines collect garbage by the clock on the wall
	now := func() time.Time { return time.UnixMilli(d.clock.Load()).UTC() }
	log := slog.New(slog.DiscardHandler)
	hasher := password.NewHasher(password.Params{Memory: 8, Passes: 1}, rand.Reader)
	var err error
	d.auth, err = auth.New(t.Context(), counted{s, d.applies}, auth.Settings{
		Issuer: publicURL, AccessTTL: 15 * time.Minute, RoomTTL: 5 * time.Minute,
		IdleTTL: 21 * 24 * time.Hour, MaxTTL: 90 * 24 * time.Hour, SignUp: auth.SignUpUsers,
	}, now, rand.Reader, hasher, log)
	must(t, err)
	spaces := roles.New(d.auth, roles.Settings{})
	desk := invites.New(d.auth, spaces, invites.Settings{RoomURL: publicURL + "/room", MaxLinkTTL: 5 * 24 * time.Hour})
	d.api, err = handlers.New(handlers.Deps{
		Authority: d.auth, Spaces: spaces, Desk: desk, Limiter: memory.NewStore(), Log: log, Now: now, PublicURL: publicURL,
	})
	must(t, err)
	d.routes, err = contract()
	must(t, err)
	return d
}

func must(t *testing.T, err error) {
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

// contract is read once; holding answers against it changes nothing in it.
var contract = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc)
})

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
	w := httptest.NewRecorder()
	d.api.ServeHTTP(w, req)
	r := reply{status: w.Code, header: w.Header(), raw: w.Body.String()}
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		must(d.t, json.Unmarshal(w.Body.Bytes(), &r.body))
	}
	d.conforms(req, w)
	return r
}

// conforms fails the test where the contract knows the operation but not this answer to it.
func (d *door) conforms(req *http.Request, w *httptest.ResponseRecorder) {
	d.t.Helper()
	route, params, err := d.routes.FindRoute(req)
	if err != nil {
		return // no operation of the contract
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 w.Code, Header: w.Header(),
		Body:    io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(context.WithoutCancel(d.t.Context()), input); err != nil {
		d.t.Errorf("%s answers %d, against the contract: %v\n%s", route.Operation.OperationID, w.Code, err, w.Body)
	}
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
