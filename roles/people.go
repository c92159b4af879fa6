package roles

import (
	"context"
	"errors"
	"strings"

	"usher/auth"
	"usher/internal/secret"
	"usher/internal/store"
)

// FindUser finds an account of the workspace by its exact e-mail address or username, for those who own or moderate
// a space: the ones who have someone to invite.
func (s *Spaces) FindUser(ctx context.Context, who auth.Identity, email, username string) (auth.Account, error) {
	if who.Kind != auth.User {
		return auth.Account{}, auth.ErrWrongToken
	}
	found, missing := s.auth.FindUser(ctx, who, email, username)
	if missing != nil && !errors.Is(missing, auth.ErrNotFound) {
		return auth.Account{}, missing
	}
	manages := false
	err := s.eachTenure(ctx, who.ID, func(_ Space, t Tenure) { manages = manages || t.Role.Rank() >= SpaceModerator.Rank() })
	if err != nil {
		return auth.Account{}, err
	}
	if !manages {
		return auth.Account{}, ErrForbidden
	}
	return found, missing
}

// eachTenure calls do for every space in which a user has a role.
func (s *Spaces) eachTenure(ctx context.Context, user string, do func(Space, Tenure)) error {
	return s.pages(ctx, spacesOf(user), "", func(ids []string) error {
		var keys []store.Key
		for _, id := range ids {
			keys = append(keys, auth.SpaceKey(id), memberKey(id, user))
		}
		recs, err := s.auth.Store.Get(ctx, keys...)
		if err != nil {
			return err
		}
		for i, id := range ids {
			space, t := Space{ID: id}, Tenure{}
			if err := load(recs[2*i:], &space, &t); err != nil {
				return err
			}
			if t.Role != "" && space.there() {
				do(space, t)
			}
		}
		return nil
	})
}

// DeleteUser deletes an account on an administrator's behalf: out of every space and room, with what the user issued
// there, and then the account itself. It is a SoleOwnerError where a space would be left without an owner; then nothing
// is done. Whoever repeats a deletion that was stopped half-way completes it.
func (s *Spaces) DeleteUser(ctx context.Context, who auth.Identity, user string) error {
	if err := s.auth.MayBury(ctx, who, user); err != nil {
		return err
	}
	if user == who.ID { // who has to say his password
		return auth.ErrForbidden
	}
	return s.remove(ctx, who, user)
}

// DeleteExternal is DeleteUser for the external user who has exactly this id. It returns who is no more.
func (s *Spaces) DeleteExternal(ctx context.Context, who auth.Identity, externalID string) (auth.External, error) {
	gone, err := s.auth.GetExternal(ctx, who, externalID)
	if err != nil {
		return auth.External{}, err
	}
	return gone, s.DeleteUser(ctx, who, gone.ID)
}

// DeleteMe is DeleteUser for the caller's own account, with his password. It returns auth.ErrWrongPassword, too.
func (s *Spaces) DeleteMe(ctx context.Context, who auth.Identity, pw secret.String) error {
	if _, err := s.auth.Reauthenticate(ctx, who, pw); err != nil {
		return err
	}
	if err := s.auth.MayBury(ctx, who, who.ID); err != nil {
		return err
	}
	return s.remove(ctx, who, who.ID)
}

// remove deletes a user whom the caller may delete.
func (s *Spaces) remove(ctx context.Context, who auth.Identity, user string) error {
	var sole SoleOwnerError
	err := s.eachTenure(ctx, user, func(space Space, t Tenure) {
		if t.Role == SpaceOwner && space.Owners < 2 {
			sole.Spaces = append(sole.Spaces, space.ID)
		}
	})
	if err != nil {
		return err
	}
	if len(sole.Spaces) > 0 {
		return &sole
	}
	ctx = context.WithoutCancel(ctx)
	if err := s.expect(ctx, roomsOf(user)); err != nil {
		return err
	}
	if err := s.eachPlace(ctx, user, func(space string) error { return s.expel(ctx, space, user, who.ID) }); err != nil {
		return err
	}
	if err := s.auth.Bury(ctx, who, user, store.Delete(spacesOf(user)), store.Delete(roomsOf(user))); err != nil {
		return err
	}
	_ = s.putOutEverywhere(ctx, user, GoneRemoved) // he is gone, also where this fails: his stays lapse within minutes then
	return nil
}

// eachPlace calls do once for every space in which a user has a role, or has had one in a room.
func (s *Spaces) eachPlace(ctx context.Context, user string, do func(space string) error) error {
	done := map[string]bool{}
	once := func(space string) error {
		if done[space] {
			return nil
		}
		done[space] = true
		return do(space)
	}
	if err := s.each(ctx, spacesOf(user), "", once); err != nil {
		return err
	}
	return s.each(ctx, roomsOf(user), "", func(entry string) error {
		space, _, _ := strings.Cut(entry, "/")
		return once(space)
	})
}

// BlockUser is auth.BlockUser that puts the user out of the rooms in which he is, too.
func (s *Spaces) BlockUser(ctx context.Context, who auth.Identity, user string) error {
	if err := s.auth.BlockUser(ctx, who, user); err != nil {
		return err
	}
	return s.putOutEverywhere(context.WithoutCancel(ctx), user, GoneBanned)
}

// RotateAccessToken is auth.RotateAccessToken that puts the user out of the rooms in which he is, too.
func (s *Spaces) RotateAccessToken(ctx context.Context, who auth.Identity, user auth.Account) error {
	if _, err := s.auth.RotateAccessToken(ctx, who, user.ExternalID); err != nil {
		return err
	}
	return s.putOutEverywhere(context.WithoutCancel(ctx), user.ID, GoneOut)
}

// expel takes a user out of a space whatever his rank; only a last owner stays.
func (s *Spaces) expel(ctx context.Context, space, user, by string) error {
	var now Tenure
	err := auth.Settle(func() error {
		recs, err := s.auth.Store.Get(ctx, auth.SpaceKey(space), memberKey(space, user))
		if err != nil {
			return err
		}
		st, had := Standing{Space: Space{ID: space}}, Tenure{}
		if err := load(recs, &st.Space, &had); err != nil || !st.Space.there() {
			return err
		}
		st.ID, st.Member = user, had
		now, err = s.changeMember(ctx, st, user, had, "", false, s.loss(Deleted, fromSpace, by), store.Tx{})
		return err
	})
	if errors.Is(err, ErrLastOwner) { // the others have left meanwhile
		return &SoleOwnerError{[]string{space}}
	}
	if err != nil {
		return err
	}
	return s.sweep(ctx, space, user, now, false)
}
