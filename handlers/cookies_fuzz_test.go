package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"usher/internal/store/storetest"
)

// FuzzCookies looks for cookies, or for headers that say where they come from, that make reading fail, write, or tell
// somebody's account to whom it is not for.
func FuzzCookies(f *testing.F) {
	whole := open(f, storetest.Bolt(f)).newScene(f, "true", "private")
	before := whole.applies.Load()
	sites := []string{"", "same-origin", "none", "same-site", "cross-site", "SAME-ORIGIN"}
	origins := []string{"", publicURL, "https://evil.test", "null", "https://usher.test.evil.test", "//usher.test", "https://usher.test:443"}
	if fuzzing() {
		sites, origins = sites[:2], origins[:3]
	}
	for _, cookie := range []string{
		"", "accessToken=<pupil>", "accessToken=<guest>", "accessToken=<client>; accessToken=<pupil>", "accessToken=x; refreshToken=y", "refreshToken=",
		`accessToken="<pupil>"`, "accessToken=<guest>; accessToken=<pupil>", "accessToken = <pupil>", "a=b; ;=; accessToken", strings.Repeat("accessToken=x; ", 9),
	} {
		for _, site := range sites {
			for _, origin := range origins {
				f.Add(cookie, site, origin, "")
			}
		}
		f.Add(cookie, "same-origin", "", "/room/abcdefghijkl")
		f.Add(cookie, "same-origin", "", "/room/%61bcdefghijkl/v1/../..")
	}
	f.Fuzz(func(t *testing.T, cookie, site, origin, under string) {
		sc := whole.in(t)
		at, err := url.Parse(publicURL + under + "/v1/users/me")
		if err != nil {
			return
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, publicURL, nil)
		r.URL = at
		cookie = sc.names().Replace(cookie)
		r.Header = http.Header{"Cookie": {cookie}, "Sec-Fetch-Site": {site}, "Origin": {origin}}
		w := httptest.NewRecorder()
		sc.api.ServeHTTP(w, r)
		if w.Code >= 500 || sc.applies.Load() != before || len(w.Header().Values("Set-Cookie")) > 0 && w.Code < 300 {
			t.Errorf("%s: %d, %d writes\n%s", at, w.Code, sc.applies.Load()-before, w.Body)
		}
		here, _ := url.Parse(origin)
		ours := site == "same-origin" || site == "none" || site == "" && (origin == "" || here != nil && here.Host == r.Host) || origin == publicURL
		id, _ := decoded(w.Body.Bytes())["id"].(string)
		switch {
		case w.Code >= 300:
		case !ours || strings.HasPrefix(under, "/room/"):
			t.Errorf("it is told to a page of another, by %q and %q, under %q", site, origin, under)
		case !holds(sc, cookie, id):
			t.Errorf("whose is that? %s", w.Body)
		}
	})
}

// holds reports whether a text has an access token of this user.
func holds(sc *scene, text, id string) bool {
	for actor, token := range sc.token {
		if id != "" && kindOf(actor) == "user" && claims(sc, token).text("sub") == id && strings.Contains(text, token) {
			return true
		}
	}
	return false
}
