package roles

import (
	"cmp"
	"context"
	"errors"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
)

// ErrNotPrivate refuses to block somebody in a room into which others get without being members.
var ErrNotPrivate = errors.New("roles: only members of a private room are blocked")

// An Attendee is a member of a room of the default space: a user with a role there. Who is blocked has it still, and is
// kept out by a ban.
type Attendee struct {
	Room, User, ExternalID string
	Name                   string // that the room shows, in the stead of the user's own
	Role                   Role
	Blocked                bool
	Since                  time.Time
}

// An AttendeeChange is what is to be changed of a member; what is empty or nil stays. An empty Name is the user's own.
type AttendeeChange struct {
	Role    Role
	Name    *string
	Blocked *bool
	Reason  string // of a block; for those who see it
}

// shownAs is how a room shows somebody, as a tenure has it.
type shownAs struct {
	Name string `store:"name,8"`
}

// attendeeKeys are what an attendee is read from.
func attendeeKeys(st Standing, user string) []store.Key {
	room, space := st.Room.ID, st.Space.ID
	return []store.Key{roleKey(room, user), memberKey(space, user), auth.UserKey(user), BanKey("r:"+room, user), auth.StaffKey(st.Workspace, user)}
}

// attendees are those of some users who are members of a room.
func (s *Spaces) attendees(ctx context.Context, st Standing, users []string) ([]Attendee, error) {
	var keys []store.Key
	for _, user := range users {
		keys = append(keys, attendeeKeys(st, user)...)
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	found := []Attendee{}
	for i, id := range users {
		t, ban, recs := Tenure{}, Ban{}, recs[5*i:]
		if err := cmp.Or(recs[0].Load(&t), recs[3].Load(&ban)); err != nil {
			return nil, err
		}
		t.since(recs[1]["exit"])
		if user, there := s.auth.UserIn(st.Space.Workspace, id, recs[2]); there && t.Role != "" && (recs[4]["role"] == "" || st.Kind != auth.Key) { // whom a key may know of
			found = append(found, Attendee{
				Room: st.Room.ID, User: id, ExternalID: user.ExternalID, Name: cmp.Or(t.Name, user.ShownName()),
				Role: t.Role, Blocked: ban.InForce(st.Now) && !ban.Kick, Since: t.Since,
			})
		}
	}
	return found, nil
}

// keepsRoom is where an API key stands in a room of the default space, or who acts by his office. It returns
// auth.ErrWrongToken for others.
func (s *Spaces) keepsRoom(ctx context.Context, who auth.Identity, room string) (Standing, error) {
	if who.Kind != auth.Key && !who.Office {
		return Standing{}, auth.ErrWrongToken
	}
	st, _, err := s.InRoom(ctx, who, who.Workspace, room)
	return st, err
}

// ListAttendees lists the members of a room, and says how many there are, to an API key.
func (s *Spaces) ListAttendees(ctx context.Context, who auth.Identity, room string, in auth.Slice) ([]Attendee, int, error) {
	st, err := s.keepsRoom(ctx, who, room)
	if err != nil {
		return nil, 0, err
	}
	list := index("r:"+room, "roles")
	users, total, err := s.within(ctx, list, "", in)
	if err != nil {
		return nil, 0, err
	}
	attendees, err := s.attendees(ctx, st, users)
	return attendees, total, err
}

// GetAttendee is a member of a room, for an API key. It returns ErrNoRole for who is none.
func (s *Spaces) GetAttendee(ctx context.Context, who auth.Identity, room, user string) (Attendee, error) {
	st, err := s.keepsRoom(ctx, who, room)
	if err != nil {
		return Attendee{}, err
	}
	if !auth.IsID(user) {
		return Attendee{}, ErrNoRole
	}
	found, err := s.attendees(ctx, st, []string{user})
	if err == nil && len(found) == 0 {
		err = ErrNoRole
	}
	if err != nil {
		return Attendee{}, err
	}
	return found[0], nil
}

// UpdateAttendee changes a member of a room, for an API key or by an office. Who is blocked is out at once, and what he
// issued is void; he keeps his role for when he is not any more. It returns ErrNoRole, ErrNotPrivate, and ErrRank where an
// owner of the room is to be blocked, or the caller himself.
func (s *Spaces) UpdateAttendee(ctx context.Context, who auth.Identity, room, user string, in AttendeeChange) (Attendee, error) {
	if who.Kind != auth.Key && !who.Office {
		return Attendee{}, auth.ErrWrongToken
	}
	if !auth.IsID(user) {
		return Attendee{}, ErrNoRole
	}
	if err := cmp.Or(in.Role, RoomUser).oneOf(RoomOwner, RoomModerator, RoomUser, RoomMonitor); err != nil {
		return Attendee{}, err
	}
	if in.Name != nil && *in.Name != "" {
		name, err := auth.ShownName("name", *in.Name)
		if err != nil {
			return Attendee{}, err
		}
		in.Name = &name
	}
	block, err := s.newBan(who, user, nil, in.Reason)
	if err != nil {
		return Attendee{}, err
	}
	err = auth.Settle(func() error {
		t, err := s.target(ctx, who, who.Workspace, room, user)
		if err != nil {
			return err
		}
		return s.updateAttendee(ctx, t, in, block)
	})
	blocks := in.Blocked != nil && *in.Blocked
	if err == nil && blocks {
		err = s.putOut(ctx, room, user, GoneBanned)
	}
	for _, e := range in.events() {
		e.Subject, e.Space, e.Room = user, who.Workspace, room
		err = s.auth.Recorded(ctx, who, e, err)
	}
	if err != nil {
		return Attendee{}, err
	}
	return s.GetAttendee(ctx, who, room, user)
}

func (in AttendeeChange) events() []audit.Event {
	var events []audit.Event
	if in.Role != "" {
		events = append(events, audit.Event{Type: audit.RoleGranted, Role: string(in.Role)})
	}
	switch {
	case in.Blocked == nil:
	case *in.Blocked:
		events = append(events, audit.Event{Type: audit.Banned})
	default:
		events = append(events, audit.Event{Type: audit.Unbanned})
	}
	return events
}

func (s *Spaces) updateAttendee(ctx context.Context, t target, in AttendeeChange, block Ban) error {
	if err := t.May(Grant); err != nil { // support looks on
		return err
	}
	key, place, blocked := roleKey(t.Room.ID, t.subject), "r:"+t.Room.ID, t.ban.InForce(t.Now) && !t.ban.Kick
	if !t.there || t.seat != nil || t.had.Role == "" {
		return ErrNoRole
	}
	now := t.had
	now.Role = cmp.Or(in.Role, t.had.Role)
	writes := s.regrade(key, t.had, now, false, s.loss(Demoted, fromRoom, t.ID))
	if in.Name != nil {
		writes = append(writes, store.Set(key, store.Fields(shownAs{*in.Name})))
	}
	switch {
	case in.Blocked == nil || *in.Blocked == blocked:
	case !*in.Blocked:
		writes = append(writes, t.ban.lifted(place)...)
	case t.Room.Access != Private:
		return ErrNotPrivate
	case t.rank >= t.Tenure.Role.Rank(), t.subject == t.ID: // nobody lets himself in again
		return ErrRank
	default:
		if t.had.passesOn(now, false) {
			writes = append(writes, s.renewEpoch(key, t.had, s.loss(Banned, fromRoom, t.ID))...)
		}
		writes = append(writes, block.write(place, t.ban, t.Now)...)
	}
	return s.auth.Change(ctx, store.Tx{
		If: append(t.unchanged(), store.Equal(auth.RoomKey(t.Room.ID), "access", string(t.Room.Access))), Do: writes,
	})
}

// FindStays is ListStays for an API key, in a room of the default space, and says how many there are.
func (s *Spaces) FindStays(ctx context.Context, who auth.Identity, room string, f StayFilter, in auth.Slice) ([]Stay, int, error) {
	if _, err := s.keepsRoom(ctx, who, room); err != nil {
		return nil, 0, err
	}
	if f.User == "" || f.Connected == nil {
		entries, total, err := s.within(ctx, f.list(room), "", in)
		if err != nil {
			return nil, 0, err
		}
		stays, err := s.stays(ctx, room, idsOf(entries), f)
		return stays, total, err
	}
	all, err := s.auth.Store.List(ctx, f.list(room), store.Page{Limit: mostOfOne, Descending: in.Descending})
	if err != nil {
		return nil, 0, err
	}
	stays, err := s.stays(ctx, room, idsOf(all), f)
	from := min(in.Offset, len(stays))
	return stays[from:min(from+in.Limit, len(stays))], len(stays), err
}

// mostOfOne is among how many stays of one person those are looked for that go on, or have ended.
const mostOfOne = 10_000

// within is a part of an index, and how many entries it has in all.
func (s *Spaces) within(ctx context.Context, list store.Key, prefix string, in auth.Slice) ([]string, int, error) {
	total, err := s.auth.Store.Count(ctx, list, prefix)
	if err != nil {
		return nil, 0, err
	}
	entries, err := s.auth.Store.List(ctx, list, store.Page{Prefix: prefix, Skip: in.Offset, Limit: in.Limit, Descending: in.Descending})
	return entries, total, err
}

// A NewAttendee is somebody who is a member of a room from its beginning.
type NewAttendee struct {
	User string
	Role Role
	Name string // that the room shows, where it is not the user's own
}

// newAttendees are the tenures of those who are to be members of a room from its beginning, which only who makes it by an
// office says. For an API key, nobody is there who has a role in the workspace.
// It returns ErrUserNotFound where one of them is not there.
func (s *Spaces) newAttendees(ctx context.Context, st Standing, in []NewAttendee) (map[string]Tenure, error) {
	tenures := map[string]Tenure{}
	if len(in) == 0 {
		return tenures, nil
	}
	if !st.Member.office {
		return nil, auth.ErrWrongToken
	}
	var keys []store.Key
	for _, m := range in {
		if !auth.IsID(m.User) {
			return nil, ErrUserNotFound
		}
		keys = append(keys, auth.UserKey(m.User), memberKey(st.Space.ID, m.User), auth.StaffKey(st.Workspace, m.User))
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	for i, m := range in {
		if _, there := s.auth.UserIn(st.Workspace, m.User, recs[3*i]); !there || st.Kind == auth.Key && recs[3*i+2]["role"] != "" {
			return nil, ErrUserNotFound
		}
		t := Tenure{Role: m.Role, Exit: recs[3*i+1]["exit"]}
		if m.Name != "" {
			t.Name, err = auth.ShownName("name", m.Name)
		}
		if err := cmp.Or(err, m.Role.oneOf(RoomOwner, RoomModerator, RoomUser, RoomMonitor)); err != nil {
			return nil, err
		}
		tenures[m.User] = t
	}
	return tenures, nil
}
