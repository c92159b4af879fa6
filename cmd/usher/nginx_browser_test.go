package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// step is what a browser does with an address: it asks for the page or sends a form there, and says where it is sent on.
func (f *front) step(t *testing.T, address string, form url.Values) (status int, location, page string, through *http.Request) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
	require.NoError(t, err)
	if form != nil {
		req, err = http.NewRequestWithContext(t.Context(), "POST", address, strings.NewReader(form.Encode()))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "null") // as the page's policy has it
	}
	req.Header.Set("Accept", "text/html,*/*;q=0.8")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := f.browser.Do(req)
	require.NoError(t, err)
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	select {
	case through = <-f.reached:
	default:
	}
	return res.StatusCode, res.Header.Get("Location"), string(text), through
}

// A browser without a session comes to the form, and from there to the page that it wanted; later its session goes on
// without anybody noticing.
func TestNginxBringsABrowserBack(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		f := fronting(t, dir, flags)
		jar, err := cookiejar.New(nil)
		require.NoError(t, err)
		f.browser.Jar = jar
		wanted := f.url + "/a%20page?x=1&y=%26"

		status, signIn, _, through := f.step(t, wanted, nil)
		require.Nil(t, through)
		require.Equal(t, 302, status)
		status, _, page, _ := f.step(t, signIn, nil)
		require.Equal(t, 200, status)
		require.Contains(t, page, `<form method="post"`)
		status, location, _, _ := f.step(t, signIn, url.Values{"username": {adminEmail}, "password": {adminPassword}})
		require.Equal(t, 303, status)
		require.Equal(t, wanted, location)
		_, _, _, through = f.step(t, wanted, nil)
		require.NotNil(t, through)
		assert.Equal(t, "user", through.Header.Get("X-Usher-Kind"))
		assert.NotContains(t, through.Header.Get("Cookie"), "refreshToken", "the application gets no refresh token")

		site, err := url.Parse(f.url)
		require.NoError(t, err)
		jar.SetCookies(site, []*http.Cookie{{Name: "accessToken", Path: "/", MaxAge: -1}}) // as when it is over
		status, location, _, through = f.step(t, wanted, nil)
		require.Nil(t, through)
		require.Equal(t, []any{302, signIn}, []any{status, location})
		status, location, _, _ = f.step(t, signIn, nil)
		require.Equal(t, []any{303, wanted}, []any{status, location}, "nobody is asked for a password")
		_, _, _, through = f.step(t, wanted, nil)
		require.NotNil(t, through)

		// Another site's page cannot use the application with those cookies.
		for _, from := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.test"}}, {"Origin": {"https://evil.test"}}} {
			f.kept(t, 401, "POST", "/anything", "", from)
		}
		_, _, through = f.visit(t, "POST", "/anything", "", http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {f.url}})
		assert.NotNil(t, through)
	})
}

// A guest's cookies are of his room: with them he comes to what the application has there, and to nothing else.
func TestNginxKnowsAGuestByHisCookies(t *testing.T) {
	t.Parallel()
	f := fronting(t, t.TempDir(), nil)
	s := stageAt(t, f.process)
	link := f.made(t, "/v1/spaces/"+s.space+"/rooms/"+s.room+"/generate-access", s.ann, `{"username":"Joe","role":"user"}`)
	through := &process{url: f.url, http: f.browser}
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	f.browser.Jar = jar
	seat := through.ask(t.Context(), "POST", "/room/"+s.alias+"/v1/access/redeem", "", `{"useCookies":true,`+redemption(tokenOf(t, link))[1:],
		"Sec-Fetch-Site", "same-origin", "Cookie", "theirs=1")
	require.Equal(t, "200", seat.word(), seat.body)
	require.Empty(t, seat.Access)

	for path, cookies := range map[string]string{"/room/" + s.alias + "/board": "theirs=1; own=2", "/room/" + s.alias + "/": "theirs=1"} {
		seen := f.admitted(t, "GET", path, "", http.Header{"Cookie": {cookies}, "Sec-Fetch-Site": {"same-origin"}})
		assert.Equal(t, []string{"guest", "Joe", seat.SeatID}, []string{seen.Get("X-Usher-Kind"), seen.Get("X-Usher-Name"), seen.Get("X-Usher-User")})
		assert.NotContains(t, seen.Get("Cookie"), "refreshToken")
		for cookie := range strings.SplitSeq(cookies, "; ") {
			assert.Contains(t, seen.Get("Cookie"), cookie)
		}
	}
	f.kept(t, 401, "GET", "/anything", "", http.Header{"Sec-Fetch-Site": {"same-origin"}})
	f.kept(t, 401, "GET", "/room/abcdefghijkl/", "", http.Header{"Sec-Fetch-Site": {"same-origin"}})
}
