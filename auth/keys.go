package auth

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

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

// The keys of an installation lie in a partition of their own, each under its kid, and an index names them all.
var (
	keyRing  = store.Key{Partition: "keys", Kind: "ring", ID: "ring"}
	keyIndex = store.Key{Partition: "keys", Kind: "index", ID: "keys"}
)

// mostKeys is far beyond what an installation has.
const mostKeys = 1000

func keyAt(kid string) store.Key { return store.Key{Partition: "keys", Kind: "key", ID: kid} }

// What a key is for.
const (
	forSigning = "signing" // Ed25519: access tokens and room tokens
	forRefresh = "refresh" // HMAC-SHA256: refresh tokens
)

// A keyring is every key of the installation, in memory: what a stranger sends never leads to a look-up elsewhere.
type keyring struct {
	signing *signingKey // the one that signs
	refresh string      // the kid of the one that derives

	signers map[string]*signingKey
	macs    map[string][]byte
}

type signingKey struct {
	kid     string
	alg     string // fixed for this key, whatever a token says
	private ed25519.PrivateKey
	public  ed25519.PublicKey
}

// A JWK is a public signing key (RFC 7517, RFC 8037).
type JWK struct{ Alg, Crv, Kid, Kty, Use, X string }

// JWKS are the public keys that verify this installation's tokens.
func (a *Authority) JWKS() []JWK {
	set := make([]JWK, 0, len(a.keys.signers))
	for _, kid := range slices.Sorted(maps.Keys(a.keys.signers)) {
		k := a.keys.signers[kid]
		set = append(set, JWK{
			Alg: k.alg, Crv: "Ed25519", Kid: kid, Kty: "OKP", Use: "sig", X: base64url.EncodeToString(k.public),
		})
	}
	return set
}

// loadKeys reads the keys, and makes them where there are none. Of all servers that start at once on an empty store
// one makes them, and every one reads what that one made.
func (a *Authority) loadKeys(ctx context.Context) error {
	tx := store.Tx{If: []store.Cond{store.Absent(keyRing)}, Do: []store.Write{
		store.Set(keyRing, store.Record{"created": store.Millis(a.Now())}),
	}}
	for _, use := range []string{forSigning, forRefresh} {
		kid := a.NewID()
		tx.Do = append(tx.Do, store.Insert(keyIndex, kid), store.Set(keyAt(kid), store.Record{
			"use": use, "secret": base64url.EncodeToString(a.Random(32)), "created": store.Millis(a.Now()),
		}))
	}
	if _, err := a.Apply(ctx, tx); err != nil {
		return fmt.Errorf("auth: keys: %w", err)
	}
	kids, err := a.Store.List(ctx, keyIndex, store.Page{Limit: mostKeys})
	if err != nil {
		return fmt.Errorf("auth: keys: %w", err)
	}
	keys := make([]store.Key, len(kids))
	for i, kid := range kids {
		keys[i] = keyAt(kid)
	}
	recs, err := a.Store.Get(ctx, keys...)
	if err != nil {
		return fmt.Errorf("auth: keys: %w", err)
	}
	a.keys, err = ring(kids, recs)
	return err
}

// ring makes a keyring of the stored keys. A key that it can't read is an error, lest a server start that knows
// fewer keys than its fleet.
func ring(kids []string, recs []store.Record) (*keyring, error) {
	r := &keyring{signers: map[string]*signingKey{}, macs: map[string][]byte{}}
	for i, kid := range kids {
		raw, err := decode(recs[i]["secret"])
		if err != nil || len(raw) != 32 || len(kid) > 64 || strings.Trim(kid, kidBytes) != "" {
			return nil, fmt.Errorf("auth: keys: key %s can't be read", kid)
		}
		switch recs[i]["use"] {
		case forSigning:
			private := ed25519.NewKeyFromSeed(raw)
			public, _ := private.Public().(ed25519.PublicKey)
			r.signers[kid] = &signingKey{kid: kid, alg: algorithm, private: private, public: public}
			r.signing = r.signers[kid]
		case forRefresh:
			r.macs[kid], r.refresh = raw, kid
		default:
			return nil, fmt.Errorf("auth: keys: key %s has no known use", kid)
		}
	}
	if r.signing == nil || r.refresh == "" {
		return nil, fmt.Errorf("auth: keys: %d keys, but none that signs or none that derives", len(kids))
	}
	return r, nil
}
