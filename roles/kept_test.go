package roles

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
)

// What was kept stands until its issuer falls again, however that comes about; and coming back without falling does
// not touch it.
func TestWhatIsKeptFallsLater(t *testing.T) {
	onEach(t, func(w *world) {
		owner, host, ctx := w.as("owner"), w.as("host"), w.Context()
		back := func(p place, name string) {
			w.join(p.space, name, SpaceModerator)
			w.grant(p, name, RoomModerator)
		}
		for _, row := range []struct {
			name            string
			later           func(p place, name string) error
			inSpace, inRoom bool
		}{
			{"nothing more", func(place, string) error { return nil }, true, true},
			{"comes back", func(p place, name string) error { back(p, name); return nil }, true, true},
			{"is banned from the space", func(p place, name string) error {
				return w.SpaceBan(ctx, owner, p.space, w.id(name), nil, "")
			}, false, false},
			{"is banned from the room", func(p place, name string) error {
				return w.Ban(ctx, host, p.space, p.room, w.id(name), nil, "")
			}, true, false},
			{"comes back and is removed", func(p place, name string) error {
				back(p, name)
				return w.RemoveMember(ctx, owner, p.space, w.id(name), false)
			}, false, false},
			{"comes back and is demoted in the room", func(p place, name string) error {
				back(p, name)
				return w.GrantRole(ctx, host, p.space, p.room, w.id(name), RoomUser, false)
			}, true, false},
			{"is deleted", func(_ place, name string) error { return w.DeleteUser(ctx, w.people["admin"], w.id(name)) }, false, false},
		} {
			p := w.place(false, Private)
			back(p, row.name)
			his := w.issues(p, row.name)
			require.NoError(w, w.RemoveMember(ctx, owner, p.space, w.id(row.name), true), row.name)
			require.Equal(w, string(CodeNotInSpace), w.enters(p, row.name), row.name)
			require.NoError(w, row.later(p, row.name), row.name)
			inSpace, inRoom := w.holds(his)
			require.Equal(w, []bool{row.inSpace, row.inRoom}, []bool{inSpace, inRoom}, row.name)
		}
	})
}

// Whoever is banned from the space is given no role in its rooms, which would come to life with the end of the ban.
func TestNoRoleForTheBanned(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, host := w.place(true, Private), w.Context(), w.as("host")
		require.NoError(w, w.SpaceBan(ctx, w.as("owner"), p.space, w.id("pupil"), nil, ""))
		require.ErrorIs(w, w.GrantRole(ctx, host, p.space, p.room, w.id("pupil"), RoomUser, false), ErrUserBanned)
		require.NoError(w, w.SpaceUnban(ctx, w.as("owner"), p.space, w.id("pupil")))
		require.Equal(w, string(CodeNotInRoom), w.enters(p, "pupil"))
		w.grant(p, "pupil", RoomUser)
	})
}

// A ban that has an end has it in the future; an instant that nobody set is no end, but no absence of one either.
func TestBanThatIsOver(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(true, Public), w.Context()
		for _, until := range []time.Time{{}, w.now(), w.now().Add(-time.Hour)} {
			var wrong *auth.FieldError
			require.ErrorAs(w, w.Ban(ctx, w.as("host"), p.space, p.room, w.id("pupil"), &until, ""), &wrong)
			require.Equal(w, "/until", wrong.Field)
			require.ErrorAs(w, w.SpaceBan(ctx, w.as("owner"), p.space, w.id("pupil"), &until, ""), &wrong)
		}
	})
}

// The support of a workspace changes nothing, whatever roles it has in spaces and rooms; it looks, and enters by them.
func TestSupportChangesNothing(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(false, Private), w.Context()
		who := w.as("helpdesk")
		w.join(p.space, "helpdesk", SpaceUser)
		require.NoError(w, w.SetSpaceRole(ctx, w.as("owner"), p.space, who.ID, SpaceOwner, false))
		w.grant(p, "helpdesk", RoomOwner)
		require.NoError(w, w.auth.SetWorkspaceRole(ctx, w.people["admin"], who.ID, auth.Support))

		require.Equal(w, string(RoomOwner), w.enters(p, "helpdesk"))
		_, err := w.GetRoom(ctx, who, p.space, p.room)
		require.NoError(w, err)
		_, err = w.CreateSpace(ctx, who, SpaceDetails{Name: "n"})
		require.ErrorIs(w, err, ErrForbidden)
		_, err = w.CreateRoom(ctx, who, p.space, NewRoom{Name: "n"})
		require.ErrorIs(w, err, ErrForbidden)
		for name, err := range map[string]error{
			"delete space": w.DeleteSpace(ctx, who, p.space),
			"delete room":  w.DeleteRoom(ctx, who, p.space, p.room),
			"close":        w.CloseRoom(ctx, who, p.space, p.room),
			"grant":        w.GrantRole(ctx, who, p.space, p.room, w.id("pupil"), RoomUser, false),
			"ban":          w.Ban(ctx, who, p.space, p.room, w.id("pupil"), nil, ""),
			"space ban":    w.SpaceBan(ctx, who, p.space, w.id("pupil"), nil, ""),
		} {
			require.ErrorIs(w, err, ErrForbidden, name)
		}
	})
}
