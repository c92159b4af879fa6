package handlers

import (
	"errors"
	"strings"
	"time"

	"usher/auth"
	"usher/handlers/wire"
	"usher/invites"
	"usher/roles"
)

func (a *api) inviteOperations() map[string]handler {
	return map[string]handler{
		"createInvite":   with(a.createInvite),
		"createInvites":  with(a.createInvites),
		"getInviteBatch": a.getInviteBatch,
		"listInvites":    a.listInvites,
		"getInvite":      a.getInvite,
		"revokeInvite":   a.revokeInvite,
		"resendInvite":   a.resendInvite,
		"activateInvite": a.activateInvite,
	}
}

func inviteOf(in invites.Invite) wire.Invite {
	return wire.Invite{
		ID: in.ID, Role: wire.SpaceRole(in.Role), State: wire.InviteState(in.State), IssuedBy: in.Issuer, IssuerName: in.IssuerName, VoidReason: voidOf(in.Lineage),
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

func (a *api) createInvites(c *call, in wire.NewInvites) (any, error) {
	batch, rows, err := a.Desk.CreateInvites(c, c.who, c.id("spaceId"), invites.NewInvites{
		Rows: all(in.Rows, func(r wire.InviteRow) invites.Row {
			return invites.Row{Email: r.Email, Name: r.Name, Role: roles.Role(r.Role)}
		}),
		TTL: time.Duration(in.ExpiresIn) * time.Second, Note: in.Note,
	})
	out := wire.InviteBatch{BatchID: batch, Rows: all(rows, resultOf)}
	for i := range out.Rows {
		out.Rows[i].Row = i + 1
	}
	return out, err
}

// resultOf is what became of a row, with what a problem would say of it.
func resultOf(r invites.RowResult) wire.InviteResult {
	out := wire.InviteResult{Status: wire.InviteResultStatus(r.Outcome), ID: r.Invite}
	if r.Why != nil {
		out.Code = problemOf(r.Why).code
	}
	if wrong, ok := errors.AsType[*auth.FieldError](r.Why); ok {
		out.Field = strings.TrimPrefix(wrong.Field, "/")
	}
	return out
}

func (a *api) getInviteBatch(c *call) (any, error) {
	p, err := a.Desk.Progress(c, c.who, c.id("spaceId"), c.id("batchId"))
	return wire.MailProgress{Total: p.Total, Sent: p.Sent, Failed: p.Failed, Waiting: p.Waiting}, err
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
