package console

import (
	"errors"
	"net/url"

	"usher/auth"
	"usher/roles"
)

// permission is the field for a role in a room.
func permission(role roles.Role, more ...option) field {
	return field{Name: "role", Label: "Permission", Kind: "select", Value: string(role), Options: append(more,
		option{Value: string(roles.RoomUser), Text: "Guest"}, option{Value: string(roles.RoomModerator), Text: "Host"},
		option{Value: string(roles.RoomMonitor), Text: "Monitoring"}, option{Value: string(roles.RoomOwner), Text: "Owner"})}
}

func (s *Console) asksMembers(v *visit) (page, error) {
	r, err := s.theRoom(v)
	if err != nil {
		return page{}, err
	}
	picker, err := s.picks(v, r.ID)
	fields := []field{permission("", option{Text: "Each user's own default"})}
	return v.about(r, "Specify users", form{Button: "Save", Fields: fields, Picker: picker}), err
}

func (s *Console) addMembers(v *visit, sent url.Values) (done, error) {
	if seeks(sent) {
		return done{again: true}, nil
	}
	users, err := s.chosen(v, v.ID("roomId"), sent)
	if err == nil && len(users) == 0 {
		err = &auth.FieldError{Field: "member", Reason: "nobody is chosen"}
	}
	if err == nil {
		err = s.grant(v, v.ID("roomId"), users, roles.Role(sent.Get("role")))
	}
	return v.backTo("members"), err
}

func (s *Console) asksPermission(v *visit) (page, error) {
	r, u, err := s.roomAndUser(v)
	if err != nil {
		return page{}, err
	}
	at := v.base + "/rooms/" + r.ID + "/members/" + u.ID
	had, err := s.inRoom(v, r, u.ID)
	p := v.about(r, called(u)+" in "+r.Name, form{Button: "Save", Fields: []field{permission(had.Tenure.Role)}})
	p.Actions = []link{{Text: "Remove", To: at + "/remove", Risky: true}, {Text: "Block", To: at + "/block", Risky: true}}
	return p, err
}

// inRoom is where somebody stands before a room, who may also be a guest.
func (s *Console) inRoom(v *visit, r roles.Room, subject string) (roles.Standing, error) {
	st, _, err := s.Spaces.InRoom(v, v.office(), v.space(), r.ID)
	if err != nil {
		return st, err
	}
	return s.Spaces.Of(v, st, subject)
}

func (s *Console) permit(v *visit, sent url.Values) (done, error) {
	return v.backTo("members"), s.Spaces.GrantRole(v, v.office(), v.space(), v.ID("roomId"), v.ID("userId"), roles.Role(sent.Get("role")), false)
}

func (s *Console) asksRemove(v *visit) (page, error) {
	r, u, err := s.roomAndUser(v)
	return v.about(r, "Remove "+called(u)+" from "+r.Name+"?", form{Says: "The user has no permission of his own in this room any more.", Button: "Remove", Risky: true}), err
}

func (s *Console) removeMember(v *visit, _ url.Values) (done, error) {
	return v.backTo("members"), s.Spaces.RevokeRole(v, v.office(), v.space(), v.ID("roomId"), v.ID("userId"), false)
}

func (s *Console) asksBan(v *visit) (page, error) {
	r, u, err := s.roomAndUser(v)
	reason := field{Name: "reason", Label: "Reason", Kind: "text", Fills: "off", Hint: "For yourselves. It may be left out."}
	return v.about(r, "Block "+called(u)+" in "+r.Name+"?", form{
		Says: "The user is put out at once, and does not come back into this room until unblocked.", Button: "Block", Risky: true, Fields: []field{reason},
	}), err
}

// ban blocks a member of a private room as an integrator does, who may then unblock him; he keeps his permission. Whoever
// else might enter is banned.
func (s *Console) ban(v *visit, sent url.Values) (done, error) {
	reason := sent.Get("reason")
	_, err := s.Spaces.UpdateAttendee(v, v.office(), v.ID("roomId"), v.ID("userId"), roles.AttendeeChange{Blocked: new(true), Reason: reason})
	if errors.Is(err, roles.ErrNoRole) || errors.Is(err, roles.ErrNotPrivate) {
		err = s.Spaces.Ban(v, v.office(), v.space(), v.ID("roomId"), v.ID("userId"), nil, reason)
	}
	return v.backTo("banned"), err
}

func (s *Console) asksUnban(v *visit) (page, error) {
	r, err := s.theRoom(v)
	if err != nil {
		return page{}, err
	}
	is, err := s.inRoom(v, r, v.ID("userId"))
	if err == nil && !is.RoomBan.InForce(is.Now) {
		err = roles.ErrNotBanned
	}
	says := "The permission that there was does not come back."
	if is.Tenure.Role != "" {
		says = "The user may enter again, with the permission that there was: " + roleNames[is.Tenure.Role] + "."
	}
	return v.about(r, "Unblock in "+r.Name+"?", form{Says: says, Button: "Unblock"}), err
}

func (s *Console) unban(v *visit, _ url.Values) (done, error) {
	return v.backTo("unbanned"), s.Spaces.Unban(v, v.office(), v.space(), v.ID("roomId"), v.ID("userId"))
}
