package roles

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
)

// officer is somebody who acts by his role in the workspace, if he has one.
func officer(who auth.Identity) auth.Identity {
	who.Office = true
	return who
}

// An administrator manages every room of the workspace by his office, and enters none by it. Support sees the same and
// changes nothing. To others an office that they do not hold gives nothing.
func TestWhoActsByHisOffice(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, admin, closed := w.place(false, Private), w.Context(), w.people["admin"], true
		require.NoError(w, w.auth.SetWorkspaceRole(ctx, admin, w.id("looker"), auth.Support))
		looker := w.as("looker")
		page := auth.Page{Limit: 9}
		looks := map[string]func(auth.Identity) error{
			"the space": func(who auth.Identity) error { _, err := w.GetSpace(ctx, who, p.space); return err },
			"members":   func(who auth.Identity) error { _, _, err := w.ListMembers(ctx, who, p.space, page); return err },
			"rooms":     func(who auth.Identity) error { _, _, err := w.ListRooms(ctx, who, p.space, page); return err },
			"the room":  func(who auth.Identity) error { _, err := w.GetRoom(ctx, who, p.space, p.room); return err },
			"roles": func(who auth.Identity) error {
				_, _, err := w.ListRoomRoles(ctx, who, p.space, p.room, page)
				return err
			},
			"bans": func(who auth.Identity) error { _, _, err := w.ListBans(ctx, who, p.space, p.room, page); return err },
		}
		changes := map[string]func(auth.Identity) error{
			"grant": func(who auth.Identity) error {
				return w.GrantRole(ctx, who, p.space, p.room, w.id("pupil"), RoomMonitor, false)
			},
			"ban":    func(who auth.Identity) error { return w.Ban(ctx, who, p.space, p.room, w.id("outsider"), nil, "") },
			"unban":  func(who auth.Identity) error { return w.Unban(ctx, who, p.space, p.room, w.id("outsider")) },
			"revoke": func(who auth.Identity) error { return w.RevokeRole(ctx, who, p.space, p.room, w.id("pupil"), false) },
			"update": func(who auth.Identity) error {
				_, err := w.UpdateRoom(ctx, who, p.space, p.room, NewRoom{Name: "Other", Access: Public, Closed: &closed})
				return err
			},
		}
		w.as("outsider")
		w.as("pupil")
		for name, look := range looks {
			require.NoError(w, look(officer(admin)), name)
			require.NoError(w, look(officer(looker)), name)
			require.ErrorIs(w, look(officer(w.as("outsider"))), ErrNotFound, name)
			require.ErrorIs(w, look(admin), ErrNotFound, name+", but not by his office")
		}
		for name, change := range changes {
			require.ErrorIs(w, change(officer(looker)), ErrForbidden, name)
			require.ErrorIs(w, change(officer(w.as("outsider"))), ErrNotFound, name)
		}
		for _, name := range []string{"grant", "revoke", "ban", "unban", "update"} {
			require.NoError(w, changes[name](officer(admin)), name)
		}
		for _, who := range []auth.Identity{officer(admin), officer(looker)} {
			_, err := w.Join(ctx, who, p.space, p.room)
			require.ErrorIs(w, err, auth.ErrWrongToken)
		}
		_, err := w.Join(ctx, admin, p.space, p.room)
		var denied *DeniedError
		require.ErrorAs(w, err, &denied, "no office has made him a member")
		require.NoError(w, w.auth.SetWorkspaceRole(ctx, admin, w.id("looker"), ""))
		require.ErrorIs(w, looks["the room"](officer(looker)), ErrNotFound)
	})
}

// The rooms of the default space are made and found by office, and whoever made one has no role in it.
func TestRoomsThatAnOfficeMakes(t *testing.T) {
	onEach(t, func(w *world) {
		ctx, admin := w.Context(), officer(w.people["admin"])
		room, err := w.CreateRoom(ctx, admin, w.first.Workspace, NewRoom{Name: "Physics", Access: Private})
		require.NoError(w, err)
		members, _, err := w.ListRoomRoles(ctx, admin, w.first.Workspace, room.ID, auth.Page{Limit: 9})
		require.NoError(w, err)
		require.Empty(w, members)
		found, total, err := w.FindRooms(ctx, admin, RoomFilter{}, auth.Slice{Limit: 9})
		require.NoError(w, err)
		require.Equal(w, 1, total)
		require.Equal(w, room.ID, found[0].ID)
		_, _, err = w.FindRooms(ctx, officer(w.as("outsider")), RoomFilter{}, auth.Slice{Limit: 9})
		require.ErrorIs(w, err, ErrNotFound)
		_, _, err = w.FindRooms(ctx, w.people["admin"], RoomFilter{}, auth.Slice{Limit: 9})
		require.ErrorIs(w, err, auth.ErrWrongToken)
		_, err = w.CreateRoom(ctx, officer(w.as("outsider")), w.first.Workspace, NewRoom{Name: "Mine"})
		require.ErrorIs(w, err, ErrNotFound)
		require.NoError(w, w.DeleteRoom(ctx, admin, w.first.Workspace, room.ID))
	})
}
