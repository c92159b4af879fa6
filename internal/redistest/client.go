package redistest

import (
	"testing"

	"github.com/redis/go-redis/v9"
)

// Client is a client of the server that the tests of this binary share, for those who hand one on to a library.
func Client(t testing.TB) *redis.Client {
	t.Helper()
	return dial(t, URL(t))
}

// Client is a client of this server. Like the other it does not try again, and ends with the test.
func (s *Server) Client(t testing.TB) *redis.Client {
	t.Helper()
	return dial(t, s.URL())
}

func dial(t testing.TB, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	options.MaxRetries = -1
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}
