package roles

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/store"
)

// Whoever deletes somebody with many roles, or a room with many people, sees from the beginning how far it is.
func TestDeletionsTellHowFarTheyAre(t *testing.T) {
	onEach(t, func(w *world) {
		const many = 12
		p, ctx, admin := w.place(true, Public), w.Context(), w.people["admin"]
		for i := range many {
			room, err := w.CreateRoom(ctx, w.as("host"), p.space, NewRoom{Name: fmt.Sprint("Room ", i)})
			require.NoError(w, err)
			p.room = room.ID
			w.grant(p, "speaker", RoomUser)
		}
		for i := range many - 1 {
			w.grant(p, fmt.Sprint("pupil", i), RoomUser)
		}
		var told []string
		tells := func(done, of int) { told = append(told, fmt.Sprint(done, "/", of)) }
		var all []string
		for i := range many + 1 {
			all = append(all, fmt.Sprint(i, "/", many))
		}
		require.NoError(w, w.Telling(tells).DeleteUser(ctx, admin, w.id("speaker")))
		require.Equal(w, all, told)

		told = nil
		require.NoError(w, w.Telling(tells).DeleteRoom(ctx, w.as("host"), p.space, p.room))
		require.Equal(w, all, told, "the host and the pupils")

		told = nil
		require.Error(w, w.Telling(tells).DeleteRoom(ctx, w.as("host"), p.space, p.room))
		require.Empty(w, told)
	})
}

// Somebody with many roles in one space is taken out of it once, not once for each of them.
func TestADeletionGrowsWithTheRoles(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(true, Public), w.Context()
		took := func(rooms int) (writes int) {
			name := fmt.Sprint("teacher", rooms)
			for i := range rooms {
				room, err := w.CreateRoom(ctx, w.as("host"), p.space, NewRoom{Name: fmt.Sprint("Room ", i)})
				require.NoError(w, err)
				w.grant(place{p.space, room.ID, room.Alias}, name, RoomUser)
			}
			counting := w.on(func(s store.Store) store.Store { return writing{s, &writes} })
			require.NoError(w, counting.DeleteUser(ctx, w.people["admin"], w.id(name)))
			require.Empty(w, w.entries(roomsOf(w.id(name))))
			return writes
		}
		require.Equal(w, 10, took(15)-took(5), "one for each role")
	})
}
