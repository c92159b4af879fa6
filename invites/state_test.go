package invites_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/invites"
	"usher/roles"
)

// What a link is good for is said alike by its description, its preview and its explanation, whoever asks, and the
// refusal is of the same kind.
func TestTheStatesOfALink(t *testing.T) {
	rows := []struct {
		name  string
		state invites.State
		want  error
		do    func(*house, ticket)
	}{
		{"new", invites.Live, nil, func(*house, ticket) {}},
		{"used", invites.Used, invites.ErrLinkUsed, func(h *house, of ticket) { h.seat(of, phone) }},
		{"paused", invites.Paused, invites.ErrLinkPaused, func(h *house, of ticket) { h.pause(of.ID, true) }},
		{"used and paused", invites.Paused, invites.ErrLinkPaused, func(h *house, of ticket) {
			h.seat(of, phone)
			h.pause(of.ID, true)
		}},
		{"paused and expired", invites.Expired, invites.ErrLinkExpired, func(h *house, of ticket) {
			h.pause(of.ID, true)
			h.pass(day)
		}},
		{"used and expired", invites.Expired, invites.ErrLinkExpired, func(h *house, of ticket) {
			h.seat(of, phone)
			h.pass(day)
		}},
		{"void and paused, used, expired", invites.Void, invites.ErrLinkRevoked, func(h *house, of ticket) {
			h.seat(of, phone)
			h.pause(of.ID, true)
			h.pass(day)
			h.grant(h.mod, roles.RoomUser)
		}},
		{"revoked, void and paused", invites.Revoked, invites.ErrLinkRevoked, func(h *house, of ticket) {
			h.pause(of.ID, true)
			require.NoError(h, h.desk.RevokeLink(h.Context(), h.mod, h.space, h.room, of.ID))
			h.grant(h.mod, roles.RoomUser)
		}},
	}
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				h := w.house(t)
				of := h.link(oneTime)
				row.do(h, of)
				h.is(of, row.state)
				_, err := h.desk.Redeem(t.Context(), of.token, laptop, noPIN)
				require.ErrorIs(t, err, row.want)
			})
		}
	})
}

// is asserts the state of a link, as everyone is told it.
func (h *house) is(of ticket, state invites.State) {
	h.Helper()
	link, err := h.desk.GetLink(h.Context(), h.owner, h.space, h.room, of.ID)
	require.NoError(h, err)
	require.Equal(h, state, link.State)
	preview, err := h.desk.Preview(h.Context(), of.token)
	require.NoError(h, err)
	preview.Link.Lineage = link.Lineage // which is for those who manage it
	require.Equal(h, link, preview.Link)
	why, err := h.desk.Explain(h.Context(), h.owner, h.space, h.room, of.ID)
	require.NoError(h, err)
	require.Equal(h, state == invites.Live, why.Allowed)
	require.Equal(h, roles.Code("link_"+state), why.Code())
}

// Others are told why a link does not let in by whoever grants in the room, the owner of the space among them; of a
// closed room that is the reason.
func TestExplainingALink(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		h.join(h.ann, roles.SpaceUser)
		h.grant(h.ann, roles.RoomUser)
		of := h.link(invites.NewLink{Username: "Ms Jones", Role: "moderator"})
		for _, row := range []struct {
			who  auth.Identity
			want error
		}{{h.owner, nil}, {h.mod, nil}, {h.admin, nil}, {h.ann, roles.ErrForbidden}, {h.bob, roles.ErrNotFound}} {
			why, err := h.desk.Explain(t.Context(), row.who, h.space, h.room, of.ID)
			require.ErrorIs(t, err, row.want)
			if err == nil {
				require.True(t, why.Allowed)
				require.Equal(t, roles.RoomModerator, why.Role)
			}
		}
		unseen := *h
		unseen.room = h.build(roles.Private)
		unseen.grant(h.mod, roles.RoomModerator)
		require.NoError(t, h.spaces.RevokeRole(t.Context(), h.owner, h.space, unseen.room, h.owner.ID, false))
		why, err := h.desk.Explain(t.Context(), h.owner, h.space, unseen.room, unseen.link(oneTime).ID)
		require.NoError(t, err)
		require.True(t, why.Allowed, "the owner of the space, unseen")
		require.NoError(t, h.spaces.CloseRoom(t.Context(), h.owner, h.space, h.room))
		why, err = h.desk.Explain(t.Context(), h.owner, h.space, h.room, of.ID)
		require.NoError(t, err)
		require.False(t, why.Allowed)
		require.Equal(t, roles.CodeRoomClosed, why.Code())
		_, _, err = h.desk.GenerateAccess(t.Context(), h.mod, h.space, h.room, invites.NewLink{Username: "John", Role: "user"})
		require.ErrorIs(t, err, roles.ErrRoomClosed)
	})
}

func (h *house) pause(link string, paused bool) {
	h.Helper()
	_, err := h.desk.UpdateLink(h.Context(), h.mod, h.space, h.room, link, invites.LinkPatch{Paused: &paused})
	require.NoError(h, err)
}

func (h *house) extend(link string, ttl time.Duration) invites.Link {
	h.Helper()
	got, err := h.desk.UpdateLink(h.Context(), h.mod, h.space, h.room, link, invites.LinkPatch{TTL: &ttl})
	require.NoError(h, err)
	return got
}
