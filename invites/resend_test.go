package invites_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
	"usher/invites"
	"usher/roles"
)

// An invite that is sent again waits anew, as long as it did at first, and one mail brings it.
func TestAnInviteIsSentAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		h.address(h.ann, "ann@here.test", true)
		in := h.create(invites.NewInvite{Email: "ann@here.test", TTL: day, Send: true})
		h.pass(time.Hour)
		again, err := h.desk.ResendInvite(t.Context(), h.owner, h.space, in.ID)
		require.NoError(t, err)
		require.Equal(t, h.now().Add(day), again.Ends)
		require.Len(t, h.delivers(), 1, "the later one")
		h.pass(2 * day)
		_, err = h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
		require.ErrorIs(t, err, invites.ErrInviteExpired)
		again, err = h.desk.ResendInvite(t.Context(), h.mod, h.space, in.ID)
		require.NoError(t, err)
		got := h.delivers()
		require.Len(t, got, 1)
		require.Contains(t, got[0].Text, "24 hours")
		again.Posting = false
		stored, err := h.desk.GetInvite(t.Context(), h.mod, h.space, in.ID)
		require.NoError(t, err)
		require.Equal(t, stored, again)
		require.Len(t, h.invited(10), 2, "once, and the moderator's own")
		_, err = h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
		require.NoError(t, err)
		events, _, err := h.auth.ListEvents(t.Context(), h.admin, audit.Filter{Type: audit.InviteSent}, auth.Page{Limit: 10})
		require.NoError(t, err)
		require.Len(t, events, 2)
		require.NotContains(t, events[0].Subject+events[1].Subject, in.ID)
	})
}

// Two that send an invite again at once are as two that do so one after the other: it stands in its list once.
func TestAnInviteIsSentAgainByTwoAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		for reads, met := 0, true; met; reads++ { // the other comes before each reading of the one
			h := w.house(t)
			in := h.create(invites.NewInvite{Email: keyOf(reads).Hash()[:9] + "@here.test"})
			again := func() {
				h.pass(time.Minute)
				_, err := h.desk.ResendInvite(t.Context(), h.owner, h.space, in.ID)
				require.NoError(t, err)
			}
			whole := h.line.Store
			met = false
			h.line.Store = &reading{whole, reads, func() { h.line.Store, met = whole, true; again() }}
			again()
			h.line.Store = whole
			require.Len(t, h.invited(10), 2, "%d: once, and the moderator's own", reads)
			issued, err := h.desk.IssuedInSpace(t.Context(), h.owner, h.space, h.mod.ID)
			require.NoError(t, err)
			require.Equal(t, 1, issued.Invites, reads)
			require.Len(t, h.delivers(), 1, "%d: the later one", reads)
		}
	})
}

func TestWhatIsNotSentAgain(t *testing.T) {
	rows := []struct {
		name string
		end  func(h *house, in invites.Invite)
		want error
	}{
		{"used", func(h *house, in invites.Invite) {
			h.address(h.ann, "ann@here.test", true)
			_, err := h.desk.ActivateInvite(h.Context(), h.ann, h.space, in.ID)
			require.NoError(h, err)
		}, invites.ErrInviteUsed},
		{"revoked", func(h *house, in invites.Invite) {
			require.NoError(h, h.desk.RevokeInvite(h.Context(), h.mod, h.space, in.ID))
		}, invites.ErrInviteRevoked},
		{"void", func(h *house, _ invites.Invite) {
			require.NoError(h, h.spaces.SetSpaceRole(h.Context(), h.owner, h.space, h.mod.ID, roles.SpaceUser, false))
		}, invites.ErrInviteVoid},
	}
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range rows {
			for _, overtaken := range []bool{false, true} {
				h := w.house(t)
				in := h.create(invites.NewInvite{Email: "ann@here.test"})
				if overtaken {
					h.line.does(1, overtakes(func() { row.end(h, in) })) // behind the quota
				} else {
					row.end(h, in)
				}
				_, err := h.desk.ResendInvite(t.Context(), h.owner, h.space, in.ID)
				require.ErrorIs(t, err, row.want, row.name)
				require.Empty(t, h.delivers())
			}
		}
		h := w.house(t)
		_, err := h.desk.ResendInvite(t.Context(), h.mod, h.space, h.create(invites.NewInvite{Domain: "here.test"}).ID)
		require.ErrorIs(t, err, invites.ErrInviteUnaddressed)
		_, err = h.desk.ResendInvite(t.Context(), h.ann, h.space, h.auth.NewID())
		require.ErrorIs(t, err, roles.ErrNotFound)
		_, err = h.desk.ResendInvite(t.Context(), h.mod, h.space, h.auth.NewID())
		require.ErrorIs(t, err, invites.ErrInviteNotFound)
	})
}

