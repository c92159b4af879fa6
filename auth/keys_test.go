package auth

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestAFleetSharesItsKeys(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		w := &world{T: t, clock: &clock{}, log: &journal{}}
		fleet := make([]*Authority, 50)
		var wg sync.WaitGroup
		for i := range fleet {
			wg.Go(func() { fleet[i] = w.open(s, settings) })
		}
		wg.Wait()

		first := fleet[0].JWKS()
		require.Len(t, first, 1)
		require.Equal(t, "OKP Ed25519 EdDSA sig", first[0].Kty+" "+first[0].Crv+" "+first[0].Alg+" "+first[0].Use)
		for _, a := range fleet[1:] {
			require.Equal(t, first, a.JWKS())
			require.Equal(t, fleet[0].keys.refresh, a.keys.refresh)
			require.Equal(t, fleet[0].keys.macs, a.keys.macs)
		}

		who := Identity{Kind: Client, ID: "backend", Client: "backend", Workspace: fleet[0].NewID()}
		token, _, err := fleet[7].accessToken(who, fleet[7].Now().Add(settings.AccessTTL))
		require.NoError(t, err)
		got, err := fleet[42].Authenticate(token.Reveal())
		require.NoError(t, err)
		require.Equal(t, who, got)
	})
}

func TestAServerDoesNotStartWithoutAllKeys(t *testing.T) {
	t.Parallel()
	whole := func() []store.Record {
		return []store.Record{
			{"use": forSigning, "secret": base64url.EncodeToString(make([]byte, 32))},
			{"use": forRefresh, "secret": base64url.EncodeToString(make([]byte, 32))},
		}
	}
	kids := []string{"k1", "k2"}
	_, err := ring(kids, whole())
	require.NoError(t, err)
	for name, spoil := range map[string]func(kids []string, recs []store.Record){
		"a key is gone":           func(_ []string, recs []store.Record) { recs[0] = nil },
		"a key is cut off":        func(_ []string, recs []store.Record) { recs[0]["secret"] = "AAAA" },
		"a key of an unknown use": func(_ []string, recs []store.Record) { recs[0]["use"] = "encrypting" },
		"no key that signs":       func(_ []string, recs []store.Record) { recs[0]["use"] = forRefresh },
		"no key that derives":     func(_ []string, recs []store.Record) { recs[1]["use"] = forSigning },
		"a kid that is none":      func(kids []string, _ []store.Record) { kids[0] = "../k1" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kids, recs := []string{"k1", "k2"}, whole()
			spoil(kids, recs)
			_, err := ring(kids, recs)
			require.Error(t, err)
			require.NotContains(t, err.Error(), base64url.EncodeToString(make([]byte, 32)))
		})
	}
}

func TestSettingsThatAreNone(t *testing.T) {
	t.Parallel()
	s := storetest.Bolt(t)
	for name, spoil := range map[string]func(*Settings){
		"no issuer":          func(set *Settings) { set.Issuer = "" },
		"no life of tokens":  func(set *Settings) { set.AccessTTL = 0 },
		"no end of sessions": func(set *Settings) { set.MaxTTL = 0 },
		"no way to sign up":  func(set *Settings) { set.SignUp = "" },
	} {
		t.Run(name, func(t *testing.T) {
			set := settings
			spoil(&set)
			_, err := New(t.Context(), s, set, (&clock{}).Now, zeros{}, nil, nil)
			require.Error(t, err)
		})
	}
}
