package invites_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/invites"
	"usher/roles"
)

// Administrators and support see all invites and links; support not the id of an invite that waits, which is what lets in.
func TestTheStaffSeesWhatWasIssued(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		all := auth.Page{Limit: 10}
		waits, used := h.invite(h.mod, roles.SpaceUser), h.invite(h.mod, roles.SpaceUser)
		_, err := h.desk.ActivateInvite(t.Context(), h.ann, h.space, used.ID)
		require.NoError(t, err)
		of := h.link(invites.NewLink{Username: "Ann", Role: "user"})
		require.NoError(t, h.auth.SetWorkspaceRole(t.Context(), h.admin, h.bob.ID, auth.Support))
		for _, row := range []struct {
			who   auth.Identity
			waits string
		}{{h.admin, waits.ID}, {h.bob, ""}} {
			row.who.Office = true
			found, _, err := h.desk.ListInvites(t.Context(), row.who, h.space, "", all)
			require.NoError(t, err)
			var ids []string
			for _, in := range found {
				ids = append(ids, in.ID)
			}
			require.Contains(t, ids, row.waits)
			require.Contains(t, ids, used.ID)
			require.Equal(t, row.waits != "", slices.Contains(ids, waits.ID))
			links, _, err := h.desk.ListLinks(t.Context(), row.who, h.space, h.room, all)
			require.NoError(t, err)
			require.Len(t, links, 1)
			require.Equal(t, of.ID, links[0].ID)
		}
		for _, who := range []auth.Identity{h.owner, h.mod, h.ann} {
			who.Office = true // which none of them has got
			_, _, err := h.desk.ListInvites(t.Context(), who, h.space, "", all)
			require.ErrorIs(t, err, roles.ErrNotFound)
			_, _, err = h.desk.ListLinks(t.Context(), who, h.space, h.room, all)
			require.ErrorIs(t, err, roles.ErrNotFound)
		}
		abroad := h.abroad()
		abroad.Office = true
		_, _, err = h.desk.ListInvites(t.Context(), abroad, h.space, "", all)
		require.ErrorIs(t, err, roles.ErrNotFound)
	})
}
