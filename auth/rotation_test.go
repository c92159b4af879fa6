package auth

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/audit"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// states are the keys for a use in short: the first letters of their states, in the order in which they become active.
func states(a *Authority, use string) (text string) {
	for _, k := range a.ListKeys() {
		if k.Use == use {
			text += k.State[:1]
		}
	}
	return text
}

// kidOf is the first key for a use that is in a state.
func kidOf(a *Authority, use, state string) string {
	for _, k := range a.ListKeys() {
		if k.Use == use && k.State == state {
			return k.ID
		}
	}
	return ""
}

func (w *world) tend(servers ...*Authority) {
	w.Helper()
	for _, a := range servers {
		require.NoError(w, a.tendKeys(w.ctx()))
	}
}

// ofInstallation are the events of a type that belong to no workspace.
func (w *world) ofInstallation(t audit.Type) []audit.Event {
	w.Helper()
	events, _, err := w.events.List(w.ctx(), "", audit.Filter{Type: t}, "", 100)
	require.NoError(w, err)
	return events
}

func TestTheLifeOfAKey(t *testing.T) {
	t.Parallel()
	for use, life := range map[string]time.Duration{forSigning: settings.AccessTTL, forRefresh: settings.IdleTTL} {
		t.Run(use, func(t *testing.T) {
			onEach(t, func(w *world) {
				is := func(want string) {
					w.Helper()
					w.tend(w.Authority)
					require.Equal(w, want, states(w.Authority, use))
				}
				is("an")
				next := kidOf(w.Authority, use, KeyNext)
				w.forward(settings.KeyRotation - time.Millisecond)
				is("an")
				w.forward(time.Millisecond)
				is("ran")
				require.Equal(w, next, w.activeKey(use).kid, "it was known for long")
				was := kidOf(w.Authority, use, KeyRetired)
				w.forward(life + 3*settings.KeyCache - time.Millisecond)
				is("ran")
				w.forward(time.Millisecond)
				is("an")
				recs, err := w.Store.Get(w.ctx(), keyAt(was))
				require.NoError(w, err)
				require.Nil(w, recs[0], "what is over is not kept")
			})
		})
	}
}

// An operator's rotation right after another has to wait until the next key can be known, and is not done twice.
func TestAKeyIsKnownBeforeItSigns(t *testing.T) {
	onEach(t, func(w *world) {
		first, next := w.activeKey(forSigning).kid, kidOf(w.Authority, forSigning, KeyNext)
		require.NoError(w, w.RotateKeys(w.ctx()))
		for range 3 {
			w.tend(w.Authority)
			require.Equal(w, "ann", states(w.Authority, forSigning))
			require.Equal(w, first, w.activeKey(forSigning).kid)
		}
		w.forward(3*settings.KeyCache - time.Millisecond)
		require.Equal(w, first, w.activeKey(forSigning).kid)
		w.forward(time.Millisecond)
		require.Equal(w, next, w.activeKey(forSigning).kid, "without another look")
		require.Equal(w, w.Now().Add(settings.AccessTTL+3*settings.KeyCache), w.ListKeys()[0].Until)
		require.Equal(w, "ran", states(w.Authority, forSigning))
		require.Equal(w, "ran", states(w.Authority, forRefresh))
		require.Contains(w, w.log.String(), `"event":"key_rotated"`)

		require.NoError(w, w.RotateKeys(w.ctx()))
		w.tend(w.Authority)
		w.forward(3 * settings.KeyCache)
		w.tend(w.Authority)
		require.Equal(w, "rran", states(w.Authority, forSigning))
	})
}

func TestOneServerOfAFleetRotates(t *testing.T) {
	onEach(t, func(w *world) {
		fleet := []*Authority{w.Authority}
		for range 20 {
			fleet = append(fleet, w.open(w.Store, settings))
		}
		for round := 1; round <= 3; round++ {
			w.forward(settings.KeyRotation)
			met := atOnce(len(fleet), func(i int) error { return fleet[i].tendKeys(w.ctx()) })
			require.Equal(w, map[error]int{nil: len(fleet)}, met)
			w.tend(fleet...)
			for _, a := range fleet {
				require.Equal(w, fleet[0].ListKeys(), a.ListKeys())
			}
			require.Len(w, w.JWKS(), 3)
			events := slices.DeleteFunc(w.ofInstallation(audit.KeyRotated), func(e audit.Event) bool { return e.At.Before(w.Now()) })
			require.Len(w, events, len(rotating))
		}
	})
}

// Time goes on by steps, keys rotate as often as they can, and each server of a fleet and a verifier outside look at the
// keys as seldom as they may. No token is met by a server, or by the verifier, that does not know its key.
func TestNoTokenIsMetByWhoDoesNotKnowItsKey(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		seed := time.Now().UnixNano()
		random := rand.New(rand.NewPCG(uint64(seed), 0))
		set := settings
		set.AccessTTL, set.IdleTTL, set.GuestTTL, set.KeyRotation = 10*time.Minute, time.Hour, 0, time.Second
		w := newWorld(t, s, set)
		fleet := []*Authority{w.Authority, w.open(s, set), w.open(s, set)}
		type made struct {
			use, kid string
			until    time.Time
		}
		var alive []made
		var cached []JWK
		var fetched time.Time
		looked := map[*Authority]time.Time{}
		turns := map[string]bool{}
		const step = 10 * time.Second
		for range 1500 {
			w.forward(step)
			now := w.Now()
			for _, a := range fleet {
				if late := now.Sub(looked[a]); late > set.KeyCache-step || random.IntN(20) == 0 {
					w.tend(a)
					looked[a] = now
				}
				for _, use := range uses {
					k := a.activeKey(use)
					turns[k.kid] = true
					life := set.AccessTTL
					if use == forRefresh {
						life = set.IdleTTL
					}
					alive = append(alive, made{use, k.kid, now.Add(life)})
				}
			}
			if now.Sub(fetched) >= set.KeyCache {
				cached, fetched = fleet[random.IntN(len(fleet))].JWKS(), now
			}
			alive = slices.DeleteFunc(alive, func(m made) bool { return !m.until.After(now) })
			for _, m := range alive {
				for i, a := range fleet {
					if a.keys.Load().known(m.use, m.kid, now) == nil {
						t.Fatalf("seed %d: server %d does not know the %s key %s: %v", seed, i, m.use, m.kid, a.ListKeys())
					}
				}
				if m.use == forSigning && !slices.ContainsFunc(cached, func(k JWK) bool { return k.Kid == m.kid }) {
					t.Fatalf("seed %d: the verifier does not know %s", seed, m.kid)
				}
			}
		}
		require.Greater(t, len(turns), 100, "rotations")
	})
}

