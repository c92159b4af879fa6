package auth

import (
	"context"
	"slices"

	"usher/internal/store"
)

// userIndex lists the users of a workspace in the order of their making. An entry whose user is absent, or was made at
// another time, counts as nothing.
func userIndex(workspace string) store.Key {
	return store.Key{Partition: "w:" + workspace + ":users", Kind: "index", ID: "users"}
}

// ListUsers are the accounts of the caller's workspace, oldest first, and the cursor of the next page, which is empty
// where there is none; for an administrator or support, and for an API key, which sees no user who has a role in the
// workspace. A page may hold fewer than asked for, and yet not be the last. It returns ErrWrongToken, ErrForbidden.
func (a *Authority) ListUsers(ctx context.Context, who Identity, page Page) (users []Account, next string, err error) {
	if err := a.mayList(ctx, who); err != nil {
		return nil, "", err
	}
	entries, next, err := a.Page(ctx, userIndex(who.Workspace), page)
	if err != nil {
		return nil, "", err
	}
	ids := make([]string, len(entries))
	for i, entry := range entries {
		ids[i] = IDOf(entry)
	}
	users, err = a.accountsIn(ctx, who, ids, func(i int, u Account) bool { return entries[i] == ByTime(u.Created, u.ID) })
	return users, next, err
}

// GetUsers are those of some users who are there, in one trip. Who may ask is as with ListUsers.
func (a *Authority) GetUsers(ctx context.Context, who Identity, ids []string) ([]Account, error) {
	if err := a.mayList(ctx, who); err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !IsID(id) })
	return a.accountsIn(ctx, who, ids, func(int, Account) bool { return true })
}

// accountsIn are the accounts that a list names and holds, as far as the caller may see them.
func (a *Authority) accountsIn(ctx context.Context, who Identity, ids []string, holds func(int, Account) bool) (users []Account, err error) {
	var keys []store.Key
	for _, id := range ids {
		keys = append(keys, UserKey(id), StaffKey(who.Workspace, id))
	}
	recs, err := a.Store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		account, err := a.accountOf(who.Workspace, id, recs[2*i], recs[2*i+1])
		if err == nil && holds(i, account) && (who.Kind != Key || account.Role == "") {
			users = append(users, account)
		}
	}
	return users, nil
}

func (a *Authority) mayList(ctx context.Context, who Identity) error {
	if who.Kind == Key {
		_, _, err := a.Get(ctx, who)
		return err
	}
	_, err := a.asStaff(ctx, who, who.ID)
	return err
}

// GetUser is an account of the caller's workspace, for an administrator, support or an API key. It returns
// ErrWrongToken, ErrForbidden, ErrNotFound.
func (a *Authority) GetUser(ctx context.Context, who Identity, user string) (Account, error) {
	recs, err := a.managing(ctx, who, user, Admin, Support)
	if err != nil {
		return Account{}, err
	}
	return a.accountOf(who.Workspace, user, recs[0], recs[1])
}

// FindUser is the account with exactly this e-mail address or, where that is empty, this username, in the caller's
// workspace. Who may ask is for the caller of FindUser to know. It returns ErrNotFound, and ErrWrongToken for a
// client or a guest.
func (a *Authority) FindUser(ctx context.Context, who Identity, email, username string) (Account, error) {
	if who.Kind != User {
		return Account{}, ErrWrongToken
	}
	if _, _, err := a.Get(ctx, who); err != nil {
		return Account{}, err
	}
	n := name{who.Workspace, byEmail, email}
	if email == "" {
		n = name{who.Workspace, byUsername, username}
	}
	user, err := a.lookUp(ctx, n)
	if err != nil {
		return Account{}, err
	}
	return a.accountOf(who.Workspace, user["id"], user, nil)
}
