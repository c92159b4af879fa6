package console

import (
	"net/url"
	"strconv"
	"time"

	"usher/auth"
	"usher/roles"
)

func (s *Console) roomRoutes() []route {
	const tab = "Room"
	return []route{
		{path: "/rooms", tab: tab, shows: s.rooms},
		{path: "/rooms/new", tab: tab, shows: s.newRoom, does: s.createRoom},
		{path: "/rooms/:roomId", tab: tab, shows: s.room},
		{path: "/rooms/:roomId/edit", tab: tab, shows: s.editRoom, does: s.saveRoom},
		{path: "/rooms/:roomId/close", tab: tab, shows: s.asksClose, does: s.closes(true, "closed")},
		{path: "/rooms/:roomId/reopen", tab: tab, shows: s.asksReopen, does: s.closes(false, "reopened")},
		{path: "/rooms/:roomId/delete", tab: tab, shows: s.asksDeleteRoom, does: s.deleteRoom, doing: "Deleting the room"},
		{path: "/rooms/:roomId/members", tab: tab, shows: s.asksMembers, does: s.addMembers},
		{path: "/rooms/:roomId/members/:userId", tab: tab, shows: s.asksPermission, does: s.permit},
		{path: "/rooms/:roomId/members/:userId/remove", tab: tab, shows: s.asksRemove, does: s.removeMember},
		{path: "/rooms/:roomId/members/:userId/block", tab: tab, shows: s.asksBan, does: s.ban},
		{path: "/rooms/:roomId/members/:userId/unblock", tab: tab, shows: s.asksUnban, does: s.unban},
		{path: "/rooms/:roomId/link", tab: tab, shows: s.asksLink, does: s.makeLink},
	}
}

// office is who has come, acting by his role in the workspace.
func (v *visit) office() auth.Identity {
	who := v.Who()
	who.Office = true
	return who
}

// space is the workspace's default space, in which the console's rooms are.
func (v *visit) space() string { return v.Who().Workspace }

// accesses are the types of rooms, by whom they let in. A room that is open to anyone may be closed all the same, and so
// its type is not called as its state is.
var accesses = []option{
	{Value: string(roles.Private), Text: "Specified users only", Hint: "lets in those whom you choose"},
	{Value: string(roles.Public), Text: "Public", Hint: "lets in every user of the workspace"},
	{Value: string(roles.Open), Text: "Open to anyone", Hint: "lets in whoever has its address"},
}

// typeOf is what people call the type of a room.
func typeOf(r roles.Room) string {
	for _, it := range accesses {
		if it.Value == string(r.Access) {
			return it.Text
		}
	}
	return ""
}

// rooms is the list, the newest first.
func (s *Console) rooms(v *visit) (page, error) {
	chosen, closed := v.query("state"), v.query("state") == "closed"
	var f roles.RoomFilter
	empty := "There is no room yet."
	if chosen == "open" || closed {
		f.Closed, empty = &closed, "No room is "+chosen+"."
	}
	t := table{
		ID: "rooms", Columns: []string{"Name", "Type", "State", "Created"}, Empty: empty,
		Search: &search{To: v.here(), Name: "state", Label: "State", Options: []option{
			{Text: "All rooms"}, {Value: "open", Text: "Open rooms", Chosen: chosen == "open"}, {Value: "closed", Text: "Closed rooms", Chosen: closed},
		}},
	}
	list := func(in auth.Slice) ([]roles.Room, int, error) {
		return s.Spaces.FindRooms(v, v.office(), f, in)
	}
	return page{Title: "Rooms", Actions: []link{{Text: "Create room", To: v.base + "/rooms/new"}}, Parts: []part{counted(v, t, list, v.roomRow)}}, nil
}

func (v *visit) roomRow(r roles.Room) []cell {
	return []cell{{Text: r.Name, To: v.base + "/rooms/" + r.ID}, {Text: typeOf(r)}, stateOf(r), {At: r.Created}}
}

// stateOf is whether a room is open; that one is closed stands out.
func stateOf(r roles.Room) cell {
	if r.Closed.IsZero() {
		return cell{Text: "Open"}
	}
	return cell{Mark: "Closed"}
}

// theRoom is what a page is about.
func (s *Console) theRoom(v *visit) (roles.Room, error) {
	return s.Spaces.GetRoom(v, v.office(), v.space(), v.ID("roomId"))
}

