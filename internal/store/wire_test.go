package store_test

import (
	"testing"

	"usher/internal/redistest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestFaultsOnTheWire(t *testing.T) {
	t.Parallel()
	t.Run("single", func(t *testing.T) {
		t.Parallel()
		storetest.Wire(t, redistest.Start(t).Wire(t), store.RedisSettings{})
	})
	t.Run("replicas", func(t *testing.T) {
		t.Parallel()
		master := redistest.Start(t, "--repl-diskless-sync-delay", "0")
		master.Replica(t)
		storetest.Wire(t, master.Wire(t), store.RedisSettings{WaitReplicas: 1})
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		storetest.Wire(t, redistest.ClusterWire(t), store.RedisSettings{Mode: "cluster"})
	})
}

// TestContainer plays everything on the Redis that deploy ships, with the configuration that it ships.
func TestContainer(t *testing.T) {
	t.Parallel()
	server := redistest.Container(t)
	storetest.Wire(t, server.Wire(t), store.RedisSettings{})
	storetest.Run(t, func(t testing.TB) store.Store {
		return storetest.Open(t, store.RedisSettings{URL: server.URL()})
	})
}
