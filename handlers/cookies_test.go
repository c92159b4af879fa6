package handlers_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/handlers"
)

// A tab is a page in a browser: it keeps cookies as a browser does, by their paths, and says where it comes from.
type tab struct {
	*scene
	under string // what the page puts before the API's paths
	jar   *jar
}

type jar struct {
	mu   sync.Mutex
	kept map[string]*http.Cookie // by path and name
}

func (sc *scene) tab() tab { return tab{sc, "", &jar{kept: map[string]*http.Cookie{}}} }

// at is the same browser on the page of a room.
func (b tab) at(alias string) tab { return tab{b.scene, "/room/" + alias, b.jar} }

// ask sends a request as the page does, with more headers in pairs.
func (b tab) ask(method, path, body string, headers ...string) reply {
	b.t.Helper()
	names := b.names()
	path = b.under + names.Replace(path)
	r := httptest.NewRequestWithContext(b.t.Context(), method, publicURL+path, strings.NewReader(names.Replace(body)))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != "" {
		r.Header.Set("Content-Type", jsonKind)
	}
	b.jar.mu.Lock()
	for length := len(path); length > 0; length-- { // narrow paths first
		for _, cookie := range b.jar.kept {
			if under := strings.TrimSuffix(cookie.Path, "/"); len(cookie.Path) == length && strings.HasPrefix(path, under+"/") {
				r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
			}
		}
	}
	b.jar.mu.Unlock()
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, r)
	res := w.Result()
	_ = res.Body.Close()
	b.jar.keep(res.Cookies())
	return reply{status: w.Code, header: w.Header(), raw: w.Body.String(), body: decoded(w.Body.Bytes())}
}

func (j *jar) keep(cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, cookie := range cookies {
		j.kept[cookie.Path+" "+cookie.Name] = cookie
		if cookie.MaxAge < 0 {
			delete(j.kept, cookie.Path+" "+cookie.Name)
		}
	}
}

func (b tab) ok(status int, method, path, body string, headers ...string) reply {
	b.t.Helper()
	r := b.ask(method, path, body, headers...)
	if r.status != status {
		b.t.Fatalf("%s %s: %d, want %d\n%s", method, b.under+path, r.status, status, r.raw)
	}
	return r
}

const byPassword = `{"grant_type":"password","client_id":"{web}","username":"pupil","password":"` + goodPass + `","useCookies":true}`

func (b tab) signIn() {
	b.t.Helper()
	b.ok(200, "POST", "/v1/auth/token", byPassword)
}

func TestTokensTravelAsCookies(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		b := d.newScene(t, "true", "open").tab()
		r := b.ok(200, "POST", "/v1/auth/token", byPassword)
		if len(r.body) != 2 || r.text("token_type") != "Bearer" || r.body["expires_in"] != 900.0 {
			t.Errorf("the answer is %s", r.raw)
		}
		want := []string{"accessToken / 900", "refreshToken /v1 1814400", "refreshToken /sign-in 1814400", "refreshToken /console 1814400"}
		for i, line := range r.header.Values("Set-Cookie") {
			c, err := http.ParseSetCookie(line)
			must(t, err)
			if got := fmt.Sprintf("%s %s %d", c.Name, c.Path, c.MaxAge); i >= len(want) || got != want[i] {
				t.Errorf("a cookie is %s", got)
			}
			if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Domain != "" {
				t.Errorf("a cookie is set as %s", strings.Replace(line, c.Value, "…", 1))
			}
		}
		b.says(b.ok(200, "GET", "/v1/users/me", ""), "id", b.id["pupil"])
		b.says(b.ok(200, "GET", "/v1/users/me", "", "Authorization", "Bearer "+b.token["outsider"]), "id", b.id["outsider"])
		b.says(b.ok(401, "GET", "/v1/users/me", "", "Authorization", "Bearer x"), "code", "invalid_token")

		const again = `{"grant_type":"refresh_token","useCookies":true}`
		b.says(b.ok(400, "POST", "/v1/auth/token", again, "Authorization", "Bearer "+b.token["outsider"]), "error", "invalid_request")
		b.ok(200, "POST", "/v1/auth/token", again)
		b.says(b.ok(200, "POST", "/v1/auth/token", "grant_type=refresh_token&useCookies=true", "Content-Type", formKind), "access_token", nil)
		b.ok(200, "POST", "/v1/users/me/password", `{"oldPassword":"`+goodPass+`","newPassword":"another horse 8 battery","useCookies":true}`)
		b.ok(200, "GET", "/v1/users/me", "")
	})
}

