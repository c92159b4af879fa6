package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// errLate is the cause of death of what nobody could do in its time.
var errLate = fmt.Errorf("%w: it is too late", ErrHopeless)

// A LaterError is what do returns for a task that it has not tried: it gets another turn then, and nothing is held
// against it.
type LaterError struct{ At time.Time }

func (e *LaterError) Error() string { return "outbox: not yet" }

// Work does the tasks of the queue, at each wake-up all whose turn it is, until ctx ends; those under way are finished
// then. A task that takes long holds up no other, as long as there are slots. do returns ErrHopeless for what must not be
// tried again, a LaterError for what was not tried; it may be called by several goroutines at once, and again for a task
// that it has done, if the process or the store failed behind it.
func (o *Outbox) Work(ctx context.Context, wake <-chan time.Time, do func(context.Context, Task) error) {
	for waiting := false; ; { // for the store, of which the log is told once
		err := o.busy(ctx, wake, do)
		if err != nil && !waiting && ctx.Err() == nil {
			o.log.WarnContext(ctx, "the outbox has to wait", "outbox", o.place, "error", err)
		}
		waiting = err != nil
		select {
		case <-wake:
		case <-ctx.Done():
			return
		}
	}
}

// busy does tasks until none is under way and none's turn has come. The error is the first that the queue met.
func (o *Outbox) busy(ctx context.Context, wake <-chan time.Time, do func(context.Context, Task) error) (first error) {
	ended, under := make(chan ending), map[string]bool{}
	for look := true; ; {
		if look && ctx.Err() == nil {
			ids, err := o.next(ctx, o.slots)
			first = cmp.Or(first, err)
			look = len(ids) == o.slots // or there is no other
			for _, id := range ids {
				switch {
				case under[id]:
				case len(under) == o.slots:
					look = true
				default:
					under[id] = true
					go func() { ended <- ending{id, o.attempt(ctx, id, do)} }()
				}
			}
		}
		if len(under) == 0 {
			return first
		}
		select {
		case e := <-ended:
			delete(under, e.id)
			first, look = cmp.Or(first, e.err), look && e.err == nil
		case <-wake:
			look = true
		}
	}
}

// An ending of a task's attempt, with what went wrong in the queue itself.
type ending struct {
	id  string
	err error
}

// attempt does one task, if it is still to be done. What was begun is finished, whoever stops meanwhile.
func (o *Outbox) attempt(ctx context.Context, id string, do func(context.Context, Task) error) error {
	ctx = context.WithoutCancel(ctx)
	c, ok, err := o.claim(ctx, id)
	if err != nil || !ok {
		return err
	}
	cause := errLate
	if o.now().Before(c.Task.Until) {
		within, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		cause = do(within, c.Task)
	}
	later, ok := errors.AsType[*LaterError](cause)
	switch {
	case cause == nil:
		return o.done(ctx, c)
	case ok:
		return o.put(ctx, c, later.At)
	}
	return o.failed(ctx, c, cause)
}
