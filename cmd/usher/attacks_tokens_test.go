package main

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type object = map[string]any

// reheaded is a token with the same claims, another header, and a signature over both.
func reheaded(token string, header object, sign func(signed string) []byte) string {
	raw, _ := json.Marshal(header) // it always can be
	signed := base64.RawURLEncoding.EncodeToString(raw) + "." + strings.Split(token, ".")[1]
	return signed + "." + base64.RawURLEncoding.EncodeToString(sign(signed))
}

func unsigned(string) []byte { return nil }

func macBy(key []byte) func(string) []byte {
	return func(signed string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(signed))
		return h.Sum(nil)
	}
}

func signedBy(key ed25519.PrivateKey) func(string) []byte {
	return func(signed string) []byte { return ed25519.Sign(key, []byte(signed)) }
}

// published is the public key of the program, as its JWKS have it.
func (s *siege) published() (kid string, public ed25519.PublicKey, raw string) {
	s.Helper()
	a := s.ask(s.Context(), "GET", "/.well-known/jwks.json", "", "")
	var set struct{ Keys []struct{ Kid, X string } }
	require.NoError(s, json.Unmarshal([]byte(a.body), &set))
	require.NotEmpty(s, set.Keys)
	public, err := base64.RawURLEncoding.DecodeString(set.Keys[0].X)
	require.NoError(s, err)
	var header struct{ Kid string }
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(s.ann, ".")[0])
	require.NoError(s, err)
	require.NoError(s, json.Unmarshal(text, &header))
	return header.Kid, public, a.body
}

func confusedAlgorithm(s *siege) {
	kid, public, set := s.published()
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(s, err)
	keys := [][]byte{public, der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), []byte(set), []byte(kid), nil}
	for _, alg := range []string{"none", "None", "NONE", "", "HS256", "hs256", "RS256", "ES256", "eddsa", "Ed25519"} {
		header := object{"alg": alg, "kid": kid, "typ": "at+jwt"}
		s.worthless(reheaded(s.ann, header, unsigned))
		for _, key := range keys {
			s.worthless(reheaded(s.ann, header, macBy(key)))
		}
	}
	whole := strings.Split(s.ann, ".")
	s.worthless(reheaded(s.ann, object{"alg": "EdDSA", "kid": kid, "typ": "at+jwt"}, unsigned))
	s.worthless(whole[0] + "." + whole[1] + ".")
	s.worthless(whole[0] + "." + whole[1])
}

func injectedKey(s *siege) {
	_, own, err := ed25519.GenerateKey(nil)
	require.NoError(s, err)
	for _, kid := range []any{
		"", nil, 1,
		[]string{"a"},
		"../../../../../../dev/null", "/proc/sys/kernel/randomize_va_space", "' UNION SELECT 'key", "x|/usr/bin/id",
		"keys:key", "{keys}:ring:ring", "http://127.0.0.1/key", strings.Repeat("a", 4000), "k\x00", "__proto__",
	} {
		for _, sign := range []func(string) []byte{signedBy(own), macBy(nil), macBy([]byte("0")), unsigned} {
			s.worthless(reheaded(s.ann, object{"alg": "EdDSA", "kid": kid, "typ": "at+jwt"}, sign))
		}
	}
	s.worthless(reheaded(s.ann, object{"alg": "EdDSA", "typ": "at+jwt"}, signedBy(own)))
}

// foreignKeys has the header say where the key is; whoever believed it would come and fetch it.
func foreignKeys(s *siege) {
	kid, _, _ := s.published()
	public, own, err := ed25519.GenerateKey(nil)
	require.NoError(s, err)
	jwk := object{"kty": "OKP", "crv": "Ed25519", "kid": "mine", "x": base64.RawURLEncoding.EncodeToString(public)}
	var fetched atomic.Int64
	lair := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fetched.Add(1)
		_ = json.NewEncoder(w).Encode(object{"keys": []any{jwk}})
	}))
	s.Cleanup(lair.Close)
	for name, value := range map[string]any{
		"jku": lair.URL, "x5u": lair.URL, "jwk": jwk, "x5c": []string{"MIIB"}, "iss": lair.URL, "crit": []string{"exp"}, "b64": false, "zip": "DEF", "cty": "JWT",
	} {
		for _, id := range []string{"mine", kid} {
			s.worthless(reheaded(s.ann, object{"alg": "EdDSA", "kid": id, "typ": "at+jwt", name: value}, signedBy(own)))
		}
	}
	assert.Zero(s, fetched.Load(), "it came for the key")
}

// foreignIssuer has a whole other installation sign, which calls itself like this one.
func foreignIssuer(s *siege) {
	other := servingAnn(s.T, s.TempDir())
	session := other.signInWith(s.T, adminPassword)
	require.Equal(s, "200", session.word())
	s.worthless(session.Access)
	s.tokens("400 invalid_grant", refreshing(session.Refresh))
	kid, _, _ := s.published()
	parts := strings.Split(session.Access, ".")
	s.worthless(reheaded(session.Access, object{"alg": "EdDSA", "kid": kid, "typ": "at+jwt"}, func(string) []byte {
		signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
		return signature
	}))
}
