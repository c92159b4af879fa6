package invites

import (
	"cmp"
	"context"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/roles"
)

// A LinkPatch changes what is not nil of a link that is not over for good.
type LinkPatch struct {
	TTL       *time.Duration // prolongs or shortens it: from now on, or from NotBefore where that is still to come
	Paused    *bool          // a paused link takes no seats, and the sessions of those taken are over
	Username  *string        // of the link and of the seats that it gave, from their next token or join on
	Note      *string
	NotBefore *time.Time     // for newcomers: who sits there stays. A time that is past is none
	MaxUses   *int           // no fewer than were taken
	PIN       *secret.String // an empty one is none; either ends a pause

	AllowAccount *bool

	// MoveSeat is the id of a seat whose owner changes browsers, or empty: its session and its key are over, and the next
	// newcomer has its place. Repeating it changes nothing.
	MoveSeat string
}

// UpdateLink changes a link. An expired or paused one may so come to life again: its seats may then redeem again, but
// the sessions that ended with it stay ended. ErrLinkRevoked, which also a link is whose issuer
// fell, is final; it is an auth.FieldError for what is out of range.
func (d *Desk) UpdateLink(ctx context.Context, who auth.Identity, space, room, id string, patch LinkPatch) (Link, error) {
	if err := d.checkPatch(&patch); err != nil {
		return Link{}, err
	}
	err := auth.Settle(func() error {
		st, link, err := d.link(ctx, who, space, room, id)
		switch {
		case err != nil:
			return err
		case link.State == Revoked, link.State == Void:
			return ErrLinkRevoked
		}
		return d.change(ctx, st, link, patch)
	})
	if err == nil && (patch.TTL != nil || patch.Username != nil) {
		err = d.seatsFollow(context.WithoutCancel(ctx), room, id)
	}
	e := audit.Event{Type: audit.LinkUpdated, Subject: id, Space: space, Room: room}
	err = d.auth.Recorded(ctx, who, e, err)
	if patch.MoveSeat != "" {
		e.Type, e.Subject = audit.SeatMoved, patch.MoveSeat
		err = d.auth.Recorded(ctx, who, e, err)
	}
	if err != nil {
		return Link{}, err
	}
	return d.GetLink(ctx, who, space, room, id)
}

// checkPatch looks at what needs no link for that, and gives the texts the form in which they are kept.
func (d *Desk) checkPatch(p *LinkPatch) error {
	var wrong []error
	if p.TTL != nil {
		wrong = append(wrong, d.checkTTL(*p.TTL))
	}
	if p.Username != nil {
		name, err := auth.ShownName("username", *p.Username)
		p.Username, wrong = &name, append(wrong, err)
	}
	if p.Note != nil {
		note, err := auth.ShownText("/note", *p.Note, longestNote)
		p.Note, wrong = &note, append(wrong, err)
	}
	if p.NotBefore != nil {
		start, err := checkStart(*p.NotBefore, d.auth.Now())
		p.NotBefore, wrong = &start, append(wrong, err)
	}
	if p.PIN != nil {
		wrong = append(wrong, checkPIN(*p.PIN))
	}
	return cmp.Or(wrong...)
}

// change applies a patch to a link as it was read.
func (d *Desk) change(ctx context.Context, st roles.Standing, link Link, patch LinkPatch) error {
	key := auth.LinkKey(st.Room.ID, link.ID)
	tx := store.Tx{If: append(append(st.InOffice(), link.unchanged(key)...), store.Present(auth.EpochKey("r:"+st.Room.ID, link.Epoch)))}
	if link.State == Paused || link.State == Expired { // nobody is seated meanwhile
		err := d.eachSeat(ctx, st.Room.ID, link.ID, link.unchanged(key), func(seat store.Key) []store.Write {
			return []store.Write{store.Set(seat, store.Record{"sid": ""})}
		})
		if err != nil {
			return err
		}
	}
	was := link
	if err := d.patched(&link, patch, st.Now); err != nil {
		return err
	}
	if more := link.places() - was.places(); more != 0 {
		tx.If = append(tx.If, store.Above(key, "left", int64(-more-1)))
		tx.Do = append(tx.Do, store.Add(key, "left", int64(more)))
	}
	if patch.MoveSeat != "" {
		if err := d.move(ctx, st, link, patch.MoveSeat, &tx); err != nil {
			return err
		}
	}
	changed := difference(was, link)
	changed["rev"] = d.auth.NewID()
	if patch.PIN != nil { // whatever was counted meanwhile
		changed["pinTries"], changed["pinAt"] = "", ""
	}
	tx.Do = append(tx.Do, store.Set(key, changed))
	if !link.Ends.Equal(was.Ends) {
		tx.Do = append(tx.Do, store.Remove(linksOf(st.Room.ID), auth.ByTime(was.Ends, link.ID)))
		tx.Do = append(tx.Do, auth.ListByEnd(linksOf(st.Room.ID), link.Ends, link.ID, st.Now)...)
		tx.Do = append(tx.Do, store.Collect(key, link.Ends.Add(auth.KeptAfterEnd)))
	}
	return d.auth.Change(ctx, tx)
}

