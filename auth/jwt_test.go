package auth

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/store/storetest"
)

// A forge makes tokens by hand: with any header, any claims, byte by byte, signed by the installation's own key
// unless a row says otherwise. What it makes when it is told nothing else is accepted.
type forge struct {
	w           *world
	head, claim map[string]any
	rawHead     string // in place of head
	rawClaim    string // in place of claim
	key         ed25519.PrivateKey
}

func newForge(w *world) *forge {
	now := w.Now().Unix()
	return &forge{
		w: w, key: w.activeKey(forSigning).private,
		head: map[string]any{"alg": "EdDSA", "typ": "at+jwt", "kid": w.activeKey(forSigning).kid},
		claim: map[string]any{
			"iss": settings.Issuer, "sub": w.admin.ID, "aud": "user", "type": "accessToken", "cId": "web",
			"jti": w.NewID(), "iat": now, "exp": now + 900, "sid": w.admin.Session, "wId": w.admin.Workspace, "how": "account",
		},
	}
}

func (f *forge) signed() string {
	head, claim := f.rawHead, f.rawClaim
	if head == "" {
		head = object(f.head)
	}
	if claim == "" {
		claim = object(f.claim)
	}
	text := base64url.EncodeToString([]byte(head)) + "." + base64url.EncodeToString([]byte(claim))
	return text + "." + base64url.EncodeToString(ed25519.Sign(f.key, []byte(text)))
}

