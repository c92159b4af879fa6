package auth

import (
	"context"
	"errors"
	"slices"
	"time"

	"usher/internal/store"
)

// A name is unique in its workspace. It is a pointer, written before the user that it points to: one whose user is
// absent, or has another name, counts as nothing, and may be taken over once nobody can be about to write that user.
type name struct {
	workspace string
	kind      nameKind
	value     string
}

type nameKind string

// The kinds of names, each called like the field of a user that holds it.
const (
	byEmail    nameKind = "email"
	byUsername nameKind = "username"
	byExternal nameKind = "externalId"
	byToken    nameKind = "tokenHash"
)

const (
	// aMinute is how old a pointer must be, if its user does not confirm it, to be taken over.
	aMinute = time.Minute
	// truthBy is how long after its pointers a user may be written, at most.
	truthBy = aMinute / 2
)

// spelled is what two names must not share: e-mail addresses and usernames however they are typed, an integrator's
// own ids, and the hashes of tokens, byte for byte.
func (n name) spelled() string {
	if n.kind == byExternal || n.kind == byToken {
		return n.value
	}
	return fold(n.value)
}

// names are the names that a user has.
func (u account) names() []name {
	all := []name{
		{u.Workspace, byEmail, u.Email},
		{u.Workspace, byUsername, u.Username},
		{u.Workspace, byExternal, u.ExternalID},
		{u.Workspace, byToken, u.TokenHash},
	}
	return slices.DeleteFunc(all, func(n name) bool { return n.value == "" })
}

// taken is what the caller is told where another user has the name.
func (n name) taken() error {
	switch n.kind {
	case byEmail:
		return ErrEmailTaken
	case byUsername:
		return ErrUsernameTaken
	}
	return errTaken
}

func (n name) key() store.Key {
	id := Hash(n.workspace, string(n.kind), n.spelled())
	return store.Key{Partition: "n:" + id, Kind: "name", ID: id}
}

// confirmed reports whether a user, as stored, has the name.
func (n name) confirmed(user store.Record) bool {
	return user != nil && user["workspace"] == n.workspace && user["ended"] == "" &&
		name{n.workspace, n.kind, user[string(n.kind)]}.spelled() == n.spelled()
}

// held reports whether a user, as stored, had the name and can have it again. Meanwhile nobody else gets it.
func (n name) held(user store.Record, now time.Time) bool {
	return n.kind == byEmail && user.Time("heldUntil").After(now) && user["ended"] == "" &&
		name{user["workspace"], byEmail, user["heldEmail"]}.key() == n.key()
}

// lookUp is the user that has a name. It returns ErrNotFound.
func (a *Authority) lookUp(ctx context.Context, n name) (store.Record, error) {
	_, user, err := a.pointee(ctx, n)
	if err != nil {
		return nil, err
	}
	if !n.confirmed(user) {
		return nil, ErrNotFound
	}
	return user, nil
}

// pointee reads a pointer and the user that it points to. Either may be nil.
func (a *Authority) pointee(ctx context.Context, n name) (pointer, user store.Record, err error) {
	recs, err := a.Store.Get(ctx, n.key())
	if err != nil || recs[0] == nil {
		return nil, nil, err
	}
	users, err := a.Store.Get(ctx, UserKey(recs[0]["user"]))
	if err != nil {
		return nil, nil, err
	}
	return recs[0], users[0], nil
}

// A claim is a pointer that was written for a user who does not have the name yet.
type claim struct {
	key     store.Key
	pointer store.Record
}

var errTaken = errors.New("auth: the name is taken")

// claim takes a name for a user. It returns errTaken where another user has it, or may be about to. A pointer of that
// user's own is claimed anew, so that nobody who still means to drop it can.
func (a *Authority) claim(ctx context.Context, n name, user string) (claim, error) {
	c := claim{n.key(), store.Record{"user": user, "at": store.Millis(a.Now()), "claim": a.NewID()}}
	return c, Settle(func() error {
		pointer, holder, err := a.pointee(ctx, n)
		if err != nil {
			return err
		}
		free := store.Absent(c.key)
		if pointer != nil {
			fresh := a.Now().Sub(pointer.Time("at")) < aMinute
			if pointer["user"] != user && (fresh || n.confirmed(holder) || n.held(holder, a.Now())) {
				return errTaken
			}
			free = claim{c.key, pointer}.unchanged()
		}
		return a.Change(ctx, store.Tx{If: []store.Cond{free}, Do: []store.Write{store.Set(c.key, c.pointer)}})
	})
}

func (c claim) unchanged() store.Cond { return store.Equal(c.key, "claim", c.pointer["claim"]) }

// drop gives up pointers, each if it is still the one that was read or written. An error is of no consequence but
// this: the name is free a minute later only, because a pointer that stays behind counts as nothing.
func (a *Authority) drop(ctx context.Context, claims ...claim) {
	for _, c := range claims {
		tx := store.Tx{If: []store.Cond{c.unchanged()}, Do: []store.Write{store.Delete(c.key)}}
		if _, err := a.Apply(ctx, tx); err != nil {
			a.log.WarnContext(ctx, "a name stays reserved for a minute", "error", err)
		}
	}
}

// held are the pointers of names as they are now, as far as they point to the user.
func (a *Authority) held(ctx context.Context, user string, names ...name) ([]claim, error) {
	keys := make([]store.Key, len(names))
	for i, n := range names {
		keys[i] = n.key()
	}
	recs, err := a.Store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	var claims []claim
	for i, r := range recs {
		if r["user"] == user {
			claims = append(claims, claim{keys[i], r})
		}
	}
	return claims, nil
}
