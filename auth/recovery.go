package auth

import (
	"cmp"
	"context"
	"errors"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

// ErrVerified says that there is no e-mail address left to verify.
var ErrVerified = errors.New("auth: the e-mail address is verified, or there is none")

// ForgotPassword sends whoever has this e-mail address, in the workspace of a client, a link to choose a new password
// by. It does the same, and takes as long, where there is nobody. It returns ErrMailOff, a *FieldError.
func (a *Authority) ForgotPassword(ctx context.Context, client, email string) error {
	if a.outbox == nil {
		return ErrMailOff
	}
	workspace, err := a.workspaceOf(ctx, client)
	if err != nil {
		return err
	}
	if email, err = checkEmail(email); err != nil {
		return err
	}
	return a.send(ctx, errand{Purpose: toReset, Workspace: workspace, Email: email})
}

// workspaceOf is the workspace in which a stranger speaks, who names a client; web where he names none. It returns a
// *FieldError.
func (a *Authority) workspaceOf(ctx context.Context, client string) (string, error) {
	client = cmp.Or(client, publicClient)
	recs, err := a.Store.Get(ctx, ClientKey(client))
	if err == nil && (!Alive(recs[0], a.Now()) || recs[0]["id"] != client) {
		err = &FieldError{"client_id", "no client"}
	}
	if err != nil {
		return "", err
	}
	return recs[0]["workspace"], nil
}

// ResetPassword gives the user whom a mail reached another password, and ends all sessions. The mail has shown that the
// address is the user's; whoever has used it before without that, and knows the old password, is out. It returns
// ErrProof, the errors of password.Check, password.ErrBusy.
func (a *Authority) ResetPassword(ctx context.Context, token, replacement secret.String) error {
	return a.anew(ctx, toReset, token, replacement, func(b bearer, fields store.Record) error {
		if b.user["email"] != b.Email {
			return ErrProof
		}
		if err := a.witnessed(ctx, b, audit.PasswordReset); err != nil {
			return err
		}
		fields["emailVerified"] = "1"
		tx := b.once()
		tx.Do = append(tx.Do, store.Set(UserKey(b.user["id"]), fields))
		return a.Change(ctx, tx)
	})
}

// anew makes the fields of another password, which end all sessions, for whoever bears a token, and has write write them.
func (a *Authority) anew(
	ctx context.Context, p purpose, token, replacement secret.String, write func(bearer, store.Record) error,
) error {
	return Settle(func() error {
		b, err := a.bearer(ctx, p, token)
		if err != nil {
			return err
		}
		fields, err := a.replace(ctx, b.user, replacement)
		if err != nil {
			return err
		}
		return write(b, fields)
	})
}

// SendVerification sends the caller a link that shows that his e-mail address is his. It returns ErrWrongToken for a
// client or a guest, ErrVerified, ErrMailOff.
func (a *Authority) SendVerification(ctx context.Context, who Identity) error {
	recs, err := a.myself(ctx, who)
	if err != nil {
		return err
	}
	e := errand{Purpose: toVerify, Workspace: who.Workspace, User: who.ID, Email: recs[0]["email"]}
	if e.Email == "" || recs[0]["emailVerified"] != "" {
		return ErrVerified
	}
	return a.Recorded(ctx, who, audit.Event{Type: audit.MailRequested, Subject: who.ID, Reason: string(toVerify)}, a.send(ctx, e))
}

// VerifyEmail takes the e-mail address that a mail reached for the user's. It returns ErrProof.
func (a *Authority) VerifyEmail(ctx context.Context, token secret.String) error {
	return Settle(func() error {
		b, err := a.bearer(ctx, toVerify, token)
		if err != nil {
			return err
		}
		if b.user["email"] != b.Email {
			return ErrProof
		}
		if err := a.witnessed(ctx, b, audit.EmailVerified); err != nil {
			return err
		}
		tx := b.once()
		tx.Do = append(tx.Do, store.Set(UserKey(b.user["id"]), store.Record{"emailVerified": "1"}))
		return a.Change(ctx, tx)
	})
}
