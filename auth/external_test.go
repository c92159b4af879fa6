package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/audit"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// onEachSealed is onEach in a world with a key-encryption key.
func onEachSealed(t *testing.T, play func(w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		play(newWorld(t, s, under(t, oneKey, "")))
	})
}

func TestAnExternalUserIsPut(t *testing.T) {
	onEachSealed(t, func(w *world) {
		who, _ := w.apiKey(0, "users:write")
		id := "이름(S_123) / 1"
		made, err := w.PutExternal(w.ctx(), who, id, ExternalPatch{})
		require.NoError(w, err)
		require.True(w, IsID(made.ID))
		require.Equal(w, []string{id, id, w.first.Workspace}, []string{made.ExternalID, made.ShownName(), made.Workspace})
		require.Equal(w, GuestMember, made.MemberType)
		require.Equal(w, []time.Time{noon, noon}, []time.Time{made.Created, made.Updated})
		require.Regexp(w, `^[A-Za-z0-9_-]{32}$`, made.AccessToken.Reveal())

		w.forward(time.Hour)
		name, picture, host := "Ann", "https://pictures.test/ann", HostMember
		put, err := w.PutExternal(w.ctx(), who, id, ExternalPatch{Name: &name, ProfileURL: &picture, MemberType: &host})
		require.NoError(w, err)
		want := made
		want.Name, want.ProfileURL, want.MemberType, want.Updated = name, picture, host, noon.Add(time.Hour)
		w.same(want, put)
		w.forward(time.Hour)
		put, err = w.PutExternal(w.ctx(), who, id, ExternalPatch{})
		require.NoError(w, err)
		w.same(want, put) // nothing is taken away that is not named

		got, err := w.GetExternal(w.ctx(), who, id)
		require.NoError(w, err)
		w.same(want, got)
		none := ""
		put, err = w.UpdateExternal(w.ctx(), who, id, ExternalPatch{Name: &none})
		require.NoError(w, err)
		require.Equal(w, id, put.ShownName())

		e := w.recorded(audit.Filter{Type: audit.UserCreated})
		require.Equal(w, []string{made.ID, "key", who.ID}, []string{e[0].Subject, e[0].ActorKind, e[0].Actor})
		require.Len(w, w.recorded(audit.Filter{Type: audit.UserUpdated}), 2)
	})
}

// same compares external users with their tokens.
func (w *world) same(want, got External) {
	w.Helper()
	require.Equal(w, want.AccessToken.Reveal(), got.AccessToken.Reveal())
	got.AccessToken = want.AccessToken
	require.Equal(w, want, got)
}

func TestOneExternalUserIsMadeByManyAtOnce(t *testing.T) {
	onEachSealed(t, func(w *world) {
		who, _ := w.apiKey(0, "users:write")
		seen := make([]External, 40)
		met := atOnce(len(seen), func(i int) (err error) {
			seen[i], err = w.PutExternal(w.ctx(), who, "u-1", ExternalPatch{})
			return err
		})
		require.Equal(w, map[error]int{nil: len(seen)}, met)
		for _, u := range seen {
			w.same(seen[0], u)
		}
		users, total, err := w.ListExternals(w.ctx(), who, "", Slice{Limit: 50})
		require.NoError(w, err)
		require.Equal(w, 1, total)
		require.Len(w, users, 1)
		require.Len(w, w.recorded(audit.Filter{Type: audit.UserCreated, Subject: seen[0].ID}), 1)
		all, _, err := w.ListUsers(w.ctx(), who, Page{Limit: 50})
		require.NoError(w, err)
		require.Len(w, all, 1)
	})
}

// A server that stopped between the names and the user leaves nothing that anybody has to wait for.
func TestAnExternalUserWhomAnotherHasBegun(t *testing.T) {
	onEachSealed(t, func(w *world) {
		who, _ := w.apiKey(0, "users:write")
		begun := w.NewID()
		_, err := w.claim(w.ctx(), name{w.first.Workspace, byExternal, "u-1"}, begun)
		require.NoError(w, err)
		_, err = w.ExternalUser(w.ctx(), w.first.Workspace, "u-1")
		require.ErrorIs(w, err, ErrNotFound)
		w.forward(time.Second)
		made, err := w.PutExternal(w.ctx(), who, "u-1", ExternalPatch{})
		require.NoError(w, err)
		require.Equal(w, begun, made.ID)

		// And whoever has begun, and comes late, finds him.
		late := account{Workspace: w.first.Workspace, ExternalID: "u-1", ID: begun, Created: noon}
		require.NoError(w, w.enlist(w.ctx(), late))
		token, err := w.claim(w.ctx(), name{w.first.Workspace, byToken, "late"}, begun)
		require.NoError(w, err)
		_, err = w.broughtBefore(w.ctx(), late, token)
		require.ErrorIs(w, err, ErrOvertaken)
		_, total, err := w.ListExternals(w.ctx(), who, "", Slice{Limit: 10})
		require.NoError(w, err)
		require.Equal(w, 1, total)
	})
}

