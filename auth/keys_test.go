package auth

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestAFleetSharesItsKeys(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		w := &world{T: t, clock: &clock{}, log: &journal{}}
		fleet := make([]*Authority, 50)
		var wg sync.WaitGroup
		for i := range fleet {
			wg.Go(func() { fleet[i] = w.open(s, settings) })
		}
		wg.Wait()

		first := fleet[0].JWKS()
		require.Len(t, first, 2, "the one that signs, and the next one")
		require.Equal(t, "OKP Ed25519 EdDSA sig", first[0].Kty+" "+first[0].Crv+" "+first[0].Alg+" "+first[0].Use)
		for _, a := range fleet[1:] {
			require.Equal(t, first, a.JWKS())
			require.Equal(t, fleet[0].ListKeys(), a.ListKeys())
			require.Equal(t, fleet[0].activeKey(forRefresh).mac, a.activeKey(forRefresh).mac)
		}

		who := Identity{Kind: Client, ID: "backend", Client: "backend", Workspace: fleet[0].NewID()}
		token, _, err := fleet[7].accessToken(who, fleet[7].Now().Add(settings.AccessTTL))
		require.NoError(t, err)
		got, err := fleet[42].Authenticate(t.Context(), token.Reveal())
		require.NoError(t, err)
		require.Equal(t, who, got)
	})
}

func TestAServerDoesNotStartWithoutAllKeys(t *testing.T) {
	t.Parallel()
	const plain = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for name, spoil := range map[string]func(kid string) store.Write{
		"a key is gone":           func(kid string) store.Write { return store.Delete(keyAt(kid)) },
		"a key is cut off":        func(kid string) store.Write { return store.Set(keyAt(kid), store.Record{"secret": plain[:8]}) },
		"a key is no base64url":   func(kid string) store.Write { return store.Set(keyAt(kid), store.Record{"secret": "+" + plain[1:]}) },
		"a key of an unknown use": func(kid string) store.Write { return store.Set(keyAt(kid), store.Record{"use": "encrypting"}) },
		"an instant that is none": func(kid string) store.Write { return store.Set(keyAt(kid), store.Record{"from": "today"}) },
		"a kid that is none":      func(string) store.Write { return store.Insert(keyIndex, "../k") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{T: t, clock: &clock{}, log: &journal{}}
			s := storetest.Bolt(t)
			w.Authority = w.open(s, settings)
			kid := w.NewID()
			w.write(store.Insert(keyIndex, kid), store.Set(keyAt(kid), store.Record{"use": forRefresh, "secret": plain}))
			w.open(s, settings) // the control
			w.write(spoil(kid))
			_, err := New(t.Context(), s, settings, w.clock.Now, zeros{}, nil, nil)
			require.ErrorContains(t, err, "key ")
			require.NotContains(t, err.Error(), plain)
		})
	}
}

// The keys of before there were states go on, as what they were.
func TestKeysWithoutAStateGoOn(t *testing.T) {
	t.Parallel()
	w := &world{T: t, clock: &clock{}, log: &journal{}}
	s := storetest.Bolt(t)
	w.Authority = w.open(s, settings)
	who := everyone()[1]
	token, _, err := w.accessToken(who, time.Time{})
	require.NoError(t, err)
	kid := w.activeKey(forSigning).kid
	for _, k := range w.ListKeys() {
		writes := []store.Write{store.Set(keyAt(k.ID), store.Record{"from": ""})}
		if k.State == KeyNext {
			writes = []store.Write{store.Delete(keyAt(k.ID)), store.Remove(keyIndex, k.ID)}
		}
		w.write(writes...)
	}
	w.write(store.Set(keyRing, store.Record{"turn": ""}))
	later := w.open(s, settings)
	require.Equal(t, kid, later.activeKey(forSigning).kid)
	require.Len(t, later.JWKS(), 2)
	got, err := later.Authenticate(t.Context(), token.Reveal())
	require.NoError(t, err)
	require.Equal(t, who, got)
}

