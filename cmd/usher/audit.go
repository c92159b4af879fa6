package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"usher/auth"
	"usher/handlers"
	"usher/internal/audit"
)

type readAudit struct {
	Workspace string        `act:"" placeholder:"ID" help:"The workspace; the first one where none is given, 'installation' for what belongs to none."`
	Since     time.Duration `act:"" default:"24h" placeholder:"TIME" help:"How far back to begin."`
	Follow    bool          `act:"" help:"Go on with what happens, until the program is told to stop."`
}

const (
	// late is how much later than its instant an event may be written: whoever follows looks so far back.
	late = time.Minute
	// lookEvery is how often whoever follows looks.
	lookEvery = time.Second
)

// Run prints each event once.
func (c *readAudit) Run(ctx context.Context, p *program) error {
	if err := p.storage.exists(); err != nil {
		return err
	}
	return p.operate(ctx, func(a *auth.Authority) error {
		err := c.print(ctx, p, a)
		switch {
		case c.Follow && ctx.Err() != nil: // it was told to stop
			return nil
		case errors.Is(err, auth.ErrNoWorkspace):
			return fmt.Errorf("there is no such workspace in %s: %q", p.storage, c.Workspace)
		}
		return err
	})
}

func (c *readAudit) print(ctx context.Context, p *program, a *auth.Authority) error {
	lines, printed, from := json.NewEncoder(p.stdout), map[string]time.Time{}, clock().Add(-c.Since)
	for {
		err := a.EventsSince(ctx, c.Workspace, from, func(e audit.Event) error {
			if _, twice := printed[e.ID]; twice {
				return nil
			}
			printed[e.ID] = e.At
			return lines.Encode(handlers.EventOf(e))
		})
		if err != nil || !c.Follow {
			return err
		}
		if back := clock().Add(-late); back.After(from) {
			from = back
		}
		maps.DeleteFunc(printed, func(_ string, at time.Time) bool { return at.Before(from) })
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookEvery):
		}
	}
}
