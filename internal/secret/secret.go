// Package secret keeps passwords, keys and tokens out of logs, errors and the output of fmt.
package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// A String is a secret text. However it is printed, marshalled or logged, it shows as "[redacted]", and as nothing
// where it is empty; only Reveal gives it away. Two are compared by Equal, never by ==.
//
// The text lies behind a pointer, because fmt cannot call the methods of a field that is not exported, and prints
// what it finds there.
type String struct{ text *string }

// New makes a secret of a text.
func New(text string) String { return String{&text} }

// Reveal is the text itself.
func (s String) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is no text.
func (s String) Empty() bool { return s.Reveal() == "" }

// Equal compares in a time that depends on the lengths only.
func (s String) Equal(other String) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// Hash is the SHA-256 of the text in 64 hex digits: how a token is stored that has entropy enough (128 bits or more)
// to need neither salt nor slowness. A password does not.
func (s String) Hash() string {
	sum := sha256.Sum256([]byte(s.Reveal()))
	return hex.EncodeToString(sum[:])
}

// Matches reports, in constant time, whether hash is the Hash of the text. Nothing matches an empty hash.
func (s String) Matches(hash string) bool {
	return subtle.ConstantTimeCompare([]byte(s.Hash()), []byte(hash)) == 1
}

// String is what may be seen of it.
func (s String) String() string {
	if s.Empty() {
		return ""
	}
	return redacted
}

// Format answers every verb of fmt, so that %x and %#v don't show it either.
func (s String) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue is what slog sees.
func (s String) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is what encoders see; JSON among them.
func (s String) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes a secret from a body, a flag or the environment.
func (s *String) UnmarshalText(text []byte) error {
	*s = New(string(text))
	return nil
}
