package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFleetHoldsEachPlaceTogether(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	crowd := f.crowd("pupil-", 20)
	f.race("one invite for twenty users", func(f *fleet) { activations(f, crowd) })
	f.race("grant against revoke", func(f *fleet) { grantAgainstRevoke(f, crowd[0]) })
	f.race("two owners against each other", func(f *fleet) { owners(f, crowd[0]) })
	f.race("create against delete", func(f *fleet) { createAgainstDelete(f, crowd) })
}

func activations(f *fleet, crowd []person) {
	for range 3 { // the first opens the connections, too
		p := f.place()
		invite := p.at + "/invites/" + f.must("201", f.host.access, "POST "+p.at+"/invites", body{"role": "role_space_moderator"}).ID
		got := atOnce(many, func(i int) answer { return f.ask(crowd[i%len(crowd)].access, "POST "+invite+"/activate", nil) })
		each := many / len(crowd)
		require.Equal(f, map[string]int{"200": each, "410 invite_used": many - each}, tally(got...))
		used := f.must("200", f.host.access, "GET "+invite, nil)
		require.Equal(f, "used", used.State)
		for i, a := range got {
			if by := crowd[i%len(crowd)]; a.status == 200 {
				require.Equal(f, "role_space_moderator", a.Role)
				require.Equal(f, used.UsedBy, by.id)
			}
		}
		members := map[string]string{}
		for _, m := range f.must("200", f.host.access, "GET "+p.at+"/members", nil).Items {
			members[m.UserID] = m.Role
		}
		require.Equal(f, map[string]string{f.host.id: "role_space_owner", used.UsedBy: "role_space_moderator"}, members)
	}
}

// However grants and revocations meet, what the room's list says, what is explained and whom the door lets in is one.
func grantAgainstRevoke(f *fleet, who person) {
	const rounds, times = 20, 15
	p := f.place()
	f.join(p, who, "role_space_user")
	for round := range rounds {
		grants := times * (1 + round%2) // of each kind, those who are more tend to be the last
		got := atOnce(3*times, func(i int) answer {
			if i%3 < 1+round%2 {
				return f.ask(f.host.access, "POST "+p.in+"/roles", body{"targetUserId": who.id, "role": "role_room_user"})
			}
			return f.ask(f.host.access, "DELETE "+p.in+"/roles/"+who.id, nil)
		})
		counts := tally(got...)
		require.Equal(f, grants, counts["200"], counts)
		require.Equal(f, 3*times-grants, counts["204"]+counts["404 no_role"], counts)
		has := false
		for _, r := range f.must("200", f.host.access, "GET "+p.in+"/roles", nil).Items {
			has = has || r.UserID == who.id
		}
		for i := range f.of {
			require.Equal(f, has, f.askAt(i, f.host.access, "GET "+p.in+"/explain?userId="+who.id, nil).Allowed)
		}
		f.everywhere(map[bool]string{true: "200", false: "403 entry_denied"}[has], who.access, "POST "+p.in+"/join", nil)
	}
}

// Two owners of a space unmake each other, or both leave: one stays.
func owners(f *fleet, other person) {
	const rounds, times = 10, 5
	pair := [2]person{f.host, other}
	for range rounds {
		p := f.place()
		member := func(who person) string { return p.at + "/members/" + who.id }
		stand := func(who int, role string) { f.everywhere(role, pair[who].access, "GET "+p.at, nil) }
		f.join(p, other, "role_space_owner")
		got := atOnce(2*times, func(i int) answer {
			return f.ask(pair[i%2].access, "PUT "+member(pair[1-i%2]), body{"role": "role_space_user"})
		})
		require.Equal(f, map[string]int{"204": times, "403 forbidden": times}, tally(got...))
		stays := 0
		if got[0].status != 204 {
			stays = 1
		}
		stand(stays, "200")
		f.everywhere("409 last_owner", pair[stays].access, "DELETE "+member(pair[stays]), nil)
		f.everywhere("403 forbidden", pair[1-stays].access, "DELETE "+p.at, nil)

		f.must("204", pair[stays].access, "PUT "+member(pair[1-stays]), body{"role": "role_space_owner"})
		got = atOnce(2, func(i int) answer { return f.ask(pair[i].access, "DELETE "+member(pair[i]), nil) })
		require.Equal(f, map[string]int{"204": 1, "409 last_owner": 1}, tally(got...))
		stays = 0
		if got[0].status == 204 {
			stays = 1
		}
		stand(stays, "200")
		stand(1-stays, "404 not_found")
	}
}

