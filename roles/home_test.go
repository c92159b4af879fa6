package roles

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestTheDefaultSpace(t *testing.T) {
	onEach(t, func(w *world) {
		admin, ctx, home := w.people["admin"], w.Context(), w.first.Workspace
		var own []string // the administrator's own spaces, around the place of the default one
		for range 6 {
			space, err := w.CreateSpace(ctx, admin, SpaceDetails{Name: "Evening school"})
			require.NoError(w, err)
			own = append(own, space)
		}
		spaces, _, err := w.ListSpaces(ctx, admin, first)
		require.NoError(w, err)
		require.Len(w, spaces, len(own), "it is there when it is needed")

		makes := func() error { _, err := w.GetSpace(ctx, w.key("rooms:read"), home); return err }
		require.Equal(w, map[string]int{"yes": 8}, atOnce(slices.Repeat([]func() error{makes}, 8)...))
		space, err := w.GetSpace(ctx, w.as("stranger"), home)
		require.NoError(w, err)
		require.Equal(w, Space{
			ID: home, SpaceDetails: SpaceDetails{Name: "Workspace", Public: true}, Workspace: home, Created: noon,
		}, space)

		for limit := 1; limit <= 8; limit++ {
			var ids []string
			for page := (auth.Page{Limit: limit}); ; {
				spaces, next, err := w.ListSpaces(ctx, admin, page)
				require.NoError(w, err)
				require.LessOrEqual(w, len(spaces), limit)
				for _, s := range spaces {
					ids = append(ids, s.ID)
				}
				if page.After = next; next == "" {
					break
				}
			}
			require.Equal(w, slices.Sorted(slices.Values(append(own, home))), ids, limit)
		}
		spaces, _, err = w.ListSpaces(ctx, w.as("stranger"), first)
		require.NoError(w, err)
		require.Empty(w, spaces, "a public space in which he has no role")

		for _, name := range []string{"admin", "stranger"} {
			require.ErrorIs(w, w.DeleteSpace(ctx, w.as(name), home), ErrDefaultSpace)
		}
		_, err = w.CreateRoom(ctx, admin, home, NewRoom{Name: "n"})
		require.ErrorIs(w, err, ErrForbidden)
		foreigner := w.foreigner()
		require.ErrorIs(w, w.DeleteSpace(ctx, foreigner, home), ErrNotFound)
		_, err = w.GetSpace(ctx, foreigner, home)
		require.ErrorIs(w, err, ErrNotFound)
	})
}

// found are the names of the rooms that an API key finds, and how many there are.
func (w *world) found(f RoomFilter, in auth.Slice) string {
	w.Helper()
	rooms, total, err := w.FindRooms(w.Context(), w.key("rooms:read"), f, in)
	require.NoError(w, err)
	names := []string{}
	for _, r := range rooms {
		require.Equal(w, RoomOwner, r.Role)
		names = append(names, r.Name)
	}
	return fmt.Sprint(names, " of ", total)
}

