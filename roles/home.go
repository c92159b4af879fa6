package roles

import (
	"context"
	"slices"

	"usher/auth"
	"usher/internal/store"
)

// Each workspace has a default space, whose id is the workspace's own: home of the rooms that its API keys make. It is
// public, nobody has a role in it, and it stays for as long as the workspace does. An API key acts as the owner of its
// rooms, whichever key made them, and knows of no other space.

// isHome reports whether the space is the default space of its workspace.
func (st Standing) isHome() bool { return st.Space.ID == st.Space.Workspace }

// byOffice is what an API key is in the default space and in its rooms, and who acts by his role in the workspace in all
// of them. No record says so.
func byOffice(role Role) Tenure { return Tenure{Role: role, office: true} }

// takeOffice puts an office in the place of what one is in a space and in a room. Support holds the same one: May leaves it
// what changes nothing. An office lets nobody into a room.
func (st *Standing) takeOffice() {
	switch {
	case st.Kind == auth.Key:
		st.Member, st.Tenure = byOffice(SpaceModerator), byOffice(RoomOwner)
	case st.Office && st.Staff != "":
		st.Member, st.Tenure = byOffice(SpaceOwner), byOffice(RoomOwner)
		st.SpaceBan, st.RoomBan = Ban{}, Ban{}
	}
}

// home makes the default space of a workspace, or finds it made. It is the zero Space where there is no such workspace.
func (s *Spaces) home(ctx context.Context, workspace string) (Space, error) {
	recs, err := s.auth.Store.Get(ctx, auth.WorkspaceKey(workspace))
	if err != nil || recs[0] == nil {
		return Space{}, err
	}
	key := auth.SpaceKey(workspace)
	home := Space{
		SpaceDetails: SpaceDetails{Name: recs[0]["name"], Public: true}, Workspace: workspace, Created: s.auth.Now(),
	}
	res, err := s.auth.Apply(ctx, store.Tx{
		If: []store.Cond{store.Absent(key)}, Do: []store.Write{store.Set(key, store.Fields(home))}, Read: []store.Key{key},
	})
	if err == nil && res.Refused != 0 { // somebody was faster
		err = res.Read[0].Load(&home)
	}
	home.ID = workspace
	return home, err
}

// withHome is a page of the ids of spaces, and its next, with the default space in its place among them. One item falls
// off the end of a page that was full.
func withHome(home string, ids []string, next string, page auth.Page) ([]string, string) {
	if slices.Contains(ids, home) || home <= page.After || next != "" && home > next {
		return ids, next
	}
	ids = slices.Sorted(slices.Values(append(ids, home)))
	if len(ids) >= page.Limit { // a page that is full may not be the last one
		ids = ids[:page.Limit]
		next = ids[page.Limit-1]
	}
	return ids, next
}
