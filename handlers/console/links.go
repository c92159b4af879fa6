package console

import (
	"errors"
	"html/template"
	"net/url"
	"strconv"
	"time"

	"usher/auth"
	"usher/internal/qrcode"
	"usher/invites"
	"usher/roles"
)

// asksLink is a form for who is a host of the room himself: a link falls with the role of who made it, and so an office
// makes none.
func (s *Console) asksLink(v *visit) (page, error) {
	r, err := s.theRoom(v)
	if err != nil {
		return page{}, err
	}
	st, _, err := s.Spaces.InRoom(v, v.Who(), v.space(), r.ID)
	if err != nil {
		return page{}, err
	}
	if st.May(roles.IssueLinks) != nil {
		p := page{Title: "Make a link", Up: link{Text: r.Name, To: v.base + "/rooms/" + r.ID}}
		p.Actions = []link{{Text: "Give yourself a permission", To: p.Up.To + "/members/" + v.me.ID}}
		p.Problem = "A link falls with the permission of who made it. So you need to be a host of this room yourself."
		return p, nil
	}
	return v.about(r, "Make a link into "+r.Name, form{Button: "Make the link", Fields: []field{
		{Name: "username", Label: "Name of the guest", Kind: "text", Required: true, Fills: "off", Hint: "What others see. The guest cannot change it."},
		{Name: "role", Label: "Permission", Kind: "select", Value: "user", Options: []option{{Value: "user", Text: "Guest"}, {Value: "moderator", Text: "Host"}}},
		{Name: "hours", Label: "Valid for", Kind: "select", Value: "24", Options: []option{{Value: "1", Text: "An hour"}, {Value: "24", Text: "A day"}, {Value: "120", Text: "5 days"}}},
	}}), nil
}

func (s *Console) makeLink(v *visit, sent url.Values) (done, error) {
	hours, err := strconv.Atoi(sent.Get("hours"))
	if err != nil || hours < 1 || hours > 24*365 {
		return done{}, &auth.FieldError{Field: "hours", Reason: "not one of these"}
	}
	made, address, err := s.Desk.GenerateAccess(v, v.Who(), v.space(), v.ID("roomId"), invites.NewLink{
		Username: sent.Get("username"), Role: sent.Get("role"), TTL: time.Duration(hours) * time.Hour,
	})
	if wrong, ok := errors.AsType[*auth.FieldError](err); ok && wrong.Field == "/ttl" {
		err = &auth.FieldError{Field: "hours", Reason: "longer than a link may be valid here"}
	}
	if err != nil {
		return done{}, err
	}
	is := v.shownOnce("The link is made", link{Text: "The room", To: v.base + "/rooms/" + v.ID("roomId")}, facts{
		{"For", cell{Text: made.Username}}, {"Valid until", cell{At: made.Ends}}, {"Link", cell{Text: address.Reveal(), Code: true}},
	})
	if code, err := qrcode.Draw(address.Reveal()); err == nil { // else it is too long for one
		is.once.Picture = template.HTML(code.SVG) //nolint:gosec // drawn here, without any text
	}
	return is, nil
}
