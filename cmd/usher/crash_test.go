package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/redistest"
)

// TestWhatWasAcknowledgedSurvivesACrash kills the program, and its Redis, in the midst of writes. Each time, everything
// that was ever acknowledged is found again.
func TestWhatWasAcknowledgedSurvivesACrash(t *testing.T) {
	t.Parallel()
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		crash(t, func() ([]string, func()) { return nil, func() {} })
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		kept := t.TempDir()
		crash(t, func() ([]string, func()) {
			server := redistest.Start(t, "--dir", kept, "--appendfsync", "always")
			return []string{"--redis", server.URL()}, server.Kill
		})
	})
}

const (
	crashes  = 5
	visitors = 8
	each     = 300 // claims before each crash
)

// crash starts a store and the program on it, and kills both while visitors come and go.
func crash(t *testing.T, start func() (flags []string, kill func())) {
	dir, l := t.TempDir(), &ledger{t: t}
	flags, kill := start()
	p := servingAnn(t, dir, flags...)
	l.begin(p)
	for range crashes {
		enough := l.open()
		var wait sync.WaitGroup
		for range visitors {
			wait.Go(func() {
				for l.visit(p) {
					continue
				}
			})
		}
		select {
		case <-enough:
		case <-time.After(soon):
			t.Error("too few writes were acknowledged")
		}
		kill()
		require.NoError(t, p.Process.Kill())
		<-p.ended
		wait.Wait()
		flags, kill = start()
		p = servingAnn(t, dir, flags...)
		l.check(p)
	}
}

// A ledger has what was acknowledged, as what has to be answered from then on.
type ledger struct {
	t     *testing.T
	admin string // Ann's token
	ben   string // the id of one to whom she gives roles
	rooms string // the path of those that she makes

	mu     sync.Mutex
	claims []claim
	left   int
	enough chan struct{}
}

type claim struct {
	method, path, body string
	status             int
	says               string
}

func (l *ledger) begin(p *process) {
	l.admin = p.signIn(l.t)
	l.rooms = "/v1/spaces/" + p.made(l.t, "/v1/spaces", l.admin, `{"name":"School"}`).ID + "/rooms"
	l.ben = p.made(l.t, "/v1/users", l.admin, `{"email":"ben@example.com","username":"Ben","password":"`+adminPassword+`"}`).ID
}

// open begins to count, and returns what is closed when there is enough for a crash.
func (l *ledger) open() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left, l.enough = each, make(chan struct{})
	return l.enough
}

func (l *ledger) claim(c claim) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.claims = append(l.claims, c)
	if l.left--; l.left == 0 {
		close(l.enough)
	}
}

// check makes sure of every claim.
func (l *ledger) check(p *process) {
	queue := make(chan claim)
	var wait sync.WaitGroup
	for range visitors {
		wait.Go(func() {
			for c := range queue {
				got := p.ask(l.t.Context(), c.method, c.path, l.admin, c.body)
				if got.status != c.status || !strings.Contains(got.body, c.says) {
					l.t.Errorf("%+v: %+v", c, got)
				}
			}
		})
	}
	for _, c := range l.claims {
		queue <- c
	}
	close(queue)
	wait.Wait()
	l.t.Logf("%d claims hold", len(l.claims))
	require.False(l.t, l.t.Failed())
}

// write makes a request that has to be acknowledged, as long as there is somebody to do so.
func (l *ledger) write(p *process, method, path, body string) (got answer, acknowledged bool) {
	got = p.ask(l.t.Context(), method, path, l.admin, body)
	gone := got.status == 0 || got.status == http.StatusServiceUnavailable
	if !gone && !got.succeeded() {
		l.t.Errorf("%s %s: %+v", method, path, got)
	}
	return got, !gone && !l.t.Failed()
}

// visit makes a room, gives a role in it, lets someone in by one link and takes another back. It says whether all of it
// was acknowledged.
func (l *ledger) visit(p *process) bool {
	name := rand.Text()
	room, ok := l.write(p, "POST", l.rooms, fmt.Sprintf(`{"name":%q}`, name))
	if !ok {
		return false
	}
	at := l.rooms + "/" + room.ID
	l.claim(claim{"GET", at, "", 200, name})
	if _, ok = l.write(p, "POST", at+"/roles", fmt.Sprintf(`{"targetUserId":%q,"role":"role_room_user"}`, l.ben)); !ok {
		return false
	}
	l.claim(claim{"GET", at + "/roles", "", 200, l.ben})
	return l.seat(p, at) && l.revoke(p, at)
}

func (l *ledger) link(p *process, at string) (path, token string, ok bool) {
	link, ok := l.write(p, "POST", at+"/generate-access", `{"username":"John","role":"user"}`)
	if !ok {
		return "", "", false
	}
	return at + "/access-links/" + link.ID, tokenOf(l.t, link), true
}

func (l *ledger) seat(p *process, at string) bool {
	path, token, ok := l.link(p, at)
	if !ok {
		return false
	}
	l.claim(claim{"GET", path, "", 200, "John"})
	own := redemption(token)
	seat, ok := l.write(p, "POST", "/v1/access/redeem", own)
	if ok {
		l.claim(claim{"POST", "/v1/access/redeem", own, 200, seat.SeatID})
		l.claim(claim{"POST", "/v1/access/redeem", redemption(token), 410, "link_used"})
	}
	return ok
}

func (l *ledger) revoke(p *process, at string) bool {
	path, token, ok := l.link(p, at)
	if !ok {
		return false
	}
	if _, ok = l.write(p, "DELETE", path, ""); ok {
		l.claim(claim{"POST", "/v1/access/redeem", redemption(token), 410, "link_revoked"})
	}
	return ok
}
