// Package captcha tells whether somebody has gone to the trouble that a form asks of a stranger. It keeps nobody out who
// is patient, and makes a thousand accounts cost something: limits and the verification of addresses stand beside it.
package captcha

import (
	"context"
	"errors"
)

// ErrRefused says that a token shows nothing: it is none, is for another form or site, has expired, or was used.
var ErrRefused = errors.New("captcha: refused")

// ErrUnavailable says that nobody can tell at the moment. Whoever asks lets nobody in then.
var ErrUnavailable = errors.New("captcha: unavailable")

// A Verifier judges the token that a widget gave to a form, from a client at an address, which may be empty. A token is
// good once. It returns ErrRefused or ErrUnavailable.
type Verifier interface {
	Verify(ctx context.Context, token, remote string) error
}
