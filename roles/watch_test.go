package roles

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// The stays of who is heard of no more end in whatever process lives, when their last tokens did, and not before.
func TestAStayLapses(t *testing.T) {
	onEach(t, func(w *world) {
		at := w.place(true, Open)
		w.enter(at, w.seat(at, "user"))
		w.forward(5*time.Minute - time.Millisecond)
		w.look()
		require.Equal(w, time.Duration(0), w.occupied(at, 1, 1).Time)
		stays := w.listed(at, StayFilter{})
		require.GreaterOrEqual(w, stays[0].Ends, noon.Add(5*time.Minute))
		w.ahead.Store(int64(stays[0].Ends.Sub(noon)))
		why, after := w.ended(at)
		require.Equal(w, Lapsed, why, "before anybody has looked")
		w.look()
		w.occupied(at, 0, 0)
		w.forward(time.Hour)
		w.look()
		again, when := w.ended(at)
		require.Equal(w, [2]any{why, after}, [2]any{again, when})
	})
}

// A room of whose watch nothing is left, because the store was set back, say, finds another one.
func TestWhoComesDoesNotCountOnAWatchThatIsLost(t *testing.T) {
	onEach(t, func(w *world) {
		at := w.place(true, Open)
		first, second := w.seat(at, "user"), w.seat(at, "user")
		w.enter(at, first)
		_, c, err := w.Spaces.occupied(w.Context(), at.room)
		require.NoError(w, err)
		_, err = w.auth.Apply(w.Context(), store.Tx{Do: []store.Write{store.Set(censusKey(at.room), store.Record{"watch": "another"})}})
		require.NoError(w, err)
		w.enter(at, second)
		w.ahead.Store(int64(c.Watched.Sub(noon)))
		w.look()
		w.forward(lostAfter)
		w.enter(at, second)
		w.forward(6 * time.Minute)
		w.look()
		require.Empty(w, w.hereNow(at))
	})
}

func (w *world) hereNow(at place) []string {
	w.Helper()
	entries, err := w.auth.Store.List(w.Context(), hereIn(at.room), store.Page{Limit: 9})
	require.NoError(w, err)
	return entries
}

// limited is a room in which two or more may be together for so long.
func (w *world) limited(seconds int64) place {
	w.Helper()
	at := w.place(true, Open)
	_, err := w.auth.Apply(w.Context(), store.Tx{Do: []store.Write{
		store.Set(auth.RoomKey(at.room), store.Fields(struct {
			Max int64 `store:"maxMeeting"`
		}{seconds})),
	}})
	require.NoError(w, err)
	return at
}

func TestOnlyTheTimeTogetherIsUsedUp(t *testing.T) {
	onEach(t, func(w *world) {
		at := w.limited(600)
		w.forward(noon.Add(time.Minute).Truncate(time.Minute).Sub(noon) + time.Second) // or a stay lapses just then
		first, second := w.seat(at, "user"), w.seat(at, "user")
		expires := func(who auth.Identity) time.Duration {
			pass, err := w.Join(w.Context(), who, at.space, at.room)
			require.NoError(w, err)
			return pass.Expires.Sub(w.now())
		}
		for range 5 {
			require.Equal(w, 5*time.Minute, expires(first))
			w.forward(4 * time.Minute)
			w.look()
		}
		expires(first)
		require.Equal(w, 5*time.Minute, expires(second))
		w.forward(4 * time.Minute)
		require.NoError(w, w.Leave(w.Context(), second, at.space, at.room))
		require.Equal(w, 4*time.Minute, w.occupied(at, 1, 1).Time)
		expires(first)
		w.forward(4 * time.Minute)
		w.look()
		expires(first)
		require.Equal(w, 5*time.Minute, expires(second))
		w.forward(4 * time.Minute)
		require.Equal(w, 2*time.Minute, expires(first), "no token outlives the time")
		require.Equal(w, 2*time.Minute, expires(second))
		w.forward(2*time.Minute - time.Millisecond)
		w.look()
		w.occupied(at, 2, 2)
		w.forward(time.Millisecond)
		w.look()
		require.Equal(w, 10*time.Minute, w.occupied(at, 0, 0).Time)
		for _, stay := range w.listed(at, StayFilter{Connected: new(false)})[1:] {
			require.Contains(w, []Departure{RoomUsedUp, GoneOut}, stay.Why)
		}
		require.Equal(w, string(CodeRoomClosed), w.enters(at, "pupil"))
		w.forward(time.Hour)
		w.look()
		require.Equal(w, 1, w.closings(at))
	})
}

// Where nobody has looked yet, who asks for another token finds the time used up.
func TestWhoComesFindsTheTimeUsedUp(t *testing.T) {
	onEach(t, func(w *world) {
		at := w.limited(60)
		first, second := w.seat(at, "user"), w.seat(at, "user")
		w.enter(at, first)
		w.enter(at, second)
		w.forward(time.Minute)
		_, err := w.Join(w.Context(), first, at.space, at.room)
		require.ErrorAs(w, err, new(*DeniedError))
		w.occupied(at, 0, 0)
		require.Equal(w, 1, w.closings(at))
	})
}

// A process that stops anywhere on the way leaves the rest to another one.
func TestTheEndOfARoomsTimeSurvivesWhoeverSeesToIt(t *testing.T) {
	onEach(t, func(w *world) {
		for after, done := 0, false; !done; after++ {
			at := w.limited(60)
			w.enter(at, w.seat(at, "user"))
			w.enter(at, w.seat(at, "user"))
			w.forward(time.Minute)
			room, c, err := w.Spaces.occupied(w.Context(), at.room)
			require.NoError(w, err)
			stops := &storetest.Halting{After: after}
			dying := w.on(func(s store.Store) store.Store { stops.Store = s; return stops })
			done = dying.useUp(w.Context(), room, c) == nil
			w.forward(3 * time.Minute)
			w.look()
			w.occupied(at, 0, 0)
			require.Equal(w, 1, w.closings(at), "stopped at write %d", after)
		}
	})
}

// closings is how often the log says that the room was closed.
func (w *world) closings(at place) (n int) {
	w.Helper()
	events, _, err := w.auth.ListEvents(w.Context(), w.people["admin"], audit.Filter{Type: audit.RoomClosed, Room: at.room}, first)
	require.NoError(w, err)
	return len(events)
}
