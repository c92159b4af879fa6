package roles

import (
	"context"
	"errors"
	"strings"

	"usher/auth"
)

// A Visitor is somebody whom a proxy may let through to what it guards. Room and Role are empty where no room guards it.
type Visitor struct {
	auth.Identity
	Name string // the shown name
	Room string
	Role Role // in that room
}

// Verify is for a proxy before another server: it says who comes, if he may. Without a place those are users. A place is
// a room, by its alias or as its space's id, a dot and its own: whoever may enter it, if he is a user or has a seat there.
// It is auth.ErrWrongToken for other kinds of callers, a DeniedError where the entering decision is no, and ErrForbidden
// where no such room is there for him.
func (s *Spaces) Verify(ctx context.Context, who auth.Identity, place string) (Visitor, error) {
	if place == "" {
		return s.verifyUser(ctx, who)
	}
	space, room, ids := strings.Cut(place, ".")
	if !ids {
		_, recs, err := s.auth.Get(ctx, who, aliasKey(place))
		if err != nil {
			return Visitor{}, err
		}
		space, room = recs[0]["space"], recs[0]["room"]
	}
	st, decision, _, err := s.enter(ctx, who, space, room)
	if errors.Is(err, ErrNotFound) {
		err = ErrForbidden
	}
	return Visitor{who, st.Name, room, decision.Role}, err
}

func (s *Spaces) verifyUser(ctx context.Context, who auth.Identity) (Visitor, error) {
	if who.Kind != auth.User {
		return Visitor{}, auth.ErrWrongToken
	}
	self, _, err := s.auth.Get(ctx, who)
	return Visitor{Identity: who, Name: self.Name}, err
}
