package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"usher/internal/store"
)

const (
	algorithm    = "EdDSA" // with Ed25519 keys (RFC 8037)
	longestToken = 8 << 10

	// skew is how far ahead the clock of a fellow server that issued a token may be.
	skew = 30 * time.Second
)

// The typ of a token's header. It keeps one kind of token from being taken for another (RFC 8725, section 3.11).
const (
	typAccess = "at+jwt" // RFC 9068
	typRoom   = "room+jwt"
)

// claims are what every kind of token says.
type claims interface {
	jwt.Claims
	names() []string // of all its claims
	issued() time.Time
}

// registered are the claims of RFC 7519 that our tokens have; all of them are required. aud is one plain string.
type registered struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	ID       string `json:"jti"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

var registeredNames = []string{"iss", "sub", "aud", "jti", "iat", "exp"}

func (r registered) issued() time.Time { return time.Unix(r.IssuedAt, 0) }

// GetExpirationTime and its like are how the library reads claims. Nil is none, and it refuses that.
func (r registered) GetExpirationTime() (*jwt.NumericDate, error) {
	if r.Expires == 0 {
		return nil, nil
	}
	return jwt.NewNumericDate(time.Unix(r.Expires, 0)), nil
}

// GetIssuedAt is not consulted: iat is checked with a leeway of its own, which exp does not have.
func (r registered) GetIssuedAt() (*jwt.NumericDate, error) {
	return jwt.NewNumericDate(r.issued()), nil
}

// GetNotBefore is nil: our tokens have no nbf.
func (r registered) GetNotBefore() (*jwt.NumericDate, error) {
	return nil, nil
}

// GetIssuer is iss.
func (r registered) GetIssuer() (string, error) { return r.Issuer, nil }

// GetSubject is sub.
func (r registered) GetSubject() (string, error) { return r.Subject, nil }

// GetAudience is aud.
func (r registered) GetAudience() (jwt.ClaimStrings, error) {
	return jwt.ClaimStrings{r.Audience}, nil
}

// register fills in what every token says, for a life that ends at an instant.
func (a *Authority) register(subject, audience string, ends time.Time) registered {
	return registered{
		Issuer: a.set.Issuer, Subject: subject, Audience: audience, ID: a.NewID(),
		IssuedAt: a.Now().Unix(), Expires: ends.Unix(),
	}
}

// sign makes a token of a typ.
func (a *Authority) sign(typ string, c claims) (string, error) {
	key := a.activeKey(forSigning)
	token := jwt.NewWithClaims(jwt.GetSigningMethod(key.alg), c)
	token.Header["typ"], token.Header["kid"] = typ, key.kid
	signed, err := token.SignedString(key.private)
	if err != nil {
		return "", fmt.Errorf("auth: sign: %w", err)
	}
	return signed, nil
}

// verify takes a token of a typ apart, into c. Whatever is wrong with it, the answer is ErrInvalidToken: who forges
// tokens learns nothing from being refused. Any other error is the store's, of whom a key had to be asked for.
func (a *Authority) verify(ctx context.Context, token, typ string, c claims) error {
	key, err := a.examine(ctx, token, typ, c.names())
	if errors.Is(err, store.ErrUnavailable) {
		return err
	}
	if err != nil {
		return ErrInvalidToken
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{key.alg}),
		jwt.WithIssuer(a.set.Issuer),
		jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(a.Now),
	)
	if _, err := parser.ParseWithClaims(token, c, func(*jwt.Token) (any, error) { return key.public, nil }); err != nil {
		return ErrInvalidToken
	}
	if at := c.issued(); at.Unix() <= 0 || at.After(a.Now().Add(skew)) {
		return ErrInvalidToken
	}
	return nil
}

// examine looks at what the library doesn't: the size, the names of the claims, the header. It returns the key that
// the header names.
func (a *Authority) examine(ctx context.Context, token, typ string, names []string) (*key, error) {
	if len(token) > longestToken {
		return nil, ErrInvalidToken
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, ErrInvalidToken
	}
	var raw [3][]byte
	for i, part := range parts {
		decoded, err := decode(part)
		if err != nil {
			return nil, err
		}
		raw[i] = decoded
	}
	if err := checkMembers(raw[1], names...); err != nil {
		return nil, err
	}
	return a.keyOf(ctx, raw[0], typ)
}

// keyOf is the key that a header names. The header must be the one that we write, to the
// letter: crit, b64, jku, jwk, x5u, x5c and whatever else there is get no say in how, or by which key, a token is
// verified.
func (a *Authority) keyOf(ctx context.Context, header []byte, typ string) (*key, error) {
	if err := checkMembers(header); err != nil {
		return nil, err
	}
	var members map[string]string
	if err := json.Unmarshal(header, &members); err != nil {
		return nil, err
	}
	if members["typ"] != typ || members["alg"] != algorithm {
		return nil, ErrInvalidToken
	}
	key, err := a.keyNamed(ctx, forSigning, members["kid"])
	if err == nil && !maps.Equal(members, map[string]string{"alg": key.alg, "kid": key.kid, "typ": typ}) {
		err = ErrInvalidToken
	}
	return key, err
}
