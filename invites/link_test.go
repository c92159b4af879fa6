package invites_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/secret"
	"usher/invites"
	"usher/roles"
)

// Owner and moderators of the room issue links and do all else with them; the owner of the space as such does not, nor
// does a guest, whatever its role.
func TestWhoIssuesLinks(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		h.join(h.ann, roles.SpaceUser)
		h.grant(h.ann, roles.RoomUser)
		h.join(h.bob, roles.SpaceUser)
		h.grant(h.bob, roles.RoomMonitor)
		in := *h // a room where its space's owner has no role
		in.room = h.build(roles.Private)
		in.grant(h.mod, roles.RoomOwner)
		require.NoError(t, h.spaces.RevokeRole(t.Context(), h.owner, h.space, in.room, h.owner.ID, false))
		moderates := invites.NewLink{Username: "Ms Jones", Role: "moderator"}
		for _, row := range []struct {
			name string
			h    *house
			who  auth.Identity
			want error
		}{
			{"owner", h, h.owner, nil},
			{"moderator", h, h.mod, nil},
			{"user", h, h.ann, roles.ErrForbidden},
			{"monitor", h, h.bob, roles.ErrForbidden},
			{"owner of the space", &in, h.owner, roles.ErrForbidden},
			{"user of another room", &in, h.ann, roles.ErrNotFound},
			{"administrator", h, h.admin, roles.ErrNotFound},
			{"guest", h, h.seat(h.link(moderates), laptop).who, roles.ErrForbidden},
			{"guest of another room", h, in.seat(in.link(moderates), laptop).who, roles.ErrNotFound},
			{"client", h, auth.Identity{Kind: auth.Client, ID: w.client, Workspace: w.owner.Workspace}, roles.ErrNotFound},
			{"nobody", h, auth.Identity{}, roles.ErrNotFound},
		} {
			of := row.h.link(oneTime)
			for _, op := range row.h.operations(row.who, row.h.room, of.ID) {
				require.ErrorIs(t, op.call(), row.want, row.name+": "+op.name)
			}
		}
	})
}

// An operation on a link.
type operation struct {
	name string
	call func() error
}

// operations are all that one may do with links, the last of them last.
func (h *house) operations(who auth.Identity, room, link string) []operation {
	ctx, ttl := h.Context(), 2*day
	return []operation{
		{"generate", func() error {
			_, _, err := h.desk.GenerateAccess(ctx, who, h.space, room, invites.NewLink{Username: "John", Role: "user"})
			return err
		}},
		{"list", func() error {
			_, _, err := h.desk.ListLinks(ctx, who, h.space, room, auth.Page{Limit: 10})
			return err
		}},
		{"get", func() error { _, err := h.desk.GetLink(ctx, who, h.space, room, link); return err }},
		{"update", func() error {
			_, err := h.desk.UpdateLink(ctx, who, h.space, room, link, invites.LinkPatch{TTL: &ttl})
			return err
		}},
		{"replace", func() error { _, _, err := h.desk.ReplaceLink(ctx, who, h.space, room, link); return err }},
		{"revoke", func() error { return h.desk.RevokeLink(ctx, who, h.space, room, link) }},
	}
}

// Whoever may not enter the room has no rights over its links, from that moment.
func TestWhoIsOutIssuesNoLinks(t *testing.T) {
	banned := new(roles.BannedError)
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(oneTime)
		require.NoError(t, h.spaces.Ban(t.Context(), h.owner, h.space, h.room, h.mod.ID, nil, ""))
		for _, op := range h.operations(h.mod, h.room, of.ID) {
			require.ErrorAs(t, op.call(), &banned, op.name)
		}
		h = w.house(t)
		of = h.link(oneTime)
		require.NoError(t, h.spaces.RemoveMember(t.Context(), h.owner, h.space, h.mod.ID, false))
		for _, op := range h.operations(h.mod, h.room, of.ID) {
			require.ErrorIs(t, op.call(), roles.ErrNotFound, op.name)
		}
	})
}

// A link of one room is unknown under another's path, and an unknown one everywhere.
func TestALinkUnderAnotherPath(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of, other := h.link(oneTime), h.build(roles.Private)
		for _, at := range []struct{ room, link string }{{other, of.ID}, {h.room, h.auth.NewID()}} {
			for _, op := range h.operations(h.owner, at.room, at.link)[2:] {
				require.ErrorIs(t, op.call(), invites.ErrLinkUnknown, op.name)
			}
			_, err := h.desk.Explain(t.Context(), h.owner, h.space, at.room, at.link)
			require.ErrorIs(t, err, invites.ErrLinkUnknown)
		}
		elsewhere := w.house(t)
		for _, op := range elsewhere.operations(h.owner, h.room, of.ID) {
			require.ErrorIs(t, op.call(), roles.ErrNotFound, op.name)
		}
		h.lives(h.seat(of, laptop))
	})
}

