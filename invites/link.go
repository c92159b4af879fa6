package invites

import (
	"cmp"
	"context"
	"net/url"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/roles"
)

// The bounds of a link.
const (
	DefaultLinkTTL = 24 * time.Hour
	MinLinkTTL     = time.Minute
	MaxLinkAhead   = 90 * 24 * time.Hour // before a link is valid
	MaxLinkUses    = 1000
	MaxSeats       = 10_000 // seats of a permanent link
	longestNote    = 200    // characters
)

// A Link lets someone without an account into one room, with a name and a role, until it ends. As an anchor of its
// seats' sessions it has the fields "ended" (revoked), "paused" and "ends".
type Link struct {
	ID             string
	Username       string    `store:"name"` // the shown name; the guest can't change it
	Role           string    `store:"role"` // "user" or "moderator"
	ExternalUserID string    `store:"externalId"`
	Permanent      bool      `store:"permanent"` // MaxSeats seats, and a seat that is put out gives its place back
	MaxUses        int       `store:"maxUses"`   // seats of one that is not permanent
	NotBefore      time.Time `store:"notBefore"` // nobody takes a seat before
	Note           string    `store:"note,13"`   // for those who manage the link
	PIN            string    `store:"pin"`       // as auth.HashPIN has it; empty where none is asked for
	PINFailures    int       `store:"pinTries"`  // wrong ones since the last right one
	PINFailed      time.Time `store:"pinAt"`     // the last of them
	AllowAccount   bool      `store:"account"`   // who sits on it may keep the role with an account
	Issuer         string    `store:"issuer"`
	Epoch          string    `store:"epoch"` // the issuer's, when he issued it
	Created        time.Time `store:"created"`
	Ends           time.Time `store:"ends"`
	Paused         time.Time `store:"paused"`
	Revoked        time.Time `store:"ended"`
	Left           int       `store:"left"` // seats that nobody has taken yet
	Seat           string    `store:"seat"` // the last that was taken, where there is one at a time
	Rev            string    `store:"rev"`  // changes with everything but what redeeming changes

	State State
	Lineage
	PINPaused time.Time // until when wrong PINs keep newcomers out; zero where they don't
}

// NewLink is what one asks for. A zero TTL is DefaultLinkTTL; it counts from NotBefore, where that is still to come. No
// MaxUses is one.
type NewLink struct {
	Username, Role, ExternalUserID string
	TTL                            time.Duration
	Permanent                      bool
	MaxUses                        int
	NotBefore                      time.Time
	Note                           string
	PIN                            secret.String // 4 to 12 digits, or none
	AllowAccount                   bool
}

// Taken is the number of seats that were taken on the link.
func (l Link) Taken() int { return l.places() - l.Left }

func (l Link) places() int {
	if l.Permanent {
		return MaxSeats
	}
	return max(1, l.MaxUses)
}

// GenerateAccess makes a link and, this once, its URL. Owner and moderators of the room may, while they may enter it;
// the space's owner as such may not. It is an auth.FieldError for what is out of range, roles.ErrRoomClosed for a room
// that nobody enters any more.
func (d *Desk) GenerateAccess(ctx context.Context, who auth.Identity, space, room string, in NewLink) (Link, secret.String, error) {
	asked, err := d.newLink(who, in)
	if err != nil {
		return Link{}, secret.String{}, err
	}
	var link Link
	var location secret.String
	err = auth.Settle(func() error {
		st, err := d.mayIssue(ctx, who, space, room)
		if err != nil {
			return err
		}
		if !st.Room.Closed.IsZero() {
			return roles.ErrRoomClosed
		}
		link = asked
		link.ID, link.Epoch, link.IssuerName = d.auth.NewID(), st.Tenure.Epoch, st.Name
		if !in.PIN.Empty() {
			link.PIN = d.auth.HashPIN(link.ID, in.PIN)
		}
		token := d.newToken(space, room, link.ID)
		location = d.url(st.Room.Alias, link.Username, token)
		return d.issue(ctx, st, link, token)
	})
	e := audit.Event{Type: audit.LinkCreated, Subject: link.ID, Space: space, Room: room, Role: in.Role}
	if err := d.auth.Recorded(ctx, who, e, err); err != nil {
		return Link{}, secret.String{}, err
	}
	return link, location, nil
}

