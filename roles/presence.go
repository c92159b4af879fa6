package roles

import (
	"context"
	"time"

	"usher/auth"
	"usher/internal/store"
)

// A Stay is a session in a room: a chain of room tokens that one sign-in session, or one seat, has got there. It begins
// with the first, goes on with each further one, and ends when its owner leaves or is put out, when a media server says
// that he is gone, or else when the last token lapses.
type Stay struct {
	ID         string
	Subject    string    `store:"subject"` // the user, or the guest's seat
	Chain      string    `store:"chain"`   // the sign-in session, or the seat: each has one stay at a time
	Guest      bool      `store:"guest"`
	ExternalID string    `store:"external,16"`
	Name       string    `store:"name,8"`
	Role       Role      `store:"role"`
	Began      time.Time `store:"began"`
	Ends       time.Time `store:"ends"` // when its last token lapses, and up to a minute later
	Left       time.Time `store:"left"` // zero while it goes on
	Why        Departure `store:"why"`
}

// A Departure says how a stay ended, as a stable word.
type Departure string

// The ways to end. Lapsed is a stay of which nothing more was heard, Disconnected one that its media server ended.
const (
	GoneOut      Departure = "left"
	GoneKicked   Departure = "kicked"
	GoneBanned   Departure = "banned"
	GoneRemoved  Departure = "removed" // from the space
	Disconnected Departure = "disconnected"
	Lapsed       Departure = "lapsed"
	RoomClosed   Departure = "room_closed"
	RoomUsedUp   Departure = "time_used_up" // the time that the room had for meetings
	RoomDeleted  Departure = "room_deleted"
)

const (
	// staysKept is how long a room remembers who was in it.
	staysKept = 30 * 24 * time.Hour
	// longestStay bounds a stay, so that what is to be remembered of it is not forgotten before it ends: whoever goes on
	// begins another one.
	longestStay = 7 * 24 * time.Hour
	// renewedBy is what the ends of stays are rounded up to: what is renewed within it needs no write.
	renewedBy = time.Minute
)

// A census is what is counted in a room, beside the stays themselves.
type census struct {
	Sessions int64     `store:"sessions"` // stays that go on
	Members  int64     `store:"members"`  // people whose they are
	Started  time.Time `store:"started"`  // when the first one came
	Since    time.Time `store:"since"`    // two or more are there since then; zero where they are not
	Together int64     `store:"together"` // milliseconds that two or more were there before that
	Watch    string    `store:"watch"`    // the task that looks after the room next, and when
	Watched  time.Time `store:"watched"`
	Said     int64     `store:"said"` // messages, each of which is named by how many there were with it
}

func censusKey(room string) store.Key {
	return store.Key{Partition: "r:" + room, Kind: "census", ID: room}
}

func stayKey(room, stay string) store.Key {
	return store.Key{Partition: "r:" + room, Kind: "stay", ID: stay}
}

// chainKey is where it lies which stay a sign-in session or a seat has now, personKey how many somebody has.
func chainKey(room, chain string) store.Key {
	return store.Key{Partition: "r:" + room, Kind: "chain", ID: chain}
}

func personKey(room, subject string) store.Key {
	return store.Key{Partition: "r:" + room, Kind: "person", ID: subject}
}

// The lists of stays: all, those that go on, and those that have ended, in the order in which they began; of one person;
// and those that go on in the order in which they will lapse.
func staysOf(room string) store.Key  { return index("r:"+room, "stays") }
func hereIn(room string) store.Key   { return index("r:"+room, "here") }
func goneFrom(room string) store.Key { return index("r:"+room, "gone") }
func lapsesIn(room string) store.Key { return index("r:"+room, "lapses") }

func staysBy(room, subject string) store.Key { return index("r:"+room, "stays:"+subject) }

// chainOf is what a caller's stay is a chain of.
func chainOf(who auth.Identity) string {
	if who.Kind == auth.Guest {
		return who.ID
	}
	return who.Session
}

// begun sorts a stay by its beginning, and lapse by its end.
func (s Stay) begun() string { return auth.ByTime(s.Began, s.ID) }
func (s Stay) lapse() string { return auth.ByTime(s.Ends, s.ID) }