// Of an expired invite that is sent again, and a new one for the same address, one waits: whichever comes first.
func TestANewInviteOrTheOldOneAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		for _, newIsOvertaken := range []bool{true, false} {
			h := w.house(t)
			in := h.create(invites.NewInvite{Email: "ann@here.test"})
			h.pass(8 * day)
			anew := func() error {
				_, err := h.desk.CreateInvite(t.Context(), h.mod, h.space, invites.NewInvite{Role: roles.SpaceUser, Email: "ann@here.test"})
				return err
			}
			again := func() error {
				_, err := h.desk.ResendInvite(t.Context(), h.mod, h.space, in.ID)
				return err
			}
			first, second, skip := again, anew, 0
			if !newIsOvertaken {
				first, second, skip = anew, again, 1 // behind the quota
			}
			h.line.does(skip, overtakes(func() { require.NoError(t, first()) }))
			var pending *invites.PendingError
			require.ErrorAs(t, second(), &pending)
			waiting, _, err := h.desk.ListInvites(t.Context(), h.mod, h.space, invites.Pending, auth.Page{Limit: 10})
			require.NoError(t, err)
			require.Len(t, waiting, 1)
			require.Equal(t, waiting[0].ID, pending.Invite)
			require.Equal(t, newIsOvertaken, waiting[0].ID == in.ID)
		}
	})
}

// Quotas are exact, whoever comes at once; what was not sent does not count, and the next day begins anew.
func TestQuotasOfMails(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.desk = invites.New(w.auth, w.spaces, invites.Settings{RoomURL: roomURL, MailPerUser: 20, MailPerWorkspace: 30})
		h := w.house(t)
		h.clock.Store(h.now().Truncate(day).Add(day + 20*time.Hour).UnixMilli())
		invite := func(who auth.Identity, email string) error {
			_, err := h.desk.CreateInvite(t.Context(), who, h.space, invites.NewInvite{Role: roles.SpaceUser, Email: email, Send: true})
			return err
		}
		over := (&invites.QuotaError{}).Error()
		h.create(invites.NewInvite{Email: "twice@here.test"})
		for range 25 {
			require.ErrorAs(t, invite(h.mod, "twice@here.test"), new(*invites.PendingError), "nothing was sent")
		}
		got := atOnce(50, func(i int) error { return invite(h.mod, keyOf(i).Hash()[:9]+"@a.test") })
		require.Equal(t, map[string]int{success: 20, over: 30}, got)
		got = atOnce(50, func(i int) error { return invite(h.owner, keyOf(i).Hash()[:9]+"@b.test") })
		require.Equal(t, map[string]int{success: 10, over: 40}, got)
		var quota *invites.QuotaError
		require.ErrorAs(t, invite(h.owner, "c@here.test"), &quota)
		require.Equal(t, 4*time.Hour, quota.Wait)
		require.ErrorIs(t, invite(h.ann, "c@here.test"), roles.ErrNotFound, "whoever may not invite does not hear of it")
		all, _, err := h.desk.ListInvites(t.Context(), h.mod, h.space, invites.Pending, auth.Page{Limit: 100})
		require.NoError(t, err)
		require.Len(t, all, 31, "what is not sent is not made either")
		sent := 0
		for more := h.delivers(); len(more) > 0; more = h.delivers() {
			sent += len(more)
		}
		require.Equal(t, 30, sent)
		_, err = h.desk.ResendInvite(t.Context(), h.mod, h.space, all[0].ID)
		require.ErrorAs(t, err, &quota)
		h.pass(4 * time.Hour)
		require.NoError(t, invite(h.mod, "c@here.test"))
		h.line.does(0, lost) // the payment: it counts, though nobody knows
		require.ErrorIs(t, invite(h.mod, "d@here.test"), store.ErrUnavailable)
		require.Equal(t, map[string]int{success: 18, over: 2}, atOnce(20, func(i int) error { return invite(h.mod, keyOf(i).Hash()[:9]+"@d.test") }))
	})
}

