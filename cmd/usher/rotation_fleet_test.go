package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A verifier is a service outside, which fetches the published keys when those that it has are as old as they may be,
// and never sooner.
type verifier struct {
	from [3]*process

	mu    sync.Mutex
	keys  map[string]ed25519.PublicKey
	until time.Time
	seen  map[string]bool // the kids of all tokens
}

var maxAge = regexp.MustCompile(`^public, max-age=(\d+)$`)

// fetch asks one process for its keys.
func (v *verifier) fetch(ctx context.Context) error {
	asked := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.from[rand.IntN(len(v.from))].url+"/.well-known/jwks.json", nil)
	if err != nil {
		return err
	}
	res, err := crowd.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	var set struct{ Keys []struct{ Kid, X string } }
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil {
		return err
	}
	age := maxAge.FindStringSubmatch(res.Header.Get("Cache-Control"))
	if age == nil {
		return fmt.Errorf("Cache-Control: %q", res.Header.Get("Cache-Control"))
	}
	seconds, err := strconv.Atoi(age[1])
	v.keys, v.until = map[string]ed25519.PublicKey{}, asked.Add(time.Duration(seconds)*time.Second)
	for _, k := range set.Keys {
		raw, _ := base64.RawURLEncoding.DecodeString(k.X)
		v.keys[k.Kid] = raw
	}
	return err
}

// verify holds a token against the keys as they are known here.
func (v *verifier) verify(ctx context.Context, token string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !time.Now().Before(v.until) {
		if err := v.fetch(ctx); err != nil {
			return err
		}
	}
	parts := strings.Split(token, ".")
	var head struct{ Kid string }
	raw, _ := base64.RawURLEncoding.DecodeString(parts[0])
	if err := json.Unmarshal(raw, &head); err != nil {
		return err
	}
	v.seen[head.Kid] = true
	key := v.keys[head.Kid]
	if key == nil {
		return fmt.Errorf("no key %s", head.Kid)
	}
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	if !ed25519.Verify(key, []byte(parts[0]+"."+parts[1]), signature) {
		return fmt.Errorf("no signature of %s", head.Kid)
	}
	return nil
}

// whole says whether the keys have rotated so often, and the first of them has come to its end.
func (v *verifier) whole(rotations int) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	for kid := range v.seen {
		if v.keys[kid] == nil {
			return len(v.seen) > rotations
		}
	}
	return false
}

// A caller uses tokens of its own, old and new, at every process.
type caller struct {
	f        *fleet
	v        *verifier
	who      person
	life     time.Duration
	used     *atomic.Int64
	refused  func(format string, args ...any)
	refresh  string
	obtained []obtained
}

type obtained struct {
	access string
	until  time.Time // exp is in whole seconds, rounded down
}

// takes keeps the tokens of an answer, and lets the verifier see them.
func (c *caller) takes(a answer, asked time.Time) {
	if a.word() != "200" {
		c.refused("tokens: %s %s", a.word(), a.body)
		return
	}
	c.used.Add(1)
	c.refresh = a.Refresh
	c.obtained = append(c.obtained, obtained{a.Access, asked.Add(c.life - time.Second)})
	if err := c.v.verify(c.f.Context(), a.Access); err != nil {
		c.refused("outside: %v", err)
	}
}

// turn is one round: a sign-in now and then, a refresh, and calls with a token of any age at every process.
func (c *caller) turn(i int) {
	asked := time.Now()
	if i%8 == 0 {
		c.takes(c.f.askAt(rand.IntN(3), "", "POST /v1/auth/token", map[string]string{
			"grant_type": "password", "username": c.who.email, "password": c.who.password,
		}), asked)
	} else {
		c.takes(c.f.askAt(rand.IntN(3), "", "POST /v1/auth/token", map[string]string{
			"grant_type": "refresh_token", "refresh_token": c.refresh,
		}), asked)
	}
	for process := range c.f.of {
		one := c.obtained[rand.IntN(len(c.obtained))]
		outside := c.v.verify(c.f.Context(), one.access)
		a := c.f.askAt(process, one.access, "GET /v1/users/me", nil)
		switch alive := time.Now().Before(one.until); {
		case !alive: // it may have ended on its way
		case outside != nil:
			c.refused("outside: %v", outside)
		case a.word() != "200":
			c.refused("process %d: %s %s", process, a.word(), a.body)
		default:
			c.used.Add(1)
		}
	}
	for len(c.obtained) > 1 && !time.Now().Before(c.obtained[0].until) {
		c.obtained = c.obtained[1:]
	}
}

// Keys rotate again and again under load, and nobody is refused: not at the process that signed, not at another one, and
// not by a verifier outside that keeps the published keys as long as it may.
func TestAFleetRotatesItsKeysWithoutARefusal(t *testing.T) {
	t.Parallel()
	const life, rotations = 5 * time.Second, 4
	f := newFleet(t, "--key-cache", "2s", "--key-rotation", "1s", "--access-ttl", life.String(),
		"--room-token-ttl", life.String(), "--refresh-idle", "1m")
	v := &verifier{from: f.of, seen: map[string]bool{}}
	require.NoError(t, v.fetch(t.Context()))
	people := make([]person, 6)
	for i := range people {
		f.signIn(&f.admin) // whose token lives no longer than others
		people[i] = f.user(fmt.Sprint("caller", i))
	}
	var used, refusals atomic.Int64
	refused := func(format string, args ...any) {
		if refusals.Add(1) < 10 {
			t.Errorf(format, args...)
		}
	}
	over := time.Now().Add(4 * soon)
	var all sync.WaitGroup
	for _, who := range people {
		c := &caller{f: f, v: v, who: who, life: life, used: &used, refused: refused}
		all.Go(func() {
			for i := 0; !v.whole(rotations) && refusals.Load() == 0 && time.Now().Before(over); i++ {
				c.turn(i)
			}
		})
	}
	all.Wait()
	t.Logf("%d keys, %d tokens taken", len(v.seen), used.Load())
	assert.Zero(t, refusals.Load())
	assert.True(t, v.whole(rotations), "%d keys were used", len(v.seen))
}
