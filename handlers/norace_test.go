//go:build !race

package handlers_test

import (
	"testing"

	"usher/internal/store"
	"usher/internal/store/storetest"
)

// engines are what the tests of this package play on.
var engines = map[string]func(testing.TB) store.Store{"bolt": storetest.Bolt, "redis": storetest.Redis}
