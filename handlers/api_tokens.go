package handlers

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"
	"unicode/utf8"

	"usher/auth"
	"usher/handlers/wire"
	"usher/internal/secret"
)

func (a *api) tokenOperations() map[string]handler {
	return map[string]handler{
		"getAccessToken":   with(a.getAccessToken),
		"revokeToken":      with(a.revokeToken),
		"introspectToken":  with(a.introspectToken),
		"logout":           a.logout,
		"listSessions":     a.listSessions,
		"endSession":       a.endSession,
		"endOtherSessions": a.endOtherSessions,
		"getKeys":          a.getKeys,
	}
}

func (a *api) getAccessToken(c *call, in wire.TokenRequest) (any, error) {
	refresh := secret.New(in.RefreshToken)
	fromCookie := in.UseCookies && refresh.Empty() && in.GrantType == "refresh_token" && c.gin.GetHeader("Authorization") == ""
	if fromCookie {
		refresh = c.refreshToken()
	}
	tokens, err := a.Authority.GetAccessToken(c, auth.TokenRequest{
		GrantType: in.GrantType, ClientID: in.ClientID, ClientSecret: secret.New(in.ClientSecret),
		Username: in.Username, Password: secret.New(in.Password), RefreshToken: refresh,
	})
	if err != nil {
		c.byCookie = fromCookie
		a.forgetIf(c, errors.Is(err, auth.ErrInvalidGrant))
		return nil, err
	}
	return a.handOut(c, tokens, in.UseCookies, c.room()), nil
}

// clientInHeader puts a client's id and secret into the body, where contract, limit and handler look for them, from
// the Authorization header, where OAuth libraries put them first (RFC 6749, section 2.3.1). A client that names itself
// in both places means neither.
func (c *call) clientInHeader() error {
	id, secret, ok := c.gin.Request.BasicAuth()
	fields, isObject := c.value.(map[string]any)
	if !ok || !isObject {
		return nil
	}
	for name, escaped := range map[string]string{"client_id": id, "client_secret": secret} {
		if given, twice := fields[name]; twice && given != "" {
			return auth.ErrInvalidRequest
		}
		text, err := url.QueryUnescape(escaped)
		if err != nil || !utf8.ValidString(text) {
			return auth.ErrInvalidClient
		}
		fields[name] = text
	}
	var err error
	c.body, err = json.Marshal(fields)
	return err
}

func (a *api) getKeys(c *call) (any, error) {
	c.gin.Header("Cache-Control", fmt.Sprintf("public, max-age=%d", a.Authority.KeyCache()/time.Second))
	return wire.KeySet{Keys: all(a.Authority.JWKS(), func(k auth.JWK) wire.Key {
		return wire.Key{Alg: k.Alg, Crv: k.Crv, Kid: k.Kid, Kty: k.Kty, Use: k.Use, X: k.X}
	})}, nil
}

func queryOf(in wire.TokenQuery) auth.TokenQuery {
	return auth.TokenQuery{Token: secret.New(in.Token), ClientID: in.ClientID, ClientSecret: secret.New(in.ClientSecret)}
}

func (a *api) revokeToken(c *call, in wire.TokenQuery) (any, error) {
	return wire.Empty{}, a.Authority.Revoke(c, queryOf(in))
}

func (a *api) introspectToken(c *call, in wire.TokenQuery) (any, error) {
	said, err := a.Authority.Introspect(c, queryOf(in))
	if err != nil || !said.Active {
		return wire.Introspection{}, err
	}
	kind := wire.IntrospectionTokenTypeBearer
	if said.Refresh {
		kind = wire.IntrospectionTokenTypeRefreshToken
	}
	return wire.Introspection{
		Active: true, TokenType: kind, Sub: said.ID, Aud: wire.IntrospectionAud(said.Kind), Iss: said.Issuer,
		Exp: int(said.Expires.Unix()), Iat: int(said.Issued.Unix()), Jti: said.TokenID, Sid: said.Session, ClientID: said.Client,
		Username: said.Username, WId: said.Workspace, How: wire.IntrospectionHow(said.How),
		SpaceID: said.Space, RoomID: said.Room, LinkID: said.Link,
	}, nil
}

func (a *api) logout(c *call) (any, error) {
	err := a.Spaces.Logout(c, c.who)
	a.forgetIf(c, err == nil)
	return nil, err
}

func (a *api) listSessions(c *call) (any, error) {
	found, next, err := a.Authority.ListSessions(c, c.who, c.page())
	return wire.Sessions{Items: all(found, func(s auth.Session) wire.Session {
		return wire.Session{
			ID: s.ID, ClientID: s.Client, Device: s.Device, AddressPrefix: s.Address, CreatedAt: s.Created,
			LastUsedAt: s.LastUsed, Current: s.Current,
		}
	}), Next: cursor(next)}, err
}

func (a *api) endSession(c *call) (any, error) {
	err := a.Authority.EndSession(c, c.who, c.id("sessionId"))
	a.forgetIf(c, err == nil && c.id("sessionId") == c.who.Session)
	return nil, err
}

func (a *api) endOtherSessions(c *call) (any, error) {
	return nil, a.Authority.EndOtherSessions(c, c.who)
}
