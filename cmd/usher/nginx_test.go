package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A front is an nginx with the configuration that deploy ships, between the world and an application. It asks the
// program, and answers at the program's public URL.
type front struct {
	*process
	url     string
	browser *http.Client
	reached chan *http.Request // what came through to the application
}

// fronting starts all three. nginx is given the socket that it is to listen on, as when it takes over from another.
func fronting(t *testing.T, dir string, flags []string) *front {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("no nginx for this test, and CI=true: %v", err)
	} else if err != nil {
		t.Skipf("no nginx for this test: install it, with its auth_request module: %v", err)
	}
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = socket.Close() }() // nginx has its own
	f := &front{url: "https://" + socket.Addr().String(), reached: make(chan *http.Request, 10)}
	f.process = servingAnn(t, dir, append(flags, "--public-url", f.url, "--trusted-proxies", "127.0.0.1")...)

	application := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f.reached <- r }))
	t.Cleanup(application.Close)
	plain := httptest.NewServer(application.Config.Handler)
	t.Cleanup(plain.Close)
	f.browser = application.Client() // trusts its certificate, which nginx shows, too
	f.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	file, err := socket.(*net.TCPListener).File()
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	cmd := exec.CommandContext(t.Context(), nginx, "-p", dir, "-e", "stderr", "-c", f.configuration(t, dir, plain.Listener.Addr(), application.TLS))
	cmd.Env, cmd.ExtraFiles, cmd.Stderr = []string{"NGINX=3;"}, []*os.File{file}, t.Output()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // which ends its workers, too
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Wait() })
	return f
}