func object(members map[string]any) string {
	text, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// with sets members of the claims; nil takes one away.
func (f *forge) with(claims map[string]any) string {
	merge(f.claim, claims)
	return f.signed()
}

// headed does so with the header.
func (f *forge) headed(members map[string]any) string {
	merge(f.head, members)
	return f.signed()
}

func merge(into, from map[string]any) {
	maps.Copy(into, from)
	maps.DeleteFunc(into, func(_ string, v any) bool { return v == nil })
}

// saying appends text to the claims, within their braces.
func (f *forge) saying(text string) string {
	f.rawClaim = strings.TrimSuffix(object(f.claim), "}") + "," + text + "}"
	return f.signed()
}

func (f *forge) headSaying(text string) string {
	f.rawHead = strings.TrimSuffix(object(f.head), "}") + "," + text + "}"
	return f.signed()
}

type set = map[string]any

// refusals are tokens that must not be taken, each for one reason.
var refusals = []struct {
	name string
	make func(f *forge) string
}{
	// The algorithm.
	{"alg none, with the signature", func(f *forge) string { return f.headed(set{"alg": "none"}) }},
	{"alg none, stripped of it", func(f *forge) string { return stripped(f.headed(set{"alg": "none"})) }},
	{"alg NoNe", func(f *forge) string { return stripped(f.headed(set{"alg": "NoNe"})) }},
	{"the signature stripped", func(f *forge) string { return stripped(f.signed()) }},
	{"HS256 with the public key", func(f *forge) string { return confused(f, f.w.activeKey(forSigning).public) }},
	{"HS256 with the public key in base64", func(f *forge) string {
		return confused(f, []byte(base64url.EncodeToString(f.w.activeKey(forSigning).public)))
	}},
	{"alg ES256", func(f *forge) string { return f.headed(set{"alg": "ES256"}) }},
	{"alg Ed25519", func(f *forge) string { return f.headed(set{"alg": "Ed25519"}) }},
	{"alg missing", func(f *forge) string { return f.headed(set{"alg": nil}) }},
	{"alg a number", func(f *forge) string { return f.headed(set{"alg": 7}) }},

	// The key.
	{"kid missing", func(f *forge) string { return f.headed(set{"kid": nil}) }},
	{"kid unknown", func(f *forge) string { return f.headed(set{"kid": "0123456789abcdef01234567"}) }},
	{"kid a path", func(f *forge) string { return f.headed(set{"kid": "../../dev/null"}) }},
	{"kid a query", func(f *forge) string { return f.headed(set{"kid": "' OR 1=1 --"}) }},
	{"kid a URL", func(f *forge) string { return f.headed(set{"kid": "https://evil.test/key"}) }},
	{"kid of the refresh key", func(f *forge) string { return f.headed(set{"kid": f.w.activeKey(forRefresh).kid}) }},
	{"another key under our kid", func(f *forge) string { f.key = newKey(); return f.signed() }},
	{"another installation's", anotherInstallation},

	// The header.
	{"typ of a room token", func(f *forge) string { return f.headed(set{"typ": "room+jwt"}) }},
	{"typ of a refresh token", func(f *forge) string { return f.headed(set{"typ": "refresh+jwt"}) }},
	{"typ JWT", func(f *forge) string { return f.headed(set{"typ": "JWT"}) }},
	{"typ in capitals", func(f *forge) string { return f.headed(set{"typ": "AT+JWT"}) }},
	{"typ missing", func(f *forge) string { return f.headed(set{"typ": nil}) }},
	{"crit", func(f *forge) string { return f.headed(set{"crit": []string{"exp"}}) }},
	{"crit of an unknown extension", func(f *forge) string { return f.headed(set{"crit": []string{"x"}, "x": 1}) }},
	{"b64", func(f *forge) string { return f.headed(set{"b64": false}) }},
	{"jku", func(f *forge) string { return f.headed(set{"jku": "https://evil.test/jwks.json"}) }},
	{"jwk", func(f *forge) string { return f.headed(set{"jwk": set{"kty": "OKP"}}) }},
	{"x5u", func(f *forge) string { return f.headed(set{"x5u": "https://evil.test/x.pem"}) }},
	{"x5c", func(f *forge) string { return f.headed(set{"x5c": []string{"MIIB"}}) }},
	{"a member that we don't send", func(f *forge) string { return f.headed(set{"cty": "JWT"}) }},
	{"kid twice", func(f *forge) string { return f.headSaying(`"kid":"` + f.w.activeKey(forSigning).kid + `"`) }},
	{"alg twice", func(f *forge) string { return f.headSaying(`"alg":"none"`) }},
	{"ALG beside alg", func(f *forge) string { return f.headSaying(`"ALG":"none"`) }},
	{"a header that is a list", func(f *forge) string { f.rawHead = `["EdDSA"]`; return f.signed() }},
	{"a header that is null", func(f *forge) string { f.rawHead = `null`; return f.signed() }},
	{"a header with an end and more", func(f *forge) string { f.rawHead = object(f.head) + `{}`; return f.signed() }},

	// The claims.
	{"iss another", func(f *forge) string { return f.with(set{"iss": "https://other.test"}) }},
	{"iss missing", func(f *forge) string { return f.with(set{"iss": nil}) }},
	{"aud another", func(f *forge) string { return f.with(set{"aud": "room"}) }},
	{"aud missing", func(f *forge) string { return f.with(set{"aud": nil}) }},
	{"aud a list", func(f *forge) string { return f.with(set{"aud": []string{"user"}}) }},
	{"exp missing", func(f *forge) string { return f.with(set{"exp": nil}) }},
	{"exp zero", func(f *forge) string { return f.with(set{"exp": 0}) }},
	{"exp now", func(f *forge) string { return f.with(set{"exp": f.w.Now().Unix()}) }},
	{"exp a text", func(f *forge) string { return f.with(set{"exp": "9999999999"}) }},
	{"exp a fraction", func(f *forge) string { return f.with(set{"exp": 99999999999.5}) }},
	{"a number beyond all numbers", func(f *forge) string { return f.saying(`"x":1e999`) }},
	{"iat missing", func(f *forge) string { return f.with(set{"iat": nil}) }},
	{"iat in a minute", func(f *forge) string { return f.with(set{"iat": f.w.Now().Add(time.Minute).Unix()}) }},
	{"jti missing", func(f *forge) string { return f.with(set{"jti": nil}) }},
	{"sub missing", func(f *forge) string { return f.with(set{"sub": nil}) }},
	{"type refreshToken", func(f *forge) string { return f.with(set{"type": "refreshToken"}) }},
	{"type missing", func(f *forge) string { return f.with(set{"type": nil}) }},
	{"wId missing", func(f *forge) string { return f.with(set{"wId": nil}) }},
	{"sub twice", func(f *forge) string { return f.saying(`"sub":"` + f.w.admin.ID + `"`) }},
	{"a claim that we don't know, twice", func(f *forge) string { return f.saying(`"x":1,"x":2`) }},
	{"EXP in place of exp", func(f *forge) string { delete(f.claim, "exp"); return f.saying(`"EXP":99999999999`) }},
	{"EXP beside exp", func(f *forge) string { return f.saying(`"EXP":99999999999`) }},
	{"ſub, which folds to sub", func(f *forge) string { delete(f.claim, "sub"); return f.saying(`"ſub":"x"`) }},
	{"a claim that is an object", func(f *forge) string { return f.saying(`"x":{"y":1}`) }},
	{"claims that are no JSON", func(f *forge) string { f.rawClaim = `{"iss":`; return f.signed() }},

	// Who is who.
	{"a user without a session", func(f *forge) string { return f.with(set{"sid": nil}) }},
	{"a user without a client", func(f *forge) string { return f.with(set{"cId": nil}) }},
	{"a user in a room", func(f *forge) string { return f.with(set{"roomId": f.w.NewID()}) }},
	{"a user who came by a link", func(f *forge) string { return f.with(set{"how": "link"}) }},
	{"a client with a session", func(f *forge) string { return f.with(set{"aud": "client", "sub": "web", "how": nil}) }},
	{"a client in another's name", func(f *forge) string {
		return f.with(set{"aud": "client", "sub": "backend", "sid": nil, "how": nil})
	}},
	{"a guest without a room", func(f *forge) string { return f.with(set{"aud": "guest", "cId": nil, "how": "anonymous"}) }},
	{"a guest who came by an account", func(f *forge) string {
		return f.with(set{"aud": "guest", "cId": nil, "roomId": "r", "spaceId": "s", "lineage": "e"})
	}},

	// The bytes.
	{"nothing", func(*forge) string { return "" }},
	{"two parts", func(f *forge) string { return f.signed()[:strings.LastIndex(f.signed(), ".")] }},
	{"four parts", func(f *forge) string { return f.signed() + ".x" }},
	{"a megabyte of dots", func(*forge) string { return strings.Repeat(".", 1<<20) }},
	{"longer than 8 KiB", func(f *forge) string { return f.with(set{"x": strings.Repeat("x", 8<<10)}) }},
	{"padding", func(f *forge) string { return f.signed() + "==" }},
	{"a newline in the claims", func(f *forge) string { return strings.Replace(f.signed(), ".", ".\n", 1) }},
	{"a newline in the signature", func(f *forge) string { return f.signed() + "\n" }},
	{"a space in front", func(f *forge) string { return " " + f.signed() }},
	{"another spelling of the last bits", func(f *forge) string { return respelled(f.signed()) }},
	{"a signature of another token", func(f *forge) string {
		one := f.signed()
		return one[:strings.LastIndex(one, ".")] + other(f.with(set{"sub": "x"}))
	}},
	{"a refresh token", func(f *forge) string { return f.w.signIn("admin", good).RefreshToken.Reveal() }},
	{"a room token", func(f *forge) string {
		token, _, err := f.w.RoomToken(RoomClaims{Subject: f.w.admin.ID, Workspace: f.w.admin.Workspace})
		require.NoError(f.w, err)
		return token.Reveal()
	}},
}

func TestTokensThatMustNotBeTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Bolt(t), settings)
	for _, row := range refusals {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			who, err := w.Authenticate(t.Context(), newForge(w).signed())
			require.NoError(t, err, "the control")
			require.Equal(t, w.admin.ID, who.ID)

			who, err = w.Authenticate(t.Context(), row.make(newForge(w)))
			require.Equal(t, ErrInvalidToken, err)
			require.Zero(t, who)
		})
	}
}

// stripped takes the signature away.
func stripped(token string) string { return token[:strings.LastIndex(token, ".")+1] }

// other is the signature of a token, with its dot.
func other(token string) string { return token[strings.LastIndex(token, "."):] }

// confused takes the public key for the key of an HMAC.
func confused(f *forge, key []byte) string {
	token := f.headed(set{"alg": "HS256"})
	text := token[:strings.LastIndex(token, ".")]
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return text + "." + base64url.EncodeToString(h.Sum(nil))
}

func newKey() ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// anotherInstallation has the same issuer and other keys.
func anotherInstallation(f *forge) string {
	w := newWorld(f.w.T, storetest.Bolt(f.w.T), settings)
	return w.signIn("admin", good).AccessToken.Reveal()
}

// respelled changes bits of the last symbol that stand for nothing.
func respelled(token string) string {
	const symbols = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(symbols, token[len(token)-1])
	return token[:len(token)-1] + string(symbols[last^1])
}