// A counting store counts what is read.
type counting struct {
	store.Store
	reads atomic.Int64
	away  atomic.Bool
}

func (c *counting) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	c.reads.Add(1)
	if c.away.Load() {
		return nil, store.ErrUnavailable
	}
	return c.Store.Get(ctx, keys...)
}

func TestAnUnknownKidIsLookedForOnceInAWhile(t *testing.T) {
	t.Parallel()
	s := &counting{Store: storetest.Bolt(t)}
	w := newWorld(t, s, settings)
	other := w.open(s.Store, settings)
	unknown := func() { // in the place of all keys that this server knows others sign
		for _, k := range other.ListKeys() {
			if k.Use == forSigning {
				require.NoError(t, other.RevokeKeys(t.Context(), k.ID))
			}
		}
	}
	unknown()
	stranger := newForge(w).headed(set{"kid": "0123456789abcdef01234567"})
	costs := func(reads int64, token string, want error) {
		t.Helper()
		before := s.reads.Load()
		_, err := w.Authenticate(t.Context(), token)
		require.ErrorIs(t, err, want)
		require.Equal(t, reads, s.reads.Load()-before)
	}
	const look = 2 // reads of one look at the ring, beside the list
	costs(0, newForge(w).headed(set{"kid": "../../dev/null"}), ErrInvalidToken)
	costs(0, newForge(w).headed(set{"kid": w.activeKey(forRefresh).kid}), ErrInvalidToken)
	costs(look, stranger, ErrInvalidToken)
	costs(0, stranger, ErrInvalidToken)
	w.forward(strangers - time.Millisecond)
	costs(0, stranger, ErrInvalidToken)
	w.forward(time.Millisecond)
	costs(look, stranger, ErrInvalidToken)

	// What other signs is found by the look that a stranger has caused, or by its own.
	unknown()
	token, _, err := other.accessToken(w.admin, time.Time{})
	require.NoError(t, err)
	costs(0, token.Reveal(), ErrInvalidToken)
	w.forward(strangers)
	costs(look, token.Reveal(), nil)
	costs(0, token.Reveal(), nil)

	// A hundred at once cost one look, and each of them has its answer.
	unknown()
	token, _, err = other.accessToken(w.admin, time.Time{})
	require.NoError(t, err)
	w.forward(strangers)
	before := s.reads.Load()
	met := atOnce(100, func(int) error {
		_, err := w.Authenticate(t.Context(), token.Reveal())
		return err
	})
	require.Equal(t, map[error]int{nil: 100}, met)
	require.EqualValues(t, look, s.reads.Load()-before)

	// While nobody can say, nobody is told that the token is no good.
	w.forward(strangers)
	s.away.Store(true)
	_, err = w.Authenticate(t.Context(), stranger)
	require.ErrorIs(t, err, store.ErrUnavailable)
	w.forward(strangers)
	refresh, err := ticket{w.admin, 1}.issue(&key{kid: w.NewID(), mac: make([]byte, 32)})
	require.NoError(t, err)
	_, err = w.refresh(refresh)
	require.ErrorIs(t, err, store.ErrUnavailable)
}

func TestSettingsThatAreNone(t *testing.T) {
	t.Parallel()
	s := storetest.Bolt(t)
	for name, spoil := range map[string]func(*Settings){
		"no issuer":          func(set *Settings) { set.Issuer = "" },
		"no life of tokens":  func(set *Settings) { set.AccessTTL = 0 },
		"no end of sessions": func(set *Settings) { set.MaxTTL = 0 },
		"no look at keys":    func(set *Settings) { set.KeyCache = 0 },
		"no way to sign up":  func(set *Settings) { set.SignUp = "" },
	} {
		t.Run(name, func(t *testing.T) {
			set := settings
			spoil(&set)
			_, err := New(t.Context(), s, set, (&clock{}).Now, zeros{}, nil, nil)
			require.Error(t, err)
		})
	}
}
