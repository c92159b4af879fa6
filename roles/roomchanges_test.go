package roles

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/store"
)

// Whoever changes a room leaves behind when; until then, that is when it was made.
func TestARoomKnowsWhenItChanged(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, yes, no := w.place(true, Public), w.Context(), true, false
		made := w.now()
		changed := func() time.Time {
			room, err := w.GetRoom(ctx, w.as("host"), p.space, p.room)
			require.NoError(w, err)
			require.Equal(w, made, room.Created)
			return room.LastChanged()
		}
		require.Equal(w, made, changed())
		for _, in := range []NewRoom{
			{Name: "Geometry"}, {Access: Open}, {Type: Webinar}, {MaxMeeting: new(int64(60))}, {Chat: &no}, {Closed: &yes}, {Closed: &no},
		} {
			w.forward(time.Second)
			last := w.now()
			for range 2 { // of which the second changes nothing
				room, err := w.UpdateRoom(ctx, w.as("host"), p.space, p.room, in)
				require.NoError(w, err)
				require.Equal(w, []time.Time{last, last}, []time.Time{room.LastChanged(), changed()}, in)
				w.forward(time.Second)
			}
		}
		last := w.now()
		for range 2 {
			require.NoError(w, w.CloseRoom(ctx, w.as("host"), p.space, p.room))
			require.Equal(w, last, changed())
			w.forward(time.Second)
		}
	})
}

// Who changes one thing of a room takes nothing back that another changes of it meanwhile.
func TestTwoChangeTwoThings(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, no := w.place(true, Public), w.Context(), false
		slow := w.between(0, func() {
			_, err := w.UpdateRoom(ctx, w.as("host"), p.space, p.room, NewRoom{Access: Private, Chat: &no})
			require.NoError(w, err)
		})
		_, err := slow.UpdateRoom(ctx, w.as("host"), p.space, p.room, NewRoom{Name: "Geometry"})
		require.NoError(w, err)
		room, err := w.GetRoom(ctx, w.as("host"), p.space, p.room)
		require.NoError(w, err)
		require.Equal(w, []any{"Geometry", Private, false}, []any{room.Name, room.Access, room.Chat})
	})
}

// hangsUp ends somebody's request behind some of its writes.
type hangsUp struct {
	store.Store
	after *int
	hang  context.CancelFunc
}

func (s hangsUp) Apply(ctx context.Context, tx store.Tx) (store.Result, error) {
	result, err := s.Store.Apply(ctx, tx)
	if *s.after--; *s.after <= 0 {
		s.hang()
	}
	return result, err
}

// Who hangs up while a room is made, changed or deleted leaves as much in the catalogue as there are rooms.
func TestWhoHangsUpLeavesNothingHalfDone(t *testing.T) {
	onEach(t, func(w *world) {
		home := w.first.Workspace
		during := func(after int, do func(ctx context.Context, s *world) error) {
			ctx, hang := context.WithCancel(w.Context())
			defer hang()
			err := do(ctx, w.on(func(s store.Store) store.Store { return hangsUp{s, &after, hang} }))
			if err != nil {
				require.ErrorIs(w, err, context.Canceled)
			}
		}
		for after := 1; after < 9; after++ {
			key := w.key("rooms:write")
			during(after, func(ctx context.Context, s *world) error {
				_, err := s.CreateRoom(ctx, key, home, NewRoom{Name: "A"})
				return err
			})
			rooms, total, err := w.FindRooms(w.Context(), key, RoomFilter{}, auth.Slice{Limit: 9})
			require.NoError(w, err)
			require.Len(w, rooms, total)
			for _, room := range rooms {
				during(after, func(ctx context.Context, s *world) error {
					_, err := s.UpdateRoom(ctx, key, home, room.ID, NewRoom{Name: "B"})
					return err
				})
				is, err := w.GetRoom(w.Context(), key, home, room.ID)
				require.NoError(w, err)
				entries, err := w.auth.Store.List(w.Context(), catalogueOf(home), store.Page{Limit: 99})
				require.NoError(w, err)
				require.ElementsMatch(w, is.entries(), entries)
				for del := after; err == nil; del++ {
					during(del, func(ctx context.Context, s *world) error { return s.DeleteRoom(ctx, key, home, room.ID) })
					_, err = w.GetRoom(w.Context(), key, home, room.ID)
				}
			}
			entries, err := w.auth.Store.List(w.Context(), catalogueOf(home), store.Page{Limit: 99})
			require.NoError(w, err)
			require.Empty(w, entries, after)
		}
	})
}