// configuration is the shipped one, with the addresses and the certificate of this test, inside a main one.
func (f *front) configuration(t *testing.T, dir string, application net.Addr, shown *tls.Config) string {
	t.Helper()
	shipped, err := os.ReadFile("../../deploy/nginx/usher.conf")
	require.NoError(t, err)
	text := string(shipped)
	key, err := x509.MarshalPKCS8PrivateKey(shown.Certificates[0].PrivateKey)
	require.NoError(t, err)
	for _, change := range [][2]string{
		{"127.0.0.1:8080", strings.TrimPrefix(f.process.url, "http://")},
		{"127.0.0.1:3000", application.String()},
		{"listen 443 ssl", "listen " + strings.TrimPrefix(f.url, "https://") + " ssl"},
		{"/etc/nginx/tls/app.example.com.pem", filepath.Join(dir, "shown.pem")},
		{"/etc/nginx/tls/app.example.com.key", filepath.Join(dir, "shown.key")},
		{"/var/log/nginx/access.log", filepath.Join(dir, "access.log")},
	} {
		require.Contains(t, text, change[0])
		text = strings.ReplaceAll(text, change[0], change[1])
	}
	for name, content := range map[string]string{
		"usher.conf": text,
		"shown.pem":  string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: shown.Certificates[0].Certificate[0]})),
		"shown.key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		"nginx.conf": `daemon off; user root; worker_processes 1; pid nginx.pid; error_log stderr warn; events {}
			http {
				access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
				include usher.conf;
			}`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return filepath.Join(dir, "nginx.conf")
}

// visit asks nginx. The header is sent as it stands; what reaches the application is nil where nothing does.
func (f *front) visit(t *testing.T, method, path, token string, header http.Header) (status int, told http.Header, reached *http.Request) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, f.url+path, strings.NewReader("a body"))
	require.NoError(t, err)
	if strings.Contains(path, `\`) {
		req.URL.Opaque = path // or it would be encoded
	}
	req.Header = http.Header{}
	for name, values := range header {
		req.Header[name] = values
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := f.browser.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	select {
	case r := <-f.reached: // before its answer went
		return res.StatusCode, res.Header, r
	default:
		return res.StatusCode, res.Header, nil
	}
}

// admitted requires that the application was reached, and gives what it learned.
func (f *front) admitted(t *testing.T, method, path, token string, header http.Header) http.Header {
	t.Helper()
	status, _, reached := f.visit(t, method, path, token, header)
	require.Equal(t, 200, status, path)
	require.NotNil(t, reached, "%s was answered by somebody else", path)
	return reached.Header
}

// kept requires that it was not.
func (f *front) kept(t *testing.T, status int, method, path, token string, header http.Header) (told http.Header) {
	t.Helper()
	got, told, reached := f.visit(t, method, path, token, header)
	assert.Nil(t, reached, "%s came through to the application", path)
	assert.Equal(t, status, got, path)
	return told
}

// A stage is what Ann has set up: a room of hers with a guest.
type stage struct {
	ann, me, space, room, alias string
	guest                       answer
}

func stageAt(t *testing.T, p *process) (s stage) {
	t.Helper()
	s.ann = p.signIn(t)
	s.me = p.ask(t.Context(), "GET", "/v1/users/me", s.ann, "").ID
	s.space = p.made(t, "/v1/spaces", s.ann, `{"name":"School"}`).ID
	room := p.made(t, "/v1/spaces/"+s.space+"/rooms", s.ann, `{"name":"Algebra"}`)
	s.room, s.alias = room.ID, room.Alias
	link := p.made(t, "/v1/spaces/"+s.space+"/rooms/"+s.room+"/generate-access", s.ann, `{"username":"Zoë 🎓","role":"user"}`)
	s.guest = p.ask(t.Context(), "POST", "/v1/access/redeem", "", redemption(tokenOf(t, link)))
	require.Equal(t, "200", s.guest.word())
	return s
}

func TestNginxLetsThroughWhomUsherKnows(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		f := fronting(t, dir, flags)
		s := stageAt(t, f.process)
		room := "/room/" + s.alias

		for _, method := range []string{"GET", "POST", "DELETE"} {
			seen := f.admitted(t, method, "/anything?x=1", s.ann, nil)
			assert.Equal(t, s.me, seen.Get("X-Usher-User"))
			assert.Equal(t, "user", seen.Get("X-Usher-Kind"))
			assert.Len(t, seen.Get("X-Usher-Session"), 24)
			assert.Len(t, seen.Get("X-Usher-Workspace"), 24)
			assert.Empty(t, seen.Values("X-Usher-Room"), "nothing was asked about a room")
		}
		assert.Equal(t, "role_room_owner", f.admitted(t, "GET", room+"/", s.ann, nil).Get("X-Usher-Role"))
		seen := f.admitted(t, "POST", room+"/board?x=1", s.guest.Access, nil)
		assert.Equal(t, []string{s.guest.SeatID, "guest", "Zo%C3%AB%20%F0%9F%8E%93", "role_room_user"},
			[]string{seen.Get("X-Usher-User"), seen.Get("X-Usher-Kind"), seen.Get("X-Usher-Name"), seen.Get("X-Usher-Role")})
		assert.Equal(t, []string{"127.0.0.1"}, seen.Values("X-Forwarded-For"))

		// The guest's room is one, and what is in front of the others is not in the client's hands.
		f.kept(t, 403, "GET", "/anything", s.guest.Access, nil)
		f.kept(t, 403, "GET", "/anything?room="+s.alias, s.guest.Access, nil)
		f.kept(t, 403, "GET", "/room/abcdefghijkl/", s.guest.Access, nil)
		for _, path := range []string{
			"/admin/..%2Frooms/" + s.alias + "/", "/admin/%2e%2e/room/" + s.alias + "/", "/admin/../room/" + s.alias + "/",
			"//room/" + s.alias + "/", room + "/..%2f..%2fadmin", room + `/..\admin`, room + "/%5cadmin", room + "/.",
		} {
			f.kept(t, 400, "GET", path, s.guest.Access, nil)
		}

		// What has ended is refused at the next request.
		old := s.ann
		changed := f.ask(t.Context(), "POST", "/v1/users/me/password", old, fmt.Sprintf(`{"oldPassword":%q,"newPassword":"another horse 8 battery"}`, adminPassword))
		require.Equal(t, "200", changed.word())
		f.kept(t, 401, "GET", "/anything", old, nil)
		f.admitted(t, "GET", "/anything", changed.Access, nil)
		require.Equal(t, "204", f.ask(t.Context(), "DELETE", "/v1/access/seat", s.guest.Access, "").word())
		f.kept(t, 401, "GET", room+"/", s.guest.Access, nil)
	})
}

// What is Usher's gets to Usher, and the answer back: every page that it leads people to.
func TestNginxLeavesUsherItsPages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := fronting(t, dir, nil)
	s := stageAt(t, f.process)
	for _, path := range []string{
		"/v1/auth/sessions", "/room/" + s.alias + "/v1/users/me", "/pagecall/v1/users", "/pagecall/v1/openapi.yaml", "/docs", "/openapi.yaml", "/problems",
		"/.well-known/jwks.json", "/sign-in", "/pages/page.js", "/captcha/altcha.js", "/account/page.css", "/reset-password", "/confirm-sign-up", "/join-staff",
		"/verify-email", "/confirm-email", "/undo-email", "/invite/" + s.space + "/" + s.room, "/meet?room_id=" + s.room, "/room/" + s.alias,
		"/console", "/console/users", "/console/assets/console.css", "/pictures/" + s.me + "/none.jpg",
	} {
		direct, err := http.NewRequestWithContext(t.Context(), "GET", f.process.url+path, nil)
		require.NoError(t, err)
		direct.Host = strings.TrimPrefix(f.url, "https://")
		want, err := f.browser.Do(direct)
		require.NoError(t, err)
		require.NoError(t, want.Body.Close())
		told := f.kept(t, want.StatusCode, "GET", path, "", nil)
		require.NotEmpty(t, told.Get("X-Request-Id"), path)
		require.Equal(t, want.Header.Get("Location"), told.Get("Location"), path)
	}
	for _, opens := range []string{"/meet?room_id=" + s.room + "&access_token=its-token", "/room/" + s.alias + "?accessToken=its-token"} {
		f.kept(t, 303, "GET", opens, "", nil)
	}
	var log []byte
	require.Eventually(t, func() bool { // a line is written behind its answer
		log, _ = os.ReadFile(filepath.Join(dir, "access.log"))
		return strings.Contains(string(log), "GET /meet HTTP") && strings.HasSuffix(string(log), "\n") && strings.Contains(string(log), `GET /room/`+s.alias+` HTTP/1.1" 303`)
	}, soon, 10*time.Millisecond)
	require.NotContains(t, string(log), "its-token")
}

