package handlers

import (
	"usher/auth"
	"usher/handlers/wire"
	"usher/internal/secret"
)

func (a *api) userOperations() map[string]handler {
	return map[string]handler{
		"createUser":         with(a.createUser),
		"getChallenge":       a.getChallenge,
		"getMe":              a.getMe,
		"updateMe":           with(a.updateMe),
		"deleteMe":           with(a.deleteMe),
		"changePassword":     with(a.changePassword),
		"requestEmailChange": with(a.requestEmailChange),
		"sendVerification":   a.sendVerification,
		"listUsers":          a.listUsers,
		"getUser":            a.getUser,
		"updateUser":         with(a.updateUser),
		"deleteUser":         a.deleteUser,
		"blockUser":          a.blockUser,
		"unblockUser":        a.unblockUser,
		"setWorkspaceRole":   with(a.setWorkspaceRole),
		"unsetWorkspaceRole": a.unsetWorkspaceRole,
		"findUser":           a.findUser,
	}
}

func userOf(u auth.Account) wire.User {
	return wire.User{
		ID: u.ID, Email: u.Email, EmailVerified: u.EmailVerified, Username: u.Username, ExternalID: u.ExternalID,
		Name: u.Name, Phone: u.Phone, ProfileURL: u.ProfileURL, Role: wire.WorkspaceRole(u.Role),
		IsBlocked: u.Blocked, CreatedAt: u.Created, LastAccessAt: u.Seen,
	}
}

func (a *api) createUser(c *call, in wire.NewUser) (any, error) {
	if c.who.Kind == auth.Nobody {
		return accepted{}, a.Desk.SignUp(c, strangerOf(c, in), in.Invite.SpaceID, in.Invite.InviteID)
	}
	id, err := a.Authority.CreateUser(c, c.who, newUserOf(in))
	return wire.Created{ID: id}, err
}

// getChallenge answers in the widget's words, which are captcha's own.
func (a *api) getChallenge(*call) (any, error) { return a.Authority.Challenge() }

func (a *api) getMe(c *call) (any, error) {
	u, err := a.Authority.GetMe(c, c.who)
	return userOf(u), err
}

func (a *api) updateMe(c *call, in wire.MePatch) (any, error) {
	u, err := a.Authority.UpdateMe(c, c.who, auth.UserPatch{
		Name: in.Name, Phone: in.Phone, ProfileURL: in.ProfileURL, Username: in.Username,
	})
	return userOf(u), err
}

func (a *api) changePassword(c *call, in wire.PasswordChange) (any, error) {
	tokens, err := a.Authority.ChangePassword(c, c.who, secret.New(in.OldPassword), secret.New(in.NewPassword))
	if err != nil {
		return nil, err
	}
	a.forgetIf(c, true)
	return a.handOut(c, tokens, in.UseCookies, ""), nil
}

func (a *api) deleteMe(c *call, in wire.PasswordAgain) (any, error) {
	err := a.Spaces.DeleteMe(c, c.who, secret.New(in.Password))
	a.forgetIf(c, err == nil)
	return nil, err
}

func (a *api) requestEmailChange(c *call, in wire.EmailChange) (any, error) {
	return nil, a.Authority.RequestEmailChange(c, c.who, in.Email, secret.New(in.Password))
}

func (a *api) sendVerification(c *call) (any, error) {
	return nil, a.Authority.SendVerification(c, c.who)
}

func (a *api) listUsers(c *call) (any, error) {
	users, next, err := a.Authority.ListUsers(c, c.who, c.page())
	return wire.Users{Items: all(users, userOf), Next: cursor(next)}, err
}

func (a *api) getUser(c *call) (any, error) {
	u, err := a.Authority.GetUser(c, c.who, c.id("userId"))
	return userOf(u), err
}

func (a *api) updateUser(c *call, in wire.UserPatch) (any, error) {
	u, err := a.Authority.UpdateUser(c, c.who, c.id("userId"), auth.UserPatch{
		Name: in.Name, Phone: in.Phone, ProfileURL: in.ProfileURL, Username: in.Username,
		Email: in.Email, EmailVerified: in.EmailVerified,
	})
	return userOf(u), err
}

func (a *api) deleteUser(c *call) (any, error) {
	return nil, a.Spaces.DeleteUser(c, c.who, c.id("userId"))
}

func (a *api) blockUser(c *call) (any, error) {
	return nil, a.Spaces.BlockUser(c, c.who, c.id("userId"))
}

func (a *api) unblockUser(c *call) (any, error) {
	return nil, a.Authority.UnblockUser(c, c.who, c.id("userId"))
}

func (a *api) setWorkspaceRole(c *call, in wire.WorkspaceRoleChange) (any, error) {
	return nil, a.Authority.SetWorkspaceRole(c, c.who, c.id("userId"), auth.WorkspaceRole(in.Role))
}

func (a *api) unsetWorkspaceRole(c *call) (any, error) {
	return nil, a.Authority.SetWorkspaceRole(c, c.who, c.id("userId"), "")
}

func (a *api) findUser(c *call) (any, error) {
	email, username := c.param("email"), c.param("username")
	switch {
	case email == "" && username == "":
		return nil, invalid{"email", missing}
	case email != "" && username != "":
		return nil, invalid{"username", tooMany}
	}
	u, err := a.Spaces.FindUser(c, c.who, email, username)
	return wire.FoundUser{ID: u.ID, Name: u.ShownName()}, err
}
