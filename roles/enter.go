package roles

import (
	"time"

	"usher/auth"
)

// A Code names one step of the entering decision, for programs and for translators.
type Code string

// The steps, in the order in which they are taken. The last one of a decision is the one that decided.
const (
	CodeRoomClosed     Code = "room_closed"
	CodeBannedInRoom   Code = "banned_in_room"
	CodeBannedInSpace  Code = "banned_in_space"
	CodeSeat           Code = "seat"
	CodeOtherRoom      Code = "seat_of_another_room"
	CodeSpaceRole      Code = "space_role"
	CodeSpacePublic    Code = "space_public"
	CodeNotInSpace     Code = "not_in_space"
	CodeRoomRole       Code = "room_role"
	CodeRoomOpen       Code = "room_open"
	CodeRoomPublic     Code = "room_public"
	CodeNotInRoom      Code = "not_in_room"
	CodeSignInRequired Code = "sign_in_required"
)

// A Reason is a step of the decision, with the data to say it in any language.
type Reason struct {
	Code  Code
	Until time.Time // of a ban; zero is forever
	Role  Role      // that the step rests on
}

// A Decision says whether someone may enter a room, in which role, and why: the reasons in order, the last decisive.
type Decision struct {
	Allowed bool
	Role    Role
	Reasons []Reason
}

// Code is the reason that decided.
func (d Decision) Code() Code { return d.Reasons[len(d.Reasons)-1].Code }

func (d Decision) because(code Code, role Role) Decision {
	d.Reasons = append(d.Reasons, Reason{Code: code, Role: role})
	return d
}

func (d Decision) yes(role Role) Decision {
	d.Allowed, d.Role = true, role
	return d
}

// Enter is the entering decision: a pure function of the standing. That the room is there for the caller at all has
// been found by InRoom. The first step that applies decides.
func (st Standing) Enter() Decision {
	if !st.Room.Closed.IsZero() {
		return Decision{}.because(CodeRoomClosed, "")
	}
	return st.admit()
}

// admit is the decision without regard to whether the room is closed: closing shuts the door, not its administration.
func (st Standing) admit() Decision {
	if ban, code := st.ban(); code != "" {
		return Decision{Reasons: []Reason{{Code: code, Until: ban.Until()}}}
	}
	if st.Kind == auth.Guest {
		if st.Identity.Room != st.Room.ID {
			return Decision{}.because(CodeOtherRoom, "")
		}
		role := GuestRole(st.Role)
		return Decision{}.because(CodeSeat, role).yes(role)
	}
	d := Decision{}
	switch { // the space must let in
	case st.Member.Role != "":
		d = d.because(CodeSpaceRole, st.Member.Role)
	case st.Space.Public && (st.IsUser() || st.Room.Access == Open):
		d = d.because(CodeSpacePublic, "")
	default:
		return d.because(st.stranger(CodeNotInSpace), "")
	}
	switch { // and so must the room
	case st.Tenure.Role != "":
		return d.because(CodeRoomRole, st.Tenure.Role).yes(st.Tenure.Role)
	case st.Room.Access == Open:
		return d.because(CodeRoomOpen, "").yes(st.unnamed())
	case st.Room.Access == Public && st.IsUser():
		return d.because(CodeRoomPublic, "").yes(st.unnamed())
	}
	return d.because(st.stranger(CodeNotInRoom), "")
}

// ban is the ban in force here, if there is one.
func (st Standing) ban() (Ban, Code) {
	switch {
	case st.RoomBan.InForce(st.Now):
		return st.RoomBan, CodeBannedInRoom
	case st.SpaceBan.InForce(st.Now):
		return st.SpaceBan, CodeBannedInSpace
	}
	return Ban{}, ""
}

// unnamed is the role of who has none in a room that lets him in. A user whom an integrator keeps brings one into the
// rooms of the integrator, which lie in the space of the workspace's own id, and into no others.
func (st Standing) unnamed() Role {
	if st.Space.ID != st.Space.Workspace {
		return RoomUser
	}
	return OfMemberType(st.MemberType)
}

// OfMemberType is the room role of a type of members.
func OfMemberType(t auth.MemberType) Role {
	switch t {
	case auth.HostMember:
		return RoomModerator
	case auth.MonitorMember:
		return RoomMonitor
	}
	return RoomUser
}

// stranger says the more useful thing to someone who has not signed in.
func (st Standing) stranger(code Code) Code {
	if st.IsUser() {
		return code
	}
	return CodeSignInRequired
}

// GuestRole is the room role of a seat's role.
func GuestRole(seat string) Role {
	if seat == "moderator" {
		return RoomModerator
	}
	return RoomUser
}
