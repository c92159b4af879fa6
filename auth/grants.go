package auth

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

// What the token endpoint refuses, by the names of RFC 6749, section 5.2.
var (
	ErrInvalidRequest   = errors.New("auth: the request lacks what its grant needs")
	ErrInvalidClient    = errors.New("auth: unknown client, or not its secret")
	ErrInvalidGrant     = errors.New("auth: the credentials or the refresh token are not valid")
	ErrUnsupportedGrant = errors.New("auth: unsupported grant type")
)

// A TokenRequest asks for tokens.
type TokenRequest struct {
	GrantType    string // client_credentials, password or refresh_token
	ClientID     string // of the password grant: web, where empty
	ClientSecret secret.String
	Username     string // an e-mail address if it holds an @, else a username
	Password     secret.String
	RefreshToken secret.String
}

// Tokens are what a session goes on with.
type Tokens struct {
	AccessToken  secret.String
	RefreshToken secret.String // empty for a client's own
	ExpiresIn    time.Duration // of the access token, in whole seconds
	Kind         Kind          // of whom they are
	Ends         time.Time     // of the session, if nobody refreshes it; zero for a client
}

// GetAccessToken exchanges credentials for tokens (RFC 6749, sections 4.3, 4.4 and 6). It returns ErrInvalidRequest,
// ErrInvalidClient, ErrInvalidGrant, ErrUnsupportedGrant or password.ErrBusy. An account that is not there, is
// blocked, or has another password, is refused with the same error after the same work.
func (a *Authority) GetAccessToken(ctx context.Context, req TokenRequest) (tokens Tokens, err error) {
	switch req.GrantType {
	case "client_credentials":
		tokens, err = a.clientTokens(ctx, req)
	case "password":
		tokens, err = a.passwordTokens(ctx, req)
	case "refresh_token":
		tokens, err = a.refresh(ctx, req)
	case "":
		err = ErrInvalidRequest
	default:
		err = ErrUnsupportedGrant
	}
	if errors.Is(err, ErrInvalidToken) { // the session, or the account, is over
		err = ErrInvalidGrant
	}
	return tokens, err
}

// clientTokens are for a back end that acts as itself: no session, and so nothing to refresh.
func (a *Authority) clientTokens(ctx context.Context, req TokenRequest) (Tokens, error) {
	if req.ClientID == "" {
		return Tokens{}, ErrInvalidRequest
	}
	client, err := a.confidential(ctx, req.ClientID, req.ClientSecret)
	if err != nil {
		return Tokens{}, err
	}
	who := Identity{Kind: Client, ID: req.ClientID, Client: req.ClientID, Workspace: client["workspace"]}
	if err := a.Recorded(ctx, who, audit.Event{Type: audit.SignIn, Subject: who.ID}, nil); err != nil {
		return Tokens{}, err
	}
	access, life, err := a.accessToken(who, time.Time{})
	return Tokens{AccessToken: access, ExpiresIn: life, Kind: Client}, err
}

func (a *Authority) passwordTokens(ctx context.Context, req TokenRequest) (Tokens, error) {
	if req.Username == "" || req.Password.Empty() {
		return Tokens{}, ErrInvalidRequest
	}
	id := cmp.Or(req.ClientID, publicClient)
	client, err := a.client(ctx, id, req.ClientSecret)
	if err != nil {
		return Tokens{}, err
	}
	who := Identity{Kind: User, Client: id, Workspace: client["workspace"]}
	var tokens Tokens
	err = Settle(func() error {
		tokens, err = a.byPassword(ctx, who, req.Username, req.Password)
		return err
	})
	return tokens, err
}

// byPassword opens a session for the user who has a name and this password.
func (a *Authority) byPassword(ctx context.Context, who Identity, typed string, pw secret.String) (Tokens, error) {
	user, err := a.login(ctx, who.Workspace, typed)
	if err != nil {
		return Tokens{}, err
	}
	ok, outdated, err := a.knows(ctx, user, pw)
	if err != nil {
		return Tokens{}, err
	}
	if !ok {
		return Tokens{}, a.notSignedIn(ctx, who, user, reasonOf(user))
	}
	var fresh store.Record
	if outdated {
		hash, err := a.hasher.Hash(ctx, pw)
		if err != nil {
			return Tokens{}, err
		}
		fresh = passwordFields(hash)
	}
	tokens, err := a.signIn(ctx, who, user, fresh)
	if errors.Is(err, ErrInvalidToken) {
		err = a.notSignedIn(ctx, who, user, "blocked")
	}
	return tokens, err
}

// login is the user who signs in by a name, or nil. Where there is none it makes the same trips.
func (a *Authority) login(ctx context.Context, workspace, typed string) (store.Record, error) {
	n := loginName(workspace, typed)
	pointer, user, err := a.pointee(ctx, n)
	if err == nil && pointer == nil {
		_, err = a.Store.Get(ctx, UserKey(Hash("nobody", typed)))
	}
	if err != nil || !n.confirmed(user) {
		return nil, err
	}
	return user, nil
}

// loginName is the name that somebody signs in with: an e-mail address if it holds an @, else a username.
func loginName(workspace, typed string) name {
	if strings.Contains(typed, "@") {
		return name{workspace, byEmail, typed}
	}
	return name{workspace, byUsername, typed}
}

func reasonOf(user store.Record) string {
	if user == nil {
		return "unknown_account"
	}
	return "wrong_password"
}

// notSignedIn records who was not let in, and why. It costs the same for an account that is not there, and keeps
// nothing of what was typed: a password, too, is typed into the wrong field.
func (a *Authority) notSignedIn(ctx context.Context, who Identity, user store.Record, reason string) error {
	nobody := Identity{Workspace: who.Workspace}
	e := audit.Event{Type: audit.SignInRefused, Subject: user["id"], Reason: reason}
	return cmp.Or(a.Recorded(ctx, nobody, e, nil), ErrInvalidGrant)
}
