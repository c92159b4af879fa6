package auth

import (
	"context"
	"errors"

	"usher/internal/seal"
)

// ErrKeyGone says that a secret can't be read any more, because the key is gone under which it was kept.
var ErrKeyGone = errors.New("auth: the key is gone under which a secret was kept")

// A Kept is a secret that others are to get from here, and so has to be read again, as it is stored: encrypted under a
// key of the installation, which is encrypted itself.
type Kept struct {
	KeptUnder string `store:"keptUnder"` // the kid
	seal.Box
}

// Keep encrypts a secret. It opens only as what it is about: what it is, and whose.
func (a *Authority) Keep(plain []byte, about ...string) Kept {
	k := a.activeKey(forTokens)
	return Kept{k.kid, k.seal().Wrap(a.Random(seal.NonceSize), plain, about...)}
}

// ReadKept opens what Keep has encrypted. It returns ErrKeyGone where the key was revoked.
func (a *Authority) ReadKept(ctx context.Context, kept Kept, about ...string) ([]byte, error) {
	k, err := a.keyNamed(ctx, forTokens, kept.KeptUnder)
	if errors.Is(err, ErrInvalidToken) {
		err = ErrKeyGone
	}
	if err != nil {
		return nil, err
	}
	return k.seal().Unwrap(kept.Box, about...)
}
