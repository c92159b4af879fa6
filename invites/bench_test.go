package invites_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"usher/auth"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
	"usher/invites"
	"usher/roles"
)

// hot are the operations that a class makes when its lesson begins. Each is prepared for n calls, and called by several
// at once with a number of its own.
var hot = []struct {
	name    string
	prepare func(s *school, n int) func(ctx context.Context, i int) error
}{
	{"redeem", (*school).redeem},
	{"activate", (*school).activate},
	{"refresh", (*school).refresh},
	{"join", (*school).enter},
	{"authenticate and get", (*school).authenticate},
	{"sign in, but for the hash", (*school).signInCheaply},
}

// BenchmarkOperations is the domain without HTTP, on each engine, by a class at once. What HTTP adds, and what a floor
// comes to, is for deploy/bench to say.
func BenchmarkOperations(b *testing.B) {
	for _, op := range hot {
		b.Run(op.name, func(b *testing.B) {
			storetest.Engines(b, func(b *testing.B, s store.Store) {
				call := op.prepare(newSchool(b, s), b.N)
				var next atomic.Int64
				b.SetParallelism(max(1, pupils/runtime.GOMAXPROCS(0)))
				b.ResetTimer()
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						if err := call(b.Context(), int(next.Add(1)-1)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			})
		})
	}
}

const pupils = 32

// A school is a house with pupils who have a role in its room.
type school struct {
	*house
	pupils []auth.Identity
	tokens []auth.Tokens // one pupil's each
}

func newSchool(b *testing.B, s store.Store) *school {
	b.Helper()
	h := newWorld(b, s, newClock()).house(b)
	all := &school{house: h}
	for i := range pupils {
		name := fmt.Sprintf("pupil%02d", i)
		pupil := h.person(name)
		h.join(pupil, roles.SpaceUser)
		h.grant(pupil, roles.RoomUser)
		tokens, err := all.signInAs(b.Context(), name)
		if err != nil {
			b.Fatal(err)
		}
		all.pupils, all.tokens = append(all.pupils, pupil), append(all.tokens, tokens)
	}
	return all
}

func (s *school) signInAs(ctx context.Context, name string) (auth.Tokens, error) {
	return s.auth.GetAccessToken(ctx, auth.TokenRequest{
		GrantType: "password", ClientID: s.client, Username: name, Password: secret.New("correct horse 7 " + name),
	})
}

// redeem takes new seats on links that last for all of them.
func (s *school) redeem(n int) func(context.Context, int) error {
	links := make([]ticket, pupils+n/1000)
	for i := range links {
		links[i] = s.link(permanent)
	}
	return func(ctx context.Context, i int) error {
		_, err := s.desk.Redeem(ctx, links[i%len(links)].token, secret.String{}, secret.String{})
		return err
	}
}

// activate has each pupil join one space after another, each by an invite for him.
func (s *school) activate(n int) func(context.Context, int) error {
	type pair struct{ space, invite string }
	pairs := make([]pair, n)
	space := ""
	for i := range pairs {
		if i%pupils == 0 {
			space = s.house.world.house(s.TB).space
		}
		in, err := s.desk.CreateInvite(s.Context(), s.owner, space, invites.NewInvite{Role: roles.SpaceUser})
		if err != nil {
			s.Fatal(err)
		}
		pairs[i] = pair{space, in.ID}
	}
	return func(ctx context.Context, i int) error {
		_, err := s.desk.ActivateInvite(ctx, s.pupils[i%pupils], pairs[i].space, pairs[i].invite)
		return err
	}
}

// refresh goes on with one session for each call that is under way.
func (s *school) refresh(int) func(context.Context, int) error {
	idle := make(chan secret.String, pupils)
	for _, t := range s.tokens {
		idle <- t.RefreshToken
	}
	return func(ctx context.Context, _ int) error {
		tokens, err := s.auth.GetAccessToken(ctx, auth.TokenRequest{GrantType: "refresh_token", RefreshToken: <-idle})
		idle <- tokens.RefreshToken
		return err
	}
}

func (s *school) enter(int) func(context.Context, int) error {
	return func(ctx context.Context, i int) error {
		_, err := s.spaces.Join(ctx, s.pupils[i%pupils], s.space, s.room)
		return err
	}
}

func (s *school) authenticate(int) func(context.Context, int) error {
	return func(ctx context.Context, i int) error {
		who, err := s.auth.Authenticate(ctx, s.tokens[i%pupils].AccessToken.Reveal())
		if err == nil {
			_, _, err = s.auth.Get(ctx, who)
		}
		return err
	}
}

// signInCheaply is a sign-in whose hash costs nothing; package password measures the real one.
func (s *school) signInCheaply(int) func(context.Context, int) error {
	return func(ctx context.Context, i int) error {
		_, err := s.signInAs(ctx, fmt.Sprintf("pupil%02d", i%pupils))
		return err
	}
}
