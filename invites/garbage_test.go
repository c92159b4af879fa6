package invites_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/store"
	"usher/invites"
)

// What has ended is known for a week, and then collected; a seat no sooner than its link, also where that was prolonged
// since. The file engine collects by a clock of the test's.
func TestGarbage(t *testing.T) {
	t.Parallel()
	clock := newClock()
	file, err := store.OpenBolt(filepath.Join(t.TempDir(), "usher.db"), func() time.Time { return time.UnixMilli(clock.Load()) })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	h := newWorld(t, file, clock).house(t)

	of, in := h.link(oneTime), h.invite(h.mod, "role_space_user")
	g := h.seat(of, laptop)
	h.pass(23 * time.Hour)
	h.extend(of.ID, 5*day) // while it lives
	h.pass(11 * day)       // past the week of its first end
	h.sweep()
	_, err = h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
	require.ErrorIs(t, err, invites.ErrInviteExpired)
	require.Equal(t, []string{"admitted"}, told(h.ledger(of)), "as long as its link")
	h.extend(of.ID, 5*day) // while it is over
	require.Equal(t, g.ID, h.seat(of, laptop).ID)
	h.pass(5*day + 7*day - time.Minute)
	h.sweep()
	_, err = h.desk.Redeem(t.Context(), of.token, laptop, noPIN)
	require.ErrorIs(t, err, invites.ErrLinkExpired)
	h.extend(of.ID, time.Hour)
	h.lives(h.seat(of, laptop))
	h.pass(time.Hour + 7*day + time.Minute)
	h.sweep()
	_, err = h.desk.Redeem(t.Context(), of.token, laptop, noPIN)
	require.ErrorIs(t, err, invites.ErrLinkUnknown)
	_, err = h.desk.GetInvite(t.Context(), h.owner, h.space, in.ID)
	require.ErrorIs(t, err, invites.ErrInviteNotFound)
	require.Empty(t, h.listedLinks(10))
	for place, id := range map[string]string{"r:" + h.room: of.ID, "s:" + h.space: in.ID} {
		uses, err := h.auth.Store.List(t.Context(), store.Key{Partition: place, Kind: "index", ID: "uses:" + id}, store.Page{Limit: 1})
		require.NoError(t, err)
		require.Empty(t, uses)
		recs, err := h.auth.Store.Get(t.Context(), store.Key{Partition: place, Kind: "uses", ID: id})
		require.NoError(t, err)
		require.Nil(t, recs[0])
	}
}

// The ledger of an invite that is mailed once more is kept as long as the invite.
func TestTheLedgerOfAnInviteIsKeptWithIt(t *testing.T) {
	t.Parallel()
	clock := newClock()
	file, err := store.OpenBolt(filepath.Join(t.TempDir(), "usher.db"), func() time.Time { return time.UnixMilli(clock.Load()) })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	h := newWorld(t, file, clock).house(t)
	in := h.create(invites.NewInvite{Email: "ann@here.test", TTL: day})
	_, err = h.desk.ActivateInvite(t.Context(), h.bob, h.space, in.ID)
	require.Error(t, err, "it is not his")
	h.pass(23 * time.Hour)
	_, err = h.desk.ResendInvite(t.Context(), h.mod, h.space, in.ID)
	require.NoError(t, err)
	for lines := 1; lines >= 0; lines-- { // a week after its first end, and after its second
		h.pass(day + time.Duration(lines)*(6*day+6*time.Hour))
		h.sweep()
		uses, err := h.auth.Store.List(t.Context(), store.Key{Partition: "s:" + h.space, Kind: "index", ID: "uses:" + in.ID}, store.Page{Limit: 9})
		require.NoError(t, err)
		require.Len(t, uses, lines)
	}
}

// sweep makes writes, with each of which some garbage goes.
func (h *house) sweep() {
	h.Helper()
	for range 20 {
		_, err := h.auth.Apply(h.Context(), store.Tx{Do: []store.Write{
			store.Set(store.Key{Partition: "test", Kind: "sweep", ID: "1"}, store.Record{"x": "1"}),
		}})
		require.NoError(h, err)
	}
}

// More seats than one transaction touches are kept, and their sessions ended, all of them.
func TestVeryManySeats(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(permanent)
		guests := make([]guest, 450)
		got := atOnce(len(guests), func(i int) error {
			seated, err := h.desk.Redeem(t.Context(), of.token, keyOf(i), noPIN)
			guests[i].Seated = seated
			return err
		})
		require.Equal(t, map[string]int{success: len(guests)}, got)
		h.taken(of, len(guests))
		for i, g := range guests {
			guests[i].who = h.identity(g.Tokens)
		}
		h.pass(time.Minute)
		h.extend(of.ID, 2*day)
		h.lives(guests[449])
		gone := auth.SeatKey(h.room, guests[0].ID)
		_, err := h.auth.Apply(t.Context(), store.Tx{Do: []store.Write{store.Delete(gone)}})
		require.NoError(t, err)
		h.pause(of.ID, true)
		h.pause(of.ID, false)
		recs, err := h.auth.Store.Get(t.Context(), gone)
		require.NoError(t, err)
		require.Nil(t, recs[0], "what was collected stays away")
		for _, g := range guests {
			h.dead(g)
		}
		h.lives(h.seat(of, keyOf(7)))
	})
}
