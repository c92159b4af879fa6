package roles

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"usher/auth"
	"usher/internal/store"
)

// A Listener hears what is said in a room, for as long as somebody is in it. It remembers how far he has heard, and so
// one who is slow keeps nobody else waiting.
type Listener struct {
	Wake  <-chan struct{} // there may be something to hear
	Close func()

	spaces      *Spaces
	who         auth.Identity
	space, room string
	last        int64
}

// Listen begins to listen in a room, behind the message of a number, or, where that is less than 0, from now on. Close
// must be called. It is ErrStayOver where the caller is not in the room, ErrNotFound where that is not there for him, and
// auth.ErrWrongToken for who can be in none.
func (s *Spaces) Listen(ctx context.Context, who auth.Identity, space, room string, last int64) (*Listener, error) {
	if !who.IsUser() && who.Kind != auth.Guest {
		return nil, auth.ErrWrongToken
	}
	l := &Listener{spaces: s, who: who, space: space, room: room}
	said, _, err := l.present(ctx)
	if err != nil {
		return nil, err
	}
	if l.last = said; last >= 0 {
		l.last = min(last, said)
	}
	l.Wake, l.Close = s.ears.open(room, l.last)
	return l, nil
}

// Last is the number of the message up to which there is nothing to hear any more.
func (l *Listener) Last() int64 { return l.last }

// Next are the messages that were not heard yet. It is an error as soon as the caller is in the room no more, or his
// session has ended, whether or not there is something to hear.
func (l *Listener) Next(ctx context.Context) ([]Message, error) {
	said, now, err := l.present(ctx)
	if err != nil || said <= l.last {
		return nil, err
	}
	heard, err := l.spaces.heardBy(ctx, l.room, l.last, now)
	if err != nil {
		return nil, err
	}
	l.last = said
	if len(heard) > 0 {
		l.last = max(said, heard[len(heard)-1].Number)
	}
	return heard, nil
}

// present is how much was said in the room, for who is there.
func (l *Listener) present(ctx context.Context) (said int64, now time.Time, err error) {
	st, recs, err := l.spaces.InRoom(ctx, l.who, l.space, l.room, censusKey(l.room), chainKey(l.room, chainOf(l.who)))
	if err != nil {
		return 0, now, err
	}
	if !recs[1].Time("ends").After(st.Now) || !st.Enter().Allowed {
		return 0, now, cmp.Or(st.May(SeeRoom), ErrStayOver)
	}
	return recs[0].Int("said"), st.Now, nil
}

// ears are who listens in this process, by rooms.
type ears struct {
	mu sync.Mutex
	in map[string]*audience
}

// An audience is who listens in a room.
type audience struct {
	told  int64 // what they know to be there
	wakes map[chan struct{}]bool
}

// open adds one who has heard up to a number.
func (e *ears) open(room string, last int64) (wake <-chan struct{}, shut func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := e.in[room]
	if a == nil {
		a = &audience{told: last, wakes: map[chan struct{}]bool{}}
		e.in[room] = a
	}
	own := make(chan struct{}, 1)
	own <- struct{}{} // something may have been said since it was looked, or before
	a.wakes[own] = true
	return own, func() { e.shut(room, a, own) }
}

func (e *ears) shut(room string, a *audience, own chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if delete(a.wakes, own); len(a.wakes) == 0 && e.in[room] == a {
		delete(e.in, room)
	}
}

// tell wakes those who listen in a room, once for each message that is new.
func (e *ears) tell(room string, said int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := e.in[room]
	if a == nil || said <= a.told {
		return
	}
	a.told = said
	for wake := range a.wakes {
		select {
		case wake <- struct{}{}:
		default: // he has not looked yet
		}
	}
}

// rooms are those in which somebody listens.
func (e *ears) rooms() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	rooms := make([]string, 0, len(e.in))
	for room := range e.in {
		rooms = append(rooms, room)
	}
	return rooms
}

// Relay wakes, at each wake-up, those who listen here to what was said through another process, until ctx ends. It reads
// one number for each room in which somebody listens.
func (s *Spaces) Relay(ctx context.Context, wake <-chan time.Time) {
	for {
		select {
		case <-wake:
		case <-ctx.Done():
			return
		}
		for some := range slices.Chunk(s.ears.rooms(), batch) {
			s.relay(ctx, some)
		}
	}
}

// relay may find the store away: the next one comes in a moment, and tells the same.
func (s *Spaces) relay(ctx context.Context, rooms []string) {
	keys := make([]store.Key, len(rooms))
	for i, room := range rooms {
		keys[i] = censusKey(room)
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	if err != nil {
		return
	}
	for i, rec := range recs {
		s.ears.tell(rooms[i], rec.Int("said"))
	}
}
