package handlers

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"github.com/ulule/limiter/v3/drivers/store/memory"

	"usher/auth"
	"usher/handlers/wire"
	"usher/internal/password"
	"usher/internal/store"
)

// A machine is the mounted contract with all its guards, on a server of its own. In the place of the operations stand
// handlers that answer the contract's examples, or what a test puts there.
type machine struct {
	*testing.T
	url     string
	api     *Handler
	log     *journal
	token   map[auth.Kind]string
	refresh map[auth.Kind]string

	invents bool // some of its answers are a test's, and not of the contract
}

// A part changes what a machine is made of.
type part func(*machine, *api, map[string]handler)

func build(t *testing.T, parts ...part) *machine {
	t.Helper()
	file, err := store.OpenBolt(filepath.Join(t.TempDir(), "usher.db"), time.Now)
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	hasher := password.NewHasher(password.Params{Memory: 8, Passes: 1}, rand.Reader)
	authority, err := auth.New(t.Context(), file, auth.Settings{
		Issuer: "https://usher.test", AccessTTL: time.Hour, RoomTTL: time.Minute, IdleTTL: time.Hour, MaxTTL: time.Hour, SignUp: auth.SignUpUsers,
	}, time.Now, rand.Reader, hasher, slog.New(slog.DiscardHandler))
	require.NoError(t, err)

	m := &machine{T: t, log: &journal{}}
	m.token, m.refresh = tokens(t, authority)
	a := newAPI(Deps{
		Authority: authority, Limiter: memory.NewStore(), Log: slog.New(slog.NewTextHandler(m.log, nil)),
		Now: time.Now, PublicURL: "https://usher.test",
	})
	operations := examples(t)
	for _, change := range parts {
		change(m, a, operations)
	}
	a.limits = newAPI(a.Deps).limits
	m.api, err = a.handler(operations)
	require.NoError(t, err)
	server := httptest.NewServer(m.api)
	t.Cleanup(server.Close)
	m.url = server.URL
	return m
}

// does puts a handler in the place of an operation.
func does(operation string, h handler) part {
	return func(m *machine, _ *api, operations map[string]handler) { m.invents, operations[operation] = true, h }
}

// fails makes an operation refuse.
func fails(operation string, err error) part {
	return does(operation, func(*call) (any, error) { return nil, err })
}

// tokens are an access token of every kind, and the refresh tokens of those who have one.
func tokens(t *testing.T, a *auth.Authority) (access, refresh map[auth.Kind]string) {
	t.Helper()
	access, refresh = map[auth.Kind]string{}, map[auth.Kind]string{}
	c, err := a.CreateWorkspace(t.Context(), auth.NewWorkspace{Name: "here", AdminEmail: "admin@usher.test"})
	require.NoError(t, err)
	for kind, request := range map[auth.Kind]auth.TokenRequest{
		auth.User:   {GrantType: "password", ClientID: c.PublicClient, Username: c.AdminEmail, Password: c.AdminPassword},
		auth.Client: {GrantType: "client_credentials", ClientID: c.ConfidentialClient, ClientSecret: c.ClientSecret},
	} {
		tokens, err := a.GetAccessToken(t.Context(), request)
		require.NoError(t, err)
		access[kind], refresh[kind] = tokens.AccessToken.Reveal(), tokens.RefreshToken.Reveal()
	}
	guest, _ := a.SeatSession(auth.Identity{ID: a.NewID(), Workspace: c.Workspace, Space: a.NewID(), Room: a.NewID(), Lineage: a.NewID()})
	tokens, err := a.SeatTokens(guest, time.Now().Add(time.Hour))
	require.NoError(t, err)
	access[auth.Guest], refresh[auth.Guest] = tokens.AccessToken.Reveal(), tokens.RefreshToken.Reveal()
	return access, refresh
}

func examples(t *testing.T) map[string]handler {
	t.Helper()
	doc, err := contract()
	require.NoError(t, err)
	operations := map[string]handler{}
	eachOperation(doc, func(_ string, _ *openapi3.PathItem, op *openapi3.Operation) {
		out := example(t, op)
		operations[op.OperationID] = func(*call) (any, error) { return out, nil }
	})
	return operations
}

// An answer is what came back, with the problem that it is.
type answer struct {
	status  int
	header  http.Header
	raw     string
	problem wire.Problem
	oauth   wire.OAuthError
}

// ask sends a request; headers come in pairs, and one may come twice.
func (m *machine) ask(method, path, body string, headers ...string) answer {
	m.Helper()
	r, err := http.NewRequestWithContext(m.Context(), method, m.url+path, strings.NewReader(body))
	require.NoError(m, err)
	if body == "" {
		r.Body = nil
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return m.send(r)
}

func (m *machine) send(r *http.Request) answer {
	m.Helper()
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(m, err)
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	require.NoError(m, err)
	if !m.invents && response.StatusCode != http.StatusMethodNotAllowed {
		Conforms(m, r, response.StatusCode, response.Header, raw)
	}
	got := answer{status: response.StatusCode, header: response.Header, raw: string(raw)}
	switch kind := response.Header.Get("Content-Type"); {
	case len(raw) == 0: // the answer to a HEAD
	case kind == "application/problem+json":
		require.NoError(m, json.Unmarshal(raw, &got.problem))
	case kind == kindJSON:
		_ = json.Unmarshal(raw, &got.oauth)
	}
	return got
}

// post sends JSON as a signed-in user.
func (m *machine) post(path, body string) answer {
	m.Helper()
	return m.ask(http.MethodPost, path, body, "Content-Type", kindJSON, "Authorization", "Bearer "+m.token[auth.User])
}

// refused requires a problem, whole and of one piece.
func (m *machine) refused(got answer, status int, code string) wire.Problem {
	m.Helper()
	p := got.problem
	require.Equal(m, status, got.status, got.raw)
	require.Equal(m, "application/problem+json", got.header.Get("Content-Type"))
	require.Equal(m, code, p.Code, got.raw)
	require.Equal(m, status, p.Status)
	require.Equal(m, http.StatusText(status), p.Title)
	require.Equal(m, "https://usher.test/problems#"+code, p.Type)
	require.NotEmpty(m, p.Detail)
	require.Equal(m, p.Detail, p.Message)
	require.Equal(m, got.header.Get("X-Request-Id"), p.RequestID)
	require.NotEmpty(m, p.RequestID)
	require.Equal(m, "no-store", got.header.Get("Cache-Control"))
	require.Equal(m, "nosniff", got.header.Get("X-Content-Type-Options"))
	return p
}

// A journal is a log that many write and a test reads.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (m *machine) logged() string {
	m.log.mu.Lock()
	defer m.log.mu.Unlock()
	return m.log.text.String()
}
