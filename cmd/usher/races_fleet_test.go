package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
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

const headEmail, headPassword = "head@school.test", "correct horse 7 of the head"

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

func newFleet(t *testing.T) *fleet {
	t.Helper()
	// A server of its own, which waits for no disk: a busy one would stop everything for longer than the store waits.
	f := &fleet{T: t, redis: redistest.Start(t, "--appendonly", "no"), asked: new(atomic.Int64)}
	f.http = &http.Client{Transport: &http.Transport{MaxConnsPerHost: overlap, MaxIdleConnsPerHost: overlap}}
	for i := range f.of {
		cmd := programAt(t, t.TempDir(), append(f.flags(), "--listen", "127.0.0.1:0", "--public-url", "https://usher.test",
			"--trusted-proxies", "127.0.0.1")...)
		cmd.Env = append(cmd.Env, "USHER_ADMIN_EMAIL="+headEmail, "USHER_ADMIN_PASSWORD="+headPassword,
			"USHER_CLIENT_SECRET=s3cret of the back end")
		f.of[i] = launch(t, cmd)
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
	f.admin = person{email: headEmail, password: headPassword}
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

// An answer is what any operation may answer, as far as the races look at it.
type heard struct {
	status int

	Code      string
	ID        string
	UserID    string
	UsedBy    string
	SeatID    string
	SeatKey   string
	URL       string
	Alias     string
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token"`
	RoomToken string
	Role      string
	State     string
	Email     string
	Seats     int
	Allowed   bool
	Items     []heard
}

// word is the status and, of a refusal, its code.
func (a heard) word() string { return strings.TrimSpace(fmt.Sprint(a.status, " ", a.Code)) }

// ask sends a request to the next process. The operation is a method and a path; the token and the body may be empty.
func (f *fleet) ask(token, operation string, body any) heard {
	return f.askAt(int(f.asked.Add(1)), token, operation, body)
}

// askAt asks one process. Where it can't decide, because the machine is too busy for the store or with passwords, it
// tells its callers to come again, and so they do. It may be called where a test can't be ended: what goes wrong on the
// way is the code of the answer.
func (f *fleet) askAt(process int, token, operation string, body any) (a heard) {
	for range 20 {
		var err error
		if a, err = f.send(f.of[process%len(f.of)].url, token, operation, body); err != nil {
			a.Code = err.Error()
		}
		if a.status != http.StatusServiceUnavailable {
			break
		}
	}
	return a
}

func (f *fleet) send(to, token, operation string, body any) (a heard, err error) {
	method, path, _ := strings.Cut(operation, " ")
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return a, err
		}
	}
	req, err := http.NewRequestWithContext(f.Context(), method, to+path, &sent)
	if err != nil {
		return a, err
	}
	from := f.asked.Add(1)
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", from>>16&255, from>>8&255, from&255))
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := f.http.Do(req)
	if err != nil {
		return a, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, &a)
	}
	a.status = res.StatusCode
	return a, err
}

// must asks, and insists on the answer.
func (f *fleet) must(want, token, operation string, body any) heard {
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

// atOnce sends so many requests, all at the same time.
func atOnce(n int, do func(i int) heard) []heard {
	answers, begin := make([]heard, n), make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-begin
			answers[i] = do(i)
		})
	}
	close(begin)
	all.Wait()
	return answers
}

// amid lets many ask again and again, and something happen meanwhile. It returns the answers to those who began before
// that had been answered, and to those who began after: of the latter there is one from each.
func amid(event func() heard, do func(i int) heard) (happened heard, during, after []heard) {
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

// count counts answers by their words.
func count(answers ...heard) map[string]int {
	counts := map[string]int{}
	for _, a := range answers {
		counts[a.word()]++
	}
	return counts
}

// among are those of the answers that are successes.
func among(answers []heard) (done []heard) {
	for _, a := range answers {
		if a.status < 300 {
			done = append(done, a)
		}
	}
	return done
}

// tokenOf is the token that a link's address carries.
func (f *fleet) tokenOf(address string) string {
	f.Helper()
	u, err := url.Parse(address)
	require.NoError(f, err)
	token := u.Query().Get("accessToken")
	require.NotEmpty(f, token)
	return token
}
