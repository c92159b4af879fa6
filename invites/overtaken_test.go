package invites_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/store"
	"usher/invites"
	"usher/roles"
)

// What happens between the reading and the writing of a redemption is told as if it had been read.
func TestARedemptionThatIsOvertaken(t *testing.T) {
	rows := []struct {
		name  string
		event func(h *house, of ticket)
		fresh error // for who has no seat yet
		again error // for who has one
	}{
		{"taken by another", func(h *house, of ticket) {
			if _, err := h.desk.Redeem(h.Context(), of.token, phone, noPIN); err != nil {
				require.ErrorIs(h, err, invites.ErrLinkUsed)
			}
		}, invites.ErrLinkUsed, nil},
		{"taken in another tab", func(h *house, of ticket) { h.seat(of, laptop) }, nil, nil},
		{"revoked", func(h *house, of ticket) {
			require.NoError(h, h.desk.RevokeLink(h.Context(), h.mod, h.space, h.room, of.ID))
		}, invites.ErrLinkRevoked, invites.ErrLinkRevoked},
		{"paused", func(h *house, of ticket) { h.pause(of.ID, true) }, invites.ErrLinkPaused, invites.ErrLinkPaused},
		{"paused and resumed", func(h *house, of ticket) { h.pause(of.ID, true); h.pause(of.ID, false) }, nil, nil},
		{"prolonged", func(h *house, of ticket) { h.extend(of.ID, 3*day) }, nil, nil},
		{"shortened", func(h *house, of ticket) { h.extend(of.ID, time.Minute) }, nil, nil},
		{"over", func(h *house, of ticket) { h.extend(of.ID, time.Minute); h.pass(time.Hour) }, invites.ErrLinkExpired, invites.ErrLinkExpired},
		{"the issuer fell", func(h *house, _ ticket) { h.grant(h.mod, roles.RoomUser) }, invites.ErrLinkRevoked, invites.ErrLinkRevoked},
		{
			"paused, and the issuer fell", func(h *house, of ticket) { h.pause(of.ID, true); h.grant(h.mod, roles.RoomUser) },
			invites.ErrLinkRevoked, invites.ErrLinkRevoked,
		},
		{"kicked", func(h *house, of ticket) {
			for _, seat := range h.seats(of) {
				require.NoError(h, h.spaces.Kick(h.Context(), h.owner, h.space, h.room, seat))
			}
		}, nil, invites.ErrSeatBanned},
		{"banned", func(h *house, of ticket) {
			for _, seat := range h.seats(of) {
				require.NoError(h, h.spaces.Ban(h.Context(), h.owner, h.space, h.room, seat, nil, ""))
			}
		}, nil, invites.ErrSeatBanned},
		{"the room is closed", func(h *house, _ ticket) {
			require.NoError(h, h.spaces.CloseRoom(h.Context(), h.owner, h.space, h.room))
		}, roles.ErrRoomClosed, roles.ErrRoomClosed},
		{"the room is deleted", func(h *house, _ ticket) {
			require.NoError(h, h.spaces.DeleteRoom(h.Context(), h.owner, h.space, h.room))
		}, invites.ErrLinkUnknown, invites.ErrLinkUnknown},
	}
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				h := w.house(t)
				of := h.link(oneTime)
				h.line.does(0, overtakes(func() { row.event(h, of) }))
				_, err := h.desk.Redeem(t.Context(), of.token, laptop, noPIN)
				require.ErrorIs(t, err, row.fresh, "new")
				h = w.house(t)
				of = h.link(oneTime)
				h.seat(of, laptop)
				h.line.does(0, overtakes(func() { row.event(h, of) }))
				_, err = h.desk.Redeem(t.Context(), of.token, laptop, noPIN)
				require.ErrorIs(t, err, row.again, "again")
			})
		}
	})
}

