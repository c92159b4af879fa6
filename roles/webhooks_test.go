package roles

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	judge "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/webhook"
	"usher/internal/webhook/webhooktest"
)

const hookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// receiver starts one, and gives the world a process that may reach it.
func (w *world) receiver(answer func(n int) int) (*webhooktest.Receiver, *world) {
	w.Helper()
	r := webhooktest.Start(w, answer)
	return r, w.sending(r.Sending)
}

// sending is the same world with another process, which delivers so.
func (w *world) sending(set webhook.Settings) *world {
	other := *w
	other.Spaces = New(w.auth, Settings{Webhooks: set})
	return &other
}

// deliver has the process deliver, while the clock moves on, until the receiver has taken so many events.
func (w *world) deliver(r *webhooktest.Receiver, events int) {
	w.Helper()
	w.deliverUntil(10*time.Millisecond, func() bool { return len(r.Events()) >= events })
}

// deliverUntil is deliver for a clock that moves in such steps.
func (w *world) deliverUntil(step time.Duration, enough func() bool) {
	w.Helper()
	ctx, stop := context.WithTimeout(w.Context(), time.Minute)
	wake, gone := make(chan time.Time), make(chan struct{})
	defer func() { stop(); <-gone }()
	go func() { w.DeliverWebhooks(ctx, wake); close(gone) }()
	for !enough() {
		select {
		case wake <- noon:
			w.forward(step)
		case <-ctx.Done():
			require.Fail(w, "nothing more comes")
		}
	}
}

// hook names a receiver of the room, by its owner.
func (w *world) hook(at place, r *webhooktest.Receiver) {
	w.Helper()
	_, err := w.SetWebhook(w.Context(), w.as("host"), at.space, at.room, Webhook{
		URL: r.URL, Headers: map[string]string{"Authorization": "Bearer s3cret", "X-Class": "7"}, Secret: secret.New(hookSecret),
	})
	require.NoError(w, err)
}

func TestARoomTellsWhoComesAndGoes(t *testing.T) {
	onEach(t, func(w *world) {
		r, w := w.receiver(nil)
		at, pupil, ctx := w.place(true, Open), w.as("pupil"), w.Context()
		w.hook(at, r)
		guest := w.seat(at, "user")
		came := w.now()
		stays := map[string]string{pupil.ID: w.enter(at, pupil), guest.ID: w.enter(at, guest)}
		require.Equal(w, stays[pupil.ID], w.enter(at, pupil), "he goes on, of which there is nothing to tell")
		w.deliver(r, 2)
		left := w.now()
		require.NoError(w, w.Leave(ctx, pupil, at.space, at.room))
		w.deliver(r, 3)
		require.NoError(w, w.Kick(ctx, w.as("host"), at.space, at.room, guest.ID))
		w.deliver(r, 4)

		got := r.Events()
		require.ElementsMatch(w, []int{1, 2}, []int{got[0].Payload.Sessions, got[1].Payload.Sessions})
		require.ElementsMatch(w, []string{pupil.ID, guest.ID}, []string{got[0].Payload.Member, got[1].Payload.Member})
		for _, e := range got {
			require.Equal(w, at.room, e.Payload.Room)
			require.Equal(w, stays[e.Payload.Member], e.Payload.Session)
		}
		require.Equal(w, webhook.SessionJoined, got[0].Action)
		require.True(w, got[0].Payload.Timestamp.Equal(came))
		require.Equal(w, webhook.Event{Action: webhook.SessionLeft, Payload: webhook.Payload{
			Room: at.room, Member: pupil.ID, Session: stays[pupil.ID], Sessions: 1, Members: 1, Timestamp: webhook.Time{Time: left},
		}}, got[2])
		require.Equal(w, [2]int{0, 0}, [2]int{got[3].Payload.Sessions, got[3].Payload.Members})

		header, body := r.Last()
		require.Equal(w, "Bearer s3cret", header.Get("Authorization"))
		require.Equal(w, "7", header.Get("X-Class"))
		knows, err := judge.NewWebhook(hookSecret)
		require.NoError(w, err)
		require.NoError(w, knows.VerifyIgnoringTimestamp(body, header))
		w.nothingIsLeft(at)
	})
}

// nothingIsLeft requires that there is nothing more to tell of a room.
func (w *world) nothingIsLeft(at place) {
	w.Helper()
	entries, err := w.auth.Store.List(w.Context(), untoldIn(at.room), store.Page{Limit: 10})
	require.NoError(w, err)
	require.Empty(w, entries)
}

