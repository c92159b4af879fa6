package seal

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
)

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func newKey() secret.String { return secret.New(hex.EncodeToString(random(32))) }

func sealOf(t *testing.T, now, before secret.String) Seal {
	t.Helper()
	s, err := New(now, before)
	require.NoError(t, err)
	return s
}

func TestWhatIsSealedOpensInItsContextOnly(t *testing.T) {
	t.Parallel()
	s, plain := sealOf(t, newKey(), secret.String{}), random(32)
	b := s.Wrap(random(NonceSize), plain, "signing", "k1")
	require.True(t, b.Sealed())
	require.True(t, s.Current(b))
	require.NotContains(t, b.Text, base64url.EncodeToString(plain))
	for _, field := range []string{b.Text, b.Nonce, b.Under} {
		require.LessOrEqual(t, len(field), 64)
	}
	got, err := s.Unwrap(b, "signing", "k1")
	require.NoError(t, err)
	require.Equal(t, plain, got)
	for _, context := range [][]string{nil, {"signing"}, {"signing", "k2"}, {"refresh", "k1"}, {"signingk1"}} {
		_, err := s.Unwrap(b, context...)
		require.ErrorIs(t, err, ErrBroken, "%q", context)
	}
}

func TestABoxThatWasTouchedDoesNotOpen(t *testing.T) {
	t.Parallel()
	s := sealOf(t, newKey(), secret.String{})
	b, other := s.Wrap(random(NonceSize), random(32)), s.Wrap(random(NonceSize), random(32))
	for name, touched := range map[string]Box{
		"another's nonce": {b.Text, other.Nonce, b.Under},
		"no nonce":        {b.Text, "", b.Under},
		"cut off":         {b.Text[:8], b.Nonce, b.Under},
		"no base64url":    {"+" + b.Text[1:], b.Nonce, b.Under},
		"empty":           {"", b.Nonce, b.Under},
	} {
		_, err := s.Unwrap(touched)
		require.ErrorIs(t, err, ErrBroken, name)
	}
}

func TestKeysAreChangedInTwoSteps(t *testing.T) {
	t.Parallel()
	first, second, plain := newKey(), newKey(), random(32)
	none := Seal{}
	open := none.Wrap(nil, plain)
	require.False(t, open.Sealed())
	require.True(t, none.Current(open))
	sealed := sealOf(t, first, secret.String{}).Wrap(random(NonceSize), plain)

	for name, row := range map[string]struct {
		seal    Seal
		box     Box
		current bool
		err     error
	}{
		"encrypted, and no key":           {none, sealed, false, ErrNoKey},
		"encrypted under another":         {sealOf(t, second, secret.String{}), sealed, false, ErrAnother},
		"encrypted under the one before":  {sealOf(t, second, first), sealed, false, nil},
		"no longer to be encrypted":       {sealOf(t, secret.String{}, first), sealed, false, nil},
		"not encrypted, and there is one": {sealOf(t, first, secret.String{}), open, false, nil},
		"as it should be":                 {sealOf(t, first, second), sealed, true, nil},
	} {
		got, err := row.seal.Unwrap(row.box)
		require.ErrorIs(t, err, row.err, name)
		require.Equal(t, row.current, row.seal.Current(row.box), name)
		if row.err == nil {
			require.Equal(t, plain, got, name)
		}
	}
}

func TestWhatIsAKey(t *testing.T) {
	t.Parallel()
	raw := random(32)
	for text, ok := range map[string]bool{
		"":                                     true,
		hex.EncodeToString(raw):                true,
		base64url.EncodeToString(raw):          true,
		hex.EncodeToString(raw[:31]):           false,
		base64url.EncodeToString(random(33)):   false,
		base64.URLEncoding.EncodeToString(raw): false, // padded
		"correct horse battery staple":         false,
		strings.Repeat("g", 64):                false,
	} {
		_, err := New(secret.New(text), secret.String{})
		_, before := New(secret.String{}, secret.New(text))
		if ok {
			require.NoError(t, err)
			require.NoError(t, before)
			continue
		}
		require.ErrorIs(t, err, ErrNotAKey)
		require.ErrorIs(t, before, ErrNotAKey)
		require.NotContains(t, fmt.Sprint(err), text)
	}
}
