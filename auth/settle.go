package auth

import (
	"context"
	"errors"
	"fmt"

	"usher/internal/store"
)

// ErrOvertaken says that someone else changed, between the reading and the writing, what an operation rests on.
var ErrOvertaken = errors.New("auth: overtaken by another change")

// ErrContended says that others changed the same thing again and again. It passes in a moment, like the store's own
// trouble.
var ErrContended = fmt.Errorf("auth: too many changes at once: %w", store.ErrUnavailable)

// attempts is how often an operation is tried. Of those who change the same thing at once, one is done at each try.
const attempts = 64

// Settle runs an operation that reads, decides and writes, and runs it again where it was overtaken: it then decides
// anew on what is there now. It is ErrContended where that goes on and on; nothing has been written then.
func Settle(operation func() error) error {
	for range attempts {
		if err := operation(); !errors.Is(err, ErrOvertaken) {
			return err
		}
	}
	return ErrContended
}

// Change applies tx; ErrOvertaken where a condition fails.
func (a *Authority) Change(ctx context.Context, tx store.Tx) error {
	result, err := a.Apply(ctx, tx)
	if err == nil && result.Refused != 0 {
		return ErrOvertaken
	}
	return err
}
