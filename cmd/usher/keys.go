package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"usher/auth"
)

// keys opens a store that is there, for one act about its keys.
func (p *program) keys(ctx context.Context, act func(*auth.Authority) error) error {
	if err := p.storage.exists(); err != nil {
		return err
	}
	return p.operate(ctx, act)
}

type listKeys struct{}

// Run prints one line for each key.
func (listKeys) Run(ctx context.Context, p *program) error {
	return p.keys(ctx, func(a *auth.Authority) error {
		var text strings.Builder
		table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "KID\tUSE\tSTATE\tALGORITHM\tSINCE\tUNTIL\tENCRYPTED") // to memory
		for _, k := range a.ListKeys() {
			encrypted := "no"
			if k.Encrypted {
				encrypted = "yes"
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
				k.ID, k.Use, k.State, k.Algorithm, whenever(k.Since), whenever(k.Until), encrypted)
		}
		_ = table.Flush()
		return p.print(text.String())
	})
}

func whenever(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.RFC3339)
}

type rotateKeys struct{}

// Run leaves the work to the servers, whose settings it depends on.
func (rotateKeys) Run(ctx context.Context, p *program) error {
	return p.keys(ctx, func(a *auth.Authority) error {
		if err := a.RotateKeys(ctx); err != nil {
			return err
		}
		return p.print("A server rotates the keys when it looks at them next: within its --key-cache, or at its start.\n")
	})
}

type revokeKeys struct {
	Kids []string `arg:"" name:"kid" help:"The kids, as usher keys list has them."`
}

// Run takes all of them away, or none.
func (c *revokeKeys) Run(ctx context.Context, p *program) error {
	return p.keys(ctx, func(a *auth.Authority) error {
		err := a.RevokeKeys(ctx, c.Kids...)
		if errors.Is(err, auth.ErrNotFound) {
			return fmt.Errorf("not all of these are keys in %s", p.storage)
		}
		if err != nil {
			return err
		}
		return p.print("Gone. Servers that run refuse what was signed by it within their --key-cache.\n")
	})
}
