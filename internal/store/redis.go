package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis keeps a record as a hash, and an index as a sorted set of equal scores, which Redis orders by bytes.
// Garbage is Redis's own: a Collect is an expiry there, by the server's clock.
type Redis struct {
	client   redis.UniversalClient
	prefix   string
	timeout  time.Duration
	replicas int
}

// Close implements Store.
func (s *Redis) Close() error { return s.client.Close() }

// Get implements Store. In a cluster its parts go to their servers at once.
func (s *Redis) Get(ctx context.Context, keys ...Key) ([]Record, error) {
	if err := ready(ctx, keys...); err != nil || len(keys) == 0 {
		return []Record{}, err
	}
	within, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	replies := make([]*redis.MapStringStringCmd, len(keys))
	_, err := s.client.Pipelined(within, func(p redis.Pipeliner) error {
		for i, k := range keys {
			replies[i] = p.HGetAll(within, thing{k, false}.name(s.prefix))
		}
		return nil
	})
	if err != nil {
		return nil, unavailable(ctx, err)
	}
	out := make([]Record, len(keys))
	for i, reply := range replies {
		if fields := reply.Val(); len(fields) > 0 {
			out[i] = fields
		}
	}
	return out, nil
}

// List implements Store.
func (s *Redis) List(ctx context.Context, index Key, page Page) ([]string, error) {
	if err := ready(ctx, index); err != nil || page.Limit <= 0 {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	start, stop := page.lexical()
	if page.Descending { // the client does not turn them round
		start, stop = stop, start
	}
	entries, err := s.client.ZRangeArgs(within, redis.ZRangeArgs{
		Key: thing{index, true}.name(s.prefix), Start: start, Stop: stop, ByLex: true, Rev: page.Descending,
		Offset: int64(max(page.Skip, 0)), Count: int64(page.Limit),
	}).Result()
	if err != nil {
		return nil, unavailable(ctx, err)
	}
	return entries, nil
}

// Count implements Store.
func (s *Redis) Count(ctx context.Context, index Key, prefix string) (int, error) {
	if err := ready(ctx, index); err != nil {
		return 0, err
	}
	within, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	start, stop := Page{Prefix: prefix}.lexical()
	n, err := s.client.ZLexCount(within, thing{index, true}.name(s.prefix), start, stop).Result()
	if err != nil {
		return 0, unavailable(ctx, err)
	}
	return int(n), nil
}

// lexical is the range of a page as Redis writes it.
func (p Page) lexical() (start, stop string) {
	from, to, unbounded := p.bounds()
	if unbounded {
		return "[" + from, "+"
	}
	return "[" + from, "(" + to
}

// Apply implements Store, in one round trip. Where the settings ask for it, a transaction that wrote is reported
// only when the replicas have it; before that it is ErrUnavailable, though the master has it already.
func (s *Redis) Apply(ctx context.Context, tx Tx) (Result, error) {
	if err := tx.ready(ctx); err != nil {
		return Result{}, err
	}
	within, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	c := newCall(s.prefix, tx)
	if s.replicas > 0 && len(tx.Do) > 0 {
		return s.applyAndWait(ctx, within, c, len(tx.Read))
	}
	reply, err := script.Run(within, s.client, c.keys, c.args...).Result()
	if err != nil {
		return Result{}, unavailable(ctx, err)
	}
	return answer(reply, len(tx.Read))
}

// applyAndWait sends WAIT behind the script on the same connection, because WAIT speaks of the writes of its own
// connection. It sends the whole script: within a pipeline a server that has forgotten it can't be told again.
func (s *Redis) applyAndWait(ctx, within context.Context, c *call, reads int) (Result, error) {
	node, err := s.master(within, c.keys)
	if err != nil {
		return Result{}, unavailable(ctx, err)
	}
	var reply *redis.Cmd
	var replicas *redis.Cmd
	_, err = node.Pipelined(within, func(p redis.Pipeliner) error {
		reply = script.Eval(within, p, c.keys, c.args...)
		replicas = p.Do(within, "wait", s.replicas, (s.timeout / 2).Milliseconds())
		return nil
	})
	if err != nil {
		s.moved(within, err)
		return Result{}, unavailable(ctx, err)
	}
	out, err := answer(reply.Val(), reads)
	if n, _ := replicas.Int(); err == nil && out.Refused == 0 && n < s.replicas {
		return Result{}, fmt.Errorf("%w: %d of %d replicas have the write", ErrUnavailable, n, s.replicas)
	}
	return out, err
}

// master is the client of the one server that the keys are on.
func (s *Redis) master(ctx context.Context, keys []string) (redis.UniversalClient, error) {
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return s.client, nil
	}
	return cluster.MasterForKey(ctx, keys[0])
}

// moved has a cluster looked at anew where the client of one server met a slot that has left it.
func (s *Redis) moved(ctx context.Context, err error) {
	if cluster, ok := s.client.(*redis.ClusterClient); ok && redis.HasErrorPrefix(err, "MOVED") {
		cluster.ReloadState(ctx)
	}
}

// unavailable translates what the driver met. Its types stay here; its words say nothing secret.
func unavailable(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Canceled
	}
	return fmt.Errorf("%w: %s", ErrUnavailable, err.Error())
}
