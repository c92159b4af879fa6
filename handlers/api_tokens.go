package handlers

import (
	"cmp"
	"net/url"
	"time"

	"usher/auth"
	"usher/handlers/wire"
	"usher/internal/secret"
)

func (a *api) getAccessToken(c *call, in wire.TokenRequest) (any, error) {
	if err := c.clientInHeader(&in); err != nil {
		return nil, err
	}
	tokens, err := a.Authority.GetAccessToken(c, auth.TokenRequest{
		GrantType: in.GrantType, ClientID: in.ClientID, ClientSecret: secret.New(in.ClientSecret),
		Username: in.Username, Password: secret.New(in.Password), RefreshToken: secret.New(in.RefreshToken),
	})
	return tokensOf(tokens), err
}

// clientInHeader takes a client's id and secret from the Authorization header, where OAuth libraries put them
// first (RFC 6749, section 2.3.1). A client that names itself in both places means neither.
func (c *call) clientInHeader(in *wire.TokenRequest) error {
	id, secret, ok := c.gin.Request.BasicAuth()
	if !ok {
		return nil
	}
	if in.ClientID != "" || in.ClientSecret != "" {
		return auth.ErrInvalidRequest
	}
	var errs [2]error
	in.ClientID, errs[0] = url.QueryUnescape(id)
	in.ClientSecret, errs[1] = url.QueryUnescape(secret)
	if cmp.Or(errs[:]...) != nil {
		return auth.ErrInvalidClient
	}
	return nil
}

func tokensOf(t auth.Tokens) wire.Tokens {
	return wire.Tokens{
		TokenType: wire.TokenTypeBearer, AccessToken: t.AccessToken.Reveal(), RefreshToken: t.RefreshToken.Reveal(),
		ExpiresIn: int(t.ExpiresIn / time.Second),
	}
}

func (a *api) getKeys(*call) (any, error) {
	return wire.KeySet{Keys: all(a.Authority.JWKS(), func(k auth.JWK) wire.Key {
		return wire.Key{Alg: k.Alg, Crv: k.Crv, Kid: k.Kid, Kty: k.Kty, Use: k.Use, X: k.X}
	})}, nil
}
