package auth

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
	"usher/internal/store"
)

func TestListUsers(t *testing.T) {
	onEach(t, func(w *world) {
		made := []string{w.admin.ID}
		for i := range 5 {
			w.forward(1e6)
			made = append(made, w.user(fmt.Sprint("user ", i)))
		}
		require.NoError(w, w.Bury(w.ctx(), w.admin, made[2]))
		require.NoError(w, w.BlockUser(w.ctx(), w.admin, made[3]))
		w.write(store.Insert(userIndex(w.first.Workspace), ByTime(w.Now(), w.NewID()))) // of a user who was never written

		var seen []string
		page := Page{Limit: 2}
		for {
			users, next, err := w.ListUsers(w.ctx(), w.admin, page)
			require.NoError(w, err)
			for _, u := range users {
				seen = append(seen, u.ID)
				require.Equal(w, u.ID == made[3], u.Blocked)
				require.Equal(w, u.ID == w.admin.ID, u.Role == Admin)
			}
			if next == "" {
				break
			}
			page.After = next
		}
		require.Equal(w, append(append([]string{}, made[:2]...), made[3:]...), seen)
	})
}

// Of the users asked for, those are told who are there, to those who see the list.
func TestGetUsers(t *testing.T) {
	onEach(t, func(w *world) {
		ann, bob, gone := w.user("ann"), w.user("bob"), w.user("gone")
		require.NoError(w, w.Bury(w.ctx(), w.admin, gone))
		users, err := w.GetUsers(w.ctx(), w.admin, []string{ann, gone, "", "nobody", w.NewID(), bob})
		require.NoError(w, err)
		require.Len(w, users, 2)
		require.Equal(w, []string{ann, bob}, []string{users[0].ID, users[1].ID})
		_, err = w.GetUsers(w.ctx(), w.signedIn("ann", good), []string{bob})
		require.ErrorIs(w, err, ErrForbidden)
		g, _ := w.guest()
		_, err = w.GetUsers(w.ctx(), g, []string{bob})
		require.ErrorIs(w, err, ErrWrongToken)
	})
}

func TestFindUser(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		ann := w.signedIn("ann", good)
		for _, row := range []struct{ email, username string }{
			{"ann@usher.test", ""}, {"ANN@USHER.TEST", ""}, {"", "ann"}, {"", "ＡＮＮ"},
		} {
			found, err := w.FindUser(w.ctx(), ann, row.email, row.username)
			require.NoError(w, err, row)
			require.Equal(w, id, found.ID)
			require.Equal(w, "ann", found.ShownName())
		}
		for _, row := range []struct{ email, username string }{
			{"", ""}, {"an@usher.test", ""}, {"", "an"}, {"", "ann@usher.test"}, {"ann", ""},
		} {
			_, err := w.FindUser(w.ctx(), ann, row.email, row.username)
			require.ErrorIs(w, err, ErrNotFound, row)
		}
		g, _ := w.guest()
		_, err := w.FindUser(w.ctx(), g, "ann@usher.test", "")
		require.ErrorIs(w, err, ErrWrongToken)
	})
}

func TestWhoManagesUsers(t *testing.T) {
	onEach(t, func(w *world) {
		ann, eve := w.user("ann"), w.user("eve")
		require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, w.user("sue"), Support))
		g, _ := w.guest()
		everyone := map[string]Identity{
			"admin": w.admin, "support": w.signedIn("sue", good), "user": w.signedIn("eve", good), "guest": g,
			"client": {Kind: Client, ID: "backend", Client: "backend", Workspace: w.first.Workspace},
		}
		blank := ""
		for _, row := range []struct {
			name                         string
			call                         func(who Identity) error
			admin, support, user, others error
		}{
			{"list", func(who Identity) error {
				_, _, err := w.ListUsers(w.ctx(), who, Page{Limit: 1})
				return err
			}, nil, nil, ErrForbidden, ErrWrongToken},
			{"get", func(who Identity) error { _, err := w.GetUser(w.ctx(), who, ann); return err }, nil, nil, ErrForbidden, ErrWrongToken},
			{"update", func(who Identity) error {
				_, err := w.UpdateUser(w.ctx(), who, ann, UserPatch{Name: &blank})
				return err
			}, nil, ErrForbidden, ErrForbidden, ErrWrongToken},
			{"block", func(who Identity) error { return w.BlockUser(w.ctx(), who, ann) }, nil, ErrForbidden, ErrForbidden, ErrWrongToken},
			{"unblock", func(who Identity) error { return w.UnblockUser(w.ctx(), who, ann) }, nil, ErrForbidden, ErrForbidden, ErrWrongToken},
			{"role", func(who Identity) error {
				return w.SetWorkspaceRole(w.ctx(), who, ann, "")
			}, nil, ErrForbidden, ErrForbidden, ErrWrongToken},
			{"may bury", func(who Identity) error { return w.MayBury(w.ctx(), who, ann) }, nil, ErrForbidden, ErrForbidden, ErrWrongToken},
			{"me", func(who Identity) error { _, err := w.GetMe(w.ctx(), who); return err }, nil, nil, nil, ErrWrongToken},
			{"my password", func(who Identity) error {
				_, err := w.ChangePassword(w.ctx(), who, secret.New("no"), secret.New(better))
				return err
			}, ErrWrongPassword, ErrWrongPassword, ErrWrongPassword, ErrWrongToken},
		} {
			for name, expected := range map[string]error{
				"admin": row.admin, "support": row.support, "user": row.user, "guest": row.others, "client": row.others,
			} {
				require.ErrorIs(w, row.call(everyone[name]), expected, row.name+" by "+name)
			}
		}
		require.NotEmpty(w, eve)
	})
}
