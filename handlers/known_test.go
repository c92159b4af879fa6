package handlers

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
	"github.com/ulule/limiter/v3"

	"usher/auth"
	"usher/handlers/wire"
)

// A siege is a machine at which passwords are tried from wherever a test says. What it answers to whom is a test's.
type siege struct {
	*machine
	trips    *tripping
	compared atomic.Int64
	outcome  error
}

func besieged(t *testing.T, s limiter.Store) *siege {
	t.Helper()
	all := &siege{trips: &tripping{Store: s}}
	all.machine = build(t, countingIn(all.trips), trusting("127.0.0.0/8", "::1"),
		does("getAccessToken", with(func(*call, wire.TokenRequest) (any, error) {
			all.compared.Add(1)
			return wire.Tokens{TokenType: wire.TokenTypeBearer, AccessToken: "a", ExpiresIn: 1}, all.outcome
		})))
	return all
}

func (s *siege) from(address, user string) answer {
	s.Helper()
	return s.signIn(user, "X-Forwarded-For", address)
}

// botnet guesses at one account as often as anybody may, each time from another address.
func (s *siege) botnet(user string) {
	s.Helper()
	s.outcome = auth.ErrInvalidGrant
	for i := range 100 {
		require.Equal(s, 400, s.from(fmt.Sprintf("203.0.113.%d", i), user).status)
	}
}

const home, away = "198.51.100.8", "198.51.100.9"

// signingIn is the attempt of somebody at an address, as it comes to the limits.
func signingIn(t *testing.T, user, address string) *call {
	t.Helper()
	g, _ := gin.CreateTestContext(httptest.NewRecorder())
	g.Request = httptest.NewRequest("POST", "/v1/auth/token", nil)
	g.Request.RemoteAddr = address + ":80"
	return &call{Context: t.Context(), gin: g, value: map[string]any{"grant_type": "password", "username": user}}
}

// A queue lets some trips be made at a time, and the others wait for as long as it takes: a machine that is busy is not
// what its test is about.
type queue struct {
	limiter.Store
	turns chan struct{}
}

func (q queue) Increment(ctx context.Context, key string, n int64, rate limiter.Rate) (limiter.Context, error) {
	q.turns <- struct{}{}
	defer func() { <-q.turns }()
	return q.Store.Increment(context.WithoutCancel(ctx), key, n, rate)
}

func (q queue) Peek(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	q.turns <- struct{}{}
	defer func() { <-q.turns }()
	return q.Store.Peek(context.WithoutCancel(ctx), key, rate)
}

// A thousand guesses at once are a thousand, from wherever: not one more is compared than the table has it.
func TestAThousandGuessesAreAThousand(t *testing.T) {
	t.Parallel()
	row, _ := limitNamed("sign-in")
	for name, crowd := range map[string]struct {
		from func(int) string
		most int64
	}{
		"one address": {func(int) string { return home }, 30},
		"a thousand":  {func(i int) string { return fmt.Sprintf("10.0.%d.%d", i/250, i%250) }, 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stores(t, func(t *testing.T, s limiter.Store) {
				l := limitsIn(t, queue{s, make(chan struct{}, 10)})
				var guesses sync.WaitGroup
				var compared, refused atomic.Int64
				start := make(chan struct{})
				for i := range 1000 {
					c := signingIn(t, []string{"Ann@example.com", "ann@EXAMPLE.com"}[i%2], crowd.from(i))
					guesses.Go(func() {
						<-start
						_, err := l.count(c, row, func(*call) (any, error) {
							compared.Add(1)
							return nil, auth.ErrInvalidGrant
						})
						if as[*limited](err) {
							refused.Add(1)
						}
					})
				}
				close(start)
				guesses.Wait()
				require.Equal(t, crowd.most, compared.Load())
				require.Equal(t, 1000-crowd.most, refused.Load())
				_, err := l.count(signingIn(t, "ben@example.com", home), row, func(*call) (any, error) { return nil, nil })
				require.NoError(t, err, "another account is another")
			})
		})
	}
}