func TestRoomsAreFound(t *testing.T) {
	onEach(t, func(w *world) {
		key, ctx, home, all := w.key("rooms:write"), w.Context(), w.first.Workspace, auth.Slice{Limit: 30, Descending: true}
		w.place(true, Open) // in another space
		require.Equal(w, "[] of 0", w.found(RoomFilter{}, all))
		rooms := map[string]Room{}
		for _, name := range []string{"A", "B", "C", "D"} {
			room, err := w.CreateRoom(ctx, key, home, NewRoom{Name: name, Access: Public})
			require.NoError(w, err)
			rooms[name] = room
			w.forward(time.Second)
		}
		update := func(name string, in NewRoom) {
			w.Helper()
			room, err := w.UpdateRoom(ctx, w.key("rooms:write"), home, rooms[name].ID, in)
			require.NoError(w, err)
			require.Equal(w, Public, room.Access)
		}
		open, closed := RoomFilter{Closed: new(false)}, RoomFilter{Closed: new(true)}
		require.Equal(w, "[D C B A] of 4", w.found(RoomFilter{}, all))
		require.Equal(w, "[B C] of 4", w.found(RoomFilter{}, auth.Slice{Offset: 1, Limit: 2}))
		require.Equal(w, "[] of 4", w.found(RoomFilter{}, auth.Slice{Offset: 4, Limit: 2}))
		require.Equal(w, "[B] of 1", w.found(RoomFilter{Name: "B"}, all))
		require.Equal(w, "[] of 0", w.found(RoomFilter{Name: "b"}, all))
		require.Equal(w, "[B] of 1", w.found(RoomFilter{Name: " B "}, all))
		require.Equal(w, "[] of 0", w.found(RoomFilter{Name: "\u202e"}, all))

		update("B", NewRoom{Closed: new(true)})
		require.NoError(w, w.CloseRoom(ctx, key, home, rooms["C"].ID))
		update("D", NewRoom{Name: "B"})
		require.Equal(w, "[C B] of 2", w.found(closed, all))
		require.Equal(w, "[B A] of 2", w.found(open, all))
		require.Equal(w, "[B B] of 2", w.found(RoomFilter{Name: "B"}, all))
		require.Equal(w, "[B] of 1", w.found(RoomFilter{Name: "B", Closed: new(true)}, all))
		require.Equal(w, "[] of 0", w.found(RoomFilter{Name: "D"}, all))
		update("B", NewRoom{Closed: new(false), Name: "E"})
		require.NoError(w, w.DeleteRoom(ctx, key, home, rooms["A"].ID))
		require.Equal(w, "[B E] of 2", w.found(open, all))
		require.Equal(w, "[B C E] of 3", w.found(RoomFilter{}, all))
		for _, name := range []string{"B", "C", "D"} {
			require.NoError(w, w.DeleteRoom(ctx, key, home, rooms[name].ID))
		}
		entries, err := w.auth.Store.List(ctx, catalogueOf(home), store.Page{Limit: 9})
		require.NoError(w, err)
		require.Empty(w, entries)
		_, _, err = w.FindRooms(ctx, w.people["admin"], RoomFilter{}, all)
		require.ErrorIs(w, err, auth.ErrWrongToken)
	})
}

// However many change one room at once, and whatever replies are lost, it stands in the catalogue as it is, and once.
func TestARoomIsFoundAsItIs(t *testing.T) {
	onEach(t, func(w *world) {
		key, ctx, home := w.key("rooms:write"), w.Context(), w.first.Workspace
		slow := w.on(func(s store.Store) store.Store { return storetest.Interrupted{Store: s} })
		room, err := slow.CreateRoom(ctx, key, home, NewRoom{Name: "A"})
		require.NoError(w, err)
		var changes []func() error
		for i := range 6 {
			changes = append(changes, insisting(func() error {
				_, err := slow.UpdateRoom(ctx, key, home, room.ID, NewRoom{Name: string(rune('A' + i)), Closed: new(i%2 == 0)})
				return err
			}))
		}
		require.Equal(w, map[string]int{"yes": 6}, atOnce(changes...))
		room, err = w.GetRoom(ctx, key, home, room.ID)
		require.NoError(w, err)
		require.Equal(w, fmt.Sprintf("[%s] of 1", room.Name), w.found(RoomFilter{Name: room.Name, Closed: new(!room.Closed.IsZero())}, auth.Slice{Limit: 9, Descending: true}))
		entries, err := w.auth.Store.List(ctx, catalogueOf(home), store.Page{Limit: 99})
		require.NoError(w, err)
		require.ElementsMatch(w, room.entries(), entries)

		for after := range 6 { // a change that is stopped anywhere, and repeated
			broken := w.on(func(s store.Store) store.Store { return &storetest.Halting{Store: s, After: after, Late: after%2 == 1} })
			_, _ = broken.UpdateRoom(ctx, key, home, room.ID, NewRoom{Name: fmt.Sprint("Z", after)})
			_, err = w.UpdateRoom(ctx, key, home, room.ID, NewRoom{Name: fmt.Sprint("Z", after)})
			require.NoError(w, err)
			require.Contains(w, w.found(RoomFilter{}, auth.Slice{Limit: 9, Descending: true}), fmt.Sprint("[Z", after, "] of "))
		}
	})
}

