package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ulule/limiter/v3"
	limitredis "github.com/ulule/limiter/v3/drivers/store/redis"

	"usher/handlers"
	"usher/internal/store"
)

func (s storage) redis() store.RedisSettings {
	return store.RedisSettings{
		URL: s.Redis.Reveal(), Mode: s.RedisMode, Master: s.RedisMaster, SentinelPassword: s.RedisSentinel.Reveal(),
		Prefix: s.RedisPrefix, WaitReplicas: s.RedisReplicas,
	}
}

// openStore opens Redis where it is set, else the file.
func (p *program) openStore(ctx context.Context) (store.Store, error) {
	if p.storage.Redis.Empty() {
		return store.OpenBolt(p.storage.Data, clock)
	}
	return store.OpenRedis(ctx, p.storage.redis(), p.log)
}

// openLimits opens the limiter's store, which a fleet shares by Redis and a single server has in memory. The limiter
// counts by scripts that must not run twice, and so its client sends nothing again.
func (p *program) openLimits() (limits limiter.Store, end func() error, err error) {
	if p.storage.Redis.Empty() {
		return handlers.NewMemory(clock), func() error { return nil }, nil
	}
	client, err := p.storage.redis().Client(0)
	if err != nil {
		return nil, nil, err
	}
	limits, err = limitredis.NewStoreWithOptions(client, limiter.StoreOptions{Prefix: p.storage.RedisPrefix + ":limit"})
	if err != nil {
		_ = client.Close() // it has nothing to lose yet
		return nil, nil, fmt.Errorf("the limiter's store: %w", err)
	}
	return limits, client.Close, nil
}

// exists makes sure of the file, which opening would make.
func (s storage) exists() error {
	if !s.Redis.Empty() {
		return nil
	}
	info, err := os.Stat(s.Data)
	if err == nil && info.Size() == 0 {
		err = fmt.Errorf("%s is empty", s.Data)
	}
	return err
}

// String says where the data are.
func (s storage) String() string {
	if s.Redis.Empty() {
		return s.Data
	}
	return "Redis under the prefix " + s.RedisPrefix
}

// check finds what is wrong with the settings alone.
func (s storage) check() error {
	if s.AuditKept < time.Hour {
		return errors.New("--audit-kept: an hour at least")
	}
	if s.Redis.Empty() && s.Data == "" {
		return errors.New("--data: no file")
	}
	if s.Redis.Empty() {
		return nil
	}
	client, err := s.redis().Client(0) // it does not connect yet
	if err != nil {
		return err
	}
	return client.Close()
}
