package roles

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
)

// Administrators and support look at every space and room of the workspace, and are let into none by that.
func TestTheStaffOverlooksTheWorkspace(t *testing.T) {
	onEach(t, func(w *world) {
		ctx, all := w.Context(), auth.Page{Limit: 10}
		first := w.place(false, Private)
		w.forward(time.Second)
		second := w.place(true, Open)
		w.grant(first, "friend", RoomUser)
		require.NoError(t, w.auth.SetWorkspaceRole(ctx, w.people["admin"], w.id("support"), auth.Support))
		for _, name := range []string{"admin", "support"} {
			who := w.as(name)
			spaces, next, err := w.AllSpaces(ctx, who, all)
			require.NoError(w, err)
			require.Empty(w, next)
			require.Equal(w, []string{w.first.Workspace, first.space, second.space}, idsOfSpaces(spaces))
			rooms, _, err := w.ListRooms(ctx, officer(who), first.space, all)
			require.NoError(w, err)
			require.Len(w, rooms, 1)
			require.Equal(w, []string{first.room, "Algebra"}, []string{rooms[0].ID, rooms[0].Name})
			members, _, err := w.ListMembers(ctx, officer(who), first.space, all)
			require.NoError(w, err)
			require.Len(w, members, 2)
			require.Contains(w, []string{"owner@example.com", "host@example.com"}, members[0].Email)
			members, _, err = w.ListRoomRoles(ctx, officer(who), first.space, first.room, all)
			require.NoError(w, err)
			require.Len(w, members, 2)
			require.Contains(w, []string{"host@example.com", "friend@example.com"}, members[0].Email)
			st, err := w.Overlook(ctx, who, first.space, first.room)
			require.NoError(w, err)
			require.Equal(w, "Evening school", st.Space.Name)

			_, err = w.Join(ctx, who, first.space, first.room)
			require.Error(w, err)
			require.ErrorIs(w, w.CloseRoom(ctx, who, first.space, first.room), ErrNotFound)
			_, err = w.Overlook(ctx, who, first.space, second.room)
			require.ErrorIs(w, err, ErrNotFound)
		}
		for _, who := range []auth.Identity{w.as("owner"), w.as("host")} {
			_, _, err := w.AllSpaces(ctx, who, all)
			require.ErrorIs(w, err, ErrForbidden)
			_, _, err = w.ListRooms(ctx, officer(who), second.space, all)
			require.ErrorIs(w, err, ErrNotFound)
			_, _, err = w.ListRoomRoles(ctx, officer(who), second.space, second.room, all)
			require.ErrorIs(w, err, ErrNotFound)
		}
		_, _, err := w.ListRooms(ctx, officer(w.foreigner()), second.space, all)
		require.ErrorIs(w, err, ErrNotFound)

		require.NoError(w, w.DeleteSpace(ctx, w.as("owner"), first.space))
		spaces, next, err := w.AllSpaces(ctx, w.people["admin"], auth.Page{Limit: 1})
		require.NoError(w, err)
		require.NotEmpty(w, next)
		require.Equal(w, []string{w.first.Workspace, second.space}, idsOfSpaces(spaces), "the default space is one more on the first page")
		spaces, next, err = w.AllSpaces(ctx, w.people["admin"], auth.Page{Limit: 1, After: next})
		require.NoError(w, err)
		require.Empty(w, spaces)
		require.Empty(w, next)
	})
}

func idsOfSpaces(spaces []Space) (ids []string) {
	for _, space := range spaces {
		ids = append(ids, space.ID)
	}
	return ids
}

// Spaces and rooms that are there are told by their names to the staff of their workspace.
func TestNamesOf(t *testing.T) {
	onEach(t, func(w *world) {
		ctx, admin := w.Context(), w.as("admin")
		p, gone := w.place(false, Private), w.place(false, Private)
		require.NoError(w, w.DeleteSpace(ctx, w.as("owner"), gone.space))
		ids := []string{p.space, p.room, gone.space, gone.room, "", "nothing", w.id("owner")}
		names, err := w.NamesOf(ctx, admin, ids)
		require.NoError(w, err)
		require.Equal(w, map[string]string{p.space: "Evening school", p.room: "Algebra"}, names)
		names, err = w.NamesOf(ctx, admin, nil)
		require.NoError(w, err)
		require.Empty(w, names)
		_, err = w.NamesOf(ctx, w.as("owner"), ids)
		require.ErrorIs(w, err, ErrForbidden)
	})
}
