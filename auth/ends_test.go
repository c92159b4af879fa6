package auth

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/password"
	"usher/internal/secret"
	"usher/internal/store"
)

func TestABlockEndsEverySession(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		tokens := w.signIn("ann", good)
		ann := w.identity(tokens)
		require.NoError(w, w.BlockUser(w.ctx(), w.admin, id))
		w.over(ann)
		_, err := w.refresh(tokens.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
		_, err = w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", Username: "ann", Password: secret.New(good)})
		require.ErrorIs(w, err, ErrInvalidGrant)
		require.NoError(w, w.BlockUser(w.ctx(), w.admin, id), "twice is once")

		require.NoError(w, w.UnblockUser(w.ctx(), w.admin, id))
		w.over(ann)
		_, err = w.refresh(tokens.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
		w.lives(w.signedIn("ann", good))
		require.Zero(w, w.thefts())
	})
}

func TestABuriedUser(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		ann := w.signedIn("ann", good)
		require.NoError(w, w.Bury(w.ctx(), ann, id), "one may oneself")
		w.over(ann)
		_, err := w.GetUser(w.ctx(), w.admin, id)
		require.ErrorIs(w, err, ErrNotFound)
		require.ErrorIs(w, w.UnblockUser(w.ctx(), w.admin, id), ErrNotFound)
		require.ErrorIs(w, w.Bury(w.ctx(), w.admin, id), ErrNotFound)
		_, err = w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", Username: "ann", Password: secret.New(good)})
		require.ErrorIs(w, err, ErrInvalidGrant)

		tombstone := w.record(UserKey(id))
		delete(tombstone, "op")
		delete(tombstone, "epoch")
		require.Equal(w, store.Record{
			"id": id, "workspace": w.first.Workspace, "ended": store.Millis(w.Now()),
		}, tombstone, "nothing is known of the dead")
		users, _, err := w.ListUsers(w.ctx(), w.admin, Page{Limit: 10})
		require.NoError(w, err)
		require.Len(w, users, 1)

		require.NotEqual(w, id, w.user("ann"), "the names are free at once")
	})
}

func TestOnlyOneselfOrAnAdministratorBuries(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.user("ann")
		w.user("bob")
		require.ErrorIs(w, w.Bury(w.ctx(), w.signedIn("bob", good), ann), ErrForbidden)
		require.ErrorIs(w, w.MayBury(w.ctx(), w.signedIn("bob", good), ann), ErrForbidden)
		g, _ := w.guest()
		require.ErrorIs(w, w.Bury(w.ctx(), g, g.ID), ErrWrongToken)
		require.NoError(w, w.MayBury(w.ctx(), w.admin, ann))
		w.lives(w.signedIn("ann", good))
		require.NoError(w, w.Bury(w.ctx(), w.admin, ann))
	})
}

func TestChangePassword(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		phone := w.signIn("ann", good)
		laptop := w.signIn("ann", good)
		who := w.identity(laptop)
		change := func(old, replacement string) (Tokens, error) {
			return w.ChangePassword(w.ctx(), who, secret.New(old), secret.New(replacement))
		}
		for _, row := range []struct {
			old, replacement string
			err              error
		}{
			{better, better, ErrWrongPassword},
			{"", better, ErrWrongPassword},
			{good, "short", password.ErrTooShort},
			{good, "password123", password.ErrTooCommon},
			{good, "ANN@usher.test", password.ErrTooCommon},
		} {
			_, err := change(row.old, row.replacement)
			require.ErrorIs(w, err, row.err)
		}
		w.lives(who)

		tokens, err := change(good, better)
		require.NoError(w, err)
		next := w.identity(tokens)
		w.lives(next)
		require.Equal(w, who.Client, next.Client)
		w.over(who)
		w.over(w.identity(phone))
		for _, old := range []Tokens{phone, laptop} {
			_, err := w.refresh(old.RefreshToken)
			require.ErrorIs(w, err, ErrInvalidGrant)
		}
		w.refreshed(tokens.RefreshToken)
		_, err = w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", Username: "ann", Password: secret.New(good)})
		require.ErrorIs(w, err, ErrInvalidGrant)
		w.signedIn("ann", better)
	})
}

func TestTwoPasswordsAtOnce(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		who := w.signedIn("ann", good)
		var mu sync.Mutex
		var last Tokens
		met := atOnce(20, func(int) error {
			tokens, err := w.ChangePassword(w.ctx(), who, secret.New(good), secret.New(better))
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				last = tokens
			}
			return err
		})
		require.Equal(w, map[error]int{nil: 1, ErrInvalidToken: 19}, met)
		w.lives(w.identity(last))
	})
}

func TestNothingIsDoneForAnEndedSession(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		ended := w.admin
		ended.Session = w.NewID()
		blank := ""
		for name, call := range map[string]func() error{
			"create":  func() error { _, err := w.CreateUser(w.ctx(), ended, newUser("bob")); return err },
			"me":      func() error { _, err := w.GetMe(w.ctx(), ended); return err },
			"update":  func() error { _, err := w.UpdateMe(w.ctx(), ended, UserPatch{Name: &blank}); return err },
			"address": func() error { _, err := w.UpdateMe(w.ctx(), ended, UserPatch{Email: &blank}); return err },
			"password": func() error {
				_, err := w.ChangePassword(w.ctx(), ended, secret.New(good), secret.New(better))
				return err
			},
			"list":      func() error { _, _, err := w.ListUsers(w.ctx(), ended, Page{Limit: 1}); return err },
			"get":       func() error { _, err := w.GetUser(w.ctx(), ended, id); return err },
			"find":      func() error { _, err := w.FindUser(w.ctx(), ended, "ann@usher.test", ""); return err },
			"update of": func() error { _, err := w.UpdateUser(w.ctx(), ended, id, UserPatch{Name: &blank}); return err },
			"block":     func() error { return w.BlockUser(w.ctx(), ended, id) },
			"unblock":   func() error { return w.UnblockUser(w.ctx(), ended, id) },
			"role":      func() error { return w.SetWorkspaceRole(w.ctx(), ended, id, Admin) },
			"bury":      func() error { return w.Bury(w.ctx(), ended, id) },
			"may bury":  func() error { return w.MayBury(w.ctx(), ended, id) },
		} {
			require.ErrorIs(w, call(), ErrInvalidToken, name)
		}
	})
}
