package auth

import (
	"context"
	"time"

	"usher/internal/store"
)

// Kind tells the kinds of callers apart. It is the aud of an access token.
type Kind string

// The kinds of callers. Nobody is a request without a token.
const (
	Nobody Kind = ""
	User   Kind = "user"
	Guest  Kind = "guest"
	Client Kind = "client"
	Key    Kind = "key"    // an API key: no access token is of this kind
	Member Kind = "member" // a user who came by the access token that an integrator keeps: he goes into rooms, and that is all
)

// How someone got in is in every token and event, so that a media client can show a badge that a name cannot fake.
type How string

// The ways in: by an account, by one whose e-mail address is verified, by a guest link, by an open room's door.
const (
	ByAccount         How = "account"
	ByVerifiedAccount How = "account_verified"
	ByLink            How = "link"
	Anonymous         How = "anonymous"
)

// An Identity is what a verified access token says. It is no proof that the session still lives: Get is.
type Identity struct {
	Kind      Kind
	ID        string // of the user, of the client, of a guest's seat, of the API key
	Workspace string
	Client    string // the client that a user signed in with
	Session   string
	How       How
	// A guest's place, and what its seat hangs on. Link is empty for who came through an open room's door.
	Space, Room, Link, Lineage string
	Scopes                     Scopes // of an API key

	// Office: a user acts by his role in the workspace, and not by what he is in a space or a room. No token says so.
	Office bool
}

// Self is what the store says of who is asking, read in the same trip as what is asked for.
type Self struct {
	Identity
	Name       string    // the shown name
	Role       string    // a guest's role in its room, "moderator" or "user"
	ExternalID string    // the integrator's own id of that person
	Ends       time.Time // of a guest's seat, which is its link's; zero where there is none
	Email      string    // a user's, which may be anybody's unless it is Verified
	Verified   bool
	MemberType MemberType // of an external user
}

// IsUser reports whether it is a user of the workspace, whichever way he came.
func (who Identity) IsUser() bool { return who.Kind == User || who.Kind == Member }

// anchors are the keys that an identity's session hangs on; the first is the record that holds the session.
func (who Identity) anchors() []store.Key {
	switch who.Kind {
	case User:
		return []store.Key{SessionKey(who.ID, who.Session), UserKey(who.ID), ClientKey(who.Client)}
	case Member:
		return []store.Key{SessionKey(who.ID, who.Session), UserKey(who.ID)}
	case Guest:
		keys := []store.Key{SeatKey(who.Room, who.ID), EpochKey("r:"+who.Room, who.Lineage), RoomKey(who.Room), SpaceKey(who.Space)}
		if who.Link != "" {
			keys = append(keys, LinkKey(who.Room, who.Link))
		}
		return keys
	case Client:
		return []store.Key{ClientKey(who.ID)}
	case Key:
		return []store.Key{APIKeyKey(who.ID)}
	}
	return nil
}

// Get reads keys and, in the same round trip, everything that the caller's session hangs on. Every operation on
// behalf of a caller reads through it, and so a session that ended is refused by every one of them at the next
// request, with ErrInvalidToken. Nobody has no session, and is refused nothing here.
func (a *Authority) Get(ctx context.Context, who Identity, keys ...store.Key) (Self, []store.Record, error) {
	self, _, recs, err := a.read(ctx, who, keys...)
	return self, recs, err
}

// read is Get that hands out the anchors too.
func (a *Authority) read(ctx context.Context, who Identity, keys ...store.Key) (self Self, anchors, recs []store.Record, err error) {
	on := who.anchors()
	all, err := a.Store.Get(ctx, append(on, keys...)...)
	if err != nil {
		return Self{}, nil, nil, err
	}
	self, err = a.self(who, all[:len(on)])
	return self, all[:len(on)], all[len(on):], err
}

// self holds a caller against its anchors.
func (a *Authority) self(who Identity, anchors []store.Record) (Self, error) {
	now, self := a.Now(), Self{Identity: who}
	for _, r := range anchors {
		if !Alive(r, now) {
			return Self{}, ErrInvalidToken
		}
	}
	switch who.Kind {
	case User, Member:
		session, user := anchors[0], anchors[1]
		if session["epoch"] != user["epoch"] || user["workspace"] != who.Workspace {
			return Self{}, ErrInvalidToken
		}
		if who.Kind == User && anchors[2]["workspace"] != who.Workspace {
			return Self{}, ErrInvalidToken
		}
		self.Name, self.ExternalID, self.MemberType = shownName(user), user["externalId"], MemberType(user["memberType"])
		self.Email, self.Verified = user["email"], user["emailVerified"] != ""
	case Guest:
		seat := anchors[0]
		if seat["sid"] != who.Session {
			return Self{}, ErrInvalidToken
		}
		self.Name, self.Role, self.ExternalID = seat["name"], seat["role"], seat["externalId"]
		self.Ends = firstEnd(anchors)
	case Client, Key:
		if anchors[0]["workspace"] != who.Workspace {
			return Self{}, ErrInvalidToken
		}
	}
	return self, nil
}
