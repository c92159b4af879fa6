package invites_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/invites"
	"usher/roles"
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

// from is a request from an address, by a browser.
func (h *house) from(address string) context.Context {
	return audit.From(h.Context(), audit.Origin{Address: address, UserAgent: firefox})
}

// ledger is the whole of a link's, as who manages it reads it.
func (h *house) ledger(of ticket) []invites.Use {
	h.Helper()
	found, next, err := h.desk.ListLinkUses(h.Context(), h.mod, h.space, h.room, of.ID, auth.Page{Limit: 100})
	require.NoError(h, err)
	require.Empty(h, next)
	return found
}

// told is a ledger as a text for each line, the oldest first.
func told(uses []invites.Use) []string {
	lines := make([]string, len(uses))
	for i, u := range uses {
		lines[len(uses)-1-i] = strings.TrimSpace(string(u.Outcome) + " " + u.Reason)
	}
	return lines
}

// Who used which link, and who was not let in and why: each time, the newest first, to those who manage the link.
func TestTheLedgerOfALink(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(guarded)
		comes := func(address string, key, pin secret.String) {
			_, _ = h.desk.Redeem(h.from(address), of.token, key, pin)
			h.pass(time.Millisecond)
		}
		start := h.now()
		comes("203.0.113.7", laptop, noPIN)
		comes("203.0.113.7", laptop, wrongPIN)
		comes("203.0.113.7", laptop, pin)
		comes("2001:db8:1:2::/64", laptop, noPIN)
		comes("198.51.100.9", keyOf(1), pin)
		comes("198.51.100.9", keyOf(2), pin)
		comes("198.51.100.9", keyOf(3), pin)
		h.pause(of.ID, true)
		comes("198.51.100.9", laptop, noPIN)
		h.pass(day)
		comes("198.51.100.9", laptop, noPIN)
		require.NoError(t, h.desk.RevokeLink(t.Context(), h.mod, h.space, h.room, of.ID))
		comes("198.51.100.9", laptop, noPIN)

		uses := h.ledger(of)
		require.Equal(t, []string{
			"refused pin_required", "refused pin_wrong", "admitted", "again", "admitted", "admitted", "refused link_used",
			"refused link_paused", "refused link_expired", "refused link_revoked",
		}, told(uses))
		seat := h.seatID(of, laptop)
		require.Equal(t, invites.Use{
			ID: uses[7].ID, At: start.Add(2 * time.Millisecond), Outcome: invites.Admitted, Who: seat, Name: of.Username,
			Address: "203.0.113.7", Browser: "Firefox",
		}, uses[7])
		require.Equal(t, invites.Use{
			ID: uses[6].ID, At: start.Add(3 * time.Millisecond), Outcome: invites.Again, Who: seat, Name: of.Username,
			Address: "2001:db8:1:2::/64", Browser: "Firefox",
		}, uses[6])
		require.Equal(t, invites.Use{
			ID: uses[9].ID, At: start, Outcome: invites.Refused, Reason: "pin_required", Who: seat, Address: "203.0.113.7", Browser: "Firefox",
		}, uses[9], "nobody knows whether it was who is meant")

		var paged []invites.Use
		for page := (auth.Page{Limit: 3}); ; {
			found, next, err := h.desk.ListLinkUses(t.Context(), h.owner, h.space, h.room, of.ID, page)
			require.NoError(t, err)
			paged = append(paged, found...)
			if page.After = next; next == "" {
				break
			}
		}
		require.Equal(t, uses, paged)
	})
}

// seatID is the seat that a key has on a link.
func (h *house) seatID(of ticket, key secret.String) string {
	h.Helper()
	return auth.Hash("seat", of.ID, key.Reveal())
}

// The same of an invite: with the user and his shown name, never his address.
func TestTheLedgerOfAnInvite(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		read := func(in invites.Invite) []invites.Use {
			uses, _, err := h.desk.ListInviteUses(t.Context(), h.owner, h.space, in.ID, auth.Page{Limit: 100})
			require.NoError(t, err)
			return uses
		}
		comes := func(who auth.Identity, in invites.Invite) {
			_, _ = h.desk.ActivateInvite(h.from("203.0.113.7"), who, h.space, in.ID)
			h.pass(time.Millisecond)
		}
		in, start := h.invite(h.mod, roles.SpaceUser), h.now()
		comes(h.mod, in) // has a role as high: that is no use
		comes(h.ann, in)
		comes(h.ann, in) // as after a lost reply
		comes(h.bob, in)
		uses := read(in)
		require.Equal(t, []string{"admitted", "refused invite_used"}, told(uses))
		require.Equal(t, invites.Use{
			ID: uses[1].ID, At: start.Add(time.Millisecond), Outcome: invites.Admitted, Who: h.ann.ID, Name: "ann",
			Address: "203.0.113.7", Browser: "Firefox",
		}, uses[1])
		require.Equal(t, "bob", uses[0].Name)

		bound := h.create(invites.NewInvite{Email: "ann@here.test"})
		comes(h.bob, bound)
		h.address(h.bob, "ann@here.test", false)
		comes(h.bob, bound)
		require.Equal(t, []string{"refused invite_not_for_you", "refused email_unverified"}, told(read(bound)))

		void, revoked := h.invite(h.mod, roles.SpaceUser), h.invite(h.owner, roles.SpaceUser)
		require.NoError(t, h.desk.RevokeInvite(t.Context(), h.owner, h.space, revoked.ID))
		comes(h.bob, revoked)
		require.NoError(t, h.spaces.SetSpaceRole(t.Context(), h.owner, h.space, h.mod.ID, roles.SpaceUser, false))
		comes(h.bob, void)
		late := h.invite(h.owner, roles.SpaceUser)
		require.NoError(t, h.spaces.SpaceBan(t.Context(), h.owner, h.space, h.bob.ID, nil, ""))
		comes(h.bob, late)
		h.pass(7 * day)
		comes(h.bob, late)
		require.Equal(t, []string{"refused invite_revoked"}, told(read(revoked)))
		require.Equal(t, []string{"refused invite_void"}, told(read(void)))
		require.Equal(t, []string{"refused banned", "refused invite_expired"}, told(read(late)))
	})
}

