package console

import (
	"net/url"

	"usher/auth"
	"usher/internal/secret"
)

func (s *Console) staffRoutes() []route {
	const tab = "Administrators"
	return []route{
		{path: "/staff", tab: tab, shows: s.staff},
		{path: "/staff/invite", tab: tab, shows: asksInvite, does: s.inviteStaff},
		{path: "/staff/invites/:inviteId/revoke", tab: tab, shows: s.asksRevokeStaffInvite, does: s.revokeStaffInvite},
		{path: "/staff/users/:userId", tab: tab, shows: s.asksRole, does: s.setRole},
	}
}

// staff are those who come in here, and those who may soon.
func (s *Console) staff(v *visit) (page, error) {
	has := table{ID: "staff", Title: "Who has a role", Columns: []string{"Name", "E-mail", "Role", "Last access", ""}, Empty: "Nobody."}
	waits := table{
		ID: "invites", Title: "Invited", Columns: []string{"E-mail", "Role", "Invited", "Until", ""}, Empty: "No invitation waits.",
	}
	return page{
		Title: "Administrators", Actions: []link{{Text: "Invite", To: v.base + "/staff/invite"}},
		Parts: []part{
			listed(v, has, func(auth.Page) ([]auth.Account, string, error) {
				all, err := s.Authority.ListStaff(v, v.Who())
				return all, "", err
			}, v.staffRow),
			listed(v, waits, func(auth.Page) ([]auth.StaffInvite, string, error) {
				all, err := s.Authority.ListStaffInvites(v, v.Who())
				return all, "", err
			}, v.staffInviteRow),
		},
	}, nil
}

func (v *visit) staffRow(u auth.Account) []cell {
	return []cell{
		{Text: called(u), To: v.base + "/users/" + u.ID}, {Text: u.Email}, {Text: state(u)}, {At: u.Seen}, {Text: "Change", To: v.base + "/staff/users/" + u.ID, Button: true},
	}
}

func (v *visit) staffInviteRow(in auth.StaffInvite) []cell {
	return []cell{
		{Text: in.Email}, {Text: staffRoles[in.Role]}, {At: in.Created}, {At: in.Ends}, {Text: "Take back", To: v.base + "/staff/invites/" + in.ID + "/revoke", Button: true},
	}
}

var staffRoles = map[auth.WorkspaceRole]string{auth.Admin: "Administrator", auth.Support: "Support", "": "None"}

// roleField asks for a role in the workspace.
func roleField(more ...option) field {
	return field{Name: "role", Label: "Role", Kind: "radio", Value: string(auth.Support), Options: append([]option{
		{Value: string(auth.Support), Text: staffRoles[auth.Support], Hint: "sees everything, changes nothing"},
		{Value: string(auth.Admin), Text: staffRoles[auth.Admin], Hint: "changes everything, and makes others administrators"},
	}, more...)}
}

func (v *visit) staffSheet(title string, f form) page {
	f.Cancel = "/staff"
	return page{Title: title, Up: link{Text: "Administrators", To: v.base + f.Cancel}, Parts: []part{v.asks(f)}}
}

func asksInvite(v *visit) (page, error) {
	return v.staffSheet("Invite to a role", form{
		Says:   "Who has no account here gets a mail, makes one by its link within a week, and has the role then. A user whose address it is has it at once.",
		Button: "Invite",
		Fields: []field{{Name: "email", Label: "E-mail", Kind: "email", Required: true, Fills: "off"}, roleField(), again},
	}), nil
}

func (s *Console) inviteStaff(v *visit, sent url.Values) (done, error) {
	if err := s.Again(v.Call, secret.New(sent.Get("password"))); err != nil {
		return done{}, err
	}
	return leads("/staff?done=invited"), s.Authority.InviteStaff(v, v.Who(), sent.Get("email"), auth.WorkspaceRole(sent.Get("role")))
}

func (s *Console) asksRevokeStaffInvite(v *visit) (page, error) {
	in, err := s.Authority.GetStaffInvite(v, v.Who(), v.ID("inviteId"))
	return v.staffSheet("Take the invitation of "+in.Email+" back?", form{Says: "The link in the mail leads nowhere then.", Button: "Take back", Risky: true}), err
}

func (s *Console) revokeStaffInvite(v *visit, _ url.Values) (done, error) {
	return leads("/staff?done=uninvited"), s.Authority.RevokeStaffInvite(v, v.Who(), v.ID("inviteId"))
}

func (s *Console) asksRole(v *visit) (page, error) {
	u, err := s.theUser(v)
	role := roleField(option{Value: "", Text: staffRoles[""], Hint: "an ordinary user"})
	role.Value = string(u.Role)
	return v.staffSheet("The role of "+called(u), form{Button: "Save", Fields: []field{role, again}}), err
}

func (s *Console) setRole(v *visit, sent url.Values) (done, error) {
	if err := s.Again(v.Call, secret.New(sent.Get("password"))); err != nil {
		return done{}, err
	}
	return leads("/staff?done=saved"), s.Authority.SetWorkspaceRole(v, v.Who(), v.ID("userId"), auth.WorkspaceRole(sent.Get("role")))
}
