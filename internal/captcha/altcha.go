package captcha

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// Recommended is the rounds of a key. A challenge asks for 256 keys on the average, which is about a second of one
// processor in a browser then, and for a single one here.
const Recommended = 5000

const (
	algorithm  = "PBKDF2/SHA-256"
	keyLength  = 32
	prefix     = "00"
	life       = 10 * time.Minute
	nonceBytes = 16
	longest    = 4 << 10 // of a token
)

// A Challenge is what the ALTCHA widget, version 3, works on. Its names are the widget's.
type Challenge struct {
	Parameters Parameters `json:"parameters"`
	Signature  string     `json:"signature"`
}

// Parameters are the work: find a counter such that the key of nonce and counter begins with KeyPrefix.
type Parameters struct {
	Algorithm string `json:"algorithm"`
	Nonce     string `json:"nonce"` // in hex, like Salt and KeyPrefix
	Salt      string `json:"salt"`
	Cost      int    `json:"cost"` // rounds of PBKDF2
	KeyLength int    `json:"keyLength"`
	KeyPrefix string `json:"keyPrefix"`
	ExpiresAt int64  `json:"expiresAt"` // in Unix seconds
}

// A Spender marks an id until an instant, and is false where it is marked. It is shared by all who verify.
type Spender func(ctx context.Context, id string, until time.Time) (first bool, err error)

// An Altcha makes challenges and verifies what comes of them, by keys that all servers of a fleet share. It keeps
// nothing of a challenge but that it was used.
type Altcha struct {
	rounds int
	keys   func() [][]byte
	random io.Reader
	now    func() time.Time
	spend  Spender
}

var _ Verifier = (*Altcha)(nil)

// NewAltcha makes challenges of so many rounds for each key. It asks for the keys that it signs with, each of 32 random
// bytes, whenever it signs, by the first one, or verifies, by all.
func NewAltcha(rounds int, keys func() [][]byte, random io.Reader, now func() time.Time, spend Spender) *Altcha {
	return &Altcha{rounds, keys, random, now, spend}
}

// Challenge is a fresh one, good for ten minutes and once.
func (a *Altcha) Challenge() (Challenge, error) {
	random := make([]byte, 2*nonceBytes)
	if _, err := io.ReadFull(a.random, random); err != nil {
		return Challenge{}, err
	}
	p := Parameters{
		Algorithm: algorithm, Cost: a.rounds, KeyLength: keyLength, KeyPrefix: prefix, ExpiresAt: a.now().Add(life).Unix(),
		Nonce: hex.EncodeToString(random[:nonceBytes]), Salt: hex.EncodeToString(random[nonceBytes:]),
	}
	return Challenge{p, hex.EncodeToString(p.sign(a.keys()[0]))}, nil
}

// sign covers every parameter. None of them can run into the next: they are quoted.
func (p Parameters) sign(key []byte) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(h, "altcha sign-up %q %q %q %d %d %q %d", p.Algorithm, p.Nonce, p.Salt, p.Cost, p.KeyLength, p.KeyPrefix, p.ExpiresAt)
	return h.Sum(nil)
}

// A solved challenge is what the widget sends, in base64.
type solved struct {
	Challenge Challenge `json:"challenge"`
	Solution  struct {
		Counter    int64  `json:"counter"`
		DerivedKey string `json:"derivedKey"`
	} `json:"solution"`
}

// Verify takes what the widget sends. Only what is signed here and in time costs the one key.
func (a *Altcha) Verify(ctx context.Context, token, _ string) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(token)
	var s solved
	if len(token) > longest || err != nil || json.Unmarshal(raw, &s) != nil {
		return ErrRefused
	}
	p := s.Challenge.Parameters
	signature, err := hex.DecodeString(s.Challenge.Signature)
	ours := func(key []byte) bool { return hmac.Equal(signature, p.sign(key)) }
	if err != nil || !slices.ContainsFunc(a.keys(), ours) || a.now().Unix() >= p.ExpiresAt {
		return ErrRefused
	}
	key, err := derive(p, s.Solution.Counter)
	wanted, _ := hex.DecodeString(p.KeyPrefix) // it is ours
	if err != nil || !bytes.HasPrefix(key, wanted) || hex.EncodeToString(key) != s.Solution.DerivedKey {
		return ErrRefused
	}
	first, err := a.spend(ctx, p.Nonce, time.Unix(p.ExpiresAt, 0))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case !first:
		return ErrRefused
	}
	return nil
}

// derive is the key of a counter: PBKDF2 of the nonce and the counter, as four bytes behind it.
func derive(p Parameters, counter int64) ([]byte, error) {
	if counter < 0 || counter > math.MaxUint32 {
		return nil, ErrRefused
	}
	nonce, err := hex.DecodeString(p.Nonce)
	if err != nil {
		return nil, err
	}
	salt, err := hex.DecodeString(p.Salt)
	if err != nil {
		return nil, err
	}
	return pbkdf2.Key(sha256.New, string(binary.BigEndian.AppendUint32(nonce, uint32(counter))), salt, p.Cost, p.KeyLength)
}
