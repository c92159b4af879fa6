package roles

import (
	"context"
	"slices"

	"usher/auth"
	"usher/internal/store"
)

// The staff of a workspace looks at every space and room of it. It is let into none by that: to enter, an administrator
// needs a role like everyone, which he may give himself where the log shows it. What he changes he does by his office.

// spacesIn lists the spaces of a workspace. An entry comes before its space, and counts as nothing without it.
func spacesIn(workspace string) store.Key { return index("w:"+workspace+":spaces", "spaces") }

// Overlook is what administrators and support see of a space, or of a room in it. It is ErrForbidden for others,
// ErrNotFound.
func (s *Spaces) Overlook(ctx context.Context, who auth.Identity, space, room string) (Standing, error) {
	var st Standing
	var err error
	if room == "" {
		st, _, err = s.InSpace(ctx, who, space)
	} else {
		st, _, err = s.InRoom(ctx, who, space, room)
	}
	if err == nil && st.Staff == "" {
		err = ErrForbidden
	}
	return st, err
}

// AllSpaces are the spaces of the caller's workspace, the default space first, and the cursor of the next page; for
// administrators and support. A page may hold fewer than asked for. It returns ErrForbidden.
func (s *Spaces) AllSpaces(ctx context.Context, who auth.Identity, page auth.Page) (spaces []Space, next string, err error) {
	home, err := s.Overlook(ctx, who, who.Workspace, "")
	if err != nil {
		return nil, "", err
	}
	if page.After == "" && !page.Descending {
		spaces = append(spaces, home.Space)
	}
	entries, next, err := s.auth.Page(ctx, spacesIn(who.Workspace), page)
	if err != nil {
		return nil, "", err
	}
	keys := make([]store.Key, len(entries))
	for i, entry := range entries {
		keys[i] = auth.SpaceKey(auth.IDOf(entry))
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, "", err
	}
	for i, rec := range recs {
		space := Space{ID: keys[i].ID}
		if err := rec.Load(&space); err != nil {
			return nil, "", err
		}
		if space.there() && space.Workspace == who.Workspace {
			spaces = append(spaces, space)
		}
	}
	return spaces, next, nil
}

// NamesOf are what those of some spaces and rooms of the caller's workspace are called that are there, by their ids; for
// administrators and support. It returns ErrForbidden.
func (s *Spaces) NamesOf(ctx context.Context, who auth.Identity, ids []string) (map[string]string, error) {
	if _, err := s.Overlook(ctx, who, who.Workspace, ""); err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !auth.IsID(id) })
	var keys []store.Key
	for _, id := range ids {
		keys = append(keys, auth.SpaceKey(id), auth.RoomKey(id))
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for i, id := range ids {
		var space Space
		var room Room
		if err := load(recs[2*i:], &space, &room); err != nil {
			return nil, err
		}
		switch who.Workspace {
		case space.Workspace:
			if space.there() {
				names[id] = space.Name
			}
		case room.Workspace:
			if room.Ended.IsZero() {
				names[id] = room.Name
			}
		}
	}
	return names, nil
}
