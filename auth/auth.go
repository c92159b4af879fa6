// Package auth knows who is asking: workspaces, clients, users, their sessions, the signing keys and the tokens.
// It leaves to roles what they may do, and to handlers everything of HTTP.
package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"usher/internal/audit"
	"usher/internal/captcha"
	"usher/internal/mail"
	"usher/internal/outbox"
	"usher/internal/password"
	"usher/internal/seal"
	"usher/internal/store"
)

// What the package refuses. Each is one problem towards the caller; none says more than its text.
var (
	ErrNotFound     = errors.New("auth: not found")
	ErrForbidden    = errors.New("auth: not allowed")
	ErrWrongToken   = errors.New("auth: this kind of token may not do that")
	ErrInvalidToken = errors.New("auth: invalid or ended token")
)

// A FieldError says which field of an input is wrong, and why. It never holds the value.
type FieldError struct{ Field, Reason string }

func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

// Settings are what an Authority is told at start.
type Settings struct {
	Issuer    string        // the public URL; iss of every token
	AccessTTL time.Duration // life of an access token
	RoomTTL   time.Duration // life of a room token
	IdleTTL   time.Duration // a user's session ends when it was not refreshed for so long
	MaxTTL    time.Duration // a user's session ends then in any case
	GuestTTL  time.Duration // the longest that a guest may stay without redeeming a link again
	SignUp    SignUp        // who may create users
	AuditKept time.Duration // how long the audit log keeps what happened

	KeyCache    time.Duration // how long servers and verifiers go on with the keys that they know; a second at least
	KeyRotation time.Duration // how long a key is active; until an operator asks for another, where it is zero
	Seal        seal.Seal     // what the stored keys are encrypted with
	Mail        mail.Sender   // nil: no mail is sent
	PagesURL    string        // where the links of mails lead, to /reset-password and the like under it

	// Captcha judges strangers who sign up. Where it is nil, they have to do the work that Challenge hands out.
	Captcha       captcha.Verifier
	CaptchaRounds int // of that work; captcha.Recommended where it is 0
}

// SignUp says who may create users.
type SignUp string

// Who may create users: also strangers, who sign up by mail; any signed-in user of the workspace; its administrators only.
const (
	SignUpOpen   SignUp = "open"
	SignUpUsers  SignUp = "users"
	SignUpAdmins SignUp = "admins"
)

// An Authority vouches for who is asking. It is safe for concurrent use, and one store may have many of them.
type Authority struct {
	Store store.Store
	Now   func() time.Time

	set    Settings
	random io.Reader
	hasher *password.Hasher
	keys   *keeper
	marks  *usesOfKeys
	events *audit.Log
	outbox *outbox.Outbox // of mails; nil where none is sent
	log    *slog.Logger

	captcha captcha.Verifier
}

// New opens an Authority over a store. It loads the keys of the installation and, on an empty store, makes them, once
// for all servers that start there. The error is about the settings, or the store's.
func New(
	ctx context.Context, s store.Store, set Settings, now func() time.Time, random io.Reader, hasher *password.Hasher, log *slog.Logger,
) (*Authority, error) {
	lives := min(set.AccessTTL, set.RoomTTL, set.IdleTTL, set.MaxTTL, set.AuditKept, set.KeyCache)
	if set.Issuer == "" || lives < time.Second {
		return nil, errors.New("auth: settings: an issuer, and lives of a second at least")
	}
	if !slices.Contains([]SignUp{SignUpOpen, SignUpUsers, SignUpAdmins}, set.SignUp) {
		return nil, fmt.Errorf("auth: settings: sign-up %q", set.SignUp)
	}
	if set.SignUp == SignUpOpen && set.Mail == nil {
		return nil, errors.New("auth: settings: nobody signs up without mail")
	}
	a := &Authority{
		Store: s, Now: now, set: set, random: random, hasher: hasher, keys: new(keeper), marks: new(usesOfKeys), log: log,
		events: audit.New(s, set.AuditKept),
	}
	if set.Mail != nil {
		a.outbox = a.Queue("mail")
	}
	if a.captcha = set.Captcha; a.captcha == nil {
		a.captcha = captcha.NewAltcha(cmp.Or(set.CaptchaRounds, captcha.Recommended), a.captchaKeys, random, now, a.spend)
	}
	return a, a.loadKeys(ctx)
}

// NewID returns 24 lower-case hex digits: 96 random bits. An id is opaque, and no authority by itself.
func (a *Authority) NewID() string { return hex.EncodeToString(a.Random(12)) }

// IsID reports whether a text has the form of an id. What has not is the id of nothing, and no part of a key.
func IsID(s string) bool { return len(s) == 24 && strings.Trim(s, "0123456789abcdef") == "" }

// Random returns n random bytes. crypto/rand never fails; another source that does must not be survived.
func (a *Authority) Random(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(a.random, b); err != nil {
		panic("auth: no randomness: " + err.Error())
	}
	return b
}

// Hash is what becomes part of a key in place of something from outside: 24 lower-case hex digits over all parts.
func Hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// Apply applies tx under a fresh name.
func (a *Authority) Apply(ctx context.Context, tx store.Tx) (store.Result, error) {
	if tx.Op == "" {
		tx.Op = a.NewID()
	}
	return a.Store.Apply(ctx, tx)
}
