package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/invites"
)

func TestAFleetGivesEachSeatOnce(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.race("a one-time link, for a thousand browsers", oneTimeLink)
	f.race("the last seat of a permanent link", lastSeat)
	f.race("one browser, a thousand times", oneSeatKey)
	f.race("redeem against revoke", redeemAgainstRevoke)
	f.race("redeem against the fall of the issuer", redeemAgainstFall)
}

const mySeat = "GET /v1/access/seat"

// keyOf is a browser's own key: whoever has one may come again.
func keyOf(browser int) string { return fmt.Sprintf("the-key-of-browser-number-%d", browser) }

// seated finds that a guest is in, at every process.
func (f *fleet) seated(p place, guest answer) {
	f.Helper()
	f.everywhere("200", guest.Access, mySeat, nil)
	f.everywhere("200", guest.Access, "POST "+p.in+"/join", nil)
}

func (f *fleet) looksLike(p place, of link, state string, seats int) {
	f.Helper()
	is := f.must("200", f.host.access, "GET "+p.in+"/access-links/"+of.id, nil)
	require.Equal(f, state, is.State)
	require.Equal(f, seats, is.Seats)
}

func oneTimeLink(f *fleet) {
	p := f.place()
	of := f.link(p, f.host, false)
	got := atOnce(many, func(int) answer { return f.redeem(of, "") })
	require.Equal(f, map[string]int{"200": 1, "410 link_used": many - 1}, tally(got...))
	f.seated(p, among(got)[0])
	f.looksLike(p, of, "used", 1)
}

func lastSeat(f *fleet) {
	p := f.place()
	of := f.link(p, f.host, true)
	require.Equal(f, map[string]int{"200": invites.MaxSeats - 1},
		tally(atOnce(invites.MaxSeats-1, func(i int) answer { return f.redeem(of, keyOf(i)) })...))
	f.looksLike(p, of, "live", invites.MaxSeats-1)
	got := atOnce(many, func(i int) answer { return f.redeem(of, keyOf(invites.MaxSeats+i)) })
	require.Equal(f, map[string]int{"200": 1, "410 link_used": many - 1}, tally(got...))
	f.seated(p, among(got)[0])
	f.looksLike(p, of, "used", invites.MaxSeats)
}

func oneSeatKey(f *fleet) {
	p := f.place()
	of, key := f.link(p, f.host, false), "the-key-of-just-one-browser"
	got := atOnce(many, func(int) answer { return f.redeem(of, key) })
	require.Equal(f, map[string]int{"200": many}, tally(got...))
	for _, a := range got {
		require.Equal(f, got[0].SeatID, a.SeatID)
		require.Equal(f, key, a.SeatKey)
	}
	f.looksLike(p, of, "used", 1)
	alive := atOnce(many, func(i int) answer { return f.ask(got[i].Access, mySeat, nil) })
	require.Equal(f, map[string]int{"200": 1, "401 invalid_token": many - 1}, tally(alive...))
	for i, a := range alive {
		if a.status == 200 {
			f.seated(p, got[i])
		}
	}
	require.Equal(f, "410 link_used", f.redeem(of, "the-key-of-another-browser").word())
}

// ending lets browsers come, each with a key of its own, while a link ends. Who gets in before is out with it, and nobody
// gets in afterwards, not even to the seat that was his.
func (f *fleet) ending(p place, of link, ends func() answer) {
	f.Helper()
	end, during, after := amid(ends, func(i int) answer { return f.redeem(of, keyOf(i)) })
	require.Equal(f, "204", end.word())
	in := among(during)
	require.NotEmpty(f, in)
	require.Equal(f, len(during), len(in)+tally(during...)["410 link_revoked"], tally(during...))
	require.Equal(f, map[string]int{"410 link_revoked": len(after)}, tally(after...))
	f.dead(in, mySeat)
	f.dead(in, "POST "+p.in+"/join")
	again := atOnce(len(in), func(i int) answer { return f.redeem(of, in[i].SeatKey) })
	require.Equal(f, map[string]int{"410 link_revoked": len(in)}, tally(again...))
	f.dead(in, mySeat)
}

func redeemAgainstRevoke(f *fleet) {
	for range 3 {
		p := f.place()
		of := f.link(p, f.host, true)
		f.ending(p, of, func() answer { return f.ask(f.host.access, "DELETE "+p.in+"/access-links/"+of.id, nil) })
		require.Equal(f, "revoked", f.must("200", f.host.access, "GET "+p.in+"/access-links/"+of.id, nil).State)
	}
}

func redeemAgainstFall(f *fleet) {
	issuer := f.user("issuer")
	for name, fall := range map[string]func(p place) string{
		"his role in the room revoked": func(p place) string { return "DELETE " + p.in + "/roles/" + issuer.id },
		"banned from the room":         func(p place) string { return "PUT " + p.in + "/bans/" + issuer.id },
		"removed from the space":       func(p place) string { return "DELETE " + p.at + "/members/" + issuer.id },
		"banned from the space":        func(p place) string { return "PUT " + p.at + "/bans/" + issuer.id },
	} {
		f.race(name, func(f *fleet) {
			p := f.place()
			f.join(p, issuer, "role_space_user")
			f.must("200", f.host.access, "POST "+p.in+"/roles", body{"targetUserId": issuer.id, "role": "role_room_moderator"})
			of := f.link(p, issuer, true)
			f.ending(p, of, func() answer { return f.ask(f.host.access, fall(p), nil) })
			require.Equal(f, "void", f.must("200", f.host.access, "GET "+p.in+"/access-links/"+of.id, nil).State)
		})
	}
}