// What is made in a space while that is deleted is gone with it, and what was refused left nothing behind.
func createAgainstDelete(f *fleet, crowd []person) {
	for range 3 {
		p, invited := f.place(), make([]string, len(crowd))
		for i := range invited {
			invited[i] = f.must("201", f.host.access, "POST "+p.at+"/invites", body{"role": "role_space_user"}).ID
		}
		of := f.link(p, f.host, true)
		end, during, after := amid(func() answer { return f.ask(f.host.access, "DELETE "+p.at, nil) }, func(i int) answer {
			switch i % 5 {
			case 0:
				return f.ask(f.host.access, "POST "+p.at+"/rooms", body{"name": "Algebra"})
			case 1:
				return f.ask(f.host.access, "POST "+p.at+"/invites", body{"role": "role_space_user"})
			case 2:
				return f.ask(f.host.access, "POST "+p.in+"/generate-access", body{"username": "Guest", "role": "user"})
			case 3:
				return f.redeem(of, "")
			}
			i = i / 5 % len(crowd)
			return f.ask(crowd[i].access, "POST "+p.at+"/invites/"+invited[i]+"/activate", nil)
		})
		require.Equal(f, "204", end.word())
		counts := tally(during...)
		require.Equal(f, len(during), counts["200"]+counts["201"]+counts["404 not_found"]+counts["404 link_unknown"], counts)
		counts = tally(after...)
		require.Equal(f, len(after), counts["404 not_found"]+counts["404 link_unknown"], counts)
		f.gone(p, among(during), crowd)
		require.Empty(f, f.kept(append(among(during), answer{ID: p.room}, answer{ID: p.space})))
	}
}

// gone finds that nobody has anything of a space any more, at any process.
func (f *fleet) gone(p place, made []answer, crowd []person) {
	f.Helper()
	gone := func(token, operation string) {
		f.Helper()
		f.everywhere("404 not_found", token, operation, nil)
	}
	gone(f.host.access, "GET "+p.at)
	gone(f.host.access, "GET "+p.at+"/rooms")
	for _, a := range append(made, answer{ID: p.room, Alias: p.alias}) {
		switch {
		case a.Alias != "":
			gone(f.host.access, "GET "+p.at+"/rooms/"+a.ID)
			gone(f.host.access, "GET /v1/spaces/room-by-alias/"+a.Alias)
		case a.SeatID != "":
			f.dead([]answer{a}, mySeat)
		case a.URL != "":
			f.everywhere("404 link_unknown", "", "POST /v1/access/redeem", body{"accessToken": tokenOf(f.T, a)})
		case a.ID != "":
			gone(f.host.access, "GET "+p.at+"/invites/"+a.ID)
			gone(crowd[0].access, "POST "+p.at+"/invites/"+a.ID+"/activate")
		}
	}
	for _, who := range append(slices.Clone(crowd), f.host) {
		for _, s := range f.must("200", who.access, "GET /v1/spaces?limit=100", nil).Items {
			require.NotEqual(f, p.space, s.ID)
		}
	}
}

// kept are the keys in Redis that are never collected and hold anything of what these ids name: in their own name, in
// a field, or as an entry of an index. It reads through all that the fleet has.
func (f *fleet) kept(of []answer) (keys []string) {
	f.Helper()
	client, ctx := f.redis.Client(f), f.Context()
	ids := map[string]bool{}
	for _, a := range of {
		ids[a.ID] = a.ID != ""
	}
	all, err := client.Keys(ctx, "usher:{*").Result()
	require.NoError(f, err)
	for _, key := range all {
		if client.TTL(ctx, key).Val() >= 0 {
			continue
		}
		told := []string{key}
		if strings.Contains(key, "}:index/") {
			told = append(told, client.ZRange(ctx, key, 0, -1).Val()...)
		} else {
			told = append(told, client.HVals(ctx, key).Val()...)
		}
		for _, id := range anID.FindAllString(strings.Join(told, " "), -1) {
			if ids[id] {
				keys = append(keys, key)
				break
			}
		}
	}
	return keys
}

var anID = regexp.MustCompile("[0-9a-f]{24}")
