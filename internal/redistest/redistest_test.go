package redistest_test

import (
	"context"
	"errors"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"usher/internal/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

func TestURLIsTheSameServerForAll(t *testing.T) {
	t.Parallel()
	if a, b := redistest.URL(t), redistest.URL(t); a != b {
		t.Fatalf("two servers: %s, %s", a, b)
	}
	if a, b := redistest.Prefix(t), redistest.Prefix(t); a == b {
		t.Fatalf("one prefix twice: %s", a)
	}
	options, err := redis.ParseURL(redistest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	ping(t, options.Addr, nil)
}

func TestServerTakesOptionsPausesAndDies(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, "--maxmemory-policy", "allkeys-lru")
	client := redis.NewClient(&redis.Options{Addr: s.Addr})
	defer func() { _ = client.Close() }()
	if got := client.ConfigGet(t.Context(), "maxmemory-policy").Val()["maxmemory-policy"]; got != "allkeys-lru" {
		t.Fatalf("the option is %q", got)
	}
	s.Pause(t)
	ping(t, s.Addr, context.DeadlineExceeded)
	s.Resume(t)
	ping(t, s.Addr, nil)
	pid := client.InfoMap(t.Context(), "server").Item("Server", "process_id")
	s.Kill()
	if exec.CommandContext(t.Context(), "kill", "-0", pid).Run() == nil {
		t.Fatal("the process is still there")
	}
	ping(t, s.Addr, syscall.ECONNREFUSED)
	s.Again(t)
	if got := client.ConfigGet(t.Context(), "maxmemory-policy").Val()["maxmemory-policy"]; got != "allkeys-lru" {
		t.Fatalf("the option is %q, the second time", got)
	}
}

func ping(t *testing.T, addr string, want error) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1})
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	err := client.Ping(ctx).Err()
	var timeout interface{ Timeout() bool }
	if want != nil && (errors.Is(err, want) || errors.As(err, &timeout) && timeout.Timeout()) {
		return
	}
	if !errors.Is(err, want) {
		t.Fatalf("ping: %v, want %v", err, want)
	}
}
