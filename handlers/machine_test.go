package handlers

import (
	"bytes"
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

	"usher/auth"
	"usher/handlers/wire"
	"usher/internal/store"
)

// A machine is the mounted contract with all its guards, on a server of its own. In the place of the operations stand
// handlers that answer the contract's examples, or what a test puts there.
type machine struct {
	testing.TB
	url     string
	api     *Handler
	log     *Journal
	token   map[auth.Kind]string
	refresh map[auth.Kind]string

	invents map[string]bool // operations whose success is a test's, and not of the contract
}

// A part changes what a machine is made of.
type part func(*machine, *api, map[string]handler)

func build(t testing.TB, parts ...part) *machine {
	t.Helper()
	file, err := store.OpenBolt(filepath.Join(t.TempDir(), "usher.db"), time.Now)
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	authority := authorityOn(t, file, time.Now)
	m := &machine{TB: t, log: &Journal{}, invents: map[string]bool{}}
	m.token, m.refresh = tokens(t, authority)
	a := newAPI(Deps{
		Authority: authority, Limiter: NewMemory(time.Now), Log: slog.New(slog.NewTextHandler(m.log, nil)),
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
	return func(m *machine, _ *api, operations map[string]handler) {
		m.invents[operation], operations[operation] = true, h
	}
}

// fails makes an operation refuse.
func fails(operation string, err error) part {
	return does(operation, func(*call) (any, error) { return nil, err })
}

// tokens are an access token of every kind, and the refresh tokens of those who have one.
func tokens(t testing.TB, a *auth.Authority) (access, refresh map[auth.Kind]string) {
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
	access[auth.Key] = wholeKey(t, a, access[auth.User])
	guest, _ := a.SeatSession(auth.Identity{ID: a.NewID(), Workspace: c.Workspace, Space: a.NewID(), Room: a.NewID(), Lineage: a.NewID()})
	tokens, err := a.SeatTokens(guest, time.Now().Add(time.Hour))
	require.NoError(t, err)
	access[auth.Guest], refresh[auth.Guest] = tokens.AccessToken.Reveal(), tokens.RefreshToken.Reveal()
	return access, refresh
}

func examples(t testing.TB) map[string]handler {
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
	return m.send(m.request(method, path, body, headers...))
}

// stray sends a request for what the contract does not have.
func (m *machine) stray(method, path string, headers ...string) answer {
	m.Helper()
	r := m.request(method, path, "", headers...)
	asked, err := operationOf(r)
	require.NoError(m, err)
	require.Nil(m, asked, "%s %s is an operation", method, path)
	return m.receive(r)
}

func (m *machine) request(method, path, body string, headers ...string) *http.Request {
	m.Helper()
	r, err := http.NewRequestWithContext(m.Context(), method, m.url+path, strings.NewReader(body))
	require.NoError(m, err)
	if body == "" {
		r.Body = nil
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

// send holds the answer against the contract. Only the success of an operation that the test made up is not.
func (m *machine) send(r *http.Request) answer {
	m.Helper()
	got := m.receive(r)
	asked, err := operationOf(r)
	require.NoError(m, err)
	switch {
	case asked == nil:
		require.False(m, strings.HasPrefix(r.URL.Path, "/v1/"), "%s %s is no operation", r.Method, r.URL.Path)
	case got.status >= http.StatusBadRequest || !m.invents[asked.Route.Operation.OperationID]:
		Conforms(m, r, got.status, got.header, []byte(got.raw))
	}
	return got
}

func (m *machine) receive(r *http.Request) answer {
	m.Helper()
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(m, err)
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	require.NoError(m, err)
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

const anAlias = "q3_5V3uwikX-"

// An errand is how an operation is asked by somebody whom it takes.
type errand struct {
	*machine
	operation
	method, path string         // the path with its placeholders
	body         map[string]any // the contract's example; nil where the operation has none
}

// errands are one for each operation, by its name.
func (m *machine) errands() map[string]errand {
	m.Helper()
	doc, err := contract()
	require.NoError(m, err)
	all := map[string]errand{}
	eachOperation(doc, func(where string, item *openapi3.PathItem, spec *openapi3.Operation) {
		op, err := readOperation(item, spec)
		require.NoError(m, err)
		method, path, _ := strings.Cut(where, " ")
		e := errand{machine: m, operation: op, method: method, path: path}
		if spec.RequestBody != nil {
			e.body, _ = e.schema().Example.(map[string]any)
		}
		all[spec.OperationID] = e
	})
	return all
}

func (e errand) schema() *openapi3.Schema { return e.RequestBody.Value.Content[kindJSON].Schema.Value }

// at is the path with this in the place of one placeholder, and what belongs there in the others.
func (e errand) at(name, value string) string {
	path := strings.ReplaceAll(e.path, "{"+name+"}", value)
	return placeholder.ReplaceAllString(strings.ReplaceAll(path, "{alias}", anAlias), anID)
}

// run asks with this body.
func (e errand) run(body map[string]any) answer {
	e.Helper()
	return e.runAt(e.at("", ""), body)
}

func (e errand) runAt(path string, body map[string]any) answer {
	e.Helper()
	headers := []string{"X-Request-Id", "row"}
	if len(e.callers) > 0 {
		headers = append(headers, "Authorization", "Bearer "+e.token[e.callers[0]])
	}
	if body == nil {
		return e.ask(e.method, path, "", headers...)
	}
	raw, err := json.Marshal(body)
	require.NoError(e, err)
	return e.ask(e.method, path, string(raw), append(headers, "Content-Type", kindJSON)...)
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

// A Journal is a log that many write and a test reads.
type Journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *Journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// Take is what was written since it was taken last.
func (j *Journal) Take() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.text.Reset()
	return j.text.String()
}

func (m *machine) logged() string {
	m.log.mu.Lock()
	defer m.log.mu.Unlock()
	return m.log.text.String()
}
