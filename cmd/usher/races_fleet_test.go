package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"usher/internal/redistest"
)

const (
	many    = 1000 // a school that comes at nine o'clock
	overlap = 16   // requests that each process has under way: more would only wait, for a processor, longer than the store may
)

// A fleet is three processes on one Redis, as those see it who come from everywhere: each request goes to the next
// process, and comes from an address of its own.
type fleet struct {
	*testing.T
	of    [3]*process
	redis *redistest.Server
	http  *http.Client
	asked *atomic.Int64

	admin, host person // the host is a user, who owns the places
}

func newFleet(t *testing.T, settings ...string) *fleet {
	t.Helper()
	// A server of its own, which waits for no disk: a busy one would stop everything for longer than the store waits.
	f := &fleet{T: t, redis: redistest.Start(t, "--appendonly", "no"), asked: new(atomic.Int64)}
	f.http = &http.Client{Transport: &http.Transport{MaxConnsPerHost: overlap, MaxIdleConnsPerHost: overlap}}
	for i := range f.of {
		f.of[i] = launchingAnn(t, t.TempDir(), slices.Concat(f.flags(), []string{"--trusted-proxies", "127.0.0.1"}, settings)...)
		f.of[i].http = f.http
	}
	for _, p := range f.of {
		p.awaitListening(t)
	}
	t.Cleanup(func() { // before the processes are killed
		f.http.CloseIdleConnections()
		for _, p := range f.of {
			for _, word := range []string{"DATA RACE", "status=500", "too many changes at once"} {
				assert.False(t, strings.Contains(p.log(), word), "%s in the log", word)
			}
		}
	})
	f.admin = person{email: adminEmail, password: adminPassword}
	f.signIn(&f.admin)
	f.host = f.user("host")
	return f
}

// flags say where the fleet has its data.
func (f *fleet) flags() []string {
	return []string{"--redis", f.redis.URL()}
}

// race runs one race as a subtest, alone in its fleet.
func (f *fleet) race(name string, run func(f *fleet)) {
	f.Run(name, func(t *testing.T) { //nolint:thelper // it is the test
		here := *f
		here.T = t
		run(&here)
	})
}

// ask sends a request to the next process. The operation is a method and a path; the token and the body may be empty.
func (f *fleet) ask(token, operation string, body any) answer {
	return f.askAt(int(f.asked.Add(1)), token, operation, body)
}

// askAt asks one process, until it decides.
func (f *fleet) askAt(process int, token, operation string, body any) answer {
	method, path, _ := strings.Cut(operation, " ")
	var sent []byte
	if body != nil {
		sent, _ = json.Marshal(body) // what a test writes down has a form in JSON
	}
	return decided(func() answer {
		n := f.asked.Add(1)
		from := fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
		return f.of[process%len(f.of)].ask(f.Context(), method, path, token, string(sent), "X-Forwarded-For", from)
	})
}

// must asks, and insists on the answer.
func (f *fleet) must(want, token, operation string, body any) answer {
	f.Helper()
	a := f.ask(token, operation, body)
	require.Equal(f, want, a.word(), operation)
	return a
}

// everywhere asks every process, and insists on the same answer from each.
func (f *fleet) everywhere(want, token, operation string, body any) {
	f.Helper()
	for i := range f.of {
		require.Equal(f, want, f.askAt(i, token, operation, body).word(), "%s of process %d", operation, i)
	}
}

// amid lets many ask again and again, and something happen meanwhile. It returns the answers to those who began before
// that had been answered, and to those who began after: of the latter there is one from each.
func amid(event func() answer, do func(i int) answer) (happened answer, during, after []answer) {
	var mu sync.Mutex
	var next atomic.Int64
	var all sync.WaitGroup
	underWay, over := make(chan struct{}), make(chan struct{})
	ask := func(late bool) {
		a := do(int(next.Add(1)) - 1)
		mu.Lock()
		defer mu.Unlock()
		if late {
			after = append(after, a)
			return
		}
		if during = append(during, a); len(during) == overlap {
			close(underWay)
		}
	}
	for range 3 * overlap {
		all.Go(func() {
			for {
				select {
				case <-over:
					ask(true)
					return
				default:
					ask(false)
				}
			}
		})
	}
	<-underWay
	happened = event()
	close(over)
	all.Wait()
	return happened, during, after
}

// among are those of the answers that are successes.
func among(answers []answer) (done []answer) {
	for _, a := range answers {
		if a.succeeded() {
			done = append(done, a)
		}
	}
	return done
}
