package invites

import (
	"cmp"
	"context"
	"maps"
	"time"

	"usher/auth"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/roles"
)

// A Seat is what redeeming a link takes. It belongs to one browser, by its seat key, until the link ends; its id is a
// hash of link and key, and so the same browser finds its seat again, and no other finds it. Its record holds the one
// session that the seat has at a time.
type Seat struct {
	ID             string
	Username       string    `store:"name"`
	Role           string    `store:"role"` // "user" or "moderator"
	ExternalUserID string    `store:"externalId"`
	Link           string    `store:"link"` // empty for who came through an open room's door
	Created        time.Time `store:"created"`
	Ends           time.Time `store:"ends"`      // of a seat without a link
	Out            time.Time `store:"ended"`     // put out for good
	Moved          bool      `store:"moved"`     // put out because its owner has changed browsers
	Permanent      bool      `store:"permanent"` // its link is: when it is put out, its place is free again
	Account        string    `store:"account"`   // of the user who keeps its role; nobody sits on it any more
	Invited        bool      `store:"invited"`   // and who got a role in the space with it
	Exit           string    `store:"exit"`      // his last one from the space, when he kept it
}

// Seated is what a guest gets.
type Seated struct {
	auth.Tokens
	Seat
	SeatKey     secret.String
	Space, Room string
	Alias       string // of the room
}

// Redeem takes a seat on a link, or the same seat again for the same seat key, with a new session in the stead of the
// old one. It is one transaction: however many come at once, a one-time link has one seat. An empty key asks for one;
// only who brings his own can repeat a redemption whose reply was lost.
// In this order it is ErrLinkUnknown, roles.ErrRoomClosed, ErrSeatBanned, ErrSeatKept, ErrLinkRevoked (also where its issuer fell),
// ErrLinkExpired, ErrLinkPaused, ErrLinkEarly, ErrLinkUsed, ErrPINPaused, ErrPINRequired, ErrPINWrong. The last five are
// for newcomers: who has a seat keeps it.
func (d *Desk) Redeem(ctx context.Context, token, key, pin secret.String) (Seated, error) {
	t, err := parseLinkToken(token)
	if err != nil {
		return Seated{}, err
	}
	if key, err = d.seatKey(key); err != nil {
		return Seated{}, err
	}
	var got Seated
	overtaken := false
	err = auth.Settle(func() error {
		h, err := d.hall(ctx, t, seatID(t.link, key))
		if err != nil {
			return err
		}
		if err := d.admit(ctx, h, overtaken); err != nil {
			return d.refused(ctx, h, err)
		}
		overtaken = true
		if err := d.ask(ctx, h, pin); err != nil {
			return d.refused(ctx, h, err)
		}
		got, err = d.take(ctx, h)
		return err
	})
	if err != nil {
		return Seated{}, err
	}
	got.SeatKey = key
	return got, nil
}

// NewSeatKey is one for a browser: 192 random bits.
func (d *Desk) NewSeatKey() secret.String {
	return secret.New(base64url.EncodeToString(d.auth.Random(24)))
}

// leastKey is 128 bits in base64url. What is shorter could be guessed.
const leastKey = 22

// seatKey is a guest's own key, or a new one. It is an auth.FieldError where one's own is too short.
func (d *Desk) seatKey(own secret.String) (secret.String, error) {
	switch {
	case own.Empty():
		return d.NewSeatKey(), nil
	case len(own.Reveal()) < leastKey:
		return own, &auth.FieldError{Field: "seatKey", Reason: "shorter than 22 characters"}
	}
	return own, nil
}

// A hall is what one finds behind a link's token: the room, the link, and perhaps one's seat.
type hall struct {
	token linkToken
	room  roles.Room
	link  Link
	seat  Seat
	taken bool // the seat is there already
	ban   roles.Ban
}

// hall reads what a token leads to; ErrLinkUnknown where it leads nowhere.
func (d *Desk) hall(ctx context.Context, t linkToken, seat string) (hall, error) {
	h := hall{token: t, link: Link{ID: t.link}, seat: Seat{ID: seat}}
	recs, err := d.auth.Store.Get(ctx, auth.SpaceKey(t.space), auth.RoomKey(t.room), t.key(),
		auth.SeatKey(t.room, seat), roles.BanKey("r:"+t.room, seat))
	if err != nil {
		return h, err
	}
	h.room.ID, h.taken = t.room, recs[3] != nil
	for i, into := range []any{&h.room, &h.link, &h.seat, &h.ban} {
		if err := recs[i+1].Load(into); err != nil {
			return h, err
		}
	}
	if !auth.Alive(recs[0], d.auth.Now()) || !h.room.Ended.IsZero() || h.room.Space != t.space || !t.opens(recs[2]) {
		return h, ErrLinkUnknown
	}
	return h, nil
}

