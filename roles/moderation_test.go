package roles

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
)

// One person has one role in a room; a new one replaces it.
func TestOneRole(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(false, Private), w.Context()
		w.join(p.space, "pupil", SpaceUser)
		for _, role := range []Role{RoomMonitor, RoomOwner, RoomModerator, RoomUser} {
			w.grant(p, "pupil", role)
			require.Equal(w, string(role), w.enters(p, "pupil"))
			people, _, err := w.ListRoomRoles(ctx, w.as("host"), p.space, p.room, first)
			require.NoError(w, err)
			require.Len(w, people, 2)
		}
		require.NoError(w, w.RevokeRole(ctx, w.as("host"), p.space, p.room, w.id("pupil"), false))
		require.Equal(w, string(CodeNotInRoom), w.enters(p, "pupil"))
		require.ErrorIs(w, w.RevokeRole(ctx, w.as("host"), p.space, p.room, w.id("pupil"), false), ErrNoRole)
	})
}

// Roles are granted to users of the workspace, and are roles of rooms.
func TestGrantRefuses(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, host := w.place(false, Private), w.Context(), w.as("host")
		for _, role := range []Role{"", SpaceOwner, "role_room_king"} {
			require.Equal(w, "field", outcome(w.GrantRole(ctx, host, p.space, p.room, w.id("friend"), role, false)))
		}
		for _, user := range []string{"nonsense", w.auth.NewID(), w.foreigner().ID, w.seat(p, "user").ID} {
			require.ErrorIs(w, w.GrantRole(ctx, host, p.space, p.room, user, RoomUser, false), ErrUserNotFound)
			require.ErrorIs(w, w.RevokeRole(ctx, host, p.space, p.room, user, false), ErrUserNotFound)
		}
	})
}

// The space's owner manages who has rights in each room, and does not get in by it; the last step of the way in, his
// own role, somebody else has to give him.
func TestSpaceOwnerAtTheDoor(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, owner := w.place(false, Private), w.Context(), w.as("owner")
		w.join(p.space, "pupil", SpaceUser)
		require.NoError(w, w.GrantRole(ctx, owner, p.space, p.room, w.id("pupil"), RoomOwner, false))
		require.NoError(w, w.RevokeRole(ctx, owner, p.space, p.room, w.id("host"), false))
		require.ErrorIs(w, w.GrantRole(ctx, owner, p.space, p.room, owner.ID, RoomMonitor, false), ErrForbidden)
		require.ErrorIs(w, w.inRoom(p, "owner").May(IssueLinks), ErrForbidden)
		_, err := w.Join(ctx, owner, p.space, p.room)
		require.Equal(w, "no", outcome(err))
		require.NoError(w, w.GrantRole(ctx, w.as("pupil"), p.space, p.room, owner.ID, RoomUser, false))
		require.Equal(w, string(RoomUser), w.enters(p, "owner"))
		require.ErrorIs(w, w.GrantRole(ctx, owner, p.space, p.room, owner.ID, RoomModerator, false), ErrForbidden)
		require.NoError(w, w.RevokeRole(ctx, owner, p.space, p.room, owner.ID, false))
		require.Equal(w, string(CodeNotInRoom), w.enters(p, "owner"))
	})
}

// An administrator grants in any room, also to himself; he is let in by that role and by nothing else.
func TestAdministrator(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, admin := w.place(true, Private), w.Context(), w.people["admin"]
		_, err := w.Join(ctx, admin, p.space, p.room)
		require.Equal(w, "no", outcome(err))
		require.ErrorIs(w, w.CloseRoom(ctx, admin, p.space, p.room), ErrNotFound)
		require.NoError(w, w.GrantRole(ctx, admin, p.space, p.room, admin.ID, RoomOwner, false))
		_, err = w.Join(ctx, admin, p.space, p.room)
		require.NoError(w, err)
		require.NoError(w, w.GrantRole(ctx, admin, p.space, p.room, w.id("host"), RoomUser, false))
		require.NoError(w, w.auth.SetWorkspaceRole(ctx, admin, w.id("support"), auth.Support))
		require.ErrorIs(w, w.GrantRole(ctx, w.as("support"), p.space, p.room, w.id("support"), RoomUser, false), ErrNotFound)
	})
}

