package invites

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/secret"
	"usher/internal/store"
)

func aToken() linkToken {
	id := strings.Repeat("0123456789ab", 2)
	return linkToken{space: id, room: strings.ToLower("AA" + id[2:]), link: "ff" + id[2:], secret: secret.New(strings.Repeat("\a", secretBytes))}
}

// A token has one spelling.
func TestTheSpellingOfALinkToken(t *testing.T) {
	t.Parallel()
	good := aToken().text()
	require.Len(t, good, 91)
	parsed, err := parseLinkToken(secret.New(good))
	require.NoError(t, err)
	require.Equal(t, aToken(), parsed)
	last := strings.IndexByte(alphabet, good[90])
	raw, err := base64.RawURLEncoding.DecodeString(good)
	require.NoError(t, err)
	for name, bad := range map[string]string{
		"empty":            "",
		"short":            good[:90],
		"long":             good + "A",
		"a byte fewer":     base64.RawURLEncoding.EncodeToString(raw[1:]),
		"a byte more":      base64.RawURLEncoding.EncodeToString(append(raw, 0)),
		"padded":           good + "=",
		"standard base64":  strings.Replace(strings.Replace(good, "-", "+", 1), "_", "/", 1) + "+",
		"trailing bits":    good[:90] + string(alphabet[last+1]),
		"a line break":     good[:50] + "\n" + good[50:],
		"a break in place": good[:50] + "\r" + good[51:],
		"a space before":   " " + good,
		"a zero byte":      good[:90] + "\x00",
		"very long":        strings.Repeat("A", 1<<20),
	} {
		_, err := parseLinkToken(secret.New(bad))
		require.ErrorIs(t, err, ErrLinkUnknown, name)
	}
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// Nothing opens a record that is not there, or that has no hash; one bit of the secret decides.
func TestWhatALinkTokenOpens(t *testing.T) {
	t.Parallel()
	token := aToken()
	require.False(t, token.opens(nil))
	require.False(t, token.opens(store.Record{"hash": ""}))
	require.True(t, token.opens(store.Record{"hash": token.hash()}))
	other := aToken()
	other.secret = secret.New(strings.Repeat("\a", secretBytes-1) + "\b")
	require.False(t, other.opens(store.Record{"hash": token.hash()}))
}

// Whatever a stranger sends is refused, or is a token in its one spelling whose ids are ids.
func FuzzLinkToken(f *testing.F) {
	f.Add(aToken().text())
	f.Add("")
	f.Add(strings.Repeat("A", 91))
	f.Add(aToken().text()[:90] + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := parseLinkToken(secret.New(text))
		if err != nil {
			require.ErrorIs(t, err, ErrLinkUnknown)
			return
		}
		require.Equal(t, text, token.text())
		for _, id := range []string{token.space, token.room, token.link} {
			require.True(t, auth.IsID(id))
		}
		require.Len(t, token.secret.Reveal(), secretBytes)
	})
}

// FuzzSeatKey looks for a key that takes the seat of another, or its own seat on another link.
func FuzzSeatKey(f *testing.F) {
	key := strings.Repeat("k", leastKey)
	for _, seed := range [][2]string{{key, key}, {key, key + "\x00"}, {key, key[1:]}, {"\x00" + key, key}, {strings.ToUpper(key), key}, {key, key + " "}, {"", " "}} {
		f.Add(seed[0], seed[1])
	}
	desk, link := &Desk{}, aToken().link
	f.Fuzz(func(t *testing.T, one, other string) {
		for _, text := range []string{one, other} {
			if text == "" {
				return // and gets one that nobody has
			}
			kept, err := desk.seatKey(secret.New(text))
			if len(text) < leastKey {
				var field *auth.FieldError
				require.ErrorAs(t, err, &field)
				return
			}
			require.NoError(t, err)
			require.Equal(t, text, kept.Reveal(), "a key is what it is, to the byte")
			require.True(t, auth.IsID(seatID(link, kept)))
			require.NotEqual(t, seatID(link, kept), seatID(aToken().room, kept), "it counts only together with its link")
		}
		require.Equal(t, one == other, seatID(link, secret.New(one)) == seatID(link, secret.New(other)))
	})
}
