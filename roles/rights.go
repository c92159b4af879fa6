package roles

import (
	"slices"

	"usher/auth"
)

// A Right is something that one may do in a space or a room, apart from the ranks of those to whom it is done.
type Right string

// The rights in a space.
const (
	SeeSpace      Right = "see the space"
	ListMembers   Right = "list members"
	ManageMembers Right = "change, remove and ban members"
	Invite        Right = "invite"
	CreateRooms   Right = "create rooms"
	UpdateSpace   Right = "change and delete the space"
)

// The rights in a room.
const (
	SeeRoom    Right = "see the room"
	UpdateRoom Right = "change and close the room"
	SetAccess  Right = "change who gets in"
	DeleteRoom Right = "delete the room"
	Grant      Right = "grant and revoke roles"
	Moderate   Right = "kick and ban"
	IssueLinks Right = "issue guest links"
	Report     Right = "report who is there"
	Speak      Right = "send messages"
	Announce   Right = "have a server told who comes and goes"
)

// spaceRights names the least role in the space that has a right; none means: everyone whom the space lets in.
var spaceRights = map[Right]Role{
	SeeSpace:      "",
	ListMembers:   SpaceUser,
	ManageMembers: SpaceModerator,
	Invite:        SpaceModerator,
	CreateRooms:   SpaceModerator,
	UpdateSpace:   SpaceOwner,
}

// roomRights names the least role in the room that has a right; none means: everyone who may enter. The space's owner,
// as such, has only those that say so: he manages who gets into a room, but doesn't get in himself, nor lets guests in.
var roomRights = map[Right]struct {
	least      Role
	spaceOwner bool
}{
	SeeRoom:    {"", true},
	UpdateRoom: {RoomModerator, false},
	SetAccess:  {RoomOwner, false},
	DeleteRoom: {RoomOwner, true},
	Grant:      {RoomModerator, true},
	Moderate:   {RoomModerator, false},
	IssueLinks: {RoomModerator, false},
	Report:     {RoomOwner, false},
	Speak:      {RoomModerator, false},
	Announce:   {RoomOwner, false},
}

// May is nil where the standing has the right. It is ErrForbidden for who may know of the place but lacks the right,
// a BannedError for who is banned from it, and else ErrNotFound. A member, whatever his role, sees rooms and does nothing
// in them beside the meeting: any other right is auth.ErrWrongToken for him.
func (st Standing) May(right Right) error {
	if st.Kind == auth.Member && right != SeeRoom {
		return auth.ErrWrongToken
	}
	err := st.may(right)
	if err == nil && st.Staff == auth.Support && !slices.Contains(looking, right) {
		return ErrForbidden
	}
	return err
}

// looking are the rights that change nothing. The support of a workspace has no others, whatever roles it has.
var looking = []Right{SeeSpace, ListMembers, SeeRoom}

// MayLook is May for a list that is of no use but to whoever has the right: support reads it by its office.
func (st Standing) MayLook(right Right) error {
	if st.Office && st.Staff == auth.Support {
		return st.may(right)
	}
	return st.May(right)
}

func (st Standing) may(right Right) error {
	if least, ok := spaceRights[right]; ok {
		return st.mayInSpace(least)
	}
	need := roomRights[right]
	decision := st.admit()
	switch {
	case decision.Allowed && need.least == "":
		return nil
	case decision.Allowed && st.Tenure.Role.Rank() >= need.least.Rank():
		return nil
	case st.ownsSpace() && need.spaceOwner:
		return nil
	case decision.Allowed || st.ownsSpace():
		return ErrForbidden
	}
	return st.unknown()
}

func (st Standing) mayInSpace(least Role) error {
	letIn := st.Member.Role != "" || st.Space.Public && st.Kind == auth.User
	switch {
	case st.SpaceBan.InForce(st.Now):
		return &BannedError{st.SpaceBan.Until()}
	case !letIn:
		return ErrNotFound
	case st.Member.Role.Rank() >= least.Rank():
		return nil
	}
	return ErrForbidden
}

// ownsSpace: a ban in one room takes nothing from the owner of the space.
func (st Standing) ownsSpace() bool {
	return st.Member.Role == SpaceOwner && !st.SpaceBan.InForce(st.Now)
}

// unknown refuses someone who is not let in: a ban is told, since he knew the place; else it is not there for him.
func (st Standing) unknown() error {
	if ban, code := st.ban(); code != "" {
		return &BannedError{ban.Until()}
	}
	return ErrNotFound
}