// Anyone gives up his own role; nobody raises himself, and who may not grant does not change himself either.
func TestOwnRole(t *testing.T) {
	onEach(t, func(w *world) {
		for _, row := range []struct {
			has, wants Role // none: gives it up
			want       string
		}{
			{RoomOwner, RoomModerator, "yes"},
			{RoomModerator, RoomOwner, "rank"},
			{RoomModerator, RoomMonitor, "yes"},
			{RoomUser, RoomModerator, "403"},
			{RoomUser, RoomMonitor, "403"}, // to watch without being seen is for others to allow
			{RoomMonitor, RoomUser, "403"},
			{RoomOwner, "", "yes"},
			{RoomModerator, "", "yes"},
			{RoomUser, "", "yes"},
			{RoomMonitor, "", "yes"},
		} {
			p, ctx := w.place(true, Public), w.Context()
			w.grant(p, "pupil", row.has)
			err := w.RevokeRole(ctx, w.as("pupil"), p.space, p.room, w.id("pupil"), false)
			if row.wants != "" {
				w.grant(p, "pupil", row.has)
				err = w.GrantRole(ctx, w.as("pupil"), p.space, p.room, w.id("pupil"), row.wants, false)
			}
			require.Equal(w, row.want, outcome(err), "%+v", row)
		}
	})
}

// A ban takes the role with it, keeps out until its end, and brings nothing back.
func TestBan(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, host := w.place(true, Public), w.Context(), w.as("host")
		w.grant(p, "pupil", RoomModerator)
		until := w.now().Add(time.Hour)
		require.NoError(w, w.Ban(ctx, host, p.space, p.room, w.id("pupil"), &until, "noise"))
		_, err := w.Join(ctx, w.as("pupil"), p.space, p.room)
		banned := &BannedError{}
		require.ErrorAs(w, err, &banned)
		require.Equal(w, until, banned.Until)
		require.ErrorIs(w, w.GrantRole(ctx, host, p.space, p.room, w.id("pupil"), RoomUser, false), ErrUserBanned)
		w.forward(time.Hour)
		require.Equal(w, string(RoomUser), w.enters(p, "pupil")) // as anyone in a public room
		w.grant(p, "pupil", RoomModerator)
	})
}

// A later ban takes the place of an earlier one; lifted is lifted.
func TestBanAgain(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, host := w.place(true, Public), w.Context(), w.as("host")
		for _, ends := range []*time.Time{new(w.now().Add(time.Hour)), nil, new(w.now().Add(time.Minute))} {
			require.NoError(w, w.Ban(ctx, host, p.space, p.room, w.id("pupil"), ends, "noise"))
			bans, _, err := w.ListBans(ctx, host, p.space, p.room, first)
			require.NoError(w, err)
			require.Len(w, bans, 1)
			require.Equal(w, ends == nil, bans[0].Until().IsZero())
			require.True(w, ends == nil || ends.Equal(bans[0].Until()))
			require.Equal(w, []string{w.id("pupil"), "noise", host.ID}, []string{bans[0].Subject, bans[0].Reason, bans[0].By})
			require.Len(w, w.entries(index("r:"+p.room, "bans")), 1)
		}
		racing := w.between(0, func() {
			require.NoError(w, w.Ban(ctx, host, p.space, p.room, w.id("pupil"), nil, ""))
		})
		require.NoError(w, racing.Unban(ctx, host, p.space, p.room, w.id("pupil")))
		require.Empty(w, w.entries(index("r:"+p.room, "bans")))
		require.NoError(w, w.Ban(ctx, host, p.space, p.room, w.id("pupil"), nil, ""))
		require.NoError(w, w.Unban(ctx, host, p.space, p.room, w.id("pupil")))
		require.ErrorIs(w, w.Unban(ctx, host, p.space, p.room, w.id("pupil")), ErrNotBanned)
		require.Equal(w, string(RoomUser), w.enters(p, "pupil"))
	})
}

