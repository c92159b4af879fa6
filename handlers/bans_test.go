package handlers

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/store"
	"usher/internal/store/storetest"
)

// A guesser at a limit of three a minute, whose clock a test moves.
type guesser struct {
	turnstile
	ahead *atomic.Int64
	bans  *Bans
	made  []Ban
}

func guessers(t *testing.T, counts counting, play func(t *testing.T, g *guesser)) {
	t.Helper()
	t.Parallel()
	noon := time.Now().UTC().Truncate(time.Second) // the engines collect garbage by the clock on the wall
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		g := &guesser{ahead: new(atomic.Int64)}
		now := func() time.Time { return noon.Add(time.Duration(g.ahead.Load())) }
		counters := NewMemory(now)
		g.turnstile = turnstileIn(t, counters, counts, window{3, time.Minute}, window{1000, time.Hour})
		g.bans = NewBans(authorityOn(t, s, now), counters)
		g.limits = newLimits(counters, g.bans, now)
		g.limits.tell = func(_ *call, _ *limit, b Ban) error { g.made = append(g.made, b); return nil }
		play(t, g)
	})
}

func (g *guesser) forward(by time.Duration) { g.ahead.Add(int64(by)) }

// overrun guesses until it is refused, and says for how long.
func (g *guesser) overrun() time.Duration {
	g.Helper()
	for range 3 {
		require.Empty(g, first(g.pass(wrong)))
	}
	window, wait := g.pass(wrong)
	require.Equal(g, "burst", window)
	return wait
}

// Whoever comes over a limit again and again waits twice as long each time, up to an hour, and whoever keeps quiet for
// a day begins anew.
func TestWhoGuessesOnWaitsTwiceAsLong(t *testing.T) {
	for name, counts := range map[string]counting{"attempts": attempts, "failures": failures} {
		t.Run(name, func(t *testing.T) {
			guessers(t, counts, func(t *testing.T, g *guesser) {
				for strike, minutes := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
					wait := g.overrun()
					require.InDelta(t, minutes*time.Minute, wait, float64(2*time.Second), strike)
					require.Len(t, g.made, strike+1)
					g.forward(wait - time.Second)
					_, rest := g.pass(wrong)
					require.InDelta(t, time.Second, rest, float64(time.Second), "a refused guess does not put off the end")
					g.forward(time.Second)
				}
				g.forward(forgiven + time.Second)
				require.InDelta(t, time.Minute, g.overrun(), float64(2*time.Second))
			})
		})
	}
}

// What is right and could not be guessed is never refused; what could be waits, too.
func TestABanRefusesWhatCouldBeGuessed(t *testing.T) {
	right := func(*call) (any, error) { return nil, nil }
	for name, row := range map[string]struct {
		counting
		refused string
	}{"attempts": {attempts, "burst"}, "failures": {failures, ""}} {
		t.Run(name, func(t *testing.T) {
			guessers(t, row.counting, func(t *testing.T, g *guesser) {
				g.overrun()
				require.Equal(t, row.refused, first(g.pass(right)))
			})
		})
	}
}

func TestABanIsListedAndLifted(t *testing.T) {
	guessers(t, attempts, func(t *testing.T, g *guesser) {
		listed := func() (all []Ban) {
			require.NoError(t, g.bans.List(t.Context(), func(b Ban) error { all = append(all, b); return nil }))
			return all
		}
		require.Empty(t, listed())
		g.overrun()
		require.Equal(t, g.made, listed())
		ban := g.made[0]
		require.Equal(t, []string{"test", "subject", "someone", "burst"}, []string{ban.Limit, ban.By, ban.Subject, ban.Window})

		require.NoError(t, g.bans.Lift(t.Context(), ban.ID))
		require.Empty(t, listed())
		require.ErrorIs(t, g.bans.Lift(t.Context(), ban.ID), ErrNoBan)
		require.InDelta(t, time.Minute, g.overrun(), float64(2*time.Second), "forgiven and forgotten")
		g.forward(time.Hour)
		require.Empty(t, listed(), "what is over is no more")
	})
}

// However many find a limit passed at once, it is one ban.
func TestManyAtOnceAreOneBan(t *testing.T) {
	guessers(t, attempts, func(t *testing.T, g *guesser) {
		var bans atomic.Int64
		g.limits.tell = func(*call, *limit, Ban) error { bans.Add(1); return nil }
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { g.pass(wrong) })
		}
		all.Wait()
		require.EqualValues(t, 1, bans.Load())
	})
}

// A process that has not seen the guesses hears of the ban.
func TestABanHoldsForTheFleet(t *testing.T) {
	guessers(t, failures, func(t *testing.T, g *guesser) {
		g.overrun()
		g.limits = newLimits(NewMemory(g.limits.now), g.bans, g.limits.now)
		require.Equal(t, "burst", first(g.pass(wrong)))
	})
}

// Where the bans can't be read, nothing that could be guessed is compared.
func TestBansAway(t *testing.T) {
	t.Parallel()
	s := storetest.Bolt(t)
	counters := NewMemory(time.Now)
	l := newLimits(counters, NewBans(authorityOn(t, s, time.Now), counters), time.Now)
	require.NoError(t, s.Close())
	row := turnstileIn(t, counters, attempts, window{3, time.Minute}, window{9, time.Hour}).row
	compared := false
	_, err := l.count(&call{Context: t.Context()}, row, func(*call) (any, error) { compared = true; return nil, nil })
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.False(t, compared)
}
