package auth

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"time"

	"usher/internal/audit"
	"usher/internal/mail"
	"usher/internal/outbox"
	"usher/internal/secret"
	"usher/internal/store"
)

// Why strangers do not sign up.
var (
	ErrSignUpClosed   = errors.New("auth: strangers do not sign up here")
	ErrCaptchaMissing = errors.New("auth: a stranger has to solve a captcha")
)

// A Stranger is who signs up: the user that he wants to be, and what shows that he has taken some trouble. Whoever asks
// need not be who has the address, and so he chooses no password: one that he says is held against the rules, so that a
// form can tell, and forgotten.
type Stranger struct {
	NewUser
	Client  string // of the workspace that he wants to be in; web where empty
	Captcha string // what a widget gave him
	Address string // where he comes from, whole, for a service that judges captchas; may be empty
	Back    string // the path of the page that the one of the mail's link leads on to, up to 64 bytes; may be empty
}

// SignUp mails a stranger a link that makes him a user. Until it is used nobody is one, and no name is reserved: who has
// the address already, and so an account, is told that instead. The answer, and the work until it, is the same for
// both. It returns ErrSignUpClosed, a *FieldError, the errors of password.Check, ErrCaptchaMissing, captcha.ErrRefused,
// captcha.ErrUnavailable, ErrUsernameTaken.
func (a *Authority) SignUp(ctx context.Context, in Stranger) error {
	if !a.TakesStrangers(false) {
		return ErrSignUpClosed
	}
	u, err := in.check()
	if err != nil {
		return err
	}
	if in.Captcha == "" {
		return ErrCaptchaMissing
	}
	if u.Workspace, err = a.workspaceOf(ctx, in.Client); err != nil {
		return err
	}
	if err := a.captcha.Verify(ctx, in.Captcha, in.Address); err != nil {
		return err
	}
	return a.apply(ctx, in, u, false)
}

// SignUpInvited is SignUp for whom somebody in the workspace has asked, by this very address: without a captcha, and
// also where users do sign others up, but strangers not themselves. It returns ErrMailOff, too.
func (a *Authority) SignUpInvited(ctx context.Context, in Stranger, workspace string) error {
	switch {
	case !a.TakesStrangers(true):
		return ErrSignUpClosed
	case a.outbox == nil:
		return ErrMailOff
	}
	u, err := in.check()
	if err != nil {
		return err
	}
	u.Workspace = workspace
	return a.apply(ctx, in, u, true)
}

// TakesStrangers reports whether a stranger may sign up, or one who is invited: unless administrators alone make users.
func (a *Authority) TakesStrangers(invited bool) bool {
	return a.set.SignUp == SignUpOpen || invited && a.set.SignUp == SignUpUsers
}

// apply is the rest of a sign-up, of which no answer depends on who has the address.
func (a *Authority) apply(ctx context.Context, in Stranger, u account, invited bool) error {
	// A username is for all to see, and says nothing of an address. The names are claimed when the link is used.
	_, err := a.lookUp(ctx, name{u.Workspace, byUsername, u.Username})
	if err == nil {
		err = ErrUsernameTaken
	}
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	return a.await(ctx, u, pending{Invited: invited, Back: in.Back}, toSignUp)
}

func (in Stranger) check() (account, error) {
	if in.Password.Empty() {
		return in.described()
	}
	return in.NewUser.check()
}

// pending is what is kept of a sign-up beside the user.
type pending struct {
	Invited bool   `store:"invited"`
	Back    string `store:"back"`
	Staff   bool   `store:"staff"` // by a StaffInvite of the same id
}

// await keeps who wants to be a user for as long as the link of the mail is good, where the user is going to be.
func (a *Authority) await(ctx context.Context, u account, kept pending, what purpose) error {
	now := a.Now()
	u.ID = cmp.Or(u.ID, a.NewID())
	p := proof{Task: a.NewID(), At: now, Ends: now.Add(mails[what].good), Email: u.Email}
	rec := store.Fields(u)
	maps.Copy(rec, store.Fields(p))
	maps.Copy(rec, store.Fields(kept))
	key := proofKey(u.ID, toSignUp, p.Task)
	if err := a.Change(ctx, store.Tx{
		If: []store.Cond{store.Absent(key)}, Do: []store.Write{store.Set(key, rec), store.Collect(key, p.Ends)},
	}); err != nil {
		return err
	}
	e := errand{Purpose: what, Workspace: u.Workspace, User: u.ID, Email: u.Email}
	return a.post(ctx, p.Task, e, time.Time{})
}