// The same person who is there twice is one member with two sessions.
func TestCountsAreOfSessionsAndOfPeople(t *testing.T) {
	onEach(t, func(w *world) {
		r, w := w.receiver(nil)
		at := w.place(true, Open)
		w.hook(at, r)
		w.enter(at, w.as("pupil"))
		w.deliver(r, 1)
		w.enter(at, w.signIn("pupil", w.first.PublicClient))
		w.deliver(r, 2)
		last := r.Events()[1].Payload
		require.Equal(w, [2]int{2, 1}, [2]int{last.Sessions, last.Members})
	})
}

// What opens something is nowhere to be read: not in the answer, and not in the store.
func TestAWebhookKeepsItsSecrets(t *testing.T) {
	onEach(t, func(w *world) {
		r, w := w.receiver(nil)
		at := w.place(true, Open)
		w.hook(at, r)
		shown, err := w.GetWebhook(w.Context(), w.as("host"), at.space, at.room)
		require.NoError(w, err)
		require.Equal(w, Receiver{
			URL: r.URL, Signed: true, Changed: w.now(), Headers: []string{"Authorization", "X-Class"},
		}, shown)
		w.enter(at, w.as("pupil"))
		recs, err := w.auth.Store.Get(w.Context(), hookKey(at.room), auth.RoomKey(at.room))
		require.NoError(w, err)
		require.NotContains(w, fmt.Sprint(recs), "s3cret")
		require.NotContains(w, fmt.Sprint(recs), hookSecret)

		other := w.place(true, Open)
		w.hook(other, r)
		mine, err := w.auth.Store.Get(w.Context(), hookKey(at.room))
		require.NoError(w, err)
		_, err = w.auth.Apply(w.Context(), store.Tx{Do: []store.Write{store.Set(hookKey(other.room), mine[0])}})
		require.NoError(w, err)
		w.enter(other, w.as("pupil"))
		w.deliver(r, 1)
		require.Equal(w, at.room, r.Events()[0].Payload.Room, "one room's secrets open for no other")
	})
}

func TestWhoNamesAReceiver(t *testing.T) {
	onEach(t, func(w *world) {
		r, w := w.receiver(nil)
		at := w.place(true, Open)
		w.grant(at, "assistant", RoomModerator)
		for name, want := range map[string][2]string{
			"host": {"yes", "yes"}, "assistant": {"403", "403"}, "owner": {"403", "403"}, "pupil": {"403", "403"}, "admin": {"403", "yes"},
		} {
			_, err := w.SetWebhook(w.Context(), w.as(name), at.space, at.room, Webhook{URL: r.URL})
			require.Equal(w, want[0], outcome(err), name)
			_, err = w.GetWebhook(w.Context(), w.as(name), at.space, at.room)
			if want[1] == "yes" && name != "host" {
				w.hook(at, r)
				_, err = w.GetWebhook(w.Context(), w.as(name), at.space, at.room)
			}
			require.Equal(w, want[1], outcome(err), name)
		}
		for _, wrong := range []Webhook{
			{URL: "https://10.0.0.1"},
			{URL: "https://[::1]/"},
			{URL: "https://127.1/"},
			{URL: "https://user:pw@example.com"},
			{URL: ""},
			{URL: r.URL, Headers: map[string]string{"Host": "x"}},
			{URL: r.URL, Secret: secret.New("short")},
		} {
			_, err := w.SetWebhook(w.Context(), w.as("host"), at.space, at.room, wrong)
			require.Equal(w, "field", outcome(err), wrong.URL)
			require.False(w, strings.Contains(err.Error(), "short"))
		}
	})
}

