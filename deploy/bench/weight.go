package main

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"usher/internal/secret"
	"usher/internal/store"
)

// A weight is what one thing takes in Redis, in bytes: what many more of them make its used memory grow by, divided.
type weight struct {
	Thing string  `json:"thing"`
	Bytes float64 `json:"bytes"`
}

func (w weight) cells() []string { return []string{w.Thing, count(w.Bytes)} }

var weightHead = []string{"thing", "bytes in Redis"}

// weigh makes so many users, a session of each, links, and a seat on each, in a Redis of its own.
func (b *bench) weigh() (err error) {
	onRedis := slices.ContainsFunc(b.Engines, func(engine string) bool { return fsync[engine] != "" })
	if b.Weighed == 0 || !onRedis {
		return nil
	}
	b.say("weighing %d of each thing in Redis", b.Weighed)
	at, err := newSite(b.ctx, b.dir, "redis-everysec")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.end()) }()
	data, err := at.open(b.ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	s, err := newStage(b.ctx, data, crowd{b.stderr, "redis"})
	if err != nil {
		return err
	}
	if err := s.build(b.ctx, 1+b.Weighed/100); err != nil {
		return err
	}
	return b.weighEach(at, s)
}

func (b *bench) weighEach(at *site, s *stage) error {
	before, err := at.usedMemory(b.ctx)
	if err != nil {
		return err
	}
	for _, thing := range []struct {
		name string
		make func(context.Context, int) error
	}{{"user", s.enrol}, {"session", s.signInAll}, {"link", s.issue}, {"seat, with its session", s.seatAll}} {
		if err := thing.make(b.ctx, b.Weighed); err != nil {
			return err
		}
		after, err := at.usedMemory(b.ctx)
		if err != nil {
			return err
		}
		b.Weights = append(b.Weights, weight{thing.name, float64(after-before) / float64(b.Weighed)})
		before = after
	}
	return nil
}

func (s *stage) signInAll(ctx context.Context, n int) error {
	return s.each(ctx, n, "sessions", func(ctx context.Context, i int) error {
		_, err := s.signIn(ctx, username("user", i))
		return err
	})
}

func (s *stage) seatAll(ctx context.Context, n int) error {
	return s.each(ctx, n, "seats", func(ctx context.Context, i int) error {
		_, err := s.desk.Redeem(ctx, secret.New(s.links[i%len(s.links)]), secret.String{}, secret.String{})
		return err
	})
}

// usedMemory is what Redis says that its data take: all that it uses but the buffer of its log. Its clients, whose
// buffers grow and shrink, are sent away before; the driver comes back.
func (s *site) usedMemory(ctx context.Context) (int64, error) {
	client, err := store.RedisSettings{URL: s.redis.addr}.Client(0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = client.Close() }() // it has nothing to lose
	if err := client.Do(ctx, "client", "kill", "type", "normal", "skipme", "yes").Err(); err != nil {
		return 0, err
	}
	info, err := client.InfoMap(ctx, "memory").Result()
	if err != nil {
		return 0, err
	}
	used, err := strconv.ParseInt(info["Memory"]["used_memory"], 10, 64)
	if err != nil {
		return 0, err
	}
	buffer, err := strconv.ParseInt(info["Memory"]["mem_aof_buffer"], 10, 64)
	return used - buffer, err
}
