package auth

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/password"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestCreateUser(t *testing.T) {
	onEach(t, func(w *world) {
		id, err := w.CreateUser(w.ctx(), w.admin, NewUser{
			Email: "Ann@Usher.test", Username: "Ann Ash", Password: secret.New(good),
			Phone: "+49 30 1234", Name: "Ann", ProfileURL: "https://usher.test/ann.png",
		})
		require.NoError(w, err)
		ann := w.signedIn("ann ash", good)
		require.Equal(w, id, ann.ID)
		require.Equal(w, ByAccount, ann.How)
		me, err := w.GetMe(w.ctx(), ann)
		require.NoError(w, err)
		require.Equal(w, Account{
			ID: id, Workspace: w.first.Workspace, Email: "Ann@Usher.test", Username: "Ann Ash",
			Phone: "+49 30 1234", Name: "Ann", ProfileURL: "https://usher.test/ann.png", Created: w.Now(), Seen: w.Now(),
		}, me)

		_, err = w.CreateUser(w.ctx(), ann, newUser("bob")) // any signed-in user may
		require.NoError(w, err)
	})
}

func TestWhoMayCreateUsers(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		signUp                     SignUp
		admin, user, guest, client error
	}{
		{SignUpUsers, nil, nil, ErrWrongToken, ErrWrongToken},
		{SignUpAdmins, nil, ErrForbidden, ErrWrongToken, ErrWrongToken},
	} {
		set := settings
		set.SignUp = row.signUp
		w := newWorld(t, storetest.Bolt(t), set)
		w.user("ann")
		g, _ := w.guest()
		client := Identity{Kind: Client, ID: "backend", Client: "backend", Workspace: w.first.Workspace}
		for i, by := range []struct {
			who Identity
			err error
		}{{w.admin, row.admin}, {w.signedIn("ann", good), row.user}, {g, row.guest}, {client, row.client}} {
			_, err := w.CreateUser(w.ctx(), by.who, newUser(fmt.Sprint("new", i)))
			require.ErrorIs(t, err, by.err)
		}
	}
}

func TestUsersThatAreNotMade(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		for _, row := range []struct {
			name  string
			field string
			err   error
			spoil func(u *NewUser)
		}{
			{"no address", "email", nil, func(u *NewUser) { u.Email = "" }},
			{"no username", "username", nil, func(u *NewUser) { u.Username = "" }},
			{"no password", "", password.ErrTooShort, func(u *NewUser) { u.Password = secret.String{} }},
			{"a short password", "", password.ErrTooShort, func(u *NewUser) { u.Password = secret.New("abcdefg") }},
			{"a common password", "", password.ErrTooCommon, func(u *NewUser) { u.Password = secret.New("PassWord123") }},
			{"the address as password", "", password.ErrTooCommon, func(u *NewUser) { u.Password = secret.New("New@usher.TEST") }},
			{"the username as password", "", password.ErrTooCommon, func(u *NewUser) {
				u.Username, u.Password = "anastasia b", secret.New("Anastasia B")
			}},
			{"a bad phone", "phone", nil, func(u *NewUser) { u.Phone = "call me" }},
			{"a bad name", "name", nil, func(u *NewUser) { u.Name = "a\u200bb" }},
			{"a bad picture", "profileUrl", nil, func(u *NewUser) { u.ProfileURL = "javascript:alert(1)" }},
			{"a taken address", "", ErrEmailTaken, func(u *NewUser) { u.Email = "ANN@usher.test" }},
			{"a taken username", "", ErrUsernameTaken, func(u *NewUser) { u.Username = "Ann" }},
		} {
			in := newUser("new")
			row.spoil(&in)
			_, err := w.CreateUser(w.ctx(), w.admin, in)
			if row.err != nil {
				require.ErrorIs(w, err, row.err, row.name)
				continue
			}
			var field *FieldError
			require.ErrorAs(w, err, &field, row.name)
			require.Equal(w, row.field, field.Field)
		}
		w.user("new") // and of none of them anything stayed
	})
}

func TestOneOfTwoHundredGetsTheName(t *testing.T) {
	onEach(t, func(w *world) {
		met := atOnce(200, func(i int) error {
			in := newUser(fmt.Sprint("user ", i))
			in.Email = "Ann@Usher.Test"
			if i%2 == 0 {
				in.Email = strings.ToLower(in.Email)
			}
			err := password.ErrBusy
			for errors.Is(err, password.ErrBusy) {
				_, err = w.CreateUser(w.ctx(), w.admin, in)
			}
			return err
		})
		require.Equal(w, map[error]int{nil: 1, ErrEmailTaken: 199}, met)
		ann, err := w.FindUser(w.ctx(), w.admin, "ann@usher.test", "")
		require.NoError(w, err)
		require.Equal(w, ann.ID, w.signedIn("ann@usher.test", good).ID)
	})
}

func TestAUserOfAnotherWorkspace(t *testing.T) {
	onEach(t, func(w *world) {
		c, err := w.CreateWorkspace(w.ctx(), NewWorkspace{Name: "Other", AdminPassword: secret.New(good)})
		require.NoError(w, err)
		tokens, err := w.GetAccessToken(w.ctx(), TokenRequest{
			GrantType: "password", ClientID: c.PublicClient, Username: c.AdminEmail, Password: secret.New(good),
		})
		require.NoError(w, err)
		boss := w.identity(tokens)
		require.Equal(w, c.Workspace, boss.Workspace)

		ann := w.user("ann")
		_, err = w.CreateUser(w.ctx(), boss, newUser("ann"))
		require.NoError(w, err, "names are unique in a workspace, not beyond")

		for name, call := range map[string]func() error{
			"get":     func() error { _, err := w.GetUser(w.ctx(), boss, ann); return err },
			"update":  func() error { _, err := w.UpdateUser(w.ctx(), boss, ann, UserPatch{}); return err },
			"block":   func() error { return w.BlockUser(w.ctx(), boss, ann) },
			"unblock": func() error { return w.UnblockUser(w.ctx(), boss, ann) },
			"bury":    func() error { return w.Bury(w.ctx(), boss, ann) },
			"role":    func() error { return w.SetWorkspaceRole(w.ctx(), boss, ann, Support) },
			"an id that is none": func() error {
				_, err := w.GetUser(w.ctx(), boss, "../"+ann)
				return err
			},
		} {
			require.ErrorIs(w, call(), ErrNotFound, name)
		}
		_, there := w.UserIn(c.Workspace, ann, w.record(UserKey(ann)))
		require.False(w, there)

		boss.Workspace = w.first.Workspace // as no token of ours says
		w.over(boss)
	})
}

func (w *world) record(k store.Key) store.Record {
	w.Helper()
	recs, err := w.Store.Get(w.ctx(), k)
	require.NoError(w, err)
	return recs[0]
}
