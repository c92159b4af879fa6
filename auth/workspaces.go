package auth

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"time"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

// What a workspace is called, and its first administrator, where nothing else is said.
const (
	defaultName  = "Workspace"
	defaultEmail = "admin@localhost"
	adminName    = "admin"
)

// shortestSecret is what a client's secret must have at least: it is stored under a fast hash.
const shortestSecret = 16

// A NewWorkspace is what a workspace is made of. What is empty is generated.
type NewWorkspace struct {
	Name          string
	AdminEmail    string
	AdminPassword secret.String
	ClientSecret  secret.String
	First         bool // its clients are called web and backend
}

// Check says what is wrong with what is given: it returns a *FieldError, the errors of password.Check.
func (in NewWorkspace) Check() error {
	_, email, err := in.spelling()
	if err == nil && !in.AdminPassword.Empty() {
		err = checkPassword(in.AdminPassword, email, adminName)
	}
	if err == nil && !in.ClientSecret.Empty() && len(in.ClientSecret.Reveal()) < shortestSecret {
		err = &FieldError{"clientSecret", "shorter than 16 bytes"}
	}
	return err
}

// spelling returns the name and the address as they are kept.
func (in NewWorkspace) spelling() (name, email string, err error) {
	name, wrongName := checkName(cmp.Or(in.Name, defaultName))
	email, wrongEmail := checkEmail(cmp.Or(in.AdminEmail, defaultEmail))
	return name, email, cmp.Or(wrongName, wrongEmail)
}

// Credentials are what a workspace is entered with. Nobody can read them again: they are shown once.
type Credentials struct {
	Workspace, Name    string
	AdminEmail         string
	AdminPassword      secret.String
	PublicClient       string
	ConfidentialClient string
	ClientSecret       secret.String
}

// A workspace as it is stored.
type workspace struct {
	ID      string    `store:"id"`
	Name    string    `store:"name"`
	Admins  int       `store:"admins"` // how many administrators it has
	Created time.Time `store:"created"`
}

// CreateWorkspace makes a workspace with an administrator, a public client and a confidential one. The record of the
// workspace comes last: before that there is nothing. It returns the errors of Check.
func (a *Authority) CreateWorkspace(ctx context.Context, in NewWorkspace) (Credentials, error) {
	c, admin, err := a.plan(in)
	if err != nil {
		return Credentials{}, err
	}
	hash, err := a.hasher.Hash(ctx, c.AdminPassword)
	if err != nil {
		return Credentials{}, err
	}
	if err := a.addClients(ctx, &c, in.First); err != nil {
		return Credentials{}, err
	}
	user, err := a.enrol(ctx, admin, hash, func(string) error { return nil })
	if err != nil {
		return Credentials{}, err
	}
	now, home := a.Now(), WorkspaceKey(c.Workspace)
	_, err = a.Apply(ctx, store.Tx{If: []store.Cond{store.Absent(home)}, Do: []store.Write{
		store.Set(home, store.Fields(workspace{ID: c.Workspace, Name: c.Name, Admins: 1, Created: now})),
		store.Set(StaffKey(c.Workspace, user), store.Record{"role": string(Admin), "since": store.Millis(now)}),
		store.Insert(staffIndex(c.Workspace), user),
	}})
	e := audit.Event{Type: audit.WorkspaceCreated, Subject: user, ActorKind: audit.Operator}
	return c, a.Recorded(ctx, Identity{Workspace: c.Workspace}, e, err)
}

// plan completes what is asked for. An address that an operator names is the administrator's; a made-up one isn't.
func (a *Authority) plan(in NewWorkspace) (Credentials, account, error) {
	if err := in.Check(); err != nil {
		return Credentials{}, account{}, err
	}
	name, email, _ := in.spelling() // nothing is wrong with it by now
	c := Credentials{
		Workspace:     a.NewID(),
		Name:          name,
		AdminEmail:    email,
		AdminPassword: in.AdminPassword,
		ClientSecret:  in.ClientSecret,
	}
	if c.AdminPassword.Empty() {
		c.AdminPassword = a.newSecret()
	}
	if c.ClientSecret.Empty() {
		c.ClientSecret = a.newSecret()
	}
	admin := account{Workspace: c.Workspace, Email: email, Username: adminName, EmailVerified: in.AdminEmail != ""}
	return c, admin, nil
}

// newSecret is 24 characters of 144 random bits.
func (a *Authority) newSecret() secret.String {
	return secret.New(base64url.EncodeToString(a.Random(18)))
}

// addClients makes the two clients of a workspace. Ids are unique in the whole installation.
func (a *Authority) addClients(ctx context.Context, c *Credentials, first bool) error {
	for range attempts {
		c.PublicClient, c.ConfidentialClient = publicClient, confidentialClient
		if !first {
			suffix := "-" + hex.EncodeToString(a.Random(3))
			c.PublicClient, c.ConfidentialClient = publicClient+suffix, confidentialClient+suffix
		}
		public, err := a.addClient(ctx, client{ID: c.PublicClient, Workspace: c.Workspace, Stays: true}, first)
		if err != nil {
			return err
		}
		confidential, err := a.addClient(ctx, client{
			ID: c.ConfidentialClient, Workspace: c.Workspace, Secret: c.ClientSecret.Hash(),
		}, first)
		if err != nil || public && confidential {
			return err
		}
	}
	return errors.New("auth: no free ids for the clients of a workspace")
}

// addClient makes a client, unless there is one of that id. Who makes the first workspace is alone with it, and so a
// client without a workspace is left of an attempt that broke off, and may be taken over.
func (a *Authority) addClient(ctx context.Context, c client, first bool) (bool, error) {
	c.Created = a.Now()
	key := ClientKey(c.ID)
	vacant := store.Absent(key)
	if first {
		recs, err := a.Store.Get(ctx, key)
		if err != nil {
			return false, err
		}
		if left := recs[0]["workspace"]; left != "" {
			homes, err := a.Store.Get(ctx, WorkspaceKey(left))
			if err != nil || homes[0] != nil {
				return false, err
			}
			vacant = store.Equal(key, "workspace", left)
		}
	}
	list := store.Tx{Do: []store.Write{store.Insert(clientIndex(c.Workspace), ByTime(c.Created, c.ID))}}
	if _, err := a.Apply(ctx, list); err != nil {
		return false, err
	}
	res, err := a.Apply(ctx, store.Tx{If: []store.Cond{vacant}, Do: []store.Write{store.Set(key, store.Fields(c))}})
	return err == nil && res.Refused == 0, err
}
