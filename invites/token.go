package invites

import (
	"encoding/base64"
	"encoding/hex"

	"usher/auth"
	"usher/internal/secret"
	"usher/internal/store"
)

// An access link's token is its space, its room, its id and 256 random bits: whoever presents it needs no look-up to
// find the link, and only the hash of the random part is stored.
type linkToken struct {
	space, room, link string
	secret            secret.String
}

const (
	idBytes     = 12
	secretBytes = 32
	tokenBytes  = 3*idBytes + secretBytes
)

// base64url has one spelling for everything; see parseLinkToken for the line breaks that it passes over.
var base64url = base64.RawURLEncoding.Strict()

func (d *Desk) newToken(space, room, link string) linkToken {
	return linkToken{space: space, room: room, link: link, secret: secret.New(string(d.auth.Random(secretBytes)))}
}

// text is the token as a person passes it on.
func (t linkToken) text() string {
	ids, err := hex.DecodeString(t.space + t.room + t.link)
	if err != nil {
		panic("invites: an id that is none")
	}
	return base64url.EncodeToString(append(ids, t.secret.Reveal()...))
}

// parseLinkToken is ErrLinkUnknown for what never was a link's token. The length of the text is compared because the
// decoder passes over line breaks.
func parseLinkToken(token secret.String) (linkToken, error) {
	text := token.Reveal()
	if len(text) != base64url.EncodedLen(tokenBytes) {
		return linkToken{}, ErrLinkUnknown
	}
	raw, err := base64url.DecodeString(text)
	if err != nil || len(raw) != tokenBytes {
		return linkToken{}, ErrLinkUnknown
	}
	id := func(i int) string { return hex.EncodeToString(raw[i*idBytes : (i+1)*idBytes]) }
	return linkToken{space: id(0), room: id(1), link: id(2), secret: secret.New(string(raw[3*idBytes:]))}, nil
}

// hash is what the link's record holds of the token; opens says whether it does.
func (t linkToken) hash() string { return t.secret.Hash() }

func (t linkToken) opens(link store.Record) bool {
	return t.secret.Matches(link["hash"])
}

func (t linkToken) key() store.Key { return auth.LinkKey(t.room, t.link) }

// seatID is the seat that a seat key has on a link, or, for who came through a room's open door, in that opening.
func seatID(of string, key secret.String) string { return auth.Hash("seat", of, key.Reveal()) }