// Whoever changes a room before the lost reply to another change, or to its making, is asked for again, leaves one room
// that stands in the catalogue once.
func TestARoomIsChangedBeforeTheReply(t *testing.T) {
	onEach(t, func(w *world) {
		ctx, home, all := w.Context(), w.first.Workspace, auth.Slice{Limit: 9, Descending: true}
		key, other, turn := w.key("rooms:write"), w.key("rooms:write"), 0
		slow := w.on(func(s store.Store) store.Store {
			return storetest.Interrupted{Store: s, By: func() {
				rooms, _, err := w.FindRooms(ctx, other, RoomFilter{}, all)
				require.NoError(w, err)
				for _, room := range rooms {
					turn++
					_, err := w.UpdateRoom(ctx, other, home, room.ID, NewRoom{Name: fmt.Sprint("by another ", turn)})
					require.NoError(w, err)
				}
			}}
		})
		stands := func(room Room) {
			w.Helper()
			rooms, total, err := w.FindRooms(ctx, key, RoomFilter{}, all)
			require.NoError(w, err)
			require.Equal(w, 1, total)
			require.Len(w, rooms, 1)
			require.Equal(w, room.ID, rooms[0].ID)
			room, err = w.GetRoom(ctx, key, home, room.ID)
			require.NoError(w, err)
			entries, err := w.auth.Store.List(ctx, catalogueOf(home), store.Page{Limit: 99})
			require.NoError(w, err)
			require.ElementsMatch(w, room.entries(), entries)
		}
		room, err := slow.CreateRoom(ctx, key, home, NewRoom{Name: "A"})
		require.NoError(w, err)
		require.NotZero(w, turn, "nobody was quicker")
		stands(room)
		_, err = slow.UpdateRoom(ctx, key, home, room.ID, NewRoom{Name: "B"})
		require.ErrorIs(w, err, auth.ErrContended, "somebody else is quicker every time")
		stands(room)
	})
}

// A room whose time for meetings was used up has all of it again when it is opened again.
func TestARoomIsOpenedAgain(t *testing.T) {
	onEach(t, func(w *world) {
		key, ctx, home := w.key("rooms:write"), w.Context(), w.first.Workspace
		room, err := w.CreateRoom(ctx, key, home, NewRoom{Name: "A", Access: Public, MaxMeeting: new(int64(120))})
		require.NoError(w, err)
		meet := func() error {
			_, pupil := w.Join(ctx, w.as("pupil"), home, room.ID)
			_, friend := w.Join(ctx, w.as("friend"), home, room.ID)
			return cmp.Or(pupil, friend)
		}
		for range 2 {
			require.NoError(w, meet())
			w.forward(119 * time.Second)
			require.NoError(w, meet())
			w.forward(time.Second)
			w.look()
			w.forward(time.Second)
			require.ErrorAs(w, meet(), new(*DeniedError))
			require.Equal(w, "[A] of 1", w.found(RoomFilter{Closed: new(true)}, auth.Slice{Limit: 9, Descending: true}))
			closed, err := w.GetRoom(ctx, key, home, room.ID)
			require.NoError(w, err)
			require.Equal(w, closed.Closed, closed.LastChanged())
			opened, err := w.UpdateRoom(ctx, key, home, room.ID, NewRoom{Closed: new(false)})
			require.NoError(w, err)
			require.Zero(w, opened.Closed)
			w.forward(time.Second)
		}
		_, err = w.UpdateRoom(ctx, key, home, room.ID, NewRoom{Closed: new(true), MaxMeeting: new(int64(0))})
		require.NoError(w, err)
		events, _, err := w.auth.ListEvents(ctx, w.people["admin"], audit.Filter{Room: room.ID}, auth.Page{Limit: 99})
		require.NoError(w, err)
		var types []audit.Type
		for _, e := range events {
			if e.Type != audit.EntryRefused {
				types = append(types, e.Type)
			}
		}
		require.Equal(w, []audit.Type{
			audit.RoomClosed, audit.RoomReopened, audit.RoomClosed, audit.RoomReopened, audit.RoomClosed, audit.RoomCreated,
		}, types)
	})
}
