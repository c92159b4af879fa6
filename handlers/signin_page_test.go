package handlers_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/handlers"
	"usher/internal/store/storetest"
)

const aReturn = publicURL + "/a%20page?x=1&y=%26"

// A browser keeps cookies, and runs no scripts.
type browser struct {
	*scene
	jar *cookiejar.Jar
}

func (sc *scene) browser() browser {
	sc.t.Helper()
	jar, err := cookiejar.New(nil)
	must(sc.t, err)
	return browser{sc, jar}
}

// at is where the cookies belong.
func at(t testing.TB, path string) *url.URL {
	t.Helper()
	u, err := url.Parse(publicURL + path)
	must(t, err)
	return u
}

// cookies are the names of those that go to a path.
func (b browser) cookies(path string) (names string) {
	b.t.Helper()
	for _, c := range b.jar.Cookies(at(b.t, path)) {
		names += c.Name + " "
	}
	return names
}

// visit asks for a page, or sends a form; headers come in pairs.
func (b browser) visit(method, path string, form url.Values, headers ...string) reply {
	b.t.Helper()
	req := httptest.NewRequestWithContext(b.t.Context(), method, publicURL+path, strings.NewReader(form.Encode()))
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	here := at(b.t, strings.Split(path, "?")[0])
	for _, c := range b.jar.Cookies(here) {
		req.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, req)
	b.jar.SetCookies(here, (&http.Response{Header: w.Header()}).Cookies())
	return reply{status: w.Code, header: w.Header(), raw: w.Body.String()}
}

func (b browser) gets(want int, location string, got reply) reply {
	b.t.Helper()
	if got.status != want || got.header.Get("Location") != location {
		b.t.Fatalf("%d to %q, want %d to %q\n%s", got.status, got.header.Get("Location"), want, location, got.raw)
	}
	return got
}

func signInForm(username, password string) url.Values {
	return url.Values{"username": {username}, "password": {password}}
}

// page is the address of the page, for the scene's workspace.
func (b browser) page() string { return "/sign-in?client_id=" + b.id["web"] + "&return=" + aReturn }

// signIn is what a person does at the page.
func (b browser) signIn() {
	b.t.Helper()
	b.gets(303, aReturn, b.visit("POST", b.page(), signInForm("admin@here.test", goodPass)))
}

func (b browser) verified() int { return b.visit("GET", "/v1/auth/verify", nil).status }

func TestSignInPageReturnsWhoSignsIn(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		b := d.newScene(t, "true", "open").browser()
		for _, page := range []string{"/sign-in?return=" + aReturn, "/sign-in?return=" + url.QueryEscape(aReturn), "/sign-in?return=" + url.QueryEscape(aReturn) + "&x=y"} {
			got := b.gets(200, "", b.visit("GET", page, nil))
			for _, part := range []string{
				`<form method="post" action="` + publicURL + `/sign-in?return=` + strings.ReplaceAll(url.QueryEscape(aReturn), "+", "&#43;") + `">`,
				`<label for="username">`, `<label for="password">`, `autocomplete="current-password"`, `<html lang="en">`,
			} {
				if !strings.Contains(got.raw, part) {
					t.Errorf("%s: no %s in\n%s", page, part, got.raw)
				}
			}
			if strings.Contains(got.raw, "<script") || strings.Contains(got.raw, "style=") {
				t.Errorf("a script, or a style of its own: %s", got.raw)
			}
			for name, want := range map[string]string{
				"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Content-Type": "text/html; charset=utf-8",
				"Content-Security-Policy": "default-src 'none'; script-src 'self' https://usher.test; style-src 'self' https://usher.test; form-action 'self' https://usher.test; base-uri 'none'; frame-ancestors 'none'",
			} {
				if got.header.Get(name) != want {
					t.Errorf("%s: %q", name, got.header.Get(name))
				}
			}
		}
		if b.verified() != 401 {
			t.Error("looking at the page signs in")
		}
		b.signIn()
		if b.verified() != 200 {
			t.Error("signed in, and yet nobody")
		}
		b.gets(303, aReturn, b.visit("GET", b.page(), nil))
		if got := b.gets(200, "", b.visit("GET", "/sign-in", nil)); !strings.Contains(got.raw, "You are signed in") {
			t.Error(got.raw)
		}
		if got := b.visit("GET", "/account/page.css", nil); got.status != 200 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/css") {
			t.Errorf("%d %v", got.status, got.header)
		}
		// Without an address to return to, one stays.
		other := browser{b.scene, b.scene.browser().jar}
		other.gets(303, publicURL+"/sign-in", other.visit("POST", "/sign-in?client_id="+b.id["web"], signInForm("pupil", goodPass)))
	})
}

