// Package roles knows who may do what where: spaces, rooms, their members, ranks, rights, bans, and the decision that
// lets someone into a room. Who is asking it leaves to auth; how someone new gets in, to invites.
package roles

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/store"
)

// What the package refuses. ErrNotFound is one answer for what is not there, what belongs to another workspace or
// space, and what the caller may not know of.
var (
	ErrNotFound     = errors.New("roles: not found")
	ErrForbidden    = errors.New("roles: not allowed")
	ErrRank         = errors.New("roles: beyond the caller's rank")
	ErrLastOwner    = errors.New("roles: the last owner of a space stays")
	ErrNotMember    = errors.New("roles: not a member of the space")
	ErrNoRole       = errors.New("roles: no role in the room")
	ErrUserNotFound = errors.New("roles: no such user in the workspace")
	ErrRoomClosed   = errors.New("roles: the room is closed")
	ErrNotBanned    = errors.New("roles: not banned")
	ErrUserBanned   = errors.New("roles: the user is banned there")
	ErrStayOver     = errors.New("roles: the session in the room is over")
	ErrDefaultSpace = errors.New("roles: the default space of a workspace stays")
)

// A BannedError refuses someone who is banned, and says until when. Forever is its zero value.
type BannedError struct{ Until time.Time }

func (e *BannedError) Error() string { return "roles: banned" }

// A DeniedError is the entering decision where it is no. Where a ban is why, it is a BannedError too.
type DeniedError struct{ Decision Decision }

func (e *DeniedError) Error() string { return "roles: may not enter: " + string(e.Decision.Code()) }

// Unwrap is the BannedError, if there is one.
func (e *DeniedError) Unwrap() error {
	last := e.Decision.Reasons[len(e.Decision.Reasons)-1]
	if last.Code == CodeBannedInRoom || last.Code == CodeBannedInSpace {
		return &BannedError{last.Until}
	}
	return nil
}

// A SoleOwnerError refuses to take away a user who alone owns these spaces.
type SoleOwnerError struct{ Spaces []string }

func (e *SoleOwnerError) Error() string {
	return fmt.Sprintf("roles: the only owner of %d spaces", len(e.Spaces))
}

// A Role in a space or in a room; one per person and place.
type Role string

// The roles. A monitor sees and hears, is not seen, and publishes nothing.
const (
	SpaceOwner     Role = "role_space_owner"
	SpaceModerator Role = "role_space_moderator"
	SpaceUser      Role = "role_space_user"
	RoomOwner      Role = "role_room_owner"
	RoomModerator  Role = "role_room_moderator"
	RoomUser       Role = "role_room_user"
	RoomMonitor    Role = "role_room_monitor"
)

// Rank orders the roles of one place: owner 4, moderator 3, user 2, monitor 1, and 0 for no role.
func (r Role) Rank() int {
	switch {
	case r == "":
		return 0
	case strings.HasSuffix(string(r), "_owner"):
		return 4
	case strings.HasSuffix(string(r), "_moderator"):
		return 3
	case strings.HasSuffix(string(r), "_user"):
		return 2
	}
	return 1
}

// oneOf is a FieldError for a role that is none of those that one can have in a place.
func (r Role) oneOf(roles ...Role) error {
	if slices.Contains(roles, r) {
		return nil
	}
	return &auth.FieldError{Field: "/role", Reason: "not a role there"}
}

// A Tenure is a role that someone has in a place, and the epoch that what he issues there remembers.
//
// Exit names the last time that he left the space or was put out of it; his record there stays, without a role, to
// say so. A role in a room remembers the exit before it was given, and is void from the next one on: so one write in
// the space takes all roles in its rooms, and coming back does not bring them back.
type Tenure struct {
	Role  Role      `store:"role"`
	Epoch string    `store:"epoch"`
	Since time.Time `store:"since"`
	Exit  string    `store:"exit"`
	Name  string    `store:"name,8"` // in a room: how it shows him, where that is not his own name
	Fall  string    `store:"fall"`   // in a space: names a fall that has not reached all his rooms yet
	Kept  bool      `store:"kept"`   // without a role: what he issued was left standing, until he falls again
	Loss            // in a space: of the last fall

	office bool // of an API key: no record says so, and so none can change meanwhile
}

// since voids a tenure in a room that is older than the last exit from its space. The epoch stays to be cleared away.
func (t *Tenure) since(exit string) {
	if t.Exit != exit {
		t.Role, t.Name = "", ""
	}
}

// still is, as conditions, that a tenure is what it was when it was read.
func (t Tenure) still(key store.Key) []store.Cond {
	if t.office {
		return nil
	}
	conds := []store.Cond{store.Equal(key, "epoch", t.Epoch), store.Equal(key, "exit", t.Exit)}
	if t.Role != "" {
		conds = append(conds, store.Equal(key, "role", string(t.Role)))
	}
	return conds
}

// mayGive is the rule of ranks: one gives up to one's own rank, and changes only whom one outranks; owners also make
// and unmake owners.
func mayGive(rank int, had, role Role) bool {
	owner := rank == SpaceOwner.Rank()
	return role.Rank() <= rank && (had.Rank() < rank || owner)
}

func index(partition, name string) store.Key {
	return store.Key{Partition: partition, Kind: "index", ID: name}
}

func memberKey(space, user string) store.Key {
	return store.Key{Partition: "s:" + space, Kind: "member", ID: user}
}

func roleKey(room, user string) store.Key {
	return store.Key{Partition: "r:" + room, Kind: "role", ID: user}
}

// BanKey is where the ban of a user or a seat lies, in the partition of a room ("r:…") or a space ("s:…").
func BanKey(partition, subject string) store.Key {
	return store.Key{Partition: partition, Kind: "ban", ID: subject}
}
