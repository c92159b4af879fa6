package console

import (
	"cmp"
	"net/url"
	"slices"

	"usher/auth"
	"usher/roles"
)

// roomFields are what one says of a room.
func roomFields(r roles.Room) []field {
	return []field{
		{Name: "name", Label: "Name", Kind: "text", Value: r.Name, Required: true, Fills: "off"},
		{Name: "access", Label: "Type", Kind: "radio", Value: string(r.Access), Options: slices.Clone(accesses)},
	}
}

func (s *Console) newRoom(v *visit) (page, error) {
	picker, err := s.picks(v, "")
	f := form{Button: "Create", Cancel: "/rooms", Fields: roomFields(roles.Room{Access: roles.Private}), Picker: picker}
	return page{Title: "Create room", Up: link{Text: "Rooms", To: v.base + "/rooms"}, Parts: []part{v.asks(f)}}, err
}

// createRoom makes a room with everybody who was chosen, or none.
func (s *Console) createRoom(v *visit, sent url.Values) (done, error) {
	if seeks(sent) {
		return done{again: true}, nil
	}
	members, err := s.chosen(v, "", sent)
	if err != nil {
		return done{}, err
	}
	in := roles.NewRoom{Name: sent.Get("name"), Access: roles.Access(sent.Get("access"))}
	for _, u := range members {
		in.Members = append(in.Members, roles.NewAttendee{User: u.ID, Role: u.role})
	}
	r, err := s.Spaces.CreateRoom(v, v.office(), v.space(), in)
	return leads("/rooms/" + r.ID + "?done=roomCreated"), err
}

// grant gives each of some users a role in a room, which is the same for all or, where it is empty, each one's own; or
// none to anybody, where it is known before that somebody does not get it.
func (s *Console) grant(v *visit, room string, users []member, role roles.Role) error {
	if err := refusal(users, role); err != nil {
		return err
	}
	for _, u := range users {
		as := cmp.Or(role, u.role)
		if err := s.Spaces.GrantRole(v, v.office(), v.space(), room, u.ID, as, false); err != nil {
			return err
		}
	}
	return nil
}

func (s *Console) editRoom(v *visit) (page, error) {
	r, err := s.theRoom(v)
	return v.about(r, "Edit "+r.Name, form{Button: "Save", Fields: roomFields(r)}), err
}

func (s *Console) saveRoom(v *visit, sent url.Values) (done, error) {
	_, err := s.Spaces.UpdateRoom(v, v.office(), v.space(), v.ID("roomId"), roles.NewRoom{Name: sent.Get("name"), Access: roles.Access(sent.Get("access"))})
	return v.backTo("saved"), err
}

func (s *Console) asksClose(v *visit) (page, error) {
	r, err := s.theRoom(v)
	return v.about(r, "Close "+r.Name+"?", form{Says: "Whoever is in the room is put out, and nobody enters until it is reopened.", Button: "Close", Risky: true}), err
}

func (s *Console) asksReopen(v *visit) (page, error) {
	r, err := s.theRoom(v)
	return v.about(r, "Reopen "+r.Name+"?", form{Says: "People may enter again, and all of the time for meetings is before them.", Button: "Reopen"}), err
}

func (s *Console) closes(closed bool, notice string) func(*visit, url.Values) (done, error) {
	return func(v *visit, _ url.Values) (done, error) {
		r, err := s.theRoom(v)
		if err != nil {
			return done{}, err
		}
		_, err = s.Spaces.UpdateRoom(v, v.office(), v.space(), r.ID, roles.NewRoom{Name: r.Name, Access: r.Access, Closed: &closed})
		return v.backTo(notice), err
	}
}

func (s *Console) asksDeleteRoom(v *visit) (page, error) {
	r, err := s.theRoom(v)
	return v.about(r, "Delete "+r.Name+"?", form{Says: "The room goes with everything in it, its links too. It cannot be undone.", Button: "Delete for good", Risky: true}), err
}

func (s *Console) deleteRoom(v *visit, _ url.Values) (done, error) {
	return leads("/rooms?done=roomDeleted"), s.Spaces.Telling(v.tells).DeleteRoom(v, v.office(), v.space(), v.ID("roomId"))
}

// roomAndUser are what a page is about that is about both.
func (s *Console) roomAndUser(v *visit) (r roles.Room, u auth.Account, err error) {
	if r, err = s.theRoom(v); err == nil {
		u, err = s.theUser(v)
	}
	return r, u, err
}