// The list of bans is those in force, the next to end first, and is no longer than it must be.
func TestListBans(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, host := w.place(true, Public), w.Context(), w.as("host")
		for name, hours := range map[string]int{"three": 3, "one": 1, "two": 2} {
			until := w.now().Add(time.Duration(hours) * time.Hour)
			require.NoError(w, w.Ban(ctx, host, p.space, p.room, w.id(name), &until, ""))
		}
		require.NoError(w, w.Ban(ctx, host, p.space, p.room, w.id("ever"), nil, ""))
		listed := func(limit int) (names []string) {
			for page := (auth.Page{Limit: limit}); ; {
				bans, next, err := w.ListBans(ctx, host, p.space, p.room, page)
				require.NoError(w, err)
				for _, ban := range bans {
					for name, who := range w.people {
						if who.ID == ban.Subject {
							names = append(names, name)
						}
					}
				}
				if page.After = next; next == "" {
					return names
				}
			}
		}
		require.Equal(w, []string{"one", "two", "three", "ever"}, listed(2))
		w.forward(time.Hour)
		require.Equal(w, []string{"two", "three", "ever"}, listed(1))
		w.as("last")
		w.forward(30 * 24 * time.Hour)
		w.people["host"] = w.signIn("host", w.first.PublicClient)
		require.NoError(w, w.Ban(ctx, w.as("host"), p.space, p.room, w.id("last"), nil, ""))
		require.Len(w, w.entries(index("r:"+p.room, "bans")), 2)
	})
}

// A kicked user stays out as long as a room token may live, and keeps his role.
func TestKickUser(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, host := w.place(true, Public), w.Context(), w.as("host")
		w.grant(p, "pupil", RoomModerator)
		require.NoError(w, w.Kick(ctx, host, p.space, p.room, w.id("pupil")))
		require.Equal(w, string(CodeBannedInRoom), w.enters(p, "pupil"))
		require.Equal(w, &BannedError{w.now().Add(w.auth.RoomTTL())}, w.Kick(ctx, w.as("pupil"), p.space, p.room, w.id("friend")))
		w.grant(p, "pupil", RoomUser) // a kick is no ban
		w.forward(w.auth.RoomTTL())
		require.Equal(w, string(RoomUser), w.enters(p, "pupil"))
		require.NoError(w, w.Ban(ctx, host, p.space, p.room, w.id("pupil"), nil, ""))
		require.NoError(w, w.Kick(ctx, host, p.space, p.room, w.id("pupil"))) // and shortens none
		w.forward(w.auth.RoomTTL())
		require.Equal(w, string(CodeBannedInRoom), w.enters(p, "pupil"))
	})
}

// A seat that is kicked is over for good, one that is banned for as long as the ban; its session ends at once.
func TestPutOutSeat(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(false, Private), w.Context()
		w.join(p.space, "helper", SpaceUser)
		w.grant(p, "helper", RoomModerator)
		for name, put := range map[string]func(by, seat string) error{
			"ban":  func(by, seat string) error { return w.Ban(ctx, w.as(by), p.space, p.room, seat, nil, "") },
			"kick": func(by, seat string) error { return w.Kick(ctx, w.as(by), p.space, p.room, seat) },
		} {
			guest, peer := w.seat(p, "user"), w.seat(p, "moderator")
			pass, err := w.Join(ctx, guest, p.space, p.room)
			require.NoError(w, err)
			require.Equal(w, auth.Anonymous, pass.How)
			require.NoError(w, put("helper", guest.ID), name)
			_, err = w.Join(ctx, guest, p.space, p.room)
			require.ErrorIs(w, err, auth.ErrInvalidToken, name)
			require.ErrorIs(w, put("helper", peer.ID), ErrRank)
			require.NoError(w, put("host", peer.ID))
			recs, err := w.auth.Store.Get(ctx, auth.SeatKey(p.room, guest.ID))
			require.NoError(w, err)
			require.Equal(w, name == "kick", recs[0]["ended"] != "")
		}
	})
}

// Who moderates lifts the ban of whoever he could have banned.
func TestUnbanSeat(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(true, Public), w.Context()
		w.grant(p, "helper", RoomModerator)
		peer := w.seat(p, "moderator")
		require.NoError(w, w.Ban(ctx, w.as("host"), p.space, p.room, peer.ID, nil, ""))
		require.ErrorIs(w, w.Unban(ctx, w.as("helper"), p.space, p.room, peer.ID), ErrRank)
		require.NoError(w, w.Unban(ctx, w.as("host"), p.space, p.room, peer.ID))
	})
}
