package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"usher/internal/redistest"
)

// A lesson is a room with its administrator's right to it.
type lesson struct {
	*process
	admin string // her token
	space string // its path
	room  string // its path
}

func (p *process) lesson(t *testing.T) lesson {
	t.Helper()
	l := lesson{process: p, admin: p.signIn(t)}
	l.space = "/v1/spaces/" + p.made(t, "/v1/spaces", l.admin, `{"name":"School","isPublic":true}`).ID
	l.room = l.space + "/rooms/" + p.made(t, l.space+"/rooms", l.admin, `{"name":"Monday","access":"open"}`).ID
	return l
}

// link is a body that redeems a new link.
func (l lesson) link(t *testing.T) string {
	t.Helper()
	made := l.made(t, l.room+"/generate-access", l.admin, `{"username":"Guest","role":"user"}`)
	return `{"accessToken":"` + tokenOf(t, made) + `"}`
}

// post sends what may need no token.
func (l lesson) post(t *testing.T, path, token, body string) answer {
	t.Helper()
	return l.ask(t.Context(), "POST", path, token, body)
}

func TestAClassGetsInBesideAGuesser(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, _ string, flags []string) {
		l := servingAnn(t, t.TempDir(), flags...).lesson(t)
		var links []string
		for range 30 {
			links = append(links, l.link(t))
		}
		guess := links[0][:len(links[0])-22] + strings.Repeat("a", 20) + `"}`
		redeem := func(body string) answer { return l.post(t, "/v1/access/redeem", "", body) }
		guesser := tally(atOnce(40, func(int) answer { return redeem(guess) })...)
		assert.Equal(t, map[string]int{"404 link_unknown": 20, "429 limited": 20}, guesser)

		start := time.Now()
		class := tally(atOnce(60, func(i int) answer {
			if i%2 == 0 {
				return redeem(links[i/2])
			}
			return redeem(guess)
		})...)
		t.Logf("thirty guests and thirty guesses within %v", time.Since(start))
		assert.Equal(t, 30, class["200"], class)
		assert.Equal(t, 60, class["200"]+class["429 limited"]+class["404 link_unknown"], class)
	})
}

// A thousand guesses at once, at three servers, are a thousand: so many passwords are compared as the table of limits
// has it. Where a server is too busy to compare one that may be, it says so, and it is one comparison less.
func TestAThousandGuessesAtAFleetAreAThousand(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		from func(int) string
		most int
	}{
		"from one address": {func(int) string { return "203.0.113.1" }, 30},
		"from a thousand":  {func(i int) string { return fmt.Sprintf("10.0.%d.%d", i/250, i%250) }, 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flags := append(onRedis(t), "--trusted-proxies", "127.0.0.1")
			fleet := []*process{servingAnn(t, t.TempDir(), flags...), serving(t, t.TempDir(), flags...), serving(t, t.TempDir(), flags...)}
			guesses := tally(atOnce(1000, func(i int) answer {
				return fleet[i%len(fleet)].signInWith(t, "guessed it", "X-Forwarded-For", row.from(i))
			})...)
			t.Log(guesses)
			compared, busy := guesses["400 invalid_grant"], guesses["503 busy"]+guesses["503 unavailable"]
			assert.Equal(t, 1000, compared+busy+guesses["429 limited"])
			assert.LessOrEqual(t, compared, row.most)
			assert.GreaterOrEqual(t, compared+busy, row.most)
		})
	}
}

// Without Redis nothing that could be guessed, or that costs, gets through, and nothing panics; with Redis back, all of
// it works again in the same process.
func TestRedisGoesAndComesBack(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t, "--dir", t.TempDir(), "--appendfsync", "always")
	p := servingAnn(t, t.TempDir(), "--redis", redis.URL())
	l := p.lesson(t)
	link, another := l.link(t), l.link(t)
	invite := l.made(t, l.space+"/invites", l.admin, `{"role":"role_space_user"}`).ID
	operations := map[string]struct {
		ask  func() answer
		then string
	}{
		"signing in":       {func() answer { return p.signInWith(t, adminPassword) }, "200"},
		"a wrong password": {func() answer { return p.signInWith(t, "guessed it") }, "400 invalid_grant"},
		"signing up": {func() answer {
			return l.post(t, "/v1/users", l.admin, `{"email":"ben@school.test","username":"Ben","password":"gmi28abc"}`)
		}, "201"},
		"redemption":         {func() answer { return l.post(t, "/v1/access/redeem", "", link) }, "200"},
		"a wrong link":       {func() answer { return l.post(t, "/v1/access/redeem", "", `{"accessToken":"guessed"}`) }, "404 link_unknown"},
		"a preview":          {func() answer { return l.post(t, "/v1/access/preview", "", another) }, "200"},
		"activation":         {func() answer { return l.post(t, l.space+"/invites/"+invite+"/activate", l.admin, "") }, "200"},
		"joining as a guest": {func() answer { return l.post(t, l.room+"/join-as-guest", "", `{"name":"Guest"}`) }, "200"},
	}
	redis.Kill()
	for name, operation := range operations {
		start := time.Now()
		r := operation.ask()
		assert.Equal(t, "503 unavailable", r.word(), "%s: %+v", name, r)
		assert.Equal(t, "application/problem+json", r.header.Get("Content-Type"), name)
		assert.Equal(t, "1", r.header.Get("Retry-After"), name)
		assert.Less(t, time.Since(start), 5*time.Second, name)
		t.Log(name, time.Since(start))
	}
	pages := map[string]int{"/livez": 200, "/readyz": 503, "/docs": 200, "/openapi.yaml": 200, "/problems": 200}
	for path, status := range pages {
		assert.Equal(t, status, p.status(t, path), path)
	}

	redis.Again(t)
	for late := time.Now().Add(soon); p.status(t, "/readyz") != 200; {
		require.True(t, time.Now().Before(late), "it is not ready again")
	}
	for name, operation := range operations {
		r := operation.ask()
		assert.Equal(t, operation.then, r.word(), "%s: %+v", name, r)
	}
	assert.NotContains(t, p.log(), "panic")
	assert.NotContains(t, p.log(), "status=500")
}