func TestWhatAnExternalIDIs(t *testing.T) {
	onEachSealed(t, func(w *world) {
		who, _ := w.apiKey(0, "users:write")
		for _, id := range []string{"", " ", "a\nb", "a\x00b", "\u202eevil", "\u200d", "\xff", strings.Repeat("a", 256)} {
			_, err := w.PutExternal(w.ctx(), who, id, ExternalPatch{})
			require.Equal(w, "externalId", fieldOf(w, err), "%q", id)
			_, err = w.GetExternal(w.ctx(), who, id)
			require.ErrorIs(w, err, ErrNotFound, "%q", id)
		}
		ids := map[string]bool{} // byte for byte: none of these is another
		for _, id := range []string{"Ann", "ann", " ann", "../ann?x=1", "a@x.test", "é", "e\u0301", strings.Repeat("글", 255)} {
			u, err := w.PutExternal(w.ctx(), who, id, ExternalPatch{})
			require.NoError(w, err, "%q", id)
			require.False(w, ids[u.ID])
			ids[u.ID] = true
			found, err := w.ExternalUser(w.ctx(), w.first.Workspace, id)
			require.NoError(w, err)
			require.Equal(w, []string{u.ID, id}, []string{found.ID, found.ExternalID})
			require.True(w, found.AccessToken.Empty())
		}
		wrong, none := "http://pictures.test", MemberType("owner")
		_, err := w.PutExternal(w.ctx(), who, "u-1", ExternalPatch{ProfileURL: &wrong})
		require.Equal(w, "profileUrl", fieldOf(w, err))
		_, err = w.PutExternal(w.ctx(), who, "u-1", ExternalPatch{MemberType: &none})
		require.Equal(w, "defaultMemberType", fieldOf(w, err))
		_, err = w.UpdateExternal(w.ctx(), who, "u-1", ExternalPatch{})
		require.ErrorIs(w, err, ErrNotFound, "who was refused is not there")
	})
}

func fieldOf(w *world, err error) string {
	w.Helper()
	var wrong *FieldError
	require.ErrorAs(w, err, &wrong)
	return wrong.Field
}

func TestExternalUsersAreListed(t *testing.T) {
	onEachSealed(t, func(w *world) {
		who, _ := w.apiKey(0, "users:write")
		w.user("ann")
		for i := range 5 {
			w.forward(time.Second)
			_, err := w.PutExternal(w.ctx(), who, fmt.Sprintf("%c-%d", 'a'+i%2, 9-i), ExternalPatch{})
			require.NoError(w, err)
		}
		for _, row := range []struct {
			begins string
			slice  Slice
			total  int
			want   string
		}{
			{"", Slice{Limit: 30}, 5, "a-9 b-8 a-7 b-6 a-5"},
			{"", Slice{Limit: 30, Descending: true}, 5, "a-5 b-6 a-7 b-8 a-9"},
			{"", Slice{Offset: 3, Limit: 1}, 5, "b-6"},
			{"", Slice{Offset: 5, Limit: 10}, 5, ""},
			{"a-", Slice{Limit: 30}, 3, "a-5 a-7 a-9"},
			{"a-", Slice{Offset: 1, Limit: 1}, 3, "a-7"},
			{"A-", Slice{Limit: 30}, 0, ""},
		} {
			users, total, err := w.ListExternals(w.ctx(), who, row.begins, row.slice)
			require.NoError(w, err)
			var ids []string
			for _, u := range users {
				ids = append(ids, u.ExternalID)
				require.Len(w, u.AccessToken.Reveal(), 32)
			}
			require.Equal(w, row.want, strings.Join(ids, " "), row)
			require.Equal(w, row.total, total, row)
		}

		u, err := w.GetExternal(w.ctx(), who, "a-9")
		require.NoError(w, err)
		require.NoError(w, w.Bury(w.ctx(), who, u.ID))
		_, total, err := w.ListExternals(w.ctx(), who, "a-", Slice{Limit: 30})
		require.NoError(w, err)
		require.Equal(w, 2, total)
		_, err = w.GetExternal(w.ctx(), who, "a-9")
		require.ErrorIs(w, err, ErrNotFound)
		again, err := w.PutExternal(w.ctx(), who, "a-9", ExternalPatch{})
		require.NoError(w, err)
		require.NotEqual(w, u.ID, again.ID)
		require.NotEqual(w, u.AccessToken.Reveal(), again.AccessToken.Reveal())
	})
}

