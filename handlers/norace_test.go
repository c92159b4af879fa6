//go:build !race

package handlers_test

// raced says that the race detector watches.
const raced = false