func TestSignInPageProlongsASession(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		b := d.newScene(t, "true", "open").browser()
		b.signIn()
		b.clock.Add((16 * time.Minute).Milliseconds())
		b.jar.SetCookies(at(t, "/"), []*http.Cookie{{Name: "accessToken", Path: "/", MaxAge: -1}}) // as browsers do by themselves
		if b.verified() != 401 {
			t.Error("what a proxy asks prolongs a session")
		}
		if got := b.gets(200, "", b.visit("HEAD", b.page(), nil)); got.header.Get("Set-Cookie") != "" {
			t.Error("a HEAD spends a refresh token")
		}
		b.gets(303, aReturn, b.visit("GET", b.page(), nil))
		if b.verified() != 200 {
			t.Error("not prolonged")
		}
		b.ok(204, b.signInAs(), "POST", "/v1/auth/logout", `{}`)
	})
}

// signInAs is another session of the same account, which ends all of them.
func (b browser) signInAs() string { return b.door.signIn(b.id["web"], "admin@here.test") }

func TestSignInPageEndsWhereTheSessionDoes(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		b := d.newScene(t, "true", "open").browser()
		b.gets(303, aReturn, b.visit("POST", b.page(), signInForm("pupil", goodPass)))
		b.fill("PUT", "administrator", "/v1/users/{pupil}/block", "")
		b.gets(200, "", b.visit("GET", b.page(), nil))
		if left := b.cookies("/sign-in"); left != "" {
			t.Errorf("what is of no use any more stays: %s", left)
		}
		b.gets(400, "", b.visit("POST", b.page(), signInForm("pupil", goodPass)))
	})
}

// TestSignInPageGoesRoundThrice: a proxy that lets nobody in, whoever comes, must not keep a browser going for ever.
func TestSignInPageGoesRoundThrice(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		b := d.newScene(t, "true", "open").browser()
		b.signIn()
		for range 3 {
			b.gets(303, aReturn, b.visit("GET", b.page(), nil))
		}
		got := b.gets(200, "", b.visit("GET", b.page(), nil))
		if !strings.Contains(got.raw, `<a href="`+strings.ReplaceAll(aReturn, "&", "&amp;")+`"`) {
			t.Error(got.raw)
		}
		b.gets(303, aReturn, b.visit("GET", b.page(), nil)) // who follows the link begins anew
	})
}

func TestSignInPageTakesNobodyElsewhere(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		b := d.newScene(t, "true", "open").browser()
		bad := []string{
			"https://evil.test/", "//evil.test/", "/%5cevil.test", "https://usher.test@evil.test/", "https:%2f%2fevil.test", "javascript:alert(1)",
			"javascript%3Aalert(1)", "https%3A%2F%2Fevil.test%2F", "%zz", "", "https://usher.test%0d%0aSet-Cookie:a=b", "https://usher.test:8443/", "a&return=" + aReturn,
		}
		for _, signedIn := range []bool{false, true} {
			for _, address := range bad {
				for _, form := range []url.Values{nil, signInForm("admin@here.test", goodPass)} {
					method := map[bool]string{true: "GET", false: "POST"}[form == nil]
					got := b.gets(400, "", b.visit(method, "/sign-in?return="+address, form))
					if strings.Contains(got.raw, "evil") || got.header.Get("Set-Cookie") != "" {
						t.Errorf("%s %s: %s", method, address, got.raw)
					}
				}
			}
			b.gets(400, "", b.visit("GET", "/sign-in?to="+aReturn, nil))
			if !signedIn {
				b.signIn()
			}
		}
	})
}

