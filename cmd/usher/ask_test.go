package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	adminEmail    = "ann@example.com"
	adminPassword = "not 'a common' one"
)

// launchingAnn starts the program with an administrator whose password is known. Its tokens name one issuer, whichever
// port it has.
func launchingAnn(t *testing.T, dir string, flags ...string) *process {
	t.Helper()
	return launch(t, programAt(t, dir, append([]string{
		"--listen", "127.0.0.1:0", "--public-url", "https://usher.example.com",
		"--admin-email", adminEmail, "--admin-password", adminPassword,
	}, flags...)...))
}

// servingAnn waits until it listens, too.
func servingAnn(t *testing.T, dir string, flags ...string) *process {
	t.Helper()
	p := launchingAnn(t, dir, flags...)
	p.awaitListening(t)
	return p
}

// An answer is what any operation may answer, as far as a test looks at it.
type answer struct {
	status int
	header http.Header
	body   string

	Code    string
	ID      string
	UserID  string
	UsedBy  string
	SeatID  string
	SeatKey string
	URL     string
	Alias   string
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`

	RoomToken string
	Role      string
	State     string
	Email     string
	Seats     int
	Allowed   bool
	Items     []answer
}

// word is the status and, of a refusal, its code.
func (a answer) word() string { return strings.TrimSpace(fmt.Sprint(a.status, " ", a.Code)) }

func (a answer) succeeded() bool { return a.status/100 == 2 }

// crowd asks each server a hundred things at a time: more than it hashes passwords and lets wait, and not so many that
// connections are cut for being slow.
var crowd = &http.Client{Transport: &http.Transport{MaxConnsPerHost: 100, MaxIdleConnsPerHost: 100}}

// ask sends a request. The token may be empty, and the body, else JSON; more headers come in pairs. It may be called
// where a test can't be ended: what goes wrong on the way is the code of the answer, without a status where there is no
// whole answer.
func (p *process) ask(ctx context.Context, method, path, token, body string, headers ...string) (a answer) {
	if err := p.exchange(ctx, &a, method, path, token, body, headers); err != nil {
		a.Code = err.Error()
	}
	return a
}

func (p *process) exchange(ctx context.Context, a *answer, method, path, token, body string, headers []string) error {
	req, err := http.NewRequestWithContext(ctx, method, p.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := p.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	a.status, a.header, a.body = res.StatusCode, res.Header, string(text)
	if a.status == http.StatusNoContent {
		return nil
	}
	return json.Unmarshal(text, a)
}

// decided asks again where the machine is too busy to decide, for the store or with passwords: callers are told to come again.
func decided(ask func() answer) (a answer) {
	for range 20 {
		if a = ask(); a.status != http.StatusServiceUnavailable {
			break
		}
	}
	return a
}

// made asks for something new, which has to be made.
func (p *process) made(t *testing.T, path, token, body string) answer {
	t.Helper()
	a := p.ask(t.Context(), "POST", path, token, body)
	require.Equal(t, "201", a.word(), path)
	return a
}

// passwordGrant is a request for Ann's tokens.
func passwordGrant(password string) string {
	return fmt.Sprintf(`{"grant_type":"password","username":%q,"password":%q}`, adminEmail, password)
}

// signInWith tries a password for Ann.
func (p *process) signInWith(t *testing.T, password string, headers ...string) answer {
	t.Helper()
	return p.ask(t.Context(), "POST", "/v1/auth/token", "", passwordGrant(password), headers...)
}

// signIn gives Ann's access token.
func (p *process) signIn(t *testing.T) string {
	t.Helper()
	a := p.signInWith(t, adminPassword)
	require.Equal(t, "200", a.word())
	return a.Access
}

// redemption is a request for a seat by a guest link, with a seat key of its own.
func redemption(token string) string {
	return fmt.Sprintf(`{"accessToken":%q,"seatKey":%q}`, token, rand.Text())
}

// tokenOf is the token of the guest link that an answer shows.
func tokenOf(t *testing.T, access answer) string {
	t.Helper()
	_, token, _ := strings.Cut(access.URL, "accessToken=")
	assert.NotEmpty(t, token, access.URL)
	return token
}

// atOnce sends so many requests, all at the same time.
func atOnce(n int, do func(i int) answer) []answer {
	answers, begin := make([]answer, n), make(chan struct{})
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

// tally counts answers by their words.
func tally(answers ...answer) map[string]int {
	times := map[string]int{}
	for _, a := range answers {
		times[a.word()]++
	}
	return times
}
