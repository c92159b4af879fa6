package console

import (
	"net/url"
	"strconv"

	"usher/auth"
	"usher/invites"
	"usher/roles"
)

func (s *Console) issuedRoutes() []route {
	const tab = "Links & invites"
	return []route{
		{path: "/issued", tab: tab, shows: s.issued},
		{path: "/issued/:spaceId", tab: tab, shows: s.issuedIn},
		{path: "/issued/:spaceId/invites/:inviteId/revoke", tab: tab, shows: s.asksRevokeInvite, does: s.revokeInvite},
		{path: "/issued/:spaceId/:roomId", tab: tab, shows: s.linksOf},
		{path: "/issued/:spaceId/:roomId/links/:linkId/revoke", tab: tab, shows: s.asksRevokeLink, does: s.revokeLink},
	}
}

func (s *Console) issued(v *visit) (page, error) {
	return page{Title: "Links & invites", Parts: []part{s.allSpaces(v, "/issued/")}}, nil
}

// issuedIn are the invites into a space, and the rooms whose links there are.
func (s *Console) issuedIn(v *visit) (page, error) {
	at, err := s.Spaces.Overlook(v, v.Who(), v.ID("spaceId"), "")
	if err != nil {
		return page{}, err
	}
	t := table{ID: "invites", Title: "Invites", Columns: []string{"For", "Role", "State", "Used", "By", "Until", ""}, Empty: "Nobody is invited here."}
	list := func(p auth.Page) ([]invites.Invite, string, error) {
		return s.Desk.ListInvites(v, v.office(), at.Space.ID, "", p)
	}
	all := listed(v, t, list, func(in invites.Invite) []cell {
		whom := in.Email
		switch {
		case whom == "" && in.Domain != "":
			whom = "@" + in.Domain
		case whom == "":
			whom = "Whoever has it"
		}
		return []cell{
			{Text: whom},
			{Text: spaceRoles[in.Role]},
			{Mark: inWords(string(in.State))},
			{Text: used(in.Uses, in.MaxUses)},
			{Text: in.IssuerName, To: v.base + "/users/" + in.Issuer},
			{At: in.Ends},
			v.takesBack(in.State == invites.Pending, "Take back", "/issued/"+at.Space.ID+"/invites/"+in.ID+"/revoke"),
		}
	})
	return page{
		Title: "Links & invites of " + at.Space.Name, Up: link{Text: "Links & invites", To: v.base + "/issued"},
		Parts: []part{all, s.roomsIn(v, at.Space.ID, v.base+"/issued/"+at.Space.ID+"/")},
	}, nil
}

// used says how much of something is spent; without a bound it has none.
func used(n, of int) string {
	if of == 0 {
		return strconv.Itoa(n)
	}
	return strconv.Itoa(n) + " of " + strconv.Itoa(of)
}

// linksOf are the guest links into a room.
func (s *Console) linksOf(v *visit) (page, error) {
	at, err := s.Spaces.Overlook(v, v.Who(), v.ID("spaceId"), v.ID("roomId"))
	if err != nil {
		return page{}, err
	}
	t := table{ID: "links", Columns: []string{"For", "Role", "State", "Seats", "By", "Until", ""}, Empty: "There is no link, or none that has not ended a week ago."}
	list := func(p auth.Page) ([]invites.Link, string, error) {
		return s.Desk.ListLinks(v, v.office(), at.Space.ID, at.Room.ID, p)
	}
	return page{
		Title: "Links of " + at.Room.Name, Up: link{Text: at.Space.Name, To: v.base + "/issued/" + at.Space.ID},
		Parts: []part{listed(v, t, list, func(it invites.Link) []cell {
			return []cell{
				{Text: it.Username},
				{Text: roleNames[roles.GuestRole(it.Role)]},
				{Mark: inWords(string(it.State))},
				{Text: used(it.Taken(), it.MaxUses)},
				{Text: it.IssuerName, To: v.base + "/users/" + it.Issuer},
				{At: it.Ends},
				v.takesBack(it.State != invites.Revoked && it.State != invites.Void, "Revoke", "/issued/"+at.Space.ID+"/"+at.Room.ID+"/links/"+it.ID+"/revoke"),
			}
		})},
	}, nil
}

// takesBack is a cell that leads to the form for that, where there is something to take back.
func (v *visit) takesBack(may bool, text, to string) cell {
	if !may {
		return cell{}
	}
	return cell{Text: text, To: v.base + to, Button: true}
}

func (s *Console) asksRevokeInvite(v *visit) (page, error) {
	at, err := s.Spaces.Overlook(v, v.Who(), v.ID("spaceId"), "")
	if err == nil && v.me.Role == auth.Admin { // whoever has the id of an invite may use it: support finds none out
		_, err = s.Desk.GetInvite(v, v.office(), at.Space.ID, v.ID("inviteId"))
	}
	back := "/issued/" + at.Space.ID
	return page{Title: "Take this invite back?", Up: link{Text: at.Space.Name, To: v.base + back}, Parts: []part{v.asks(form{
		Says: "Nobody is let into " + at.Space.Name + " by it any more.", Button: "Take back", Risky: true, Cancel: back,
	})}}, err
}

func (s *Console) revokeInvite(v *visit, _ url.Values) (done, error) {
	err := s.Desk.RevokeInvite(v, v.office(), v.ID("spaceId"), v.ID("inviteId"))
	return leads("/issued/" + v.ID("spaceId") + "?done=inviteRevoked"), err
}

func (s *Console) asksRevokeLink(v *visit) (page, error) {
	at, err := s.Spaces.Overlook(v, v.Who(), v.ID("spaceId"), v.ID("roomId"))
	if err == nil && v.me.Role == auth.Admin { // support is shown no form, and has no right to look a link up
		_, err = s.Desk.GetLink(v, v.office(), at.Space.ID, at.Room.ID, v.ID("linkId"))
	}
	back := "/issued/" + at.Space.ID + "/" + at.Room.ID
	return page{Title: "Revoke this link?", Up: link{Text: at.Room.Name, To: v.base + back}, Parts: []part{v.asks(form{
		Says: "Whoever sits in " + at.Room.Name + " by it is put out at once. It cannot be undone.", Button: "Revoke", Risky: true, Cancel: back,
	})}}, err
}

func (s *Console) revokeLink(v *visit, _ url.Values) (done, error) {
	err := s.Desk.RevokeLink(v, v.office(), v.ID("spaceId"), v.ID("roomId"), v.ID("linkId"))
	return leads("/issued/" + v.ID("spaceId") + "/" + v.ID("roomId") + "?done=linkRevoked"), err
}
