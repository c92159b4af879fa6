package console

import (
	"usher/auth"
	"usher/roles"
)

func (s *Console) spaceRoutes() []route {
	return []route{
		{path: "/spaces", tab: "Spaces", shows: s.spaces},
		{path: "/spaces/:spaceId", tab: "Spaces", shows: s.space},
		{path: "/spaces/:spaceId/:roomId", tab: "Spaces", shows: s.roomOf},
	}
}

// allSpaces is the list of them, each leading to its page below a path.
func (s *Console) allSpaces(v *visit, below string) part {
	t := table{ID: "spaces", Columns: []string{"Name", "Lets in", "Created"}, Empty: "There is no space yet."}
	list := func(p auth.Page) ([]roles.Space, string, error) { return s.Spaces.AllSpaces(v, v.Who(), p) }
	return listed(v, t, list, func(it roles.Space) []cell {
		name := cell{Text: it.Name, To: v.base + below + it.ID}
		if it.ID == it.Workspace {
			name.Mark = "Default"
		}
		return []cell{name, {Text: letsIn(it.Public)}, {At: it.Created}}
	})
}

func letsIn(public bool) string {
	return map[bool]string{true: "Every user of the workspace", false: "Its members"}[public]
}

func (s *Console) spaces(v *visit) (page, error) {
	return page{Title: "Spaces", Parts: []part{s.allSpaces(v, "/spaces/")}}, nil
}

// space is what is in one.
func (s *Console) space(v *visit) (page, error) {
	at, err := s.Spaces.Overlook(v, v.Who(), v.ID("spaceId"), "")
	if err != nil {
		return page{}, err
	}
	it := at.Space
	return page{
		Title: it.Name, Up: link{Text: "Spaces", To: v.base + "/spaces"},
		Actions: []link{{Text: "Links & invites", To: v.base + "/issued/" + it.ID}},
		Parts: []part{
			{Facts: &facts{
				{"Lets in", cell{Text: letsIn(it.Public)}},
				{"Description", cell{Text: it.Description}},
				{"Created", cell{At: it.Created}},
				{"ID in the API", cell{Text: it.ID}},
			}},
			s.roomsIn(v, it.ID, v.roomsBelow(it.ID)), s.rolesIn(v, it.ID, ""),
		},
	}, nil
}

// roomOf is who may be in a room, and who is there.
func (s *Console) roomOf(v *visit) (page, error) {
	at, err := s.Spaces.Overlook(v, v.Who(), v.ID("spaceId"), v.ID("roomId"))
	if err != nil {
		return page{}, err
	}
	it := at.Room
	return page{
		Title: it.Name, Up: link{Text: at.Space.Name, To: v.base + "/spaces/" + at.Space.ID},
		Parts: []part{
			{Facts: &facts{
				{"Type", cell{Text: typeOf(it)}},
				{"State", stateOf(it)},
				{"Closed", cell{At: it.Closed}},
				{"Created", cell{At: it.Created}},
				{"Address", cell{Text: s.PublicURL + "/room/" + it.Alias, Code: true}},
				{"ID in the API", cell{Text: it.ID}},
			}},
			s.staysIn(v, at), s.rolesIn(v, at.Space.ID, it.ID),
		},
	}, nil
}

func (s *Console) staysIn(v *visit, at roles.Standing) part {
	t := table{ID: "stays", Title: "Sessions", Columns: []string{"Who", "Came", "Left"}, Empty: "Nobody was there in the last 30 days."}
	list := func(auth.Page) ([]roles.Stay, string, error) {
		stays, _, err := s.Spaces.ListStays(v, v.Who(), at.Space.ID, at.Room.ID, roles.StayFilter{}, auth.Page{Limit: mostSessions})
		return stays, "", err
	}
	return listed(v, t, list, func(it roles.Stay) []cell {
		who := cell{Text: it.Name, To: v.base + "/users/" + it.Subject}
		if it.Guest {
			who.To, who.Mark = "", "Guest"
		}
		left := cell{At: it.Left}
		if it.Left.IsZero() {
			left.Mark = "There now"
		}
		return []cell{who, {At: it.Began}, left}
	})
}

// roomsIn are the rooms of a space, each leading to its page below an address.
func (s *Console) roomsIn(v *visit, space, below string) part {
	t := table{ID: "rooms", Title: "Rooms", Columns: []string{"Name", "Type", "State", "Created"}, Empty: "There is no room yet."}
	list := func(p auth.Page) ([]roles.Room, string, error) { return s.Spaces.ListRooms(v, v.office(), space, p) }
	return listed(v, t, list, func(it roles.Room) []cell {
		return []cell{{Text: it.Name, To: below + it.ID}, {Text: typeOf(it)}, stateOf(it), {At: it.Created}}
	})
}

// rolesIn are those who have a role in a space, or in a room of it.
func (s *Console) rolesIn(v *visit, space, room string) part {
	t := table{ID: "members", Title: "Members", Columns: []string{"Name", "E-mail", "Role", "Since"}, Empty: "Nobody has a role here."}
	list := func(p auth.Page) ([]roles.Member, string, error) {
		if room == "" {
			return s.Spaces.ListMembers(v, v.office(), space, p)
		}
		return s.Spaces.ListRoomRoles(v, v.office(), space, room, p)
	}
	return listed(v, t, list, func(it roles.Member) []cell {
		return []cell{{Text: it.Name, To: v.base + "/users/" + it.User}, {Text: it.Email}, {Text: spaceRoles[it.Role] + roleNames[it.Role]}, {At: it.Since}}
	})
}

var spaceRoles = map[roles.Role]string{roles.SpaceOwner: "Owner", roles.SpaceModerator: "Moderator", roles.SpaceUser: "Member"}
