package roles

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/outbox"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/webhook"
)

// Whoever comes to a room with a webhook, or goes, is written into a list of the room in that very transaction, and then
// handed over to the outbox, where he waits to be told of. What a server that stops in between leaves in the list is
// handed over by whoever looks after the room next: the outbox knows it by its id.

// untoldIn lists what was not handed over yet, by time.
func untoldIn(room string) store.Key { return index("r:"+room, "untold") }

// A happening is that a stay has begun, or ended.
type happening struct {
	action string
	stay   Stay
}

func (h happening) at() time.Time {
	if h.action == webhook.SessionLeft {
		return h.stay.Left
	}
	return h.stay.Began
}

func (h happening) entry() string { return auth.ByTime(h.at(), h.action+"/"+h.stay.ID) }

// tells are the writes by which it is not forgotten to tell of something.
func (r Room) tells(h happening) []store.Write {
	if r.Webhook == "" {
		return nil
	}
	return []store.Write{store.Insert(untoldIn(r.ID), h.entry())}
}

// told tells of what has just happened. Where that fails, it is in the list.
func (s *Spaces) told(ctx context.Context, room Room, h happening, then tally) {
	if room.Webhook != "" {
		_ = s.tell(context.WithoutCancel(ctx), room.ID, h, then)
	}
}

// tell hands over to the outbox.
func (s *Spaces) tell(ctx context.Context, room string, h happening, then tally) error {
	stay := h.stay
	err := s.hooks.Add(ctx, outbox.Task{ID: auth.Hash(h.action, stay.ID), Group: room, What: store.Record{
		"room": room, "action": h.action, "at": store.Millis(h.at()), "stay": stay.ID, "member": stay.Subject, "user": stay.ExternalID,
		"sessions": fmt.Sprint(then.sessions), "members": fmt.Sprint(then.members),
	}})
	if err != nil {
		return err
	}
	_, err = s.auth.Apply(ctx, store.Tx{Do: []store.Write{store.Remove(untoldIn(room), h.entry())}})
	return err
}

// tellRest tells of what has happened before an instant and is still in the list, with how many are there now; waits
// says that something later is.
func (s *Spaces) tellRest(ctx context.Context, room string, c census, before time.Time) (waits bool, err error) {
	err = s.pages(ctx, untoldIn(room), "", func(entries []string) error {
		keys := make([]store.Key, len(entries))
		for i, entry := range entries {
			_, id, _ := strings.Cut(auth.IDOf(entry), "/")
			keys[i] = stayKey(room, id)
		}
		recs, err := s.auth.Store.Get(ctx, keys...)
		for i, rec := range recs {
			if !auth.TimeOf(entries[i]).Before(before) {
				waits = true
				return nil
			}
			h := happening{stay: Stay{ID: keys[i].ID}}
			h.action, _, _ = strings.Cut(auth.IDOf(entries[i]), "/")
			if err := rec.Load(&h.stay); err != nil {
				return err
			}
			if err := s.tell(ctx, room, h, tally{int(c.Sessions), int(c.Members)}); err != nil {
				return err
			}
		}
		return err
	})
	return waits, err
}

// DeliverWebhooks tells whom rooms tell who comes and goes, at each wake-up, until ctx ends.
func (s *Spaces) DeliverWebhooks(ctx context.Context, wake <-chan time.Time) {
	s.hooks.Work(ctx, wake, s.deliver)
}

// deliver makes one delivery. A room that tells nobody any more has nothing to deliver.
func (s *Spaces) deliver(ctx context.Context, t outbox.Task) error {
	room := t.What["room"]
	recs, err := s.auth.Store.Get(ctx, hookKey(room))
	if err != nil || recs[0] == nil {
		return err
	}
	var h hook
	if err := recs[0].Load(&h); err != nil || !h.Gone.IsZero() {
		return err
	}
	d, err := s.delivery(ctx, room, h, t)
	if err != nil {
		return err
	}
	err = s.sender.Send(ctx, d)
	if errors.Is(err, webhook.ErrGone) {
		return errors.Join(err, s.silence(ctx, room, h))
	}
	return err
}

// delivery is what is sent of a task to the webhook of a room.
func (s *Spaces) delivery(ctx context.Context, room string, h hook, t outbox.Task) (webhook.Delivery, error) {
	plain, err := s.auth.ReadKept(ctx, h.Kept, "webhook", room)
	if errors.Is(err, auth.ErrKeyGone) {
		err = fmt.Errorf("%w: the key of its secrets is gone, and it has to be set again", outbox.ErrHopeless)
	}
	if err != nil {
		return webhook.Delivery{}, err
	}
	var open hidden
	if err := json.Unmarshal(plain, &open); err != nil {
		return webhook.Delivery{}, fmt.Errorf("roles: a webhook's secrets: %w", err)
	}
	d := webhook.Delivery{ID: t.ID, URL: h.URL, Headers: open.Headers}
	if open.Signing != "" {
		d.Secrets = []secret.String{secret.New(open.Signing)}
	}
	what := t.What
	d.Body, err = json.Marshal(webhook.Event{Action: what["action"], Payload: webhook.Payload{
		Room: room, User: what["user"], Member: what["member"], Session: what["stay"],
		Sessions: int(what.Int("sessions")), Members: int(what.Int("members")), Timestamp: webhook.Time{Time: what.Time("at")},
	}})
	return d, err
}
