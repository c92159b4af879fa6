package handlers

import (
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/password"
	"usher/internal/store"
)

// authorityOn is an authority over a store.
func authorityOn(t testing.TB, s store.Store, now func() time.Time) *auth.Authority {
	t.Helper()
	hasher := password.NewHasher(password.Params{Memory: 8, Passes: 1}, rand.Reader)
	authority, err := auth.New(t.Context(), s, auth.Settings{
		Issuer: "https://usher.test", AccessTTL: time.Hour, RoomTTL: time.Minute, IdleTTL: time.Hour, MaxTTL: time.Hour, AuditKept: 90 * 24 * time.Hour, SignUp: auth.SignUpUsers, KeyCache: time.Minute,
	}, now, rand.Reader, hasher, slog.New(slog.DiscardHandler))
	require.NoError(t, err)

	return authority
}
