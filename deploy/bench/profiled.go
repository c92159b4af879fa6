package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"time"

	"github.com/ulule/limiter/v3/drivers/store/memory"

	"usher/handlers"
	"usher/internal/password"
	"usher/roles"
)

// profiled serves usher's API as the program does, with a profiler beside it, which the program has not. Its limits
// count in memory: that is the one difference.
type profiled struct {
	Listen string `required:""`
	Redis  string
	Data   string
}

// Run serves until the process is ended.
func (f *profiled) Run(p *program) (err error) {
	at := &site{file: f.Data}
	if f.Redis != "" {
		at.redis = &process{addr: f.Redis}
	}
	data, err := at.open(p.ctx)
	if err != nil {
		return err
	}
	a, err := authority(p.ctx, data, password.Recommended)
	if err != nil {
		return err
	}
	spaces := roles.New(a, roles.Settings{})
	api, err := handlers.New(handlers.Deps{
		Authority: a, Spaces: spaces, Desk: deskOf(a, spaces), Limiter: memory.NewStore(),
		Log: slog.New(slog.NewTextHandler(p.stderr, nil)), Now: clock, PublicURL: issuer,
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.HandleFunc("/profile", pprof.Profile)
	return listenAndServe(f.Listen, mux)
}

// profile loads each operation and writes what the server did meanwhile, one file for each.
func (b *bench) profile() error {
	if err := os.MkdirAll(b.Profile, 0o750); err != nil {
		return err
	}
	for _, engine := range b.Engines {
		s, err := b.stored(engine, b.Stored[0], b.self, "profiled")
		if err != nil {
			return err
		}
		for _, o := range b.operations() {
			if err := b.profileOne(s, o); err != nil {
				return fmt.Errorf("%s: %s: %w", engine, o.name, err)
			}
		}
		if err := s.end(); err != nil {
			return err
		}
	}
	return nil
}

// profileOne takes the profile while the load is on.
func (b *bench) profileOne(s *set, o operation) error {
	b.say("%s: %s under the profiler", s.engine, o.name)
	seconds := max(1, int(b.Seconds))
	loaded := make(chan error, 1)
	go func() {
		_, err := load(b.ctx, s.server.addr, s.supplied[o.name], b.Callers, time.Duration(seconds)*time.Second)
		loaded <- err
	}()
	path := filepath.Join(b.Profile, s.engine+"-"+o.name+".pprof")
	err := fetch(b.ctx, fmt.Sprintf("http://%s/profile?seconds=%d", s.server.addr, seconds), path)
	return errors.Join(err, <-loaded)
}

func fetch(ctx context.Context, from, path string) error {
	out, err := os.Create(path) //nolint:gosec // whoever runs this names the directory
	if err != nil {
		return err
	}
	return errors.Join(ask(ctx, http.MethodGet, from, func(body io.Reader) error {
		_, err := io.Copy(out, body)
		return err
	}), out.Close())
}