func TestSignInPageIsNoWayForOtherSites(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		b := d.newScene(t, "true", "open").browser()
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.test"}, {"Origin", "null"}, {"Origin", "http://usher.test:81"},
		} {
			got := b.gets(403, "", b.visit("POST", b.page(), signInForm("admin@here.test", goodPass), headers...))
			if got.header.Get("Set-Cookie") != "" {
				t.Errorf("%v: cookies of somebody else's choice", headers)
			}
		}
		for _, headers := range [][]string{{"Sec-Fetch-Site", "same-origin", "Origin", "null"}, {"Origin", publicURL}, nil} {
			b.gets(303, aReturn, b.visit("POST", b.page(), signInForm("admin@here.test", goodPass), headers...))
		}
		b.gets(415, "", b.visit("POST", b.page(), signInForm("admin@here.test", goodPass), "Content-Type", "text/plain"))
	})
}

// TestSignInPageProlongsNothingForOtherPages: who is led here by a link gets on, and what another page embeds comes to
// nothing.
func TestSignInPageProlongsNothingForOtherPages(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		b := d.newScene(t, "true", "open").browser()
		b.signIn()
		b.jar.SetCookies(at(t, "/"), []*http.Cookie{{Name: "accessToken", Path: "/", MaxAge: -1}})
		for _, headers := range [][]string{
			{"Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
			{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"},
			{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Origin", "https://evil.test"},
			{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Origin", "null"},
		} {
			got := b.gets(200, "", b.visit("GET", b.page(), nil, append(headers, "Sec-Fetch-Site", "same-site")...))
			if got.header.Get("Set-Cookie") != "" {
				t.Errorf("%v sets a cookie", headers)
			}
		}
		b.gets(303, aReturn, b.visit("GET", b.page(), nil,
			"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"))
	})
}

// TestSignInPageIsNoWayAroundTheLimits: its guesses and those at the API are one count.
func TestSignInPageIsNoWayAroundTheLimits(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		b := d.newScene(t, "true", "open").browser()
		seen := map[int]int{}
		for i := range 34 {
			if i%2 == 0 {
				seen[b.do("", "POST", "/v1/auth/token", `{"grant_type":"password","client_id":"`+b.id["web"]+`","username":"pupil","password":"wrong"}`).status]++
				continue
			}
			got := b.visit("POST", b.page(), signInForm("Pupil", "wrong"))
			seen[got.status]++
			if got.header.Get("Set-Cookie") != "" || !strings.Contains(got.raw, `role="alert"`) || !strings.Contains(got.raw, `value="Pupil"`) {
				t.Errorf("%d %v %s", got.status, got.header, got.raw)
			}
			if got.status == 429 && got.header.Get("Retry-After") == "" {
				t.Error("it does not say how long to wait")
			}
		}
		if seen[400] != 30 || seen[429] != 4 {
			t.Errorf("answers: %v", seen)
		}
		got := b.visit("POST", b.page(), signInForm(`"><script>alert(1)</script>`, "wrong"))
		if got.status != 400 || strings.Contains(got.raw, "<script>") {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
}

// TestSignInPageReturnsToNamedHosts, which its policy lets a form lead to.
func TestSignInPageReturnsToNamedHosts(t *testing.T) {
	t.Parallel()
	d := open(t, storetest.Bolt(t), func(deps *handlers.Deps) { deps.ReturnHosts = []string{"app.test:8443"} })
	b := d.newScene(t, "true", "open").browser()
	page := "/sign-in?client_id=" + b.id["web"] + "&return=https://app.test:8443/x"
	if got := b.gets(200, "", b.visit("GET", page, nil)); !strings.Contains(got.header.Get("Content-Security-Policy"), " app.test:8443;") {
		t.Error(got.header)
	}
	b.gets(303, "https://app.test:8443/x", b.visit("POST", page, signInForm("admin@here.test", goodPass)))
	b.gets(400, "", b.visit("GET", "/sign-in?return=https://app.test/x", nil))
}
