package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/sync/errgroup"

	"usher/auth"
)

type seedUsers struct {
	Workspace string `act:"" placeholder:"ID" help:"The workspace; the first one where none is given."`
	Users     int    `act:"" required:"" placeholder:"N" help:"How many users there are then, from demo-000001 on."`
}

// seedsAtOnce are on their way together: the store puts into one sync, or one trip, what comes at once.
const seedsAtOnce = 64

// Run makes the same users whenever it is started, and goes on where it was stopped.
func (c *seedUsers) Run(ctx context.Context, p *program) error {
	if c.Users < 1 || c.Users > 999_999 {
		return usageError{errors.New("--users: 1 to 999999")}
	}
	if err := p.storage.exists(); err != nil {
		return err
	}
	return p.operate(ctx, func(a *auth.Authority) error {
		err := c.fill(ctx, p, a)
		if errors.Is(err, auth.ErrNoWorkspace) {
			return fmt.Errorf("there is no such workspace in %s: %q", p.storage, c.Workspace)
		}
		if err != nil {
			return err
		}
		return p.print(fmt.Sprintf("%s to %s are there.\n", seedID(1), seedID(c.Users)))
	})
}

func (c *seedUsers) fill(ctx context.Context, p *program, a *auth.Authority) error {
	progress := p.progress(c.Users)
	defer progress.end()
	work, during := errgroup.WithContext(ctx)
	work.SetLimit(seedsAtOnce)
	for n := 1; n <= c.Users && during.Err() == nil; n++ {
		work.Go(func() error {
			id, user := seed(n)
			if err := a.ImportExternal(during, c.Workspace, id, user); err != nil {
				return err
			}
			progress.add()
			return nil
		})
	}
	return cmp.Or(work.Wait(), ctx.Err())
}

func seedID(n int) string { return fmt.Sprintf("demo-%06d", n) }

// seed is the user of a number, always the same: of twenty one is a host, and of a hundred one watches.
func seed(n int) (id string, user auth.ExternalPatch) {
	dice := rand.New(rand.NewPCG(uint64(n), 0)) //nolint:gosec // nothing hangs on it
	name := seedNames[dice.IntN(len(seedNames))] + " " + seedFamilies[dice.IntN(len(seedFamilies))]
	kind := auth.GuestMember
	switch {
	case n%100 == 0:
		kind = auth.MonitorMember
	case n%20 == 0:
		kind = auth.HostMember
	}
	return seedID(n), auth.ExternalPatch{Name: &name, MemberType: &kind}
}

var (
	seedNames = []string{
		"Ada", "Amir", "Ana", "Boris", "Chen", "Chloé", "Daniel", "Elif", "Emma", "Fatima", "Grace", "Hana", "Ivan", "Jakob", "José",
		"Kofi", "Lena", "Lucía", "Mei", "Miguel", "Nadia", "Noah", "Olga", "Omar", "Priya", "Ravi", "Sofia", "Søren", "Tomás", "Yuki",
		"Зоя", "Максим", "서연", "민준",
	}
	seedFamilies = []string{
		"Ahmed", "Andersen", "Bauer", "Castro", "Díaz", "Fischer", "García", "Haddad", "Ivanova", "Jansen", "Kim", "Kowalski", "Lee",
		"Mensah", "Müller", "Nakamura", "Nguyen", "O'Connor", "Okafor", "Patel", "Petrov", "Rossi", "Santos", "Schmidt", "Silva",
		"Singh", "Smith", "Tanaka", "Wang", "Yılmaz", "Смирнова", "Иванов", "김", "박",
	}
)

// A progress tells how far something is: on a terminal as a bar, else in the log, at each tenth.
type progress struct {
	add, end func()
}

func (p *program) progress(total int) progress {
	if isTerminal(p.stdout) {
		bar := progressbar.NewOptions(total, progressbar.OptionSetWriter(p.stdout), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
		return progress{func() { _ = bar.Add(1) }, func() { _ = bar.Exit() }}
	}
	var done atomic.Int64
	return progress{func() {
		if n := int(done.Add(1)); n*10/total > (n-1)*10/total {
			p.log.Info("seeding", "done", n, "of", total)
		}
	}, func() {}}
}
