package auth

import (
	"context"
	"time"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

// RequestEmailChange sends a link to the e-mail address that the caller wants to have from now on. Until it is used
// nothing changes, and nothing is reserved: whether the address is taken shows to whom it belongs. It returns
// ErrWrongToken for a client or a guest, ErrWrongPassword, a *FieldError, ErrMailOff, password.ErrBusy.
func (a *Authority) RequestEmailChange(ctx context.Context, who Identity, email string, pw secret.String) error {
	if a.outbox == nil {
		return ErrMailOff
	}
	user, err := a.Reauthenticate(ctx, who, pw)
	if err != nil {
		return err
	}
	if email, err = checkEmail(email); err != nil {
		return err
	}
	if email == user["email"] {
		return &FieldError{"email", "the address that it is already"}
	}
	e := audit.Event{Type: audit.MailRequested, Subject: who.ID, Reason: string(toChange)}
	return a.Recorded(ctx, who, e, a.send(ctx, errand{
		Purpose: toChange, Workspace: who.Workspace, User: who.ID, Email: email, Epoch: user["epoch"],
	}))
}

// ConfirmEmailChange makes the address that a mail reached the user's. The address before is told and kept for the user
// for 72 hours, in which whoever reads it can undo the change. It returns ErrProof, ErrEmailTaken.
func (a *Authority) ConfirmEmailChange(ctx context.Context, token secret.String) error {
	id, posted := a.NewID(), false // of the mail to the address before
	err := Settle(func() error {
		b, err := a.bearer(ctx, toChange, token)
		if err != nil {
			return err
		}
		var was account
		if err := b.user.Load(&was); err != nil {
			return err
		}
		is, tx := was, b.once()
		is.Email, is.EmailVerified = b.Email, true
		if was.Email != "" && !posted {
			// Like a pointer: first, and when its turn comes it counts as nothing where the change did not follow.
			back := errand{Purpose: toUndo, Workspace: was.Workspace, User: was.ID, Email: was.Email}
			if err := a.post(ctx, id, back, a.Now().Add(aMinute)); err != nil {
				return err
			}
			posted = true
		}
		if was.Email != "" {
			tx.Do = append(tx.Do, is.wayBack(id, was.Email, a.Now())...)
		}
		return a.readdress(ctx, b, was, is, audit.EmailChanged, tx)
	})
	if err == nil && posted {
		_ = a.outbox.Hurry(context.WithoutCancel(ctx), id) // or it waits for its minute
	}
	return err
}

// wayBack lets a user have an address again that is about to be changed. Of several it is the first that is kept from
// others: it was the user's before anybody else could have got in.
func (u *account) wayBack(id, email string, now time.Time) []store.Write {
	ends := now.Add(mails[toUndo].good)
	if !u.HeldUntil.After(now) {
		u.HeldEmail, u.HeldUntil = email, ends
	}
	key := proofKey(u.ID, toUndo, id)
	back := proof{Task: id, At: now, Ends: ends, Email: email}
	return append(ListByEnd(undoIndex(u.ID), ends, id, now), store.Set(key, store.Fields(back)), store.Collect(key, ends.Add(KeptAfterEnd)))
}

// undoIndex lists the ways back of a user in the order of the changes.
func undoIndex(user string) store.Key {
	return store.Key{Partition: "u:" + user, Kind: "index", ID: "undos"}
}

// UndoEmailChange gives a user the address back that a mail reached, with another password, because whoever changed it
// knew the one before. All sessions end, and with them the ways back to every address since. It returns ErrProof,
// ErrEmailTaken, the errors of password.Check, password.ErrBusy.
func (a *Authority) UndoEmailChange(ctx context.Context, token, replacement secret.String) error {
	return a.anew(ctx, toUndo, token, replacement, func(b bearer, fields store.Record) error {
		var was account
		if err := b.user.Load(&was); err != nil {
			return err
		}
		entries, err := a.Store.List(ctx, undoIndex(was.ID), store.Page{Limit: mostUndos})
		if err != nil {
			return err
		}
		is, tx := was, b.once()
		is.Email, is.EmailVerified, is.HeldEmail, is.HeldUntil = b.Email, true, "", time.Time{}
		tx.Do = append(tx.Do, store.Set(UserKey(was.ID), fields))
		for _, entry := range entries {
			if entry > ByTime(b.Ends, b.Task) {
				tx.Do = append(tx.Do, store.Set(proofKey(was.ID, toUndo, IDOf(entry)), store.Record{"hash": "", "spent": "1"}))
			}
		}
		return a.readdress(ctx, b, was, is, audit.EmailRestored, tx)
	})
}

// mostUndos is more than anybody makes changes in 72 hours, each with a mail.
const mostUndos = 1000
