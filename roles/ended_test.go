package roles

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
)

// Who is blocked, deleted or gets another access token is in no room any more, and no time is counted for him.
func TestWhoIsNoMoreIsInNoRoom(t *testing.T) {
	onEach(t, func(w *world) {
		ctx, admin, home := w.Context(), w.people["admin"], w.first.Workspace
		p := w.place(true, Public)
		here := func(space, room string, who auth.Identity) int {
			w.Helper()
			stays, _, err := w.ListStays(ctx, who, space, room, StayFilter{Connected: new(true)}, auth.Page{Limit: 10})
			require.NoError(w, err)
			return len(stays)
		}
		for name, ends := range map[string]func(context.Context, auth.Identity, string) error{"blocked": w.BlockUser, "deleted": w.DeleteUser} {
			_, err := w.Join(ctx, w.as(name), p.space, p.room)
			require.NoError(w, err)
			require.Equal(w, 1, here(p.space, p.room, w.as("host")))
			require.NoError(w, ends(ctx, admin, w.id(name)))
			require.Zero(w, here(p.space, p.room, w.as("host")), name)
		}

		room, err := w.CreateRoom(ctx, w.key("rooms:write"), home, NewRoom{Name: "Lab", Access: Public})
		require.NoError(w, err)
		member := w.external("u-1", auth.GuestMember)
		u, err := w.auth.GetUser(ctx, admin, member.ID)
		require.NoError(w, err)
		_, err = w.Join(ctx, member, home, room.ID)
		require.NoError(w, err)
		require.Equal(w, 1, here(home, room.ID, admin))
		require.NoError(w, w.RotateAccessToken(ctx, admin, u))
		require.Zero(w, here(home, room.ID, admin))
		_, err = w.Join(ctx, member, home, room.ID)
		require.ErrorIs(w, err, auth.ErrInvalidToken)
	})
}

// What no room lets in by, and no reason that can be read, is refused.
func TestWordsThatAreNone(t *testing.T) {
	onEach(t, func(w *world) {
		ctx := w.Context()
		p := w.place(true, Public)
		var wrong *auth.FieldError
		_, err := w.CreateRoom(ctx, w.as("host"), p.space, NewRoom{Name: "Lab", Access: "weird"})
		require.ErrorAs(w, err, &wrong)
		require.Equal(w, "/access", wrong.Field)
		_, err = w.UpdateRoom(ctx, w.as("host"), p.space, p.room, NewRoom{Name: "Lab", Access: "weird"})
		require.ErrorAs(w, err, &wrong)
		for _, reason := range []string{string(make([]rune, 501)), "a\x1b[2J"} {
			require.ErrorAs(w, w.Ban(ctx, w.as("host"), p.space, p.room, w.id("friend"), nil, reason), &wrong)
			require.Equal(w, "/reason", wrong.Field)
		}
		require.NoError(w, w.Ban(ctx, w.as("host"), p.space, p.room, w.id("friend"), nil, "was loud\ntwice"))
	})
}

// For an API key nobody is in a room who has a role in the workspace.
func TestAKeyKnowsNoStaff(t *testing.T) {
	onEach(t, func(w *world) {
		ctx, admin, home, key := w.Context(), w.people["admin"], w.first.Workspace, w.key("rooms:write")
		room, err := w.CreateRoom(ctx, key, home, NewRoom{Name: "Lab", Access: Private})
		require.NoError(w, err)
		for _, user := range []string{admin.ID, w.id("friend")} {
			require.NoError(w, w.GrantRole(ctx, admin, home, room.ID, user, RoomModerator, false))
		}
		listed, _, err := w.ListRoomRoles(ctx, key, home, room.ID, auth.Page{Limit: 9})
		require.NoError(w, err)
		require.Len(w, listed, 1)
		attendees, _, err := w.ListAttendees(ctx, key, room.ID, auth.Slice{Limit: 9})
		require.NoError(w, err)
		require.Len(w, attendees, 1)
		_, err = w.GetAttendee(ctx, key, room.ID, admin.ID)
		require.ErrorIs(w, err, ErrNoRole)
	})
}
