package handlers

import (
	"time"

	"usher/auth"
	"usher/handlers/wire"
	"usher/invites"
)

func (a *api) ledgerOperations() map[string]handler {
	return map[string]handler{
		"listLinkUses": a.listLinkUses, "listInviteUses": a.listInviteUses,
		"countIssuedInSpace": a.countIssuedInSpace, "countIssuedInRoom": a.countIssuedInRoom,
	}
}

func (a *api) listLinkUses(c *call) (any, error) {
	read := func(page auth.Page) ([]invites.Use, string, error) {
		return a.Desk.ListLinkUses(c, c.who, c.id("spaceId"), c.id("roomId"), c.id("linkId"), page)
	}
	return c.uses(c.id("linkId"), "seatId", read, func(u invites.Use, w *wire.Use) { w.SeatID = u.Who })
}

func (a *api) listInviteUses(c *call) (any, error) {
	read := func(page auth.Page) ([]invites.Use, string, error) {
		return a.Desk.ListInviteUses(c, c.who, c.id("spaceId"), c.id("inviteId"), page)
	}
	return c.uses(c.id("inviteId"), "userId", read, func(u invites.Use, w *wire.Use) { w.UserID = u.Who })
}

// uses answers with a page of a ledger, or with the whole of it as a file; who is what the file calls those who came.
func (c *call) uses(name, who string, read func(auth.Page) ([]invites.Use, string, error), put func(invites.Use, *wire.Use)) (any, error) {
	if c.wantsCSV() {
		return usesSheet(name, who, read)
	}
	found, next, err := read(c.page())
	return wire.Uses{Items: all(found, func(u invites.Use) wire.Use {
		w := wire.Use{
			ID: u.ID, At: u.At, Outcome: wire.UseOutcome(u.Outcome), Reason: u.Reason, Name: u.Name, Address: u.Address, Browser: u.Browser,
		}
		put(u, &w)
		return w
	}), Next: cursor(next)}, err
}

// usesSheet reads a whole ledger, which has a bound.
func usesSheet(name, who string, read func(auth.Page) ([]invites.Use, string, error)) (any, error) {
	s := sheet{name: name, header: []string{"at", "outcome", "reason", who, "name", "address", "browser"}}
	for page := (auth.Page{Limit: 1000}); ; {
		found, next, err := read(page)
		if err != nil {
			return nil, err
		}
		for _, u := range found {
			s.rows = append(s.rows, []string{u.At.Format(time.RFC3339Nano), string(u.Outcome), u.Reason, u.Who, u.Name, u.Address, u.Browser})
		}
		if page.After = next; next == "" {
			return s, nil
		}
	}
}

func voidOf(l invites.Lineage) wire.VoidReason {
	return wire.VoidReason{
		Code: wire.VoidReasonCode(l.Loss.Cause), From: wire.VoidReasonFrom(l.Loss.From), By: l.Loss.By, At: l.Loss.At,
	}
}

func (a *api) countIssuedInSpace(c *call) (any, error) {
	got, err := a.Desk.IssuedInSpace(c, c.who, c.id("spaceId"), c.id("userId"))
	return issuedOf(got), err
}

func (a *api) countIssuedInRoom(c *call) (any, error) {
	got, err := a.Desk.IssuedInRoom(c, c.who, c.id("spaceId"), c.id("roomId"), c.id("userId"))
	return issuedOf(got), err
}

func issuedOf(i invites.Issued) wire.IssuedCount {
	return wire.IssuedCount{Links: i.Links, Invites: i.Invites, Seats: i.Seats, More: i.More}
}
