package roles

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// listen has somebody enter the room, and listen there from a number on.
func (w *world) listen(at place, who auth.Identity, last int64) *Listener {
	w.Helper()
	w.enter(at, who)
	l, err := w.Listen(w.Context(), who, at.space, at.room, last)
	require.NoError(w, err)
	w.Cleanup(l.Close)
	return l
}

// hears requires that these texts, and no others, are new to a listener.
func (w *world) hears(l *Listener, texts ...string) {
	w.Helper()
	heard, err := l.Next(w.Context())
	require.NoError(w, err)
	got := []string{}
	for _, m := range heard {
		got = append(got, m.Text)
	}
	require.Equal(w, append([]string{}, texts...), got)
}

// says has the host send a text.
func (w *world) says(at place, text string) Message {
	w.Helper()
	m, err := w.SendMessage(w.Context(), w.as("host"), at.space, at.room, text)
	require.NoError(w, err)
	return m
}

// woken says whether a listener was woken since it was asked last.
func woken(l *Listener) bool {
	select {
	case <-l.Wake:
		return true
	default:
		return false
	}
}

func TestMessagesReachWhoIsInTheRoom(t *testing.T) {
	onEach(t, func(w *world) {
		at, other := w.place(true, Open), w.on(func(s store.Store) store.Store { return s })
		w.says(at, "too early for anybody")
		here, there := w.listen(at, w.as("pupil"), -1), other.listen(at, w.seat(at, "user"), -1)
		require.True(w, woken(here) && woken(there), "whoever begins to listen looks once")
		w.hears(here)
		w.hears(there)
		m := w.says(at, "Page 12,\nplease")
		require.Equal(w, Message{2, "Page 12,\nplease", "host", w.now()}, m)
		require.True(w, woken(here))
		require.False(w, woken(there), "that was another process")
		other.relay()
		require.True(w, woken(there))
		w.hears(here, "Page 12,\nplease")
		w.hears(there, "Page 12,\nplease")
		other.relay()
		require.False(w, woken(there), "nothing is new")
		w.says(at, "one")
		w.says(at, "two")
		require.True(w, woken(here))
		require.False(w, woken(here), "one waking is for all that is new")
		w.hears(here, "one", "two")
		w.hears(here)
	})
}

// relay has the process look once for what was said through others.
func (w *world) relay() {
	w.Helper()
	ctx, stop := context.WithCancel(w.Context())
	wake, gone := make(chan time.Time), make(chan struct{})
	go func() { w.Relay(ctx, wake); close(gone) }()
	wake <- noon
	wake <- noon // the look before is over
	stop()
	<-gone
}

func TestAConnectionThatBreaksLosesNoMessage(t *testing.T) {
	onEach(t, func(w *world) {
		at := w.place(true, Open)
		pupil := w.as("pupil")
		l := w.listen(at, pupil, -1)
		w.says(at, "1")
		w.hears(l, "1")
		heard := l.Last()
		l.Close()
		w.says(at, "2")
		w.hears(w.listen(at, pupil, heard), "2")
		w.hears(w.listen(at, pupil, 0), "1", "2")
		confused := w.listen(at, pupil, 99)
		w.says(at, "3")
		w.hears(confused, "3")

		for i := 4; i <= 3+mostSaid; i++ {
			w.says(at, strconv.Itoa(i))
		}
		late, err := w.listen(at, pupil, 0).Next(w.Context())
		require.NoError(w, err)
		require.Len(w, late, mostSaid)
		require.Equal(w, int64(4), late[0].Number, "older ones are not kept")
		w.forward(saidKept)
		w.hears(w.listen(at, pupil, 0))
	})
}

