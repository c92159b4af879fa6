// Package mail writes mails to users, from templates, and hands them to an SMTP server.
package mail

import (
	"context"
	"log/slog"
	"net/url"
	"time"

	"usher/internal/secret"
)

// Kind says what a mail is about. It is the name of its templates.
type Kind string

// The kinds of mails.
const (
	Reset   Kind = "reset"   // how to choose a new password
	Verify  Kind = "verify"  // is the address the user's?
	Confirm Kind = "confirm" // is it to be the user's from now on?
	Changed Kind = "changed" // to the address before, and how to undo it
	SignUp  Kind = "signup"  // has somebody signed up with his own address?
	Taken   Kind = "taken"   // someone signed up with an address that has an account
	Invite  Kind = "invite"  // somebody invites the reader into a space
	Staff   Kind = "staff"   // or among those who administer the workspace
)

// kinds are those, and whether the mail brings a link.
var kinds = map[Kind]bool{Reset: true, Verify: true, Confirm: true, Changed: true, SignUp: true, Taken: false, Invite: true, Staff: true}

// A Message is a mail that is to be written.
type Message struct {
	ID     string // the same for the same mail, however often it is sent
	Kind   Kind
	To     string
	Name   string        // of the user, as others see it; may be empty
	Link   secret.String // where it leads, with a token that lets whoever has it act for the user
	Expiry time.Duration // how long the link is good for, from now on
	Now    time.Time

	Invitation // of an invite
}

// An Invitation is what somebody says to whom he invites. The texts are people's: no template puts them where they could
// be anything but text.
type Invitation struct {
	By    string // who invites, as others see him; may be empty
	Space string // its name; may be empty
	Role  string // in it: "user" or "moderator"
	Note  string // several lines; may be empty
}

// A Sender hands mails over. Its errors hold no address and no link; one that wraps outbox.ErrHopeless says that
// trying again is of no use.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// A Log is the Sender of a machine on which somebody develops: it writes the links of the mails into the log, for all
// who read it.
type Log struct{ *slog.Logger }

// Send logs the mail.
func (l Log) Send(ctx context.Context, m Message) error {
	l.InfoContext(ctx, "a mail that is not sent, because --smtp is not set", "kind", string(m.Kind), "to", m.To, "link", m.Link.Reveal())
	return nil
}

// host is what of a public URL people know a server by.
func host(public string) string {
	u, err := url.Parse(public)
	if err != nil || u.Host == "" {
		return public
	}
	return u.Host
}