// The page goes on when its access token is over, in however many tabs, and whether or not the cookie has gone with it.
func TestTheSessionGoesOnAtMinute16(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		b := d.newScene(t, "true", "open").tab()
		b.signIn()
		for _, gone := range []bool{false, true, false} {
			d.clock.Add((16 * time.Minute).Milliseconds())
			if gone {
				b.jar.keep([]*http.Cookie{{Name: "accessToken", Path: "/", MaxAge: -1}})
			}
			var tabs sync.WaitGroup
			for range 10 {
				tabs.Go(func() {
					if r := b.ask("GET", "/v1/users/me", ""); r.status != 200 || r.text("id") != b.id["pupil"] {
						t.Errorf("at minute 16: %d %s", r.status, r.raw)
					}
				})
			}
			tabs.Wait()
		}
	})
}

// However a session ends, its cookies go with it, and nothing but its cookies.
func TestCookiesGoWithTheSession(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "open")
		for how, end := range map[string]func(b tab) reply{
			"logout": func(b tab) reply { return b.ok(204, "POST", "/v1/auth/logout", "") },
			"ended": func(b tab) reply {
				for _, item := range b.ok(200, "GET", "/v1/auth/sessions", "").body["items"].([]any) {
					if one := (reply{body: item.(map[string]any)}); one.body["current"] == true {
						return b.ok(204, "DELETE", "/v1/auth/sessions/"+one.text("id"), "")
					}
				}
				return reply{}
			},
			"the user deletes himself": func(b tab) reply {
				b.user("gone", b.id["web"])
				b.ok(200, "POST", "/v1/auth/token", strings.Replace(byPassword, "pupil", "gone", 1))
				return b.ok(204, "DELETE", "/v1/users/me", `{"password":"`+goodPass+`"}`)
			},
			"ended elsewhere": func(b tab) reply {
				b.as("pupil", "DELETE", "/v1/auth/sessions", "")
				return b.ok(401, "GET", "/v1/users/me", "")
			},
			"ended elsewhere, and late": func(b tab) reply {
				b.as("pupil", "DELETE", "/v1/auth/sessions", "")
				b.jar.keep([]*http.Cookie{{Name: "accessToken", Path: "/", MaxAge: -1}})
				return b.ok(401, "GET", "/v1/users/me", "")
			},
			"the refresh token is no good": func(b tab) reply {
				b.as("pupil", "DELETE", "/v1/auth/sessions", "")
				return b.ok(400, "POST", "/v1/auth/token", `{"grant_type":"refresh_token","useCookies":true}`)
			},
		} {
			b := sc.tab()
			b.signIn()
			if end(b); len(b.jar.kept) != 0 {
				t.Errorf("%s: left are %v", how, b.jar.kept)
			}
		}
		b := sc.tab()
		b.signIn()
		b.ok(204, "POST", "/v1/auth/logout", "", "Authorization", "Bearer "+sc.token["outsider"])
		b.ok(200, "GET", "/v1/users/me", "")
	})
}

// Who opens a guest link in the browser in which he is signed in is a guest on the page of that room, and himself
// everywhere else.
func TestAGuestLinkReplacesNobody(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		b := d.newScene(t, "true", "open").tab()
		b.signIn()
		before := b.jar.kept["/ accessToken"].Value
		room := b.at(b.id["alias"])
		seat := room.ok(200, "POST", "/v1/access/redeem", `{"accessToken":"{linkToken}","useCookies":true}`)
		b.says(seat, "access_token", nil, "refresh_token", nil)
		for range 2 {
			b.says(room.ok(200, "GET", "/v1/access/seat", ""), "seatId", seat.text("seatId"))
			b.says(room.ok(200, "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/join", ""), "role", "role_room_moderator")
			b.says(room.ok(403, "GET", "/v1/users/me", ""), "code", "wrong_token")
			b.says(b.ok(200, "GET", "/v1/users/me", ""), "id", b.id["pupil"])
			b.ok(403, "GET", "/v1/access/seat", "")
			b.ok(401, "GET", "/room/abcdefghijkl/v1/access/seat", "")
			d.clock.Add((16 * time.Minute).Milliseconds())
		}
		if b.jar.kept["/ accessToken"].Value == before {
			t.Error("the teacher's session was not renewed beside the guest's")
		}
		room.ok(204, "DELETE", "/v1/access/seat", "")
		room.ok(401, "GET", "/v1/access/seat", "")
		b.ok(200, "GET", "/v1/users/me", "")
		if len(b.jar.kept) != 4 {
			t.Errorf("left are %v", b.jar.kept)
		}

		passer := b.tab()
		passer.ok(200, "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/join-as-guest", `{"name":"Passer-by","useCookies":true}`)
		b.says(passer.at(b.id["alias"]).ok(200, "GET", "/v1/access/seat", ""), "isAnonymous", true)
	})
}