// room is everything about one, and what can be done with it.
func (s *Console) room(v *visit) (page, error) {
	r, err := s.theRoom(v)
	if err != nil {
		return page{}, err
	}
	at := v.base + "/rooms/" + r.ID
	p := page{Title: r.Name, Up: link{Text: "Rooms", To: v.base + "/rooms"}}
	p.Actions = []link{{Text: "Specify users", To: at + "/members"}, {Text: "Make a link", To: at + "/link"}, {Text: "Edit", To: at + "/edit", Risky: true}}
	if r.Closed.IsZero() {
		p.Actions = append(p.Actions, link{Text: "Close", To: at + "/close", Risky: true})
	} else {
		p.Actions = append(p.Actions, link{Text: "Reopen", To: at + "/reopen", Risky: true})
	}
	p.Actions = append(p.Actions, link{Text: "Delete", To: at + "/delete", Risky: true})
	p.Parts = []part{
		{Facts: &facts{
			{"Type", cell{Text: typeOf(r)}},
			{"State", stateOf(r)},
			{"Created", cell{At: r.Created}},
			{"Longest meeting", cell{Text: longest(r.MaxMeeting)}},
			{"Address", cell{Text: s.PublicURL + "/room/" + r.Alias, Code: true}},
			{"ID in the API", cell{Text: r.ID}},
		}},
		s.presentIn(v, r), s.membersOf(v, r), s.bannedFrom(v, r),
	}
	return p, nil
}

// longest is for how long two may meet, in all.
func longest(seconds int64) string {
	if seconds == 0 {
		return "no bound"
	}
	return (time.Duration(seconds) * time.Second).String()
}

// presentIn is who is in a room now. Where scripts run, the page asks for it again and again.
func (s *Console) presentIn(v *visit, r roles.Room) part {
	here := true
	t := table{ID: "present", Title: "In the room now", Live: v.here(), Newest: true, Columns: []string{"Name", "User ID", "Permission", "Since"}, Empty: "Nobody."}
	list := func(p auth.Page) ([]roles.Stay, string, error) {
		return s.Spaces.ListStays(v, v.office(), v.space(), r.ID, roles.StayFilter{Connected: &here}, p)
	}
	return listed(v, t, list, func(it roles.Stay) []cell {
		name := cell{Text: it.Name}
		if !it.Guest {
			name.To = v.base + "/users/" + it.Subject
		}
		return []cell{name, {Text: it.ExternalID}, {Text: roleNames[it.Role]}, {At: it.Began}}
	})
}

func (s *Console) membersOf(v *visit, r roles.Room) part {
	t := table{ID: "members", Title: "Specified users", Columns: []string{"Name", "Permission", "Since", ""}, Empty: "No user is specified."}
	list := func(p auth.Page) ([]roles.Member, string, error) {
		return s.Spaces.ListRoomRoles(v, v.office(), v.space(), r.ID, p)
	}
	return listed(v, t, list, func(m roles.Member) []cell {
		return []cell{
			{Text: m.Name, To: v.base + "/users/" + m.User},
			{Text: roleNames[m.Role]},
			{At: m.Since},
			{Text: "Change", To: v.base + "/rooms/" + r.ID + "/members/" + m.User, Button: true},
		}
	})
}

func (s *Console) bannedFrom(v *visit, r roles.Room) part {
	t := table{ID: "blocked", Title: "Blocked here", Newest: true, Columns: []string{"Who", "Until", "Reason", ""}, Empty: "Nobody is blocked in this room."}
	list := func(p auth.Page) ([]roles.Ban, string, error) {
		return s.Spaces.ListBans(v, v.office(), v.space(), r.ID, p)
	}
	return listed(v, t, list, func(b roles.Ban) []cell {
		until := cell{Text: "for good"}
		if !b.Until().IsZero() {
			until = cell{At: b.Until()}
		}
		return []cell{
			s.named(v, b.Subject), until,
			{Text: b.Reason},
			{Text: "Unblock", To: v.base + "/rooms/" + r.ID + "/members/" + b.Subject + "/unblock", Button: true},
		}
	})
}

// named is a user, by his name, or a guest, who has only a seat.
func (s *Console) named(v *visit, subject string) cell {
	u, err := s.Authority.GetUser(v, v.Who(), subject)
	if err != nil {
		return cell{Text: "Guest " + subject}
	}
	return cell{Text: called(u), To: v.base + "/users/" + u.ID}
}

// counted is listed for a list that is counted.
func counted[T any](v *visit, t table, list func(auth.Slice) ([]T, int, error), row func(T) []cell) part {
	from, _ := strconv.Atoi(v.query(t.ID + "-from"))
	from = min(max(from, 0), mostSkipped)
	items, total, err := list(auth.Slice{Offset: from, Limit: perPage, Descending: true})
	if err != nil {
		told := v.Told(v.Call, err)
		t.Failed, t.status = sentence(told), told.Status
		return part{Table: &t}
	}
	if from > 0 {
		t.Back = v.with(t.ID+"-from", strconv.Itoa(max(from-perPage, 0)))
	}
	if from+perPage < total {
		t.Next = v.with(t.ID+"-from", strconv.Itoa(from+perPage))
	}
	return filled(t, items, row)
}

// mostSkipped are passed over of a list, whatever an address says.
const mostSkipped = 1_000_000

// about is a form about a room.
func (v *visit) about(r roles.Room, title string, f form) page {
	f.Cancel = "/rooms/" + r.ID
	return page{Title: title, Up: link{Text: r.Name, To: v.base + f.Cancel}, Parts: []part{v.asks(f)}}
}

// backTo is the page of the room that a form is about.
func (v *visit) backTo(notice string) done {
	return leads("/rooms/" + url.PathEscape(v.ID("roomId")) + "?done=" + notice)
}
