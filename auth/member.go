package auth

import (
	"context"
	"errors"

	"usher/internal/secret"
	"usher/internal/store"
)

// MemberOf is the external user of a workspace whose access token this is, and who may come by it. It returns
// ErrInvalidGrant for every other token, also for that of a user who is blocked: it has ended.
func (a *Authority) MemberOf(ctx context.Context, workspace string, token secret.String) (Account, error) {
	user, err := a.memberOf(ctx, workspace, token)
	if err != nil {
		return Account{}, err
	}
	return a.accountOf(workspace, user["id"], user, nil)
}

// SignInMember opens a session for whose access token this is. The session is of a kind of its own: the token stands
// in links that people hand on, and so whoever comes by it goes into rooms as that user, and does nothing else. A block,
// the end of the user and another access token end it. It returns ErrInvalidGrant, ErrUnsealed.
func (a *Authority) SignInMember(ctx context.Context, workspace string, token secret.String) (Tokens, error) {
	var tokens Tokens
	err := Settle(func() error {
		user, err := a.memberOf(ctx, workspace, token)
		if err != nil {
			return err
		}
		tokens, err = a.signIn(ctx, Identity{Kind: Member, Workspace: workspace}, user, nil)
		return err
	})
	if errors.Is(err, ErrInvalidToken) { // blocked, or gone, meanwhile
		err = ErrInvalidGrant
	}
	return tokens, err
}

func (a *Authority) memberOf(ctx context.Context, workspace string, token secret.String) (store.Record, error) {
	if err := a.mayKeepTokens(); err != nil { // kept by a server that might
		return nil, err
	}
	user, err := a.lookUp(ctx, name{workspace, byToken, token.Hash()})
	if errors.Is(err, ErrNotFound) {
		err = ErrInvalidGrant
	}
	if err != nil {
		return nil, err
	}
	var u account
	if err := user.Load(&u); err != nil {
		return nil, err
	}
	kept, err := a.openToken(ctx, u)
	switch {
	case errors.Is(err, errTokenGone): // whoever has got hold of its key may know it
		err = ErrInvalidGrant
	case err == nil && (!kept.Equal(token) || !Alive(user, a.Now())):
		err = ErrInvalidGrant
	}
	return user, err
}
