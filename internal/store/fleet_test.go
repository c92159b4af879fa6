package store_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"usher/internal/redistest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// TestCluster runs the suite on three servers, of which the settings name one.
func TestCluster(t *testing.T) {
	t.Parallel()
	addr := startCluster(t)
	storetest.Run(t, func(t *testing.T) store.Store {
		return storetest.Open(t, store.RedisSettings{URL: addr, Mode: "cluster"})
	})
	if _, err := store.OpenRedis(t.Context(), store.RedisSettings{URL: addr}, nil); err == nil || !strings.Contains(err.Error(), "this is a cluster") {
		t.Errorf("a cluster taken for a single server: %v", err)
	}
	s := storetest.Open(t, store.RedisSettings{URL: addr, Mode: "cluster", WaitReplicas: 1, Timeout: time.Second})
	for _, partition := range []string{"r:1", "r:2", "r:3", "r:4"} {
		_, err := s.Apply(t.Context(), store.Tx{Op: "a", Do: []store.Write{store.Set(store.Key{Partition: partition, Kind: "link", ID: "1"}, nil)}})
		if err == nil || !strings.Contains(err.Error(), "0 of 1 replicas") {
			t.Errorf("a write that no replica has: %v", err)
		}
	}
}

func startCluster(t *testing.T) string {
	t.Helper()
	args := []string{"--cluster", "create"}
	for range 3 {
		args = append(args, redistest.Start(t, "--cluster-enabled", "yes").Addr)
	}
	out, err := exec.CommandContext(t.Context(), "redis-cli", append(args, "--cluster-yes")...).CombinedOutput()
	if err != nil {
		t.Fatalf("redis-cli: %v: %s", err, out)
	}
	for _, addr := range args[2:] {
		client := redis.NewClient(&redis.Options{Addr: addr})
		defer func() { _ = client.Close() }()
		eventually(t, "the cluster is up", func(ctx context.Context) bool {
			return strings.Contains(client.ClusterInfo(ctx).Val(), "cluster_state:ok")
		})
	}
	return args[2]
}

func TestApplyWaitsForReplicas(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t, "--repl-diskless-sync-delay", "0")
	host, port, _ := strings.Cut(master.Addr, ":")
	replica := redistest.Start(t, "--replicaof", host, port)
	copied := redis.NewClient(&redis.Options{Addr: replica.Addr})
	defer func() { _ = copied.Close() }()
	eventually(t, "the replica follows", func(ctx context.Context) bool {
		return strings.Contains(copied.Info(ctx, "replication").Val(), "master_link_status:up")
	})
	s := storetest.Open(t, store.RedisSettings{URL: master.URL(), WaitReplicas: 1, Timeout: time.Second})
	set(t, s, link, store.Record{"left": "1"})
	if n := copied.DBSize(t.Context()).Val(); n != 1 {
		t.Fatalf("reported, and the replica has %d keys", n)
	}
	replica.Pause(t)
	seat := store.Key{Partition: "r:1", Kind: "seat", ID: "1"}
	take := store.Tx{Op: "take", If: []store.Cond{store.Absent(seat)}, Do: []store.Write{store.Set(seat, nil)}}
	for _, what := range []string{"a write", "its echo"} {
		if _, err := s.Apply(t.Context(), take); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "0 of 1 replicas") {
			t.Fatalf("%s that no replica has: %v", what, err)
		}
	}
	take.Op = "other"
	if r, err := s.Apply(t.Context(), take); err != nil || r.Refused != 1 {
		t.Fatalf("a refusal needs no replica: %+v, %v", r, err)
	}
	replica.Resume(t)
	take.Op = "take"
	if r, err := s.Apply(t.Context(), take); err != nil || r.Refused != 0 {
		t.Fatalf("the same again: %+v, %v", r, err)
	}
	if n := copied.DBSize(t.Context()).Val(); n != 2 {
		t.Fatalf("reported, and the replica has %d keys", n)
	}
}

func TestSentinel(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t)
	host, port, _ := strings.Cut(master.Addr, ":")
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	if err := os.WriteFile(file, []byte("sentinel monitor rooms "+host+" "+port+" 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := redistest.Start(t, file, "--sentinel")
	settings := store.RedisSettings{URL: sentinel.Addr, Mode: "sentinel", Master: "rooms"}
	s := storetest.Open(t, settings)
	set(t, s, link, store.Record{"left": "1"})
	settings.Master = "nobody"
	if _, err := store.OpenRedis(t.Context(), settings, nil); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a master that the sentinels don't know: %v", err)
	}
}

// eventually asks until the answer is yes, or ten seconds are over.
func eventually(t *testing.T, what string, ask func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ask(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("not within ten seconds: %s", what)
		case <-tick.C:
		}
	}
}
