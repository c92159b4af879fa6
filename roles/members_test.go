package roles

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/store"
)

// The creator owns a space, and that is information: the role decides, not history.
func TestCreatorIsNoRole(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(false, Private), w.Context()
		w.join(p.space, "heir", SpaceUser)
		require.NoError(w, w.SetSpaceRole(ctx, w.as("owner"), p.space, w.id("heir"), SpaceOwner, false))
		require.NoError(w, w.SetSpaceRole(ctx, w.as("heir"), p.space, w.id("owner"), SpaceUser, false))
		space, err := w.GetSpace(ctx, w.as("owner"), p.space)
		require.NoError(w, err)
		require.Equal(w, w.id("owner"), space.CreatorID)
		require.Equal(w, SpaceUser, space.Role)
		require.ErrorIs(w, w.DeleteSpace(ctx, w.as("owner"), p.space), ErrForbidden)
		require.NoError(w, w.DeleteSpace(ctx, w.as("heir"), p.space))
	})
}

// The last owner cannot leave, be removed, be demoted or be banned; one of two can.
func TestLastOwner(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, owner := w.place(false, Private), w.Context(), w.as("owner")
		require.ErrorIs(w, w.RemoveMember(ctx, owner, p.space, owner.ID, false), ErrLastOwner)
		require.ErrorIs(w, w.SetSpaceRole(ctx, owner, p.space, owner.ID, SpaceUser, false), ErrLastOwner)
		require.NoError(w, w.SetSpaceRole(ctx, owner, p.space, w.id("host"), SpaceOwner, false))
		require.NoError(w, w.RemoveMember(ctx, owner, p.space, owner.ID, false))
		require.ErrorIs(w, w.RemoveMember(ctx, w.as("host"), p.space, w.id("host"), false), ErrLastOwner)
	})
}

// An owner makes and unmakes owners, by demoting, removing and banning them.
func TestOwnersUnmakeOwners(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, owner := w.place(false, Private), w.Context(), w.as("owner")
		unmake := map[string]func(user string) error{
			"demoted": func(user string) error { return w.SetSpaceRole(ctx, owner, p.space, user, SpaceUser, false) },
			"removed": func(user string) error { return w.RemoveMember(ctx, owner, p.space, user, false) },
			"banned":  func(user string) error { return w.SpaceBan(ctx, owner, p.space, user, nil, "") },
		}
		for name, do := range unmake {
			w.join(p.space, name, SpaceUser)
			require.NoError(w, w.SetSpaceRole(ctx, owner, p.space, w.id(name), SpaceOwner, false))
			require.Equal(w, 2, w.inSpace(p, "owner").Space.Owners)
			require.NoError(w, do(w.id(name)), name)
			require.Equal(w, 1, w.inSpace(p, "owner").Space.Owners)
		}
	})
}

// What someone issued falls with him at once, in the space and in its rooms, unless he rises, or it is kept.
func TestLineage(t *testing.T) {
	onEach(t, func(w *world) {
		owner, ctx := w.as("owner"), w.Context()
		const keep = true
		rows := []struct {
			name            string
			do              func(p place, user string) error
			inSpace, inRoom bool // what is still good
		}{
			{"promoted in the space", func(p place, u string) error { return w.SetSpaceRole(ctx, owner, p.space, u, SpaceOwner, false) }, true, true},
			{"promoted in the room", func(p place, u string) error {
				return w.GrantRole(ctx, owner, p.space, p.room, u, RoomOwner, false)
			}, true, true},
			{"given the same role again", func(p place, u string) error {
				return w.SetSpaceRole(ctx, owner, p.space, u, SpaceModerator, false)
			}, true, true},
			{"demoted in the space", func(p place, u string) error { return w.SetSpaceRole(ctx, owner, p.space, u, SpaceUser, false) }, false, false},
			{"demoted in the space, kept", func(p place, u string) error { return w.SetSpaceRole(ctx, owner, p.space, u, SpaceUser, keep) }, true, true},
			{"removed from the space", func(p place, u string) error { return w.RemoveMember(ctx, owner, p.space, u, false) }, false, false},
			{"removed from the space, kept", func(p place, u string) error { return w.RemoveMember(ctx, owner, p.space, u, keep) }, true, true},
			{"banned from the space", func(p place, u string) error { return w.SpaceBan(ctx, owner, p.space, u, nil, "") }, false, false},
			{"demoted in the room", func(p place, u string) error {
				return w.GrantRole(ctx, owner, p.space, p.room, u, RoomUser, false)
			}, true, false},
			{"demoted in the room, kept", func(p place, u string) error {
				return w.GrantRole(ctx, owner, p.space, p.room, u, RoomUser, keep)
			}, true, true},
			{"revoked in the room", func(p place, u string) error { return w.RevokeRole(ctx, owner, p.space, p.room, u, false) }, true, false},
			{"revoked in the room, kept", func(p place, u string) error { return w.RevokeRole(ctx, owner, p.space, p.room, u, keep) }, true, true},
			{"banned from the room", func(p place, u string) error {
				return w.Ban(ctx, w.as("host"), p.space, p.room, u, nil, "")
			}, true, false},
			{"kicked from the room", func(p place, u string) error { return w.Kick(ctx, w.as("host"), p.space, p.room, u) }, true, true},
			{"deleted", func(_ place, u string) error { return w.DeleteUser(ctx, w.people["admin"], u) }, false, false},
		}
		for _, row := range rows {
			p := w.place(false, Private)
			w.join(p.space, row.name, SpaceModerator)
			w.grant(p, row.name, RoomModerator)
			his := w.issues(p, row.name)
			require.NoError(w, row.do(p, w.id(row.name)), row.name)
			inSpace, inRoom := w.holds(his)
			require.Equal(w, []bool{row.inSpace, row.inRoom}, []bool{inSpace, inRoom}, row.name)
		}
	})
}

