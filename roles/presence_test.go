package roles

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// enter gets somebody a room token, and returns the id of his stay.
func (w *world) enter(at place, who auth.Identity) string {
	w.Helper()
	pass, err := w.Join(w.Context(), who, at.space, at.room)
	require.NoError(w, err)
	return pass.Session
}

// listed are the stays in the room, the last one first.
func (w *world) listed(at place, f StayFilter) []Stay {
	w.Helper()
	stays, _, err := w.ListStays(w.Context(), w.as("host"), at.space, at.room, f, first)
	require.NoError(w, err)
	return stays
}

// ended says how the only stay in the room ended, and when, from its beginning on.
func (w *world) ended(at place) (Departure, time.Duration) {
	w.Helper()
	stays := w.listed(at, StayFilter{})
	require.Len(w, stays, 1)
	if stays[0].Left.IsZero() {
		return "", 0
	}
	return stays[0].Why, stays[0].Left.Sub(stays[0].Began)
}

// holds requires how many sessions of how many people go on in the room.
func (w *world) occupied(at place, sessions, members int) Meeting {
	w.Helper()
	m, err := w.Meetings(w.Context(), at.room)
	require.NoError(w, err)
	require.Equal(w, [2]int{sessions, members}, [2]int{m[0].Sessions, m[0].Members})
	require.Len(w, w.listed(at, StayFilter{Connected: new(true)}), sessions)
	return m[0]
}

// look has another process look after the rooms, once.
func (w *world) look() {
	w.Helper()
	ctx, stop := context.WithCancel(w.Context())
	wake, gone := make(chan time.Time), make(chan struct{})
	go func() { New(w.auth, Settings{}).Watch(ctx, wake); close(gone) }()
	wake <- noon
	wake <- noon // the round before is over
	stop()
	<-gone
}

// writing counts what is written.
type writing struct {
	store.Store
	n *int
}

func (c writing) Apply(ctx context.Context, tx store.Tx) (store.Result, error) {
	*c.n++
	return c.Store.Apply(ctx, tx)
}

func TestAStayIsAChainOfTokens(t *testing.T) {
	onEach(t, func(w *world) {
		at := w.place(true, Open)
		w.forward(noon.Add(time.Minute).Truncate(time.Minute).Sub(noon) + time.Second) // a minute has begun
		writes := 0
		counting := w.on(func(s store.Store) store.Store { return writing{s, &writes} })
		cost := func(n int) { w.Helper(); require.Equal(w, n, writes); writes = 0 }
		pupil, other := w.as("pupil"), w.seat(at, "user")
		w.occupied(at, 0, 0)
		first := counting.enter(at, pupil)
		cost(3) // that he came here, which is noted once an hour; who looks after the room; and the stay
		w.forward(time.Second)
		guests := counting.enter(at, other)
		cost(1)
		require.Equal(w, first, counting.enter(at, pupil))
		w.forward(19 * time.Second)
		require.Equal(w, first, counting.enter(at, pupil))
		cost(0)
		w.occupied(at, 2, 2)
		for range 10 {
			w.forward(4 * time.Minute)
			require.Equal(w, first, counting.enter(at, pupil))
			cost(1)
			w.look()
		}
		w.occupied(at, 1, 1)
		stays := w.listed(at, StayFilter{})
		require.Equal(w, []string{guests, first}, []string{stays[0].ID, stays[1].ID})
		require.Equal(w, Lapsed, stays[0].Why)
		require.True(w, stays[1].Left.IsZero())
		require.NotEqual(w, guests, w.enter(at, other))
		w.occupied(at, 2, 2)
	})
}

// Whatever is written while every reply is lost once, is counted once.
func TestACountSurvivesLostReplies(t *testing.T) {
	onEach(t, func(w *world) {
		at, slow := w.place(true, Open), w.on(func(s store.Store) store.Store { return storetest.Interrupted{Store: s} })
		var who []auth.Identity
		for range 3 {
			who = append(who, w.seat(at, "user"))
			slow.enter(at, who[len(who)-1])
			w.occupied(at, len(who), len(who))
		}
		w.forward(2 * time.Minute)
		slow.enter(at, who[0])
		w.forward(4 * time.Minute)
		slow.look()
		w.occupied(at, 1, 1)
		require.NoError(w, slow.Leave(w.Context(), who[0], at.space, at.room))
		w.occupied(at, 0, 0)
	})
}