func TestNginxSendsBrowsersToSignIn(t *testing.T) {
	t.Parallel()
	f := fronting(t, t.TempDir(), nil)
	const page = "/a%20page?x=1&y=%26"
	browser := http.Header{"Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}}
	for _, method := range []string{"GET", "HEAD"} {
		told := f.kept(t, 302, method, page, "", browser)
		assert.Equal(t, f.url+"/sign-in?return="+f.url+page, told.Get("Location"))
	}
	for _, row := range []struct {
		method, token string
		header        http.Header
	}{
		{"POST", "", browser}, {"GET", "", http.Header{"Accept": {"application/json"}}}, {"GET", "", nil}, {"GET", "garbage", nil},
	} {
		told := f.kept(t, 401, row.method, page, row.token, row.header)
		assert.True(t, strings.HasPrefix(told.Get("WWW-Authenticate"), "Bearer"), "%v", told)
	}

	require.NoError(t, f.Process.Kill())
	<-f.ended
	told := f.kept(t, 503, "GET", page, "", browser)
	assert.Equal(t, "1", told.Get("Retry-After"))
}

// Whatever a client calls its headers, the application hears of it from Usher or not at all.
func TestNginxLetsNoForgedIdentityThrough(t *testing.T) {
	t.Parallel()
	f := fronting(t, t.TempDir(), nil)
	s := stageAt(t, f.process)
	forged := http.Header{}
	for _, field := range []string{"User", "Session", "Workspace", "Kind", "Name", "Room", "Role"} {
		for _, name := range []string{"X-Usher-" + field, "x-usher-" + strings.ToLower(field), "X_Usher_" + field, "X-Usher_" + field, "X_USHER-" + strings.ToUpper(field)} {
			forged[name] = []string{"forged", "forged twice\tand more"}
		}
	}
	forged["Connection"] = []string{"X-Usher-User, X-Usher-Kind"}
	forged["X-Forwarded-For"] = []string{"10.9.8.7"}
	forged["X-Original-Method"], forged["X-Forwarded-Uri"], forged["X-Forwarded-Host"] = []string{"HEAD"}, []string{"/public"}, []string{"evil.example"}
	for path, token := range map[string]string{"/anything": s.ann, "/room/" + s.alias + "/": s.guest.Access} {
		seen := f.admitted(t, "GET", path, token, forged)
		said := 0
		for name, values := range seen {
			if plain := strings.ToLower(strings.ReplaceAll(name, "_", "-")); strings.HasPrefix(plain, "x-usher-") {
				said++
				assert.Len(t, values, 1, name)
				assert.NotContains(t, values[0], "forged", name)
				assert.NotContains(t, name, "_")
			}
		}
		assert.GreaterOrEqual(t, said, 5)
		assert.Equal(t, []string{"127.0.0.1"}, seen.Values("X-Forwarded-For"))
	}
	f.kept(t, 401, "GET", "/anything", "", forged)
	f.kept(t, 403, "GET", "/anything", s.guest.Access, forged)
}
