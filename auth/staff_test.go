package auth

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// admins is the count that the workspace keeps.
func (w *world) admins() int64 { return w.record(WorkspaceKey(w.first.Workspace)).Int("admins") }

func TestWorkspaceRoles(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		for _, row := range []struct {
			role   WorkspaceRole
			admins int64
		}{{Support, 1}, {Support, 1}, {Admin, 2}, {Admin, 2}, {Support, 1}, {"", 1}, {"", 1}, {Admin, 2}, {"", 1}} {
			require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, id, row.role))
			got, err := w.GetUser(w.ctx(), w.admin, id)
			require.NoError(w, err)
			require.Equal(w, row.role, got.Role)
			require.Equal(w, row.admins, w.admins())
		}
		var field *FieldError
		require.ErrorAs(w, w.SetWorkspaceRole(w.ctx(), w.admin, id, "role_space_owner"), &field)
		require.ErrorIs(w, w.SetWorkspaceRole(w.ctx(), w.admin, w.NewID(), Admin), ErrNotFound)
	})
}

func TestTheLastAdministratorStays(t *testing.T) {
	onEach(t, func(w *world) {
		require.ErrorIs(w, w.SetWorkspaceRole(w.ctx(), w.admin, w.admin.ID, ""), ErrLastAdmin)
		require.ErrorIs(w, w.SetWorkspaceRole(w.ctx(), w.admin, w.admin.ID, Support), ErrLastAdmin)
		require.ErrorIs(w, w.BlockUser(w.ctx(), w.admin, w.admin.ID), ErrHasWorkspaceRole)
		require.ErrorIs(w, w.Bury(w.ctx(), w.admin, w.admin.ID), ErrHasWorkspaceRole)

		require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, w.user("ann"), Admin))
		require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, w.admin.ID, ""), "not the last any more")
		require.ErrorIs(w, w.SetWorkspaceRole(w.ctx(), w.admin, w.admin.ID, Admin), ErrForbidden)
	})
}

// Who gives up his office repeats it where the log was away at first; the last administrator, who stays, leaves no event.
func TestAResignationHasItsEvent(t *testing.T) {
	onEach(t, func(w *world) {
		away := new(atomic.Bool)
		a := w.open(storetest.Deaf{Store: w.Store, Away: away}, settings)
		changes := audit.Filter{Type: audit.WorkspaceRoleChanged, Subject: w.admin.ID}
		require.ErrorIs(w, a.SetWorkspaceRole(w.ctx(), w.admin, w.admin.ID, ""), ErrLastAdmin)
		refused, _, err := w.ListEvents(w.ctx(), w.admin, changes, Page{Limit: 100})
		require.NoError(w, err)
		require.Empty(w, refused)
		for name, role := range map[string]WorkspaceRole{"ann": "", "bob": Support} {
			require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, w.user(name), Admin))
			heir := w.signedIn(name, good)
			before, _, err := w.ListEvents(w.ctx(), heir, changes, Page{Limit: 100})
			require.NoError(w, err)
			away.Store(true)
			require.ErrorIs(w, a.SetWorkspaceRole(w.ctx(), w.admin, w.admin.ID, role), store.ErrUnavailable)
			away.Store(false)
			require.NoError(w, a.SetWorkspaceRole(w.ctx(), w.admin, w.admin.ID, role))
			after, _, err := w.ListEvents(w.ctx(), heir, changes, Page{Limit: 100})
			require.NoError(w, err)
			require.Len(w, after, len(before)+1)
			require.NoError(w, w.SetWorkspaceRole(w.ctx(), heir, w.admin.ID, Admin))
		}
	})
}

func TestAdministratorsWhoAllResignAtOnce(t *testing.T) {
	onEach(t, func(w *world) {
		all := []Identity{w.admin}
		for _, name := range []string{"ann", "bob", "cem", "dan", "eve"} {
			require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, w.user(name), Admin))
			all = append(all, w.signedIn(name, good))
		}
		met := atOnce(len(all), func(i int) error { return w.SetWorkspaceRole(w.ctx(), all[i], all[i].ID, "") })
		require.Equal(w, map[error]int{nil: 5, ErrLastAdmin: 1}, met)
		require.EqualValues(w, 1, w.admins())
	})
}

func TestARoleThatCameTogetherWithABlock(t *testing.T) {
	onEach(t, func(w *world) {
		for _, end := range []func(user string) error{
			func(user string) error { return w.BlockUser(w.ctx(), w.admin, user) },
			func(user string) error { return w.Bury(w.ctx(), w.admin, user) },
		} {
			for range 10 {
				id := w.user("user " + w.NewID())
				var wg sync.WaitGroup
				wg.Go(func() { _ = w.SetWorkspaceRole(w.ctx(), w.admin, id, Admin) })
				wg.Go(func() { _ = end(id) })
				wg.Wait()
				role := roleOf(w.record(StaffKey(w.first.Workspace, id)))
				alive := Alive(w.record(UserKey(id)), w.Now())
				require.Equal(w, alive, role == Admin, "an administrator is alive, and the other is none")
				if alive {
					require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, id, ""))
				}
				require.EqualValues(w, 1, w.admins())
			}
		}
	})
}

func TestABlockedUserGetsNoRole(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		require.NoError(w, w.BlockUser(w.ctx(), w.admin, id))
		var field *FieldError
		require.ErrorAs(w, w.SetWorkspaceRole(w.ctx(), w.admin, id, Admin), &field)
		require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, id, ""))
	})
}

func TestResetAdmin(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		ann := w.signedIn("ann", good)
		require.NoError(w, w.BlockUser(w.ctx(), w.admin, ann.ID))

		c, err := w.ResetAdmin(w.ctx(), "", "ANN@usher.test", secret.String{})
		require.NoError(w, err)
		require.Equal(w, "ann@usher.test", c.AdminEmail)
		require.GreaterOrEqual(w, len(c.AdminPassword.Reveal()), 20)
		w.over(ann)
		again := w.signedIn("ann", c.AdminPassword.Reveal())
		require.EqualValues(w, 2, w.admins())
		_, _, err = w.ListUsers(w.ctx(), again, Page{Limit: 1})
		require.NoError(w, err)

		c, err = w.ResetAdmin(w.ctx(), w.first.Workspace, "ann@usher.test", secret.New(better))
		require.NoError(w, err)
		w.over(again)
		w.signedIn("ann", better)
		require.EqualValues(w, 2, w.admins())
		require.Equal(w, better, c.AdminPassword.Reveal())

		_, err = w.ResetAdmin(w.ctx(), "", "nobody@usher.test", secret.String{})
		require.ErrorIs(w, err, ErrNotFound)
		for _, nowhere := range []string{w.NewID(), "not:an id"} {
			_, err = w.ResetAdmin(w.ctx(), nowhere, "ann@usher.test", secret.String{})
			require.ErrorIs(w, err, ErrNoWorkspace)
		}
	})
}
