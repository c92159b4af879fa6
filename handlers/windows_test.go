package handlers

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/ulule/limiter/v3"
	limitredis "github.com/ulule/limiter/v3/drivers/store/redis"

	"usher/internal/redistest"
	"usher/internal/store/storetest"
)

// A turnstile is a limit of one's own, with windows that end while a test waits.
type turnstile struct {
	*testing.T
	limits *limits
	row    *limit
}

func turnstileIn(t *testing.T, s limiter.Store, counts counting, burst, hour window) turnstile {
	t.Helper()
	someone := func(*call) string { return "someone" }
	row := &limit{name: "test", counts: counts, guesses: []error{errGuess}, rules: []rule{{"subject", someone, burst, hour}}}
	return turnstile{t, limitsIn(t, s), row}
}

// limitsIn are limits of their own, with bans in a file.
func limitsIn(t *testing.T, s limiter.Store) *limits {
	t.Helper()
	return newLimits(s, NewBans(authorityOn(t, storetest.Bolt(t), time.Now), s), time.Now)
}

var errGuess = errors.New("a wrong guess")

// pass returns the name of the window that refused, or nothing.
func (s turnstile) pass(h handler) (string, time.Duration) {
	s.Helper()
	_, err := s.limits.count(&call{Context: s.Context()}, s.row, h)
	over, refused := errors.AsType[*limited](err)
	if !refused {
		require.True(s, err == nil || errors.Is(err, errGuess), err)
		return "", 0
	}
	return over.meter.window, over.wait
}

func wrong(*call) (any, error) { return nil, errGuess }

// until asks again and again, until yes.
func (s turnstile) until(yes func() bool) {
	s.Helper()
	ask, late := time.NewTicker(20*time.Millisecond), time.After(20*time.Second)
	defer ask.Stop()
	for !yes() {
		select {
		case <-ask.C:
		case <-late:
			s.Fatal("not within 20 seconds")
		}
	}
}

// opens waits until the window that refuses lets pass. Nobody who waits as he was told is refused again.
func (s turnstile) opens(window string, h handler) {
	s.Helper()
	refused, wait := s.pass(h)
	require.Equal(s, window, refused)
	told := time.Now().Add(wait)
	s.until(func() bool {
		asked := time.Now()
		refused, _ := s.pass(h)
		require.True(s, refused == "" || asked.Before(told), "refused by %s after the wait", refused)
		require.Contains(s, []string{"", window}, refused)
		return refused == ""
	})
}

// A window ends, the long one too, and another begins; a refusal does not put off the end.
func TestAWindowEnds(t *testing.T) {
	t.Parallel()
	short, wide := window{3, 2 * time.Second}, window{1000, time.Hour}
	for name, row := range map[string]struct {
		counts      counting
		burst, hour window
	}{
		"burst": {attempts, short, wide}, "hour": {attempts, wide, short},
		"burst of failures": {failures, short, wide}, "hour of failures": {failures, wide, short},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stores(t, func(t *testing.T, store limiter.Store) {
				start := time.Now()
				s := turnstileIn(t, store, row.counts, row.burst, row.hour)
				for range 3 {
					require.Empty(t, first(s.pass(wrong)))
				}
				s.opens(strings.Fields(name)[0], wrong)
				require.GreaterOrEqual(t, time.Since(start), short.length-time.Millisecond)
				for range 2 {
					require.Empty(t, first(s.pass(wrong)), "there is a whole window again")
				}
				require.NotEmpty(t, first(s.pass(wrong)))
			})
		})
	}
}

func first(refused string, _ time.Duration) string { return refused }

// An attempt that ends in another window than it began in makes none of its guesses an attempt more, and leaves nothing
// behind that never ends.
func TestNothingIsGivenBackInAnotherWindow(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store limiter.Store) {
		s := turnstileIn(t, store, attempts, window{3, 2 * time.Second}, window{100, time.Hour})
		meters := s.row.meters(nil, s.row.rules)
		left := func(m meter) int64 {
			state, err := store.Peek(t.Context(), m.key, m.rate)
			require.NoError(t, err)
			return state.Remaining
		}
		over := func(*call) (any, error) {
			require.EqualValues(t, 2, left(meters[0]))
			s.until(func() bool { return left(meters[0]) == 3 })
			return nil, nil
		}
		require.Empty(t, first(s.pass(over)))
		require.EqualValues(t, 3, left(meters[0]))
		require.EqualValues(t, 100, left(meters[1]), "its hour goes on")
		if redis, is := store.(*limitredis.Store); is {
			client := redistest.Client(t)
			keys := client.Keys(t.Context(), redis.Prefix+":*").Val()
			require.Len(t, keys, 1)
			require.Positive(t, client.PTTL(t.Context(), keys[0]).Val())
		}
		for range 3 {
			require.Empty(t, first(s.pass(wrong)))
		}
		require.Equal(t, "burst", first(s.pass(wrong)))
	})
}
