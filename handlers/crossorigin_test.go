package handlers

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
)

func named(origins ...string) part {
	return func(_ *machine, a *api, _ map[string]handler) { a.CORSOrigins = origins }
}

// Scripts of a named origin may ask and read; to those of any other nothing is said, and so their browser tells them
// nothing.
func TestScriptsOfNamedOriginsRead(t *testing.T) {
	t.Parallel()
	m := build(t, named("https://app.test", "http://localhost:3000"))
	bearer := []string{"Authorization", "Bearer " + m.token[auth.User]}
	preflight := func(origin string) answer {
		return m.stray("OPTIONS", "/v1/users/me", "Origin", origin, "Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "authorization")
	}
	for _, origin := range []string{"https://app.test", "http://localhost:3000"} {
		got := preflight(origin)
		require.Equal(t, 204, got.status)
		require.Equal(t, origin, got.header.Get("Access-Control-Allow-Origin"))
		require.Contains(t, got.header.Get("Access-Control-Allow-Methods"), "PATCH")
		require.Contains(t, got.header.Get("Access-Control-Allow-Headers"), "Authorization")
		for _, header := range [][]string{bearer, nil} { // an answer, and a refusal
			got = m.ask("GET", "/v1/users/me", "", append(header, "Origin", origin)...)
			require.Equal(t, origin, got.header.Get("Access-Control-Allow-Origin"))
			require.Equal(t, "true", got.header.Get("Access-Control-Allow-Credentials"))
			require.Contains(t, got.header.Get("Access-Control-Expose-Headers"), "Retry-After")
		}
	}
	for _, origin := range []string{"https://evil.test", "http://app.test", "https://app.test:8443", "https://app.test.evil.test", "null", "*", ""} {
		for _, got := range []answer{preflight(origin), m.ask("GET", "/v1/users/me", "", append(bearer, "Origin", origin)...)} {
			require.Equal(t, []string{"Origin"}, got.header.Values("Vary"), origin)
			for name := range got.header {
				require.NotRegexp(t, "^Access-Control-", name, origin)
			}
		}
		require.Equal(t, 405, preflight(origin).status)
	}
	got := build(t).stray("OPTIONS", "/v1/users/me", "Origin", "https://app.test", "Access-Control-Request-Method", "GET")
	require.Equal(t, 405, got.status, "where none is named there is no such thing")
	require.Empty(t, got.header.Get("Vary"))
}

// Cookies are for browsers over TLS, but for one machine alone; and under the path where the world finds the server.
func TestWhereCookiesAreSet(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]struct {
		secure bool
		under  string
	}{
		"https://usher.test": {true, ""}, "http://usher.test": {true, ""}, "https://localhost": {true, ""},
		"http://localhost:8080": {false, ""}, "http://127.0.0.1:8080": {false, ""}, "http://[::1]:8080": {false, ""},
		"http://app.localhost": {false, ""}, "http://localhost.evil.test": {true, ""}, "https://school.test/usher": {true, "/usher"},
	} {
		m := build(t, func(_ *machine, a *api, operations map[string]handler) {
			a.PublicURL = url
			operations["getAccessToken"] = with(a.getAccessToken)
		})
		got := m.ask("POST", "/v1/auth/token", `{"grant_type":"refresh_token","refresh_token":"`+m.refresh[auth.User]+`","useCookies":true}`, "Content-Type", kindJSON)
		require.Equal(t, 200, got.status, got.raw)
		paths := []string{}
		for _, line := range got.header.Values("Set-Cookie") {
			c, err := http.ParseSetCookie(line)
			require.NoError(t, err)
			require.Equal(t, want.secure, c.Secure, url)
			paths = append(paths, c.Path)
		}
		require.Equal(t, []string{"/", want.under + "/v1", want.under + "/sign-in", want.under + "/console"}, paths)
	}
}