// Whoever is in the room no more hears nothing from that moment on, and neither does who never was.
func TestWhoMaySendAndWhoHears(t *testing.T) {
	onEach(t, func(w *world) {
		ctx, host := w.Context(), w.as("host")
		at := w.place(true, Open)
		w.grant(at, "assistant", RoomModerator)
		for name, want := range map[string]string{"host": "yes", "assistant": "yes", "pupil": "403", "owner": "403"} {
			_, err := w.SendMessage(ctx, w.as(name), at.space, at.room, "hello")
			require.Equal(w, want, outcome(err), name)
		}
		_, err := w.SendMessage(ctx, w.seat(at, "moderator"), at.space, at.room, "hello")
		require.ErrorIs(w, err, ErrForbidden)
		_, err = w.SendMessage(ctx, w.foreigner(), at.space, at.room, "hello")
		require.ErrorIs(w, err, ErrNotFound)
		_, err = w.Listen(ctx, host, at.space, at.room, -1)
		require.ErrorIs(w, err, ErrStayOver, "who moderates the room is not in it by that")
		_, err = w.Listen(ctx, w.client(), at.space, at.room, -1)
		require.ErrorIs(w, err, auth.ErrWrongToken)
		_, err = w.Listen(ctx, w.foreigner(), at.space, at.room, -1)
		require.ErrorIs(w, err, ErrNotFound)

		for name, row := range map[string]struct {
			want error
			end  func(at place, who auth.Identity) error
		}{
			"leaves":    {ErrStayOver, func(at place, who auth.Identity) error { return w.Leave(ctx, who, at.space, at.room) }},
			"kicked":    {&BannedError{}, func(at place, who auth.Identity) error { return w.Kick(ctx, host, at.space, at.room, who.ID) }},
			"banned":    {&BannedError{}, func(at place, who auth.Identity) error { return w.Ban(ctx, host, at.space, at.room, who.ID, nil, "") }},
			"lapses":    {ErrStayOver, func(place, auth.Identity) error { w.forward(7 * time.Minute); return nil }},
			"signs out": {auth.ErrInvalidToken, func(_ place, who auth.Identity) error { return w.auth.Logout(ctx, who) }},
			"closed":    {ErrStayOver, func(at place, _ auth.Identity) error { return w.CloseRoom(ctx, host, at.space, at.room) }},
			"deleted":   {ErrNotFound, func(at place, _ auth.Identity) error { return w.DeleteRoom(ctx, host, at.space, at.room) }},
		} {
			room, who := w.place(true, Open), w.as("one who "+name)
			l := w.listen(room, who, -1)
			w.says(room, "secret")
			require.NoError(w, row.end(room, who), name)
			_, err := l.Next(ctx)
			require.Equal(w, row.want.Error(), err.Error(), name)
		}
	})
}

func TestNobodyIsThereToHearInAClosedRoom(t *testing.T) {
	onEach(t, func(w *world) {
		at := w.place(true, Open)
		require.NoError(w, w.CloseRoom(w.Context(), w.as("host"), at.space, at.room))
		_, err := w.SendMessage(w.Context(), w.as("host"), at.space, at.room, "hello")
		require.ErrorIs(w, err, ErrRoomClosed)
	})
}

func TestWhatIsNoMessage(t *testing.T) {
	onEach(t, func(w *world) {
		at := w.place(true, Open)
		for _, text := range []string{"", " \n\t", "a\x00", "\x1b[2J", "\xff", strings.Repeat("ä", longestMessage+1)} {
			_, err := w.SendMessage(w.Context(), w.as("host"), at.space, at.room, text)
			require.Equal(w, "field", outcome(err), "%q", text)
		}
		l := w.listen(at, w.as("pupil"), -1)
		for _, text := range []string{"x", `{"page":3}`, "a\tb\r\nc", strings.Repeat("𝄞", longestMessage)} {
			w.says(at, text)
			w.hears(l, text)
		}
	})
}

// Messages that are sent at once, while every reply is lost once, are each there once, in one order for all.
func TestMessagesAreNumberedWithoutAGap(t *testing.T) {
	onEach(t, func(w *world) {
		at := w.place(true, Open)
		slow := w.on(func(s store.Store) store.Store { return storetest.Interrupted{Store: s} })
		l := w.listen(at, w.as("pupil"), -1)
		host := w.as("host")
		var all sync.WaitGroup
		var sent sync.Map
		for i := range 5 {
			all.Go(func() {
				m, err := slow.SendMessage(w.Context(), host, at.space, at.room, strconv.Itoa(i))
				if err == nil {
					sent.Store(m.Number, m.Text)
				}
			})
		}
		all.Wait()
		heard, err := l.Next(w.Context())
		require.NoError(w, err)
		texts := map[string]bool{}
		for i, m := range heard {
			require.Equal(w, int64(i+1), m.Number)
			text, acknowledged := sent.Load(m.Number)
			require.True(w, acknowledged)
			require.Equal(w, text, m.Text)
			texts[m.Text] = true
		}
		require.Len(w, heard, 5)
		require.Len(w, texts, 5)
	})
}
