package auth

import (
	"cmp"
	"context"
	"errors"

	"usher/internal/audit"
	"usher/internal/password"
	"usher/internal/secret"
	"usher/internal/store"
)

// ErrWrongPassword says that the password is not the user's.
var ErrWrongPassword = errors.New("auth: wrong password")

// ChangePassword gives the caller another password, ends all of the user's sessions, the caller's too, and hands out
// the tokens of a new one. It returns ErrWrongToken for a client or a guest, ErrWrongPassword, the errors of
// password.Check, password.ErrBusy.
func (a *Authority) ChangePassword(ctx context.Context, who Identity, old, replacement secret.String) (Tokens, error) {
	var tokens Tokens
	e := audit.Event{ID: a.NewID(), Type: audit.PasswordChanged, Subject: who.ID}
	err := Settle(func() error {
		user, err := a.Reauthenticate(ctx, who, old)
		if err != nil {
			return err
		}
		fields, err := a.replace(ctx, user, replacement)
		if err != nil {
			return err
		}
		if err := a.Recorded(ctx, who, e, nil); err != nil { // first: it ends the session that could repeat it
			return err
		}
		tokens, err = a.signIn(ctx, who, user, fields)
		return err
	})
	return tokens, err
}

// replace is what a user's record gets with another password, and a new epoch, which ends all sessions. It returns the
// errors of password.Check, password.ErrBusy.
func (a *Authority) replace(ctx context.Context, user store.Record, replacement secret.String) (store.Record, error) {
	if err := checkPassword(replacement, user["email"], user["username"]); err != nil {
		return nil, err
	}
	hash, err := a.hasher.Hash(ctx, replacement)
	fields := passwordFields(hash)
	fields["epoch"] = a.NewID()
	return fields, err
}

// Reauthenticate reads the caller, who has to say his password once more: his session might be in other hands. It returns
// ErrWrongToken for a client or a guest, ErrWrongPassword, password.ErrBusy.
func (a *Authority) Reauthenticate(ctx context.Context, who Identity, pw secret.String) (store.Record, error) {
	recs, err := a.myself(ctx, who)
	if err != nil {
		return nil, err
	}
	ok, _, err := a.knows(ctx, recs[0], pw)
	if err == nil && !ok {
		err = cmp.Or(a.Recorded(ctx, who, audit.Event{Type: audit.PasswordRefused, Subject: who.ID}, nil), ErrWrongPassword)
	}
	return recs[0], err
}

// knows reports whether pw is the password of a user as stored, and whether its hash should be made anew. It costs
// the same where there is no user, or one without a password. It returns password.ErrBusy.
func (a *Authority) knows(ctx context.Context, user store.Record, pw secret.String) (ok, outdated bool, err error) {
	ok, outdated, err = a.hasher.Verify(ctx, hashOf(user), pw)
	if errors.Is(err, password.ErrTooLong) {
		return false, false, nil // so nobody's password
	}
	return ok, outdated, err
}

// hashOf is the hash of a password in a record.
func hashOf(rec store.Record) password.Hash {
	return password.Hash{Params: rec["pwParams"], Salt: rec["pwSalt"], Sum: rec["pwSum"]}
}

// passwordFields are a hash as a user's record holds it. The zero hash takes it away.
func passwordFields(h password.Hash) store.Record {
	return store.Record{"pwParams": h.Params, "pwSalt": h.Salt, "pwSum": h.Sum}
}

// signIn opens a session for a user as it was read, and merges fields, with a new epoch perhaps, into its record. It
// returns ErrInvalidToken where the user was blocked or went meanwhile, ErrOvertaken where he got another epoch.
func (a *Authority) signIn(ctx context.Context, who Identity, user, fields store.Record) (Tokens, error) {
	key := UserKey(user["id"])
	who.ID, who.How = user["id"], userHow(user)
	who, ends, writes := a.newSession(ctx, who, cmp.Or(fields["epoch"], user["epoch"]))
	writes = append(writes, noteSeen(who.ID, user, a.Now())...)
	if fields != nil {
		writes = append(writes, store.Set(key, fields))
	}
	conds := append(WhileAlive(key, a.Now(), false), store.Equal(key, "epoch", user["epoch"]))
	res, err := a.Apply(ctx, store.Tx{If: conds, Do: writes})
	switch {
	case err != nil:
		return Tokens{}, err
	case res.Refused == len(conds):
		return Tokens{}, ErrOvertaken
	case res.Refused != 0:
		return Tokens{}, ErrInvalidToken
	}
	if err := a.Recorded(ctx, who, audit.Event{Type: audit.SignIn, Subject: who.ID}, nil); err != nil {
		return Tokens{}, err
	}
	return a.tokens(who, 1, ends)
}
