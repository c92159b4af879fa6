package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"

	"usher/internal/secret"
	"usher/internal/store"
)

// A ticket is what a refresh token says: whose session it refreshes, and as which generation. The token is
//
//	base64url(version, kid, ids…, generation, client, HMAC-SHA256 over all that)
//
// with ids as 12 bytes each. So it can be made again from what the store knows, nothing of it is stored, and it names
// every record that its session hangs on. Made again after its key was rotated it reads differently, and is worth the
// same: what counts is the generation.
type ticket struct {
	who Identity
	gen int64
}

// The versions of a ticket tell a user's session from a seat's and a member's.
const (
	userTicket   = 1
	guestTicket  = 2
	memberTicket = 3
)

const (
	idBytes       = 12
	genBytes      = 8
	longestTicket = 1 << 10
)

// noID stands in a ticket for the link of a guest who came without.
var noID = hex.EncodeToString(make([]byte, idBytes))

var (
	errTicket = errors.New("auth: not a refresh token of ours")
	errNotID  = errors.New("auth: an id in a refresh token is 24 hex digits")
)

// ids are the ids of an identity in the order in which a ticket has them.
func (who *Identity) ids() (version byte, ids []*string) {
	if who.Kind == Guest {
		return guestTicket, []*string{
			&who.Workspace, &who.ID, &who.Session, &who.Space, &who.Room, &who.Link, &who.Lineage,
		}
	}
	version = userTicket
	if who.Kind == Member {
		version = memberTicket
	}
	return version, []*string{&who.Workspace, &who.ID, &who.Session}
}

// issue makes the refresh token of a ticket under a key.
func (t ticket) issue(k *key) (secret.String, error) {
	if t.who.Kind == Guest && t.who.Link == "" {
		t.who.Link = noID
	}
	version, ids := t.who.ids()
	kid, err := hex.DecodeString(k.kid)
	if err != nil || len(kid) != idBytes {
		return secret.String{}, errNotID
	}
	body := append([]byte{version}, kid...)
	for _, id := range ids {
		raw, err := hex.DecodeString(*id)
		if err != nil || len(raw) != idBytes {
			return secret.String{}, errNotID
		}
		body = append(body, raw...)
	}
	body = binary.BigEndian.AppendUint64(body, uint64(t.gen)) //nolint:gosec // a generation counts from 1
	body = append(body, t.who.Client...)
	return secret.New(base64url.EncodeToString(append(body, mac(k.mac, body)...))), nil
}

// readTicket is the reverse of issue. It returns errTicket for everything that issue did not make, and the store's error
// where a key had to be asked for.
func (a *Authority) readTicket(ctx context.Context, token secret.String) (ticket, error) {
	text := token.Reveal()
	if len(text) > longestTicket {
		return ticket{}, errTicket
	}
	raw, err := decode(text)
	if err != nil || len(raw) < 1+idBytes+sha256.Size {
		return ticket{}, errTicket
	}
	body, sum := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	k, err := a.keyNamed(ctx, forRefresh, hex.EncodeToString(body[1:1+idBytes]))
	if errors.Is(err, store.ErrUnavailable) {
		return ticket{}, err
	}
	if err != nil || !hmac.Equal(sum, mac(k.mac, body)) {
		return ticket{}, errTicket
	}
	return parse(body)
}

// parse reads the body of a ticket that is known to be ours.
func parse(body []byte) (ticket, error) {
	var t ticket
	t.who.Kind = User
	switch body[0] {
	case guestTicket:
		t.who.Kind = Guest
	case memberTicket:
		t.who.Kind = Member
	}
	version, ids := t.who.ids()
	rest := body[1+idBytes:]
	if body[0] != version || len(rest) < len(ids)*idBytes+genBytes {
		return ticket{}, errTicket
	}
	for _, id := range ids {
		*id, rest = hex.EncodeToString(rest[:idBytes]), rest[idBytes:]
	}
	t.gen = int64(binary.BigEndian.Uint64(rest)) //nolint:gosec // issue wrote it
	t.who.Client = string(rest[genBytes:])
	if t.who.Link == noID {
		t.who.Link = ""
	}
	return t, nil
}

func mac(key, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(body)
	return h.Sum(nil)
}