// The same of an activation.
func TestAnActivationThatIsOvertaken(t *testing.T) {
	rows := []struct {
		name  string
		event func(h *house, in invites.Invite)
		want  error
	}{
		{"used by another", func(h *house, in invites.Invite) {
			_, err := h.desk.ActivateInvite(h.Context(), h.bob, h.space, in.ID)
			require.NoError(h, err)
		}, invites.ErrInviteUsed},
		{"used in another tab", func(h *house, in invites.Invite) {
			_, err := h.desk.ActivateInvite(h.Context(), h.ann, h.space, in.ID)
			require.NoError(h, err)
		}, nil},
		{"revoked", func(h *house, in invites.Invite) {
			require.NoError(h, h.desk.RevokeInvite(h.Context(), h.mod, h.space, in.ID))
		}, invites.ErrInviteRevoked},
		{"banned", func(h *house, _ invites.Invite) {
			require.NoError(h, h.spaces.SpaceBan(h.Context(), h.owner, h.space, h.ann.ID, nil, ""))
		}, &roles.BannedError{}},
		{"the issuer fell", func(h *house, _ invites.Invite) {
			require.NoError(h, h.spaces.SetSpaceRole(h.Context(), h.owner, h.space, h.mod.ID, roles.SpaceUser, false))
		}, invites.ErrInviteVoid},
		{"a role as high came", func(h *house, _ invites.Invite) { h.join(h.ann, roles.SpaceModerator) }, nil},
		{"the space is deleted", func(h *house, _ invites.Invite) {
			require.NoError(h, h.spaces.DeleteSpace(h.Context(), h.owner, h.space))
		}, invites.ErrInviteNotFound},
	}
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				h := w.house(t)
				in := h.invite(h.mod, roles.SpaceUser)
				h.line.does(0, overtakes(func() { row.event(h, in) }))
				_, err := h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
				if row.want == nil {
					require.NoError(t, err)
					require.NotEmpty(t, h.role(h.ann))
					return
				}
				refused(t, row.want, err)
			})
		}
	})
}

// A transaction that arrives twice does once.
func TestTransactionsThatArriveTwice(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		for _, kind := range []invites.NewLink{oneTime, permanent} {
			h := w.house(t)
			h.line.does(0, twice)
			of := h.link(kind)
			require.Equal(t, []string{of.ID}, h.listedLinks(10))
			for range 2 { // the second time on the same seat
				h.line.does(0, twice)
				h.lives(h.seat(of, laptop))
				h.taken(of, 1)
			}
			for _, change := range []func(){
				func() { h.extend(of.ID, time.Hour) },
				func() { h.pause(of.ID, true) },
				func() { h.pause(of.ID, false) },
			} {
				h.line.does(0, twice)
				change()
				require.Equal(t, []string{of.ID}, h.listedLinks(10))
			}
			h.line.does(0, twice)
			require.NoError(t, h.desk.RevokeLink(t.Context(), h.mod, h.space, h.room, of.ID))
		}
		h := w.house(t)
		h.line.does(0, twice)
		in, revoked := h.invite(h.mod, roles.SpaceUser), h.invite(h.mod, roles.SpaceUser)
		require.Equal(t, 3, len(h.invited(10)), "with the moderator's own")
		h.line.does(1, twice) // behind the pointer
		_, err := h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
		require.NoError(t, err)
		h.line.does(0, twice)
		require.NoError(t, h.desk.RevokeInvite(t.Context(), h.mod, h.space, revoked.ID))
	})
}

// A transaction whose reply was lost may arrive again when others have been there in between: the seat is still one,
// and nobody but its owner has it.
func TestATransactionThatArrivesAgainMuchLater(t *testing.T) {
	rows := []struct {
		name  string
		event func(h *house, of ticket, seat string)
		lives bool
	}{
		{"another comes", func(h *house, of ticket, _ string) {
			_, err := h.desk.Redeem(h.Context(), of.token, phone, noPIN)
			require.ErrorIs(h, err, invites.ErrLinkUsed)
		}, true},
		{"kicked", func(h *house, _ ticket, seat string) {
			require.NoError(h, h.spaces.Kick(h.Context(), h.owner, h.space, h.room, seat))
		}, false},
		{"banned", func(h *house, _ ticket, seat string) {
			require.NoError(h, h.spaces.Ban(h.Context(), h.owner, h.space, h.room, seat, nil, ""))
		}, false},
	}
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				for _, taken := range []bool{false, true} {
					h := w.house(t)
					of := h.link(oneTime)
					if taken {
						h.seat(of, laptop)
					}
					h.line.does(0, func(apply func() (store.Result, error)) (store.Result, error) {
						if first, err := apply(); err != nil {
							return first, err
						}
						row.event(h, of, h.seats(of)[0])
						return apply()
					})
					seated, err := h.desk.Redeem(t.Context(), of.token, laptop, noPIN)
					h.taken(of, 1)
					if err != nil {
						require.ErrorIs(t, err, invites.ErrSeatBanned)
						require.False(t, row.lives)
						continue
					}
					g := guest{seated, h.identity(seated.Tokens)}
					if row.lives {
						h.lives(g)
					} else {
						h.dead(g)
					}
				}
			})
		}
	})
}

