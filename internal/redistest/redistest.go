// Package redistest gives tests a real Redis: the server that USHER_TEST_REDIS names, else a redis-server from the
// PATH, else a container. Where there is none of them a test is skipped, and under CI=true it fails.
package redistest

import (
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// theShared is the URL of the one server for all tests of a binary, started when the first asks for it.
var theShared = sync.OnceValues(share)

// stops holds what ends the shared server, once there is one.
var stops = make(chan func(), 1)

// Main runs the tests of a package and then stops the server that they shared, if any did. It is the body of a
// TestMain. A test binary that has none, or that is killed, leaves no server behind either: see Start.
func Main(m *testing.M) {
	code := m.Run()
	select {
	case stop := <-stops:
		stop()
	default:
	}
	os.Exit(code)
}

// URL is the address of the server that the tests of this binary share, as redis://host:port. Its keys stay until
// the server ends: whoever uses it takes a Prefix.
func URL(t testing.TB) string {
	t.Helper()
	url, err := theShared()
	if err != nil {
		lacking(t, err)
	}
	return url
}

// Prefix is a prefix for keys that no other test has.
func Prefix(t testing.TB) string {
	t.Helper()
	return "test-" + strings.ToLower(rand.Text()[:16])
}

func lacking(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("no Redis for this test, and CI=true: %v", err)
	}
	t.Skipf("no Redis for this test: set USHER_TEST_REDIS, install redis-server, or start Docker: %v", err)
}

func share() (url string, err error) {
	if given := os.Getenv("USHER_TEST_REDIS"); given != "" {
		if !strings.Contains(given, "://") {
			given = "redis://" + given
		}
		return given, nil
	}
	s, err := launch()
	if errors.Is(err, exec.ErrNotFound) {
		s, err = contain()
	}
	if err != nil {
		return "", err
	}
	stops <- s.Kill
	return s.URL(), nil
}
