package auth

import (
	"context"
	"strings"
	"time"

	"usher/internal/secret"
)

// accessClaims are what an access token says (RFC 9068, with the names that older clients know).
type accessClaims struct {
	registered
	Type      string `json:"type"`          // always accessToken
	Client    string `json:"cId,omitempty"` // not of a guest or a member
	Session   string `json:"sid,omitempty"` // not of a client
	Workspace string `json:"wId"`
	How       How    `json:"how,omitempty"` // not of a client
	Room      string `json:"roomId,omitempty"`
	Space     string `json:"spaceId,omitempty"`
	Link      string `json:"linkId,omitempty"`
	Lineage   string `json:"lineage,omitempty"`
}

func (accessClaims) names() []string {
	return append([]string{"type", "cId", "sid", "wId", "how", "roomId", "spaceId", "linkId", "lineage"}, registeredNames...)
}

const accessToken = "accessToken" // the type that older clients expect

// accessToken makes the access token of who, which ends when what its session hangs on does, if not before.
func (a *Authority) accessToken(who Identity, ends time.Time) (secret.String, time.Duration, error) {
	now := a.Now()
	exp := now.Add(a.set.AccessTTL)
	if !ends.IsZero() && ends.Before(exp) {
		exp = ends
	}
	token, err := a.sign(typAccess, &accessClaims{
		registered: a.register(who.ID, string(who.Kind), exp), Type: accessToken,
		Client: who.Client, Session: who.Session, Workspace: who.Workspace, How: who.How,
		Room: who.Room, Space: who.Space, Link: who.Link, Lineage: who.Lineage,
	})
	return secret.New(token), exp.Sub(now).Truncate(time.Second), err
}

// Authenticate verifies an access token, or an API key, and says whose it is. Whatever is wrong with it, the error is
// ErrInvalidToken, and as such ErrKeyMistyped for an API key that was never handed out. That the session still lives is
// for Get to say.
func (a *Authority) Authenticate(ctx context.Context, token string) (Identity, error) {
	if strings.HasPrefix(token, apiKeyPrefix) {
		return a.identifyKey(ctx, secret.New(token))
	}
	who, _, err := a.authenticate(ctx, token)
	return who, err
}

// authenticate is Authenticate that hands out what every token says, too.
func (a *Authority) authenticate(ctx context.Context, token string) (Identity, registered, error) {
	var c accessClaims
	if err := a.verify(ctx, token, typAccess, &c); err != nil {
		return Identity{}, registered{}, err
	}
	who := Identity{
		Kind: Kind(c.Audience), ID: c.Subject, Workspace: c.Workspace, Client: c.Client, Session: c.Session, How: c.How,
		Space: c.Space, Room: c.Room, Link: c.Link, Lineage: c.Lineage,
	}
	if c.Type != accessToken || c.ID == "" || !who.consistent() {
		return Identity{}, registered{}, ErrInvalidToken
	}
	return who, c.registered, nil
}

// consistent reports whether an identity says all that its kind says, and nothing that another kind does.
func (who Identity) consistent() bool {
	if who.ID == "" || who.Workspace == "" {
		return false
	}
	place := who.Space != "" && who.Room != "" && who.Lineage != ""
	nowhere := who.Space == "" && who.Room == "" && who.Lineage == "" && who.Link == ""
	switch who.Kind {
	case User:
		return nowhere && who.Session != "" && who.Client != "" && (who.How == ByAccount || who.How == ByVerifiedAccount)
	case Member:
		return nowhere && who.Session != "" && who.Client == "" && who.How == ByAccount
	case Guest:
		return place && who.Session != "" && who.Client == "" && who.How == guestHow(who.Link)
	case Client:
		return nowhere && who.Session == "" && who.Client == who.ID && who.How == ""
	default:
		return false
	}
}

func guestHow(link string) How {
	if link == "" {
		return Anonymous
	}
	return ByLink
}

// RoomClaims are what a room token tells a media server. Whoever makes them has decided that Subject may enter.
type RoomClaims struct {
	Subject        string // the user, or the guest's seat
	Workspace      string
	Space          string
	Room           string
	Session        string // the session in the room, which all tokens of it share
	Role           string
	Name           string // the shown name
	How            How
	ExternalUserID string
	CanPublish     bool
	Hidden         bool
	NotAfter       time.Time // the token ends then at the latest; no bound where zero
}

type roomClaims struct {
	registered
	Workspace      string `json:"wId"`
	Space          string `json:"spaceId"`
	Room           string `json:"roomId"`
	Session        string `json:"sessionId"`
	Role           string `json:"role"`
	Name           string `json:"name"`
	How            How    `json:"how"`
	ExternalUserID string `json:"externalUserId,omitempty"`
	CanPublish     bool   `json:"canPublish"`
	Hidden         bool   `json:"hidden"`
}

func (roomClaims) names() []string {
	return append([]string{
		"wId", "spaceId", "roomId", "sessionId", "role", "name", "how", "externalUserId", "canPublish", "hidden",
	}, registeredNames...)
}

// RoomTTL is how long a room token lives at most, and so how long someone can still use one who was refused since.
func (a *Authority) RoomTTL() time.Duration { return a.set.RoomTTL }

// RoomToken makes a token for the media server of a room, and says when it ends.
func (a *Authority) RoomToken(c RoomClaims) (token secret.String, expires time.Time, err error) {
	expires = a.Now().Add(a.set.RoomTTL)
	if !c.NotAfter.IsZero() && c.NotAfter.Before(expires) {
		expires = c.NotAfter
	}
	expires = expires.Truncate(time.Second)
	text, err := a.sign(typRoom, &roomClaims{
		registered: a.register(c.Subject, "room", expires),
		Workspace:  c.Workspace, Space: c.Space, Room: c.Room, Session: c.Session, Role: c.Role, Name: c.Name, How: c.How,
		ExternalUserID: c.ExternalUserID, CanPublish: c.CanPublish, Hidden: c.Hidden,
	})
	return secret.New(text), expires, err
}
