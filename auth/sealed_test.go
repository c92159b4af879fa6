package auth

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/seal"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// under are settings with a key-encryption key and, where it was another before, that one.
func under(t *testing.T, now, before string) Settings {
	t.Helper()
	set := settings
	var err error
	set.Seal, err = seal.New(secret.New(now), secret.New(before))
	require.NoError(t, err)
	return set
}

var (
	oneKey     = strings.Repeat("1", 64)
	anotherKey = strings.Repeat("2", 64)
)

// storedKeys is everything that the store has of the keys, in the order of their kids.
func (w *world) storedKeys(s store.Store) (text string, recs []store.Record) {
	w.Helper()
	kids, err := s.List(w.ctx(), keyIndex, store.Page{Limit: mostKeys})
	require.NoError(w, err)
	for _, kid := range kids {
		got, err := s.Get(w.ctx(), keyAt(kid))
		require.NoError(w, err)
		recs = append(recs, got[0])
	}
	return fmt.Sprint(recs), recs
}

func TestKeysAreEncryptedInPlace(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		w := newWorld(t, s, settings)
		tokens := w.signIn("admin", good)
		old := w.Authority
		var secrets []string
		for _, k := range old.keys.Load().keys {
			secrets = append(secrets, base64url.EncodeToString(k.secret()))
		}
		plain, _ := w.storedKeys(s)
		for _, text := range secrets {
			require.Contains(t, plain, text)
		}

		// A whole fleet that starts anew does it once.
		fleet := make([]*Authority, 10)
		set := under(t, oneKey, "")
		met := atOnce(len(fleet), func(i int) error { fleet[i] = w.open(s, set); return nil })
		require.Equal(t, map[error]int{nil: len(fleet)}, met)
		sealed, recs := w.storedKeys(s)
		for _, text := range secrets {
			require.NotContains(t, sealed, text)
		}
		for _, rec := range recs {
			for name, value := range rec {
				require.LessOrEqual(t, len(value), 64, name)
			}
		}
		for _, a := range fleet {
			got, err := a.Authenticate(t.Context(), tokens.AccessToken.Reveal())
			require.NoError(t, err)
			require.Equal(t, w.admin.ID, got.ID)
			for _, k := range a.ListKeys() {
				require.True(t, k.Encrypted)
			}
		}
		w.open(s, set)
		again, _ := w.storedKeys(s)
		require.Equal(t, sealed, again, "once")

		// Who does not know the key goes on with what it knew, and says so.
		require.ErrorIs(t, old.tendKeys(t.Context()), seal.ErrNoKey)
		_, err := old.Authenticate(t.Context(), tokens.AccessToken.Reveal())
		require.NoError(t, err)

		// What comes after is encrypted, too.
		require.NoError(t, fleet[0].RotateKeys(t.Context()))
		w.tend(fleet[0])
		for _, k := range fleet[0].ListKeys() {
			require.True(t, k.Encrypted)
		}
	})
}

func TestAnEncryptedRingOpensWithItsKeyOnly(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		w := &world{T: t, clock: &clock{}, log: &journal{}}
		kid := w.open(s, under(t, oneKey, "")).activeKey(forSigning).kid
		for want, set := range map[error]Settings{seal.ErrNoKey: settings, seal.ErrAnother: under(t, anotherKey, "")} {
			_, err := New(t.Context(), s, set, w.clock.Now, zeros{}, nil, nil)
			require.ErrorIs(t, err, want)
			require.NotContains(t, err.Error(), oneKey)
		}
		// Another key takes its place in one step, and none in the same way.
		require.Equal(t, kid, w.open(s, under(t, anotherKey, oneKey)).activeKey(forSigning).kid)
		require.Equal(t, kid, w.open(s, under(t, anotherKey, "")).activeKey(forSigning).kid)
		_, err := New(t.Context(), s, under(t, oneKey, ""), w.clock.Now, zeros{}, nil, nil)
		require.ErrorIs(t, err, seal.ErrAnother)
		require.Equal(t, kid, w.open(s, under(t, "", anotherKey)).activeKey(forSigning).kid)
		require.Equal(t, kid, w.open(s, settings).activeKey(forSigning).kid)
	})
}

// Who can write to the store can't make one key of another.
func TestSealedKeysCantBeSwapped(t *testing.T) {
	t.Parallel()
	s := storetest.Bolt(t)
	w := &world{T: t, clock: &clock{}, log: &journal{}}
	w.Authority = w.open(s, under(t, oneKey, ""))
	_, recs := w.storedKeys(s)
	kids, err := s.List(w.ctx(), keyIndex, store.Page{Limit: mostKeys})
	require.NoError(t, err)
	for i := range kids[1:] {
		other := store.Record{"use": recs[i]["use"], "secret": recs[i]["secret"], "nonce": recs[i]["nonce"]}
		w.write(store.Set(keyAt(kids[i+1]), other))
		_, err := New(t.Context(), s, under(t, oneKey, ""), w.clock.Now, zeros{}, nil, nil)
		require.ErrorIs(t, err, seal.ErrBroken)
		w.write(store.Set(keyAt(kids[i+1]), recs[i+1]))
	}
	// Nor a key to sign with of one that derives.
	for i, rec := range recs {
		if rec["use"] == forRefresh {
			w.write(store.Set(keyAt(kids[i]), store.Record{"use": forSigning}))
		}
	}
	_, err = New(t.Context(), s, under(t, oneKey, ""), w.clock.Now, zeros{}, nil, nil)
	require.ErrorIs(t, err, seal.ErrBroken)
}
