package auth

import (
	"context"
	"errors"
	"maps"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

// ErrNoWorkspace says that there is no such workspace, or no first one.
var ErrNoWorkspace = errors.New("auth: no such workspace")

// ResetAdmin gives a user another password, generated where it is empty, ends all its sessions, lifts a block, and
// makes it an administrator: for an operator whose workspace has nobody left to ask. An empty workspace is the first
// one. It returns ErrNoWorkspace, ErrNotFound where the workspace has no such user, the errors of password.Check.
func (a *Authority) ResetAdmin(ctx context.Context, workspace, email string, pw secret.String) (Credentials, error) {
	workspace, err := a.findWorkspace(ctx, workspace)
	if err != nil {
		return Credentials{}, err
	}
	user, err := a.lookUp(ctx, name{workspace, byEmail, email})
	if err != nil {
		return Credentials{}, err
	}
	if pw.Empty() {
		pw = a.newSecret()
	}
	if err := checkPassword(pw, user["email"], user["username"]); err != nil {
		return Credentials{}, err
	}
	hash, err := a.hasher.Hash(ctx, pw)
	if err != nil {
		return Credentials{}, err
	}
	fields := store.Record{"epoch": a.NewID(), "paused": ""}
	maps.Copy(fields, passwordFields(hash))
	if err := a.change(ctx, user["id"], fields); err != nil {
		return Credentials{}, err
	}
	c := Credentials{Workspace: workspace, AdminEmail: user["email"], AdminPassword: pw}
	err = a.promote(ctx, workspace, user["id"])
	e := audit.Event{Type: audit.PasswordChanged, Subject: user["id"], Role: string(Admin), ActorKind: audit.Operator}
	return c, a.Recorded(ctx, Identity{Workspace: workspace}, e, err)
}

// findWorkspace returns the id of a workspace that is there: of the first one where none is given.
func (a *Authority) findWorkspace(ctx context.Context, id string) (string, error) {
	if id == "" {
		first, err := a.firstWorkspace(ctx)
		if err == nil && first == "" {
			err = ErrNoWorkspace
		}
		return first, err
	}
	if !IsID(id) {
		return "", ErrNoWorkspace
	}
	homes, err := a.Store.Get(ctx, WorkspaceKey(id))
	if err == nil && homes[0] == nil {
		err = ErrNoWorkspace
	}
	return id, err
}

// promote makes a user an administrator, whatever it was.
func (a *Authority) promote(ctx context.Context, workspace, user string) error {
	return Settle(func() error {
		recs, err := a.Store.Get(ctx, StaffKey(workspace, user))
		if err != nil {
			return err
		}
		return a.setRole(ctx, workspace, user, roleOf(recs[0]), Admin)
	})
}