func TestNobodyIsKeptOutWhereHeIsKnown(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s limiter.Store) {
		m := besieged(t, s)
		require.Equal(t, 200, m.from(home, "ann").status)
		m.botnet("ann")

		stranger := m.from(away, "ann")
		m.refused(stranger, 429, "limited")
		wait, err := strconv.Atoi(stranger.header.Get("Retry-After"))
		require.NoError(t, err)
		require.InDelta(t, 590, wait, 11)
		require.Equal(t, fmt.Sprintf(`"sign-in-everywhere-burst";r=0;t=%d`, wait), stranger.header.Get("RateLimit"))
		m.refused(m.from("203.0.113.1", "ann"), 429, "limited")

		m.outcome = nil
		require.Equal(t, 429, m.from(away, "ann").status, "with the right password too, where nobody knows her")
		for range 200 {
			require.Equal(t, 200, m.from(home, "ann").status)
		}
		m.outcome = auth.ErrInvalidGrant
		for range 30 {
			require.Equal(t, 400, m.from(home, "ann").status)
		}
		got := m.from(home, "ann")
		m.refused(got, 429, "limited")
		require.Contains(t, got.header.Get("RateLimit"), `"sign-in-account-burst";r=0;t=`, "who guesses next door meets her limit there")
	})
}

// Who has used up the guesses of an address keeps out those who are new there, and nobody else.
func TestNobodyIsKeptOutByAGuesserNextDoor(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s limiter.Store) {
		m := besieged(t, s)
		require.Equal(t, 200, m.from(home, "ann").status)
		m.outcome = auth.ErrInvalidGrant
		for i := range 200 {
			require.Equal(t, 400, m.from(home, fmt.Sprint("pupil ", i)).status)
		}
		for range 31 { // a refusal here is charged to nobody's account
			got := m.from(home, "ben")
			m.refused(got, 429, "limited")
			require.Contains(t, got.header.Get("RateLimit"), `"sign-in-address-burst";r=0;t=`)
		}
		m.outcome = nil
		require.Equal(t, 200, m.from(home, "ann").status)
	})
}

// Attempts that were no guess leave the account's owner his guesses, from wherever they came.
func TestWhatWasNoGuessIsGivenBackEverywhere(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s limiter.Store) {
		m := besieged(t, s)
		for i := range 120 {
			require.Equal(t, 200, m.from(fmt.Sprintf("192.0.2.%d", i), "ann").status)
		}
		m.botnet("ann")
		m.outcome = auth.ErrContended
		require.Equal(t, 429, m.from(away, "ann").status)
	})
}

// A name is somebody else's in another workspace, to which another client belongs: getting in there is no mark here.
func TestANamesakeElsewhereMakesNoMark(t *testing.T) {
	t.Parallel()
	m := besieged(t, NewMemory(time.Now))
	namesake := func(client string) answer {
		return m.ask("POST", "/v1/auth/token", `{"grant_type":"password","username":"ann","password":"p","client_id":"`+client+`"}`,
			"Content-Type", kindJSON, "X-Forwarded-For", home)
	}
	require.Equal(t, 200, namesake("theirs").status)
	m.botnet("ann")
	require.Equal(t, 429, namesake("ours").status)
	require.Equal(t, 429, m.from(home, "ann").status)
	require.Equal(t, 400, namesake("theirs").status)
}

func TestWhatASignInCosts(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s limiter.Store) {
		m := besieged(t, s)
		costs := func(trips int64, from, user string, status int) {
			t.Helper()
			before := m.trips.n.Load()
			require.Equal(t, status, m.from(from, user).status)
			require.Equal(t, trips, m.trips.n.Load()-before)
		}
		costs(15, home, "ann", 200) // of which six are made at once
		costs(5, home, "ann", 200)  // of which two are
		costs(15, away, "ann", 200)
		m.outcome = auth.ErrInvalidGrant
		costs(3, home, "ann", 400)
		costs(7, home, "ben", 400)
		for range 29 {
			m.from(home, "ann")
		}
		costs(2, home, "ann", 429)
	})
}

// A mark lasts for a month behind the last day on which somebody got in.
func TestAMarkIsMadeAnewEveryDay(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s limiter.Store) {
		trips := &tripping{Store: s}
		l := limitsIn(t, trips)
		row, _ := limitNamed("sign-in")
		c := signingIn(t, "ann", home)
		known := func() time.Time {
			t.Helper()
			until, err := l.knownUntil(c, row)
			require.NoError(t, err)
			return until
		}
		require.Zero(t, known())
		old := row.known(c)
		old.rate.Period = aMonth - aDay
		_, err := l.add(c, old, 1)
		require.NoError(t, err)
		require.WithinDuration(t, time.Now().Add(aMonth-aDay), known(), 2*time.Second)

		l.greet(c, row, time.Now().Add(aMonth-aDay-time.Second))
		require.WithinDuration(t, time.Now().Add(aMonth), known(), 2*time.Second)
		before := trips.n.Load()
		l.greet(c, row, known())
		require.Equal(t, before+1, trips.n.Load(), "it is fresh: only looked at")
	})
}
