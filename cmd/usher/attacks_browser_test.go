package main

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What another site can have a browser do: send its user's cookies along, with the bodies that forms have, and follow
// where it is sent.

// cookiesOf are what an answer has set, as a browser sends them back.
func cookiesOf(a answer) string {
	var all []string
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.MaxAge >= 0 {
			all = append(all, c.Name+"="+c.Value)
		}
	}
	return strings.Join(all, "; ")
}

// inCookies is a sign-in that asks for cookies.
func inCookies(name string) string {
	return strings.Replace(signingIn(name), "{", `{"useCookies":true,`, 1)
}

// fixedSession has the victim sign in from where the attacker has been before, with all that the attacker left there.
func fixedSession(s *siege) {
	attacker, _ := s.victim("fixer"), s.victim("fixed")
	mine := claimsOf(s.T, attacker.body)
	left := []string{"Authorization", "Bearer " + attacker.Access, "Cookie", "accessToken=" + attacker.Access + "; refreshToken=" + attacker.Refresh}
	victim := s.tokens("200", signingIn("fixed"), left...)
	theirs := claimsOf(s.T, victim.body)
	assert.NotEqual(s, mine["sid"], theirs["sid"])
	assert.NotEqual(s, mine["sub"], theirs["sub"])
	whose := func(headers ...string) string {
		return s.ask(s.Context(), "GET", "/v1/users/me", "", "", headers...).Email
	}
	assert.Equal(s, "fixed@example.com", whose("Authorization", "Bearer "+victim.Access))
	assert.Equal(s, "fixer@example.com", whose("Authorization", "Bearer "+attacker.Access), "the attacker's token is still his own")
	assert.Equal(s, "fixed@example.com", whose("Cookie", cookiesOf(s.tokens("200", inCookies("fixed"), left[2:]...))))
	assert.Equal(s, "fixer@example.com", whose("Cookie", left[3]))
	for _, field := range []string{"sid", "session", "sessionId", "access_token"} { // none can be asked for
		s.tokens("400 invalid", strings.Replace(signingIn("fixed"), "{", `{"`+field+`":"aaaaaaaaaaaaaaaaaaaaaaaa",`, 1))
	}
}

func forgedRequest(s *siege) {
	s.victim("surfing")
	session := cookiesOf(s.tokens("200", inCookies("surfing")))
	me := func(headers ...string) answer {
		return s.ask(s.Context(), "GET", "/v1/users/me", "", "", append(headers, "Cookie", session)...)
	}
	require.Equal(s, "surfing@example.com", me("Sec-Fetch-Site", "same-origin").Email, "the site's own page may")
	for _, from := range [][]string{
		{"Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site"},
		{"Origin", "null", "Sec-Fetch-Site", "cross-site"},
		{"Origin", "https://evil.test"},
		{"Origin", "null"},
		{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
		{"Sec-Fetch-Site", "same-site"},
	} {
		for _, try := range [][2]string{{"PATCH", "/v1/users/me"}, {"POST", "/v1/spaces"}, {"GET", "/v1/users/me"}, {"POST", "/v1/auth/logout"}, {"DELETE", "/v1/users/me"}} {
			for _, kind := range []string{"application/json", "text/plain", "application/x-www-form-urlencoded"} {
				a := s.ask(s.Context(), try[0], try[1], "", map[bool]string{true: `{"name":"Forged"}`}[try[0] != "GET"], append(from, "Cookie", session, "Content-Type", kind)...)
				assert.Contains(s, []int{401, 403, 404, 405, 415}, a.status, "%s %s from %v: %s", try[0], try[1], from, a.body)
				assert.Empty(s, a.header.Get("Access-Control-Allow-Origin"))
			}
		}
		// Nor is somebody signed in there as the attacker.
		a := s.ask(s.Context(), "POST", "/v1/auth/token", "", inCookies("surfing"), from...)
		assert.Equal(s, "400 cross_origin", a.word(), "%v", from)
		assert.Empty(s, a.header.Values("Set-Cookie"))
		form := url.Values{"username": {"surfing"}, "password": {theirPassword}}.Encode()
		a = s.ask(s.Context(), "POST", "/sign-in", "", form, append(from, "Content-Type", "application/x-www-form-urlencoded")...)
		assert.Equal(s, 403, a.status, "%v", from)
		assert.Empty(s, a.header.Values("Set-Cookie"))
	}
	assert.NotContains(s, me().body, "Forged")
	assert.Equal(s, "200", me().word())
}

func openRedirect(s *siege) {
	s.victim("led")
	session := cookiesOf(s.tokens("200", inCookies("led")))
	form := url.Values{"username": {"led"}, "password": {theirPassword}}.Encode()
	stays := *crowd
	stays.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	here := *s
	here.process = &process{url: s.url, http: &stays}
	leads := func(to string, headers ...string) string {
		got := here.ask(s.Context(), "GET", "/sign-in?return="+to, "", "", append(headers, "Cookie", session)...)
		signedIn := here.ask(s.Context(), "POST", "/sign-in?return="+to, "", form, "Content-Type", "application/x-www-form-urlencoded")
		assert.Equal(s, got.header.Get("Location"), signedIn.header.Get("Location"), to)
		return got.header.Get("Location")
	}
	require.Equal(s, "https://usher.example.com/a?b", leads("https://usher.example.com/a?b"))
	for _, to := range []string{
		"https://evil.test/", "//evil.test/", "///evil.test", `/%5Cevil.test`, `https:%5C%5Cevil.test`, "https:evil.test", "https://usher.example.com@evil.test/",
		"https://usher.example.com%5C@evil.test/", "https://usher.example.com.evil.test/", "https://usher.example.com:8443/", "https://evil.test%23@usher.example.com/",
		"https%3A%2F%2Fevil.test", "javascript:alert(1)", "javascript://usher.example.com/%250aalert(1)", "data:text/html,x", "%0d%0aLocation:https://evil.test",
		"https://usher.example.com/%0d%0aSet-Cookie:a=b%0d%0a", "https://u%C5%9Fher.example.com/", "https://usher.example.com%E3%80%82evil.test/", "https://evil.test/?https://usher.example.com/",
		"%09https://evil.test", "https://evil.test%00.usher.example.com/", "/v1/users/me", "",
	} {
		if at := leads(to, "Host", "evil.test"); at != "" {
			assert.Equal(s, "https://usher.example.com/%0d%0aSet-Cookie:a=b%0d%0a", at, "%q leads there", to) // a path, encoded
		}
	}
}
