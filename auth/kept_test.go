package auth

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/seal"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// A secret that is to be read again opens as what it is about and in every process, and not under a key that was revoked.
func TestASecretIsReadAgain(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		w := newWorld(t, s, under(t, oneKey, ""))
		plain := []byte("Bearer s3cret")
		kept := w.Keep(plain, "webhook", "one room")
		require.NotContains(w, fmt.Sprint(store.Fields(kept)), "s3cret")
		require.NotEqual(w, kept.Text, w.Keep(plain, "webhook", "one room").Text)

		other := w.open(s, under(t, anotherKey, oneKey)) // the operator's key changes, and with it nothing here
		got, err := other.ReadKept(w.ctx(), kept, "webhook", "one room")
		require.NoError(w, err)
		require.Equal(w, plain, got)
		_, err = other.ReadKept(w.ctx(), kept, "webhook", "another room")
		require.ErrorIs(w, err, seal.ErrBroken)

		require.NoError(w, other.RevokeKeys(w.ctx(), kept.KeptUnder))
		_, err = other.ReadKept(w.ctx(), kept, "webhook", "one room")
		require.ErrorIs(w, err, ErrKeyGone)
	})
}
