package pagecall

import (
	"regexp"

	"usher/auth"
	"usher/handlers"
	"usher/handlers/pagecall/wire"
)

func (p *api) userOperations() map[string]handlers.Operation {
	return map[string]handlers.Operation{
		"listUsers":  p.listUsers,
		"createUser": handlers.With(p.createUser),
		"getUser":    p.getUser,
		"updateUser": handlers.With(p.updateUser),
		"deleteUser": p.deleteUser,
	}
}

func userOf(u auth.External) wire.User {
	return wire.User{
		ID: u.ID, UserID: u.ExternalID, Name: u.ShownName(), ProfileURL: u.ProfileURL,
		DefaultMemberType: wire.MemberType(u.MemberType), AccessToken: u.AccessToken.Reveal(),
		CreatedAt: u.Created, UpdatedAt: u.Updated,
	}
}

// anAddress begins with a scheme (RFC 3986, section 3.1).
var anAddress = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// picture is the address of a picture as it is given on. A text that is no address at all is passed over: Pagecall's own
// example sends a placeholder there, and clients what they have. Any other that can't be shown is the domain's to refuse.
func picture(given *string) *string {
	if given != nil && *given != "" && !anAddress.MatchString(*given) {
		return nil
	}
	return given
}

func (p *api) listUsers(c *handlers.Call) (any, error) {
	part := window(c)
	users, total, err := p.auth.ListExternals(c, c.Who(), c.Param("email_search_query"), part)
	return wire.Users{Users: all(users, userOf), Paging: paging(part, total)}, err
}

func (p *api) createUser(c *handlers.Call, in wire.NewUser) (any, error) {
	user, err := p.auth.PutExternal(c, c.Who(), in.UserID, auth.ExternalPatch{
		Name: in.Name, ProfileURL: picture(in.ProfileURL), MemberType: (*auth.MemberType)(in.DefaultMemberType),
	})
	return wire.UserAnswer{User: userOf(user)}, named(err)
}

func (p *api) getUser(c *handlers.Call) (any, error) {
	user, err := p.auth.GetExternal(c, c.Who(), c.ID("user_id"))
	return wire.UserAnswer{User: userOf(user)}, err
}

func (p *api) updateUser(c *handlers.Call, in wire.UserChange) (any, error) {
	user, err := p.auth.UpdateExternal(c, c.Who(), c.ID("user_id"), auth.ExternalPatch{
		Name: in.Name, ProfileURL: picture(in.ProfileURL), MemberType: (*auth.MemberType)(in.DefaultMemberType),
	})
	return wire.UserAnswer{User: userOf(user)}, named(err)
}

func (p *api) deleteUser(c *handlers.Call) (any, error) {
	user, err := p.spaces.DeleteExternal(c, c.Who(), c.ID("user_id"))
	return wire.UserAnswer{User: userOf(user)}, err
}
