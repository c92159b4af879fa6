package auth

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"usher/internal/seal"
	"usher/internal/store"
)

// base64url is the encoding of everything binary that leaves or enters, without padding.
var base64url = base64.RawURLEncoding.Strict()

// decode reads base64url in its one spelling. The library's own strictness ends at line breaks, which it passes over.
func decode(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, base64.CorruptInputError(0)
	}
	return base64url.DecodeString(s)
}

// What a key is for.
const (
	forSigning = "signing" // Ed25519: access tokens and room tokens
	forRefresh = "refresh" // HMAC-SHA256: refresh tokens
	forPINs    = "pin"     // HMAC-SHA256: what is stored of PINs
	forTokens  = "token"   // AES-256-GCM: the access tokens of external users, and other secrets that have to be read again
)

// A PIN can be as old as what it guards, which is prolonged as its owner likes, and the access token of a user lasts as
// long as the user: the keys of these two stay until they are revoked.
var (
	uses     = []string{forSigning, forRefresh, forPINs, forTokens}
	rotating = []string{forSigning, forRefresh}
)

// A key goes through three states, none of which is stored: they follow from two instants and the time it is. It is
// next until From, which is not set before a rotation begins; then it is active, until another one's From has come; and
// then retired, still good for what it has made, until Ends.
type key struct {
	Use     string    `store:"use"`
	Created time.Time `store:"created"`
	From    time.Time `store:"from"`
	Ends    time.Time `store:"ends"`
	seal.Box

	kid     string
	alg     string // fixed for this key, whatever a token says
	mac     []byte
	private ed25519.PrivateKey
	public  ed25519.PublicKey
}

// arm makes a key usable of its 32 secret bytes.
func (k *key) arm(raw []byte) {
	if k.Use != forSigning {
		if k.mac, k.alg = raw, "HS256"; k.Use == forTokens {
			k.alg = "A256GCM"
		}
		return
	}
	k.private, k.alg = ed25519.NewKeyFromSeed(raw), algorithm
	k.public, _ = k.private.Public().(ed25519.PublicKey)
}

// secret is what arm was given.
func (k *key) secret() []byte {
	if k.Use != forSigning {
		return k.mac
	}
	return k.private.Seed()
}

func (k *key) over(now time.Time) bool { return !k.Ends.IsZero() && !k.Ends.After(now) }

// A keyring is every key of the installation, in memory: what a stranger sends leads to no look-up elsewhere, or seldom.
type keyring struct {
	turn string // which state of the stored ring it is
	due  bool   // an operator has asked for a rotation
	keys map[string]*key
}

// A keeper has the keyring as it was read last, and keeps the trips apart that unknown kids cost.
type keeper struct {
	atomic.Pointer[keyring]
	looking sync.Mutex
	looked  time.Time
}

// of are the keys for a use, in the order in which they become active; those that are next come last.
func (r *keyring) of(use string) []*key {
	order := func(a, b *key) int {
		return cmp.Or(boolOrder(a.From.IsZero(), b.From.IsZero()), a.From.Compare(b.From), a.Created.Compare(b.Created),
			cmp.Compare(a.kid, b.kid))
	}
	return slices.SortedFunc(func(yield func(*key) bool) {
		for _, k := range r.keys {
			if k.Use == use && !yield(k) {
				return
			}
		}
	}, order)
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// active is the key that signs or derives: the last whose time has come. Where the clock lies before all of them, it is
// the first.
func (r *keyring) active(use string, now time.Time) *key {
	var active *key
	for _, k := range r.of(use) {
		if !k.From.IsZero() && (active == nil || !k.From.After(now)) {
			active = k
		}
	}
	return active
}

// known is the key of this kid, where it may verify something.
func (r *keyring) known(use, kid string, now time.Time) *key {
	if k := r.keys[kid]; k != nil && k.Use == use && !k.over(now) {
		return k
	}
	return nil
}

// A JWK is a public signing key (RFC 7517, RFC 8037).
type JWK struct{ Alg, Crv, Kid, Kty, Use, X string }

// JWKS are the public keys that verify this installation's tokens: the one that signs, the next one, which a verifier
// should know before it meets a token of it, and those whose tokens may still be about.
func (a *Authority) JWKS() []JWK {
	ring, now := a.keys.Load(), a.Now()
	var set []JWK
	for _, kid := range slices.Sorted(maps.Keys(ring.keys)) {
		if k := ring.known(forSigning, kid, now); k != nil {
			set = append(set, JWK{
				Alg: k.alg, Crv: "Ed25519", Kid: kid, Kty: "OKP", Use: "sig", X: base64url.EncodeToString(k.public),
			})
		}
	}
	return set
}

// KeyCache is how long anybody may go on with the published keys as they were.
func (a *Authority) KeyCache() time.Duration { return a.set.KeyCache }

func (a *Authority) activeKey(use string) *key { return a.keys.Load().active(use, a.Now()) }

// strangers is how often a kid that nobody knows may cost a trip to the store.
const strangers = 5 * time.Second

// keyNamed is the key of this kid. One that is not in memory may have been made since: the ring is then read anew, but
// once in a while, whoever asks. It returns ErrInvalidToken, or the store's error where it can't be known.
func (a *Authority) keyNamed(ctx context.Context, use, kid string) (*key, error) {
	known := func() *key { return a.keys.Load().known(use, kid, a.Now()) }
	k := known()
	if k != nil || !IsID(kid) || a.keys.Load().keys[kid] != nil {
		return k, invalidUnless(k)
	}
	a.keys.looking.Lock()
	defer a.keys.looking.Unlock()
	if k := known(); k != nil { // whoever was first has found it
		return k, nil
	}
	now := a.Now()
	if since := now.Sub(a.keys.looked); since >= 0 && since < strangers {
		return nil, ErrInvalidToken
	}
	a.keys.looked = now
	// On everybody's behalf, and so not to be broken off by who asked first.
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), strangers)
	defer cancel()
	if err := a.loadKeys(within); err != nil {
		return nil, err
	}
	k = known()
	return k, invalidUnless(k)
}

func invalidUnless(k *key) error {
	if k == nil {
		return ErrInvalidToken
	}
	return nil
}

// parseKey reads a key as it is stored. One that it can't read is an error, lest a server start that knows fewer keys
// than its fleet.
func (a *Authority) parseKey(kid string, rec store.Record) (*key, error) {
	k := &key{kid: kid}
	if rec.Load(k) != nil || !IsID(kid) || !slices.Contains(uses, k.Use) {
		return nil, fmt.Errorf("key %s can't be read", kid)
	}
	raw, err := a.set.Seal.Unwrap(k.Box, k.Use, kid)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", kid, err)
	}
	if len(raw) != ed25519.SeedSize {
		return nil, fmt.Errorf("key %s can't be read", kid)
	}
	k.arm(raw)
	return k, nil
}