// The address and the headers may hold what opens something, and so they are for who may change them. Others see that
// there is a webhook, and where.
func TestWhoSeesAWebhookWhole(t *testing.T) {
	onEach(t, func(w *world) {
		r, w := w.receiver(nil)
		at, home, ctx, writer := w.place(true, Open), w.first.Workspace, w.Context(), w.key("rooms:write")
		w.hook(at, r)
		room, err := w.CreateRoom(ctx, writer, home, NewRoom{Name: "Algebra", Webhook: &Webhook{
			URL: r.URL, Headers: map[string]string{"Authorization": "Bearer s3cret", "X-Class": "7"}, Secret: secret.New(hookSecret),
		}})
		require.NoError(w, err)
		w.grant(at, "support", RoomOwner)
		require.NoError(w, w.auth.SetWorkspaceRole(ctx, w.as("admin"), w.id("support"), auth.Support))
		official := w.as("admin")
		official.Office = true
		whole := Receiver{URL: r.URL, Signed: true, Changed: w.now(), Headers: []string{"Authorization", "X-Class"}}
		where := Receiver{URL: strings.TrimSuffix(r.URL, "/usher"), Signed: true, Changed: w.now()}
		for name, row := range map[string]struct {
			who         auth.Identity
			space, room string
			want        Receiver
		}{
			"owner":                  {w.as("host"), at.space, at.room, whole},
			"administrator":          {w.as("admin"), at.space, at.room, whole},
			"support":                {w.as("support"), at.space, at.room, where},
			"key that writes":        {writer, home, room.ID, whole},
			"key that reads":         {w.key("rooms:read", "users:write"), home, room.ID, where},
			"administrator, at home": {official, home, room.ID, whole},
			"support, at home":       {w.as("support"), home, room.ID, where},
		} {
			got, err := w.GetWebhook(ctx, row.who, row.space, row.room)
			require.NoError(w, err, name)
			require.Equal(w, row.want, got, name)
		}
	})
}

// A new room can have a webhook from its first moment on, or is not made.
func TestARoomIsMadeWithAWebhook(t *testing.T) {
	onEach(t, func(w *world) {
		r, w := w.receiver(nil)
		at, host, ctx := w.place(true, Open), w.as("host"), w.Context()
		room, err := w.CreateRoom(ctx, host, at.space, NewRoom{Name: "Algebra", Access: Open, Webhook: &Webhook{URL: r.URL}})
		require.NoError(w, err)
		w.enter(place{at.space, room.ID, room.Alias}, w.as("pupil"))
		w.deliver(r, 1)
		require.Equal(w, room.ID, r.Events()[0].Payload.Room)

		rooms, _, err := w.ListRooms(ctx, host, at.space, first)
		require.NoError(w, err)
		_, err = w.CreateRoom(ctx, host, at.space, NewRoom{Name: "Algebra", Webhook: &Webhook{URL: "ftp://example.com"}})
		wrong, ok := errors.AsType[*auth.FieldError](err)
		require.True(w, ok)
		require.Equal(w, "webhook/url", wrong.Field)
		after, _, err := w.ListRooms(ctx, host, at.space, first)
		require.NoError(w, err)
		require.Len(w, after, len(rooms))
	})
}

// An API key does in the rooms of the default space what their owner may: it speaks there, and has a server told.
func TestAnAPIKeySpeaksAndHasAServerTold(t *testing.T) {
	onEach(t, func(w *world) {
		r, w := w.receiver(nil)
		key, other, ctx, home := w.key("rooms:write"), w.key("rooms:write"), w.Context(), w.first.Workspace
		room, err := w.CreateRoom(ctx, key, home, NewRoom{Name: "Algebra", Access: Public, Webhook: &Webhook{URL: r.URL}})
		require.NoError(w, err)
		at := place{home, room.ID, room.Alias}
		pupil := w.as("pupil")
		_, err = w.auth.Apply(ctx, store.Tx{Do: []store.Write{store.Set(auth.UserKey(pupil.ID), store.Record{"externalId": "S-123"})}})
		require.NoError(w, err)
		l := w.listen(at, pupil, -1)
		_, err = w.SendMessage(ctx, other, home, room.ID, `{"page":12}`)
		require.NoError(w, err)
		heard, err := l.Next(ctx)
		require.NoError(w, err)
		require.Equal(w, []Message{{1, `{"page":12}`, "", w.now()}}, heard, "a program has no name")
		w.deliver(r, 1)
		require.Equal(w, "S-123", r.Events()[0].Payload.User)

		shown, err := w.GetWebhook(ctx, other, home, room.ID)
		require.NoError(w, err)
		require.Equal(w, r.URL, shown.URL)
		require.NoError(w, w.RemoveWebhook(ctx, other, home, room.ID))
		elsewhere := w.place(true, Open)
		_, err = w.SetWebhook(ctx, key, elsewhere.space, elsewhere.room, Webhook{URL: r.URL})
		require.ErrorIs(w, err, ErrNotFound)
		_, err = w.SendMessage(ctx, key, elsewhere.space, elsewhere.room, "hello")
		require.ErrorIs(w, err, ErrNotFound)
	})
}
