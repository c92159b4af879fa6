package auth

import (
	"context"
	"errors"
	"maps"

	"usher/internal/audit"
	"usher/internal/password"
	"usher/internal/store"
)

// BlockUser ends every session of a user and lets nobody sign in as that user, for an administrator or an API key. It returns
// ErrWrongToken, ErrForbidden, ErrNotFound, and ErrHasWorkspaceRole for staff.
func (a *Authority) BlockUser(ctx context.Context, who Identity, user string) error {
	recs, err := a.managing(ctx, who, user, Admin)
	if err != nil {
		return err
	}
	if roleOf(recs[1]) != "" {
		return ErrHasWorkspaceRole
	}
	// A new epoch, so that the sessions stay ended when the block is lifted.
	err = a.change(ctx, user, store.Record{"paused": store.Millis(a.Now()), "epoch": a.NewID()})
	if err != nil {
		return err
	}
	err = a.leaveNoGhost(ctx, who.Workspace, user)
	return a.Recorded(ctx, who, audit.Event{Type: audit.UserBlocked, Subject: user}, err)
}

// UnblockUser lets a user sign in again, for an administrator or an API key. It returns ErrWrongToken, ErrForbidden, ErrNotFound.
func (a *Authority) UnblockUser(ctx context.Context, who Identity, user string) error {
	if _, err := a.managing(ctx, who, user, Admin); err != nil {
		return err
	}
	err := a.change(ctx, user, store.Record{"paused": ""})
	return a.Recorded(ctx, who, audit.Event{Type: audit.UserUnblocked, Subject: user}, err)
}

// change merges fields into a user that is not gone, and may do more in its partition. It returns ErrNotFound.
func (a *Authority) change(ctx context.Context, user string, fields store.Record, more ...store.Write) error {
	key := UserKey(user)
	res, err := a.Apply(ctx, store.Tx{
		If: []store.Cond{store.Present(key), store.Equal(key, "ended", "")},
		Do: append(more, store.Set(key, fields)),
	})
	if err == nil && res.Refused != 0 {
		err = ErrNotFound
	}
	return err
}

// Bury is the end of a user, by itself, an administrator or an API key: a tombstone takes the place of everything that was
// known, and every session falls with it; then the names are free. A user's places elsewhere are left before, and
// what lists them goes with him by more writes. It returns ErrWrongToken, ErrForbidden, ErrNotFound, and ErrHasWorkspaceRole for staff.
func (a *Authority) Bury(ctx context.Context, who Identity, user string, more ...store.Write) error {
	rec, err := a.mortal(ctx, who, user)
	if err != nil {
		return err
	}
	var was account
	if err := rec.Load(&was); err != nil {
		return err
	}
	names, err := a.held(ctx, user, was.names()...)
	if err != nil {
		return err
	}
	e := audit.Event{ID: Hash("deleted", user), Type: audit.UserDeleted, Subject: user}
	if err := a.Recorded(ctx, who, e, nil); err != nil {
		return err
	}
	tombstone := store.Fields(account{ID: was.ID, Workspace: was.Workspace, Epoch: a.NewID(), Ended: a.Now()})
	maps.Copy(tombstone, passwordFields(password.Hash{}))
	more = append(more, store.Collect(UserKey(user), a.Now().Add(KeptAfterEnd)), store.Delete(pictureKey(user)))
	if err := a.change(ctx, user, tombstone, more...); err != nil {
		return err
	}
	a.drop(ctx, names...)
	return errors.Join(a.delist(ctx, was), a.leaveNoGhost(ctx, was.Workspace, user))
}

// MayBury is what Bury says before it does anything, for whoever has to do something first.
func (a *Authority) MayBury(ctx context.Context, who Identity, user string) error {
	_, err := a.mortal(ctx, who, user)
	return err
}

// mortal reads a user that the caller may bury.
func (a *Authority) mortal(ctx context.Context, who Identity, user string) (store.Record, error) {
	recs, err := a.myself(ctx, who)
	if user != who.ID {
		recs, err = a.managing(ctx, who, user, Admin)
	}
	if err != nil {
		return nil, err
	}
	if roleOf(recs[1]) != "" {
		return nil, ErrHasWorkspaceRole
	}
	return recs[0], nil
}
