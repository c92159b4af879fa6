package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// apiKey makes an API key of the first workspace, and says who comes with it.
func (w *world) apiKey(life time.Duration, scopes ...string) (Identity, secret.String) {
	w.Helper()
	_, key, err := w.CreateAPIKey(w.ctx(), w.admin, NewAPIKey{Name: "Import", Scopes: scopes, Life: life})
	require.NoError(w, err)
	who, err := w.Authenticate(w.ctx(), key.Reveal())
	require.NoError(w, err)
	return who, key
}

// refuses requires that an API key is refused, and so is who was let in with it before.
func (w *world) refuses(who Identity, key secret.String) {
	w.Helper()
	_, err := w.Authenticate(w.ctx(), key.Reveal())
	require.ErrorIs(w, err, ErrInvalidToken)
	w.over(who)
}

func TestWhatAnAPIKeyIs(t *testing.T) {
	onEach(t, func(w *world) {
		who, key := w.apiKey(0, "users:write", "rooms:read", "users:write")
		require.Equal(w, Identity{Kind: Key, ID: who.ID, Workspace: w.first.Workspace, Scopes: "rooms:read users:write"}, who)
		w.lives(who)
		require.Regexp(w, `^usher_[0-9a-f]{24}_[0-9A-Za-z]{49}$`, key.Reveal())
		require.Contains(w, key.Reveal(), who.ID)

		recs, err := w.Store.Get(w.ctx(), APIKeyKey(who.ID))
		require.NoError(w, err)
		for name, value := range recs[0] {
			require.LessOrEqual(w, len(value), 64, name)
			require.NotContains(w, value, key.Reveal()[31:], name)
		}
		e := w.recorded(audit.Filter{Type: audit.APIKeyCreated})
		require.Equal(w, []string{who.ID, w.admin.ID}, []string{e[0].Subject, e[0].Actor})
	})
}

// A typing error costs no look-up; a key that was made up costs one, and is refused as every wrong token is.
func TestATypedKeyIsToldFromAWrongOne(t *testing.T) {
	t.Parallel()
	s := &counting{Store: storetest.Bolt(t)}
	w := newWorld(t, s, settings)
	_, secretKey := w.apiKey(0, "users:read")
	key := secretKey.Reveal()
	before := s.reads.Load()
	mistyped := []string{
		"usher_", key[:len(key)-1], key + "0", key + "\n", "usher_" + strings.Repeat("_", len(key)-6),
		key[:30] + "-" + key[31:], checked("usher_" + strings.Repeat("g", 24) + key[30:74]),
	}
	for i := len("usher_"); i < len(key); i++ {
		other := "0"
		if key[i] == '0' {
			other = "1"
		}
		mistyped = append(mistyped, key[:i]+other+key[i+1:])
		if i+1 < len(key) && key[i] != key[i+1] {
			mistyped = append(mistyped, key[:i]+key[i+1:i+2]+key[i:i+1]+key[i+2:])
		}
	}
	for _, text := range mistyped {
		_, err := w.Authenticate(t.Context(), text)
		require.ErrorIs(t, err, ErrKeyMistyped, text)
	}
	require.Equal(t, before, s.reads.Load())

	for name, text := range map[string]string{
		"another secret": checked(key[:31] + strings.Repeat("x", secretDigits)),
		"another id":     checked("usher_" + w.NewID() + key[30:74]),
	} {
		who, err := w.Authenticate(t.Context(), text)
		require.Equal(t, ErrInvalidToken, err, name)
		require.Zero(t, who)
	}
	s.away.Store(true)
	_, err := w.Authenticate(t.Context(), key)
	require.ErrorIs(t, err, store.ErrUnavailable)
}

func TestAnAPIKeyEnds(t *testing.T) {
	onEach(t, func(w *world) {
		who, key := w.apiKey(time.Hour, "users:read")
		w.forward(time.Hour - time.Millisecond)
		w.lives(who)
		w.forward(time.Millisecond)
		w.refuses(who, key)

		who, key = w.apiKey(0, "users:read")
		for range 2 { // it may be repeated
			require.NoError(w, w.RevokeAPIKey(w.ctx(), w.admin, who.ID))
			w.refuses(who, key)
		}
		_, err := w.GetAPIKey(w.ctx(), w.admin, who.ID)
		require.ErrorIs(w, err, ErrNotFound)
		require.Len(w, w.recorded(audit.Filter{Type: audit.APIKeyRevoked}), 1)
		keys, _, err := w.ListAPIKeys(w.ctx(), w.admin, Page{Limit: 10})
		require.NoError(w, err)
		require.Len(w, keys, 1, "the one that expired")
	})
}

