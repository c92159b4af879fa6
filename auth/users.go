package auth

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"strings"

	"usher/internal/audit"
	"usher/internal/password"
	"usher/internal/secret"
	"usher/internal/store"
)

// Why a name is not given.
var (
	ErrEmailTaken    = errors.New("auth: the e-mail address is taken")
	ErrUsernameTaken = errors.New("auth: the username is taken")
)

// A NewUser is what a user is made of.
type NewUser struct {
	Email, Username string
	Password        secret.String
	// These may be empty.
	Phone, Name, ProfileURL string
}

// CreateUser makes a user in the caller's workspace: an API key does that, and a signed-in user, or only an administrator,
// as the settings say. It returns ErrWrongToken for a client or a guest, ErrForbidden, a *FieldError, the errors of
// password.Check, ErrEmailTaken or ErrUsernameTaken, password.ErrBusy.
func (a *Authority) CreateUser(ctx context.Context, who Identity, in NewUser) (id string, err error) {
	if err := a.mayEnrol(ctx, who); err != nil {
		return "", err
	}
	u, err := in.check()
	if err != nil {
		return "", err
	}
	u.Workspace = who.Workspace
	hash, err := a.hasher.Hash(ctx, in.Password)
	if err != nil {
		return "", err
	}
	return a.enrol(ctx, u, hash, func(id string) error {
		return a.Recorded(ctx, who, audit.Event{Type: audit.UserCreated, Subject: id}, nil)
	})
}

func (a *Authority) mayEnrol(ctx context.Context, who Identity) error {
	if who.Kind != User && who.Kind != Key {
		return ErrWrongToken
	}
	_, recs, err := a.Get(ctx, who, StaffKey(who.Workspace, who.ID))
	if err != nil || who.Kind == Key {
		return err
	}
	if role := roleOf(recs[0]); role == Support || a.set.SignUp == SignUpAdmins && role != Admin {
		return ErrForbidden
	}
	return nil
}

// check returns the account that a NewUser asks for, with a password.
func (in NewUser) check() (account, error) {
	u, err := in.described()
	if err != nil {
		return u, err
	}
	return u, checkPassword(in.Password, u.Email, u.Username)
}

// described is check for whoever has no password yet.
func (in NewUser) described() (account, error) {
	var u account
	var errs [5]error
	u.Email, errs[0] = checkEmail(in.Email)
	u.Username, errs[1] = checkUsername(in.Username)
	u.Phone, errs[2] = checkPhone(in.Phone)
	u.Name, errs[3] = checkName(in.Name)
	u.ProfileURL, errs[4] = checkURL(in.ProfileURL)
	return u, cmp.Or(errs[:]...)
}

// checkPassword holds a password against the list, and against what anyone knows of its owner.
func checkPassword(pw secret.String, email, username string) error {
	mailbox, _, _ := strings.Cut(email, "@")
	return password.Check(pw, email, mailbox, username)
}

// enrol writes a user behind its names. A user whose names stay behind without it, because a server stopped here,
// does not exist, and the names are free again after a minute. What comes first is done once the names are there: whoever
// repeated it then would find them taken.
func (a *Authority) enrol(ctx context.Context, u account, hash password.Hash, first func(id string) error) (id string, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), truthBy) // who hangs up leaves nothing half done
	defer cancel()
	u.ID, u.Epoch, u.Created = a.NewID(), a.NewID(), a.Now()
	claims, err := a.claimAll(ctx, u.ID, u.names())
	if err == nil {
		err = first(u.ID)
	}
	if err != nil {
		a.drop(ctx, claims...)
		return "", err
	}
	return u.ID, a.found(ctx, u, hash, store.Tx{})
}

// found writes a user whose names are claimed, behind its entries in the lists of users. More may have to hold, and be
// written, in the same transaction. It returns ErrOvertaken.
func (a *Authority) found(ctx context.Context, u account, hash password.Hash, more store.Tx) error {
	if err := a.enlist(ctx, u); err != nil {
		return err
	}
	rec := store.Fields(u)
	maps.Copy(rec, passwordFields(hash))
	key := UserKey(u.ID)
	more.If = append(more.If, store.Absent(key))
	more.Do = append(more.Do, store.Set(key, rec))
	return a.Change(ctx, more)
}

// claimAll claims names for a user, one after another, and returns those that it got.
func (a *Authority) claimAll(ctx context.Context, user string, names []name) ([]claim, error) {
	var claims []claim
	for _, n := range names {
		c, err := a.claim(ctx, n, user)
		if errors.Is(err, errTaken) {
			err = n.taken()
		}
		if err != nil {
			return claims, err
		}
		claims = append(claims, c)
	}
	return claims, nil
}