// seats are the seats that were taken on a link.
func (h *house) seats(of ticket) []string {
	h.Helper()
	seats, err := h.auth.Store.List(h.Context(),
		store.Key{Partition: "r:" + h.room, Kind: "index", ID: "seats:" + of.ID}, store.Page{Limit: 100})
	require.NoError(h, err)
	return seats
}

// What was made though its reply was lost is the caller's: whoever repeats it gets what he would have got.
func TestLostReplies(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		for _, kind := range []invites.NewLink{oneTime, permanent} {
			of := h.link(kind)
			for range 2 { // the second time on the same seat
				h.line.does(0, lost)
				_, err := h.desk.Redeem(t.Context(), of.token, laptop, noPIN)
				require.ErrorIs(t, err, store.ErrUnavailable)
				h.taken(of, 1)
				h.lives(h.seat(of, laptop))
			}
			h.taken(of, 1)
		}
		for skip, who := range []auth.Identity{h.ann, h.bob} { // the pointer, the membership
			in := h.invite(h.mod, roles.SpaceUser)
			h.line.does(skip, lost)
			_, err := h.desk.ActivateInvite(t.Context(), who, h.space, in.ID)
			require.ErrorIs(t, err, store.ErrUnavailable)
			got, err := h.desk.ActivateInvite(t.Context(), who, h.space, in.ID)
			require.NoError(t, err)
			require.Equal(t, invites.Membership{Space: h.space, Role: roles.SpaceUser}, got)
		}
	})
}

// taken asserts how many seats a link has given.
func (h *house) taken(of ticket, seats int) {
	h.Helper()
	link, err := h.desk.GetLink(h.Context(), h.mod, h.space, h.room, of.ID)
	require.NoError(h, err)
	require.Equal(h, seats, link.Taken())
}

// A refresh between whose reading and writing the session ends is refused, too.
func TestARefreshThatIsOvertaken(t *testing.T) {
	rows := map[string]func(h *house, g guest, of ticket) error{
		"revoked": func(h *house, _ guest, of ticket) error {
			return h.desk.RevokeLink(h.Context(), h.mod, h.space, h.room, of.ID)
		},
		"paused": func(h *house, _ guest, of ticket) error { h.pause(of.ID, true); return nil },
		"kicked": func(h *house, g guest, _ ticket) error {
			return h.spaces.Kick(h.Context(), h.owner, h.space, h.room, g.ID)
		},
		"banned": func(h *house, g guest, _ ticket) error {
			return h.spaces.Ban(h.Context(), h.owner, h.space, h.room, g.ID, nil, "")
		},
		"left":               func(h *house, g guest, _ ticket) error { return h.desk.LeaveSeat(h.Context(), g.who) },
		"redeemed again":     func(h *house, _ guest, of ticket) error { h.seat(of, laptop); return nil },
		"the issuer fell":    func(h *house, _ guest, _ ticket) error { h.grant(h.mod, roles.RoomUser); return nil },
		"shortened and over": func(h *house, _ guest, of ticket) error { h.extend(of.ID, time.Minute); h.pass(time.Hour); return nil },
	}
	everywhere(t, func(t *testing.T, w *world) {
		for name, event := range rows {
			t.Run(name, func(t *testing.T) {
				h := w.house(t)
				of := h.link(oneTime)
				g := h.seat(of, laptop)
				h.line.does(0, overtakes(func() { require.NoError(t, event(h, g, of)) }))
				tokens, err := h.refresh(g.RefreshToken)
				if err == nil { // it was made at an instant at which the session lived
					later := g
					later.Tokens = tokens
					h.dead(later)
				} else {
					require.ErrorIs(t, err, auth.ErrInvalidGrant)
				}
				h.dead(g)
			})
		}
	})
}