// admit is why there is no seat here for whoever stands in the hall; nil where there is one. That the link's issuer
// still stands is asked by the transaction; it is read before only where that has refused, or something else does.
func (d *Desk) admit(ctx context.Context, h hall, overtaken bool) error {
	now := d.auth.Now()
	if !overtaken && h.refusal(store.Record{}, now) == nil {
		return nil
	}
	lineage, err := d.lineage(ctx, "r:"+h.token.room, h.link.Epoch)
	if err != nil {
		return err
	}
	return h.refusal(lineage, now)
}

func (h hall) refusal(lineage store.Record, now time.Time) error {
	state := h.link.state(lineage, now)
	switch {
	case !h.room.Closed.IsZero():
		return roles.ErrRoomClosed
	case h.ban.InForce(now) || !h.seat.Out.IsZero() && !h.seat.Moved:
		return ErrSeatBanned
	case h.seat.Moved:
		return cmp.Or(h.link.refusal(state), ErrLinkUsed)
	case h.seat.Account != "":
		return ErrSeatKept
	case h.taken && (state == Used || state == Early):
		return nil // by himself
	}
	return h.link.refusal(state)
}

// take writes the seat and its new session. It is auth.ErrOvertaken where there is no seat any more.
func (d *Desk) take(ctx context.Context, h hall) (Seated, error) {
	guest, session := d.auth.SeatSession(auth.Identity{
		ID: h.seat.ID, Workspace: h.room.Workspace,
		Space: h.token.space, Room: h.token.room, Link: h.link.ID, Lineage: h.link.Epoch,
	})
	outcome := Admitted
	if h.taken {
		outcome = Again
	}
	if err := d.enter(ctx, h.ledger(), d.seating(&h, session), Use{Outcome: outcome, Who: h.seat.ID}); err != nil {
		return Seated{}, err
	}
	if err := d.seated(ctx, guest, h.seat.Role); err != nil {
		return Seated{}, err
	}
	tokens, err := d.auth.SeatTokens(guest, h.link.Ends)
	return Seated{Tokens: tokens, Seat: h.seat, Space: h.token.space, Room: h.token.room, Alias: h.room.Alias}, err
}

// stands are the link, the room, the seat and the issuer's standing as they must be at an instant, as conditions.
func (h hall) stands(now time.Time) []store.Cond {
	room, link, seat := h.token.room, h.token.key(), auth.SeatKey(h.token.room, h.seat.ID)
	return append(auth.WhileAlive(link, now, true), store.Equal(link, "rev", h.link.Rev),
		store.Present(auth.EpochKey("r:"+room, h.link.Epoch)),
		store.Equal(auth.RoomKey(room), "ended", ""), store.Equal(auth.RoomKey(room), "closed", ""),
		store.Equal(seat, "ended", ""), store.Equal(seat, "account", ""), roles.NotBanned("r:"+room, h.seat.ID, now))
}

// seating is the transaction: everything stands, and there is one seat fewer to give where this one is new.
func (d *Desk) seating(h *hall, session store.Record) store.Tx {
	now, room, link, seat := d.auth.Now(), h.token.room, h.token.key(), auth.SeatKey(h.token.room, h.seat.ID)
	tx := store.Tx{If: h.stands(now), Do: []store.Write{store.Set(seat, session)}}
	if h.taken {
		tx.If = append(tx.If, store.Present(seat))
		return tx
	}
	h.seat = Seat{
		ID: h.seat.ID, Username: h.link.Username, Role: h.link.Role, ExternalUserID: h.link.ExternalUserID,
		Link: h.link.ID, Created: now, Permanent: h.link.Permanent,
	}
	end := h.link.Ends.Add(auth.KeptAfterEnd)
	tx.If = append(append(tx.If, store.Absent(seat), store.Above(link, "left", 0)), h.notPINPaused()...)
	if h.link.places() == 1 {
		tx.Do = append(tx.Do, store.Set(link, store.Record{"seat": h.seat.ID}))
	}
	if h.link.PIN != "" {
		tx.Do = append(tx.Do, store.Set(link, store.Record{"pinTries": ""}))
	}
	maps.Copy(session, store.Fields(h.seat)) // one record, and one write
	tx.Do = append(tx.Do, store.Add(link, "left", -1), store.Collect(seat, end),
		store.Insert(seatsOf(room, h.link.ID), h.seat.ID), store.CollectIndex(seatsOf(room, h.link.ID), end))
	return tx
}
