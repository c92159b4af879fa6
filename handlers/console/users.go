package console

import (
	"strings"

	"usher/auth"
	"usher/roles"
)

func (s *Console) userRoutes() []route {
	return []route{
		{path: "/users", tab: "User", shows: s.users},
		{path: "/users/new", tab: "User", shows: newUser, does: s.createUser},
		{path: "/users/:userId", tab: "User", shows: s.user},
		{path: "/users/:userId/edit", tab: "User", shows: s.editUser, does: s.saveUser},
		{path: "/users/:userId/block", tab: "User", shows: s.asksBlock, does: s.block},
		{path: "/users/:userId/unblock", tab: "User", shows: s.asksUnblock, does: s.unblock},
		{path: "/users/:userId/token", tab: "User", shows: s.asksToken, does: s.rotateToken},
		{path: "/users/:userId/delete", tab: "User", shows: s.asksDelete, does: s.deleteUser, doing: "Deleting the user"},
	}
}

// users is the list, oldest first, or what a search finds.
func (s *Console) users(v *visit) (page, error) {
	text := strings.TrimSpace(v.query("q"))
	list := func(p auth.Page) ([]auth.Account, string, error) { return s.Authority.ListUsers(v, v.Who(), p) }
	empty := "There is nobody yet."
	if text != "" {
		empty = "Nobody is called so. A search looks at how names, e-mail addresses and user IDs begin."
		list = func(p auth.Page) ([]auth.Account, string, error) { return s.Authority.SearchUsers(v, v.Who(), text, p) }
	}
	t := table{
		ID: "users", Search: &search{To: v.here(), Name: "q", Label: "Search for users", Text: text}, Empty: empty,
		Columns: []string{"Nickname", "User ID", "E-mail", "Last access", "State"},
	}
	create := []link{{Text: "Create user", To: v.base + "/users/new"}}
	return page{Title: "Users", Actions: create, Parts: []part{listed(v, t, list, v.userRow)}}, nil
}

func (v *visit) userRow(u auth.Account) []cell {
	return []cell{
		{Text: called(u), To: v.base + "/users/" + u.ID}, {Text: u.ExternalID}, {Text: u.Email}, {At: u.Seen}, {Mark: state(u)},
	}
}

// called is what the console calls a user, who always is called somehow.
func called(u auth.Account) string {
	for _, name := range []string{u.ShownName(), u.ExternalID, u.Email} {
		if name != "" {
			return name
		}
	}
	return u.ID
}

// state is what stands out about a user.
func state(u auth.Account) string {
	switch {
	case u.Blocked:
		return "Blocked"
	case u.Role == auth.Admin:
		return "Administrator"
	case u.Role == auth.Support:
		return "Support"
	}
	return ""
}

// theUser is whom a page is about.
func (s *Console) theUser(v *visit) (auth.Account, error) {
	return s.Authority.GetUser(v, v.Who(), v.ID("userId"))
}

// user is everything about one, and what can be done with him.
func (s *Console) user(v *visit) (page, error) {
	u, err := s.theUser(v)
	if err != nil {
		return page{}, err
	}
	at := v.base + "/users/" + u.ID
	p := page{Title: called(u), Up: link{Text: "Users", To: v.base + "/users"}, Actions: []link{{Text: "Edit", To: at + "/edit"}}}
	if u.ExternalID != "" {
		p.Actions = append(p.Actions, link{Text: "New access token", To: at + "/token", Risky: true})
	}
	switch {
	case u.Role != "":
	case u.Blocked:
		p.Actions = append(p.Actions, link{Text: "Unblock", To: at + "/unblock"})
	default:
		p.Actions = append(p.Actions, link{Text: "Block", To: at + "/block", Risky: true})
	}
	if u.Role == "" {
		p.Actions = append(p.Actions, link{Text: "Delete", To: at + "/delete", Risky: true})
	}
	known := v.userFacts(u)
	if u.ExternalID != "" {
		e, err := s.Authority.GetExternal(v, v.Who(), u.ExternalID)
		if err != nil {
			return page{}, err
		}
		known = append(known, fact{"Default entry permission", cell{Text: permissionNames[e.MemberType]}})
	}
	p.Parts = []part{{Facts: &known}, s.roomsOf(v, u), s.sessionsOf(v, u)}
	return p, nil
}

func (v *visit) userFacts(u auth.Account) facts {
	verified := map[bool]string{true: "verified", false: "not verified"}[u.EmailVerified]
	if u.Email == "" {
		verified = ""
	}
	return facts{
		{"Profile image", v.imageOf(v, u)},
		{"User ID", cell{Text: u.ExternalID}},
		{"Nickname", cell{Text: u.Name}},
		{"Username", cell{Text: u.Username}},
		{"E-mail", cell{Text: u.Email, Mark: verified}},
		{"Phone", cell{Text: u.Phone}},
		{"State", cell{Mark: state(u)}},
		{"Last access", cell{At: u.Seen}},
		{"Created", cell{At: u.Created}},
		{"ID in the API", cell{Text: u.ID}},
	}
}

func (s *Console) roomsOf(v *visit, u auth.Account) part {
	t := table{ID: "rooms", Title: "Rooms", Columns: []string{"Room", "Space", "Role"}, Empty: "No role in any room."}
	list := func(p auth.Page) ([]roles.Place, string, error) { return s.Spaces.RoomsOf(v, v.Who(), u.ID, p) }
	return listed(v, t, list, func(at roles.Place) []cell {
		return []cell{{Text: at.Room.Name, To: v.roomsBelow(at.Space.ID) + at.Room.ID}, {Text: at.Space.Name}, {Text: roleNames[at.Room.Role]}}
	})
}

// roomsBelow is below where the pages of the rooms of a space are. Those of the default space have a tab of their own.
func (v *visit) roomsBelow(space string) string {
	if space == v.space() {
		return v.base + "/rooms/"
	}
	return v.base + "/spaces/" + space + "/"
}

func (s *Console) sessionsOf(v *visit, u auth.Account) part {
	t := table{ID: "sessions", Title: "Sessions", Columns: []string{"Device", "Address", "Signed in", "Last used"}, Empty: "Signed in nowhere."}
	list := func(auth.Page) ([]auth.Session, string, error) {
		sessions, _, err := s.Authority.SessionsOf(v, v.Who(), u.ID, auth.Page{Limit: mostSessions})
		return sessions, "", err
	}
	return listed(v, t, list, func(it auth.Session) []cell {
		return []cell{{Text: it.Device}, {Text: it.Address}, {At: it.Created}, {At: it.LastUsed}}
	})
}

// mostSessions are shown of one user: nobody has so many devices.
const mostSessions = 100

// roleNames are what people call the roles in a room.
var roleNames = map[roles.Role]string{
	roles.RoomOwner: "Owner", roles.RoomModerator: "Host", roles.RoomUser: "Guest", roles.RoomMonitor: "Monitoring",
}
