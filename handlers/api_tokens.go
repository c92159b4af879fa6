package handlers

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"
	"unicode/utf8"

	"usher/auth"
	"usher/handlers/wire"
	"usher/internal/secret"
)

func (a *api) getAccessToken(c *call, in wire.TokenRequest) (any, error) {
	tokens, err := a.Authority.GetAccessToken(c, auth.TokenRequest{
		GrantType: in.GrantType, ClientID: in.ClientID, ClientSecret: secret.New(in.ClientSecret),
		Username: in.Username, Password: secret.New(in.Password), RefreshToken: secret.New(in.RefreshToken),
	})
	return tokensOf(tokens), err
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

func tokensOf(t auth.Tokens) wire.Tokens {
	return wire.Tokens{
		TokenType: wire.TokenTypeBearer, AccessToken: t.AccessToken.Reveal(), RefreshToken: t.RefreshToken.Reveal(),
		ExpiresIn: int(t.ExpiresIn / time.Second),
	}
}

// getKeys is the one operation whose answer may be kept: for as long as a new key is published before it signs.
func (a *api) getKeys(c *call) (any, error) {
	c.gin.Header("Cache-Control", fmt.Sprintf("public, max-age=%d", a.Authority.KeyCache()/time.Second))
	return wire.KeySet{Keys: all(a.Authority.JWKS(), func(k auth.JWK) wire.Key {
		return wire.Key{Alg: k.Alg, Crv: k.Crv, Kid: k.Kid, Kty: k.Kty, Use: k.Use, X: k.X}
	})}, nil
}
