package invites

import (
	"context"
	"time"

	"usher/auth"
	"usher/internal/store"
	"usher/roles"
)

// Issued is how much of what somebody has issued falls with his role: links that give seats or will, invites that wait,
// and the seats that were taken on his links. More says that there may be more than were looked at.
type Issued struct {
	Links, Invites, Seats int
	More                  bool
}

// Of each place so many links and invites are looked at, whoever has issued them, and so many in all.
const (
	lookedAt    = 1000
	lookedAtAll = 10_000
)

// IssuedInSpace counts what falls with a member's role in a space and in its rooms, for whoever may take that role.
// Errors are those of roles.HeldInSpace.
func (d *Desk) IssuedInSpace(ctx context.Context, who auth.Identity, space, user string) (Issued, error) {
	holds, more, err := d.spaces.HeldInSpace(ctx, who, space, user)
	if err != nil {
		return Issued{}, err
	}
	got, looked := Issued{More: more}, 0
	for _, hold := range holds {
		if looked >= lookedAtAll {
			got.More = true
			break
		}
		n, err := d.count(ctx, space, hold, &got)
		if err != nil {
			return Issued{}, err
		}
		looked += n
	}
	return got, nil
}

// IssuedInRoom is IssuedInSpace for a role in one room. Errors are those of roles.HeldInRoom.
func (d *Desk) IssuedInRoom(ctx context.Context, who auth.Identity, space, room, user string) (Issued, error) {
	hold, err := d.spaces.HeldInRoom(ctx, who, space, room, user)
	if err != nil {
		return Issued{}, err
	}
	var got Issued
	_, err = d.count(ctx, space, hold, &got)
	return got, err
}

// count adds what hangs on a hold, and says how much it looked at: what has not ended, as the lists are in that order.
func (d *Desk) count(ctx context.Context, space string, hold roles.Hold, got *Issued) (int, error) {
	now := d.auth.Now()
	list, key := invitesOf(space), func(id string) store.Key { return inviteKey(space, id) }
	if hold.Room != "" {
		list, key = linksOf(hold.Room), func(id string) store.Key { return auth.LinkKey(hold.Room, id) }
	}
	entries, err := d.auth.Store.List(ctx, list, store.Page{After: auth.ByTime(now, "\xff"), Limit: lookedAt})
	if err != nil {
		return 0, err
	}
	got.More = got.More || len(entries) == lookedAt
	keys := make([]store.Key, len(entries))
	for i, entry := range entries {
		keys[i] = key(auth.IDOf(entry))
	}
	recs, err := d.auth.Store.Get(ctx, keys...)
	if err != nil {
		return 0, err
	}
	for _, rec := range recs {
		if rec == nil || rec["epoch"] != hold.Epoch {
			continue
		}
		if err := got.add(rec, hold.Room != "", now); err != nil {
			return 0, err
		}
	}
	return len(entries), nil
}

// add counts one link, or one invite, whose issuer stands.
func (i *Issued) add(rec store.Record, isLink bool, now time.Time) error {
	if !isLink {
		var in Invite
		err := in.load(rec)
		if err == nil && in.state(store.Record{}, now) == Pending {
			i.Invites++
		}
		return err
	}
	var link Link
	if err := rec.Load(&link); err != nil {
		return err
	}
	switch link.state(store.Record{}, now) {
	case Live, Early, Paused:
		i.Links++
		i.Seats += link.Taken()
	case Used:
		i.Seats += link.Taken()
	}
	return nil
}
