package roles

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
)

// An Access says whom a room lets in, once its space has.
type Access string

// Open lets in anyone, also without an account; Public any user of the workspace; Private those with a role in it.
const (
	Open    Access = "open"
	Public  Access = "public"
	Private Access = "private"
)

// A Room is in one space. Its alias names it in links: 12 random symbols of 64.
type Room struct {
	ID string
	RoomDetails
	Space     string    `store:"space"`
	Workspace string    `store:"workspace"`
	Alias     string    `store:"alias"`
	Access    Access    `store:"access"`
	Opening   string    `store:"opening"` // the epoch of those who came through an open room's door
	CreatorID string    `store:"creator"` // information: the role decides, not history
	Created   time.Time `store:"created"`
	Changed   time.Time `store:"changed"` // zero where it never was: see LastChanged
	Closed    time.Time `store:"closed"`
	Ended     time.Time `store:"ended"`   // deleted
	Listing   string    `store:"listing"` // of a room in a default space: which entries of the catalogue are its own

	Webhook string `store:"webhook"` // the id of its webhook; empty where nobody is told who comes and goes

	Role Role // the caller's, where he asks for the room
}

// A Type says who publishes in a room: in a lesson all, in a webinar only those who moderate it.
type Type string

// The types of rooms.
const (
	Lesson  Type = "lesson"
	Webinar Type = "webinar"
)

// RoomDetails are what one may say of a room.
type RoomDetails struct {
	Name          string `store:"name"`
	Type          Type   `store:"type"`
	ScreenSharing bool   `store:"screen"`
	Chat          bool   `store:"chat"`

	// MaxMeeting is for how many seconds two or more may be in the room together, in sum; then it closes itself. There is
	// no bound where it is zero.
	MaxMeeting int64 `store:"maxMeeting"`
}

// LastChanged is when something was said of the room for the last time, or it was closed or opened again. Whom it tells, and
// who is a member, is not of the room itself.
func (r Room) LastChanged() time.Time {
	if r.Changed.IsZero() {
		return r.Created
	}
	return r.Changed
}

// CreateRoom makes a room; the caller becomes its owner.
func (s *Spaces) CreateRoom(ctx context.Context, who auth.Identity, space string, in NewRoom) (Room, error) {
	details, access, err := in.over(unsaid)
	if err != nil {
		return Room{}, err
	}
	var room Room
	err = auth.Settle(func() error {
		st, _, err := s.InSpace(ctx, who, space)
		if err != nil {
			return err
		}
		if err := st.May(CreateRooms); err != nil {
			return err
		}
		room = Room{
			ID: s.auth.NewID(), RoomDetails: details, Space: space, Workspace: who.Workspace, Alias: s.newAlias(),
			CreatorID: who.ID, Created: st.Now, Role: RoomOwner,
		}
		if st.isHome() {
			room.Listing = s.auth.NewID()
		}
		tells, err := s.firstHook(&room, in.Webhook)
		if err != nil {
			return err
		}
		members, err := s.newAttendees(ctx, st, in.Members)
		if err != nil {
			return err
		}
		if !st.Member.office { // which is no role
			members[who.ID] = Tenure{Role: RoomOwner, Exit: st.Member.Exit}
		}
		for user := range members {
			if err := s.point(ctx, roomsOf(user), space+"/"+room.ID); err != nil {
				return err
			}
		}
		return s.establish(ctx, st, &room, access, members, tells...)
	})
	return room, s.auth.Recorded(ctx, who, audit.Event{Type: audit.RoomCreated, Space: space, Room: room.ID}, err)
}

// establish names a new room, lists it in its space, and makes it, with those who have a role in it. Of one that is
// refused no name stays behind.
func (s *Spaces) establish(ctx context.Context, st Standing, room *Room, access Access, members map[string]Tenure, more ...store.Write) error {
	ctx = context.WithoutCancel(ctx) // who hangs up leaves nothing half done
	alias := aliasKey(room.Alias)
	err := s.auth.Change(ctx, store.Tx{
		If: []store.Cond{store.Absent(alias)},
		Do: []store.Write{store.Set(alias, store.Record{"space": room.Space, "room": room.ID})},
	})
	if err != nil {
		return err
	}
	if err = s.enlist(ctx, st, *room); err == nil {
		err = s.build(ctx, room, access, members, more...)
	}
	if errors.Is(err, auth.ErrOvertaken) {
		return cmp.Or(s.unmade(ctx, *room, members), err)
	}
	return err
}

