package auth

import (
	"context"
	"errors"
	"time"

	"usher/internal/secret"
	"usher/internal/store"
)

// ErrUnsupportedToken says that a client's own access token, which has no session, cannot be revoked.
var ErrUnsupportedToken = errors.New("auth: a token of this kind cannot be revoked")

// A TokenQuery names a token, and the client that asks about it.
type TokenQuery struct {
	Token        secret.String
	ClientID     string
	ClientSecret secret.String
}

// An Introspection is what a token says, and what the store says of its session. Only Active is set where that is
// false. What a kind of token does not say is zero.
type Introspection struct {
	Active   bool
	Refresh  bool // it is a refresh token, which opens no resource
	Identity      // of whom it speaks
	Username string
	Issuer   string
	TokenID  string // jti
	Issued   time.Time
	Expires  time.Time
}

// A presented token is one of ours whose session lives, with what it says itself.
type presented struct {
	ticket
	registered
	refresh bool
	anchors []store.Record
}

// present reads a token and what its session hangs on. It returns ErrInvalidToken where the token is none of ours or of
// another workspace, unless that is empty, or its session has ended.
func (a *Authority) present(ctx context.Context, token secret.String, workspace string) (presented, error) {
	p, err := a.recognise(ctx, token)
	if err == nil && workspace != "" && workspace != p.who.Workspace {
		err = ErrInvalidToken
	}
	if err == nil {
		_, p.anchors, _, err = a.read(ctx, p.who)
	}
	return p, err
}

// recognise reads an access token or a refresh token, whichever it is. It returns ErrInvalidToken for what is none of
// ours, and the store's error where a key had to be asked for.
func (a *Authority) recognise(ctx context.Context, token secret.String) (presented, error) {
	t, err := a.readTicket(ctx, token)
	if !errors.Is(err, errTicket) {
		return presented{ticket: t, refresh: true}, err
	}
	who, says, err := a.authenticate(ctx, token.Reveal())
	return presented{ticket: ticket{who: who}, registered: says}, err
}

// Revoke ends the session that an access token or a refresh token belongs to (RFC 7009), also by a refresh token that
// was spent. A confidential client's sessions are ended with its secret only. Nothing happens, and that is no error,
// where the token is not valid, or the client that is named is not the one that the session is of. It returns
// ErrInvalidRequest, ErrInvalidClient, ErrUnsupportedToken.
func (a *Authority) Revoke(ctx context.Context, q TokenQuery) error {
	if q.Token.Empty() {
		return ErrInvalidRequest
	}
	var by Identity
	if q.ClientID != "" {
		client, err := a.client(ctx, q.ClientID, q.ClientSecret)
		if err != nil {
			return err
		}
		by = Identity{Kind: Client, ID: q.ClientID, Workspace: client["workspace"]}
	}
	p, err := a.present(ctx, q.Token, by.Workspace)
	if err == nil && p.who.Kind == Client {
		err = ErrUnsupportedToken
	}
	if err == nil {
		err = mayRefresh(p.who, p.anchors, q.ClientID, q.ClientSecret)
	}
	switch {
	case errors.Is(err, ErrInvalidToken), errors.Is(err, ErrInvalidGrant): // the latter is another client's
		return nil
	case err != nil:
		return err
	}
	if by.Kind == Nobody {
		by = p.who
	}
	return a.end(ctx, by, p.who, p.anchors[0], ended(p.who))
}

// Introspect says what a token of the workspace is worth at this moment, to a confidential client of that workspace
// (RFC 7662). Whatever is wrong with the token, it is not active. It returns ErrInvalidRequest, and ErrInvalidClient
// for a public client, too.
func (a *Authority) Introspect(ctx context.Context, q TokenQuery) (Introspection, error) {
	if q.Token.Empty() || q.ClientID == "" {
		return Introspection{}, ErrInvalidRequest
	}
	client, err := a.confidential(ctx, q.ClientID, q.ClientSecret)
	if err != nil {
		return Introspection{}, err
	}
	p, err := a.present(ctx, q.Token, client["workspace"])
	switch {
	case errors.Is(err, ErrInvalidToken), err == nil && p.refresh && !p.usable(p.anchors[0], a.Now()):
		return Introspection{}, nil
	case err != nil:
		return Introspection{}, err
	}
	return a.described(p), nil
}

// described is what a token that is active says.
func (a *Authority) described(p presented) Introspection {
	said := Introspection{
		Active: true, Refresh: p.refresh, Identity: p.who, Issuer: a.set.Issuer, TokenID: p.ID,
		Issued: p.issued(), Expires: time.Unix(p.Expires, 0),
	}
	if p.refresh {
		said.Identity, said.Issued, said.Expires = p.current(p.anchors), p.anchors[0].Time("rotated"), firstEnd(p.anchors)
	}
	if p.who.Kind == User {
		said.Username = p.anchors[1]["username"]
	}
	return said
}
