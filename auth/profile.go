package auth

import (
	"context"
	"slices"

	"usher/internal/audit"
	"usher/internal/store"
)

// A UserPatch changes what is not nil. An empty Name, Phone or ProfileURL takes it away.
type UserPatch struct {
	Name, Phone, ProfileURL, Username *string
	// Only an administrator sets these. A new address is unverified, unless the patch says otherwise.
	Email         *string
	EmailVerified *bool
}

// GetMe is the caller's own account. It returns ErrWrongToken for a client or a guest.
func (a *Authority) GetMe(ctx context.Context, who Identity) (Account, error) {
	recs, err := a.myself(ctx, who)
	if err != nil {
		return Account{}, err
	}
	return a.accountOf(who.Workspace, who.ID, recs[0], recs[1])
}

// UpdateMe changes the caller's own account. It returns ErrWrongToken for a client or a guest, ErrForbidden for an
// e-mail address, a *FieldError, ErrUsernameTaken.
func (a *Authority) UpdateMe(ctx context.Context, who Identity, p UserPatch) (Account, error) {
	return a.update(ctx, who, p, func() ([]store.Record, error) {
		recs, err := a.myself(ctx, who)
		if err == nil && (p.Email != nil || p.EmailVerified != nil) {
			err = ErrForbidden
		}
		return recs, err
	})
}

// myself reads the caller's own record and role. It returns ErrWrongToken for a client or a guest.
func (a *Authority) myself(ctx context.Context, who Identity) ([]store.Record, error) {
	if who.Kind != User {
		return nil, ErrWrongToken
	}
	_, recs, err := a.Get(ctx, who, UserKey(who.ID), StaffKey(who.Workspace, who.ID))
	return recs, err
}

// UpdateUser changes an account of the workspace, for an administrator or an API key. It returns ErrWrongToken, ErrForbidden,
// ErrNotFound, a *FieldError, ErrEmailTaken, ErrUsernameTaken.
func (a *Authority) UpdateUser(ctx context.Context, who Identity, user string, p UserPatch) (Account, error) {
	return a.update(ctx, who, p, func() ([]store.Record, error) { return a.managing(ctx, who, user, Admin) })
}

// update patches the user that read reads.
func (a *Authority) update(ctx context.Context, who Identity, p UserPatch, read func() ([]store.Record, error)) (Account, error) {
	var changed Account
	err := Settle(func() error {
		recs, err := read()
		if err != nil {
			return err
		}
		var was account
		if err := recs[0].Load(&was); err != nil {
			return err
		}
		is, err := p.on(was)
		if err != nil {
			return err
		}
		if is.ExternalID != "" {
			is.Updated = a.Now()
		}
		if err := a.rewrite(ctx, recs[0], was, is, store.Tx{}); err != nil {
			return err
		}
		changed = is.seen()
		changed.Role = roleOf(recs[1])
		return nil
	})
	return changed, a.Recorded(ctx, who, audit.Event{Type: audit.UserUpdated, Subject: changed.ID}, err)
}

// on is the account that a patch makes of another.
func (p UserPatch) on(u account) (account, error) {
	was := u.Email
	if err := p.fits(u); err != nil {
		return u, err
	}
	for _, f := range []struct {
		to    *string
		field *string
		check func(string) (string, error)
	}{
		{p.Email, &u.Email, checkEmail},
		{p.Username, &u.Username, checkUsername},
		{p.Name, &u.Name, checkName},
		{p.Phone, &u.Phone, checkPhone},
		{p.ProfileURL, &u.ProfileURL, checkURL},
	} {
		if f.to == nil {
			continue
		}
		value, err := f.check(*f.to)
		if err != nil {
			return u, err
		}
		*f.field = value
	}
	if fold(u.Email) != fold(was) {
		u.EmailVerified = false
	}
	if p.EmailVerified != nil {
		if u.Email == "" && *p.EmailVerified {
			return u, &FieldError{"emailVerified", "there is no e-mail address"}
		}
		u.EmailVerified = *p.EmailVerified
	}
	return u, nil
}

// fits refuses what an external user does not get.
func (p UserPatch) fits(u account) error {
	given := func(s *string) bool { return s != nil && *s != "" }
	switch {
	case u.ExternalID == "":
	case given(p.Email):
		return &FieldError{"email", "a user whom an integrator keeps has none"}
	case given(p.Username):
		return &FieldError{"username", "a user whom an integrator keeps has none"}
	}
	return nil
}

// rewrite changes a user from what it was to what it is: new names first, then the user, if nothing has written its
// record since it was read, then the old names go. That the names are the same again would not be enough: who changed
// them to and fro meanwhile may be about to drop what is claimed here. More may have to hold, and be written, in the same
// transaction. It returns ErrOvertaken, and leaves the new names then, which count as nothing.
func (a *Authority) rewrite(ctx context.Context, rec store.Record, was, is account, more store.Tx) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), truthBy) // who hangs up leaves nothing half done
	defer cancel()
	left := slices.DeleteFunc(beyond(was.names(), is.names()), func(n name) bool { return n.held(store.Fields(is), a.Now()) })
	old, err := a.held(ctx, was.ID, left...)
	if err != nil {
		return err
	}
	if _, err := a.claimAll(ctx, was.ID, beyond(is.names(), was.names())); err != nil {
		return err
	}
	if err := a.enlist(ctx, is, was.entries()...); err != nil {
		return err
	}
	key := UserKey(was.ID)
	more.If = append(more.If, store.Equal(key, "op", rec["op"]))
	if is.ProfileURL != was.ProfileURL { // what lies here of the one before goes; more may put another in its place
		more.Do = append([]store.Write{store.Delete(pictureKey(was.ID))}, more.Do...)
	}
	more.Do = append(more.Do, store.Set(key, store.Fields(is).Without(rec)))
	if err := a.Change(ctx, more); err != nil {
		return err
	}
	a.drop(ctx, old...)
	a.relist(ctx, was, is)
	return nil
}

// beyond are the names among these that the others don't hold.
func beyond(these, others []name) []name {
	held := map[store.Key]bool{}
	for _, n := range others {
		held[n.key()] = true
	}
	var rest []name
	for _, n := range these {
		if !held[n.key()] {
			rest = append(rest, n)
		}
	}
	return rest
}