// Whoever leaves a space, or is put out of it, loses his roles in its rooms with it, and coming back brings none back.
func TestComingBack(t *testing.T) {
	onEach(t, func(w *world) {
		owner, ctx := w.as("owner"), w.Context()
		for name, leave := range map[string]func(p place, who auth.Identity) error{
			"leaves":     func(p place, who auth.Identity) error { return w.RemoveMember(ctx, who, p.space, who.ID, false) },
			"is removed": func(p place, who auth.Identity) error { return w.RemoveMember(ctx, owner, p.space, who.ID, false) },
			"is banned": func(p place, who auth.Identity) error {
				return w.SpaceBan(ctx, owner, p.space, who.ID, new(w.now().Add(time.Minute)), "")
			},
		} {
			p := w.place(false, Private)
			w.join(p.space, name, SpaceUser)
			w.grant(p, name, RoomOwner)
			require.Equal(w, string(RoomOwner), w.enters(p, name))
			before := w.issues(p, name)
			require.NoError(w, leave(p, w.as(name)))
			require.Error(w, w.inRoom(p, name).May(SeeRoom), name)
			w.forward(2 * time.Minute)
			require.Equal(w, string(CodeNotInSpace), w.enters(p, name))
			w.join(p.space, name, SpaceModerator)
			require.Equal(w, string(CodeNotInRoom), w.enters(p, name))
			w.grant(p, name, RoomModerator)
			require.Equal(w, string(RoomModerator), w.enters(p, name))
			inSpace, inRoom := w.holds(before)
			require.False(w, inSpace || inRoom)
		}
	})
}

// A role given before someone joins waits for him; one given in the last days of his membership goes with it.
func TestRoleBeforeMembership(t *testing.T) {
	onEach(t, func(w *world) {
		p := w.place(false, Private)
		w.grant(p, "guest speaker", RoomModerator)
		require.Equal(w, string(CodeNotInSpace), w.enters(p, "guest speaker"))
		w.join(p.space, "guest speaker", SpaceUser)
		require.Equal(w, string(RoomModerator), w.enters(p, "guest speaker"))
	})
}

// A ban keeps out until its end, whoever it meets; then the door is as for anyone.
func TestSpaceBanEnds(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(true, Public), w.Context()
		require.Equal(w, string(RoomUser), w.enters(p, "stranger"))
		until := w.now().Add(time.Hour)
		require.NoError(w, w.SpaceBan(ctx, w.as("host"), p.space, w.id("stranger"), &until, "noise"))
		_, err := w.GetSpace(ctx, w.as("stranger"), p.space)
		require.Equal(w, &BannedError{until}, err)
		require.Equal(w, string(CodeBannedInSpace), w.enters(p, "stranger"))
		w.forward(time.Hour - time.Millisecond)
		require.Equal(w, string(CodeBannedInSpace), w.enters(p, "stranger"))
		w.forward(time.Millisecond)
		require.Equal(w, string(RoomUser), w.enters(p, "stranger"))
		require.ErrorIs(w, w.SpaceUnban(ctx, w.as("host"), p.space, w.id("stranger")), ErrNotBanned)
	})
}

// Nobody bans himself, nor whom he does not outrank; a ban that has passed is none.
func TestSpaceBanLimits(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(false, Private), w.Context()
		require.ErrorIs(w, w.SpaceBan(ctx, w.as("owner"), p.space, w.id("owner"), nil, ""), ErrRank)
		require.ErrorIs(w, w.SpaceBan(ctx, w.as("host"), p.space, w.id("owner"), nil, ""), ErrRank)
		require.ErrorIs(w, w.SpaceBan(ctx, w.as("host"), p.space, w.foreigner().ID, nil, ""), ErrUserNotFound)
		require.ErrorIs(w, w.SpaceBan(ctx, w.as("host"), p.space, "nonsense", nil, ""), ErrUserNotFound)
		require.Equal(w, "field", outcome(w.SpaceBan(ctx, w.as("host"), p.space, w.id("friend"), new(w.now()), "")))
		require.NoError(w, w.SpaceBan(ctx, w.as("host"), p.space, w.id("friend"), nil, ""))
		require.NoError(w, w.SpaceUnban(ctx, w.as("owner"), p.space, w.id("friend")))
		require.ErrorIs(w, w.SpaceUnban(ctx, w.as("owner"), p.space, w.id("friend")), ErrNotBanned)
	})
}