// Of those who race for a link, each has a line: exactly one for each seat, and of the others too.
func TestTheLedgerIsExactInARace(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(invites.NewLink{MaxUses: 7})
		atOnce(50, func(i int) error {
			_, err := h.desk.Redeem(t.Context(), of.token, keyOf(i), noPIN)
			return err
		})
		count := map[string]int{}
		for _, line := range told(h.ledger(of)) {
			count[line]++
		}
		require.Equal(t, map[string]int{"admitted": 7, "refused link_used": 43}, count)
	})
}

// Whoever holds a link can't fill the store by coming again and again, nor push out of the ledger who was let in.
func TestTheLedgerIsBounded(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(oneTime)
		h.seat(of, laptop)
		h.pass(time.Millisecond)
		place := func(kind, id string) store.Key { return store.Key{Partition: "r:" + h.room, Kind: kind, ID: id} }
		many := []store.Write{store.Add(place("uses", of.ID), "n", 11_998)}
		for i := range 11_998 {
			line := fmt.Sprintf("%04d|AAAAAAAAAAAAAAAA|link_used||", i)
			many = append(many, store.Insert(place("index", "uses:"+of.ID), auth.ByTime(h.now().Add(time.Duration(i+1)), line)))
		}
		_, err := h.auth.Apply(t.Context(), store.Tx{Do: many})
		require.NoError(t, err)
		h.pass(time.Second)
		whole := func() (uses []invites.Use) {
			for page := (auth.Page{Limit: 1000}); ; {
				found, next, err := h.desk.ListLinkUses(t.Context(), h.mod, h.space, h.room, of.ID, page)
				require.NoError(t, err)
				if uses = append(uses, found...); next == "" {
					return uses
				}
				page.After = next
			}
		}
		require.Error(t, h.comes(of, phone, noPIN))
		require.Len(t, whole(), 12_000)
		h.pass(time.Millisecond)
		h.seat(of, laptop) // again
		uses := whole()
		require.Len(t, uses, invites.MaxOthers+1)
		require.Equal(t, invites.Admitted, uses[invites.MaxOthers].Outcome)
		require.Equal(t, []string{"refused link_used", "again"}, told(uses[:2]))
	})
}

// It is for those who manage the link or the invite, and for nobody else.
func TestWhoReadsALedger(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of, in := h.link(oneTime), h.invite(h.owner, roles.SpaceUser)
		g := h.seat(of, laptop)
		h.join(h.ann, roles.SpaceUser)
		for _, row := range []struct {
			who          auth.Identity
			link, invite error
		}{
			{h.owner, nil, nil},
			{h.mod, nil, nil},
			{h.ann, roles.ErrNotFound, roles.ErrForbidden},
			{h.bob, roles.ErrNotFound, roles.ErrNotFound},
			{h.admin, roles.ErrNotFound, roles.ErrNotFound},
			{h.abroad(), roles.ErrNotFound, roles.ErrNotFound},
			{g.who, roles.ErrForbidden, roles.ErrNotFound},
		} {
			_, _, err := h.desk.ListLinkUses(t.Context(), row.who, h.space, h.room, of.ID, auth.Page{Limit: 10})
			require.ErrorIs(t, err, row.link)
			_, _, err = h.desk.ListInviteUses(t.Context(), row.who, h.space, in.ID, auth.Page{Limit: 10})
			require.ErrorIs(t, err, row.invite)
		}
		_, _, err := h.desk.ListLinkUses(t.Context(), h.mod, h.space, h.room, in.ID, auth.Page{Limit: 10})
		require.ErrorIs(t, err, invites.ErrLinkUnknown)
		_, _, err = h.desk.ListInviteUses(t.Context(), h.mod, h.space, of.ID, auth.Page{Limit: 10})
		require.ErrorIs(t, err, invites.ErrInviteNotFound)
	})
}
