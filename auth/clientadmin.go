package auth

import (
	"context"
	"errors"
	"time"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

// ErrClientStays says that a client is the public one which its workspace began with.
var ErrClientStays = errors.New("auth: the workspace's own public client stays")

// clientIndex lists the clients of a workspace in the order of their making.
func clientIndex(workspace string) store.Key {
	return store.Key{Partition: "w:" + workspace + ":clients", Kind: "index", ID: "clients"}
}

// A ClientApp is a client as administrators see one.
type ClientApp struct {
	ID, Name string
	Public   bool
	Created  time.Time
}

// A NewClient is what a client is made of.
type NewClient struct {
	Name   string // may be empty
	Public bool   // a browser or an app, which has no secret
}

// CreateClient makes a client of the caller's workspace, for an administrator. A public one has no secret; that of
// another nobody can read again. It returns ErrWrongToken, ErrForbidden, a *FieldError.
func (a *Authority) CreateClient(ctx context.Context, who Identity, in NewClient) (id string, s secret.String, err error) {
	if _, err := a.asAdmin(ctx, who, who.ID); err != nil {
		return "", secret.String{}, err
	}
	name, err := checkName(in.Name)
	if err != nil {
		return "", secret.String{}, err
	}
	c := client{ID: a.NewID(), Workspace: who.Workspace, Name: name}
	if !in.Public {
		s = a.newSecret()
		c.Secret = s.Hash()
	}
	if _, err := a.addClient(context.WithoutCancel(ctx), c, false); err != nil {
		return "", secret.String{}, err
	}
	return c.ID, s, a.Recorded(ctx, who, audit.Event{Type: audit.ClientCreated, Subject: c.ID}, nil)
}

// ListClients are the clients of the caller's workspace, for an administrator or support. A page may hold fewer than
// asked for, and yet not be the last. It returns ErrWrongToken, ErrForbidden.
func (a *Authority) ListClients(ctx context.Context, who Identity, page Page) (clients []ClientApp, next string, err error) {
	if _, err := a.asStaff(ctx, who, who.ID); err != nil {
		return nil, "", err
	}
	next, err = a.eachOf(ctx, clientIndex(who.Workspace), page, ClientKey, func(rec store.Record) error {
		var c client
		if err := rec.Load(&c); err != nil || c.Workspace != who.Workspace || !c.Ended.IsZero() {
			return err
		}
		clients = append(clients, c.app())
		return nil
	})
	return clients, next, err
}

func (c client) app() ClientApp {
	return ClientApp{ID: c.ID, Name: c.Name, Public: c.Secret == "", Created: c.Created}
}

// GetClient is one of those. It returns ErrWrongToken, ErrForbidden, ErrNotFound.
func (a *Authority) GetClient(ctx context.Context, who Identity, id string) (ClientApp, error) {
	if _, err := a.asStaff(ctx, who, who.ID); err != nil {
		return ClientApp{}, err
	}
	c, err := a.clientOf(ctx, who.Workspace, id)
	if err == nil && !c.Ended.IsZero() {
		err = ErrNotFound
	}
	return c.app(), err
}

// clientOf is a client of the workspace, also one that was deleted lately. It returns ErrNotFound.
func (a *Authority) clientOf(ctx context.Context, workspace, id string) (c client, err error) {
	recs, err := a.Store.Get(ctx, ClientKey(id))
	if err == nil {
		err = recs[0].Load(&c)
	}
	if err == nil && (c.ID != id || c.Workspace != workspace) {
		err = ErrNotFound
	}
	return c, err
}

// DeleteClient ends a client, and with it every session that was opened through it, at the next request; for an
// administrator. It returns ErrWrongToken, ErrForbidden, ErrNotFound, ErrClientStays.
func (a *Authority) DeleteClient(ctx context.Context, who Identity, id string) error {
	if _, err := a.asAdmin(ctx, who, who.ID); err != nil {
		return err
	}
	c, err := a.clientOf(ctx, who.Workspace, id)
	switch {
	case err != nil:
		return err
	case c.Stays || id == publicClient:
		return ErrClientStays
	}
	// Whoever deletes his own session's client has no session to repeat that with, and so the event comes first.
	e := audit.Event{ID: Hash("deleted", id), Type: audit.ClientDeleted, Subject: id}
	if err := a.Recorded(ctx, who, e, nil); err != nil {
		return err
	}
	ctx, at, now := context.WithoutCancel(ctx), ClientKey(id), a.Now()
	_, err = a.Apply(ctx, store.Tx{If: []store.Cond{store.Present(at), store.Equal(at, "ended", "")}, Do: []store.Write{
		store.Set(at, store.Record{"ended": store.Millis(now)}), store.Collect(at, now.Add(KeptAfterEnd)),
	}})
	if err != nil {
		return err
	}
	entry := store.Remove(clientIndex(who.Workspace), ByTime(c.Created, id))
	_, err = a.Apply(ctx, store.Tx{Do: []store.Write{entry}})
	return err
}
