package roles

import (
	"context"
	"strings"

	"usher/auth"
	"usher/internal/store"
)

// A Hold is a place where somebody may have issued something, and the epoch that it hangs on.
type Hold struct{ Place, Room, Epoch string } // of a space, Room is empty

// mostHolds is how many rooms HeldInSpace looks at.
const mostHolds = 100

// HeldInSpace is what falls with a member's role, for whoever may take that: his hold in the space, and those in its
// rooms, mostHolds of them; more says that there are others. It is ErrNotMember, ErrRank, ErrForbidden, ErrUserNotFound.
func (s *Spaces) HeldInSpace(ctx context.Context, who auth.Identity, space, user string) (holds []Hold, more bool, err error) {
	st, had, err := s.overMember(ctx, who, space, user, true)
	switch {
	case err != nil:
		return nil, false, err
	case had.Role == "":
		return nil, false, ErrNotMember
	case !st.mayRegrade(st.Member.Role.Rank(), user, had.Role, ""):
		return nil, false, ErrRank
	}
	entries, err := s.auth.Store.List(ctx, roomsOf(user), store.Page{Prefix: space + "/", Limit: mostHolds})
	if err != nil {
		return nil, false, err
	}
	holds = []Hold{{"s:" + space, "", had.Epoch}}
	var keys []store.Key
	for _, entry := range entries {
		_, room, _ := strings.Cut(entry, "/")
		keys = append(keys, roleKey(room, user))
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, false, err
	}
	for i, rec := range recs {
		if rec["epoch"] != "" {
			holds = append(holds, Hold{keys[i].Partition, strings.TrimPrefix(keys[i].Partition, "r:"), rec["epoch"]})
		}
	}
	return holds, len(entries) == mostHolds, nil
}

// HeldInRoom is HeldInSpace for a role in one room. It is ErrNoRole, ErrRank, ErrForbidden, ErrUserNotFound.
func (s *Spaces) HeldInRoom(ctx context.Context, who auth.Identity, space, room, user string) (Hold, error) {
	t, err := s.target(ctx, who, space, room, user)
	if err != nil {
		return Hold{}, err
	}
	return Hold{"r:" + room, room, t.had.Epoch}, t.mayRevoke(user)
}
