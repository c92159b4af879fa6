package handlers

import (
	"time"

	"usher/handlers/wire"
	"usher/internal/qrcode"
	"usher/internal/secret"
	"usher/invites"
)

func (a *api) linkOperations() map[string]handler {
	return map[string]handler{
		"generateAccess":    with(a.generateAccess),
		"listAccessLinks":   a.listAccessLinks,
		"getAccessLink":     a.getAccessLink,
		"updateAccessLink":  with(a.updateAccessLink),
		"revokeAccessLink":  a.revokeAccessLink,
		"replaceAccessLink": a.replaceAccessLink,
		"previewAccess":     with(a.previewAccess),
		"redeemAccess":      with(a.redeemAccess),
		"joinAsGuest":       with(a.joinAsGuest),
		"getSeat":           a.getSeat,
		"leaveSeat":         a.leaveSeat,
		"keepSeat":          with(a.keepSeat),
	}
}

func linkOf(l invites.Link) wire.AccessLink {
	taken := l.Taken()
	return wire.AccessLink{
		ID: l.ID, Username: l.Username, Role: wire.GuestRole(l.Role), ExternalUserID: l.ExternalUserID,
		IsPermanent: l.Permanent, State: wire.LinkState(l.State), Seats: &taken, IssuedBy: l.Issuer, IssuerName: l.IssuerName, VoidReason: voidOf(l.Lineage),
		CreatedAt: l.Created, ExpiresAt: l.Ends, MaxUses: l.MaxUses, NotBefore: l.NotBefore, Note: l.Note,
		SeatID: l.Seat, HasPin: l.PIN != "", AllowAccount: l.AllowAccount, PinFailures: l.PINFailures, PinPausedUntil: l.PINPaused,
	}
}

func (a *api) generateAccess(c *call, in wire.NewLink) (any, error) {
	link, url, err := a.Desk.GenerateAccess(c, c.who, c.id("spaceId"), c.id("roomId"), invites.NewLink{
		Username: in.Username, Role: string(in.Role), ExternalUserID: in.ExternalUserID,
		TTL: time.Duration(in.TTL) * time.Second, Permanent: in.IsPermanent, MaxUses: in.MaxUses, NotBefore: in.NotBefore,
		Note: in.Note, PIN: secret.New(in.Pin), AllowAccount: in.AllowAccount,
	})
	if err != nil {
		return nil, err
	}
	return createdOf(c, link, url), nil
}

// createdOf shows the address of a link, and draws it.
func createdOf(c *call, link invites.Link, address secret.String) wire.LinkCreated {
	created := wire.LinkCreated{ID: link.ID, URL: address.Reveal(), ExpiresAt: link.Ends}
	if c.param("qrCode") == "none" {
		return created
	}
	if code, err := qrcode.Draw(created.URL); err == nil { // else it is too long for one
		created.QrCode = &wire.QRCode{Svg: code.SVG, Png: code.PNG}
	}
	return created
}

func (a *api) listAccessLinks(c *call) (any, error) {
	links, next, err := a.Desk.ListLinks(c, c.who, c.id("spaceId"), c.id("roomId"), c.page())
	return wire.AccessLinks{Items: all(links, linkOf), Next: cursor(next)}, err
}

func (a *api) getAccessLink(c *call) (any, error) {
	link, err := a.Desk.GetLink(c, c.who, c.id("spaceId"), c.id("roomId"), c.id("linkId"))
	return linkOf(link), err
}

func (a *api) updateAccessLink(c *call, in wire.LinkPatch) (any, error) {
	patch := invites.LinkPatch{
		Paused: in.Paused, Username: in.Username, Note: in.Note, NotBefore: in.NotBefore, MaxUses: in.MaxUses, MoveSeat: in.MoveSeat,
		AllowAccount: in.AllowAccount,
	}
	if in.TTL != nil {
		patch.TTL = new(time.Duration(*in.TTL) * time.Second)
	}
	if in.Pin != nil {
		patch.PIN = new(secret.New(*in.Pin))
	}
	link, err := a.Desk.UpdateLink(c, c.who, c.id("spaceId"), c.id("roomId"), c.id("linkId"), patch)
	return linkOf(link), err
}

func (a *api) revokeAccessLink(c *call) (any, error) {
	return nil, a.Desk.RevokeLink(c, c.who, c.id("spaceId"), c.id("roomId"), c.id("linkId"))
}

func (a *api) replaceAccessLink(c *call) (any, error) {
	link, url, err := a.Desk.ReplaceLink(c, c.who, c.id("spaceId"), c.id("roomId"), c.id("linkId"))
	if err != nil {
		return nil, err
	}
	return createdOf(c, link, url), nil
}

func (a *api) previewAccess(c *call, in wire.AccessToken) (any, error) {
	p, err := a.Desk.Preview(c, secret.New(in.AccessToken))
	return wire.AccessPreview{
		RoomName: p.Room.Name, Alias: p.Room.Alias, ParticipantName: p.Link.Username, Role: wire.GuestRole(p.Link.Role),
		State: wire.LinkState(p.Link.State), ExpiresAt: p.Link.Ends, NotBefore: p.Link.NotBefore, NeedsPin: p.Link.PIN != "",
	}, err
}

func (a *api) redeemAccess(c *call, in wire.Redemption) (any, error) {
	seated, err := a.Desk.Redeem(c, secret.New(in.AccessToken), secret.New(in.SeatKey), secret.New(in.Pin))
	if err != nil {
		return nil, err
	}
	return a.seatedOf(c, seated, in.UseCookies), nil
}

func (a *api) joinAsGuest(c *call, in wire.NewGuest) (any, error) {
	seated, err := a.Desk.JoinAsGuest(c, c.who, c.id("spaceId"), c.id("roomId"), in.Name, secret.New(in.SeatKey))
	if err != nil {
		return nil, err
	}
	return a.seatedOf(c, seated, in.UseCookies), nil
}

func (a *api) seatedOf(c *call, s invites.Seated, useCookies bool) wire.Seated {
	tokens := a.handOut(c, s.Tokens, useCookies, s.Alias)
	return wire.Seated{
		TokenType: tokens.TokenType, AccessToken: tokens.AccessToken, ExpiresIn: tokens.ExpiresIn, RefreshToken: tokens.RefreshToken,
		SeatKey: s.SeatKey.Reveal(), SeatID: s.ID, SpaceID: s.Space, RoomID: s.Room,
		Role: wire.GuestRole(s.Role), ParticipantName: s.Username,
	}
}

func (a *api) getSeat(c *call) (any, error) {
	seat, ends, err := a.Desk.GetSeat(c, c.who)
	return wire.Seat{
		SeatID: seat.ID, SpaceID: c.who.Space, RoomID: c.who.Room, LinkID: seat.Link, Role: wire.GuestRole(seat.Role),
		ParticipantName: seat.Username, ExternalUserID: seat.ExternalUserID, IsAnonymous: seat.Link == "", ExpiresAt: ends,
	}, err
}

func (a *api) leaveSeat(c *call) (any, error) {
	err := a.Desk.LeaveSeat(c, c.who)
	a.forgetIf(c, err == nil)
	return nil, err
}
