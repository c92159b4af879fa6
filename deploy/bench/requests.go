package main

import (
	"context"
	"fmt"

	"usher/internal/password"
	"usher/invites"
	"usher/roles"
)

// requests prepares an operation: what it calls with is there when the clock starts. Where each request works once,
// there are so many.
func (s *stage) requests(ctx context.Context, o operation, once int) ([]request, error) {
	switch o.name {
	case "redeem":
		return s.redemptions(), nil
	case "activate":
		return s.activations(ctx, once)
	case "refresh":
		return s.refreshes(ctx)
	case "join":
		return s.joins(), nil
	case "verify":
		return s.ofEachCaller(verifying), nil
	case "introspect":
		return s.ofEachCaller(introspecting), nil
	}
	return s.signIns(ctx)
}

func (s *stage) redemptions() []request {
	var all []request
	for _, token := range s.links {
		all = append(all, redeeming(token))
	}
	return shuffled(all)
}

func redeeming(token string) request {
	return request{Method: "POST", Path: "/v1/access/redeem", Body: fmt.Sprintf(`{"accessToken":%q}`, token)}
}

// activations pair each caller with as many spaces as it takes: an invite for each pair, and nobody is a member yet.
func (s *stage) activations(ctx context.Context, n int) ([]request, error) {
	spaces := make([]string, 1+(n-1)/len(s.people))
	err := s.each(ctx, len(spaces), "spaces", func(ctx context.Context, i int) (err error) {
		spaces[i], err = s.spaces.CreateSpace(ctx, s.owner, roles.SpaceDetails{Name: fmt.Sprint("Class ", i)})
		return err
	})
	if err != nil {
		return nil, err
	}
	all := make([]request, n)
	err = s.each(ctx, n, "invites", func(ctx context.Context, i int) error {
		space, p := spaces[i/len(s.people)], s.people[i%len(s.people)]
		invite, err := s.desk.CreateInvite(ctx, s.owner, space, invites.NewInvite{Role: roles.SpaceUser})
		all[i] = activating(space, invite.ID, p.AccessToken.Reveal())
		return err
	})
	return shuffled(all), err
}

func activating(space, invite, token string) request {
	return request{Method: "POST", Path: "/v1/spaces/" + space + "/invites/" + invite + "/activate", Token: token}
}

// refreshes begin at sessions of their own: the callers' stay as they are.
func (s *stage) refreshes(ctx context.Context) ([]request, error) {
	all := make([]request, max(len(s.people), chains))
	return all, s.each(ctx, len(all), "sessions", func(ctx context.Context, i int) error {
		p, err := s.signIn(ctx, s.people[i%len(s.people)].username)
		if err != nil {
			return err
		}
		all[i] = refreshing(p.RefreshToken.Reveal())
		return nil
	})
}

func (s *stage) joins() []request {
	var all []request
	for i, p := range s.people {
		all = append(all, joining(s.space, s.room(i), p.AccessToken.Reveal()))
	}
	return shuffled(all)
}

func joining(space, room, token string) request {
	return request{Method: "POST", Path: "/v1/spaces/" + space + "/rooms/" + room + "/join", Token: token}
}

func (s *stage) ofEachCaller(about func(token string) request) []request {
	var all []request
	for _, p := range s.people {
		all = append(all, about(p.AccessToken.Reveal()))
	}
	return shuffled(all)
}

func verifying(token string) request {
	return request{Method: "GET", Path: "/v1/auth/verify", Token: token}
}

// clientSecret is the confidential client's.
const clientSecret = "a secret of the bench"

func introspecting(token string) request {
	return request{Method: "POST", Path: "/v1/auth/introspect", Body: fmt.Sprintf(
		`{"token":%q,"client_id":"backend","client_secret":%q}`, token, clientSecret)}
}

// signIns are of accounts with a password that is hashed as the product hashes it.
func (s *stage) signIns(ctx context.Context) ([]request, error) {
	a, err := authority(ctx, s.auth.Store, password.Recommended)
	if err != nil {
		return nil, err
	}
	var all []request
	for i := range accounts {
		if _, err := a.CreateUser(ctx, s.owner, newUser("account", i)); err != nil {
			return nil, err
		}
		all = append(all, signingIn(username("account", i)))
	}
	return all, nil
}

func signingIn(username string) request {
	return request{Method: "POST", Path: "/v1/auth/token", Body: fmt.Sprintf(`{"grant_type":"password","username":%q,"password":%q}`, username, pass)}
}
