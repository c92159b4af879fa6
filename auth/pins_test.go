package auth

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
)

// What is kept of a PIN says nothing without the installation's key: the same PIN reads differently at something else and
// in another installation, alike on every server and after any rotation, and matches no more once the key is revoked.
func TestTheHashOfAPIN(t *testing.T) {
	onEach(t, func(w *world) {
		set := settings
		set.KeyRotation = settings.AccessTTL
		a, pin := w.open(w.Store, set), secret.New("4711")
		hash := a.HashPIN("one link", pin)
		require.LessOrEqual(w, len(hash), 64)
		for _, other := range []string{
			a.HashPIN("one link", secret.New("4712")), a.HashPIN("another link", pin), pin.Hash(), secret.New("one link\x004711").Hash(),
		} {
			require.NotEqual(w, hash, other)
		}
		for range 5 {
			w.forward(a.legacy(forRefresh) + set.KeyRotation)
			w.tend(a)
		}
		require.Equal(w, "an", states(a, forPINs))
		require.Equal(w, hash, w.open(w.Store, set).HashPIN("one link", pin))
		require.NoError(w, a.RevokeKeys(w.ctx(), a.activeKey(forPINs).kid))
		require.NotEqual(w, hash, a.HashPIN("one link", pin))
	})
}
