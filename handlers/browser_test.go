package handlers_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/handlers"
	"usher/internal/browsertest"
	"usher/internal/store/storetest"
)

// A watch is a server that notes what it answers to requests that a browser says come from other origins.
type watch struct {
	http.Handler
	mu   sync.Mutex
	seen []string // status, method and path
	set  []string // cookies that were set
}

func (w *watch) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	site, where := r.Header.Get("Sec-Fetch-Site"), r.Method+" "+r.URL.Path
	kept := httptest.NewRecorder()
	w.Handler.ServeHTTP(kept, r)
	for name, values := range kept.Header() {
		out.Header()[name] = values
	}
	out.WriteHeader(kept.Code)
	_, _ = out.Write(kept.Body.Bytes())
	if site == "same-origin" || site == "none" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, http.StatusText(kept.Code)+" "+where)
	w.set = append(w.set, kept.Header().Values("Set-Cookie")...)
}

// take is what was noted since it was taken last.
func (w *watch) take() (seen, set []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen, set, w.seen, w.set = w.seen, w.set, nil, nil
	return seen, set
}

// elsewhere is a page of another origin: on the site of 127.0.0.1, or on that of localhost.
func elsewhere(t *testing.T, host string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>elsewhere</title>"))
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", host, 1)
}

// A visitor is a real browser before a real server.
type visitor struct {
	*scene
	browsertest.Page
	url string
	*watch
}

func (v visitor) fetch(method, path, body, more string) string {
	v.t.Helper()
	names := v.names()
	text, err := json.Marshal(names.Replace(body))
	must(v.t, err)
	if body == "" {
		text = []byte("undefined")
	}
	return v.Says(`fetch("` + v.url + names.Replace(path) + `", {method: "` + method + `", body: ` + string(text) + `, credentials: "include", ` + more + `})
		.then(r => r.text().then(t => r.status + " " + t), e => "refused: " + e)`)
}

const asJSON = `headers: {"Content-Type": "application/json"}`

// gets requires that the page is answered so.
func (v visitor) gets(want, method, path, body, more string) {
	v.t.Helper()
	if got := v.fetch(method, path, body, more); !strings.HasPrefix(got, want) {
		v.t.Errorf("%s %s: %s, want %s", method, path, got, want)
	}
}

// isHimself requires that our own page finds the pupil signed in.
func (v visitor) isHimself(after string) {
	v.t.Helper()
	v.Visit(v.url + "/docs")
	if got := v.fetch("GET", "/v1/users/me", "", ""); !strings.HasPrefix(got, "200") || !strings.Contains(got, v.id["pupil"]) {
		v.t.Errorf("after %s: %s", after, got)
	}
}

// TestInARealBrowser: what the tests of the cookies say of browsers is what a browser does.
func TestInARealBrowser(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	url := "http://" + server.Listener.Addr().String()
	neighbour, stranger := elsewhere(t, "127.0.0.1"), elsewhere(t, "localhost")
	app, farApp := elsewhere(t, "127.0.0.1"), elsewhere(t, "localhost")
	d := open(t, storetest.Bolt(t), func(deps *handlers.Deps) { deps.PublicURL, deps.CORSOrigins = url, []string{app, farApp} })
	v := visitor{d.newScene(t, "true", "open"), browsertest.Open(t), url, &watch{Handler: d.api}}
	server.Config.Handler = v.watch
	server.Start()
	t.Cleanup(server.Close)

	v.Visit(url + "/docs")
	v.gets("200", "POST", "/v1/auth/token", byPassword, asJSON)
	if told := v.Says("document.cookie"); told != "" {
		t.Errorf("a script sees %q", told)
	}
	v.isHimself("signing in")
	d.clock.Add((16 * time.Minute).Milliseconds())
	v.gets("200 200 200 200", "GET", "/v1/users/me", "", `}).then(() => Promise.all([1, 2, 3].map(() => fetch("/v1/users/me"))))
		.then(all => ({text: () => Promise.resolve(""), status: [200, ...all.map(r => r.status)].join(" ")}), {`)
	v.isHimself("minute 16")

	// A guest link in the same browser.
	v.gets("200", "POST", "/room/{alias}/v1/access/redeem", `{"accessToken":"{linkToken}","useCookies":true}`, asJSON)
	v.gets("200", "GET", "/room/{alias}/v1/access/seat", "", "")
	v.gets("403", "GET", "/v1/access/seat", "", "")
	v.isHimself("opening a guest link")

	v.take()
	for _, origin := range []string{neighbour, stranger} {
		v.attack(origin)
	}
	v.namedOrigins(app, farApp)
	v.Visit(url + "/docs")
	v.gets("204", "POST", "/v1/auth/logout", "", "")
	v.gets("401", "GET", "/v1/users/me", "", "")
	v.gets("200", "GET", "/room/{alias}/v1/access/seat", "", "")
}

// attack does what a page of another origin can: it reads, writes, and signs somebody else in.
func (v visitor) attack(origin string) {
	v.t.Helper()
	const form = `grant_type=password&client_id={web}&username=outsider&useCookies=true&password=`
	pass := strings.ReplaceAll(goodPass, " ", "+")
	v.Visit(origin)
	v.gets("refused", "GET", "/v1/users/me", "", "")
	v.gets("refused", "POST", "/v1/auth/token", byPassword, asJSON)
	v.gets("0 ", "GET", "/v1/users/me", "", `mode: "no-cors"`)
	v.gets("0 ", "POST", "/v1/auth/logout", "", `mode: "no-cors"`)
	v.gets("0 ", "POST", "/v1/auth/token", form+pass, `mode: "no-cors", headers: {"Content-Type": "application/x-www-form-urlencoded"}`)
	v.Says(`new Promise(done => {
		document.body.innerHTML = '<iframe name="f"></iframe><form method="post" target="f" action="` + v.url + `/v1/auth/token">' +
			"` + v.names().Replace(form+goodPass) + `".split("&").map(p => '<input name="' + p.split("=")[0] + '" value="' + p.split("=")[1] + '">').join("") + "</form>";
		document.querySelector("iframe").onload = () => done("");
		document.forms[0].submit();
	})`)
	seen, set := v.take()
	if len(set) != 0 {
		v.t.Errorf("from %s: %d cookies are set", origin, len(set))
	}
	if len(seen) < 5 {
		v.t.Errorf("from %s came only %v", origin, seen)
	}
	for _, answer := range seen {
		if strings.HasPrefix(answer, "OK") || strings.HasPrefix(answer, "No Content") {
			v.t.Errorf("from %s: %s", origin, answer)
		}
	}
	v.isHimself("an attack from " + origin)
}

// namedOrigins: one on our site comes with the cookies, one elsewhere with a token.
func (v visitor) namedOrigins(near, far string) {
	v.t.Helper()
	v.Visit(near)
	v.gets("200", "GET", "/v1/users/me", "", "")
	v.gets("200", "PATCH", "/v1/users/me", `{"name":"New Name"}`, asJSON)
	v.Visit(far)
	v.gets("401", "GET", "/v1/users/me", "", "")
	v.gets("200", "GET", "/v1/users/me", "", `headers: {"Authorization": "Bearer `+v.signIn(v.id["web"], "outsider")+`"}`)
	v.isHimself("named origins")
}
