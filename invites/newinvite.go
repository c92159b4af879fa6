package invites

import (
	"context"
	"regexp"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/store"
	"usher/roles"
)

// How long an invite may wait to be activated, how many users one may let in, and how many characters a note may have.
const (
	DefaultInviteTTL = 7 * 24 * time.Hour
	MaxInviteTTL     = 30 * 24 * time.Hour
	MaxInviteUses    = 1000
	MaxNote          = 500
)

// A NewInvite is what an invite is made of. All but the role may be zero.
type NewInvite struct {
	Role          roles.Role
	TTL           time.Duration // DefaultInviteTTL where it is zero
	MaxUses       int           // one where it is zero
	Email, Domain string        // only who has this very address, or one of this domain, and has verified it
	Name          string        // of the invitee
	Note          string        // to him: plain text without links
	Send          bool          // by mail, to Email

	at line // in a batch, if it is of one
}

// checked is the input as it is kept. It returns an auth.FieldError.
func (in NewInvite) checked() (NewInvite, error) {
	if in.TTL == 0 {
		in.TTL = DefaultInviteTTL
	}
	if in.MaxUses == 0 {
		in.MaxUses = 1
	}
	switch {
	case in.TTL < 0 || in.TTL > MaxInviteTTL:
		return in, &auth.FieldError{Field: "/expiresIn", Reason: "out of range"}
	case in.Role != roles.SpaceModerator && in.Role != roles.SpaceUser:
		return in, &auth.FieldError{Field: "/role", Reason: "not a role that one invites to"}
	case in.MaxUses < 0 || in.MaxUses > MaxInviteUses:
		return in, &auth.FieldError{Field: "/maxUses", Reason: "out of range"}
	case in.MaxUses > 1 && in.Email != "":
		return in, &auth.FieldError{Field: "/maxUses", Reason: "one address is one user"}
	case in.Domain != "" && in.Email != "":
		return in, &auth.FieldError{Field: "/domain", Reason: "an address has one already"}
	case in.Send && in.Email == "":
		return in, &auth.FieldError{Field: "/send", Reason: "there is no address to send it to"}
	}
	return in.spelled()
}

// spelled checks the texts.
func (in NewInvite) spelled() (NewInvite, error) {
	var err error
	if in.Email != "" {
		if in.Email, err = auth.EmailAddress("/email", in.Email); err != nil {
			return in, err
		}
	}
	if in.Domain != "" {
		whole, err := auth.EmailAddress("/domain", "a@"+in.Domain)
		if in.Domain = domainOf(whole); err != nil || strings.ContainsAny(in.Domain, "[]") || "a@"+in.Domain != auth.Mailbox(whole) {
			return in, &auth.FieldError{Field: "/domain", Reason: "not a domain of e-mail addresses"}
		}
	}
	if in.Name != "" {
		if in.Name, err = auth.ShownName("/name", in.Name); err != nil {
			return in, err
		}
	}
	if in.Note, err = auth.PlainText("/note", in.Note, MaxNote); err != nil {
		return in, err
	}
	for field, text := range map[string]string{"/name": in.Name, "/note": in.Note} {
		if leads(text) {
			return in, &auth.FieldError{Field: field, Reason: "a link, or what mail programs take for one"}
		}
	}
	return in, nil
}

// somewhere is what a mail program makes something to click of: an address of the web or of a mailbox, and the name or the
// number of a machine.
var somewhere = regexp.MustCompile(`(?i)://|www\.|(mailto|tel|javascript|data):|[\p{L}\p{M}\p{N}_-]\.\p{L}[\p{L}\p{M}]|@[\p{L}\p{N}]|\d+\.\d+\.\d+\.\d+`)

// leads reports whether a text that somebody says to a stranger leads somewhere. The joiners could part a link that the
// eye sees whole.
func leads(text string) bool { return somewhere.MatchString(auth.Spelled(text)) }

// domainOf is the domain of an e-mail address, in small letters.
func domainOf(email string) string {
	email = auth.Mailbox(email)
	return email[strings.LastIndexByte(email, '@')+1:]
}

// An invitee is the one pending invite of an address in a space, which points to it.
type invitee struct {
	key store.Key
	rec store.Record
}

// A PendingError says that an address has a pending invite into the space.
type PendingError struct{ Invite string }

func (e *PendingError) Error() string { return "invites: the address has a pending invite" }

// invitee reads the pointer of an address, and the invite that it points to, where that is pending.
func (d *Desk) invitee(ctx context.Context, space, email string) (at invitee, pending *Invite, err error) {
	at.key = store.Key{Partition: "s:" + space, Kind: "invitee", ID: auth.Hash("invitee", auth.Spelled(email))}
	recs, err := d.auth.Store.Get(ctx, at.key)
	if err != nil || recs[0] == nil {
		return at, nil, err
	}
	at.rec = recs[0]
	found, err := d.invites(ctx, space, at.rec["invite"])
	if err == nil && len(found) > 0 && found[0].State == Pending {
		pending = &found[0]
	}
	return at, pending, err
}

// points are the condition and the writes by which the pointer leads to an invite, if it was not touched since it was
// read. Whatever makes an invite pending again touches it.
func (at invitee) points(invite string, until time.Time) store.Tx {
	return store.Tx{
		If: []store.Cond{store.Equal(at.key, "op", at.rec["op"])},
		Do: []store.Write{store.Set(at.key, store.Record{"invite": invite}), store.Collect(at.key, until)},
	}
}
