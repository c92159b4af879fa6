package audit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"usher/internal/store"
)

// A Log keeps the events of every workspace apart, each for a set time. It is safe for concurrent use.
type Log struct {
	store store.Store
	kept  time.Duration
}

// New opens the log over a store. Events are kept for so long.
func New(s store.Store, kept time.Duration) *Log { return &Log{s, kept} }

// place is the partition of a workspace's events; those of the whole installation belong to none.
func place(workspace string) string {
	if workspace == "" {
		return "audit"
	}
	return "w:" + workspace + ":audit"
}

func index(workspace string) store.Key {
	return store.Key{Partition: place(workspace), Kind: "index", ID: "events"}
}

func at(workspace, id string) store.Key {
	return store.Key{Partition: place(workspace), Kind: "event", ID: id}
}

// entry sorts events by time; the id tells those of one instant apart.
func (e Event) entry() string { return instant(e.At) + "/" + e.ID }

func instant(t time.Time) string { return fmt.Sprintf("%015d", t.UnixMilli()) }

// Append adds an event to a workspace's log, unless one of its id is there. It returns the store's errors; then whether
// the event is there is unknown, and Append may be repeated.
func (l *Log) Append(ctx context.Context, workspace string, e Event) error {
	rec, key, list := store.Fields(e), at(workspace, e.ID), index(workspace)
	_, err := l.store.Apply(ctx, store.Tx{
		Op: e.ID,
		If: []store.Cond{store.Absent(key)},
		Do: []store.Write{
			store.Set(key, rec), store.Collect(key, e.At.Add(l.kept)),
			store.Insert(list, e.entry()), store.Trim(list, instant(e.At.Add(-l.kept))),
		},
	})
	return err
}

// A Filter chooses events; what is zero chooses all.
type Filter struct {
	Type           Type
	Actor, Subject string
	Space, Room    string
	Since, Until   time.Time // from Since on, and before Until
}

// matches reports whether a filter chooses an event. Its times are bounds of the list already.
func (f Filter) matches(e Event) bool {
	for chosen, has := range map[string]string{
		string(f.Type): string(e.Type), f.Actor: e.Actor, f.Subject: e.Subject, f.Space: e.Space, f.Room: e.Room,
	} {
		if chosen != "" && chosen != has {
			return false
		}
	}
	return true
}

// looked is how many events one call of List looks at: a filter that chooses few must not read through years at once.
const looked = 1000

// List gives the events that a filter chooses, the newest first, at most limit of them, and the cursor at which the
// next call goes on; it is empty at the end. A call that meets few of them may give fewer than limit, and a cursor.
func (l *Log) List(ctx context.Context, workspace string, f Filter, after string, limit int) ([]Event, string, error) {
	if after == "" && !f.Until.IsZero() {
		after = instant(f.Until)
	}
	chosen := []Event{}
	for seen := 0; seen < looked; {
		page := store.Page{After: after, Limit: min(limit, looked-seen), Descending: true}
		entries, err := l.store.List(ctx, index(workspace), page)
		if err != nil {
			return nil, "", err
		}
		events, err := l.read(ctx, workspace, entries)
		if err != nil {
			return nil, "", err
		}
		for _, e := range events {
			if e.At.Before(f.Since) {
				return chosen, "", nil
			}
			after = e.entry()
			if f.matches(e) {
				chosen = append(chosen, e)
			}
			if len(chosen) == limit {
				return chosen, after, nil
			}
		}
		if len(entries) < page.Limit {
			return chosen, "", nil
		}
		seen += len(entries)
		after = entries[len(entries)-1]
	}
	return chosen, after, nil
}

// Since calls do for each event from an instant on, the oldest first. An event may be appended some time after its
// instant, and so whoever follows the log asks for the last minute again.
func (l *Log) Since(ctx context.Context, workspace string, from time.Time, do func(Event) error) error {
	page := store.Page{After: instant(from), Limit: looked}
	for {
		entries, err := l.store.List(ctx, index(workspace), page)
		if err != nil || len(entries) == 0 {
			return err
		}
		events, err := l.read(ctx, workspace, entries)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := do(e); err != nil {
				return err
			}
		}
		page.After = entries[len(entries)-1]
	}
}

// read reads the events of entries. One that is not there any more is left out.
func (l *Log) read(ctx context.Context, workspace string, entries []string) ([]Event, error) {
	keys := make([]store.Key, len(entries))
	for i, entry := range entries {
		_, id, _ := strings.Cut(entry, "/")
		keys[i] = at(workspace, id)
	}
	recs, err := l.store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	events := make([]Event, 0, len(recs))
	for i, rec := range recs {
		e := Event{ID: keys[i].ID}
		if err := rec.Load(&e); err != nil {
			return nil, err
		}
		if rec != nil {
			events = append(events, e)
		}
	}
	return events, nil
}