// From where a request comes, by the headers that a browser sends, and whether its cookies count.
var whence = []struct {
	name    string
	headers []string
	counts  bool
}{
	{"our page", []string{"Sec-Fetch-Site", "same-origin"}, true},
	{"the address bar", []string{"Sec-Fetch-Site", "none"}, true},
	{"an old browser, our page", []string{"Sec-Fetch-Site", "", "Origin", publicURL}, true},
	{"no browser", []string{"Sec-Fetch-Site", ""}, true},
	{"a named origin", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://app.test"}, true},
	{"another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.test"}, false},
	{"another site, without saying which", []string{"Sec-Fetch-Site", "cross-site"}, false},
	{"another origin of our site", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://evil.usher.test"}, false},
	{"an old browser, another site", []string{"Sec-Fetch-Site", "", "Origin", "https://evil.test"}, false},
	{"a sandbox", []string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, false},
	{"an old browser, a sandbox", []string{"Sec-Fetch-Site", "", "Origin", "null"}, false},
	{"a link on another site", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, false},
}

// No request of another origin is authorised by a cookie, renewed by one, or given one; reading is no exception.
func TestCookiesCountForOurOwnPagesAlone(t *testing.T) {
	t.Parallel()
	for engine, fresh := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			d := open(t, fresh(t), func(deps *handlers.Deps) { deps.CORSOrigins = []string{"https://app.test"} })
			b := d.newScene(t, "true", "open").tab()
			b.signIn()
			for _, row := range whence {
				for _, late := range []bool{false, true} {
					if late {
						d.clock.Add((16 * time.Minute).Milliseconds())
					}
					b.visits(row.name, row.headers, row.counts)
				}
				b.signIn()
			}
			b.says(b.ok(200, "GET", "/v1/auth/verify", "", whence[len(whence)-1].headers...), "nothing", nil)
			b.ok(401, "GET", "/v1/auth/verify", "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image")
			b.ok(401, "POST", "/v1/auth/verify", "", "Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Origin", "https://evil.usher.test")
			b.ok(401, "GET", "/v1/auth/verify", "", "Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe")
			d.clock.Add((16 * time.Minute).Milliseconds())
			if r := b.ok(401, "GET", "/v1/auth/verify", ""); r.header.Get("Set-Cookie") != "" {
				t.Error("what a proxy asks is renewed")
			}
		})
	}
}

// visits asks for something to read, to write, and to set a cookie, from somewhere.
func (b tab) visits(from string, headers []string, counts bool) {
	b.t.Helper()
	for _, row := range []struct {
		method, path, body string
		own, others        int
	}{
		{"GET", "/v1/users/me", "", 200, 401},
		{"PATCH", "/v1/users/me", `{"name":"New Name"}`, 200, 401},
		{"POST", "/v1/auth/token", byPassword, 200, 400},
		{"POST", "/v1/auth/token", `{"grant_type":"refresh_token","useCookies":true}`, 200, 400},
		{"POST", "/v1/access/redeem", `{"accessToken":"{linkToken}","useCookies":true}`, 200, 403},
	} {
		r := b.ask(row.method, row.path, row.body, headers...)
		want := row.own
		if !counts {
			want = row.others
		}
		if r.status != want {
			b.t.Errorf("%s: %s %s: %d, want %d\n%s", from, row.method, row.path, r.status, want, r.raw)
		}
		if !counts && r.header.Get("Set-Cookie") != "" {
			b.t.Errorf("%s: %s %s sets a cookie", from, row.method, row.path)
		}
	}
}
