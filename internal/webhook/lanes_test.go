package webhook

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/outbox"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// However much waits for a receiver that hangs, the others get theirs.
func TestAReceiverThatHangsStarvesNoOther(t *testing.T) {
	t.Parallel()
	release, hanging := make(chan struct{}), atomic.Int64{}
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		hanging.Add(1)
		_, _ = io.ReadAll(r.Body) // or the server does not notice who hangs up
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(hangs.Close)
	const many = 40
	got := make(chan string, many)
	answers := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("Webhook-Id") }))
	t.Cleanup(answers.Close)

	s := New(Settings{Networks: loopback}, time.Now)
	o := outbox.New(storetest.Bolt(t), "webhook", time.Now, rand.Text, slog.New(slog.DiscardHandler)).With(Slots)
	add := func(id, to string) {
		require.NoError(t, o.Add(t.Context(), outbox.Task{ID: id, What: store.Record{"to": to}}))
	}
	for i := range 2 * Slots {
		add(fmt.Sprint("hangs ", i), hangs.URL)
	}
	for i := range many {
		add(fmt.Sprint("goes ", i), answers.URL)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended, ticker := make(chan struct{}), time.NewTicker(20*time.Millisecond)
	defer ticker.Stop()
	go func() {
		o.Work(ctx, ticker.C, func(ctx context.Context, t outbox.Task) error {
			return s.Send(ctx, Delivery{ID: t.ID, URL: t.What["to"], Body: []byte("{}")})
		})
		close(ended)
	}()
	seen := map[string]bool{}
	for range many {
		seen[<-got] = true
	}
	require.Len(t, seen, many)
	require.LessOrEqual(t, hanging.Load(), int64(Slots/2))
	stop()
	close(release)
	<-ended
}

func TestTheSlotsOfAReceiverDependOnHowItAnswers(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := newLanes(func() time.Time { return now })
	// fill takes what slots there are, lets them go after a while, and says how many there were.
	fill := func(host string, took time.Duration, late bool) int {
		var leaves []func(bool)
		for {
			leave, err := l.enter(host)
			if err != nil {
				break
			}
			leaves = append(leaves, leave)
		}
		now = now.Add(took)
		for _, leave := range leaves {
			leave(late)
		}
		return len(leaves)
	}
	require.Equal(t, unknown, fill("a", time.Millisecond, false))
	require.Equal(t, quick, fill("a", 2*time.Second, false))
	require.Equal(t, slow, fill("a", 10*time.Second, true))
	require.Equal(t, unknown, fill("b", 10*time.Second, true))
	require.Equal(t, slow, fill("b", time.Millisecond, false))
	require.Equal(t, quick, fill("b", time.Millisecond, true))
	require.Equal(t, slow, fill("b", time.Millisecond, false))
}

// Whoever finds no slot is given a turn behind those who came before, and not one that is too far away.
func TestALineBeforeAReceiver(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := newLanes(func() time.Time { return now })
	leave, err := l.enter("a")
	require.NoError(t, err)
	now = now.Add(10 * time.Second)
	leave(true)
	for range slow {
		_, err = l.enter("a")
		require.NoError(t, err)
	}
	turn := func() time.Duration {
		_, err := l.enter("a")
		var later *outbox.LaterError
		require.True(t, errors.As(err, &later))
		return later.At.Sub(now)
	}
	require.Equal(t, 5*time.Second, turn())
	require.Equal(t, 10*time.Second, turn())
	for range 1000 {
		turn()
	}
	require.Equal(t, farthest, turn())
	_, err = l.enter("b")
	require.NoError(t, err)
}
