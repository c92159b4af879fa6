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
	MaxSeats       = 10_000 // seats of a permanent link; a one-time link has one
)

// A Link lets someone without an account into one room, with a name and a role, until it ends. As an anchor of its
// seats' sessions it has the fields "ended" (revoked), "paused" and "ends".
type Link struct {
	ID             string
	Username       string    `store:"name"` // the shown name; the guest can't change it
	Role           string    `store:"role"` // "user" or "moderator"
	ExternalUserID string    `store:"externalId"`
	Permanent      bool      `store:"permanent"` // any number of seats, else one
	Issuer         string    `store:"issuer"`
	Epoch          string    `store:"epoch"` // the issuer's, when he issued it
	Created        time.Time `store:"created"`
	Ends           time.Time `store:"ends"`
	Paused         time.Time `store:"paused"`
	Revoked        time.Time `store:"ended"`
	Left           int       `store:"left"` // seats that nobody has taken yet

	State State
}

// NewLink is what one asks for. A zero TTL is DefaultLinkTTL.
type NewLink struct {
	Username, Role, ExternalUserID string
	TTL                            time.Duration
	Permanent                      bool
}

// Taken is the number of seats that were taken on the link.
func (l Link) Taken() int {
	if l.Permanent {
		return MaxSeats - l.Left
	}
	return 1 - l.Left
}

// GenerateAccess makes a link and, this once, its URL. Owner and moderators of the room may, while they may enter it;
// the space's owner as such may not. It is an auth.FieldError for a role or a ttl out of range, roles.ErrRoomClosed for
// a room that nobody enters any more.
func (d *Desk) GenerateAccess(ctx context.Context, who auth.Identity, space, room string, in NewLink) (Link, secret.String, error) {
	if in.TTL == 0 {
		in.TTL = min(DefaultLinkTTL, d.set.MaxLinkTTL)
	}
	name, err := auth.ShownName("username", in.Username)
	if err := cmp.Or(err, d.checkTTL(in.TTL), checkRole(in.Role)); err != nil {
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
		link = Link{
			ID: d.auth.NewID(), Username: name, Role: in.Role, ExternalUserID: in.ExternalUserID, Permanent: in.Permanent,
			Issuer: who.ID, Epoch: st.Tenure.Epoch, Created: st.Now, Ends: st.Now.Add(in.TTL), Left: 1, State: Live,
		}
		if link.Permanent {
			link.Left = MaxSeats
		}
		token := linkToken{space: space, room: room, link: link.ID, secret: secret.New(string(d.auth.Random(secretBytes)))}
		location = d.url(st.Room.Alias, name, token)
		return d.issue(ctx, st, link, token)
	})
	e := audit.Event{Type: audit.LinkCreated, Subject: link.ID, Space: space, Room: room, Role: in.Role}
	if err := d.auth.Recorded(ctx, who, e, err); err != nil {
		return Link{}, secret.String{}, err
	}
	return link, location, nil
}

func (d *Desk) checkTTL(ttl time.Duration) error {
	if ttl < MinLinkTTL || ttl > d.set.MaxLinkTTL {
		return &auth.FieldError{Field: "/ttl", Reason: "out of range"}
	}
	return nil
}

// checkRole: a link gives one of two roles, and whoever may issue links has at least the higher one.
func checkRole(role string) error {
	if role != "user" && role != "moderator" {
		return &auth.FieldError{Field: "/role", Reason: "not a role of a guest"}
	}
	return nil
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
	case l.Left < 1:
		return Used
	}
	return Live
}

// refusal is why a link in a state takes no new seat; nil where it does.
func (s State) refusal() error {
	return map[State]error{
		Revoked: ErrLinkRevoked, Void: ErrLinkRevoked, Expired: ErrLinkExpired, Paused: ErrLinkPaused, Used: ErrLinkUsed,
	}[s]
}
