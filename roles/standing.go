package roles

import (
	"cmp"
	"context"
	"time"

	"usher/auth"
	"usher/internal/store"
)

// A Standing is where someone stands before a space or a room: all that the entering decision and the rights look at,
// read in one trip. For a space alone, Room is zero.
type Standing struct {
	auth.Self
	Space    Space
	Room     Room
	Member   Tenure // his role in the space
	Tenure   Tenure // his role in the room
	SpaceBan Ban
	RoomBan  Ban
	Staff    auth.WorkspaceRole // his role in the workspace
	Now      time.Time
}

// spaceKeys are what a standing in a space is read from, roomKeys what a room adds, in the order of their fields.
func spaceKeys(space, subject string) []store.Key {
	return []store.Key{auth.SpaceKey(space), memberKey(space, subject), BanKey("s:"+space, subject)}
}

func roomKeys(room, subject string) []store.Key {
	return []store.Key{auth.RoomKey(room), roleKey(room, subject), BanKey("r:"+room, subject)}
}

// InSpace reads where the caller stands in a space, and the records of more beside it. It is ErrNotFound where the
// space is not there, is deleted, or belongs to another workspace; whether he may know of it is asked by May. It is
// auth.ErrWrongToken for a member.
func (s *Spaces) InSpace(ctx context.Context, who auth.Identity, space string, more ...store.Key) (Standing, []store.Record, error) {
	if who.Kind == auth.Member { // he goes into rooms, and that is all
		return Standing{}, nil, auth.ErrWrongToken
	}
	if !auth.IsID(space) {
		return Standing{}, nil, ErrNotFound
	}
	keys := append(spaceKeys(space, who.ID), auth.StaffKey(who.Workspace, who.ID))
	self, recs, err := s.auth.Get(ctx, who, append(keys, more...)...)
	if err != nil {
		return Standing{}, nil, err
	}
	st := Standing{Self: self, Now: s.auth.Now(), Staff: auth.WorkspaceRole(recs[len(keys)-1]["role"])}
	if err := st.readSpace(space, recs); err != nil {
		return Standing{}, nil, err
	}
	if recs[0] == nil && space == who.Workspace { // on first need
		if st.Space, err = s.home(ctx, space); err != nil {
			return Standing{}, nil, err
		}
	}
	return st, recs[len(keys):], st.exists()
}

// InRoom is InSpace for a room of that space.
func (s *Spaces) InRoom(ctx context.Context, who auth.Identity, space, room string, more ...store.Key) (Standing, []store.Record, error) {
	if !auth.IsID(space) || !auth.IsID(room) {
		return Standing{}, nil, ErrNotFound
	}
	keys := append(spaceKeys(space, who.ID), roomKeys(room, who.ID)...)
	keys = append(keys, auth.StaffKey(who.Workspace, who.ID))
	self, recs, err := s.auth.Get(ctx, who, append(keys, more...)...)
	if err != nil {
		return Standing{}, nil, err
	}
	st := Standing{Self: self, Now: s.auth.Now(), Staff: auth.WorkspaceRole(recs[len(keys)-1]["role"])}
	if err := cmp.Or(st.readSpace(space, recs), st.readRoom(room, recs[3:])); err != nil {
		return Standing{}, nil, err
	}
	st.Name = cmp.Or(st.Tenure.Name, st.Name)
	return st, recs[len(keys):], st.exists()
}

func (st *Standing) readSpace(space string, recs []store.Record) error {
	st.Space.ID = space
	err := load(recs, &st.Space, &st.Member, &st.SpaceBan)
	st.takeOffice()
	return err
}

// readRoom reads what a room adds to what readSpace has read.
func (st *Standing) readRoom(room string, recs []store.Record) error {
	st.Room.ID = room
	err := load(recs, &st.Room, &st.Tenure, &st.RoomBan)
	st.Tenure.since(st.Member.Exit)
	st.takeOffice()
	return err
}

// exists refuses what is not there for the caller, whatever his roles: the first step of every decision.
func (st Standing) exists() error {
	space, room := st.Space, st.Room
	switch {
	case !space.there():
	case st.Kind != auth.Nobody && st.Workspace != space.Workspace:
	case st.Kind == auth.Key && !st.isHome():
	case room.ID != "" && (room.Space != space.ID || room.Workspace != space.Workspace || !room.Ended.IsZero()):
	case st.Office && st.Staff == "": // which gives him nothing, whatever he is else
	default:
		return nil
	}
	return ErrNotFound
}

// there reports whether there is such a space, and it is not deleted.
func (s Space) there() bool { return s.Workspace != "" && s.Ended.IsZero() }

// load fills each value from the record in its place.
func load(recs []store.Record, into ...any) error {
	for i, v := range into {
		if err := recs[i].Load(v); err != nil {
			return err
		}
	}
	return nil
}

// Of is where another user stands before the same space and room.
func (s *Spaces) Of(ctx context.Context, st Standing, user string) (Standing, error) {
	others, err := s.OfEach(ctx, st, []string{user})
	if err != nil {
		return Standing{}, err
	}
	return others[0], nil
}

// OfEach is Of for several, in one trip.
func (s *Spaces) OfEach(ctx context.Context, st Standing, users []string) ([]Standing, error) {
	var keys []store.Key
	for _, user := range users {
		keys = append(append(keys, spaceKeys(st.Space.ID, user)...), roomKeys(st.Room.ID, user)...)
		keys = append(keys, auth.StaffKey(st.Space.Workspace, user))
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	others := make([]Standing, len(users))
	for i, user := range users {
		if others[i], err = st.of(user, recs[7*i:]); err != nil {
			return nil, err
		}
		others[i].Staff = auth.WorkspaceRole(recs[7*i+6]["role"])
	}
	return others, nil
}

// of is Of from what spaceKeys and roomKeys name.
func (st Standing) of(user string, recs []store.Record) (Standing, error) {
	other := Standing{
		Self: auth.Self{Identity: auth.Identity{Kind: auth.User, ID: user, Workspace: st.Space.Workspace}},
		Now:  st.Now,
	}
	return other, cmp.Or(other.readSpace(st.Space.ID, recs), other.readRoom(st.Room.ID, recs[3:]))
}
