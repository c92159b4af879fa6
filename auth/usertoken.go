package auth

import (
	"context"
	"encoding/hex"
	"errors"

	"usher/internal/loopback"
	"usher/internal/seal"
	"usher/internal/secret"
)

// ErrUnsealed says that the access tokens of users are not kept here: their key would lie in the store as it is.
var ErrUnsealed = errors.New("auth: no key-encryption key, and so no access tokens of users")

var errTokenGone = errors.New("auth: the key is gone under which an access token was kept")

// A keptToken is the access token of an external user as it is stored. An integrator does not keep it: he makes the
// links of his users from what a list or a look-up returns, also of those that he made long ago. So it has to be read
// again, and lies encrypted here, under a key of the installation that is encrypted itself. It is found by its hash.
type keptToken struct {
	TokenHash string `store:"tokenHash"`
	TokenKey  string `store:"tokenKey"` // the kid
	seal.Box
}

// tokenBytes make 32 characters, as clients of the origin know such tokens.
const tokenBytes = 24

// mayKeepTokens: where a server is for others than the machine it runs on, the store and its copies are not to be
// enough to go into every room as anybody.
func (a *Authority) mayKeepTokens() error {
	if !a.set.Seal.Encrypts() && !loopback.URL(a.set.Issuer) {
		return ErrUnsealed
	}
	return nil
}

// newToken gives a user another access token, and another epoch, which ends the sessions of the one before.
func (a *Authority) newToken(u account) account {
	token, k := a.Random(tokenBytes), a.activeKey(forTokens)
	u.Epoch = a.NewID()
	u.keptToken = keptToken{
		TokenHash: secret.New(base64url.EncodeToString(token)).Hash(), TokenKey: k.kid,
		Box: k.seal().Wrap(a.Random(seal.NonceSize), token, forTokens, u.ID),
	}
	return u
}

// seal is what a key for that seals with.
func (k *key) seal() seal.Seal {
	made, err := seal.New(secret.New(hex.EncodeToString(k.mac)), secret.String{})
	if err != nil {
		panic("auth: a key of 32 bytes: " + err.Error()) // parseKey has seen to it
	}
	return made
}

// openToken reads the access token of an external user. It returns errTokenGone where its key was revoked.
func (a *Authority) openToken(ctx context.Context, u account) (secret.String, error) {
	k, err := a.keyNamed(ctx, forTokens, u.TokenKey)
	if errors.Is(err, ErrInvalidToken) {
		err = errTokenGone
	}
	if err != nil {
		return secret.String{}, err
	}
	token, err := k.seal().Unwrap(u.Box, forTokens, u.ID)
	return secret.New(base64url.EncodeToString(token)), err
}