// welcome is the mail to a stranger: the link, or that the address has an account, and none where he is a user already.
// What he calls himself is not in it: that would be a way to have anything said to anybody. It returns ErrOvertaken.
func (a *Authority) welcome(ctx context.Context, e errand, t outbox.Task) (m mail.Message, err error) {
	key := proofKey(e.User, toSignUp, t.ID)
	recs, err := a.Store.Get(ctx, key)
	if err != nil || recs[0] == nil {
		return m, err
	}
	var p proof
	if err := recs[0].Load(&p); err != nil {
		return m, err
	}
	user, err := a.lookUp(ctx, name{e.Workspace, byEmail, e.Email})
	if err == nil && e.Purpose == toServe { // and the administrators see him
		return m, nil
	}
	if !errors.Is(err, ErrNotFound) {
		return mail.Message{Kind: mail.Taken, To: user["email"], Name: shownName(user)}, err
	}
	token := a.proofToken(e.Purpose, e.User, t.ID)
	m = a.letter(e.Purpose, p, token)
	if back := recs[0]["back"]; back != "" {
		m.Link = secret.New(m.Link.Reveal() + "&back=" + back)
	}
	return m, a.Change(ctx, store.Tx{
		If: []store.Cond{store.Equal(key, "op", recs[0]["op"])},
		Do: []store.Write{store.Set(key, store.Record{"hash": token.Hash()})},
	})
}

// ConfirmSignUp makes whoever a mail reached the user who was asked for, with the address verified, and the password
// that he chooses. It returns ErrProof, the errors of password.Check, password.ErrBusy, and ErrEmailTaken or
// ErrUsernameTaken where somebody else was first.
func (a *Authority) ConfirmSignUp(ctx context.Context, token, chosen secret.String) error {
	return Settle(func() error {
		b, u, err := a.awaited(ctx, token)
		switch {
		case err != nil:
			return err
		case b.made:
			return a.appoint(ctx, b.bearer, u)
		}
		if err := checkPassword(chosen, u.Email, u.Username); err != nil {
			return err
		}
		hash, err := a.hasher.Hash(ctx, chosen)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), truthBy) // who hangs up leaves nothing half done
		defer cancel()
		// Not dropped where it goes wrong: another use of the same token may be making the same user of them.
		if _, err := a.claimAll(ctx, u.ID, u.names()); err != nil {
			return err
		}
		if err := a.witnessed(ctx, b.bearer, audit.UserCreated); err != nil {
			return err
		}
		tx := store.Tx{If: []store.Cond{store.Equal(b.key, "hash", b.Hash)}, Do: []store.Write{store.Delete(b.key)}}
		if !b.staff {
			return a.found(ctx, u, hash, tx)
		}
		tx.Do = nil // the token stays until he has the role, too: who was stopped in between repeats it
		return cmp.Or(a.found(ctx, u, hash, tx), ErrOvertaken)
	})
}

// A candidate is who has shown the token of a sign-up.
type candidate struct {
	bearer
	staff bool // and is to have a role in the workspace
	made  bool // the user is there, and may lack it yet
}

// InvitedBy is the path of the page that Stranger.Back said, for a sign-up that hangs on an invitation: strangers do not
// sign themselves up here. It is empty for every other one, and returns ErrProof.
func (a *Authority) InvitedBy(ctx context.Context, token secret.String) (page string, err error) {
	b, _, err := a.awaited(ctx, token)
	if err != nil || a.TakesStrangers(false) {
		return "", err
	}
	return b.user["back"], nil
}

// awaited is who has shown the token of a sign-up, and the user that he is about to be. It returns ErrProof.
func (a *Authority) awaited(ctx context.Context, token secret.String) (b candidate, u account, err error) {
	id, task, err := readProof(token)
	if err != nil {
		return b, u, err
	}
	b.key = proofKey(id, toSignUp, task)
	recs, err := a.Store.Get(ctx, b.key, UserKey(id))
	if err != nil {
		return b, u, err
	}
	b.user, b.staff, b.made = recs[0], recs[0]["staff"] != "", recs[1] != nil
	if err := errors.Join(b.user.Load(&b.proof), b.user.Load(&u)); err != nil {
		return b, u, err
	}
	switch {
	case !token.Matches(b.Hash), !b.Ends.After(a.Now()), !b.staff && !a.TakesStrangers(b.user["invited"] != ""):
		return b, u, ErrProof
	case b.staff:
		if _, err := a.summoned(ctx, u); err != nil {
			return b, u, err
		}
	}
	u.EmailVerified, u.Epoch, u.Created = true, a.NewID(), a.Now()
	return b, u, nil
}
