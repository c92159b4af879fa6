package handlers

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/ulule/limiter/v3"
	limitredis "github.com/ulule/limiter/v3/drivers/store/redis"

	"usher/auth"
	"usher/handlers/wire"
	"usher/internal/redistest"
	domain "usher/invites"
)

// stores are what the limits count in; each test passes on both.
func stores(t *testing.T, play func(*testing.T, limiter.Store)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { t.Parallel(); play(t, NewMemory(time.Now)) })
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		s, err := limitredis.NewStoreWithOptions(redistest.Client(t), limiter.StoreOptions{Prefix: redistest.Prefix(t)})
		require.NoError(t, err)
		play(t, s)
	})
}

func countingIn(s limiter.Store) part {
	return func(_ *machine, a *api, _ map[string]handler) { a.Limiter = s }
}

func trusting(proxies ...string) part {
	return func(_ *machine, a *api, _ map[string]handler) { a.TrustedProxies = proxies }
}

func (m *machine) redeem(headers ...string) answer {
	m.Helper()
	return m.ask("POST", "/v1/access/redeem", `{"accessToken":"x"}`, append([]string{"Content-Type", kindJSON}, headers...)...)
}

func (m *machine) signIn(user string, headers ...string) answer {
	m.Helper()
	return m.ask("POST", "/v1/auth/token", fmt.Sprintf(`{"grant_type":"password","username":%q,"password":"p"}`, user),
		append([]string{"Content-Type", kindJSON}, headers...)...)
}

// Guessing links meets a limit; being many, or late, does not.
func TestOnlyWrongGuessesCountForWhatCannotBeGuessed(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s limiter.Store) {
		var outcome error
		trips := &tripping{Store: s}
		m := build(t, countingIn(trips), does("redeemAccess", with(func(*call, wire.Redemption) (any, error) {
			return wire.Seated{}, outcome
		})))
		for range 100 {
			require.Equal(t, 200, m.redeem().status)
		}
		for _, outcome = range []error{domain.ErrLinkExpired, domain.ErrLinkUsed, domain.ErrLinkEarly, domain.ErrPINRequired, domain.ErrPINPaused} {
			for range 100 {
				require.Contains(t, []int{410, 403}, m.redeem().status)
			}
		}
		require.Zero(t, trips.n.Load(), "none of these costs a trip")

		outcome = domain.ErrLinkUnknown
		for range 10 {
			m.refused(m.redeem(), 404, "link_unknown")
		}
		outcome = domain.ErrPINWrong
		for range 10 {
			m.refused(m.redeem(), 403, "pin_wrong")
		}
		m.refused(m.redeem(), 429, "limited")
		tripsBefore := trips.n.Load()
		got := m.redeem()
		m.refused(got, 429, "limited")
		require.Equal(t, tripsBefore, trips.n.Load(), "it is known here")
		wait, err := strconv.Atoi(got.header.Get("Retry-After"))
		require.NoError(t, err)
		require.InDelta(t, 6, wait, 5)
		require.Equal(t, fmt.Sprintf(`"redeem-address-burst";r=0;t=%d`, wait), got.header.Get("RateLimit"))
		require.Equal(t, `"redeem-address-burst";q=20;w=10, "redeem-address-hour";q=200;w=3600`, got.header.Get("RateLimit-Policy"))

		other := build(t, countingIn(s), fails("redeemAccess", domain.ErrLinkUnknown))
		m.refused(other.redeem(), 429, "limited")

		outcome = nil
		for range 30 {
			require.Equal(t, 200, m.redeem().status, "a guesser shuts nobody out who sits behind the same address")
		}
	})
}

// tripping counts the trips.
type tripping struct {
	limiter.Store
	n atomic.Int64
}

func (s *tripping) Increment(ctx context.Context, key string, n int64, rate limiter.Rate) (limiter.Context, error) {
	s.n.Add(1)
	return s.Store.Increment(ctx, key, n, rate)
}

func (s *tripping) Peek(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	s.n.Add(1)
	return s.Store.Peek(ctx, key, rate)
}

func (s *tripping) Reset(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	s.n.Add(1)
	return s.Store.Reset(ctx, key, rate)
}

