package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
)

func TestAStringShowsNothingOfItself(t *testing.T) {
	t.Parallel()
	s := secret.New("hunter2hunter2")
	holder := struct {
		Name string
		S    secret.String
		P    *secret.String
	}{"n", s, &s}

	hidden := struct{ s secret.String }{s}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v"} {
		for _, value := range []any{s, &s, holder, &holder, hidden, &hidden, []secret.String{s}, map[string]secret.String{"k": s}} {
			shown := fmt.Sprintf(verb, value, value)
			require.NotContains(t, shown, "hunter2", verb)
			require.NotContains(t, strings.ToLower(shown), fmt.Sprintf("%x", "hunter2"), verb)
		}
	}
	body, err := json.Marshal(holder)
	require.NoError(t, err)
	require.JSONEq(t, `{"Name":"n","S":"[redacted]","P":"[redacted]"}`, string(body))

	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "s", s, "p", &s, "h", holder)
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "s", s, "p", &s, "h", holder)
	require.NotContains(t, log.String(), "hunter2")

	require.NotContains(t, fmt.Errorf("sign in with %v: %w", s, errors.ErrUnsupported).Error(), "hunter2")
	require.Equal(t, "hunter2hunter2", s.Reveal())
}

func TestAnEmptyStringShowsAsNothing(t *testing.T) {
	t.Parallel()
	var s secret.String
	require.True(t, s.Empty())
	require.Empty(t, fmt.Sprint(s))
}

func TestAStringIsReadFromJSON(t *testing.T) {
	t.Parallel()
	var in struct{ Password secret.String }
	require.NoError(t, json.Unmarshal([]byte(`{"Password":"pässword"}`), &in))
	require.Equal(t, "pässword", in.Password.Reveal())
}

func TestEqualAndMatches(t *testing.T) {
	t.Parallel()
	a := secret.New("abc")
	require.True(t, a.Equal(secret.New("abc")))
	require.False(t, a.Equal(secret.New("abd")))
	require.False(t, a.Equal(secret.New("abcd")))

	// The example of FIPS 180-2, appendix B.1.
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", a.Hash())
	require.True(t, a.Matches(a.Hash()))
	require.False(t, a.Matches(secret.New("abd").Hash()))
	require.False(t, a.Matches(""))
	require.False(t, secret.String{}.Matches(""))
}