// unmade takes back what points to a room that was not made.
func (s *Spaces) unmade(ctx context.Context, room Room, members map[string]Tenure) error {
	for user := range members {
		if err := s.unpoint(ctx, roomsOf(user), room.Space+"/"+room.ID); err != nil {
			return err
		}
	}
	return s.sweepRoom(ctx, room)
}

// build writes a new room, and more with it. It is auth.ErrOvertaken where its space was deleted meanwhile. Nobody else
// makes a room of this id: one that is there was made when the reply was lost, whatever was changed in it since.
func (s *Spaces) build(ctx context.Context, room *Room, access Access, members map[string]Tenure, more ...store.Write) error {
	key := auth.RoomKey(room.ID)
	writes := s.setAccess(room, access)
	for user, t := range members {
		writes = append(writes, s.regrade(roleKey(room.ID, user), Tenure{}, t, false, Loss{})...)
	}
	result, err := s.auth.Apply(ctx, store.Tx{
		If:   []store.Cond{store.Absent(key)},
		Do:   slices.Concat(writes, []store.Write{store.Set(key, store.Fields(room))}, more),
		Read: []store.Key{key},
	})
	if err == nil && result.Refused != 0 && result.Read[0]["ended"] != "" {
		return auth.ErrOvertaken
	}
	return err
}

func (s *Spaces) newAlias() string {
	return base64.RawURLEncoding.EncodeToString(s.auth.Random(9))
}

func aliasKey(alias string) store.Key {
	return store.Key{Partition: "a:" + auth.Hash("alias", alias), Kind: "alias", ID: alias}
}

// enlist writes the last of the pointers to a room that is about to be made. It lies in the space, and so that is where
// the right to make the room is held against whoever takes it away, or deletes the space, just then.
func (s *Spaces) enlist(ctx context.Context, st Standing, room Room) error {
	return s.auth.Change(ctx, store.Tx{
		If: append(st.StillMember(), store.Equal(auth.SpaceKey(room.Space), "ended", "")),
		Do: append(room.catalogued(store.Insert), store.Insert(index("s:"+room.Space, "rooms"), room.ID)),
	})
}

// setAccess changes whom a room lets in. Those who came through its open door stay only while it is open.
func (s *Spaces) setAccess(room *Room, access Access) []store.Write {
	place, was := "r:"+room.ID, room.Access
	room.Access = access
	switch {
	case access == Open && was != Open:
		room.Opening = s.auth.NewID()
		return []store.Write{store.Set(auth.EpochKey(place, room.Opening), store.Record{"room": room.ID})}
	case access != Open && was == Open:
		closed := room.Opening
		room.Opening = ""
		return []store.Write{store.Delete(auth.EpochKey(place, closed))}
	}
	return nil
}

// GetRoom answers whoever may enter, and the space's owner, who sees that it exists.
func (s *Spaces) GetRoom(ctx context.Context, who auth.Identity, space, room string) (Room, error) {
	st, _, err := s.InRoom(ctx, who, space, room)
	if err != nil {
		return Room{}, err
	}
	if err := st.May(SeeRoom); err != nil {
		return Room{}, err
	}
	return st.describedRoom(), nil
}

// GetRoomByAlias is GetRoom by the name that links carry.
func (s *Spaces) GetRoomByAlias(ctx context.Context, who auth.Identity, alias string) (Room, error) {
	_, recs, err := s.auth.Get(ctx, who, aliasKey(alias))
	if err != nil {
		return Room{}, err
	}
	return s.GetRoom(ctx, who, recs[0]["space"], recs[0]["room"])
}

func (st Standing) describedRoom() Room {
	room := st.Room
	room.Role = st.Tenure.Role
	return room
}

// ListRooms lists the rooms of a space that the caller may enter or administer. A page may hold fewer than it could;
// the cursor says whether there are more.
func (s *Spaces) ListRooms(ctx context.Context, who auth.Identity, space string, page auth.Page) ([]Room, string, error) {
	st, _, err := s.InSpace(ctx, who, space)
	if err != nil {
		return nil, "", err
	}
	if err := st.May(SeeSpace); err != nil {
		return nil, "", err
	}
	ids, next, err := s.auth.Page(ctx, index("s:"+space, "rooms"), page)
	if err != nil {
		return nil, "", err
	}
	var keys []store.Key
	for _, id := range ids {
		keys = append(keys, roomKeys(id, who.ID)...)
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, "", err
	}
	rooms := []Room{}
	for i, id := range ids {
		here := st
		if err := here.readRoom(id, recs[3*i:]); err != nil {
			return nil, "", err
		}
		if here.exists() == nil && here.May(SeeRoom) == nil {
			rooms = append(rooms, here.describedRoom())
		}
	}
	return rooms, next, nil
}
