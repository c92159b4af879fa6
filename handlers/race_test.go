//go:build race

package handlers_test

import (
	"testing"

	"usher/internal/store"
	"usher/internal/store/storetest"
)

// engines are what the tests of this package play on. Under the race detector, by which everything takes some times as
// long, it is one: nothing here knows which it is, and what runs at once within them is for the tests of the domain.
var engines = map[string]func(testing.TB) store.Store{"redis": storetest.Redis}
