package auth

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

// Why an API key opens nothing here.
var (
	ErrKeyMistyped = fmt.Errorf("auth: not an API key as one was handed out: %w", ErrInvalidToken)
	ErrScope       = errors.New("auth: the API key lacks the scope")
)

// An API key is
//
//	usher_<id>_<secret><checksum>
//
// with a secret of 256 random bits and the CRC-32 of all before it, both in base62. Its id is no secret. The checksum
// tells a key that was cut off or mistyped from a wrong one, without a look-up, and a leaked one from what only looks
// like it. It belongs to its workspace, and outlives whoever made it.
const (
	apiKeyPrefix   = "usher_"
	secretDigits   = 43
	checksumDigits = 6
	longestAPIKey  = len(apiKeyPrefix) + 2*idBytes + 1 + secretDigits + checksumDigits
)

// Scopes are what an API key may do, as words with spaces between: users, rooms or access, each with :read or :write.
type Scopes string

var scopeWords = []string{"access:read", "access:write", "rooms:read", "rooms:write", "users:read", "users:write"}

// Allow reports whether the scopes hold one. Who may write may read.
func (s Scopes) Allow(scope string) bool {
	for have := range strings.FieldsSeq(string(s)) {
		what, write := strings.CutSuffix(have, ":write")
		if have == scope || write && what+":read" == scope {
			return true
		}
	}
	return false
}

func checkScopes(words []string) (Scopes, error) {
	for _, word := range words {
		if !slices.Contains(scopeWords, word) {
			return "", &FieldError{"scopes", "not a scope"}
		}
	}
	if len(words) == 0 {
		return "", &FieldError{"scopes", "none"}
	}
	return Scopes(strings.Join(slices.Compact(slices.Sorted(slices.Values(words))), " ")), nil
}

// An APIKey as administrators see one, and as it is stored beside the hash of its secret. It is an anchor, too.
type APIKey struct {
	ID        string    `store:"id"`
	Workspace string    `store:"workspace"`
	Name      string    `store:"name"`
	Scopes    Scopes    `store:"scopes"`
	Creator   string    `store:"creator"` // the user
	Created   time.Time `store:"created"`
	Ends      time.Time `store:"ends"` // the zero time where it does not expire
	Ended     time.Time `store:"ended"`
	LastUsed  time.Time `store:"used"` // to the hour
}

// APIKeyKey is where an API key lies.
func APIKeyKey(id string) store.Key {
	return store.Key{Partition: "k:" + id, Kind: "apikey", ID: id}
}

// apiKeyIndex lists the API keys of a workspace in the order of their making.
func apiKeyIndex(workspace string) store.Key {
	return store.Key{Partition: "w:" + workspace + ":apikeys", Kind: "index", ID: "apikeys"}
}

// checked is a key with its checksum.
func checked(key string) string {
	return key + base62(uint64(crc32.ChecksumIEEE([]byte(key))), checksumDigits)
}

func base62(n uint64, digits int) string { return padded(new(big.Int).SetUint64(n), digits) }

func padded(n *big.Int, digits int) string {
	text := n.Text(62)
	return strings.Repeat("0", max(0, digits-len(text))) + text
}

// A NewAPIKey is what an API key is made of.
type NewAPIKey struct {
	Name   string
	Scopes []string
	Life   time.Duration // zero for until it is revoked
}

// CreateAPIKey makes an API key of the caller's workspace, for an administrator. Nobody can read it again. It returns
// ErrWrongToken, ErrForbidden, a *FieldError.
func (a *Authority) CreateAPIKey(ctx context.Context, who Identity, in NewAPIKey) (id string, key secret.String, err error) {
	if _, err := a.asAdmin(ctx, who, who.ID); err != nil {
		return "", secret.String{}, err
	}
	name, wrongName := ShownName("name", in.Name)
	scopes, wrongScopes := checkScopes(in.Scopes)
	if err := errors.Join(wrongName, wrongScopes); err != nil {
		return "", secret.String{}, err
	}
	k := APIKey{ID: a.NewID(), Workspace: who.Workspace, Name: name, Scopes: scopes, Creator: who.ID, Created: a.Now()}
	if in.Life > 0 {
		k.Ends = k.Created.Add(in.Life)
	}
	key = secret.New(checked(apiKeyPrefix + k.ID + "_" + padded(new(big.Int).SetBytes(a.Random(32)), secretDigits)))
	if err := a.addAPIKey(context.WithoutCancel(ctx), k, key); err != nil {
		return "", secret.String{}, err
	}
	return k.ID, key, a.Recorded(ctx, who, audit.Event{Type: audit.APIKeyCreated, Subject: k.ID}, nil)
}

// addAPIKey writes the pointer, and then what it points to.
func (a *Authority) addAPIKey(ctx context.Context, k APIKey, key secret.String) error {
	list := store.Tx{Do: []store.Write{store.Insert(apiKeyIndex(k.Workspace), ByTime(k.Created, k.ID))}}
	if _, err := a.Apply(ctx, list); err != nil {
		return err
	}
	at, rec := APIKeyKey(k.ID), store.Fields(k)
	rec["secret"] = key.Hash()
	do := []store.Write{store.Set(at, rec)}
	if !k.Ends.IsZero() {
		do = append(do, store.Collect(at, k.Ends.Add(KeptAfterEnd)))
	}
	_, err := a.Apply(ctx, store.Tx{If: []store.Cond{store.Absent(at)}, Do: do})
	return err
}

