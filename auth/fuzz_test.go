package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
)

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// still is an Authority without a store, whose keys, clock and random bytes are always the same: a finding of the
// fuzzer is one in every process.
func still(t testing.TB) *Authority {
	t.Helper()
	r := &keyring{keys: map[string]*key{}}
	for kid, use := range map[string]string{strings.Repeat("a", 24): forSigning, strings.Repeat("b", 24): forRefresh} {
		k := &key{kid: kid, Use: use, From: time.Unix(1, 0)}
		k.arm(make([]byte, 32))
		r.keys[kid] = k
	}
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	a := &Authority{Now: func() time.Time { return at }, set: settings, random: zeros{}, keys: &keeper{looked: at}}
	a.keys.Store(r)
	return a
}

// everyone is an identity of each kind.
func everyone() []Identity {
	id := func(c string) string { return strings.Repeat(c, 24) }
	return []Identity{
		{Kind: User, ID: id("1"), Workspace: id("2"), Client: "web", Session: id("3"), How: ByAccount},
		{Kind: Client, ID: "backend", Workspace: id("2"), Client: "backend"},
		{Kind: Guest, ID: id("4"), Workspace: id("2"), Session: id("5"), How: Anonymous, Space: id("6"), Room: id("7"), Lineage: id("8")},
		{
			Kind: Guest, ID: id("4"), Workspace: id("2"), Session: id("5"), How: ByLink,
			Space: id("6"), Room: id("7"), Link: id("9"), Lineage: id("8"),
		},
	}
}

// FuzzAuthenticate looks for a token that is taken and was not made here.
func FuzzAuthenticate(f *testing.F) {
	a, minted := still(f), map[string]Identity{}
	for _, who := range everyone() {
		token, _, err := a.accessToken(who, time.Time{})
		require.NoError(f, err)
		minted[token.Reveal()] = who
		f.Add(token.Reveal())
		f.Add(respelled(token.Reveal()))
		f.Add(stripped(token.Reveal()))
		f.Add(token.Reveal() + "\n")
	}
	room, _, err := a.RoomToken(RoomClaims{Subject: "x"})
	require.NoError(f, err)
	for _, token := range []string{room.Reveal(), "", "..", "e30.e30.", strings.Repeat(".", longestToken)} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		who, err := a.Authenticate(t.Context(), token)
		if expected, ok := minted[token]; ok {
			require.NoError(t, err)
			require.Equal(t, expected, who)
			return
		}
		require.Equal(t, ErrInvalidToken, err)
		require.Zero(t, who)
	})
}

// FuzzRefreshToken looks for a refresh token that is read and was not made here.
func FuzzRefreshToken(f *testing.F) {
	a, issued := still(f), map[string]ticket{}
	for _, who := range everyone() {
		if who.Kind == Client {
			continue
		}
		who.How = "" // looked up, not kept
		token, err := ticket{who, 7}.issue(a.activeKey(forRefresh))
		require.NoError(f, err)
		issued[token.Reveal()] = ticket{who, 7}
		f.Add(token.Reveal())
		f.Add(respelled(token.Reveal()))
	}
	for _, token := range []string{"", "AQ", strings.Repeat("A", longestTicket+1)} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		got, err := a.readTicket(t.Context(), secret.New(token))
		if expected, ok := issued[token]; ok {
			require.NoError(t, err)
			require.Equal(t, expected, got)
			return
		}
		require.ErrorIs(t, err, errTicket)
	})
}