// One mailbox gets so many mails a day, whoever sends them, by new invites and by old ones, and however it is spelt.
func TestOneMailboxIsNotFilled(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		send := func(who auth.Identity, email string) (invites.Invite, error) {
			return h.desk.CreateInvite(t.Context(), who, h.space, invites.NewInvite{Role: roles.SpaceUser, Email: email, Send: true})
		}
		for i := range invites.MailsPerAddress - 5 {
			in, err := send([]auth.Identity{h.mod, h.owner}[i%2], []string{"ann@here.test", "Ann@Here.test"}[i%2])
			require.NoError(t, err)
			require.NoError(t, h.desk.RevokeInvite(t.Context(), h.owner, h.space, in.ID))
		}
		in := h.create(invites.NewInvite{Email: "ann@here.test"})
		over := (&invites.QuotaError{}).Error()
		got := atOnce(20, func(int) error { _, err := h.desk.ResendInvite(t.Context(), h.mod, h.space, in.ID); return err })
		require.Equal(t, 5, got[success], got)
		require.Equal(t, 15, got[over], got)
		_, err := send(h.mod, "bob@here.test")
		require.NoError(t, err, "another's")
		h.pass(day)
		_, err = h.desk.ResendInvite(t.Context(), h.mod, h.space, in.ID)
		require.NoError(t, err)
	})
}

// A mail that another invite of the address has made needless, in the midst of it, does not count.
func TestAMailThatIsNotSentDoesNotCount(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.desk = invites.New(w.auth, w.spaces, invites.Settings{RoomURL: roomURL, MailPerUser: 2, MailPerWorkspace: 2})
		h := w.house(t)
		for i := range 5 {
			email := keyOf(i).Hash()[:9] + "@here.test"
			h.line.does(0, func(apply func() (store.Result, error)) (store.Result, error) {
				paid, err := apply()
				h.create(invites.NewInvite{Email: email})
				return paid, err
			})
			_, err := h.desk.CreateInvite(t.Context(), h.mod, h.space, invites.NewInvite{Role: roles.SpaceUser, Email: email, Send: true})
			var pending *invites.PendingError
			require.ErrorAs(t, err, &pending)
		}
		for i := range 3 {
			_, err := h.desk.CreateInvite(t.Context(), h.mod, h.space, invites.NewInvite{Role: roles.SpaceUser, Email: keyOf(9 + i).Hash()[:9] + "@here.test", Send: true})
			require.Equal(t, i == 2, err != nil, "%d: %v", i, err)
		}
	})
}

// The list by state is whole, and in order, however few of the invites are in it.
func TestTheListOfInvitesByState(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		want := map[invites.State][]string{}
		for i := range 30 {
			in := h.create(invites.NewInvite{TTL: time.Duration(i+1) * time.Hour})
			state := []invites.State{invites.Pending, invites.Revoked, invites.Revoked}[i%3]
			if state == invites.Revoked {
				require.NoError(t, h.desk.RevokeInvite(t.Context(), h.mod, h.space, in.ID))
			}
			want[state] = append(want[state], in.ID)
		}
		for _, limit := range []int{1, 4, 100} {
			for state, ids := range want {
				var got []string
				for page := (auth.Page{Limit: limit}); ; {
					found, next, err := h.desk.ListInvites(t.Context(), h.mod, h.space, state, page)
					require.NoError(t, err)
					require.LessOrEqual(t, len(found), limit)
					for _, in := range found {
						require.Equal(t, state, in.State)
						got = append(got, in.ID)
					}
					if page.After = next; next == "" {
						break
					}
				}
				require.Equal(t, ids, got, "%s by %d", state, limit)
			}
		}
	})
}
