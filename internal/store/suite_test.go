package store_test

import (
	"testing"

	"usher/internal/redistest"
	"usher/internal/store/storetest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

func TestBolt(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Bolt)
}

func TestRedis(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Redis)
}

func TestEnginesAgree(t *testing.T) {
	t.Parallel()
	storetest.Compare(t, storetest.Redis)
}
