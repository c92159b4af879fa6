// Package store keeps records and ordered indexes, in one file or in Redis, and changes them by conditional
// transactions. It knows no domain: what a record means, and when it has ended, is its callers' business.
package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// What can go wrong beside a condition that does not hold, which is a Result and no error.
var (
	// ErrPartition: a transaction crosses partitions, or a partition is not [a-z0-9:]+.
	ErrPartition = errors.New("store: one transaction, one partition of [a-z0-9:]+")
	// ErrKey: a kind is not [A-Za-z0-9_-]+, or a key or an entry is too long.
	ErrKey = errors.New("store: a kind of [A-Za-z0-9_-]+, a key of at most 1 KiB, an entry of at most 16 KiB")
	// ErrOp: a transaction has no Op, or counts in the field "op".
	ErrOp = errors.New(`store: a transaction needs an Op, and the field "op" is the store's`)
	// ErrQuestions: a transaction asks too much at once.
	ErrQuestions = errors.New("store: at most 1,000 conditions and reads in one transaction")
	// ErrUnavailable: the server or the disk is away, too slow, or refuses. Whether a transaction that met it was
	// applied is unknown; the same transaction, with the same Op, may be tried again.
	ErrUnavailable = errors.New("store: unavailable")
	// ErrLocked: another process holds the file.
	ErrLocked = errors.New("store: another process holds the file")
)

// A Store is safe for concurrent use. Its methods return ErrPartition and ErrKey for keys that no engine takes,
// ErrUnavailable for whatever its driver met, and the error of a context that its caller cancelled.
// The caller owns what they return.
type Store interface {
	// Get reads records in one round trip, in the order asked. Keys may span partitions; then it is no snapshot.
	Get(ctx context.Context, keys ...Key) ([]Record, error)
	// List reads at most page.Limit entries of an index, in byte order; fewer means that it ends there.
	List(ctx context.Context, index Key, page Page) ([]string, error)
	// Count is how many entries of an index begin with prefix. The file engine passes each of them.
	Count(ctx context.Context, index Key, prefix string) (int, error)
	// Apply makes every write of tx, or none: it writes if and only if every condition holds.
	// What it has reported is on disk, as far as the engine is set up to promise that.
	Apply(ctx context.Context, tx Tx) (Result, error)
	// Close ends the store; an Apply that is under way is waited for.
	Close() error
}

// A Key names a record or an index; a record and an index of the same key are two things. The partition
// ([a-z0-9:]+) is the unit of atomicity and of placement, the kind ([A-Za-z0-9_-]+) a word of the program's own,
// the id any bytes. What comes from outside and can be long or telling, an e-mail address say, is hashed first.
type Key struct{ Partition, Kind, ID string }

// A Page of an index: the entries that begin with Prefix and lie beyond After, the last entry of the page before;
// an After of "" lies before the first. So an empty entry can be listed, but no page can begin beyond it. Of these Skip
// are left out; the file engine passes each of them.
type Page struct {
	Prefix, After string
	Skip          int // none where it is not positive
	Limit         int // none where it is not positive
	Descending    bool
}

// The longest key and the longest entry, in bytes: together they fit the file engine's 32 KiB.
const (
	longestKey   = 1 << 10
	longestEntry = 1 << 14
)

func (k Key) check() error {
	switch {
	case !only(k.Partition, ":"):
		return ErrPartition
	case !only(k.Kind, capitals+"_-"):
		return ErrKey
	case len(k.Partition)+len(k.Kind)+len(k.ID) > longestKey:
		return ErrKey
	}
	return nil
}

const capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// only says whether s is small letters, digits and signs, and not empty.
func only(s, signs string) bool {
	for i := range len(s) {
		letter, digit := 'a' <= s[i] && s[i] <= 'z', '0' <= s[i] && s[i] <= '9'
		if !letter && !digit && strings.IndexByte(signs, s[i]) < 0 {
			return false
		}
	}
	return s != ""
}

// ready says why a call that has not begun should not begin.
func ready(ctx context.Context, keys ...Key) error {
	for _, k := range keys {
		if err := k.check(); err != nil {
			return err
		}
	}
	return ended(ctx)
}

// ended translates the end of a caller's context: a cancelled one stays context.Canceled, one whose deadline
// passed is ErrUnavailable too, because the store was too slow for it.
func ended(ctx context.Context) error {
	err := ctx.Err()
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// bounds are the entries of a page as a half-open range: from, and to, where unbounded says that there is no to.
func (p Page) bounds() (from, to string, unbounded bool) {
	from = p.Prefix
	to, unbounded = successor(p.Prefix)
	switch {
	case p.After == "":
	case !p.Descending:
		from = max(from, p.After+"\x00")
	case unbounded || p.After < to:
		to, unbounded = p.After, false
	}
	return from, to, unbounded
}

// successor is the first string, in byte order, behind all that begin with prefix; there may be none.
func successor(prefix string) (to string, none bool) {
	for last := len(prefix) - 1; last >= 0; last-- {
		if prefix[last] < 0xff {
			return prefix[:last] + string([]byte{prefix[last] + 1}), false
		}
	}
	return "", true
}
