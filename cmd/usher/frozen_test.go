package main

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"usher/internal/redistest"
)

// inTime is how long a caller waits at most for the answer that the store is away.
const inTime = 5 * time.Second

// While Redis is frozen everybody is told so, in time; when it goes on, so does the program.
func TestAFrozenRedisIsAnAnswerInTime(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	p := servingAnn(t, t.TempDir(), "--redis", server.URL())
	ann := p.signIn(t)
	space := "/v1/spaces/" + p.made(t, "/v1/spaces", ann, `{"name":"School"}`).ID
	room := space + "/rooms/" + p.made(t, space+"/rooms", ann, `{"name":"Algebra"}`).ID
	link := p.made(t, room+"/generate-access", ann, `{"username":"John","role":"user"}`)
	asked := []struct{ method, path, token, body string }{
		{"GET", "/readyz", "", ""},
		{"POST", "/v1/auth/token", "", passwordGrant(adminPassword)},
		{"POST", "/v1/access/redeem", "", redemption(tokenOf(t, link))},
		{"GET", "/v1/users/me", ann, ""},
		{"POST", space + "/rooms", ann, `{"name":"Geometry"}`},
	}
	all := func(within time.Duration, check func(path string, got answer)) {
		var wait sync.WaitGroup
		for _, r := range asked {
			for range 8 {
				wait.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), within)
					defer cancel()
					check(r.path, p.ask(ctx, r.method, r.path, r.token, r.body))
				})
			}
		}
		wait.Wait()
	}
	for round := range 2 {
		server.Pause(t)
		all(inTime, func(path string, got answer) {
			assert.Equal(t, 503, got.status, "%s: %+v", path, got)
			if path != "/readyz" {
				assert.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
				assert.Equal(t, "unavailable", got.Code)
			}
		})
		assert.Equal(t, 200, p.status(t, "/livez"), "it is no reason to start again")
		server.Resume(t)
		all(soon, func(path string, got answer) {
			assert.True(t, got.succeeded(), "%d %s: %+v", round, path, got)
		})
	}
}
