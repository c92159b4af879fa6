package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFleetKnowsEachPersonOnce(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.race("one e-mail address in many cases", registrations)
	f.race("one refresh token of a user", usersRefresh)
	f.race("one refresh token of a guest", guestsRefresh)
	f.race("signing in and refreshing against the end of that", signInAgainstEnd)
	f.race("two administrators who depose each other", administrators)
}

// One e-mail address is registered in many cases, each with a username of its own, and by many callers: one alone may
// not make so many users at once.
func registrations(f *fleet) {
	const n, callers = 200, 20
	by := f.crowd("caller-", callers)
	f.place() // whose owner may find people
	names := "usher:{n:*"
	client := f.redis.Client(f)
	before, err := client.Keys(f.Context(), names).Result()
	require.NoError(f, err)

	got := atOnce(n, func(i int) answer {
		return f.ask(by[i%callers].access, "POST /v1/users", body{
			"email": inCase("newcomer@school.test", i), "username": fmt.Sprint("newcomer ", i), "password": "correct horse 7",
		})
	})
	require.Equal(f, map[string]int{"201": 1, "409 email_taken": n - 1}, tally(got...))

	won := among(got)[0].ID
	require.Equal(f, won, f.must("200", f.host.access, "GET /v1/users/find?email=NEWCOMER@SCHOOL.TEST", nil).ID)
	found := 0
	for _, u := range f.must("200", f.admin.access, "GET /v1/users?limit=100", nil).Items {
		if strings.EqualFold(u.Email, "newcomer@school.test") {
			require.Equal(f, won, u.ID)
			found++
		}
	}
	require.Equal(f, 1, found)
	// Nothing is reserved for those who lost.
	after, err := client.Keys(f.Context(), names).Result()
	require.NoError(f, err)
	require.Len(f, after, len(before)+2)
	for i, a := range got {
		if a.status != 201 {
			f.must("201", f.host.access, "POST /v1/users", body{
				"email": "another@school.test", "username": fmt.Sprint("newcomer ", i), "password": "correct horse 7",
			})
			break
		}
	}
}

// inCase writes the letters of a text small or big, in a different way for each number.
func inCase(text string, n int) string {
	letters := []byte(text)
	for i := range letters {
		if n>>i&1 == 1 {
			letters[i] -= 'a' - 'A'
		}
	}
	return string(letters)
}

func usersRefresh(f *fleet) {
	f.must("201", f.host.access, "POST /v1/spaces", body{"name": "School"})
	f.rotate(f.host.refresh, "GET /v1/users/me")
	f.everywhere("401 invalid_token", f.host.access, "GET /v1/spaces", nil) // the first of the session's access tokens
	f.everywhere("401 invalid_token", f.host.access, "POST /v1/spaces", body{"name": "School"})
	f.signIn(&f.host)
}

// A guest's theft ends the session, and not the seat.
func guestsRefresh(f *fleet) {
	host := f.user("hostess")
	f.host = host
	p := f.place()
	of := f.link(p, f.host, false)
	guest := f.redeem(of, "")
	require.Equal(f, "200", guest.word())
	f.rotate(guest.Refresh, mySeat)
	f.everywhere("401 invalid_token", guest.Access, "POST "+p.in+"/join", nil)
	again := f.redeem(of, guest.SeatKey)
	require.Equal(f, "200", again.word())
	require.Equal(f, guest.SeatID, again.SeatID)
	f.seated(p, again)
	f.looksLike(p, of, "used", 1)
}

// rotate presents one refresh token a thousand times at once: all get one successor. Then that is presented, and then
// the first again: that is theft, and ends the session.
func (f *fleet) rotate(first, operation string) {
	f.Helper()
	got := atOnce(many, func(int) answer { return f.renew(first) })
	require.Equal(f, map[string]int{"200": many}, tally(got...))
	for _, a := range got {
		require.Equal(f, got[0].Refresh, a.Refresh)
	}
	require.NotEqual(f, first, got[0].Refresh)
	alive := atOnce(many, func(i int) answer { return f.ask(got[i].Access, operation, nil) })
	require.Equal(f, map[string]int{"200": many}, tally(alive...))

	next := f.renew(got[0].Refresh)
	require.Equal(f, "200", next.word())
	require.NotEqual(f, got[0].Refresh, next.Refresh)
	f.everywhere("200", next.Access, operation, nil)
	require.Equal(f, "400 invalid_grant", f.renew(first).word())
	f.dead(append(got, next), operation)
}