// begins are the writes of a stay that begins, held the ones of each renewal.
func (s Stay) begins(room string, now time.Time) []store.Write {
	old, own := auth.ByTime(now.Add(-staysKept-longestStay), ""), staysBy(room, s.Subject)
	return append([]store.Write{
		store.Set(stayKey(room, s.ID), store.Fields(s)),
		store.Insert(staysOf(room), s.begun()), store.Trim(staysOf(room), old), store.Insert(hereIn(room), s.begun()),
		store.Insert(own, s.begun()), store.Trim(own, old), store.CollectIndex(own, now.Add(staysKept+longestStay)),
	}, s.held(room)...)
}

func (s Stay) held(room string) []store.Write {
	stay, chain := stayKey(room, s.ID), chainKey(room, s.Chain)
	return []store.Write{
		store.Set(stay, store.Record{"ends": store.Millis(s.Ends), "role": string(s.Role)}),
		store.Collect(stay, s.Ends.Add(staysKept)),
		store.Set(chain, store.Record{
			"stay": s.ID, "began": store.Millis(s.Began), "ends": store.Millis(s.Ends), "role": string(s.Role),
		}),
		store.Collect(chain, s.Ends.Add(auth.KeptAfterEnd)),
		store.Insert(lapsesIn(room), s.lapse()),
	}
}

// ends are the writes of a stay that ends as it says itself.
func (s Stay) ends(room string) []store.Write {
	return []store.Write{
		store.Set(stayKey(room, s.ID), store.Record{"left": store.Millis(s.Left), "why": string(s.Why)}),
		store.Collect(stayKey(room, s.ID), s.Left.Add(staysKept)),
		store.Delete(chainKey(room, s.Chain)), store.Remove(hereIn(room), s.begun()), store.Remove(lapsesIn(room), s.lapse()),
		store.Insert(goneFrom(room), s.begun()), store.Trim(goneFrom(room), auth.ByTime(s.Left.Add(-staysKept-longestStay), "")),
	}
}

// A step is when somebody came to those in a room, or went: who has another stay there does neither.
type step struct {
	at time.Time
	by int64 // 1 or -1
}

// moves are the conditions and the writes by which people come and go. Only who makes two of one, or one of two, minds
// how many there are: thousands who come at once do not wait for each other.
func (c census) moves(room string, sessions int64, steps ...step) (conds []store.Cond, writes []store.Write) {
	key, members, since, together := censusKey(room), c.Members, c.Since, int64(0)
	for _, s := range steps {
		before := members
		members += s.by
		switch {
		case before < 2 && members >= 2:
			since = s.at
		case before >= 2 && members < 2:
			together += max(0, s.at.Sub(since).Milliseconds())
			since = time.Time{}
		}
	}
	writes = []store.Write{store.Add(key, "sessions", sessions)}
	if len(steps) == 0 {
		return nil, writes
	}
	writes = append(writes, store.Add(key, "members", members-c.Members))
	if c.Members >= 2 && members >= 2 {
		return []store.Cond{store.Above(key, "members", 1+max(0, c.Members-members))}, writes
	}
	if together > 0 {
		writes = append(writes, store.Add(key, "together", together))
	}
	return []store.Cond{
		store.Above(key, "members", c.Members-1), store.Below(key, "members", c.Members+1),
		store.Equal(key, "since", store.Millis(c.Since)),
	}, append(writes, store.Set(key, store.Record{"since": store.Millis(since)}))
}

// time is how long two or more were in the room together, up to now.
func (c census) time(now time.Time) time.Duration {
	sum := time.Duration(c.Together) * time.Millisecond
	if !c.Since.IsZero() {
		sum += now.Sub(c.Since)
	}
	return sum
}

// left is how much is left of the time that a room has for meetings, where that is bounded.
func (r Room) left(c census, now time.Time) (left time.Duration, bounded bool) {
	return time.Duration(r.MaxMeeting)*time.Second - c.time(now), r.MaxMeeting > 0
}

// A Meeting is what goes on in a room.
type Meeting struct {
	Sessions, Members int           // that are there now
	Time              time.Duration // for how long two or more were there together
	Started           time.Time     // when the first one came; zero where nobody did
}

// Meetings are what goes on in some rooms, which the caller may see.
func (s *Spaces) Meetings(ctx context.Context, rooms ...string) ([]Meeting, error) {
	keys := make([]store.Key, len(rooms))
	for i, room := range rooms {
		keys[i] = censusKey(room)
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	meetings, now := make([]Meeting, len(rooms)), s.auth.Now()
	for i, rec := range recs {
		var c census
		if err := rec.Load(&c); err != nil {
			return nil, err
		}
		meetings[i] = Meeting{int(c.Sessions), int(c.Members), c.time(now), c.Started}
	}
	return meetings, nil
}
