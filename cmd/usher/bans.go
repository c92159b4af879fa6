package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"usher/auth"
	"usher/handlers"
	"usher/internal/audit"
)

type listBans struct{}

// A bannedOne is a ban as it is printed.
type bannedOne struct {
	ID      string    `json:"id"`
	Limit   string    `json:"limit"`
	By      string    `json:"by"`
	Subject string    `json:"subject"`
	Strikes int       `json:"strikes"`
	Until   time.Time `json:"until"`
}

// Run prints each ban as a line of JSON.
func (listBans) Run(ctx context.Context, p *program) error {
	return p.overBans(ctx, func(_ *auth.Authority, bans *handlers.Bans) error {
		lines := json.NewEncoder(p.stdout)
		return bans.List(ctx, func(b handlers.Ban) error {
			return lines.Encode(bannedOne{b.ID, b.Limit, b.By, b.Subject, b.Strikes, b.Ends})
		})
	})
}

type liftBan struct {
	ID string `arg:"" help:"As the list has it."`
}

// Run lets somebody guess again.
func (c *liftBan) Run(ctx context.Context, p *program) error {
	return p.overBans(ctx, func(a *auth.Authority, bans *handlers.Bans) error {
		err := bans.Lift(ctx, c.ID)
		if errors.Is(err, handlers.ErrNoBan) {
			return fmt.Errorf("there is no such ban in %s: %q", p.storage, c.ID)
		}
		e := audit.Event{Type: audit.GuesserForgiven, ActorKind: audit.Operator, Subject: c.ID}
		return a.Recorded(ctx, auth.Identity{}, e, err)
	})
}

// overBans opens the store, and the limits' own, for one act.
func (p *program) overBans(ctx context.Context, act func(*auth.Authority, *handlers.Bans) error) error {
	if err := p.storage.exists(); err != nil {
		return err
	}
	return p.operate(ctx, func(a *auth.Authority) (err error) {
		counters, end, err := p.openLimits()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, end()) }()
		return act(a, handlers.NewBans(a, counters))
	})
}
