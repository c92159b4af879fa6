package auth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// An external user has nothing but the integrator's word: no password, no way to another token, no say.
func TestAnExternalUserBecomesNobodyElse(t *testing.T) {
	onEachSealed(t, func(w *world) {
		who, _ := w.apiKey(0, "users:write")
		u, err := w.PutExternal(w.ctx(), who, "u-1", ExternalPatch{})
		require.NoError(w, err)
		email, username, name := "u@usher.test", "u", "Ann"
		_, err = w.UpdateUser(w.ctx(), w.admin, u.ID, UserPatch{Email: &email})
		require.Equal(w, "email", fieldOf(w, err))
		_, err = w.UpdateUser(w.ctx(), w.admin, u.ID, UserPatch{Username: &username})
		require.Equal(w, "username", fieldOf(w, err))
		require.Equal(w, "role", fieldOf(w, w.SetWorkspaceRole(w.ctx(), w.admin, u.ID, Admin)))
		_, err = w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", Username: "u-1", Password: secret.New(good)})
		require.ErrorIs(w, err, ErrInvalidGrant)

		w.forward(time.Hour)
		_, err = w.UpdateUser(w.ctx(), w.admin, u.ID, UserPatch{Name: &name})
		require.NoError(w, err)
		got, err := w.GetExternal(w.ctx(), who, "u-1")
		require.NoError(w, err)
		require.Equal(w, "Ann", got.ShownName())
		require.Equal(w, noon.Add(time.Hour), got.Updated)
	})
}

func TestAnAccessTokenIsKeptUnderAKey(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		w := newWorld(t, s, settings)
		who, _ := w.apiKey(0, "users:write")
		_, err := w.PutExternal(w.ctx(), who, "u-1", ExternalPatch{})
		require.ErrorIs(w, err, ErrUnsealed, "in the world, its key would lie beside it")
		local := settings
		local.Issuer = "http://127.0.0.1:8080"
		_, err = w.open(s, local).PutExternal(w.ctx(), who, "u-1", ExternalPatch{})
		require.NoError(w, err)

		a := w.open(s, under(t, oneKey, ""))
		u, err := a.PutExternal(w.ctx(), who, "u-2", ExternalPatch{})
		require.NoError(w, err)
		recs, err := s.Get(w.ctx(), UserKey(u.ID))
		require.NoError(w, err)
		for field, value := range recs[0] {
			require.NotContains(w, value, u.AccessToken.Reveal(), field)
			require.LessOrEqual(w, len(value), 64, field)
		}
		b := w.open(s, under(t, anotherKey, oneKey)) // the operator's key changes, and with it nothing here
		same, err := b.GetExternal(w.ctx(), who, "u-2")
		require.NoError(w, err)
		require.Equal(w, u.AccessToken.Reveal(), same.AccessToken.Reveal())

		// Somebody may have got hold of the key: what it kept is no secret any more.
		require.NoError(w, b.RevokeKeys(w.ctx(), b.activeKey(forTokens).kid))
		gone, err := b.GetExternal(w.ctx(), who, "u-2")
		require.NoError(w, err)
		require.True(w, gone.AccessToken.Empty())
		other, err := b.PutExternal(w.ctx(), who, "u-2", ExternalPatch{})
		require.NoError(w, err)
		require.Len(w, other.AccessToken.Reveal(), 32)
		require.NotEqual(w, u.AccessToken.Reveal(), other.AccessToken.Reveal())
	})
}

func TestAnAccessTokenIsRotated(t *testing.T) {
	onEachSealed(t, func(w *world) {
		who, _ := w.apiKey(0, "users:write")
		u, err := w.PutExternal(w.ctx(), who, "u-1", ExternalPatch{})
		require.NoError(w, err)
		rotated, err := w.RotateAccessToken(w.ctx(), who, "u-1")
		require.NoError(w, err)
		require.NotEqual(w, u.AccessToken.Reveal(), rotated.AccessToken.Reveal())
		got, err := w.GetExternal(w.ctx(), who, "u-1")
		require.NoError(w, err)
		w.same(rotated, got)
		_, err = w.RotateAccessToken(w.ctx(), who, "u-2")
		require.ErrorIs(w, err, ErrNotFound)
		e := w.recorded(audit.Filter{Type: audit.AccessTokenRotated})
		require.Equal(w, []string{u.ID, who.ID}, []string{e[0].Subject, e[0].Actor})
	})
}

// A server that may keep no tokens shows none, and lets nobody in by one, however it came into the store: by a seed, or
// while the store was on somebody's own machine.
func TestATokenThatMayNotBeKeptIsWorthless(t *testing.T) {
	onEach(t, func(w *world) {
		require.NoError(w, w.ImportExternal(w.ctx(), "", "u-1", ExternalPatch{}))
		got, err := w.GetExternal(w.ctx(), w.admin, "u-1")
		require.NoError(w, err)
		require.True(w, got.AccessToken.Empty())
		all, _, err := w.ListExternals(w.ctx(), w.admin, "", Slice{Limit: 9})
		require.NoError(w, err)
		require.True(w, all[0].AccessToken.Empty())

		own := settings
		own.Issuer = "http://127.0.0.1:8080"
		machine := w.open(w.Store, own)
		got, err = machine.GetExternal(w.ctx(), w.admin, "u-1")
		require.NoError(w, err)
		_, err = machine.SignInMember(w.ctx(), w.first.Workspace, got.AccessToken)
		require.NoError(w, err)
		_, err = w.SignInMember(w.ctx(), w.first.Workspace, got.AccessToken)
		require.ErrorIs(w, err, ErrUnsealed)
	})
}
