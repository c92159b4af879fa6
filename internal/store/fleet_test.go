package store_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"usher/internal/redistest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// TestCluster runs the suite on three servers, of which the settings name one.
func TestCluster(t *testing.T) {
	t.Parallel()
	addr := redistest.Cluster(t)
	storetest.Run(t, func(t testing.TB) store.Store {
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

// A cluster of three masters without a replica is one thing to be warned of.
func TestTheWarningsOfAClusterAreSaidOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	set := store.RedisSettings{URL: redistest.Cluster(t), Mode: "cluster", Timeout: 10 * time.Second}
	s, err := store.OpenRedis(t.Context(), set, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "min-replicas-to-write") {
		t.Errorf("logged %q", log.String())
	}
}

func TestApplyWaitsForReplicas(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t, "--repl-diskless-sync-delay", "0")
	replica, copied := master.Replica(t)
	s := storetest.Open(t, store.RedisSettings{URL: master.URL(), WaitReplicas: 1, Timeout: 8 * time.Second})
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
	sentinel := redistest.Start(t).Sentinel(t, "rooms")
	settings := store.RedisSettings{URL: sentinel.Addr, Mode: "sentinel", Master: "rooms"}
	s := storetest.Open(t, settings)
	set(t, s, link, store.Record{"left": "1"})
	settings.Master = "nobody"
	if _, err := store.OpenRedis(t.Context(), settings, nil); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a master that the sentinels don't know: %v", err)
	}
}
