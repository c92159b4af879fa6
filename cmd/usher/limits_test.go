package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"usher/internal/redistest"
)

const adminsPassword = "correct horse 7 battery"

// served starts the program with an administrator whose password the test knows.
func served(t *testing.T, flags ...string) *process {
	t.Helper()
	return serving(t, t.TempDir(), append(flags, "--admin-email", "ann@school.test", "--admin-password", adminsPassword)...)
}

// crowd asks each server a hundred things at a time: more than it hashes passwords and lets wait, and not so many that
// connections are cut for being slow.
var crowd = &http.Client{Transport: &http.Transport{MaxConnsPerHost: 100, MaxIdleConnsPerHost: 100}}

// A reply is what the server answered, with the fields that it has in JSON.
type reply struct {
	status int
	header http.Header
	fields map[string]any
}

func (r reply) text(field string) string { s, _ := r.fields[field].(string); return s }

// post sends JSON; headers come in pairs. Without a body it sends none.
func (p *process) send(t *testing.T, path, body string, headers ...string) (r reply) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+path, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := crowd.Do(req)
	require.NoError(t, err)
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	r = reply{status: res.StatusCode, header: res.Header}
	require.NoError(t, json.Unmarshal(raw, &r.fields), string(raw))
	return r
}

func (p *process) signInWith(t *testing.T, password string, headers ...string) reply {
	t.Helper()
	return p.send(t, "/v1/auth/token", `{"grant_type":"password","username":"ann@school.test","password":"`+password+`"}`, headers...)
}

// A lesson is a room with its administrator's right to it.
type lesson struct {
	*process
	admin []string
	space string // its path
	room  string // its path
}

func (p *process) lesson(t *testing.T) lesson {
	t.Helper()
	l := lesson{process: p, admin: []string{"Authorization", "Bearer " + p.signInWith(t, adminsPassword).text("access_token")}}
	l.space = "/v1/spaces/" + l.made(t, "/v1/spaces", `{"name":"School","isPublic":true}`).text("id")
	l.room = l.space + "/rooms/" + l.made(t, l.space+"/rooms", `{"name":"Monday","access":"open"}`).text("id")
	return l
}

func (l lesson) made(t *testing.T, path, body string) reply {
	t.Helper()
	r := l.send(t, path, body, l.admin...)
	require.Equal(t, 201, r.status, r.fields)
	return r
}

// link is a body that redeems a new link.
func (l lesson) link(t *testing.T) string {
	t.Helper()
	at, err := url.Parse(l.made(t, l.room+"/generate-access", `{"username":"Guest","role":"user"}`).text("url"))
	require.NoError(t, err)
	return `{"accessToken":"` + at.Query().Get("accessToken") + `"}`
}

// A tally counts answers that come all at once.
type tally struct {
	sync.WaitGroup
	mu    sync.Mutex
	times map[string]int // by status, and code where there is one
}

func (c *tally) count(ask func() reply) {
	c.Go(func() {
		r := ask()
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.times == nil {
			c.times = map[string]int{}
		}
		c.times[strings.TrimSpace(fmt.Sprint(r.status, " ", r.text("code")))]++
	})
}

func TestAClassGetsInBesideAGuesser(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, _ string, flags []string) {
		l := served(t, flags...).lesson(t)
		var links []string
		for range 30 {
			links = append(links, l.link(t))
		}
		guess := links[0][:len(links[0])-22] + strings.Repeat("a", 20) + `"}`
		redeem := func(body string) func() reply {
			return func() reply { return l.send(t, "/v1/access/redeem", body) }
		}
		var guesser, class tally
		for range 40 {
			guesser.count(redeem(guess))
		}
		guesser.Wait()
		assert.Equal(t, map[string]int{"404 link_unknown": 20, "429 limited": 20}, guesser.times)

		start := time.Now()
		for _, link := range links {
			class.count(redeem(link))
			class.count(redeem(guess))
		}
		class.Wait()
		t.Logf("thirty guests and thirty guesses within %v", time.Since(start))
		assert.Equal(t, 30, class.times["200"], class.times)
		assert.Equal(t, 60, class.times["200"]+class.times["429 limited"]+class.times["404 link_unknown"], class.times)
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
			fleet := []*process{served(t, flags...), serving(t, t.TempDir(), flags...), serving(t, t.TempDir(), flags...)}
			guess := func(i int) reply {
				return fleet[i%len(fleet)].signInWith(t, "guessed it", "X-Forwarded-For", row.from(i))
			}
			var guesses tally
			for i := range 1000 {
				guesses.count(func() reply { return guess(i) })
			}
			guesses.Wait()
			t.Log(guesses.times)
			compared, busy := guesses.times["400 invalid_grant"], guesses.times["503 busy"]+guesses.times["503 unavailable"]
			assert.Equal(t, 1000, compared+busy+guesses.times["429 limited"])
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
	p := served(t, "--redis", redis.URL())
	l := p.lesson(t)
	link, another := l.link(t), l.link(t)
	invite := l.made(t, l.space+"/invites", `{"role":"role_space_user"}`).text("id")
	operations := map[string]struct {
		ask  func() reply
		then int
	}{
		"signing in":       {func() reply { return p.signInWith(t, adminsPassword) }, 200},
		"a wrong password": {func() reply { return p.signInWith(t, "guessed it") }, 400},
		"signing up": {func() reply {
			return p.send(t, "/v1/users", `{"email":"ben@school.test","username":"Ben","password":"gmi28abc"}`, l.admin...)
		}, 201},
		"redemption":         {func() reply { return p.send(t, "/v1/access/redeem", link) }, 200},
		"a wrong link":       {func() reply { return p.send(t, "/v1/access/redeem", `{"accessToken":"guessed"}`) }, 404},
		"a preview":          {func() reply { return p.send(t, "/v1/access/preview", another) }, 200},
		"activation":         {func() reply { return p.send(t, l.space+"/invites/"+invite+"/activate", "", l.admin...) }, 200},
		"joining as a guest": {func() reply { return p.send(t, l.room+"/join-as-guest", `{"name":"Guest"}`) }, 200},
	}
	redis.Kill()
	for name, operation := range operations {
		start := time.Now()
		r := operation.ask()
		assert.Equal(t, 503, r.status, "%s: %v", name, r.fields)
		assert.Equal(t, "unavailable", r.text("code"), name)
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
		assert.Equal(t, operation.then, r.status, "%s: %v", name, r.fields)
	}
	assert.NotContains(t, p.log(), "panic")
	assert.NotContains(t, p.log(), "status=500")
}
