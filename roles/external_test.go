package roles

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/store"
)

// external is a user whom an integrator keeps, of a type, who has come by his access token.
func (w *world) external(id string, is auth.MemberType) auth.Identity {
	w.Helper()
	u, err := w.auth.PutExternal(w.Context(), w.as("admin"), id, auth.ExternalPatch{MemberType: &is})
	require.NoError(w, err)
	tokens, err := w.auth.SignInMember(w.Context(), w.first.Workspace, u.AccessToken)
	require.NoError(w, err)
	w.people[id], err = w.auth.Authenticate(w.Context(), tokens.AccessToken.Reveal())
	require.NoError(w, err)
	return w.people[id]
}

// ofWorkspace moves a room into the public space of the workspace's own id.
func (w *world) ofWorkspace(at place) place {
	w.Helper()
	at.space = w.first.Workspace
	for key, fields := range map[store.Key]store.Record{
		auth.SpaceKey(at.space): {"workspace": at.space, "public": "1"},
		auth.RoomKey(at.room):   {"space": at.space},
		aliasKey(at.alias):      {"space": at.space},
	} {
		_, err := w.auth.Apply(w.Context(), store.Tx{Do: []store.Write{store.Set(key, fields)}})
		require.NoError(w, err)
	}
	return at
}

// appointed gives a user roles in a space and a room, which is no way in that an external user has by himself.
func (w *world) appointed(at place, name string, inSpace, inRoom Role) {
	w.Helper()
	st, err := w.Of(w.Context(), w.inRoom(at, "host"), w.id(name))
	require.NoError(w, err)
	require.NoError(w, w.Admit(w.Context(), st, inSpace, store.Tx{}))
	w.grant(at, name, inRoom)
}

func TestAMemberEntersAsTheUserHeIs(t *testing.T) {
	onEach(t, func(w *world) {
		u := w.external("u-1", auth.GuestMember)
		for _, row := range []struct {
			public bool
			access Access
			before string // what the door says to who has no role, and to who has one in the room alone
			after  string
		}{
			{true, Open, "role_room_user", "role_room_monitor"},
			{true, Public, "role_room_user", "role_room_monitor"},
			{true, Private, "not_in_room", "role_room_monitor"},
			{false, Open, "not_in_space", "not_in_space"},
		} {
			at := w.place(row.public, row.access)
			require.Equal(w, row.before, w.enters(at, "u-1"))
			st, d, err := w.Approach(w.Context(), u, at.alias)
			require.NoError(w, err, "a user of the workspace is told why")
			require.Equal(w, []any{at.room, row.before[:4] == "role"}, []any{st.Room.ID, d.Allowed})
			if row.public {
				w.grant(at, "u-1", RoomMonitor)
			}
			require.Equal(w, row.after, w.enters(at, "u-1"))
		}
	})
}

// In the rooms of the integrator a user is what the integrator has said that he is; in a school's own, a user like others.
func TestWhatAMemberIsWithoutARole(t *testing.T) {
	onEach(t, func(w *world) {
		types := map[auth.MemberType]Role{auth.GuestMember: RoomUser, auth.HostMember: RoomModerator, auth.MonitorMember: RoomMonitor}
		for _, access := range []Access{Open, Public} {
			at := w.place(true, access)
			for is := range types {
				w.external("u-"+string(is), is)
				require.Equal(w, "role_room_user", w.enters(at, "u-"+string(is)))
			}
			at = w.ofWorkspace(at)
			for is, role := range types {
				who := w.as("u-" + string(is))
				pass, err := w.Join(w.Context(), who, at.space, at.room)
				require.NoError(w, err)
				require.Equal(w, []any{string(role), is == auth.MonitorMember, "u-" + string(is)}, []any{pass.Role, pass.Hidden, pass.ExternalUserID})
				d, err := w.Explain(w.Context(), w.as("admin"), at.space, at.room, who.ID)
				require.NoError(w, err)
				require.Equal(w, role, d.Role)
				require.ErrorIs(w, w.Kick(w.Context(), who, at.space, at.room, w.id("owner")), auth.ErrWrongToken)
			}
		}
		at := w.ofWorkspace(w.place(true, Private))
		require.Equal(w, "not_in_room", w.enters(at, "u-host"))
	})
}

// A member is there, leaves, is kicked, and goes with his session, as every user is.
func TestAMembersStay(t *testing.T) {
	onEach(t, func(w *world) {
		at := w.place(true, Public)
		who := w.external("u-1", auth.GuestMember)
		w.enter(at, who)
		w.occupied(at, 1, 1)
		require.NoError(w, w.Leave(w.Context(), who, at.space, at.room))
		w.occupied(at, 0, 0)

		w.enter(at, who)
		require.NoError(w, w.Logout(w.Context(), who))
		w.occupied(at, 0, 0)
		_, err := w.Join(w.Context(), who, at.space, at.room)
		require.ErrorIs(w, err, auth.ErrInvalidToken)

		who = w.external("u-1", auth.GuestMember)
		w.enter(at, who)
		require.NoError(w, w.Ban(w.Context(), w.as("host"), at.space, at.room, who.ID, nil, ""))
		w.occupied(at, 0, 0)
		require.Equal(w, "banned_in_room", w.enters(at, "u-1"))
		stays := w.listed(at, StayFilter{})
		require.Len(w, stays, 3)
		require.Equal(w, []string{"u-1", "u-1", who.ID}, []string{stays[0].ExternalID, stays[0].Name, stays[0].Subject})
	})
}

func TestAnExternalUserIsDeleted(t *testing.T) {
	onEach(t, func(w *world) {
		at, ctx := w.place(true, Private), w.Context()
		who := w.external("u-1", auth.GuestMember)
		w.grant(at, "u-1", RoomUser)
		w.enter(at, who)
		_, err := w.DeleteExternal(ctx, w.as("teacher"), "u-1")
		require.ErrorIs(w, err, auth.ErrForbidden)
		gone, err := w.DeleteExternal(ctx, w.as("admin"), "u-1")
		require.NoError(w, err)
		require.Equal(w, []string{who.ID, "u-1"}, []string{gone.ID, gone.ExternalID})
		require.Len(w, gone.AccessToken.Reveal(), 32)
		_, err = w.Join(ctx, who, at.space, at.room)
		require.ErrorIs(w, err, auth.ErrInvalidToken)
		_, err = w.auth.SignInMember(ctx, w.first.Workspace, gone.AccessToken)
		require.ErrorIs(w, err, auth.ErrInvalidGrant)
		_, err = w.DeleteExternal(ctx, w.as("admin"), "u-1")
		require.ErrorIs(w, err, auth.ErrNotFound)

		w.external("u-1", auth.GuestMember) // another user, who has nothing of the first
		require.Equal(w, "not_in_room", w.enters(at, "u-1"))
	})
}
