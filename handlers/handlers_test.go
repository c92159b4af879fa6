package handlers

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/handlers/wire"
	"usher/internal/password"
	"usher/internal/store"
)

func TestReadiness(t *testing.T) {
	t.Parallel()
	var file store.Store
	m := build(t, func(_ *machine, a *api, _ map[string]handler) { file = a.Authority.Store })
	require.Equal(t, 200, m.ask("GET", "/readyz", "").status)
	m.api.Drain()
	require.Equal(t, 503, m.ask("GET", "/readyz", "").status)
	require.Equal(t, 200, m.ask("GET", "/livez", "").status, "who drains still lives, and answers")
	require.Equal(t, 200, m.ask("GET", "/.well-known/jwks.json", "").status)

	gone := build(t, func(_ *machine, a *api, _ map[string]handler) { file = a.Authority.Store })
	require.NoError(t, file.Close())
	require.Equal(t, 503, gone.ask("GET", "/readyz", "").status)
}

// What does not fit together is found at the start.
func TestContractAndHandlersMustAgree(t *testing.T) {
	t.Parallel()
	a := newAPI(Deps{Authority: &auth.Authority{}})
	operations := examples(t)
	delete(operations, "kick")
	_, err := a.handler(operations)
	require.ErrorContains(t, err, "nothing handles kick")
	operations["kick"], operations["knock"] = operations["getMe"], operations["getMe"]
	_, err = a.handler(operations)
	require.ErrorContains(t, err, "operations")
	a.TrustedProxies = []string{"somewhere"}
	_, err = a.handler(examples(t))
	require.ErrorContains(t, err, "trusted proxies")
	_, err = New(Deps{Authority: &auth.Authority{}})
	require.NoError(t, err, "the program's own handlers and the contract agree")
}

func TestListsArePaged(t *testing.T) {
	t.Parallel()
	var got []auth.Page
	m := build(t, does("listUsers", func(c *call) (any, error) {
		got = append(got, c.page())
		return wire.Users{Items: []wire.User{}, Next: cursor("ann@example.com/\xff?")}, nil
	}))
	user := []string{"Authorization", "Bearer " + m.token[auth.User]}
	first := m.ask("GET", "/v1/users", "", user...)
	var page wire.Users
	require.NoError(t, json.Unmarshal([]byte(first.raw), &page))
	m.ask("GET", "/v1/users?limit=7&after="+page.Next, "", user...)
	require.Equal(t, []auth.Page{{Limit: 50}, {After: "ann@example.com/\xff?", Limit: 7}}, got)
	require.Empty(t, cursor(""), "the last page has no next")
}

func TestWhatWasIssuedIsKeptOnRequest(t *testing.T) {
	t.Parallel()
	var kept []bool
	m := build(t, does("removeMember", func(c *call) (any, error) {
		kept = append(kept, c.keepIssued())
		return nil, nil
	}))
	user := []string{"Authorization", "Bearer " + m.token[auth.User]}
	path := "/v1/spaces/" + anID + "/members/" + anID
	require.Equal(t, 204, m.ask("DELETE", path, "", user...).status)
	require.Equal(t, 204, m.ask("DELETE", path+"?issued=keep", "", user...).status)
	m.refused(m.ask("DELETE", path+"?issued=drop", "", user...), 422, "invalid")
	require.Equal(t, []bool{false, true}, kept)
}

// A refused password names the field that it came in.
func TestRefusedPasswordNamesItsField(t *testing.T) {
	t.Parallel()
	m := build(t, fails("createUser", password.ErrTooShort), fails("changePassword", password.ErrTooCommon))
	p := m.refused(m.post("/v1/users", `{"email":"a@b.c","username":"a","password":"b"}`), 422, "password_too_short")
	require.Equal(t, "/password", p.Field)
	p = m.refused(m.post("/v1/users/me/password", `{"oldPassword":"a","newPassword":"b"}`), 422, "password_too_common")
	require.Equal(t, "/newPassword", p.Field)
}

// The pages need nobody else's server, and run no script but their own.
func TestPages(t *testing.T) {
	t.Parallel()
	m := build(t)
	for path, kind := range map[string]string{
		"/docs": "text/html; charset=utf-8", "/problems": "text/html; charset=utf-8", "/openapi.yaml": "application/yaml",
	} {
		got := m.ask("GET", path, "")
		require.Equal(t, 200, got.status, path)
		require.Equal(t, kind, got.header.Get("Content-Type"))
		policy := got.header.Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'; script-src 'self';")
		require.NotContains(t, strings.ReplaceAll(policy, "style-src 'self' 'unsafe-inline'", ""), "unsafe")
		if path == "/openapi.yaml" {
			continue
		}
		require.NotRegexp(t, `<script>|<script [^>]*>[^<]|\son\w+=|(src|href)="(https?:)?//`, got.raw)
		for _, link := range regexp.MustCompile(`(?:src|href|spec-url)="([^"]+)"`).FindAllStringSubmatch(got.raw, -1) {
			require.Equal(t, 200, m.ask("GET", "/"+link[1], "").status, link[1])
		}
	}
	page := m.ask("GET", "/problems", "").raw
	for _, p := range problems {
		require.Equal(t, 1, strings.Count(page, `id="`+p.code+`"`), p.code)
	}
	require.Equal(t, string(openapi), m.ask("GET", "/openapi.yaml", "").raw)
}

// What passes the strict reader means the same to every decoder.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `{"a":1,"a":2}`, `[{"a":[null,true,"\u0000"]}]`, `1e999`, `{"a":{}}x`, "\xff", ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		value, err := parse(raw)
		if err != nil {
			require.IsType(t, invalid{}, err)
			return
		}
		var plain any
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		require.NoError(t, d.Decode(&plain))
		require.Equal(t, plain, value)
		whole, err := json.Marshal(value)
		require.NoError(t, err)
		require.Equal(t, words(t, raw), words(t, whole), "nothing was left out, as it is of a field that comes twice")
	})
}

// words counts the tokens of a JSON text.
func words(t testing.TB, raw []byte) (n int) {
	t.Helper()
	for d := json.NewDecoder(bytes.NewReader(raw)); ; n++ {
		d.UseNumber()
		if _, err := d.Token(); err != nil {
			require.ErrorIs(t, err, io.EOF)
			return n
		}
	}
}
