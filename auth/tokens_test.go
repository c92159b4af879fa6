package auth

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/store/storetest"
)

func TestWhatAnAccessTokenSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Bolt(t), settings)
	tokens := w.signIn("admin", good)
	require.Equal(t, settings.AccessTTL, tokens.ExpiresIn)

	head, claims := opened(t, tokens.AccessToken.Reveal())
	require.Equal(t, set{"alg": "EdDSA", "typ": "at+jwt", "kid": w.activeKey(forSigning).kid}, head)
	require.Subset(t, claims, set{
		"iss": settings.Issuer, "sub": w.admin.ID, "aud": "user", "type": "accessToken", "cId": "web",
		"wId": w.first.Workspace, "how": "account_verified",
		"iat": float64(w.Now().Unix()), "exp": float64(w.Now().Add(settings.AccessTTL).Unix()),
	})
	require.Len(t, claims, 11) // and jti and sid

	g, seat := w.guest()
	_, claims = opened(t, seat.AccessToken.Reveal())
	require.Subset(t, claims, set{
		"sub": g.ID, "aud": "guest", "sid": g.Session, "wId": g.Workspace, "how": "link",
		"roomId": g.Room, "spaceId": g.Space, "linkId": g.Link, "lineage": g.Lineage,
	})
	require.NotContains(t, claims, "cId")
}

func TestWhatARoomTokenSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Bolt(t), settings)
	in := RoomClaims{
		Subject: "sub", Workspace: "ws", Space: "sp", Room: "ro", Role: "role_room_user", Name: "Änn",
		How: ByLink, ExternalUserID: "x-1", CanPublish: true, Hidden: true,
	}
	token, expires, err := w.RoomToken(in)
	require.NoError(t, err)
	require.Equal(t, w.Now().Add(settings.RoomTTL), expires)
	head, claims := opened(t, token.Reveal())
	require.Equal(t, "room+jwt", head["typ"])
	require.Subset(t, claims, set{
		"iss": settings.Issuer, "sub": "sub", "aud": "room", "wId": "ws", "spaceId": "sp", "roomId": "ro",
		"role": "role_room_user", "name": "Änn", "how": "link", "externalUserId": "x-1", "canPublish": true, "hidden": true,
		"exp": float64(expires.Unix()),
	})

	in.NotAfter = w.Now().Add(90 * time.Second)
	_, expires, err = w.RoomToken(in)
	require.NoError(t, err)
	require.Equal(t, in.NotAfter, expires, "no longer than the link")

	var room roomClaims
	require.NoError(t, w.verify(t.Context(), token.Reveal(), typRoom, &room))
	require.Equal(t, "ro", room.Room)
	require.Equal(t, ErrInvalidToken, w.verify(t.Context(), w.signIn("admin", good).AccessToken.Reveal(), typRoom, &room))
}

func TestATokenEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Bolt(t), settings)
	token := w.signIn("admin", good).AccessToken.Reveal()
	w.forward(settings.AccessTTL - time.Second)
	_, err := w.Authenticate(t.Context(), token)
	require.NoError(t, err)
	w.forward(time.Second)
	_, err = w.Authenticate(t.Context(), token)
	require.ErrorIs(t, err, ErrInvalidToken)
}

func TestAFellowServersClockMayBeAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Bolt(t), settings)
	w.forward(skew)
	token := w.signIn("admin", good).AccessToken.Reveal()
	w.forward(-skew)
	_, err := w.Authenticate(t.Context(), token)
	require.NoError(t, err)
	w.forward(-time.Second)
	_, err = w.Authenticate(t.Context(), token)
	require.ErrorIs(t, err, ErrInvalidToken)
}

func opened(t *testing.T, token string) (head, claims set) {
	t.Helper()
	parts := strings.Split(token, ".")
	for i, into := range []*set{&head, &claims} {
		raw, err := base64url.DecodeString(parts[i])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, into))
	}
	return head, claims
}

func BenchmarkAuthenticate(b *testing.B) {
	a := still(b)
	token, _, err := a.accessToken(everyone()[0], time.Time{})
	require.NoError(b, err)
	for b.Loop() {
		if _, err := a.Authenticate(b.Context(), token.Reveal()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTokens(b *testing.B) {
	a := still(b)
	for b.Loop() {
		if _, err := a.tokens(everyone()[3], 1, time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
}