// newLink is the link that somebody asks for, but for what is found out where it is made.
func (d *Desk) newLink(who auth.Identity, in NewLink) (Link, error) {
	now := d.auth.Now()
	if in.TTL == 0 {
		in.TTL = min(DefaultLinkTTL, d.set.MaxLinkTTL)
	}
	if !in.Permanent && in.MaxUses == 0 {
		in.MaxUses = 1
	}
	name, err := auth.ShownName("username", in.Username)
	start, late := checkStart(in.NotBefore, now)
	note, long := auth.ShownText("/note", in.Note, longestNote)
	err = cmp.Or(err, d.checkTTL(in.TTL), checkRole(in.Role), checkUses(in.MaxUses, in.Permanent), late, long, checkPIN(in.PIN))
	link := Link{
		Username: name, Role: in.Role, ExternalUserID: in.ExternalUserID, Permanent: in.Permanent, MaxUses: in.MaxUses,
		NotBefore: start, Note: note, AllowAccount: in.AllowAccount, Issuer: who.ID, Created: now, Ends: later(now, start).Add(in.TTL),
	}
	link.Left, link.State = link.places(), Live
	if !start.IsZero() {
		link.State = Early
	}
	return link, err
}

func (d *Desk) issue(ctx context.Context, st roles.Standing, link Link, token linkToken) error {
	key, fields := token.key(), store.Fields(link)
	fields["hash"] = token.hash()
	return d.auth.Change(ctx, store.Tx{
		If: append(st.InOffice(), store.Absent(key)),
		Do: append(auth.ListByEnd(linksOf(st.Room.ID), link.Ends, link.ID, st.Now),
			store.Set(key, fields), store.Collect(key, link.Ends.Add(auth.KeptAfterEnd))),
	})
}

func linksOf(room string) store.Key { return byEnd("r:"+room, "links") }

// url is the link as a person gets it. The name in it is only for the front end to greet with; the seat's is the
// link's. A space is %20, which every decoder reads alike.
func (d *Desk) url(alias, name string, token linkToken) secret.String {
	shown := strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	return secret.New(d.set.RoomURL + "/" + alias + "?participantName=" + shown + "&accessToken=" + token.text())
}

// mayIssue is where the caller stands in a room whose links he may issue.
func (d *Desk) mayIssue(ctx context.Context, who auth.Identity, space, room string) (roles.Standing, error) {
	st, _, err := d.spaces.InRoom(ctx, who, space, room)
	if err != nil {
		return st, err
	}
	return st, st.May(roles.IssueLinks)
}

// looked completes a link as it was read with what follows from the time; lineage is the record of its issuer's epoch.
func (l *Link) looked(lineage store.Record, now time.Time) {
	l.State = l.state(lineage, now)
	if until := l.PINFailed.Add(PINPause); l.PINFailures >= MaxPINFailures && until.After(now) {
		l.PINPaused = until
	}
}

// state is what a link is good for; lineage is the record of its issuer's epoch.
func (l Link) state(lineage store.Record, now time.Time) State {
	switch {
	case !l.Revoked.IsZero():
		return Revoked
	case lineage == nil:
		return Void
	case !l.Ends.After(now):
		return Expired
	case !l.Paused.IsZero():
		return Paused
	case l.NotBefore.After(now):
		return Early
	case l.Left < 1:
		return Used
	}
	return Live
}

// refusal is why a link in a state takes no new seat; nil where it does.
func (l Link) refusal(s State) error {
	if s == Early {
		return &WaitError{ErrLinkEarly, l.NotBefore}
	}
	return map[State]error{
		Revoked: ErrLinkRevoked, Void: ErrLinkRevoked, Expired: ErrLinkExpired, Paused: ErrLinkPaused, Used: ErrLinkUsed,
	}[s]
}