// ListAPIKeys are the API keys of the caller's workspace that were not revoked, also those that have expired lately, for
// an administrator or support. A page may hold fewer than asked for, and yet not be the last. It returns ErrWrongToken,
// ErrForbidden.
func (a *Authority) ListAPIKeys(ctx context.Context, who Identity, page Page) (keys []APIKey, next string, err error) {
	if _, err := a.asStaff(ctx, who, who.ID); err != nil {
		return nil, "", err
	}
	next, err = a.eachOf(ctx, apiKeyIndex(who.Workspace), page, APIKeyKey, func(rec store.Record) error {
		var k APIKey
		if err := rec.Load(&k); err != nil || k.Workspace != who.Workspace || !k.Ended.IsZero() {
			return err
		}
		keys = append(keys, k)
		return nil
	})
	return keys, next, err
}

// GetAPIKey is one of those. It returns ErrWrongToken, ErrForbidden, ErrNotFound.
func (a *Authority) GetAPIKey(ctx context.Context, who Identity, id string) (APIKey, error) {
	if _, err := a.asStaff(ctx, who, who.ID); err != nil {
		return APIKey{}, err
	}
	k, err := a.apiKey(ctx, who.Workspace, id)
	if err == nil && !k.Ended.IsZero() {
		err = ErrNotFound
	}
	return k, err
}

// apiKey is a key of the workspace, also one that was revoked lately. It returns ErrNotFound.
func (a *Authority) apiKey(ctx context.Context, workspace, id string) (k APIKey, err error) {
	if !IsID(id) {
		return k, ErrNotFound
	}
	recs, err := a.Store.Get(ctx, APIKeyKey(id))
	if err == nil {
		err = recs[0].Load(&k)
	}
	if err == nil && k.Workspace != workspace {
		err = ErrNotFound
	}
	return k, err
}

// RevokeAPIKey ends an API key at the next request, for an administrator. It returns ErrWrongToken, ErrForbidden,
// ErrNotFound.
func (a *Authority) RevokeAPIKey(ctx context.Context, who Identity, id string) error {
	if _, err := a.asAdmin(ctx, who, who.ID); err != nil {
		return err
	}
	k, err := a.apiKey(ctx, who.Workspace, id)
	if err != nil {
		return err
	}
	at, now := APIKeyKey(id), a.Now()
	_, err = a.Apply(ctx, store.Tx{If: []store.Cond{store.Present(at), store.Equal(at, "ended", "")}, Do: []store.Write{
		store.Set(at, store.Record{"ended": store.Millis(now)}), store.Collect(at, now.Add(KeptAfterEnd)),
	}})
	if err != nil {
		return err
	}
	_, err = a.Apply(ctx, store.Tx{Do: []store.Write{store.Remove(apiKeyIndex(who.Workspace), ByTime(k.Created, id))}})
	e := audit.Event{ID: Hash("revoked", id), Type: audit.APIKeyRevoked, Subject: id} // once, however often it is asked for
	return a.Recorded(ctx, who, e, err)
}

// identifyKey says whose API key it is, and what it may. Whatever is wrong with it, the error is ErrInvalidToken, and
// ErrKeyMistyped where the checksum says so.
func (a *Authority) identifyKey(ctx context.Context, key secret.String) (Identity, error) {
	text := key.Reveal()
	if len(text) != longestAPIKey || checked(text[:longestAPIKey-checksumDigits]) != text {
		return Identity{}, ErrKeyMistyped
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(text, apiKeyPrefix), "_")
	if !IsID(id) {
		return Identity{}, ErrKeyMistyped
	}
	recs, err := a.Store.Get(ctx, APIKeyKey(id))
	if err != nil {
		return Identity{}, err
	}
	if now := a.Now(); !Alive(recs[0], now) || !key.Matches(recs[0]["secret"]) {
		return Identity{}, ErrInvalidToken
	}
	a.markUsed(ctx, id, recs[0])
	return Identity{Kind: Key, ID: id, Workspace: recs[0]["workspace"], Scopes: Scopes(recs[0]["scopes"])}, nil
}

// markEvery is how often the last use of an API key is written down.
const markEvery = time.Hour

// uses are when this server has marked which key last, and what is under way.
type usesOfKeys struct {
	sync.Map // of ids, to instants
	underWay sync.WaitGroup
}

// markUsed writes the last use down, now and then, beside the request, which neither waits for it nor fails with it.
func (a *Authority) markUsed(ctx context.Context, id string, rec store.Record) {
	now := a.Now()
	since := func(t time.Time) bool { return now.Sub(t) < markEvery }
	if last, ok := a.marks.Load(id); since(rec.Time("used")) || ok && since(last.(time.Time)) {
		return
	}
	a.marks.Store(id, now)
	ctx = context.WithoutCancel(ctx)
	a.marks.underWay.Go(func() {
		within, cancel := context.WithTimeout(ctx, truthBy)
		defer cancel()
		at := APIKeyKey(id)
		_, err := a.Apply(within, store.Tx{
			If: []store.Cond{store.Present(at), store.Below(at, "used", now.UnixMilli())},
			Do: []store.Write{store.Set(at, store.Record{"used": store.Millis(now)})},
		})
		if err != nil {
			a.log.WarnContext(within, "the last use of an API key is not written down", "key", id, "error", err)
		}
	})
}
