// Package password judges passwords, and hashes and verifies them with argon2id (RFC 9106).
package password

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"usher/internal/secret"
)

// ErrBusy says that as many passwords wait to be hashed as may. It passes in a moment.
var ErrBusy = errors.New("password: too many at once")

const (
	saltBytes = 16
	sumBytes  = 32
	lanes     = 1 // the same everywhere, so that a hash does not depend on the machine

	queue   = 64
	patient = 5 * time.Second
	quiet   = 5 * time.Second // behind the last hash: no other one is under way or about to come
)

// Params are what one hash costs.
type Params struct {
	Memory uint32 // KiB
	Passes uint32
}

// Recommended is what OWASP asks for at least, and costs some 25 ms and 19 MiB.
var Recommended = Params{Memory: 19456, Passes: 2}

// What a stored hash may ask for at most. Whoever can write a record must not be able to exhaust the memory with it.
var ceiling = Params{Memory: 64 << 10, Passes: 8}

// A Hash is a password as it is stored: three texts of at most 64 bytes. The zero Hash is no password's.
type Hash struct {
	Params string // argon2id, v=19, m= KiB, t= passes, p= lanes, as in a PHC string
	Salt   string // 16 bytes in base64url
	Sum    string // 32 bytes in base64url
}

// processors is GOMAXPROCS as the program was started: it may be raised since, to leave room beside the hashes.
var processors = runtime.GOMAXPROCS(0)

// A Hasher hashes at most as many passwords at a time as there are processors, each of which takes the memory of its
// Params. Up to 64 wait for their turn, five seconds at most. When none was hashed for five seconds their memory goes
// back to the system, which the runtime would keep for minutes. It is safe for concurrent use.
type Hasher struct {
	params  Params
	random  io.Reader
	turns   chan struct{}
	waiting atomic.Int64
	rest    *time.Timer
}

// NewHasher returns a Hasher that makes hashes of these params, with salts from random.
func NewHasher(p Params, random io.Reader) *Hasher {
	return newHasher(p, random, debug.FreeOSMemory)
}

func newHasher(p Params, random io.Reader, giveBack func()) *Hasher {
	h := &Hasher{params: p, random: random, turns: make(chan struct{}, processors)}
	h.rest = time.AfterFunc(quiet, giveBack)
	h.rest.Stop()
	return h
}

// Hash hashes a password with a fresh salt. It returns ErrBusy, or the error of ctx.
func (h *Hasher) Hash(ctx context.Context, pw secret.String) (Hash, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return Hash{}, err
	}
	sum, err := h.sum(ctx, pw, salt, h.params)
	if err != nil {
		return Hash{}, err
	}
	return Hash{h.params.String(), encoding.EncodeToString(salt), encoding.EncodeToString(sum)}, nil
}

// Verify reports whether stored is the hash of pw, and, where it is, whether it should be replaced by one of today's
// params. The zero Hash, and one that can't be read or asks for too much, costs the same work and matches nothing:
// an account that is not there answers no faster than one that is. It returns ErrBusy, or the error of ctx.
func (h *Hasher) Verify(ctx context.Context, stored Hash, pw secret.String) (ok, outdated bool, err error) {
	p, salt, want, err := stored.decode()
	if err != nil {
		p, salt, want = h.params, make([]byte, saltBytes), nil
	}
	sum, err := h.sum(ctx, pw, salt, p)
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(sum, want) == 1
	return ok, ok && (p.Memory < h.params.Memory || p.Passes < h.params.Passes), nil
}

func (h *Hasher) sum(ctx context.Context, pw secret.String, salt []byte, p Params) ([]byte, error) {
	if len(pw.Reveal()) > Longest {
		return nil, ErrTooLong
	}
	if err := h.turn(ctx); err != nil {
		return nil, err
	}
	defer func() {
		h.rest.Reset(quiet)
		<-h.turns
	}()
	return argon2.IDKey(norm.NFC.Bytes([]byte(pw.Reveal())), salt, p.Passes, p.Memory, lanes, sumBytes), nil
}

// turn waits until one of the turns is free.
func (h *Hasher) turn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case h.turns <- struct{}{}:
		return nil
	default:
	}
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > queue {
		return ErrBusy
	}
	enough := time.NewTimer(patient)
	defer enough.Stop()
	select {
	case h.turns <- struct{}{}:
		return nil
	case <-enough.C:
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

var (
	encoding      = base64.RawURLEncoding.Strict()
	errUnreadable = errors.New("password: unreadable hash")
)

const form = "argon2id$v=19$m=%d,t=%d,p=1"

// String is how params are stored.
func (p Params) String() string { return fmt.Sprintf(form, p.Memory, p.Passes) }

func (s Hash) decode() (p Params, salt, sum []byte, err error) {
	if _, err := fmt.Sscanf(s.Params, form, &p.Memory, &p.Passes); err != nil || p.String() != s.Params {
		return p, nil, nil, errUnreadable
	}
	if p.Memory > ceiling.Memory || p.Passes > ceiling.Passes || p.Passes == 0 {
		return p, nil, nil, errUnreadable
	}
	salt, err = encoding.DecodeString(s.Salt)
	if err != nil || len(salt) != saltBytes {
		return p, nil, nil, errUnreadable
	}
	sum, err = encoding.DecodeString(s.Sum)
	if err != nil || len(sum) != sumBytes {
		return p, nil, nil, errUnreadable
	}
	return p, salt, sum, nil
}