// A stay ends at once, whoever ends it, and what went on in the room is told and counted.
func TestHowAStayEnds(t *testing.T) {
	onEach(t, func(w *world) {
		ctx, owner, host := w.Context(), w.as("owner"), w.as("host")
		for name, row := range map[string]struct {
			why Departure
			end func(at place, who auth.Identity) error
		}{
			"leaving": {GoneOut, func(at place, who auth.Identity) error { return w.Leave(ctx, who, at.space, at.room) }},
			"leaving twice": {GoneOut, func(at place, who auth.Identity) error {
				require.NoError(w, w.Leave(ctx, who, at.space, at.room))
				return w.Leave(ctx, who, at.space, at.room)
			}},
			"kick":  {GoneKicked, func(at place, who auth.Identity) error { return w.Kick(ctx, host, at.space, at.room, who.ID) }},
			"ban":   {GoneBanned, func(at place, who auth.Identity) error { return w.Ban(ctx, host, at.space, at.room, who.ID, nil, "") }},
			"close": {RoomClosed, func(at place, _ auth.Identity) error { return w.CloseRoom(ctx, host, at.space, at.room) }},
			"report": {Disconnected, func(at place, _ auth.Identity) error {
				_, err := w.Report(ctx, host, at.space, at.room, w.listed(at, StayFilter{})[0].ID, false)
				return err
			}},
			"signing out":      {GoneOut, func(_ place, who auth.Identity) error { return w.Logout(ctx, who) }},
			"ban in the space": {GoneBanned, func(at place, who auth.Identity) error { return w.SpaceBan(ctx, owner, at.space, who.ID, nil, "") }},
		} {
			for _, kind := range []string{"user", "guest"} {
				at := w.place(true, Open)
				who := w.seat(at, "user")
				if kind == "user" {
					who = w.as(name)
				} else if name == "ban in the space" {
					continue
				}
				w.enter(at, who)
				w.forward(30 * time.Second)
				require.NoError(w, row.end(at, who), name)
				why, after := w.ended(at)
				require.Equal(w, row.why, why, "%s of a %s", name, kind)
				require.Equal(w, 30*time.Second, after)
				w.occupied(at, 0, 0)
			}
		}
	})
}

func TestOfADeletedRoomNothingStays(t *testing.T) {
	onEach(t, func(w *world) {
		at := w.place(true, Open)
		for range 3 {
			w.enter(at, w.seat(at, "user"))
		}
		require.NoError(w, w.DeleteRoom(w.Context(), w.as("host"), at.space, at.room))
		m, err := w.Meetings(w.Context(), at.room)
		require.NoError(w, err)
		require.Equal(w, []Meeting{{}}, m)
		for _, list := range []store.Key{staysOf(at.room), hereIn(at.room), goneFrom(at.room), lapsesIn(at.room)} {
			entries, err := w.auth.Store.List(w.Context(), list, store.Page{Limit: 9})
			require.NoError(w, err)
			require.Empty(w, entries, list.ID)
		}
		w.forward(time.Hour)
		w.look()
	})
}

// However many come and go at once, each is counted once, and all are together from the second one on.
func TestThousandsComeAndGoAtOnce(t *testing.T) {
	onEach(t, func(w *world) {
		const guests, tabs = 60, 3
		at := w.place(true, Open)
		var come, leave []func() error
		var who []auth.Identity
		for range guests {
			who = append(who, w.seat(at, "user"))
		}
		w.as("pupil")
		for range tabs {
			who = append(who, w.signIn("pupil", w.first.PublicClient))
		}
		for _, who := range who {
			come = append(come, insisting(func() error { _, err := w.Join(w.Context(), who, at.space, at.room); return err }))
			leave = append(leave, insisting(func() error { return w.Leave(w.Context(), who, at.space, at.room) }))
		}
		require.Equal(w, map[string]int{"yes": len(who)}, atOnce(append(come, come[:20]...)[:len(who)]...))
		w.occupied(at, guests+tabs, guests+1)
		w.forward(time.Minute)
		require.Equal(w, time.Minute, w.occupied(at, guests+tabs, guests+1).Time)
		require.Equal(w, map[string]int{"yes": len(who)}, atOnce(leave...))
		w.forward(time.Minute)
		require.Equal(w, time.Minute, w.occupied(at, 0, 0).Time)
	})
}
