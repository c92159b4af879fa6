package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"usher/auth"
	"usher/internal/password"
	"usher/internal/secret"
)

type createWorkspace struct {
	Name string `act:"" required:"" placeholder:"NAME" help:"What the workspace is called."`

	seeds `embed:""`
}

// Run prints the credentials as assignments of sh.
func (c *createWorkspace) Run(ctx context.Context, p *program) error {
	if err := c.check(c.Name); err != nil {
		return err
	}
	return p.administer(ctx, func(a *auth.Authority) (auth.Credentials, error) {
		return a.CreateWorkspace(ctx, c.workspace(c.Name))
	})
}

type resetAdmin struct {
	Workspace     string        `act:"" placeholder:"ID" help:"The workspace; the first one where none is given."`
	Email         string        `act:"" required:"" placeholder:"ADDRESS" help:"The e-mail address of a user, who becomes an administrator if he is none."`
	AdminPassword secret.String `placeholder:"PASSWORD" help:"The password; generated where none is given."`
}

// Run prints the credentials as assignments of sh.
func (c *resetAdmin) Run(ctx context.Context, p *program) error {
	if !c.AdminPassword.Empty() {
		if err := password.Check(c.AdminPassword, c.Email); err != nil {
			return usageError{fmt.Errorf("--admin-password: %w", err)}
		}
	}
	if err := p.storage.exists(); err != nil {
		return err
	}
	return p.administer(ctx, func(a *auth.Authority) (auth.Credentials, error) {
		made, err := a.ResetAdmin(ctx, c.Workspace, c.Email, c.AdminPassword)
		switch {
		case errors.Is(err, auth.ErrNotFound):
			return made, errors.New("the workspace has no user of this e-mail address")
		case errors.Is(err, auth.ErrNoWorkspace) && c.Workspace != "":
			return made, fmt.Errorf("there is no such workspace in %s: %q", p.storage, c.Workspace)
		case errors.Is(err, auth.ErrNoWorkspace):
			return made, fmt.Errorf("there is no first workspace in %s", p.storage)
		}
		return made, err
	})
}

// administer opens the store for one act, and prints the credentials that come of it.
func (p *program) administer(ctx context.Context, act func(*auth.Authority) (auth.Credentials, error)) error {
	return p.operate(ctx, func(a *auth.Authority) error {
		made, err := act(a)
		if err != nil {
			return err
		}
		return p.print(assignments(made))
	})
}

// operate opens the store for one act of whoever has the program.
func (p *program) operate(ctx context.Context, act func(*auth.Authority) error) (err error) {
	data, err := p.openStore(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	a, err := p.authority(ctx, data, auth.Settings{ // no tokens come of it
		Issuer: "usher", AccessTTL: time.Minute, RoomTTL: time.Minute, IdleTTL: time.Minute, MaxTTL: time.Minute,
		AuditKept: p.storage.AuditKept, KeyCache: time.Minute,
		SignUp: auth.SignUpAdmins,
	})
	if err != nil {
		return err
	}
	return act(a)
}

type version struct{}

// Run prints the version, and what it was built from where that is known.
func (version) Run(_ context.Context, p *program) error {
	built, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("built without information about the build")
	}
	text := "usher " + built.Main.Version + " " + built.GoVersion
	for _, setting := range built.Settings {
		if setting.Key == "vcs.revision" {
			text += " " + setting.Value
		}
	}
	return p.print(fmt.Sprintln(text))
}
