package handlers

import (
	"time"

	"usher/handlers/wire"
	"usher/invites"
	"usher/roles"
)

func (a *api) inviteOperations() map[string]handler {
	return map[string]handler{
		"createInvite":   with(a.createInvite),
		"listInvites":    a.listInvites,
		"getInvite":      a.getInvite,
		"revokeInvite":   a.revokeInvite,
		"resendInvite":   a.resendInvite,
		"activateInvite": a.activateInvite,
	}
}

func inviteOf(in invites.Invite) wire.Invite {
	return wire.Invite{
		ID: in.ID, Role: wire.SpaceRole(in.Role), State: wire.InviteState(in.State), IssuedBy: in.Issuer,
		CreatedAt: in.Created, ExpiresAt: in.Ends, UsedBy: in.UsedBy, UsedAt: in.UsedAt,
		MaxUses: in.MaxUses, Uses: in.Uses, Email: in.Email, Domain: in.Domain, Name: in.Name, Note: in.Note,
	}
}

func (a *api) createInvite(c *call, in wire.NewInvite) (any, error) {
	invite, err := a.Desk.CreateInvite(c, c.who, c.id("spaceId"), invites.NewInvite{
		Role: roles.Role(in.Role), TTL: time.Duration(in.ExpiresIn) * time.Second, MaxUses: in.MaxUses,
		Email: in.Email, Domain: in.Domain, Name: in.Name, Note: in.Note, Send: in.Send,
	})
	return wire.Created{ID: invite.ID}, err
}

func (a *api) listInvites(c *call) (any, error) {
	found, next, err := a.Desk.ListInvites(c, c.who, c.id("spaceId"), invites.State(c.param("state")), c.page())
	return wire.Invites{Items: all(found, inviteOf), Next: cursor(next)}, err
}

func (a *api) getInvite(c *call) (any, error) {
	invite, err := a.Desk.GetInvite(c, c.who, c.id("spaceId"), c.id("inviteId"))
	return inviteOf(invite), err
}

func (a *api) revokeInvite(c *call) (any, error) {
	return nil, a.Desk.RevokeInvite(c, c.who, c.id("spaceId"), c.id("inviteId"))
}

func (a *api) resendInvite(c *call) (any, error) {
	invite, err := a.Desk.ResendInvite(c, c.who, c.id("spaceId"), c.id("inviteId"))
	return inviteOf(invite), err
}

func (a *api) activateInvite(c *call) (any, error) {
	got, err := a.Desk.ActivateInvite(c, c.who, c.id("spaceId"), c.id("inviteId"))
	return wire.Membership{SpaceID: got.Space, Role: wire.SpaceRole(got.Role)}, err
}