func TestWhoMayIntegrate(t *testing.T) {
	onEachSealed(t, func(w *world) {
		writes, _ := w.apiKey(0, "users:write")
		reads, _ := w.apiKey(0, "users:read")
		support := w.user("support")
		require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, support, Support))
		w.user("ann")
		guest, _ := w.guest()
		_, err := w.PutExternal(w.ctx(), writes, "u-1", ExternalPatch{})
		require.NoError(w, err)
		for _, row := range []struct {
			who           Identity
			token         bool
			reads, writes error
		}{
			{writes, true, nil, nil},
			{w.admin, true, nil, nil},
			{w.signedIn("support", good), false, nil, ErrForbidden},
			{w.signedIn("ann", good), false, ErrForbidden, ErrForbidden},
			{guest, false, ErrWrongToken, ErrWrongToken},
			{Identity{}, false, ErrWrongToken, ErrWrongToken},
		} {
			u, err := w.GetExternal(w.ctx(), row.who, "u-1")
			require.ErrorIs(w, err, row.reads)
			require.Equal(w, row.token, !u.AccessToken.Empty())
			users, _, err := w.ListExternals(w.ctx(), row.who, "", Slice{Limit: 9})
			require.ErrorIs(w, err, row.reads)
			require.Equal(w, row.token, len(users) == 1 && !users[0].AccessToken.Empty())
			_, err = w.PutExternal(w.ctx(), row.who, "u-1", ExternalPatch{})
			require.ErrorIs(w, err, row.writes)
			_, err = w.UpdateExternal(w.ctx(), row.who, "u-1", ExternalPatch{})
			require.ErrorIs(w, err, row.writes)
			_, err = w.RotateAccessToken(w.ctx(), row.who, "u-1")
			require.ErrorIs(w, err, row.writes)
		}
		u, err := w.GetExternal(w.ctx(), reads, "u-1")
		require.NoError(w, err)
		require.True(w, u.AccessToken.Empty())

		other, err := w.CreateWorkspace(w.ctx(), NewWorkspace{})
		require.NoError(w, err)
		elsewhere := writes
		elsewhere.Workspace = other.Workspace
		_, err = w.GetExternal(w.ctx(), elsewhere, "u-1")
		require.ErrorIs(w, err, ErrInvalidToken, "a key of another workspace")
		_, err = w.ExternalUser(w.ctx(), other.Workspace, "u-1")
		require.ErrorIs(w, err, ErrNotFound)
	})
}

// Who means to make somebody new changes nobody who is there, however many mean to at once: one makes him.
func TestAnExternalUserIsMadeOnce(t *testing.T) {
	onEachSealed(t, func(w *world) {
		var race sync.WaitGroup
		made := make([]error, 8)
		for i := range made {
			race.Go(func() {
				name := fmt.Sprint("Maker ", i)
				_, made[i] = w.CreateExternal(w.ctx(), w.admin, "S-1", ExternalPatch{Name: &name})
			})
		}
		race.Wait()
		require.Equal(w, 1, len(slices.DeleteFunc(made, func(err error) bool { return errors.Is(err, ErrExternalTaken) })))
		other := "Another"
		_, err := w.CreateExternal(w.ctx(), w.admin, "S-1", ExternalPatch{Name: &other})
		require.ErrorIs(w, err, ErrExternalTaken)
		is, err := w.GetExternal(w.ctx(), w.admin, "S-1")
		require.NoError(w, err)
		require.NotEqual(w, other, is.Name)
		_, err = w.CreateExternal(w.ctx(), w.admin, " ", ExternalPatch{})
		require.Equal(w, "externalId", fieldOf(w, err))
		require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, w.user("sue"), Support))
		_, err = w.CreateExternal(w.ctx(), w.signedIn("sue", good), "S-2", ExternalPatch{})
		require.ErrorIs(w, err, ErrForbidden)
	})
}
