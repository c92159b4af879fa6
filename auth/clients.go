package auth

import (
	"cmp"
	"context"
	"time"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

// The clients of the first workspace. Public is also the client of whoever signs in without naming one.
const (
	publicClient       = "web"
	confidentialClient = "backend"
)

// A client as it is stored. Without a secret it is a public one: a browser or an app, which could not keep any.
type client struct {
	ID        string    `store:"id"`
	Workspace string    `store:"workspace"`
	Name      string    `store:"name"`
	Secret    string    `store:"secret"` // its hash
	Stays     bool      `store:"stays"`  // the public one that its workspace began with: somebody must be able to sign in
	Created   time.Time `store:"created"`
	Ended     time.Time `store:"ended"`
}

// ClientKey is where a client lies. Its id comes from outside, and so is hashed.
func ClientKey(clientID string) store.Key {
	id := Hash(clientID)
	return store.Key{Partition: "c:" + id, Kind: "client", ID: id}
}

// client reads the client of a request and lets it prove itself. It returns ErrInvalidClient.
func (a *Authority) client(ctx context.Context, id string, s secret.String) (store.Record, error) {
	recs, err := a.Store.Get(ctx, ClientKey(id))
	if err != nil {
		return nil, err
	}
	if !Alive(recs[0], a.Now()) || recs[0]["id"] != id {
		return nil, ErrInvalidClient
	}
	err = proves(recs[0], s)
	if err != nil {
		who := Identity{Workspace: recs[0]["workspace"]}
		e := audit.Event{Type: audit.SignInRefused, Subject: id, Reason: "wrong_secret"}
		err = cmp.Or(a.Recorded(ctx, who, a.Hourly(ctx, e, id), nil), err) // a guess is refused for its number only later
	}
	return recs[0], err
}

// confidential is client for what a public one may not do.
func (a *Authority) confidential(ctx context.Context, id string, s secret.String) (store.Record, error) {
	rec, err := a.client(ctx, id, s)
	if err == nil && rec["secret"] == "" {
		err = ErrInvalidClient
	}
	return rec, err
}

// proves holds a secret against a client. A public client has none, and one that is sent with it is a mistake that
// must not stay unnoticed.
func proves(client store.Record, s secret.String) error {
	if client["secret"] == "" && s.Empty() || s.Matches(client["secret"]) {
		return nil
	}
	return ErrInvalidClient
}

// PublicClient is the client by which the people of a workspace sign in where nothing else is said; empty where there is
// no such workspace.
func (a *Authority) PublicClient(ctx context.Context, workspace string) (id string, err error) {
	_, err = a.eachOf(ctx, clientIndex(workspace), Page{Limit: 10}, ClientKey, func(rec store.Record) error {
		if rec["stays"] != "" {
			id = rec["id"]
		}
		return nil
	})
	return id, err
}
