// Package seal keeps secrets that have to be read again, and so can't be hashes, encrypted at rest: with AES-256-GCM,
// under a key-encryption key that the operator holds and the store never sees.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"usher/internal/secret"
)

// What a seal does not open.
var (
	ErrNotAKey = errors.New("seal: not 32 bytes in hex or in base64url (openssl rand -hex 32 makes a key)")
	ErrNoKey   = errors.New("seal: it is encrypted, and there is no key-encryption key")
	ErrAnother = errors.New("seal: it is encrypted under another key-encryption key")
	ErrBroken  = errors.New("seal: it is not what was sealed here")
)

// A Box is a secret as it is stored. One of 32 bytes has no field of more than 64.
type Box struct {
	Text  string `store:"secret"` // base64url; with its tag, where it is encrypted
	Nonce string `store:"nonce"`  // base64url
	Under string `store:"under"`  // which key-encryption key it is encrypted under; empty where it isn't
}

// Sealed reports whether the box is encrypted.
func (b Box) Sealed() bool { return b.Under != "" }

// A Seal encrypts under one key. While that key is being changed, it also opens what is encrypted under the one before.
// The zero Seal has no key, and leaves everything as it is. It is safe for concurrent use.
type Seal struct{ now, before *key }

type key struct {
	name string
	aead cipher.AEAD
}

// New makes a Seal of two keys, each of which may be empty: the one that encrypts, and the one before. It returns
// ErrNotAKey.
func New(now, before secret.String) (Seal, error) {
	var s Seal
	var errs [2]error
	s.now, errs[0] = parse(now)
	s.before, errs[1] = parse(before)
	return s, errors.Join(errs[:]...)
}

func parse(text secret.String) (*key, error) {
	if text.Empty() {
		return nil, nil
	}
	raw, err := hex.DecodeString(text.Reveal())
	if err != nil {
		raw, err = base64url.DecodeString(text.Reveal())
	}
	if err != nil || len(raw) != 32 {
		return nil, ErrNotAKey
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	sum := sha256.Sum256(append([]byte("usher key-encryption key\x00"), raw...))
	return &key{name: hex.EncodeToString(sum[:6]), aead: aead}, nil
}

var base64url = base64.RawURLEncoding.Strict()

// Encrypts reports whether there is a key to encrypt under.
func (s Seal) Encrypts() bool { return s.now != nil }

// NonceSize is how many bytes a nonce has. Each is random, and for one Wrap.
const NonceSize = 12

// Wrap encrypts a secret. It opens only in the same context: what it is, and whose; so that of two boxes in a store
// none can take the other's place.
func (s Seal) Wrap(nonce, plain []byte, context ...string) Box {
	if s.now == nil {
		return Box{Text: base64url.EncodeToString(plain)}
	}
	return Box{
		Text:  base64url.EncodeToString(s.now.aead.Seal(nil, nonce, plain, about(context))),
		Nonce: base64url.EncodeToString(nonce), Under: s.now.name,
	}
}

// Unwrap opens a box. It returns ErrNoKey, ErrAnother, ErrBroken.
func (s Seal) Unwrap(b Box, context ...string) ([]byte, error) {
	text, wrongText := base64url.DecodeString(b.Text)
	nonce, wrongNonce := base64url.DecodeString(b.Nonce)
	if wrongText != nil || wrongNonce != nil {
		return nil, ErrBroken
	}
	if !b.Sealed() {
		return text, nil
	}
	k := s.named(b.Under)
	switch {
	case k == nil && s.now == nil && s.before == nil:
		return nil, ErrNoKey
	case k == nil:
		return nil, ErrAnother
	case len(nonce) != NonceSize:
		return nil, ErrBroken
	}
	plain, err := k.aead.Open(nil, nonce, text, about(context))
	if err != nil {
		return nil, ErrBroken
	}
	return plain, nil
}

func (s Seal) named(name string) *key {
	for _, k := range []*key{s.now, s.before} {
		if k != nil && k.name == name {
			return k
		}
	}
	return nil
}

// Current reports whether a box is as Wrap would make it: under the key that encrypts, or under none where there is none.
func (s Seal) Current(b Box) bool {
	if s.now == nil {
		return !b.Sealed()
	}
	return b.Under == s.now.name
}

func about(context []string) []byte { return []byte(strings.Join(context, "\x00")) }
