//go:build race

package handlers_test

// raced says that the race detector watches, under which everything takes three times as long.
const raced = true
