package roles

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
)

// Staff see where somebody has a role, page by page, also where they may not enter; nobody else does.
func TestRoomsOf(t *testing.T) {
	onEach(t, func(w *world) {
		p, elsewhere, gone, ctx, admin := w.place(false, Private), w.place(true, Public), w.place(true, Public), w.Context(), w.people["admin"]
		w.join(p.space, "speaker", SpaceModerator)
		w.grant(p, "speaker", RoomOwner)
		w.grant(elsewhere, "speaker", RoomModerator)
		w.grant(gone, "speaker", RoomUser)
		roles := func() map[string]Role {
			found := map[string]Role{}
			for page := (auth.Page{Limit: 1}); ; {
				places, next, err := w.RoomsOf(ctx, admin, w.id("speaker"), page)
				require.NoError(w, err)
				for _, at := range places {
					found[at.Space.ID+at.Room.ID] = at.Room.Role
				}
				if page.After = next; next == "" {
					return found
				}
			}
		}
		require.NoError(w, w.DeleteRoom(ctx, w.as("host"), gone.space, gone.room))
		require.Equal(w, map[string]Role{p.space + p.room: RoomOwner, elsewhere.space + elsewhere.room: RoomModerator}, roles())
		require.NoError(w, w.RemoveMember(ctx, w.as("owner"), p.space, w.id("speaker"), false))
		require.Equal(w, map[string]Role{elsewhere.space + elsewhere.room: RoomModerator}, roles())
		_, _, err := w.RoomsOf(ctx, w.as("owner"), w.id("speaker"), auth.Page{Limit: 1})
		require.ErrorIs(w, err, auth.ErrForbidden)
		_, _, err = w.RoomsOf(ctx, admin, "nobody", auth.Page{Limit: 1})
		require.ErrorIs(w, err, auth.ErrNotFound)
	})
}