// Sessions outlast rotations: of a token whose key is retired comes one under the key that is active.
func TestASessionOutlastsItsKeys(t *testing.T) {
	onEach(t, func(w *world) {
		tokens := w.signIn("admin", good)
		rotate := func() {
			require.NoError(w, w.RotateKeys(w.ctx()))
			w.tend(w.Authority)
		}
		for range 3 {
			w.forward(settings.IdleTTL - time.Second)
			rotate()
			tokens = w.refreshed(tokens.RefreshToken)
			w.lives(w.identity(tokens))
		}
		w.forward(w.notice())
		// The reply to a refresh is lost just before a rotation: the token of after it is worth as much as that of before.
		before := w.refreshed(tokens.RefreshToken)
		rotate()
		after := w.refreshed(tokens.RefreshToken)
		require.NotEqual(w, before.RefreshToken.Reveal(), after.RefreshToken.Reveal())
		w.refreshed(before.RefreshToken)
		w.refreshed(w.refreshed(after.RefreshToken).RefreshToken)
		require.Zero(w, w.thefts())
	})
}

func TestARevokedKeyIsGone(t *testing.T) {
	onEach(t, func(w *world) {
		other := w.open(w.Store, settings)
		tokens := w.signIn("admin", good)
		active, next := w.activeKey(forSigning).kid, kidOf(w.Authority, forSigning, KeyNext)
		require.ErrorIs(w, w.RevokeKeys(w.ctx(), active, w.NewID()), ErrNotFound)
		require.Equal(w, active, w.activeKey(forSigning).kid, "all of them, or none")
		require.Empty(w, w.ofInstallation(audit.KeyRevoked))

		require.NoError(w, w.RevokeKeys(w.ctx(), active))
		require.Equal(w, active, w.ofInstallation(audit.KeyRevoked)[0].Subject)
		require.Equal(w, next, w.activeKey(forSigning).kid)
		require.Equal(w, "an", states(w.Authority, forSigning))
		_, err := w.Authenticate(w.ctx(), tokens.AccessToken.Reveal())
		require.ErrorIs(w, err, ErrInvalidToken)
		fresh := w.refreshed(tokens.RefreshToken)
		w.lives(w.identity(fresh))

		// Another server goes on with what it knows until it looks, and knew the next key all the time.
		_, err = other.Authenticate(w.ctx(), tokens.AccessToken.Reveal())
		require.NoError(w, err)
		_, err = other.Authenticate(w.ctx(), fresh.AccessToken.Reveal())
		require.NoError(w, err)
		w.tend(other)
		_, err = other.Authenticate(w.ctx(), tokens.AccessToken.Reveal())
		require.ErrorIs(w, err, ErrInvalidToken)

		mac := w.activeKey(forRefresh).kid
		require.NoError(w, w.RevokeKeys(w.ctx(), mac, kidOf(w.Authority, forRefresh, KeyNext)))
		require.Equal(w, "an", states(w.Authority, forRefresh))
		_, err = w.refresh(fresh.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
		w.refreshed(w.signIn("admin", good).RefreshToken)
	})
}

// Whatever is revoked, and whenever: one key is active, and one behind it is next.
func TestRevokingLeavesNoGap(t *testing.T) {
	onEach(t, func(w *world) {
		revoked := func(state, want string) {
			w.Helper()
			kid := kidOf(w.Authority, forSigning, state)
			require.NoError(w, w.RevokeKeys(w.ctx(), kid))
			require.Equal(w, want, states(w.Authority, forSigning))
			require.NotContains(w, fmt.Sprint(w.JWKS()), kid)
			w.lives(w.signedIn("admin", good))
		}
		rotates := func(want string) {
			w.Helper()
			require.NoError(w, w.RotateKeys(w.ctx()))
			w.tend(w.Authority)
			require.Equal(w, want, states(w.Authority, forSigning))
		}
		revoked(KeyNext, "an")
		rotates("ann")
		goesOn := w.activeKey(forSigning).kid
		revoked(KeyNext, "an") // the one that was about to take over
		w.forward(settings.AccessTTL + 7*settings.KeyCache)
		w.tend(w.Authority)
		require.Equal(w, goesOn, w.activeKey(forSigning).kid)
		rotates("ran")
		rotates("rann")
		about := kidOf(w.Authority, forSigning, KeyNext)
		revoked(KeyActive, "ran") // and not the one that is retired comes back
		require.Equal(w, about, w.activeKey(forSigning).kid)
		revoked(KeyRetired, "an")
		revoked(KeyActive, "an")
	})
}
