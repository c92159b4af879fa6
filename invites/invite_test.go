package invites_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/invites"
	"usher/roles"
)

// Owner and moderators of the space invite, up to their own role, and never an owner.
func TestWhoInvites(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		h.join(h.ann, roles.SpaceUser)
		other := w.house(t)
		for _, row := range []struct {
			name string
			who  auth.Identity
			want error
		}{
			{"owner", h.owner, nil},
			{"moderator", h.mod, nil},
			{"user", h.ann, roles.ErrForbidden},
			{"stranger", h.bob, roles.ErrNotFound},
			{"administrator", h.admin, roles.ErrNotFound},
			{"guest", h.seat(h.link(invites.NewLink{Username: "Ms Jones", Role: "moderator"}), laptop).who, roles.ErrNotFound},
			{"guest of another room", other.seat(other.link(oneTime), laptop).who, roles.ErrNotFound},
			{"client", auth.Identity{Kind: auth.Client, ID: w.client, Workspace: w.owner.Workspace}, roles.ErrNotFound},
			{"nobody", auth.Identity{}, roles.ErrNotFound},
		} {
			_, err := h.desk.CreateInvite(t.Context(), row.who, h.space, invites.NewInvite{Role: roles.SpaceModerator})
			require.ErrorIs(t, err, row.want, row.name)
			_, _, err = h.desk.ListInvites(t.Context(), row.who, h.space, "", auth.Page{Limit: 10})
			require.ErrorIs(t, err, row.want, row.name)
			id := h.invite(h.owner, roles.SpaceUser).ID
			_, err = h.desk.GetInvite(t.Context(), row.who, h.space, id)
			require.ErrorIs(t, err, row.want, row.name)
			require.ErrorIs(t, h.desk.RevokeInvite(t.Context(), row.who, h.space, id), row.want, row.name)
		}
	})
}

// An invite is for a moderator or a user, for 7 days where nothing is said, and 30 at most.
func TestWhatAnInviteIs(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		for _, row := range []struct {
			role  roles.Role
			ttl   time.Duration
			field string // that is wrong
			lives time.Duration
		}{
			{roles.SpaceUser, 0, "", 7 * day},
			{roles.SpaceModerator, time.Second, "", time.Second},
			{roles.SpaceUser, 30 * day, "", 30 * day},
			{roles.SpaceUser, 30*day + 1, "/expiresIn", 0},
			{roles.SpaceUser, -time.Second, "/expiresIn", 0},
			{roles.SpaceOwner, 0, "/role", 0},
			{roles.RoomUser, 0, "/role", 0},
			{"", 0, "/role", 0},
		} {
			in, err := h.desk.CreateInvite(t.Context(), h.mod, h.space, invites.NewInvite{Role: row.role, TTL: row.ttl})
			var wrong *auth.FieldError
			if row.field != "" {
				require.ErrorAs(t, err, &wrong)
				require.Equal(t, row.field, wrong.Field)
				continue
			}
			require.NoError(t, err)
			want := invites.Invite{
				ID: in.ID, Role: row.role, Issuer: h.mod.ID, Epoch: in.Epoch, Created: h.now(), Ends: h.now().Add(row.lives),
				MaxUses: 1, Life: int(row.lives / time.Second), State: invites.Pending, Lineage: invites.Lineage{IssuerName: "mod"},
			}
			require.Equal(t, want, in)
			stored, err := h.desk.GetInvite(t.Context(), h.owner, h.space, in.ID)
			require.NoError(t, err)
			require.Equal(t, want, stored)
		}
	})
}

