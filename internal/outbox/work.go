package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// errLate is the cause of death of what nobody could do in its time.
var errLate = fmt.Errorf("%w: it is too late", ErrHopeless)

// Work does the tasks of the queue, at each wake-up all whose turn it is, until ctx ends; those under way are finished
// then. do returns ErrHopeless for what must not be tried again; it may be called by several goroutines at once, and
// again for a task that it has done, if the process or the store failed behind it.
func (o *Outbox) Work(ctx context.Context, wake <-chan time.Time, do func(context.Context, Task) error) {
	for waiting := false; ; { // for the store, of which the log is told once
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = o.round(ctx, do); err != nil && !waiting && ctx.Err() == nil {
				o.log.WarnContext(ctx, "the outbox has to wait", "outbox", o.place, "error", err)
			}
			waiting = err != nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return
		}
	}
}

// round does some of the tasks whose turn it is, at once, and says whether there may be more.
func (o *Outbox) round(ctx context.Context, do func(context.Context, Task) error) (more bool, err error) {
	ids, err := o.next(ctx, batch)
	if err != nil {
		return false, err
	}
	errs := make([]error, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() { errs[i] = o.attempt(ctx, id, do) })
	}
	all.Wait()
	err = errors.Join(errs...)
	return err == nil && len(ids) == batch, err
}

// attempt does one task, if it is still to be done. What was begun is finished, whoever stops meanwhile.
func (o *Outbox) attempt(ctx context.Context, id string, do func(context.Context, Task) error) error {
	c, ok, err := o.claim(ctx, id)
	if err != nil || !ok {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	cause := errLate
	if o.now().Before(c.Task.Until) {
		cause = do(ctx, c.Task)
	}
	if cause != nil {
		return o.failed(context.WithoutCancel(ctx), c, cause)
	}
	return o.done(context.WithoutCancel(ctx), c)
}
