package handlers

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/ulule/limiter/v3"

	"usher/auth"
	"usher/handlers/wire"
)

// Whoever guesses at an account shuts himself out, and not its owner elsewhere.
func TestNobodyLocksAnAccountFromOutside(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s limiter.Store) {
		m := build(t, countingIn(s), trusting("127.0.0.0/8", "::1"), fails("getAccessToken", auth.ErrInvalidGrant))
		guesser, owner := []string{"X-Forwarded-For", "203.0.113.7"}, []string{"X-Forwarded-For", "198.51.100.8"}
		for range 30 {
			require.Equal(t, 400, m.signIn("ann@example.com", guesser...).status)
		}
		got := m.signIn("ann@example.com", guesser...)
		require.Equal(t, 429, got.status)
		require.Contains(t, got.header.Get("RateLimit"), `"sign-in-account-burst";r=0;t=`)
		require.Equal(t, 400, m.signIn("ann@example.com", owner...).status)
		require.Equal(t, 400, m.signIn("ben@example.com", guesser...).status)
	})
}

// The limiter and the look-up have one spelling: who varies it gets no more guesses.
func TestOneAccountHoweverItIsSpelt(t *testing.T) {
	t.Parallel()
	m := build(t, fails("getAccessToken", auth.ErrInvalidGrant))
	spellings := []string{
		"kiss@example.com", "KISS@EXAMPLE.COM", "\uff4biss@example.com", "\U0001d424iss@example.com", "\U0001d458iss@example.com",
		"\u212aiss@example.com", "ki\u00df@example.com", "ki\u1e9e@example.com", "kiss\uff20example.com", "\u24dakiss@example.com",
	}
	for i := range 30 {
		require.Equal(t, 400, m.signIn(spellings[i%9]).status, spellings[i%9])
	}
	for _, spelling := range spellings[:9] {
		require.Equal(t, 429, m.signIn(spelling).status, spelling)
	}
	require.Equal(t, 400, m.signIn(spellings[9]).status, "another account")
}

// A client in the header is the client that the limiter counts, and that the contract and the handler see.
func TestBasicClientsAreCountedEachByItself(t *testing.T) {
	t.Parallel()
	var got wire.TokenRequest
	m := build(t, does("getAccessToken", with(func(_ *call, in wire.TokenRequest) (any, error) {
		got = in
		return nil, auth.ErrInvalidClient
	})))
	const path, grant = "/v1/auth/token", `{"grant_type":"client_credentials"}`
	basic := func(body, credentials string) answer {
		return m.ask("POST", path, body, "Content-Type", kindJSON, "Authorization", "Basic "+credentials)
	}
	const oneX, twoY, long = "b25lOng=", "dHdvOiUyQnk=", "YSUwMWI6eA==" // one:x, two:%2By, a%01b:x
	for range 30 {
		refused := basic(grant, oneX)
		require.Equal(t, 401, refused.status, refused.raw)
		require.Equal(t, `Basic realm="usher"`, refused.header.Get("WWW-Authenticate"))
	}
	require.Equal(t, 429, basic(grant, oneX).status)
	inBody := func(client string) answer {
		return m.ask("POST", path, fmt.Sprintf(`{"grant_type":"client_credentials","client_id":%q}`, client), "Content-Type", kindJSON)
	}
	require.Equal(t, 429, inBody("one").status, "the same client, by another way")
	other := inBody("three")
	require.Equal(t, "Bearer", other.header.Get("WWW-Authenticate"), "no browser asks its user for a password")

	require.Equal(t, 401, basic(grant, twoY).status)
	require.Equal(t, wire.TokenRequest{GrantType: "client_credentials", ClientID: "two", ClientSecret: "+y"}, got)
	require.Equal(t, "/client_id", basic(grant, long).oauth.Field, "it is held against the contract")
	for _, twice := range []string{`"client_id":"two"`, `"client_secret":"x"`, `"client_id":7`} {
		require.Equal(t, 400, basic(`{"grant_type":"client_credentials",`+twice+`}`, twoY).status, twice)
	}
}