// An activation is refused for the first of the reasons that apply, in the order of the rules; each row sets up one
// reason and those that come after it.
func TestTheOrderOfActivation(t *testing.T) {
	expire := func(h *house, _ invites.Invite) { h.pass(7 * day) }
	revoke := func(h *house, in invites.Invite) {
		require.NoError(h, h.desk.RevokeInvite(h.Context(), h.owner, h.space, in.ID))
	}
	by := func(who func(*house) auth.Identity) func(*house, invites.Invite) {
		return func(h *house, in invites.Invite) {
			_, err := h.desk.ActivateInvite(h.Context(), who(h), h.space, in.ID)
			require.NoError(h, err)
		}
	}
	bob := by(func(h *house) auth.Identity { return h.bob })
	ann := by(func(h *house) auth.Identity { return h.ann })
	remove := func(h *house, _ invites.Invite) {
		require.NoError(h, h.spaces.RemoveMember(h.Context(), h.owner, h.space, h.ann.ID, false))
	}
	ban := func(h *house, _ invites.Invite) {
		require.NoError(h, h.spaces.SpaceBan(h.Context(), h.owner, h.space, h.ann.ID, nil, ""))
	}
	member := func(h *house, _ invites.Invite) { h.join(h.ann, roles.SpaceModerator) }
	below := func(h *house, _ invites.Invite) { h.join(h.ann, roles.SpaceUser) }
	fall := func(h *house, _ invites.Invite) {
		require.NoError(h, h.spaces.RemoveMember(h.Context(), h.owner, h.space, h.mod.ID, false))
	}
	type steps = []func(*house, invites.Invite)
	banned := &roles.BannedError{}
	rows := []struct {
		name  string
		steps steps
		want  error
		role  roles.Role
		state invites.State
	}{
		{"expired before used", steps{bob, expire}, invites.ErrInviteExpired, "", invites.Used},
		{"expired before revoked", steps{revoke, expire}, invites.ErrInviteExpired, "", invites.Revoked},
		{"expired before banned", steps{ban, expire}, invites.ErrInviteExpired, "", invites.Expired},
		{"revoked before void", steps{revoke, fall}, invites.ErrInviteRevoked, "", invites.Revoked},
		{"revoked before banned", steps{revoke, ban}, invites.ErrInviteRevoked, "", invites.Revoked},
		{"used by another before banned", steps{bob, ban}, invites.ErrInviteUsed, "", invites.Used},
		{"used by another before a role as high", steps{bob, member}, invites.ErrInviteUsed, "", invites.Used},
		{"used by another before void", steps{bob, fall}, invites.ErrInviteUsed, "", invites.Used},
		{"the same user again", steps{ann}, nil, roles.SpaceModerator, invites.Used},
		{"the same user again, the issuer fell", steps{ann, fall}, nil, roles.SpaceModerator, invites.Used},
		{"the same user again, removed since", steps{ann, remove}, invites.ErrInviteUsed, "", invites.Used},
		{"the same user again, banned since", steps{ann, ban}, banned, "", invites.Used},
		{"banned before void", steps{ban, fall}, banned, "", invites.Void},
		{"a role as high, not spent", steps{member}, nil, roles.SpaceModerator, invites.Pending},
		{"a role as high before void", steps{member, fall}, nil, roles.SpaceModerator, invites.Void},
		{"a lower role rises", steps{below}, nil, roles.SpaceModerator, invites.Used},
		{"a lower role, void", steps{below, fall}, invites.ErrInviteVoid, "", invites.Void},
		{"void", steps{fall}, invites.ErrInviteVoid, "", invites.Void},
		{"nothing is in the way", nil, nil, roles.SpaceModerator, invites.Used},
	}
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				h := w.house(t)
				in := h.invite(h.mod, roles.SpaceModerator)
				for _, step := range row.steps {
					step(h, in)
				}
				before := h.role(h.ann)
				got, err := h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
				if row.want == nil {
					require.NoError(t, err)
					require.Equal(t, invites.Membership{Space: h.space, Role: row.role}, got)
					require.Equal(t, row.role, h.role(h.ann))
				} else {
					refused(t, row.want, err)
					require.Empty(t, got)
					require.Equal(t, before, h.role(h.ann))
				}
				after, err := h.desk.GetInvite(t.Context(), h.owner, h.space, in.ID)
				require.NoError(t, err)
				require.Equal(t, row.state, after.State)
			})
		}
	})
}

// refused compares a refusal; a ban may have any end.
func refused(t require.TestingT, want, got error) {
	if banned := new(roles.BannedError); errors.As(want, &banned) {
		require.ErrorAs(t, got, &banned)
		return
	}
	require.ErrorIs(t, got, want)
}

