package roles

import (
	"context"
	"strings"

	"usher/auth"
	"usher/internal/store"
)

// A Place is a room in which a user has a role, in its space.
type Place struct {
	Space Space
	Room  Room // with the user's role
}

// RoomsOf are the rooms in which a user of the workspace has a role, for administrators and support, and the cursor of
// the next page. It returns what auth.GetUser does.
func (s *Spaces) RoomsOf(ctx context.Context, who auth.Identity, user string, page auth.Page) (places []Place, next string, err error) {
	if _, err := s.auth.GetUser(ctx, who, user); err != nil {
		return nil, "", err
	}
	entries, next, err := s.auth.Page(ctx, roomsOf(user), page)
	if err != nil {
		return nil, "", err
	}
	var keys []store.Key
	rooms := make([]string, len(entries))
	for i, entry := range entries {
		space, room, _ := strings.Cut(entry, "/")
		rooms[i] = room
		keys = append(append(keys, spaceKeys(space, user)...), roomKeys(room, user)...)
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, "", err
	}
	for i, entry := range entries {
		space, _, _ := strings.Cut(entry, "/")
		here := Standing{Space: Space{ID: space, Workspace: who.Workspace}, Room: Room{ID: rooms[i]}}
		st, err := here.of(user, recs[6*i:])
		if err != nil {
			return nil, "", err
		}
		if st.exists() == nil && st.Tenure.Role != "" {
			places = append(places, Place{st.Space, st.describedRoom()})
		}
	}
	return places, next, nil
}
