package store_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"usher/internal/redistest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestServersThatAreRefused(t *testing.T) {
	t.Parallel()
	evicting := redistest.Start(t, "--maxmemory-policy", "allkeys-lru")
	locked := redistest.Start(t, "--requirepass", "s3cret")
	gone := redistest.Start(t)
	gone.Kill()
	for _, c := range []struct{ name, url, mode, want string }{
		{"evicting", evicting.URL(), "", "noeviction"},
		{"no password", locked.URL(), "", "NOAUTH"},
		{"wrong password", "redis://:not-s3cret@" + locked.Addr, "", "WRONGPASS"},
		{"nobody listens", "redis://:s3cret@" + gone.Addr, "", "refused"},
		{"no cluster", evicting.URL(), "cluster", "cluster"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, err := store.OpenRedis(t.Context(), store.RedisSettings{URL: c.url, Mode: c.mode, Timeout: 2 * time.Second}, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want one line about %s, without the password", err, c.want)
			}
			if waited := time.Since(start); waited > 4*time.Second {
				t.Errorf("it took %v", waited)
			}
		})
	}
}

func TestServerWithPassword(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--requirepass", "s3cret", "--appendonly", "no")
	var log bytes.Buffer
	s, err := store.OpenRedis(t.Context(), store.RedisSettings{URL: "redis://:s3cret@" + server.Addr}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	set(t, s, link, store.Record{"left": "1"})
	if !strings.Contains(log.String(), "append-only") {
		t.Errorf("no warning that the server keeps no append-only file: %q", log.String())
	}
	server.Kill()
	if _, err := s.Get(t.Context(), link); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("get from a server that died: %v", err)
	}
}

// TestServerThatHidesItself is a managed service that refuses INFO: it is used, with a warning.
func TestServerThatHidesItself(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	defer func() { _ = client.Close() }()
	if err := client.ACLSetUser(t.Context(), "usher", "on", ">s3cret", "~*", "+@all", "-info").Err(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err := store.OpenRedis(t.Context(), store.RedisSettings{URL: "redis://usher:s3cret@" + server.Addr}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	set(t, s, link, nil)
	if !strings.Contains(log.String(), "noeviction") {
		t.Errorf("logged %q", log.String())
	}
}

func calls(s store.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"get": func(ctx context.Context) error {
			_, err := s.Get(ctx, link)
			return err
		},
		"list": func(ctx context.Context) error {
			_, err := s.List(ctx, link, store.Page{Limit: 1})
			return err
		},
		"count": func(ctx context.Context) error {
			_, err := s.Count(ctx, link, "")
			return err
		},
		"apply": func(ctx context.Context) error {
			_, err := s.Apply(ctx, store.Tx{Op: "a", Do: []store.Write{store.Set(link, nil)}})
			return err
		},
	}
}

func TestScriptIsSentAgainWhereItWasForgotten(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := storetest.Open(t, store.RedisSettings{URL: server.URL()})
	set(t, s, link, store.Record{"left": "1"})
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	defer func() { _ = client.Close() }()
	if err := client.ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	set(t, s, link, store.Record{"left": "2"})
}

// TestNamesInRedis is for the operator who looks at a server, and for other programs' keys beside these.
func TestNamesInRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s, err := store.OpenRedis(t.Context(), store.RedisSettings{URL: server.URL()}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	set(t, s, link, store.Record{"left": "1"})
	if _, err := s.Apply(t.Context(), store.Tx{Op: "a", Do: []store.Write{store.Insert(link, "x"), store.Collect(link, time.Now().Add(time.Hour)), store.CollectIndex(link, time.Now().Add(time.Hour))}}); err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	defer func() { _ = client.Close() }()
	for name, kind := range map[string]string{"usher:{r:1}:link:1": "hash", "usher:{r:1}:link/1": "zset"} {
		if got := client.Type(t.Context(), name).Val(); got != kind {
			t.Errorf("%s is a %s, want a %s", name, got, kind)
		}
		if life := client.TTL(t.Context(), name).Val(); life <= 50*time.Minute || life > time.Hour {
			t.Errorf("%s lives for %v, want an hour", name, life)
		}
	}
	if n := client.DBSize(t.Context()).Val(); n != 2 {
		t.Errorf("%d keys, want 2", n)
	}
}

func set(t *testing.T, s store.Store, k store.Key, r store.Record) {
	t.Helper()
	result, err := s.Apply(t.Context(), store.Tx{Op: "set", Do: []store.Write{store.Set(k, r)}})
	if err != nil || result.Refused != 0 {
		t.Fatalf("set %q: %+v, %v", k, result, err)
	}
}