// How many there may be at once is what the table says: they count before they are compared.
func TestAttemptsCountBeforeTheyAreCompared(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s limiter.Store) {
		var compared atomic.Int64
		m := build(t, countingIn(s), does("getAccessToken", with(func(*call, wire.TokenRequest) (any, error) {
			compared.Add(1)
			return nil, auth.ErrInvalidGrant
		})))
		var crowd sync.WaitGroup
		var limited atomic.Int64
		for i := range 80 {
			crowd.Go(func() {
				user := []string{"Ann@example.com", "ann@EXAMPLE.com"}[i%2]
				switch got := m.signIn(user); got.status {
				case 429:
					limited.Add(1)
				case 400:
				default:
					t.Errorf("%d %s", got.status, got.raw)
				}
			})
		}
		crowd.Wait()
		require.EqualValues(t, 30, compared.Load(), "one account, however it is spelt")
		require.EqualValues(t, 50, limited.Load())
		require.Equal(t, 400, m.signIn("ben@example.com").status, "who guesses at one account does not shut out the others")
		require.Contains(t, m.signIn("ann@example.com").header.Get("RateLimit"), `"sign-in-account-burst";r=0;t=`)
	})
}

func TestAttemptsThatWereNoGuessAreGivenBack(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s limiter.Store) {
		var outcome error
		m := build(t, countingIn(s), does("getAccessToken", with(func(*call, wire.TokenRequest) (any, error) {
			return wire.Tokens{TokenType: wire.TokenTypeBearer, AccessToken: "a", ExpiresIn: 1}, outcome
		})))
		for range 120 {
			require.Equal(t, 200, m.signIn("ann@example.com").status)
		}
		outcome = errors.New("a fault")
		for range 20 {
			require.Equal(t, 500, m.signIn("ann@example.com").status)
		}
		outcome = auth.ErrInvalidGrant
		for range 30 {
			require.Equal(t, 400, m.signIn("ann@example.com").status)
		}
		require.Equal(t, 429, m.signIn("ann@example.com").status)
	})
}

func TestRefreshingCostsNoTrip(t *testing.T) {
	t.Parallel()
	trips := &tripping{Store: NewMemory(time.Now)}
	m := build(t, countingIn(trips))
	for range 50 {
		got := m.ask("POST", "/v1/auth/token", `{"grant_type":"refresh_token","refresh_token":"r"}`, "Content-Type", kindJSON)
		require.Equal(t, 200, got.status, got.raw)
	}
	require.Zero(t, trips.n.Load())
}

// Without its store nothing that counts gets through: no attempt, and no wrong guess. What does not count goes on: what
// was right where nothing can be guessed, and reading.
func TestLimiterAway(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	counts, err := limitredis.NewStore(server.Client(t))
	require.NoError(t, err)
	asked := 0
	var wrong error
	guess := func(*call) (any, error) { return nil, wrong }
	m := build(t, countingIn(counts), does("redeemAccess", guess), does("previewAccess", guess), does("activateInvite", guess),
		does("getAccessToken", func(*call) (any, error) { asked++; return nil, nil }),
		does("createUser", func(*call) (any, error) { asked++; return nil, nil }))
	server.Kill()
	guesses := func() []answer {
		preview := m.ask("POST", "/v1/access/preview", `{"accessToken":"x"}`, "Content-Type", kindJSON)
		return []answer{m.redeem(), preview, m.post(invitePath+"/"+anID+"/activate", "")}
	}
	for _, got := range guesses() {
		require.Equal(t, 200, got.status, got.raw)
	}
	wrong = domain.ErrLinkUnknown
	before := guesses()[:2]
	wrong = domain.ErrInviteNotFound
	counted := append(before, guesses()[2], m.signIn("ann@example.com"), m.post(userPath, `{"email":"a@b.c","username":"a","password":"bbbbbbbbb"}`))
	for _, got := range counted {
		m.refused(got, 503, "unavailable")
		require.Equal(t, "1", got.header.Get("Retry-After"))
	}
	require.Zero(t, asked, "no password is compared, and no account made")
	require.Equal(t, 200, m.ask("GET", "/v1/users/me", "", "Authorization", "Bearer "+m.token[auth.User]).status)
}

func TestEveryLimitIsUsed(t *testing.T) {
	t.Parallel()
	for _, row := range table {
		require.Contains(t, string(openapi), "x-limit: "+row.name+"\n")
		require.True(t, row.counts == every || len(row.guesses) > 0, row.name)
		require.False(t, strings.Contains(row.name, ":"), row.name)
	}
}