// unchanged is that a link is as it was read, but for who has come since, as conditions.
func (l Link) unchanged(key store.Key) []store.Cond {
	return []store.Cond{store.Present(key), store.Equal(key, "ended", ""), store.Equal(key, "rev", l.Rev)}
}

// difference are the fields in which a link differs, but for the places left, of which those take who come meanwhile.
func difference(was, is Link) store.Record {
	fields := store.Fields(is).Without(store.Fields(was))
	delete(fields, "left")
	return fields
}

// patched makes of a link what a patch asks for.
func (d *Desk) patched(l *Link, p LinkPatch, now time.Time) error {
	assign(&l.Username, p.Username)
	assign(&l.Note, p.Note)
	assign(&l.NotBefore, p.NotBefore)
	assign(&l.AllowAccount, p.AllowAccount)
	if p.Paused != nil {
		l.Paused = time.Time{}
		if *p.Paused {
			l.Paused = now
		}
	}
	if p.TTL != nil {
		l.Ends = later(now, l.NotBefore).Add(*p.TTL)
	}
	if p.NotBefore != nil && !l.Ends.After(l.NotBefore) {
		return &auth.FieldError{Field: "/notBefore", Reason: "not before the link's end: a ttl moves that, too"}
	}
	if p.PIN != nil {
		l.PIN = ""
		if !p.PIN.Empty() {
			l.PIN = d.auth.HashPIN(l.ID, *p.PIN)
		}
	}
	if p.MaxUses != nil {
		taken := l.Taken()
		l.MaxUses = *p.MaxUses
		l.Left = l.places() - taken
		if l.Left < 0 {
			return &auth.FieldError{Field: "/maxUses", Reason: "fewer than the seats that were taken"}
		}
		return checkUses(l.MaxUses, l.Permanent)
	}
	return nil
}

func assign[T any](to, what *T) {
	if what != nil {
		*to = *what
	}
}

// move frees the place of a seat in a transaction. The seat stays, so that its key does not take the place again.
func (d *Desk) move(ctx context.Context, st roles.Standing, link Link, id string, tx *store.Tx) error {
	key := auth.SeatKey(st.Room.ID, id)
	recs, err := d.auth.Store.Get(ctx, key)
	if err != nil {
		return err
	}
	var seat Seat
	if err := recs[0].Load(&seat); err != nil {
		return err
	}
	switch {
	case seat.Link != link.ID:
		return &auth.FieldError{Field: "/moveSeat", Reason: "not a seat of the link"}
	case seat.Moved:
		return nil
	case seat.Account != "":
		return &auth.FieldError{Field: "/moveSeat", Reason: "kept by an account"}
	case !seat.Out.IsZero():
		return &auth.FieldError{Field: "/moveSeat", Reason: "put out of the room"}
	}
	tx.If = append(tx.If, store.Present(key), store.Equal(key, "ended", ""), store.Equal(key, "account", ""))
	tx.Do = append(tx.Do, store.Set(key, store.Record{"sid": "", "ended": store.Millis(st.Now), "moved": "1"}),
		store.Add(auth.LinkKey(st.Room.ID, link.ID), "left", 1))
	return nil
}

// seatsFollow gives the seats of a link its name, and lets them be collected no sooner than the link itself. A seat that
// is taken meanwhile looks after that itself: it is refused where its link is not the one that it read.
func (d *Desk) seatsFollow(ctx context.Context, room, link string) error {
	return auth.Settle(func() error {
		key, seats := auth.LinkKey(room, link), seatsOf(room, link)
		recs, err := d.auth.Store.Get(ctx, key)
		if err != nil || recs[0] == nil {
			return err
		}
		same := []store.Cond{store.Equal(key, "rev", recs[0]["rev"])}
		end, name := recs[0].Time("ends").Add(auth.KeptAfterEnd), store.Record{"name": recs[0]["name"]}
		keep := append(ledger{auth.LinkKey(room, link), end}.keep(), store.CollectIndex(seats, end))
		if err := d.auth.Change(ctx, store.Tx{If: same, Do: keep}); err != nil {
			return err
		}
		return d.eachSeat(ctx, room, link, same, func(seat store.Key) []store.Write {
			return []store.Write{store.Set(seat, name), store.Collect(seat, end)}
		})
	})
}
