package roles

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/webhook"
)

// A Webhook is a server of the integrator's that a room tells who comes and goes.
type Webhook struct {
	URL     string
	Headers map[string]string // that come with every delivery
	Secret  secret.String     // that deliveries are signed with; not at all where it is empty
}

// A Receiver is a webhook as it may be shown: without what may open something.
type Receiver struct {
	URL     string    `store:"url,16"`
	Signed  bool      `store:"signed"`
	Changed time.Time `store:"changed"`
	Gone    time.Time `store:"gone"` // it has answered 410 then, and is told nothing any more
	Headers []string  // their names
}

// A hook is a webhook as it is stored. The room bears its id, too, as long as it tells it anything.
type hook struct {
	ID string `store:"id"`
	Receiver
	Names string `store:"names,12"` // of the headers, with commas between
	auth.Kept
}

// What of a webhook is kept encrypted.
type hidden struct {
	Headers map[string]string `json:"headers"`
	Signing string            `json:"signing"`
}

func hookKey(room string) store.Key {
	return store.Key{Partition: "r:" + room, Kind: "webhook", ID: room}
}

// SetWebhook has a room tell a server who comes and goes, in the place of the one before: its owner may. It is an
// auth.FieldError for what is no webhook.
func (s *Spaces) SetWebhook(ctx context.Context, who auth.Identity, space, room string, in Webhook) (Receiver, error) {
	made, err := s.newHook(room, in)
	if err != nil {
		return Receiver{}, err
	}
	err = s.changeHook(ctx, who, space, room, made.set(room))
	return made.shown(), err
}

// RemoveWebhook has a room tell nobody any more. What was not delivered yet is not delivered.
func (s *Spaces) RemoveWebhook(ctx context.Context, who auth.Identity, space, room string) error {
	return s.changeHook(ctx, who, space, room, []store.Write{
		store.Set(auth.RoomKey(room), store.Record{"webhook": ""}), store.Delete(hookKey(room)),
	})
}

func (s *Spaces) changeHook(ctx context.Context, who auth.Identity, space, room string, writes []store.Write) error {
	err := auth.Settle(func() error {
		st, _, err := s.InRoom(ctx, who, space, room)
		if err != nil {
			return err
		}
		if err := st.May(Announce); err != nil {
			return err
		}
		return s.auth.Change(ctx, store.Tx{If: st.InOffice(), Do: writes})
	})
	return s.auth.Recorded(ctx, who, audit.Event{Type: audit.RoomWebhookChanged, Space: space, Room: room}, err)
}

// GetWebhook is whom a room tells, for its owner, and for the administrators and the support of the workspace: whole, or
// only where it is. It is ErrNotFound where the room tells nobody.
func (s *Spaces) GetWebhook(ctx context.Context, who auth.Identity, space, room string) (Receiver, error) {
	st, rec, err := s.seeHook(ctx, who, space, room)
	if err == nil && rec == nil {
		err = ErrNotFound
	}
	if err != nil {
		return Receiver{}, err
	}
	var h hook
	err = rec.Load(&h)
	if !st.seesHookWhole() {
		return h.whereabouts(), err
	}
	return h.shown(), err
}

// seeHook reads the webhook of a room for who may see that there is one.
func (s *Spaces) seeHook(ctx context.Context, who auth.Identity, space, room string) (Standing, store.Record, error) {
	st, recs, err := s.InRoom(ctx, who, space, room, hookKey(room))
	if err == nil && st.Staff == "" {
		err = st.May(Announce)
	}
	if err != nil {
		return st, nil, err
	}
	return st, recs[0], nil
}

// seesHookWhole says whether somebody for whom there is a webhook is also shown its address and the names of its headers:
// where he may change it, and may by his office, if he does not come by it now. A path may hold what opens something.
func (st Standing) seesHookWhole() bool {
	if st.Kind == auth.Key {
		return st.Scopes.Allow("rooms:write")
	}
	return st.Staff != auth.Support
}

// newHook checks a webhook, and keeps its secrets.
func (s *Spaces) newHook(room string, in Webhook) (hook, error) {
	for _, field := range []struct{ name, wrong string }{
		{"url", s.sender.Check(in.URL)}, {"headers", webhook.CheckHeaders(in.Headers)}, {"secret", webhook.CheckSecret(in.Secret)},
	} {
		if field.wrong != "" {
			return hook{}, &auth.FieldError{Field: field.name, Reason: field.wrong}
		}
	}
	plain, err := json.Marshal(hidden{in.Headers, in.Secret.Reveal()})
	return hook{
		ID:       s.auth.NewID(),
		Receiver: Receiver{URL: in.URL, Signed: !in.Secret.Empty(), Changed: s.auth.Now()},
		Names:    strings.Join(slices.Sorted(maps.Keys(in.Headers)), ","),
		Kept:     s.auth.Keep(plain, "webhook", room),
	}, err
}

// firstHook are the writes by which a new room has a webhook, where one is asked for.
func (s *Spaces) firstHook(room *Room, in *Webhook) ([]store.Write, error) {
	if in == nil {
		return nil, nil
	}
	made, err := s.newHook(room.ID, *in)
	if wrong, ok := errors.AsType[*auth.FieldError](err); ok {
		err = &auth.FieldError{Field: "webhook/" + wrong.Field, Reason: wrong.Reason}
	}
	room.Webhook = made.ID
	return made.set(room.ID), err
}

// set are the writes of a webhook.
func (h hook) set(room string) []store.Write {
	return []store.Write{
		store.Set(auth.RoomKey(room), store.Record{"webhook": h.ID}), store.Set(hookKey(room), store.Fields(h)),
	}
}

func (h hook) shown() Receiver {
	r := h.Receiver
	if h.Names != "" {
		r.Headers = strings.Split(h.Names, ",")
	}
	return r
}

// whereabouts are what of a webhook opens nothing: that it is there, and at which host.
func (h hook) whereabouts() Receiver {
	r := h.Receiver
	r.URL = ""
	if at, err := url.Parse(h.URL); err == nil {
		r.URL = (&url.URL{Scheme: at.Scheme, Host: at.Host}).String()
	}
	return r
}

// silence has a room tell a receiver nothing any more which wants that, unless another one has taken its place.
func (s *Spaces) silence(ctx context.Context, room string, h hook) error {
	_, err := s.auth.Apply(ctx, store.Tx{
		If: []store.Cond{store.Equal(hookKey(room), "id", h.ID), store.Present(auth.RoomKey(room))},
		Do: []store.Write{
			store.Set(hookKey(room), store.Record{"gone": store.Millis(s.auth.Now())}),
			store.Set(auth.RoomKey(room), store.Record{"webhook": ""}),
		},
	})
	return err
}

// A Failure is something that a receiver was not told, because it did not take it in a day or said that it never will.
type Failure struct {
	ID     string // of the delivery
	Action string
	Stay   string
	At     time.Time // when it happened
	Cause  string
}

// mostFailures is how many are listed.
const mostFailures = 100

// WebhookFailures are the last of what the receiver of a room was not told in the last 30 days, the newest first: for
// those who may see the webhook.
func (s *Spaces) WebhookFailures(ctx context.Context, who auth.Identity, space, room string) ([]Failure, error) {
	if _, _, err := s.seeHook(ctx, who, space, room); err != nil {
		return nil, err
	}
	tasks, causes, err := s.hooks.Dead(ctx, room, mostFailures)
	failures := make([]Failure, len(tasks))
	for i, t := range tasks {
		failures[i] = Failure{t.ID, t.What["action"], t.What["stay"], t.What.Time("at"), causes[i]}
	}
	return failures, err
}
