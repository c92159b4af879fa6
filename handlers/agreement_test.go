package handlers

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/handlers/wire"
)

// What the contract takes as a phone number or an address, the domain takes, and nothing else.
func TestContractAndDomainTakeTheSame(t *testing.T) {
	t.Parallel()
	var authority *auth.Authority
	m := build(t, func(_ *machine, a *api, _ map[string]handler) { authority = a.Authority })
	who, err := authority.Authenticate(t.Context(), m.token[auth.User])
	require.NoError(t, err)
	doc, err := contract()
	require.NoError(t, err)
	for schema, row := range map[string]struct {
		patch func(*string) auth.UserPatch
		taken map[string]bool
	}{
		"Phone": {func(s *string) auth.UserPatch { return auth.UserPatch{Phone: s} }, map[string]bool{
			"": true, "+7 967 123 45 67": true, "+": true, " 1 ": true, "0": true, strings.Repeat("1", 32): true,
			strings.Repeat("1", 33): false, "(495) 1": false, "1-2": false, "1.2": false, "1\n": false, "١": false, "call me": false,
		}},
		"WebAddress": {func(s *string) auth.UserPatch { return auth.UserPatch{ProfileURL: s} }, map[string]bool{
			"": true, "https://example.com": true, "https://example.com:8443/a@b.png?c=d@e#f": true, "https://example.com?a": true,
			"https://": false, "https:///a": false, "http://example.com/a.png": false, "ftp://example.com": false,
			"javascript:alert(1)": false, "//example.com": false, "https://ann@example.com": false,
			"https://ann:secret@example.com/": false, "https://exa mple.com": false, "https://a/" + strings.Repeat("a", 2038): true,
			"https://a/" + strings.Repeat("a", 2039): false,
		}},
	} {
		for value, taken := range row.taken {
			err := check(doc.Components.Schemas[schema].Value, value, schema)
			require.Equal(t, taken, err == nil, "the contract: %s %q", schema, value)
			_, err = authority.UpdateMe(t.Context(), who, row.patch(&value))
			require.Equal(t, taken, err == nil, "the domain: %s %q: %v", schema, value, err)
		}
	}
}

// The refresh tokens in the examples begin like real ones: base64url, and the version that tells a user's from a
// guest's.
func TestExamplesOfRefreshTokens(t *testing.T) {
	t.Parallel()
	d := build(t)
	doc, err := contract()
	require.NoError(t, err)
	for schema, real := range map[string]string{"Tokens": d.refresh[auth.User], "Seated": d.refresh[auth.Guest]} {
		raw, err := json.Marshal(doc.Components.Schemas[schema].Value.Example)
		require.NoError(t, err)
		var shown wire.Tokens
		require.NoError(t, json.Unmarshal(raw, &shown))
		begin, err := base64.RawURLEncoding.DecodeString(strings.TrimSuffix(shown.RefreshToken, "…"))
		require.NoError(t, err, schema)
		issued, err := base64.RawURLEncoding.DecodeString(real)
		require.NoError(t, err)
		require.Equal(t, issued[0], begin[0], schema)
	}
}
