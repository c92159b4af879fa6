package auth

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/store"
	"usher/internal/store/storetest"
)

// Whoever makes an external user, loses the reply, and finds him changed by another, has made him all the same: one user, whose
// token leads to him.
func TestAnExternalUserIsChangedBeforeTheReply(t *testing.T) {
	onEachSealed(t, func(w *world) {
		who, _ := w.apiKey(0, "users:write")
		for _, makes := range []string{"PutExternal", "CreateExternal"} {
			slow, changed := *w.Authority, false
			slow.Store = storetest.Interrupted{Store: w.Store, By: func() {
				if _, err := w.ExternalUser(w.ctx(), w.first.Workspace, makes); err == nil && !changed {
					changed = true
					_, err := w.UpdateExternal(w.ctx(), who, makes, ExternalPatch{Name: new("by another")})
					require.NoError(w, err)
				}
			}}
			put := slow.PutExternal
			if makes == "CreateExternal" {
				put = slow.CreateExternal
			}
			made, err := put(w.ctx(), who, makes, ExternalPatch{Name: new("Ann")})
			require.NoError(w, err, makes)
			require.True(w, changed, "nobody was quicker")
			require.Equal(w, "by another", made.Name)
			_, err = w.memberOf(w.ctx(), w.first.Workspace, made.AccessToken)
			require.NoError(w, err)
		}
		_, total, err := w.ListExternals(w.ctx(), who, "", Slice{Limit: 9})
		require.NoError(w, err)
		require.Equal(w, 2, total)
	})
}

// An invite whose reply is lost, while others are invited, is in force, and so are theirs.
func TestOthersAreInvitedBeforeTheReply(t *testing.T) {
	onEach(t, func(w *world) {
		slow, invited := *w.Authority, false
		slow.Store = storetest.Interrupted{Store: w.Store, By: func() {
			if waiting, err := w.ListStaffInvites(w.ctx(), w.admin); err == nil && len(waiting) == 1 && !invited {
				invited = true
				require.NoError(w, w.InviteStaff(w.ctx(), w.admin, "bob@usher.test", Support))
			}
		}}
		require.NoError(w, slow.InviteStaff(w.ctx(), w.admin, "ann@usher.test", Support))
		require.True(w, invited, "nobody was quicker")
		waiting, err := w.ListStaffInvites(w.ctx(), w.admin)
		require.NoError(w, err)
		var emails []string
		for _, in := range waiting {
			emails = append(emails, in.Email)
		}
		require.ElementsMatch(w, []string{"ann@usher.test", "bob@usher.test"}, emails)
	})
}

// What a server leaves in the list of external users that stopped while it made one, or buried one, is not counted for
// longer than somebody may still be about it.
func TestWhoIsNotThereIsNotCounted(t *testing.T) {
	onEachSealed(t, func(w *world) {
		who, _ := w.apiKey(0, "users:write")
		made, err := w.PutExternal(w.ctx(), who, "u-1", ExternalPatch{})
		require.NoError(w, err)
		gone, err := w.PutExternal(w.ctx(), who, "u-2", ExternalPatch{})
		require.NoError(w, err)
		was, err := w.presently(w.ctx(), gone.ID)
		require.NoError(w, err)
		require.NoError(w, w.Bury(w.ctx(), who, gone.ID))
		begun := account{Workspace: w.first.Workspace, ExternalID: "u-3", ID: w.NewID(), Created: w.Now()}
		for _, u := range []account{was, begun} {
			require.NoError(w, w.enlist(w.ctx(), u))
		}
		counts := func(begins string, wanted int) {
			w.Helper()
			users, total, err := w.ListExternals(w.ctx(), who, begins, Slice{Limit: 9})
			require.NoError(w, err)
			require.Equal(w, made.ID, users[0].ID)
			require.Equal(w, []int{1, wanted}, []int{len(users), total})
		}
		counts("", 2)
		counts("u-", 2)
		w.forward(aMinute + time.Second)
		counts("", 1)
		counts("", 1)
	})
}

// Of a user who is deleted while another finishes a change of his name, nothing stays in the lists.
func TestAUserIsDeletedBehindAChange(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		now, err := w.presently(w.ctx(), id)
		require.NoError(w, err)
		was := now
		was.Name = "Yves"
		slow := *w.Authority
		slow.Store = deleting{w.Store, UserKey(id), func() { require.NoError(w, w.Bury(w.ctx(), w.admin, id)) }}
		slow.relist(w.ctx(), was, now)
		left, err := w.Store.List(w.ctx(), searchIndex(w.first.Workspace), store.Page{Prefix: "ann", Limit: 9})
		require.NoError(w, err)
		require.Empty(w, left)
	})
}

// deleting lets somebody else do something behind the reading of a record.
type deleting struct {
	store.Store
	key store.Key
	do  func()
}

func (s deleting) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	recs, err := s.Store.Get(ctx, keys...)
	if keys[0] == s.key && recs[0]["ended"] == "" {
		s.do()
	}
	return recs, err
}

// Who changes one thing of a workspace takes nothing back that another changes of it meanwhile.
func TestTwoChangeTwoThingsOfAWorkspace(t *testing.T) {
	onEach(t, func(w *world) {
		page, slow := RoomPage("https://app.usher.test/{room}"), *w.Authority
		slow.Store = &storetest.Interposed{Store: w.Store, Do: func() {
			_, err := w.UpdateWorkspace(w.ctx(), w.admin, WorkspacePatch{RoomPage: &page})
			require.NoError(w, err)
		}}
		_, err := slow.UpdateWorkspace(w.ctx(), w.admin, WorkspacePatch{Name: new("Evening school")})
		require.NoError(w, err)
		is, err := w.GetWorkspace(w.ctx(), w.admin)
		require.NoError(w, err)
		require.Equal(w, Workspace{ID: w.first.Workspace, Name: "Evening school", RoomPage: page}, is)

		// Of two addresses it is one, and not the beginning of one with the end of the other.
		long := "/rooms/{room}?name={name}&language=en&theme=light&from=usher"
		at := func(host string) *RoomPage { return new(RoomPage("https://" + host + ".usher.test" + long)) }
		_, err = w.UpdateWorkspace(w.ctx(), w.admin, WorkspacePatch{RoomPage: at("call")})
		require.NoError(w, err)
		mine := RoomPage(strings.Replace(string(*at("call")), "from=usher", "from=night", 1))
		slow.Store = &storetest.Interposed{Store: w.Store, Do: func() {
			_, err := w.UpdateWorkspace(w.ctx(), w.admin, WorkspacePatch{RoomPage: at("meet")})
			require.NoError(w, err)
		}}
		is, err = slow.UpdateWorkspace(w.ctx(), w.admin, WorkspacePatch{RoomPage: &mine})
		require.NoError(w, err)
		require.Equal(w, mine, is.RoomPage)
		page, err = w.RoomPageOf(w.ctx(), w.first.Workspace)
		require.NoError(w, err)
		require.Equal(w, mine, page)
	})
}
