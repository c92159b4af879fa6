package auth

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/password"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestTheFirstWorkspaceIsMadeOnceForAFleet(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		w := &world{T: t, clock: &clock{}, log: &journal{}}
		var mu sync.Mutex
		made, ids := []Credentials{}, map[string]int{}
		met := atOnce(20, func(int) error {
			c, here, err := w.open(s, settings).First(t.Context(), NewWorkspace{})
			mu.Lock()
			defer mu.Unlock()
			ids[c.Workspace]++
			if here {
				made = append(made, c)
			}
			return err
		})
		require.Equal(t, map[error]int{nil: 20}, met)
		require.Len(t, made, 1)
		require.Equal(t, map[string]int{made[0].Workspace: 20}, ids)
		require.Equal(t, []string{"web", "backend"}, []string{made[0].PublicClient, made[0].ConfidentialClient})

		w.Authority = w.open(s, settings)
		admin := w.signedIn(made[0].AdminEmail, made[0].AdminPassword.Reveal())
		me, err := w.GetMe(t.Context(), admin)
		require.NoError(t, err)
		require.Equal(t, Admin, me.Role)
		require.False(t, me.EmailVerified, "nobody named that address")
	})
}

// An owner may die at any step: before the clients, after them, after the administrator.
func TestTheFirstWorkspaceIsTakenOver(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		w := &world{T: t, clock: &clock{}, log: &journal{}}
		w.Authority = w.open(s, settings)
		elected, err := w.elect(t.Context())
		require.NoError(t, err)
		require.True(t, elected)
		dead, admin, err := w.plan(NewWorkspace{First: true})
		require.NoError(t, err)
		require.NoError(t, w.addClients(t.Context(), &dead, true))
		_, err = w.enrol(t.Context(), admin, password.Hash{}, nothingFirst)
		require.NoError(t, err)

		ctx, cancel := context.WithTimeout(t.Context(), 3*poll)
		defer cancel()
		_, _, err = w.First(ctx, NewWorkspace{})
		require.Error(t, err)
		require.ErrorIs(t, ctx.Err(), context.DeadlineExceeded, "the lease holds: one waits")

		w.forward(lease)
		c, made, err := w.First(t.Context(), NewWorkspace{})
		require.NoError(t, err)
		require.True(t, made)
		require.NotEqual(t, dead.Workspace, c.Workspace)
		require.Equal(t, c.Workspace, w.signedIn(c.AdminEmail, c.AdminPassword.Reveal()).Workspace)
		_, err = w.GetAccessToken(t.Context(), TokenRequest{
			GrantType: "client_credentials", ClientID: "backend", ClientSecret: dead.ClientSecret,
		})
		require.ErrorIs(t, err, ErrInvalidClient)
	})
}

func TestAFirstWorkspaceThatCannotBeMade(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		w := &world{T: t, clock: &clock{}, log: &journal{}}
		w.Authority = w.open(s, settings)
		_, made, err := w.First(t.Context(), NewWorkspace{AdminPassword: secret.New("admin")})
		require.ErrorIs(t, err, password.ErrTooShort)
		require.False(t, made)
		_, made, err = w.First(t.Context(), NewWorkspace{AdminPassword: secret.New(good)})
		require.NoError(t, err)
		require.True(t, made, "at once: nothing is waited for")
	})
}

func TestCreateWorkspace(t *testing.T) {
	onEach(t, func(w *world) {
		c, err := w.CreateWorkspace(w.ctx(), NewWorkspace{Name: "School"})
		require.NoError(w, err)
		require.Regexp(w, `^web-[0-9a-f]{6}$`, c.PublicClient)
		require.Regexp(w, `^backend-[0-9a-f]{6}$`, c.ConfidentialClient)
		require.GreaterOrEqual(w, len(c.AdminPassword.Reveal()), 20)
		require.GreaterOrEqual(w, len(c.ClientSecret.Reveal()), 20)
		require.Equal(w, "School", c.Name)

		_, err = w.GetAccessToken(w.ctx(), TokenRequest{
			GrantType: "password", Username: c.AdminEmail, Password: c.AdminPassword,
		})
		require.ErrorIs(w, err, ErrInvalidGrant, "the client web is the first workspace's")
		tokens, err := w.GetAccessToken(w.ctx(), TokenRequest{
			GrantType: "password", ClientID: c.PublicClient, Username: c.AdminEmail, Password: c.AdminPassword,
		})
		require.NoError(w, err)
		require.Equal(w, c.Workspace, w.identity(tokens).Workspace)

		again, err := w.CreateWorkspace(w.ctx(), NewWorkspace{Name: "School"})
		require.NoError(w, err)
		require.NotEqual(w, c.PublicClient, again.PublicClient)
	})
}

func TestWorkspacesThatAreNotMade(t *testing.T) {
	onEach(t, func(w *world) {
		var field *FieldError
		for name, in := range map[string]NewWorkspace{
			"a short client secret": {ClientSecret: secret.New("backend")},
			"a bad address":         {AdminEmail: "admin"},
			"a bad name":            {Name: strings.Repeat("x", 101)},
		} {
			_, err := w.CreateWorkspace(w.ctx(), in)
			require.ErrorAs(w, err, &field, name)
			require.Equal(w, err, in.Check(), name)
		}
		_, err := w.CreateWorkspace(w.ctx(), NewWorkspace{AdminPassword: secret.New("password1")})
		require.ErrorIs(w, err, password.ErrTooCommon)
		require.ErrorIs(w, NewWorkspace{AdminPassword: secret.New("password1")}.Check(), password.ErrTooCommon)
		require.ErrorIs(w, NewWorkspace{AdminPassword: secret.New(defaultEmail)}.Check(), password.ErrTooCommon, "its owner's name")
		require.NoError(w, NewWorkspace{}.Check(), "what is not given is generated")
	})
}

func TestNoSecretIsStored(t *testing.T) {
	onEach(t, func(w *world) {
		tokens := w.signIn("admin", good)
		who := w.identity(tokens)
		for _, k := range []store.Key{
			UserKey(who.ID), SessionKey(who.ID, who.Session), ClientKey("backend"), ClientKey("web"),
		} {
			for field, value := range w.record(k) {
				require.NotContains(w, value, good)
				require.NotContains(w, value, w.first.ClientSecret.Reveal())
				require.NotContains(w, value, tokens.RefreshToken.Reveal())
				require.LessOrEqual(w, len(value), 64, field)
			}
		}
		require.NotContains(w, w.log.String(), good)
	})
}
