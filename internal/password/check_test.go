package password

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	known := []string{"Ann.Ashton@Usher.test", "ann.ashton", "Ann Ashton 2"}
	for _, row := range []struct {
		pw  string
		err error
	}{
		{"", ErrTooShort},
		{"usher", ErrTooShort},
		{"1234567", ErrTooShort},
		{"ééééééé", ErrTooShort},                      // 14 bytes
		{"e\u0301e\u0301e\u0301e\u0301", ErrTooShort}, // 8 code points, 4 characters
		{"éééééééé", nil},
		{"correct horse battery", nil},
		{strings.Repeat("xy", Longest/2), nil},
		{strings.Repeat("xy", Longest/2) + "x", ErrTooLong},
		{"password", ErrTooCommon},
		{"PASSWORD1", ErrTooCommon},
		{"ｐassword", nil}, // as typed: nobody guesses that first
		{"qwertyuiop", ErrTooCommon},
		{"ann.ashton@usher.TEST", ErrTooCommon},
		{"ANN.ASHTON", ErrTooCommon},
		{"ann ashton 2", ErrTooCommon},
		{"ann ashton 3", nil},
	} {
		require.ErrorIs(t, Check(secret.New(row.pw), known...), row.err, "%q", row.pw)
	}
}

func TestEveryLineOfTheListIsFound(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSuffix(common, "\n"), "\n")
	require.Greater(t, len(lines), 15000)
	require.True(t, slices.IsSorted(lines))
	require.Equal(t, len(lines), len(slices.Compact(slices.Clone(lines))))
	for _, line := range lines {
		require.True(t, isCommon(line), line)
		require.Equal(t, line, fold(line))
		require.GreaterOrEqual(t, len(line), Shortest)
		require.False(t, isCommon(line+"\x00"), line)
		require.False(t, isCommon(line[:4]), line)
	}
	for _, none := range []string{"", "\n", "\x00", "\xff", "zzzzzzzzzzzzzzzzzzzzzz", "password\n", lines[0] + "\n" + lines[1]} {
		require.False(t, isCommon(none), "%q", none)
	}
}

func BenchmarkCheck(b *testing.B) {
	pw := secret.New("correct horse battery")
	for b.Loop() {
		if err := Check(pw, "ann@usher.test", "ann"); err != nil {
			b.Fatal(err)
		}
	}
}
