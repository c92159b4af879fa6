package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const half = `{"grant_type":"password",`

// underWay opens a request and sends half of its body.
func underWay(t *testing.T, p *process, body string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(soon)))
	// The server says 100 Continue when it reads the body: then the request is under way.
	_, err = fmt.Fprintf(conn, "POST /v1/auth/token HTTP/1.1\r\nHost: usher\r\nContent-Type: application/json\r\n"+
		"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body))
	require.NoError(t, err)
	going := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	_, err = io.ReadFull(conn, going)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 100 Continue\r\n\r\n", string(going))
	_, err = io.WriteString(conn, body[:len(half)])
	require.NoError(t, err)
	return conn
}

var stopping = regexp.MustCompile("msg=stopping")

func TestItStopsGracefully(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		p := serving(t, dir, flags...)
		assert.Equal(t, 200, p.status(t, "/readyz"))
		body := half + `"username":"nobody","password":"not the right one"}`
		conn := underWay(t, p, body)
		require.NoError(t, p.Process.Signal(syscall.SIGTERM))
		p.await(t, stopping)
		assert.Equal(t, 503, p.status(t, "/readyz"), "a balancer is told")
		assert.Equal(t, 200, p.status(t, "/livez"))
		awaitRefusal(t, conn.RemoteAddr().String())

		_, err := io.WriteString(conn, body[len(half):])
		require.NoError(t, err)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		answer, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, 400, res.StatusCode)
		assert.Contains(t, string(answer), "invalid_grant", "with the store still open")
		assert.Zero(t, p.awaitEnd(t))
		assert.Contains(t, p.log(), "msg=stopped")
	})
}

// awaitRefusal waits until nobody listens any more.
func awaitRefusal(t *testing.T, address string) {
	t.Helper()
	look, late := time.NewTicker(20*time.Millisecond), time.After(soon)
	defer look.Stop()
	for {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		require.NoError(t, conn.Close())
		select {
		case <-look.C:
		case <-late:
			t.Fatal("it still listens")
		}
	}
}

func TestASecondSignalEndsItAtOnce(t *testing.T) {
	t.Parallel()
	p := serving(t, t.TempDir())
	underWay(t, p, half+`"username":"nobody"}`)
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	p.await(t, stopping)
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	p.awaitEnd(t)
	status, ok := p.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	assert.True(t, status.Signaled(), p.log())
}

// Who listens in a room keeps no server from stopping: his stream ends, as a whole.
func TestItStopsWhileSomebodyListens(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		p := servingAnn(t, dir, flags...)
		admin := p.signIn(t)
		rooms := "/v1/spaces/" + p.made(t, "/v1/spaces", admin, `{"name":"School"}`).ID + "/rooms"
		room := rooms + "/" + p.made(t, rooms, admin, `{"name":"Algebra"}`).ID
		require.Equal(t, 200, p.ask(t.Context(), "POST", room+"/join", admin, "").status)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+room+"/events", http.NoBody)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+admin)
		res, err := p.http.Do(req)
		require.NoError(t, err)
		defer func() { _ = res.Body.Close() }()
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, 201, p.ask(t.Context(), "POST", room+"/messages", admin, `{"text":"Page 12, please."}`).status)
		lines := bufio.NewScanner(res.Body)
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
			continue
		}
		assert.Contains(t, lines.Text(), "Page 12, please.")
		require.NoError(t, p.Process.Signal(syscall.SIGTERM))
		for lines.Scan() {
			continue
		}
		require.NoError(t, lines.Err())
		assert.Zero(t, p.awaitEnd(t))
		assert.Contains(t, p.log(), "msg=stopped")
	})
}
