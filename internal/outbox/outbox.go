// Package outbox keeps what is to be done elsewhere, the sending of a mail say, in the store until it is done. Each task
// is done once as a rule, and at least once whatever happens: a process that stops in the midst of one leaves it to
// another, or to itself after its next start.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"usher/internal/store"
)

// ErrHopeless says that a task failed for good: it is not tried again.
var ErrHopeless = errors.New("outbox: hopeless")

// A Task is what is to be done. It is kept in the store as it is, and so holds no secret.
type Task struct {
	ID    string // one task: adding another one under the same id does nothing
	Added time.Time
	After time.Time    // its turn does not come before, unless it is hurried; at once where zero
	Until time.Time    // it is of no use after that; a day after Added where zero
	Group string       // whose the task is, where Dead is to tell those of several apart; may be empty
	What  store.Record // for who does it to understand; a name in it is a field of the store's record
}

const (
	aDay = 24 * time.Hour
	// within is what one attempt may take, and held how long nobody else tries meanwhile.
	within = 30 * time.Second
	held   = 2 * time.Minute
	// A task that failed is tried again after soonest, then after twice as long, and so on, up to latest.
	soonest = 30 * time.Second
	latest  = 4 * time.Hour
	// deadFor is how long what could not be done is kept.
	deadFor = 30 * aDay
	// usual is how many tasks a process does at a time.
	usual = 8
)

// An Outbox is a queue of tasks. Any number of processes may have the same one, by its name in their store.
type Outbox struct {
	store store.Store
	place string // its partition
	slots int
	now   func() time.Time
	newID func() string // for the name of a transaction
	log   *slog.Logger
}

// New opens the queue of a name, [a-z0-9]+.
func New(s store.Store, name string, now func() time.Time, newID func() string, log *slog.Logger) *Outbox {
	return &Outbox{s, "outbox:" + name, usual, now, newID, log}
}

// With is the same queue for tasks of which a process does so many at a time.
func (o *Outbox) With(slots int) *Outbox {
	other := *o
	other.slots = slots
	return &other
}

// A note is what the queue itself keeps of a task, in the same record.
type note struct {
	Added time.Time `store:"added"`
	Until time.Time `store:"until"`
	Due   time.Time `store:"due"`   // nobody touches it before
	Tries int64     `store:"tries"` // as many attempts have begun
	Dead  time.Time `store:"dead"`
	Cause string    `store:"cause"` // of death
	Group string    `store:"group"`
}

func (o *Outbox) at(id string) store.Key { return store.Key{Partition: o.place, Kind: "task", ID: id} }

// due lists the tasks in the order of their turns, and dead those of a group that could not be done.
func (o *Outbox) due() store.Key { return store.Key{Partition: o.place, Kind: "index", ID: "due"} }

func (o *Outbox) dead(group string) store.Key {
	return store.Key{Partition: o.place, Kind: "index", ID: "dead" + group}
}

// turn is an entry of an index: an instant, and behind it the id.
func turn(at time.Time, id string) string { return fmt.Sprintf("%015d/%s", at.UnixMilli(), id) }

// Add puts a task into the queue. What it has reported is kept, and done.
func (o *Outbox) Add(ctx context.Context, t Task) error {
	n := note{Added: o.now(), Until: t.Until, Due: o.now(), Group: t.Group}
	if n.Until.IsZero() {
		n.Until = n.Added.Add(aDay)
	}
	if t.After.After(n.Due) {
		n.Due = t.After
	}
	rec := store.Fields(n)
	for field, value := range t.What {
		if _, own := rec[field]; own {
			return fmt.Errorf("outbox: %q is a field of its own", field)
		}
		rec[field] = value
	}
	_, err := o.store.Apply(ctx, store.Tx{
		Op: o.newID(),
		If: []store.Cond{store.Absent(o.at(t.ID))},
		Do: []store.Write{store.Set(o.at(t.ID), rec), store.Insert(o.due(), turn(n.Due, t.ID))},
	})
	return err
}

// Hurry makes it the turn of a task that was to wait. One that is not there, or was tried, stays as it is.
func (o *Outbox) Hurry(ctx context.Context, id string) error {
	recs, err := o.store.Get(ctx, o.at(id))
	if err != nil || recs[0] == nil {
		return err
	}
	var was note
	if err := recs[0].Load(&was); err != nil || was.Tries > 0 {
		return err
	}
	is := was
	is.Due = o.now()
	_, err = o.change(ctx, id, was, is)
	return err
}