// Nobody who is banned is admitted, nor by what was so when he last looked, nor into a space that is gone.
func TestAdmitRefuses(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(false, Private), w.Context()
		before := w.inSpace(p, "friend")
		require.NoError(w, w.SpaceBan(ctx, w.as("owner"), p.space, w.id("friend"), nil, ""))
		require.ErrorIs(w, w.Admit(ctx, before, SpaceUser, store.Tx{}), auth.ErrOvertaken)
		require.ErrorIs(w, w.Admit(ctx, w.inSpace(p, "friend"), SpaceUser, store.Tx{}), auth.ErrOvertaken)
		late := w.inSpace(p, "late")
		stale := w.inSpace(p, "riser")
		w.join(p.space, "riser", SpaceModerator)
		require.ErrorIs(w, w.Admit(ctx, stale, SpaceUser, store.Tx{}), auth.ErrOvertaken)
		require.NoError(w, w.RemoveMember(ctx, w.as("riser"), p.space, w.id("riser"), false))
		require.ErrorIs(w, w.Admit(ctx, stale, SpaceUser, store.Tx{}), auth.ErrOvertaken)
		require.NoError(w, w.DeleteSpace(ctx, w.as("owner"), p.space))
		require.ErrorIs(w, w.Admit(ctx, late, SpaceUser, store.Tx{}), auth.ErrOvertaken)
	})
}

// Roles of the wrong kind are refused, and so are people who are no members.
func TestSetSpaceRoleRefuses(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, owner := w.place(false, Private), w.Context(), w.as("owner")
		for _, role := range []Role{"", RoomOwner, "role_workspace_admin", "role_space_monitor"} {
			require.Equal(w, "field", outcome(w.SetSpaceRole(ctx, owner, p.space, w.id("host"), role, false)), role)
		}
		require.ErrorIs(w, w.SetSpaceRole(ctx, owner, p.space, w.id("friend"), SpaceUser, false), ErrNotMember)
		require.ErrorIs(w, w.SetSpaceRole(ctx, owner, p.space, "nonsense", SpaceUser, false), ErrUserNotFound)
		require.ErrorIs(w, w.RemoveMember(ctx, owner, p.space, w.id("friend"), false), ErrNotMember)
	})
}

// Members see the members; owner and moderators see the e-mail addresses too.
func TestListMembers(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(false, Private), w.Context()
		w.join(p.space, "member", SpaceUser)
		w.join(p.space, "gone", SpaceUser)
		require.NoError(w, w.RemoveMember(ctx, w.as("gone"), p.space, w.id("gone"), false))
		for name, emails := range map[string]bool{"owner": true, "host": true, "member": false} {
			members, next, err := w.ListMembers(ctx, w.as(name), p.space, first)
			require.NoError(w, err)
			require.Empty(w, next)
			got := map[string]Member{}
			for _, m := range members {
				require.Equal(w, w.now(), m.Since)
				got[m.Name] = Member{Role: m.Role, Email: m.Email}
			}
			want := map[string]Member{"owner": {Role: SpaceOwner}, "host": {Role: SpaceModerator}, "member": {Role: SpaceUser}}
			if emails {
				for name, m := range want {
					m.Email = name + "@example.com"
					want[name] = m
				}
			}
			require.Equal(w, want, got)
		}
	})
}

// One's spaces are those where one has a role, page by page.
func TestListSpaces(t *testing.T) {
	onEach(t, func(w *world) {
		ctx := w.Context()
		var want []string
		for range 3 {
			want = append(want, w.place(false, Private).space)
		}
		left, gone := w.place(false, Private), w.place(false, Private)
		require.NoError(w, w.RemoveMember(ctx, w.as("host"), left.space, w.id("host"), false))
		require.NoError(w, w.DeleteSpace(ctx, w.as("owner"), gone.space))
		var got []string
		for page := (auth.Page{Limit: 2}); ; {
			spaces, next, err := w.ListSpaces(ctx, w.as("host"), page)
			require.NoError(w, err)
			for _, space := range spaces {
				require.Equal(w, SpaceModerator, space.Role)
				got = append(got, space.ID)
			}
			if page.After = next; next == "" {
				break
			}
		}
		slices.Sort(want)
		require.Equal(w, want, got)
	})
}
