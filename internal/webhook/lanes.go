package webhook

import (
	"sync"
	"time"

	"usher/internal/outbox"
)

// Slots are how many deliveries a process has under way.
const Slots = 32

// How many of the slots one receiver may have: few as long as nothing is known of it, half of them while it answers
// quickly, and two when it does not.
const (
	unknown = 4
	quick   = Slots / 2
	slow    = 2
)

const (
	sluggish = time.Second // an answer that took longer is a slow one
	least    = 5 * time.Millisecond
	farthest = 15 * time.Minute
	most     = 10_000 // lanes that are remembered
)

// lanes keep a receiver that hangs from taking the slots of all others. Each has its own, by its host and port, and a
// line before it: whoever finds no slot free gets a turn when it may be his by then. They are a process's own.
type lanes struct {
	now func() time.Time
	mu  sync.Mutex
	of  map[string]*lane
}

type lane struct {
	slots, under int
	took         time.Duration // by the last answer
	line         time.Time     // its end
}

func newLanes(now func() time.Time) *lanes { return &lanes{now: now, of: map[string]*lane{}} }

// enter takes a slot, which leave gives back, saying whether the receiver ran out of time; or it is an outbox.LaterError.
func (l *lanes) enter(host string) (leave func(late bool), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.of[host]
	if at == nil {
		l.forget()
		at = &lane{slots: unknown, took: 10 * least}
		l.of[host] = at
	}
	now := l.now()
	if at.under >= at.slots {
		if at.line.Before(now) {
			at.line = now
		}
		if at.line = at.line.Add(at.took / time.Duration(at.slots)); at.line.After(now.Add(farthest)) {
			at.line = now.Add(farthest)
		}
		return nil, &outbox.LaterError{At: at.line}
	}
	at.under++
	return func(late bool) { l.leave(at, l.now().Sub(now), late) }, nil
}

func (l *lanes) leave(at *lane, took time.Duration, late bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at.under--
	at.slots, at.took = quick, max(took, least)
	if late || took > sluggish {
		at.slots, at.took = slow, max(took, sluggish)
	}
}

// forget makes room for another lane, where there are many: nobody fills the memory with names.
func (l *lanes) forget() {
	if len(l.of) < most {
		return
	}
	for host, at := range l.of {
		if at.under == 0 {
			delete(l.of, host)
		}
	}
}