// next are the ids of the tasks whose turn it is, at most so many, the longest due first.
func (o *Outbox) next(ctx context.Context, most int) ([]string, error) {
	entries, err := o.store.List(ctx, o.due(), store.Page{Limit: most})
	if err != nil {
		return nil, err
	}
	end, ids := turn(o.now().Add(time.Millisecond), ""), entries[:0]
	for _, entry := range entries {
		if entry < end {
			_, id, _ := strings.Cut(entry, "/")
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// A claim is a task that is this process's to do, until its turn comes again.
type claim struct {
	Task
	note
}

// claim takes a task, and is false where another has it. That its turn comes again if nothing more is heard of it is
// what makes the queue survive whoever took it.
func (o *Outbox) claim(ctx context.Context, id string) (c claim, ok bool, err error) {
	recs, err := o.store.Get(ctx, o.at(id))
	if err != nil || recs[0] == nil {
		return c, false, err
	}
	if err := recs[0].Load(&c.note); err != nil {
		return c, false, err
	}
	if c.Due.After(o.now()) {
		return c, false, nil
	}
	c.Task = taskOf(id, recs[0])
	was := c.note
	c.Tries++
	c.Due = o.now().Add(max(held, pause(c.Tries)))
	ok, err = o.change(ctx, id, was, c.note)
	return c, ok, err
}

// taskOf is a task as it was added.
func taskOf(id string, rec store.Record) Task {
	t := Task{ID: id, Added: rec.Time("added"), Until: rec.Time("until"), Group: rec["group"], What: maps.Clone(rec)}
	for own := range store.Fields(note{}) {
		delete(t.What, own)
	}
	delete(t.What, "op")
	return t
}

// pause is how long a task rests that was tried so many times.
func pause(tries int64) time.Duration {
	return min(soonest<<min(max(tries-1, 0), 16), latest)
}

// change moves a task from one note to another, and is false where it is not as it was.
func (o *Outbox) change(ctx context.Context, id string, was, is note, more ...store.Write) (bool, error) {
	res, err := o.store.Apply(ctx, store.Tx{
		Op: o.newID(),
		If: o.as(id, was),
		Do: append([]store.Write{
			store.Remove(o.due(), turn(was.Due, id)), store.Insert(o.due(), turn(is.Due, id)), store.Set(o.at(id), store.Fields(is)),
		}, more...),
	})
	return err == nil && res.Refused == 0, err
}

// as: the task is there, and nobody has touched it since.
func (o *Outbox) as(id string, was note) []store.Cond {
	fields := store.Fields(was)
	return []store.Cond{
		store.Present(o.at(id)), store.Equal(o.at(id), "due", fields["due"]), store.Equal(o.at(id), "tries", fields["tries"]),
	}
}

// done takes a task away.
func (o *Outbox) done(ctx context.Context, c claim) error {
	_, err := o.store.Apply(ctx, store.Tx{
		Op: o.newID(), If: o.as(c.ID, c.note),
		Do: []store.Write{store.Delete(o.at(c.ID)), store.Remove(o.due(), turn(c.Due, c.ID))},
	})
	return err
}

// put gives a task back that was not tried.
func (o *Outbox) put(ctx context.Context, c claim, due time.Time) error {
	is := c.note
	is.Due = due
	is.Tries--
	_, err := o.change(ctx, c.ID, c.note, is)
	return err
}

// failed gives a task another turn, or none where that is hopeless or comes too late.
func (o *Outbox) failed(ctx context.Context, c claim, cause error) error {
	was, is := c.note, c.note
	is.Due = o.now().Add(pause(c.Tries))
	if !errors.Is(cause, ErrHopeless) && is.Due.Before(c.note.Until) {
		o.log.WarnContext(ctx, "a task failed and is tried again", "outbox", o.place, "task", c.ID, "tries", c.Tries,
			"in", is.Due.Sub(o.now()), "error", cause)
		_, err := o.change(ctx, c.ID, was, is)
		return err
	}
	o.log.ErrorContext(ctx, "a task could not be done", "outbox", o.place, "task", c.ID, "tries", c.Tries, "error", cause)
	is.Dead, is.Cause = o.now(), cause.Error()
	writes := []store.Write{store.Remove(o.due(), turn(is.Due, c.ID)), store.Collect(o.at(c.ID), is.Dead.Add(deadFor))}
	for _, group := range slices.Compact([]string{"", c.note.Group}) {
		list := o.dead(group)
		writes = append(writes, store.Insert(list, turn(is.Dead, c.ID)),
			store.Trim(list, turn(is.Dead.Add(-deadFor), "")), store.CollectIndex(list, is.Dead.Add(deadFor)))
	}
	_, err := o.change(ctx, c.ID, was, is, writes...)
	return err
}

// Left are those of some tasks that are still there, each with whether it is dead. The others were done, or never added.
func (o *Outbox) Left(ctx context.Context, ids ...string) (map[string]bool, error) {
	keys := make([]store.Key, len(ids))
	for i, id := range ids {
		keys[i] = o.at(id)
	}
	recs, err := o.store.Get(ctx, keys...)
	left := map[string]bool{}
	for i, rec := range recs {
		if rec != nil {
			left[ids[i]] = rec["dead"] != ""
		}
	}
	return left, err
}

// Dead are tasks of a group, or of all where it is empty, that could not be done in the last 30 days, at most so many,
// the last ones first, with their causes.
func (o *Outbox) Dead(ctx context.Context, group string, most int) (tasks []Task, causes []string, err error) {
	entries, err := o.store.List(ctx, o.dead(group), store.Page{Limit: most, Descending: true})
	if err != nil {
		return nil, nil, err
	}
	keys := make([]store.Key, len(entries))
	for i, entry := range entries {
		_, id, _ := strings.Cut(entry, "/")
		keys[i] = o.at(id)
	}
	recs, err := o.store.Get(ctx, keys...)
	for i, rec := range recs {
		if rec != nil {
			tasks, causes = append(tasks, taskOf(keys[i].ID, rec)), append(causes, rec["cause"])
		}
	}
	return tasks, causes, err
}
