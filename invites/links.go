package invites

import (
	"cmp"
	"context"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/roles"
)

// ListLinks lists the links of a room, the next to end first, to those who may issue them; never their tokens. What has
// ended stays there for auth.KeptAfterEnd.
func (d *Desk) ListLinks(ctx context.Context, who auth.Identity, space, room string, page auth.Page) ([]Link, string, error) {
	st, _, err := d.spaces.InRoom(ctx, who, space, room)
	if err != nil {
		return nil, "", err
	}
	if err := st.MayLook(roles.IssueLinks); err != nil {
		return nil, "", err
	}
	page.After = max(page.After, auth.ByTime(d.auth.Now().Add(-auth.KeptAfterEnd), ""))
	ids, next, err := d.inOrder(ctx, linksOf(room), page)
	if err != nil {
		return nil, "", err
	}
	links, err := d.links(ctx, room, ids...)
	return links, next, err
}

// links reads links with their states; one that is not there is left out.
func (d *Desk) links(ctx context.Context, room string, ids ...string) ([]Link, error) {
	return described(ctx, d, "r:"+room, ids, func(id string) store.Key { return auth.LinkKey(room, id) },
		func(id string, rec store.Record, from descent) (Link, error) {
			link := Link{ID: id}
			if err := rec.Load(&link); err != nil {
				return link, err
			}
			link.looked(from.epoch, d.auth.Now())
			var err error
			link.Lineage, err = from.of(link.State)
			return link, err
		})
}

// GetLink answers those who may issue links in the room. ErrLinkUnknown where it is not of this room.
func (d *Desk) GetLink(ctx context.Context, who auth.Identity, space, room, id string) (Link, error) {
	_, link, err := d.link(ctx, who, space, room, id)
	return link, err
}

// link is a link, and where the caller stands who may issue such.
func (d *Desk) link(ctx context.Context, who auth.Identity, space, room, id string) (roles.Standing, Link, error) {
	st, err := d.mayIssue(ctx, who, space, room)
	if err != nil {
		return st, Link{}, err
	}
	found, err := d.links(ctx, room, id)
	if err != nil || len(found) == 0 {
		return st, Link{}, cmp.Or(err, ErrLinkUnknown)
	}
	return st, found[0], nil
}

// ReplaceLink gives a link another token, whose address is shown this once: the one before is worth nothing from then on,
// and those who sit there stay. ErrLinkRevoked where it is over for good, also with its issuer; roles.ErrRoomClosed.
func (d *Desk) ReplaceLink(ctx context.Context, who auth.Identity, space, room, id string) (Link, secret.String, error) {
	var link Link
	var location secret.String
	err := auth.Settle(func() error {
		st, found, err := d.link(ctx, who, space, room, id)
		switch {
		case err != nil:
			return err
		case found.State == Revoked || found.State == Void:
			return ErrLinkRevoked
		case !st.Room.Closed.IsZero():
			return roles.ErrRoomClosed
		}
		token, key := d.newToken(space, room, id), auth.LinkKey(room, id)
		link, location = found, d.url(st.Room.Alias, found.Username, token)
		return d.auth.Change(ctx, store.Tx{
			If: append(append(st.InOffice(), found.unchanged(key)...), store.Present(auth.EpochKey("r:"+room, found.Epoch))),
			Do: []store.Write{store.Set(key, store.Record{"hash": token.hash(), "rev": d.auth.NewID()})},
		})
	})
	err = d.auth.Recorded(ctx, who, audit.Event{Type: audit.LinkReplaced, Subject: id, Space: space, Room: room}, err)
	if err != nil {
		return Link{}, secret.String{}, err
	}
	return link, location, nil
}

// RevokeLink ends a link for good; all who sit on it are out at once. Repeating it changes nothing.
func (d *Desk) RevokeLink(ctx context.Context, who auth.Identity, space, room, id string) error {
	err := auth.Settle(func() error {
		st, link, err := d.link(ctx, who, space, room, id)
		if err != nil || link.State == Revoked {
			return err
		}
		key := auth.LinkKey(room, id)
		return d.auth.Change(ctx, store.Tx{
			If: append(st.InOffice(), store.Present(key), store.Equal(key, "ended", "")),
			Do: []store.Write{store.Set(key, store.Record{"ended": store.Millis(st.Now)})},
		})
	})
	return d.auth.Recorded(ctx, who, audit.Event{Type: audit.LinkRevoked, Subject: id, Space: space, Room: room}, err)
}