// An integration goes on when the one who set it up has left.
func TestAnAPIKeyOutlivesItsMaker(t *testing.T) {
	onEach(t, func(w *world) {
		maker := w.user("maker")
		require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, maker, Admin))
		who := w.signedIn("maker", good)
		id, key, err := w.CreateAPIKey(w.ctx(), who, NewAPIKey{Name: "Import", Scopes: []string{"users:read"}})
		require.NoError(w, err)
		require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, maker, ""))
		_, _, err = w.CreateAPIKey(w.ctx(), who, NewAPIKey{Name: "Import", Scopes: []string{"users:read"}})
		require.ErrorIs(w, err, ErrForbidden)
		require.NoError(w, w.Bury(w.ctx(), w.admin, maker))
		got, err := w.Authenticate(w.ctx(), key.Reveal())
		require.NoError(w, err)
		w.lives(got)
		keys, _, err := w.ListAPIKeys(w.ctx(), w.admin, Page{Limit: 10})
		require.NoError(w, err)
		require.Equal(w, []string{id, maker}, []string{keys[0].ID, keys[0].Creator})
	})
}

func TestWhoMakesAndSeesAPIKeys(t *testing.T) {
	onEach(t, func(w *world) {
		in := NewAPIKey{Name: "Import", Scopes: []string{"users:read"}}
		id, _, err := w.CreateAPIKey(w.ctx(), w.admin, in)
		require.NoError(w, err)
		key, _ := w.apiKey(0, "users:write", "rooms:write", "access:write")
		guest, _ := w.guest()
		w.user("ann")
		w.user("sue")
		require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, w.signedIn("sue", good).ID, Support))
		elsewhere := w.elsewhere()
		for name, row := range map[string]struct {
			who          Identity
			change, list error
			revoke       error
		}{
			"nobody":              {Identity{}, ErrWrongToken, ErrWrongToken, ErrWrongToken},
			"an API key":          {key, ErrWrongToken, ErrWrongToken, ErrWrongToken},
			"a guest":             {guest, ErrWrongToken, ErrWrongToken, ErrWrongToken},
			"a user":              {w.signedIn("ann", good), ErrForbidden, ErrForbidden, ErrForbidden},
			"support":             {w.signedIn("sue", good), ErrForbidden, nil, ErrForbidden},
			"another workspace's": {elsewhere, nil, nil, ErrNotFound},
		} {
			_, _, err := w.CreateAPIKey(w.ctx(), row.who, in)
			require.ErrorIs(w, err, row.change, name)
			keys, _, err := w.ListAPIKeys(w.ctx(), row.who, Page{Limit: 10})
			require.ErrorIs(w, err, row.list, name)
			for _, k := range keys {
				require.Equal(w, row.who.Workspace, k.Workspace)
			}
			require.ErrorIs(w, w.RevokeAPIKey(w.ctx(), row.who, id), row.revoke, name)
			see := row.list
			if name == "another workspace's" {
				see = ErrNotFound
			}
			_, err = w.GetAPIKey(w.ctx(), row.who, id)
			require.ErrorIs(w, err, see, name)
			_, err = w.GetClient(w.ctx(), row.who, confidentialClient)
			require.ErrorIs(w, err, see, name)

			_, _, err = w.CreateClient(w.ctx(), row.who, NewClient{})
			require.ErrorIs(w, err, row.change, name)
			_, _, err = w.ListClients(w.ctx(), row.who, Page{Limit: 10})
			require.ErrorIs(w, err, row.list, name)
			require.ErrorIs(w, w.DeleteClient(w.ctx(), row.who, confidentialClient), row.revoke, name)
		}
		for _, id := range []string{w.NewID(), "../" + id} {
			require.ErrorIs(w, w.RevokeAPIKey(w.ctx(), w.admin, id), ErrNotFound)
		}
		for field, in := range map[string]NewAPIKey{
			"name": {Name: " ", Scopes: []string{"users:read"}}, "scopes": {Name: "x", Scopes: []string{"users:all"}},
		} {
			_, _, err := w.CreateAPIKey(w.ctx(), w.admin, in)
			require.ErrorContains(w, err, field+": ")
		}
	})
}

func TestWhatScopesAllow(t *testing.T) {
	t.Parallel()
	for scopes, allowed := range map[Scopes]string{
		"":                         "",
		"users:read":               "users:read",
		"users:write":              "users:read users:write",
		"rooms:write users:read":   "rooms:read rooms:write users:read",
		"access:read access:write": "access:read access:write",
	} {
		for _, scope := range append(scopeWords, "") {
			require.Equal(t, scope != "" && Scopes(allowed).Allow(scope), scopes.Allow(scope), "%q %q", scopes, scope)
		}
	}
}