// An id is an authority only in its own space, in its own workspace, and with a user's token.
func TestAnInviteElsewhere(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h, other := w.house(t), w.house(t)
		in := h.invite(h.owner, roles.SpaceUser)
		guest := h.seat(h.link(oneTime), laptop).who
		for _, row := range []struct {
			name      string
			who       auth.Identity
			space, id string
			want      error
		}{
			{"another space", h.ann, other.space, in.ID, invites.ErrInviteNotFound},
			{"no such space", h.ann, h.auth.NewID(), in.ID, invites.ErrInviteNotFound},
			{"no such invite", h.ann, h.space, h.auth.NewID(), invites.ErrInviteNotFound},
			{"another workspace", w.abroad(), h.space, in.ID, invites.ErrInviteNotFound},
			{"guest", guest, h.space, in.ID, auth.ErrWrongToken},
			{"client", auth.Identity{Kind: auth.Client, ID: w.client, Workspace: w.owner.Workspace}, h.space, in.ID, auth.ErrWrongToken},
			{"nobody", auth.Identity{}, h.space, in.ID, auth.ErrWrongToken},
		} {
			_, err := h.desk.ActivateInvite(t.Context(), row.who, row.space, row.id)
			require.ErrorIs(t, err, row.want, row.name)
		}
		_, err := h.desk.GetInvite(t.Context(), h.owner, other.space, in.ID)
		require.ErrorIs(t, err, invites.ErrInviteNotFound)
		require.ErrorIs(t, h.desk.RevokeInvite(t.Context(), h.owner, other.space, in.ID), invites.ErrInviteNotFound)
		require.NoError(t, h.spaces.DeleteSpace(t.Context(), h.owner, h.space))
		_, err = h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
		require.ErrorIs(t, err, invites.ErrInviteNotFound)
	})
}

// An invite ends at its instant, not after it.
func TestTheInstantAtWhichAnInviteEnds(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		in := h.invite(h.owner, roles.SpaceUser)
		h.pass(7*day - time.Millisecond)
		_, err := h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
		require.NoError(t, err)
		in = h.invite(h.owner, roles.SpaceUser)
		h.pass(7 * day)
		_, err = h.desk.ActivateInvite(t.Context(), h.bob, h.space, in.ID)
		require.ErrorIs(t, err, invites.ErrInviteExpired)
	})
}

// A spent invite is a membership, and is taken back as such; one that was taken back stays so.
func TestRevokingAnInvite(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		spent, in := h.invite(h.mod, roles.SpaceUser), h.invite(h.mod, roles.SpaceUser)
		_, err := h.desk.ActivateInvite(t.Context(), h.ann, h.space, spent.ID)
		require.NoError(t, err)
		require.ErrorIs(t, h.desk.RevokeInvite(t.Context(), h.mod, h.space, spent.ID), invites.ErrInviteUsed)
		for range 2 {
			require.NoError(t, h.desk.RevokeInvite(t.Context(), h.owner, h.space, in.ID))
		}
		_, err = h.desk.ActivateInvite(t.Context(), h.bob, h.space, in.ID)
		require.ErrorIs(t, err, invites.ErrInviteRevoked)
		used, err := h.desk.GetInvite(t.Context(), h.mod, h.space, spent.ID)
		require.NoError(t, err)
		require.Equal(t, h.ann.ID, used.UsedBy)
		require.Equal(t, h.now(), used.UsedAt)
	})
}

// The list is in the order of the ends, whole, and without what ended a week ago.
func TestTheListOfInvites(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		h.pass(20 * day) // the moderator's own invite is past
		var want []string
		for i := range 7 {
			in, err := h.desk.CreateInvite(t.Context(), h.mod, h.space, invites.NewInvite{Role: roles.SpaceUser, TTL: time.Duration(1+(i*3)%7) * time.Hour})
			require.NoError(t, err)
			want = append(want, in.ID)
		}
		want = []string{want[0], want[5], want[3], want[1], want[6], want[4], want[2]}
		require.Equal(t, want, h.invited(3))
		h.pass(7*day + 3*time.Hour + time.Minute)
		last := h.invite(h.mod, roles.SpaceUser)
		require.Equal(t, append(want[3:], last.ID), h.invited(2), "what ended a week and more ago is trimmed")
	})
}

// invited are the ids of all invites, read in pages.
func (h *house) invited(limit int) []string {
	h.Helper()
	var ids []string
	page := auth.Page{Limit: limit}
	for {
		found, next, err := h.desk.ListInvites(h.Context(), h.mod, h.space, "", page)
		require.NoError(h, err)
		for _, in := range found {
			ids = append(ids, in.ID)
		}
		if next == "" {
			return ids
		}
		page.After = next
	}
}
