package console

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"usher/auth"
	"usher/roles"
)

// How many are found at once, and may be chosen.
const (
	mostFound  = 20
	mostChosen = 500
)

// A picker chooses users by searching for them, in a form that keeps those who were chosen. It works without a script: the
// search is a button of the form.
type picker struct {
	Text          string
	Chosen, Found []option
	New           string // where a user is created who is not found
	Wrong         string
}

// seeks reports whether a form with a picker is there to search: by its button, or by Enter, which without a script says no
// more than that, where there is a text that was not searched for yet.
func seeks(sent url.Values) bool {
	return sent.Get("do") == "search" || sent.Get("do") == "enter" && strings.TrimSpace(sent.Get("q")) != sent.Get("searched")
}

// A member is a user, and what he becomes where nobody says what.
type member struct {
	auth.Account
	role roles.Role
}

// picks is the picker of the form that was sent, or a fresh one.
func (s *Console) picks(v *visit) (*picker, error) {
	p := &picker{Text: strings.TrimSpace(v.typed.Get("q")), New: v.base + "/users/new"}
	chosen, err := s.chosen(v, v.typed)
	if err != nil {
		return nil, err
	}
	for _, m := range chosen {
		p.Chosen = append(p.Chosen, option{Value: m.ID, Text: called(m.Account), Hint: m.ExternalID, Chosen: true})
	}
	found, _, err := s.Authority.SearchUsers(v, v.Who(), p.Text, auth.Page{Limit: mostFound})
	for _, u := range found {
		if !slices.ContainsFunc(chosen, func(m member) bool { return m.ID == u.ID }) && !u.Blocked {
			p.Found = append(p.Found, option{Value: u.ID, Text: called(u), Hint: u.ExternalID})
		}
	}
	return p, err
}

// chosen are the users whom a form names.
func (s *Console) chosen(v *visit, sent url.Values) ([]member, error) {
	ids := slices.Compact(slices.Sorted(slices.Values(sent["member"])))
	if len(ids) > mostChosen {
		return nil, &auth.FieldError{Field: "member", Reason: "more than 500 at once"}
	}
	members := make([]member, len(ids))
	for i, id := range ids {
		u, err := s.Authority.GetUser(v, v.Who(), id)
		if err != nil {
			return nil, err
		}
		members[i] = member{u, roles.RoomUser}
		if u.ExternalID == "" {
			continue
		}
		e, err := s.Authority.GetExternal(v, v.Who(), u.ExternalID)
		if err != nil {
			return nil, err
		}
		members[i].role = roles.OfMemberType(e.MemberType)
	}
	return members, nil
}

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
	picker, err := s.picks(v)
	fields := []field{permission("", option{Text: "Each user's own default"})}
	return v.about(r, "Specify users", form{Button: "Save", Fields: fields, Picker: picker}), err
}

func (s *Console) addMembers(v *visit, sent url.Values) (done, error) {
	if seeks(sent) {
		return done{again: true}, nil
	}
	users, err := s.chosen(v, sent)
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
