// Package invites knows how someone new gets in: invites, which make one registered user a member of a space, once; and
// access links, which let someone without an account into one room for a while, on a seat. What a member or a guest may
// then do, it leaves to roles.
package invites

import (
	"context"
	"errors"
	"time"

	"usher/auth"
	"usher/internal/store"
	"usher/roles"
)

// What the package refuses of invites.
var (
	ErrInviteNotFound = errors.New("invites: no such invite")
	ErrInviteUsed     = errors.New("invites: the invite is used")
	ErrInviteExpired  = errors.New("invites: the invite has expired")
	ErrInviteRevoked  = errors.New("invites: the invite was revoked")
	ErrInviteVoid     = errors.New("invites: its issuer may no longer invite")

	ErrInviteNotForYou   = errors.New("invites: the invite is for another address")
	ErrBatchNotFound     = errors.New("invites: no such batch")
	ErrInviteUnaddressed = errors.New("invites: the invite is for no address")
	ErrEmailUnverified   = errors.New("invites: the address that the invite is for is not verified")
)

// What the package refuses of links and seats.
var (
	ErrLinkUnknown = errors.New("invites: no such link")
	ErrLinkUsed    = errors.New("invites: the link is used")
	ErrLinkExpired = errors.New("invites: the link has expired")
	ErrLinkRevoked = errors.New("invites: the link was revoked")
	ErrLinkPaused  = errors.New("invites: the link is paused")
	ErrLinkEarly   = errors.New("invites: the link is not yet valid")
	ErrPINRequired = errors.New("invites: the link needs a PIN")
	ErrPINWrong    = errors.New("invites: the PIN is wrong")
	ErrPINPaused   = errors.New("invites: too many wrong PINs; nobody new gets in for a while")
	ErrSeatBanned  = errors.New("invites: the seat was put out of the room")

	ErrSeatOver   = errors.New("invites: the seat's session is over")
	ErrSeatKept   = errors.New("invites: the seat's role is kept by an account")
	ErrAccountOff = errors.New("invites: the link lets no account keep its role")
	ErrIssuer     = errors.New("invites: who issued the link may not give that")
)

// A WaitError is a refusal that ends by itself: it wraps ErrLinkEarly or ErrPINPaused.
type WaitError struct {
	Why   error
	Until time.Time
}

func (e *WaitError) Error() string { return e.Why.Error() }

func (e *WaitError) Unwrap() error { return e.Why }

// Settings are what a Desk is told at start.
type Settings struct {
	RoomURL    string        // links lead there: RoomURL/<alias>?participantName=…&accessToken=…
	MaxLinkTTL time.Duration // the longest life of a link

	// How many mails a user, and all of a workspace together, may have sent in a day.
	MailPerUser, MailPerWorkspace int64
}

// A Desk issues invites and links, and takes them back from those who come with them. It is safe for concurrent use.
type Desk struct {
	auth   *auth.Authority
	spaces *roles.Spaces
	set    Settings
	mailer *auth.Mailer // of invites
}

// New opens a desk.
func New(a *auth.Authority, spaces *roles.Spaces, set Settings) *Desk {
	d := &Desk{auth: a, spaces: spaces, set: set}
	d.mailer = a.Mailer("invites", d.letter)
	return d
}

// DeliverMail sends the invites that wait to be mailed, as Authority.DeliverMail sends the other mails.
func (d *Desk) DeliverMail(ctx context.Context, wake <-chan time.Time) { d.mailer.Deliver(ctx, wake) }

// byEnd lists what ends in a place in the order of the ends, so that each insertion can drop what is long over.
func byEnd(place, name string) store.Key {
	return store.Key{Partition: place, Kind: "index", ID: name}
}

// inOrder reads one page of such a list: the ids in it, and the cursor of the next page.
func (d *Desk) inOrder(ctx context.Context, list store.Key, page auth.Page) (ids []string, next string, err error) {
	entries, next, err := d.auth.Page(ctx, list, page)
	for _, entry := range entries {
		ids = append(ids, auth.IDOf(entry))
	}
	return ids, next, err
}

// lineage is the record that an issuer still stands where he issued; nil where he fell.
func (d *Desk) lineage(ctx context.Context, place, epoch string) (store.Record, error) {
	recs, err := d.auth.Store.Get(ctx, auth.EpochKey(place, epoch))
	if err != nil {
		return nil, err
	}
	return recs[0], nil
}