// An API key manages the users of its workspace, and knows of none who has a role there.
func TestAnAPIKeyManagesUsers(t *testing.T) {
	onEach(t, func(w *world) {
		key, _ := w.apiKey(0, "users:write")
		id, err := w.CreateUser(w.ctx(), key, newUser("ann"))
		require.NoError(w, err)
		require.Equal(w, string(Key), w.recorded(audit.Filter{Type: audit.UserCreated})[0].ActorKind)
		users, _, err := w.ListUsers(w.ctx(), key, Page{Limit: 10})
		require.NoError(w, err)
		require.Len(w, users, 1)
		require.Equal(w, id, users[0].ID)
		ann, err := w.GetUser(w.ctx(), key, id)
		require.NoError(w, err)
		require.Equal(w, "ann", ann.Username)
		name := "Ann"
		_, err = w.UpdateUser(w.ctx(), key, id, UserPatch{Name: &name})
		require.NoError(w, err)
		session := w.signedIn("ann", good)
		require.NoError(w, w.BlockUser(w.ctx(), key, id))
		w.over(session)
		require.NoError(w, w.UnblockUser(w.ctx(), key, id))

		require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, id, Support))
		users, _, err = w.ListUsers(w.ctx(), key, Page{Limit: 10})
		require.NoError(w, err)
		require.Empty(w, users)
		for who, user := range map[string]string{
			"an administrator": w.admin.ID, "support": id, "nobody": w.NewID(), "no id": "../" + id, "of another workspace": w.elsewhere().ID,
		} {
			_, err := w.GetUser(w.ctx(), key, user)
			require.ErrorIs(w, err, ErrNotFound, who)
			_, err = w.UpdateUser(w.ctx(), key, user, UserPatch{Name: &name})
			require.ErrorIs(w, err, ErrNotFound, who)
			require.ErrorIs(w, w.BlockUser(w.ctx(), key, user), ErrNotFound, who)
			require.ErrorIs(w, w.UnblockUser(w.ctx(), key, user), ErrNotFound, who)
			require.ErrorIs(w, w.MayBury(w.ctx(), key, user), ErrNotFound, who)
			require.ErrorIs(w, w.Bury(w.ctx(), key, user), ErrNotFound, who)
			require.ErrorIs(w, w.SetWorkspaceRole(w.ctx(), key, user, Admin), ErrWrongToken, who)
		}
		_, err = w.GetMe(w.ctx(), key)
		require.ErrorIs(w, err, ErrWrongToken)

		require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, id, ""))
		require.NoError(w, w.Bury(w.ctx(), key, id))
		require.NoError(w, w.RevokeAPIKey(w.ctx(), w.admin, key.ID))
		_, err = w.CreateUser(w.ctx(), key, newUser("joe"))
		require.ErrorIs(w, err, ErrInvalidToken)
		_, _, err = w.ListUsers(w.ctx(), key, Page{Limit: 10})
		require.ErrorIs(w, err, ErrInvalidToken)
	})
}

// The setting about users does not bind what an administrator has made for that.
func TestAnAPIKeyCreatesUsersWhereOnlyAdministratorsDo(t *testing.T) {
	t.Parallel()
	set := settings
	set.SignUp = SignUpAdmins
	w := newWorld(t, storetest.Bolt(t), set)
	key, _ := w.apiKey(0, "users:write")
	_, err := w.CreateUser(t.Context(), key, newUser("ann"))
	require.NoError(t, err)
}

func TestTheLastUseIsWrittenDownNowAndThen(t *testing.T) {
	onEach(t, func(w *world) {
		_, key := w.apiKey(0, "users:read")
		lastUse := func(uses int) time.Time {
			w.Helper()
			for range uses {
				_, err := w.Authenticate(w.ctx(), key.Reveal())
				require.NoError(w, err)
			}
			w.marks.underWay.Wait()
			keys, _, err := w.ListAPIKeys(w.ctx(), w.admin, Page{Limit: 1})
			require.NoError(w, err)
			return keys[0].LastUsed
		}
		first := w.Now()
		require.Equal(w, first, lastUse(1))
		w.forward(time.Hour - time.Millisecond)
		require.Equal(w, first, lastUse(3))
		other := w.open(w.Store, settings)
		_, err := other.Authenticate(w.ctx(), key.Reveal())
		require.NoError(w, err)
		other.marks.underWay.Wait()
		require.Equal(w, first, lastUse(0), "nor by another server")
		w.forward(time.Millisecond)
		require.Equal(w, first.Add(time.Hour), lastUse(3))
	})
}