// A link lives for a day where nothing is said, a minute at least and five days at most, and gives one of two roles.
func TestWhatALinkIs(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		for _, row := range []struct {
			ttl   time.Duration
			role  string
			field string // that is wrong
			lives time.Duration
		}{
			{0, "user", "", day},
			{time.Minute, "moderator", "", time.Minute},
			{5 * day, "user", "", 5 * day},
			{time.Minute - time.Second, "user", "/ttl", 0},
			{5*day + time.Second, "user", "/ttl", 0},
			{-time.Second, "user", "/ttl", 0},
			{0, "owner", "/role", 0},
			{0, "role_room_owner", "/role", 0},
			{0, "", "/role", 0},
		} {
			link, location, err := h.desk.GenerateAccess(t.Context(), h.mod, h.space, h.room, invites.NewLink{
				Username: "Zoë & Søn", Role: row.role, TTL: row.ttl, ExternalUserID: "pupil/17",
			})
			if row.field != "" {
				var wrong *auth.FieldError
				require.ErrorAs(t, err, &wrong)
				require.Equal(t, row.field, wrong.Field)
				require.True(t, location.Empty())
				continue
			}
			require.NoError(t, err)
			want := invites.Link{
				ID: link.ID, Username: "Zoë & Søn", Role: row.role, ExternalUserID: "pupil/17", Issuer: h.mod.ID, Epoch: link.Epoch,
				Created: h.now(), Ends: h.now().Add(row.lives), MaxUses: 1, Left: 1, State: invites.Live, Lineage: invites.Lineage{IssuerName: "mod"},
			}
			require.Equal(t, want, link)
			stored, err := h.desk.GetLink(t.Context(), h.owner, h.space, h.room, link.ID)
			require.NoError(t, err)
			require.Equal(t, want, stored)
		}
	})
}

// Where the longest life is shorter than a day, it is what a link has where nothing is said.
func TestALinkOfAShortLivedHouse(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		h.desk = invites.New(w.auth, w.spaces, invites.Settings{RoomURL: roomURL, MaxLinkTTL: time.Hour})
		require.Equal(t, h.now().Add(time.Hour), h.link(oneTime).Ends)
	})
}

// The address has the form that clients know, and it is the one place where the token is: the store has only its hash.
func TestTheAddressOfALink(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		room, err := h.spaces.GetRoom(t.Context(), h.owner, h.space, h.room)
		require.NoError(t, err)
		h.line.said = new(strings.Builder)
		_, location, err := h.desk.GenerateAccess(t.Context(), h.mod, h.space, h.room, invites.NewLink{
			Username: "Zoë & Søn #1", Role: "user",
		})
		require.NoError(t, err)
		token := tokenIn(t, location)
		require.Equal(t, roomURL+"/"+room.Alias+"?participantName=Zo%C3%AB%20%26%20S%C3%B8n%20%231&accessToken="+token.Reveal(),
			location.Reveal())
		seated, err := h.desk.Redeem(t.Context(), token, laptop, noPIN)
		require.NoError(t, err)
		require.Equal(t, "Zoë & Søn #1", seated.Username, "the name is the link's")
		for _, hidden := range []secret.String{token, laptop, seated.AccessToken, seated.RefreshToken} {
			require.NotContains(t, h.line.said.String(), hidden.Reveal())
		}
	})
}

// The list is in the order of the ends; a link that is prolonged moves, and is listed once.
func TestTheListOfLinks(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		var made []string
		for i := range 5 {
			made = append(made, h.link(invites.NewLink{Username: "John", Role: "user", TTL: time.Duration(i+1) * time.Hour}).ID)
		}
		require.Equal(t, made, h.listedLinks(2))
		h.extend(made[1], 2*time.Hour) // where it was
		require.Equal(t, made, h.listedLinks(5))
		h.extend(made[0], day)
		require.Equal(t, append(made[1:], made[0]), h.listedLinks(3))
		h.pass(7*day + 5*time.Hour)
		last := h.link(oneTime).ID
		require.Equal(t, []string{made[4], made[0], last}, h.listedLinks(10), "what ended a week ago is still there")
		h.pass(time.Millisecond)
		require.Equal(t, []string{made[0], last}, h.listedLinks(1), "and a moment later not")
		h.pass(day - 5*time.Hour - time.Millisecond) // the week of the first is over in this moment
		h.extend(made[0], day)
		require.Equal(t, []string{last, made[0]}, h.listedLinks(10))
		require.Equal(t, invites.Live, h.read(ticket{Link: invites.Link{ID: made[0]}}).State)
	})
}

func (h *house) listedLinks(limit int) []string {
	h.Helper()
	var ids []string
	page := auth.Page{Limit: limit}
	for {
		found, next, err := h.desk.ListLinks(h.Context(), h.mod, h.space, h.room, page)
		require.NoError(h, err)
		for _, l := range found {
			ids = append(ids, l.ID)
		}
		if next == "" {
			return ids
		}
		page.After = next
	}
}
