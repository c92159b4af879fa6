package main

import "github.com/stretchr/testify/require"

// A body is what a request carries.
type body = map[string]any

// A person has an account, and is signed in.
type person struct {
	id, email, password, client string
	access, refresh             string
}

// user makes an account and signs in; the name is the username, too.
func (f *fleet) user(name string) person {
	f.Helper()
	p := person{email: name + "@school.test", password: "correct horse 7 " + name}
	p.id = f.must("201", f.admin.access, "POST /v1/users", body{"email": p.email, "username": name, "password": p.password}).ID
	f.signIn(&p)
	return p
}

// crowd is some users.
func (f *fleet) crowd(name string, n int) []person {
	f.Helper()
	crowd := make([]person, n)
	for i := range crowd {
		crowd[i] = f.user(name + string(rune('a'+i)))
	}
	return crowd
}

func (p person) credentials() body {
	c := body{"grant_type": "password", "username": p.email, "password": p.password}
	if p.client != "" {
		c["client_id"] = p.client
	}
	return c
}

func (f *fleet) signIn(p *person) {
	f.Helper()
	tokens := f.must("200", "", "POST /v1/auth/token", p.credentials())
	p.access, p.refresh = tokens.Access, tokens.Refresh
}

// A place is a private space of the host's with a private room.
type place struct {
	space, room, alias string
	at, in             string // the paths of the space and of the room
}

func (f *fleet) place() place {
	f.Helper()
	p := place{space: f.must("201", f.host.access, "POST /v1/spaces", body{"name": "School"}).ID}
	p.at = "/v1/spaces/" + p.space
	room := f.must("201", f.host.access, "POST "+p.at+"/rooms", body{"name": "Algebra"})
	p.room, p.alias, p.in = room.ID, room.Alias, p.at+"/rooms/"+room.ID
	return p
}

// join makes someone a member of a space.
func (f *fleet) join(p place, who person, role string) {
	f.Helper()
	invite := f.must("201", f.host.access, "POST "+p.at+"/invites", body{"role": "role_space_user"}).ID
	f.must("200", who.access, "POST "+p.at+"/invites/"+invite+"/activate", nil)
	if role != "role_space_user" {
		f.must("204", f.host.access, "PUT "+p.at+"/members/"+who.id, body{"role": role})
	}
}

// A link is as whoever it was sent to has it.
type link struct{ id, token string }

func (f *fleet) link(p place, issuer person, permanent bool) link {
	f.Helper()
	made := f.must("201", issuer.access, "POST "+p.in+"/generate-access", body{"username": "Guest", "role": "user", "isPermanent": permanent})
	return link{made.ID, tokenOf(f.T, made)}
}

func (f *fleet) redeem(of link, key string) answer {
	b := body{"accessToken": of.token}
	if key != "" {
		b["seatKey"] = key
	}
	return f.ask("", "POST /v1/access/redeem", b)
}

// dead finds that tokens are good for nothing more: neither to do something that they were for, at any process, nor to
// be refreshed.
func (f *fleet) dead(tokens []answer, operation string) {
	f.Helper()
	found := atOnce(len(tokens)*len(f.of), func(i int) answer { return f.askAt(i, tokens[i/len(f.of)].Access, operation, nil) })
	require.Equal(f, map[string]int{"401 invalid_token": len(found)}, tally(found...), operation)
	found = atOnce(len(tokens), func(i int) answer { return f.renew(tokens[i].Refresh) })
	require.Equal(f, map[string]int{"400 invalid_grant": len(found)}, tally(found...))
}

// renew exchanges a refresh token.
func (f *fleet) renew(refresh string) answer {
	return f.ask("", "POST /v1/auth/token", body{"grant_type": "refresh_token", "refresh_token": refresh})
}