// Whoever signs in or refreshes while that is made impossible for him is out with it, and does not get in afterwards.
func signInAgainstEnd(f *fleet) {
	for name, end := range map[string]func(p person) answer{
		"blocked": func(p person) answer { return f.ask(f.admin.access, "PUT /v1/users/"+p.id+"/block", nil) },
		"deleted": func(p person) answer { return f.ask(f.admin.access, "DELETE /v1/users/"+p.id, nil) },
		"another password": func(p person) answer {
			a := f.ask(p.access, "POST /v1/users/me/password", body{"oldPassword": p.password, "newPassword": "correct horse 8"})
			if a.status == 200 {
				f.everywhere("200", a.Access, "GET /v1/users/me", nil)
				a.status = 204
			}
			return a
		},
	} {
		f.race(name, func(f *fleet) {
			p := f.user(strings.ReplaceAll(name, " ", "-"))
			end, during, after := amid(func() answer { return end(p) }, func(i int) answer {
				if i%8 != 0 { // a password takes long
					return f.renew(p.refresh)
				}
				return f.ask("", "POST /v1/auth/token", p.credentials())
			})
			require.Equal(f, "204", end.word())
			in := among(during)
			require.NotEmpty(f, in)
			require.Equal(f, len(during), len(in)+tally(during...)["400 invalid_grant"], tally(during...))
			require.Equal(f, map[string]int{"400 invalid_grant": len(after)}, tally(after...))
			f.dead(in, "GET /v1/users/me")
		})
	}
}

var publicClient = regexp.MustCompile(`PUBLIC_CLIENT='(.+)'`)

// Two administrators of a workspace take each other's role away, each several times over: one stays.
func administrators(f *fleet) {
	const rounds, times = 10, 5
	printed, log, code := finish(f.T, f.TempDir(), append([]string{
		"workspace", "create", "--name", "Other",
		"--admin-email", "one@school.test", "--admin-password", "correct horse 9",
	}, f.flags()...)...)
	require.Zero(f, code, log)
	client := publicClient.FindStringSubmatch(printed)[1]
	f.admin = person{email: "one@school.test", password: "correct horse 9", client: client}
	f.signIn(&f.admin)
	pair := [2]person{f.admin, {email: "two@school.test", password: "correct horse 9", client: client}}
	pair[0].id = f.must("200", f.admin.access, "GET /v1/users/me", nil).ID
	pair[1].id = f.must("201", f.admin.access, "POST /v1/users",
		body{"email": pair[1].email, "username": "two", "password": pair[1].password}).ID
	f.signIn(&pair[1])

	role := func(p person) string { return " /v1/users/" + p.id + "/role" }
	f.must("204", pair[0].access, "PUT"+role(pair[1]), body{"role": "role_workspace_admin"})
	for range rounds {
		got := atOnce(2*times, func(i int) answer { return f.ask(pair[i%2].access, "DELETE"+role(pair[1-i%2]), nil) })
		require.Equal(f, map[string]int{"204": times, "403 forbidden": times}, tally(got...))
		stays, fell := pair[0], pair[1]
		if got[0].status != 204 {
			stays, fell = fell, stays
		}
		f.everywhere("403 forbidden", fell.access, "GET /v1/users", nil)
		f.everywhere("409 last_admin", stays.access, "DELETE"+role(stays), nil)
		f.must("204", stays.access, "PUT"+role(fell), body{"role": "role_workspace_admin"})
	}
	for range rounds { // both step down
		got := atOnce(2, func(i int) answer { return f.ask(pair[i].access, "DELETE"+role(pair[i]), nil) })
		require.Equal(f, map[string]int{"204": 1, "409 last_admin": 1}, tally(got...))
		stays, fell := pair[0], pair[1]
		if got[0].status == 204 {
			stays, fell = fell, stays
		}
		f.must("204", stays.access, "PUT"+role(fell), body{"role": "role_workspace_admin"})
	}
}
