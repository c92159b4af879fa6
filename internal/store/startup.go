package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// retries after an error of the network: a transaction that ran all the same is recognised by its Op.
const retries = 3

// OpenRedis connects, and makes sure of what the promises of this package rest on: a server of version 7.0 or later
// that never evicts a key. It warns where a restart or a failover may lose what was acknowledged.
// Its errors are one line, and never contain a password.
func OpenRedis(ctx context.Context, set RedisSettings, log *slog.Logger) (*Redis, error) {
	set, err := set.filled()
	if err != nil {
		return nil, err
	}
	client, err := set.Client(retries)
	if err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, set.Timeout)
	defer cancel()
	if err := set.inspect(within, client, log); err != nil {
		_ = client.Close() // it has nothing to lose yet
		return nil, err
	}
	return &Redis{client: client, prefix: set.Prefix, timeout: set.Timeout, replicas: set.WaitReplicas}, nil
}

// inspect looks at the server, or at every master of the cluster, and warns once of what several have in common.
func (set RedisSettings) inspect(ctx context.Context, client redis.UniversalClient, log *slog.Logger) error {
	var said sync.Map // the masters are asked at once
	warn := func(text string) {
		if _, again := said.LoadOrStore(text, nil); !again {
			log.WarnContext(ctx, text)
		}
	}
	one := func(ctx context.Context, client redis.UniversalClient) error {
		reply, err := client.Info(ctx).Result()
		if redis.HasErrorPrefix(err, "NOPERM") {
			warn("redis does not let us read INFO: its maxmemory-policy must be noeviction")
			return nil
		}
		if err != nil {
			return err
		}
		return set.check(parseInfo(reply), warn)
	}
	var err error
	if cluster, ok := client.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return one(ctx, node) })
	} else {
		err = one(ctx, client)
	}
	var unfit unfitError
	if err == nil || errors.As(err, &unfit) {
		return err
	}
	return fmt.Errorf("%w: redis: %s", ErrUnavailable, err.Error())
}

// An unfitError is a server which answers, but on which the store's promises can't rest.
type unfitError string

func (e unfitError) Error() string { return "store: redis: " + string(e) }

func (set RedisSettings) check(info map[string]string, warn func(string)) error {
	version := info["redis_version"]
	major, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(major); err != nil || n < 7 {
		return unfitError(fmt.Sprintf("version 7.0 or later is needed, this is %q", version))
	}
	if mode := info["redis_mode"]; set.Mode != "cluster" && (mode == "cluster" || mode == "sentinel") {
		return unfitError(fmt.Sprintf("this is a %s, but the mode is set to %s", mode, set.Mode))
	}
	if policy := info["maxmemory_policy"]; policy != "noeviction" {
		return unfitError(fmt.Sprintf("maxmemory-policy must be noeviction, not %q: an evicted record "+
			"is a session or a revocation that was lost", policy))
	}
	if info["aof_enabled"] == "0" {
		warn("redis keeps no append-only file: a restart of it loses what it acknowledged; set appendonly yes")
	}
	if _, asked := info["min_slaves_good_slaves"]; !asked && set.Mode != "single" {
		warn("redis acknowledges writes that no replica has: a failover can lose them; set min-replicas-to-write")
	}
	return nil
}

func parseInfo(reply string) map[string]string {
	info := map[string]string{}
	for line := range strings.Lines(reply) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			info[name] = value
		}
	}
	return info
}
