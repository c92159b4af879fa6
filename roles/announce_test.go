package roles

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/store"
	"usher/internal/store/storetest"
	"usher/internal/webhook"
	"usher/internal/webhook/webhooktest"
)

// A receiver that fails, hangs or refuses gets the same delivery again, under the same id, until it takes it.
func TestADeliveryIsMadeUntilItIsTaken(t *testing.T) {
	onEach(t, func(w *world) {
		r, w := w.receiver(func(n int) int {
			if n <= 4 {
				return []int{500, webhooktest.Hangs, 302, 429}[n-1]
			}
			return 200
		})
		set := r.Sending
		set.Within = time.Second // on the clock of the wall, while that of the world goes on
		w = w.sending(set)
		at := w.place(true, Open)
		w.hook(at, r)
		w.enter(at, w.as("pupil"))
		w.deliverUntil(100*time.Millisecond, func() bool { return len(r.Events()) == 1 })
		ids := r.Visits()
		require.GreaterOrEqual(w, len(ids), 5)
		require.Len(w, slices.Compact(slices.Clone(ids)), 1)
		w.enter(at, w.as("friend"))
		w.deliver(r, 2)
		require.NotEqual(w, ids[0], r.Visits()[len(ids)])
	})
}

// Who answers 410 is told nothing any more, until somebody names him again.
func TestAReceiverThatIsGoneIsLeftAlone(t *testing.T) {
	onEach(t, func(w *world) {
		r, w := w.receiver(func(n int) int { return map[bool]int{true: 410, false: 200}[n == 1] })
		at, host := w.place(true, Open), w.as("host")
		w.hook(at, r)
		w.enter(at, w.as("pupil"))
		w.deliverUntil(10*time.Millisecond, func() bool {
			shown, err := w.GetWebhook(w.Context(), host, at.space, at.room)
			require.NoError(w, err)
			return !shown.Gone.IsZero()
		})
		w.enter(at, w.as("friend"))
		w.nothingIsLeft(at)
		w.hook(at, r)
		w.enter(at, w.seat(at, "user"))
		w.deliver(r, 1)
		require.Equal(w, 3, r.Events()[0].Payload.Sessions, "of what came meanwhile nothing is told later")
	})
}

// A server that stops between a change and the outbox leaves nothing untold, wherever it stops; nor does a lost reply.
func TestNothingStaysUntold(t *testing.T) {
	onEach(t, func(w *world) {
		r, w := w.receiver(nil)
		at := w.place(true, Open)
		w.hook(at, r)
		told := 0
		for after := range 7 {
			for _, late := range []bool{false, true} {
				who := w.as(fmt.Sprint("pupil ", after, late))
				broken := w.on(func(s store.Store) store.Store { return &storetest.Halting{Store: s, After: after, Late: late} })
				_, _ = broken.Join(w.Context(), who, at.space, at.room)
				w.enter(at, who)
				broken = w.on(func(s store.Store) store.Store { return &storetest.Halting{Store: s, After: after, Late: late} })
				_ = broken.Leave(w.Context(), who, at.space, at.room)
				require.NoError(w, w.Leave(w.Context(), who, at.space, at.room))
				told += 2
			}
		}
		for range 4 {
			w.forward(6 * time.Minute)
			w.look()
		}
		w.nothingIsLeft(at)
		w.deliver(r, told)
		seen := map[string]bool{}
		for _, e := range r.Events() {
			seen[e.Action+e.Payload.Session] = true
		}
		require.Len(w, seen, told)
		require.Len(w, w.listed(at, StayFilter{}), told/2)
	})
}

// Also of a room's end it is told who was put out by it.
func TestTheEndOfARoomIsTold(t *testing.T) {
	onEach(t, func(w *world) {
		r, w := w.receiver(nil)
		host, ctx := w.as("host"), w.Context()
		for i, end := range []func(place) error{
			func(at place) error { return w.DeleteRoom(ctx, host, at.space, at.room) },
			func(at place) error { return w.DeleteSpace(ctx, w.as("owner"), at.space) },
			func(at place) error { return w.CloseRoom(ctx, host, at.space, at.room) },
		} {
			at := w.place(true, Open)
			w.hook(at, r)
			w.enter(at, w.as("pupil"))
			require.NoError(w, end(at))
			w.deliver(r, 2*(i+1))
		}
	})
}

func TestNobodyIsToldAnyMore(t *testing.T) {
	onEach(t, func(w *world) {
		r, w := w.receiver(nil)
		at := w.place(true, Open)
		w.hook(at, r)
		w.enter(at, w.as("pupil"))
		require.NoError(w, w.RemoveWebhook(w.Context(), w.as("host"), at.space, at.room))
		require.NoError(w, w.Leave(w.Context(), w.as("pupil"), at.space, at.room))
		_, err := w.GetWebhook(w.Context(), w.as("host"), at.space, at.room)
		require.ErrorIs(w, err, ErrNotFound)
		other := w.place(true, Open)
		w.hook(other, r)
		w.enter(other, w.as("pupil"))
		w.deliver(r, 1)
		require.Equal(w, other.room, r.Events()[0].Payload.Room, "the first room's delivery is not made")
	})
}

// What a receiver did not take is listed with its cause, for those who may see the webhook, room by room.
func TestWhatWasGivenUpIsListed(t *testing.T) {
	onEach(t, func(w *world) {
		r, w := w.receiver(func(int) int { return 410 })
		at, other := w.place(true, Open), w.place(true, Open)
		w.hook(at, r)
		stay := w.enter(at, w.as("pupil"))
		came := w.now()
		failures := func(at place, who string) []Failure {
			w.Helper()
			failures, err := w.WebhookFailures(w.Context(), w.as(who), at.space, at.room)
			require.NoError(w, err)
			return failures
		}
		require.Empty(w, failures(at, "host"))
		w.deliverUntil(10*time.Millisecond, func() bool { return len(failures(at, "host")) == 1 })
		got := failures(at, "admin")
		require.Equal(w, Failure{got[0].ID, webhook.SessionJoined, stay, came, webhook.ErrGone.Error()}, got[0])
		require.Equal(w, r.Visits()[0], got[0].ID)
		require.Empty(w, failures(other, "host"))
		for _, name := range []string{"owner", "pupil"} {
			_, err := w.WebhookFailures(w.Context(), w.as(name), at.space, at.room)
			require.ErrorIs(w, err, ErrForbidden, name)
		}
	})
}
