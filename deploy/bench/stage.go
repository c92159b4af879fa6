package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/url"
	"sync/atomic"
	"time"

	"usher/auth"
	"usher/internal/password"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/invites"
	"usher/roles"
)

const (
	issuer = "http://usher.bench"
	pass   = "correct horse battery"

	mostRooms   = 1000
	mostPeople  = 1000   // who call; the others only are there
	mostTickets = 10_000 // links that are redeemed
	accounts    = 16     // with a real password, which takes long to hash
	chains      = 64     // at least so many sessions are refreshed
)

func clock() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// A stage is a workspace with people in it, made through the product's own packages before its server starts.
type stage struct {
	crowd
	auth   *auth.Authority
	others [crowdSize / 32]*auth.Authority // at one of them only 64 may wait for a hash
	turn   atomic.Int64
	spaces *roles.Spaces
	desk   *invites.Desk
	owner  auth.Identity
	space  string
	rooms  []string
	people []person
	links  []string // tokens of permanent links
}

// A person is a user who calls, with the tokens of a session.
type person struct {
	auth.Tokens
	who      auth.Identity
	username string
}

// hashers: a cheap one for those whose password does not matter, and the product's own.
func hasher(p password.Params) *password.Hasher { return password.NewHasher(p, rand.Reader) }

var cheap = password.Params{Memory: 8, Passes: 1}

func authority(ctx context.Context, s store.Store, p password.Params) (*auth.Authority, error) {
	return auth.New(ctx, s, auth.Settings{
		Issuer: issuer, AccessTTL: 24 * time.Hour, RoomTTL: 5 * time.Minute, // tokens outlast the whole run
		IdleTTL: 21 * 24 * time.Hour, MaxTTL: 90 * 24 * time.Hour, AuditKept: 90 * 24 * time.Hour, SignUp: auth.SignUpUsers, KeyCache: time.Minute,
	}, clock, rand.Reader, hasher(p), slog.New(slog.DiscardHandler))
}

func deskOf(a *auth.Authority, spaces *roles.Spaces) *invites.Desk {
	return invites.New(a, spaces, invites.Settings{RoomURL: issuer + "/room", MaxLinkTTL: 5 * 24 * time.Hour})
}

// newStage makes the workspace and its owner.
func newStage(ctx context.Context, s store.Store, c crowd) (*stage, error) {
	a, err := authority(ctx, s, cheap)
	if err != nil {
		return nil, err
	}
	spaces := roles.New(a, roles.Settings{})
	st := &stage{crowd: c, auth: a, spaces: spaces, desk: deskOf(a, spaces)}
	for i := range st.others {
		if st.others[i], err = authority(ctx, s, cheap); err != nil {
			return nil, err
		}
	}
	if _, _, err := a.First(ctx, auth.NewWorkspace{AdminPassword: secret.New(pass), ClientSecret: secret.New(clientSecret)}); err != nil {
		return nil, err
	}
	owner, err := st.signIn(ctx, "admin")
	st.owner = owner.who
	return st, err
}

// authority is one an authority for what hashes.
func (s *stage) authority() *auth.Authority { return s.others[int(s.turn.Add(1))%len(s.others)] }

// fill makes so many users and as many links, in up to a thousand rooms of one space. A sample of the users calls later,
// and a sample of the links is redeemed, from all over what is stored.
func (s *stage) fill(ctx context.Context, stored int) error {
	for _, part := range []func(context.Context, int) error{s.build, s.enrol, s.gather, s.issue, s.grant} {
		if err := part(ctx, stored); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) build(ctx context.Context, stored int) (err error) {
	if s.space, err = s.spaces.CreateSpace(ctx, s.owner, roles.SpaceDetails{Name: "School", Public: true}); err != nil {
		return err
	}
	s.rooms = make([]string, min(stored, mostRooms))
	return s.each(ctx, len(s.rooms), "rooms", func(ctx context.Context, i int) error {
		room, err := s.spaces.CreateRoom(ctx, s.owner, s.space, roles.NewRoom{Name: fmt.Sprint("Room ", i), Access: roles.Private})
		s.rooms[i] = room.ID
		return err
	})
}

func (s *stage) enrol(ctx context.Context, stored int) error {
	return s.each(ctx, stored, "users", func(ctx context.Context, i int) error {
		_, err := s.authority().CreateUser(ctx, s.owner, newUser("user", i))
		return err
	})
}

// gather signs in those who call.
func (s *stage) gather(ctx context.Context, stored int) error {
	s.people = make([]person, min(stored, mostPeople))
	return s.each(ctx, len(s.people), "sessions", func(ctx context.Context, i int) (err error) {
		s.people[i], err = s.signIn(ctx, username("user", i*stored/len(s.people)))
		return err
	})
}

func username(kind string, i int) string { return fmt.Sprintf("%s %07d", kind, i) }

func newUser(kind string, i int) auth.NewUser {
	return auth.NewUser{Username: username(kind, i), Email: fmt.Sprintf("%s%07d@usher.bench", kind, i), Password: secret.New(pass)}
}

func (s *stage) signIn(ctx context.Context, username string) (person, error) {
	tokens, err := s.authority().GetAccessToken(ctx, auth.TokenRequest{GrantType: "password", Username: username, Password: secret.New(pass)})
	if err != nil {
		return person{}, err
	}
	who, err := s.auth.Authenticate(ctx, tokens.AccessToken.Reveal())
	return person{tokens, who, username}, err
}

func (s *stage) room(i int) string { return s.rooms[i%len(s.rooms)] }

// issue makes the links: permanent ones, because each is to be redeemed often.
func (s *stage) issue(ctx context.Context, stored int) error {
	s.links = make([]string, min(stored, mostTickets))
	every := stored / len(s.links)
	return s.each(ctx, stored, "links", func(ctx context.Context, i int) error {
		_, location, err := s.desk.GenerateAccess(ctx, s.owner, s.space, s.room(i), invites.NewLink{
			Username: fmt.Sprint("Guest ", i), Role: "user", Permanent: true,
		})
		if err != nil || i%every != 0 || i/every >= len(s.links) {
			return err
		}
		at, err := url.Parse(location.Reveal())
		if err != nil {
			return err
		}
		s.links[i/every] = at.Query().Get("accessToken")
		return nil
	})
}

// grant gives each caller a role in a room.
func (s *stage) grant(ctx context.Context, _ int) error {
	return s.each(ctx, len(s.people), "roles", func(ctx context.Context, i int) error {
		return s.spaces.GrantRole(ctx, s.owner, s.space, s.room(i), s.people[i].who.ID, roles.RoomUser, false)
	})
}

// shuffled spreads requests, so that neighbours do not follow one another.
func shuffled(requests []request) []request {
	//nolint:gosec // an order, and no secret
	mathrand.Shuffle(len(requests), func(i, j int) { requests[i], requests[j] = requests[j], requests[i] })
	return requests
}
