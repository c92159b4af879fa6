package invites

import (
	"cmp"
	"context"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
	"usher/roles"
)

// ListLinks lists the links of a room, the next to end first, to those who may issue them; never their tokens.
func (d *Desk) ListLinks(ctx context.Context, who auth.Identity, space, room string, page auth.Page) ([]Link, string, error) {
	if _, err := d.mayIssue(ctx, who, space, room); err != nil {
		return nil, "", err
	}
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
		func(id string, rec, lineage store.Record) (Link, error) {
			link := Link{ID: id}
			err := rec.Load(&link)
			link.looked(lineage, d.auth.Now())
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

// A LinkPatch changes a link that is not revoked. TTL prolongs or shortens it, from now on. A paused link takes no
// seats, and the sessions of those taken are over.
type LinkPatch struct {
	TTL    *time.Duration
	Paused *bool
}

// UpdateLink changes a link. An expired or paused one may so come to life again: its seats may then redeem again, but
// the sessions that ended with it stay ended. ErrLinkRevoked is final; it is an auth.FieldError for a ttl out of range.
func (d *Desk) UpdateLink(ctx context.Context, who auth.Identity, space, room, id string, patch LinkPatch) (Link, error) {
	if patch.TTL != nil {
		if err := d.checkTTL(*patch.TTL); err != nil {
			return Link{}, err
		}
	}
	err := auth.Settle(func() error {
		st, link, err := d.link(ctx, who, space, room, id)
		switch {
		case err != nil:
			return err
		case link.State == Revoked:
			return ErrLinkRevoked
		}
		return d.change(ctx, st, link, patch)
	})
	if err == nil && patch.TTL != nil {
		err = d.keepSeats(context.WithoutCancel(ctx), room, id)
	}
	e := audit.Event{Type: audit.LinkUpdated, Subject: id, Space: space, Room: room}
	if err := d.auth.Recorded(ctx, who, e, err); err != nil {
		return Link{}, err
	}
	return d.GetLink(ctx, who, space, room, id)
}

// change applies a patch to a link as it was read.
func (d *Desk) change(ctx context.Context, st roles.Standing, link Link, patch LinkPatch) error {
	room, key := st.Room.ID, auth.LinkKey(st.Room.ID, link.ID)
	unchanged := []store.Cond{store.Equal(key, "ended", ""), store.Equal(key, "rev", link.Rev)}
	if link.State == Paused || link.State == Expired { // nobody is seated meanwhile
		err := d.eachSeat(ctx, room, link.ID, unchanged, func(seat store.Key) store.Write {
			return store.Set(seat, store.Record{"sid": ""})
		})
		if err != nil {
			return err
		}
	}
	var writes []store.Write
	changed := store.Record{"rev": d.auth.NewID()}
	if patch.Paused != nil {
		changed["paused"] = ""
		if *patch.Paused {
			changed["paused"] = store.Millis(st.Now)
		}
	}
	if patch.TTL != nil {
		ends := st.Now.Add(*patch.TTL)
		changed["ends"] = store.Millis(ends)
		writes = append(writes, store.Remove(linksOf(room), auth.ByTime(link.Ends, link.ID)))
		writes = append(writes, auth.ListByEnd(linksOf(room), ends, link.ID, st.Now)...)
		writes = append(writes, store.Collect(key, ends.Add(auth.KeptAfterEnd)))
	}
	return d.auth.Change(ctx, store.Tx{If: append(st.InOffice(), unchanged...), Do: append(writes, store.Set(key, changed))})
}

// keepSeats lets the seats of a link be collected no sooner than the link itself. A seat that is taken meanwhile looks
// after that itself, because it is refused where the end of its link is not the one that it read.
func (d *Desk) keepSeats(ctx context.Context, room, link string) error {
	return auth.Settle(func() error {
		recs, err := d.auth.Store.Get(ctx, auth.LinkKey(room, link))
		if err != nil || recs[0] == nil {
			return err
		}
		same := []store.Cond{store.Equal(auth.LinkKey(room, link), "ends", recs[0]["ends"])}
		end, seats := recs[0].Time("ends").Add(auth.KeptAfterEnd), seatsOf(room, link)
		if err := d.auth.Change(ctx, store.Tx{If: same, Do: []store.Write{store.CollectIndex(seats, end)}}); err != nil {
			return err
		}
		return d.eachSeat(ctx, room, link, same, func(seat store.Key) store.Write { return store.Collect(seat, end) })
	})
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
