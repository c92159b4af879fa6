package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"usher/internal/store"
)

// engineNames are the kinds of stores: the file, and Redis with either way of syncing its append-only file.
var engineNames = []string{"file", "redis-everysec", "redis-always"}

var fsync = map[string]string{"redis-everysec": "everysec", "redis-always": "always"}

// A site is a store of one engine, and what serves from it.
type site struct {
	dir   string
	file  string   // of the file engine
	redis *process // of the others
	procs []*process
}

// newSite prepares a place for a store: an empty directory, and there the Redis of an engine.
func newSite(ctx context.Context, dir, engine string) (*site, error) {
	dir, err := os.MkdirTemp(dir, engine+"-")
	if err != nil {
		return nil, err
	}
	s := &site{dir: dir}
	if fsync[engine] == "" {
		s.file = filepath.Join(dir, "usher.db")
		return s, nil
	}
	s.redis, err = startRedis(ctx, dir)
	return s, err
}

// startRedis starts one that syncs every second: what fills it need not wait for each sync. It rewrites no
// append-only file, which would come in between, in the one round and not in the other.
func startRedis(ctx context.Context, dir string) (*process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	ready := func(ctx context.Context) error { return redisDo(ctx, addr, "ping") }
	return launch(ctx, dir, addr, ready, "redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0")
}

// redisDo sends one command.
func redisDo(ctx context.Context, addr string, command ...any) error {
	client, err := store.RedisSettings{URL: addr}.Client(0)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }() // it has nothing to lose
	return client.Do(ctx, command...).Err()
}

// settle gives Redis the sync of its engine, once it is filled.
func (s *site) settle(ctx context.Context, engine string) error {
	if s.redis == nil {
		return nil
	}
	return redisDo(ctx, s.redis.addr, "config", "set", "appendfsync", fsync[engine])
}

func (s *site) open(ctx context.Context) (store.Store, error) {
	if s.redis == nil {
		return store.OpenBolt(s.file, clock)
	}
	return store.OpenRedis(ctx, store.RedisSettings{URL: s.redis.addr, Timeout: patience}, slog.New(slog.DiscardHandler))
}

// flags are usher's for this store; the servers of this program have the same.
func (s *site) flags() []string {
	if s.redis == nil {
		return []string{"--data", s.file}
	}
	return []string{"--redis", s.redis.addr}
}

// serve starts a server on the store, which takes --listen and answers /readyz.
func (s *site) serve(ctx context.Context, command ...string) (*process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	p, err := launch(ctx, s.dir, addr, serving(addr), append(command, "--listen", addr)...)
	if err == nil {
		s.procs = append(s.procs, p)
	}
	return p, err
}

// size is what the data take: the length of the file, or what Redis has in memory.
func (s *site) size() (int64, error) {
	if s.redis != nil {
		return s.redis.memory()
	}
	info, err := os.Stat(s.file)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// end stops everything here and gives the disk back.
func (s *site) end() error {
	for _, p := range slices.Concat(s.procs, []*process{s.redis}) {
		if p != nil {
			p.stop()
		}
	}
	return os.RemoveAll(s.dir)
}

// buildUsher builds the program of this checkout.
func buildUsher(ctx context.Context, dir string) (path string, err error) {
	path = filepath.Join(dir, "usher")
	out, err := command(ctx, "go", "build", "-o", path, "usher/cmd/usher").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, err
}

// floorFlags are the floor's: in the same Redis, in a file beside.
func (s *site) floorFlags(stored int) []string {
	flags := []string{"--stored", strconv.Itoa(stored)}
	if s.redis == nil {
		return append(flags, "--data", s.file+".floor")
	}
	return append(flags, "--redis", s.redis.addr)
}
