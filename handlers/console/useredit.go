package console

import (
	"net/url"

	"usher/auth"
)

// permissions are what a user may become in a room where nobody has said what he is to be there.
var permissions = []option{
	{Value: string(auth.MonitorMember), Text: "Monitoring", Hint: "observes a meeting without interrupting it"},
	{Value: string(auth.HostMember), Text: "Host", Hint: "has control of the meeting, and puts people out"},
	{Value: string(auth.GuestMember), Text: "Guest", Hint: "takes part"},
}

var permissionNames = map[auth.MemberType]string{auth.MonitorMember: "Monitoring", auth.HostMember: "Host", auth.GuestMember: "Guest"}

// personal are the fields that one says of an external user.
func personal(name string, may auth.MemberType, image ...field) []field {
	fields := []field{
		{Name: "name", Label: "Nickname", Kind: "text", Value: name, Fills: "off", Hint: "What others see. It need not be unique; where it is left out, it is the User ID."},
	}
	return append(append(fields, image...), field{
		Name: "defaultMemberType", Label: "Default entry permission", Kind: "radio", Value: string(may), Options: append([]option{}, permissions...),
	})
}

func newUser(v *visit) (page, error) {
	id := field{
		Name: "externalId", Label: "User ID", Kind: "text", Required: true, Fills: "off",
		Hint: "By which you know the user, T-17 for a teacher say. It cannot be changed.",
	}
	f := form{Button: "Create", Cancel: "/users", Fields: append([]field{id}, personal("", auth.GuestMember, imageFields("")...)...)}
	return page{Title: "Create user", Up: link{Text: "Users", To: v.base + "/users"}, Parts: []part{v.asks(f)}}, nil
}

func (s *Console) createUser(v *visit, sent url.Values) (done, error) {
	image, err := v.image()
	if err != nil {
		return done{}, err
	}
	u, err := s.Authority.CreateExternal(v, v.Who(), sent.Get("externalId"), patchIn(sent))
	if err == nil && image != nil {
		err = s.Authority.SetPicture(v, v.Who(), u.ID, image)
	}
	return leads("/users/" + u.ID + "?done=created"), err
}

// patchIn is what a form says of an external user.
func patchIn(sent url.Values) auth.ExternalPatch {
	name, may := sent.Get("name"), auth.MemberType(sent.Get("defaultMemberType"))
	p := auth.ExternalPatch{Name: &name}
	if may != "" {
		p.MemberType = &may
	}
	return p
}

func (s *Console) editExternal(v *visit, u auth.Account) (page, error) {
	e, err := s.Authority.GetExternal(v, v.Who(), u.ExternalID)
	return v.formPage("Edit "+called(u), u, form{Button: "Save", Fields: personal(u.Name, e.MemberType, imageFields(u.ProfileURL)...)}), err
}

func (s *Console) editUser(v *visit) (page, error) {
	u, err := s.theUser(v)
	if err != nil {
		return page{}, err
	}
	if u.ExternalID != "" {
		return s.editExternal(v, u)
	}
	fields := []field{
		{Name: "name", Label: "Nickname", Kind: "text", Value: u.Name, Hint: "What others see. It need not be unique."},
		{Name: "phone", Label: "Phone", Kind: "tel", Value: u.Phone, Fills: "off"},
	}
	fields = append(fields, imageFields(u.ProfileURL)...)
	if u.Username != "" {
		fields = append(fields, field{Name: "username", Label: "Username", Kind: "text", Value: u.Username, Required: true, Fills: "off"})
	}
	if u.Email != "" {
		fields = append(fields, field{Name: "email", Label: "E-mail", Kind: "email", Value: u.Email, Required: true, Fills: "off"})
	}
	return v.formPage("Edit "+called(u), u, form{Button: "Save", Fields: fields}), nil
}

// formPage is a page with one form about a user.
func (v *visit) formPage(title string, u auth.Account, f form) page {
	f.Cancel = "/users/" + u.ID
	return page{Title: title, Up: link{Text: called(u), To: v.base + f.Cancel}, Parts: []part{v.asks(f)}}
}

func (s *Console) saveUser(v *visit, sent url.Values) (done, error) {
	was, err := s.theUser(v)
	if err != nil {
		return done{}, err
	}
	image, err := v.image()
	if err != nil {
		return done{}, err
	}
	if was.ExternalID != "" {
		_, err = s.Authority.UpdateExternal(v, v.Who(), was.ExternalID, patchIn(sent))
	} else {
		_, err = s.Authority.UpdateUser(v, v.Who(), was.ID, userPatchIn(sent))
	}
	if err == nil && (image != nil || sent.Get("removeImage") != "") {
		err = s.Authority.SetPicture(v, v.Who(), was.ID, image)
	}
	return leads("/users/" + was.ID + "?done=saved"), err
}

// userPatchIn is what a form says of a user who signs in by himself.
func userPatchIn(sent url.Values) auth.UserPatch {
	patch := auth.UserPatch{}
	for name, to := range map[string]**string{
		"name": &patch.Name, "phone": &patch.Phone, "username": &patch.Username, "email": &patch.Email,
	} {
		if sent.Has(name) {
			value := sent.Get(name)
			*to = &value
		}
	}
	return patch
}
