package auth

import (
	"context"
	"errors"
	"time"

	"usher/internal/mail"
	"usher/internal/outbox"
	"usher/internal/secret"
	"usher/internal/store"
)

// ErrMailOff says that this installation sends no mail, to nobody.
var ErrMailOff = errors.New("auth: mail is off")

// A purpose is what a mail is for, and what its token does.
type purpose string

const (
	toReset  purpose = "reset"  // choose a new password
	toVerify purpose = "verify" // the address is the user's
	toChange purpose = "change" // the address is the user's from now on
	toUndo   purpose = "undo"   // the address before is the user's again
	toSignUp purpose = "signup" // a stranger becomes a user
	toServe  purpose = "serve"  // and has a role in the workspace
)

// mails says of each purpose how the mail reads, the page that its link leads to, and how long that is good for.
var mails = map[purpose]struct {
	kind mail.Kind
	page string
	good time.Duration
}{
	toReset:  {mail.Reset, "/reset-password", 30 * time.Minute},
	toVerify: {mail.Verify, "/verify-email", 24 * time.Hour},
	toChange: {mail.Confirm, "/confirm-email", 24 * time.Hour},
	toUndo:   {mail.Changed, "/undo-email", 72 * time.Hour},
	toSignUp: {mail.SignUp, "/confirm-sign-up", 24 * time.Hour},
	toServe:  {mail.Staff, "/join-staff", 7 * 24 * time.Hour},
}

// An errand is a mail that is to be sent, as it waits in the outbox. Who it is for is looked up when it is sent, and the
// token is made then: so the request that asks for it does the same whoever there is, and no secret waits.
type errand struct {
	Purpose   purpose `store:"purpose"`
	Workspace string  `store:"workspace"`
	Email     string  `store:"email"`
	User      string  `store:"user"`  // empty where only the address is known; of a stranger, who he is going to be
	Epoch     string  `store:"epoch"` // the user's when it was asked for; empty where that does not matter
}

// post puts an errand into the outbox, where it waits until then, or for nothing where that is zero. It returns
// ErrMailOff.
func (a *Authority) post(ctx context.Context, id string, e errand, after time.Time) error {
	if a.outbox == nil {
		return ErrMailOff
	}
	return a.outbox.Add(ctx, outbox.Task{
		ID: id, After: after, Until: a.Now().Add(mails[e.Purpose].good), What: store.Fields(e),
	})
}

// send is post of an errand that is to be run at once.
func (a *Authority) send(ctx context.Context, e errand) error {
	return a.post(ctx, a.NewID(), e, time.Time{})
}

// DeliverMail sends the mails that wait, at each wake-up, until ctx ends. Any number of servers of a fleet may do so.
// That mails wait for it, and are not sent by the request that asks for them, keeps their work out of its time.
func (a *Authority) DeliverMail(ctx context.Context, wake <-chan time.Time) {
	if a.outbox != nil {
		a.outbox.Work(ctx, wake, a.deliver)
	}
}

// deliver runs an errand, if it is still of use. Whoever is not there gets nothing.
func (a *Authority) deliver(ctx context.Context, t outbox.Task) error {
	return a.dispatch(ctx, t, func(ctx context.Context, t outbox.Task) (mail.Message, error) {
		var e errand
		if err := t.What.Load(&e); err != nil {
			return mail.Message{}, errors.Join(outbox.ErrHopeless, err)
		}
		if e.Purpose == toSignUp || e.Purpose == toServe {
			return a.welcome(ctx, e, t)
		}
		return a.write(ctx, e, t)
	})
}

// write is the mail to a user, and to nobody where it is of no use any more. It returns ErrOvertaken.
func (a *Authority) write(ctx context.Context, e errand, t outbox.Task) (m mail.Message, err error) {
	to, err := a.addressee(ctx, e)
	if err != nil || to == nil {
		return m, err
	}
	p, token, err := a.prove(ctx, e, t, to)
	if err != nil || token.Empty() {
		return m, err
	}
	m = a.letter(e.Purpose, p, token)
	m.Name = shownName(to)
	return m, nil
}

// letter is a mail that brings the token of a proof.
func (a *Authority) letter(what purpose, p proof, token secret.String) mail.Message {
	about := mails[what]
	return mail.Message{
		Kind: about.kind, To: p.Email, Expiry: p.Ends.Sub(a.Now()),
		Link: secret.New(a.set.PagesURL + about.page + "#token=" + token.Reveal()),
	}
}

// addressee is the user whom an errand is for, or nil where there is none any more.
func (a *Authority) addressee(ctx context.Context, e errand) (store.Record, error) {
	if e.User == "" {
		user, err := a.lookUp(ctx, name{e.Workspace, byEmail, e.Email})
		if errors.Is(err, ErrNotFound) || !Alive(user, a.Now()) {
			return nil, nil
		}
		return user, err
	}
	recs, err := a.Store.Get(ctx, UserKey(e.User))
	if err != nil || !Alive(recs[0], a.Now()) || e.Epoch != "" && recs[0]["epoch"] != e.Epoch {
		return nil, err
	}
	return recs[0], nil
}
