package audit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/redistest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

const (
	school = "60cb1fd41f46ac12ff0eec79"
	other  = "60cb1fd41f46ac12ff0eec7a"
)

// noon is near the present: the engines collect garbage by the clock on the wall.
var noon = time.Now().UTC().Truncate(time.Millisecond)

func onEach(t *testing.T, play func(t *testing.T, l *Log)) {
	t.Helper()
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		play(t, New(s, 24*time.Hour))
	})
}

func event(n int, kind Type) Event {
	return Event{ID: fmt.Sprintf("%024x", n), At: noon.Add(time.Duration(n) * time.Millisecond), Type: kind}
}

func (l *Log) filled(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		e := event(i, SignIn)
		if i%100 == 7 {
			e.Type, e.Subject = RoleGranted, "ann"
		}
		require.NoError(t, l.Append(t.Context(), school, e))
	}
}

func TestAnEventComesBackAsItWas(t *testing.T) {
	onEach(t, func(t *testing.T, l *Log) {
		whole := Event{
			ID: school, At: noon, Type: LinkRedeemed, ActorKind: "guest", Actor: "a", Session: "b", Subject: "c",
			Space: "d", Room: "e", Role: "user", Reason: "f", Address: "2001:db8::/64", RequestID: "g",
			UserAgent: strings.Repeat("Mozilla/5.0 é", 18),
		}
		require.NoError(t, l.Append(t.Context(), school, whole))
		events, next, err := l.List(t.Context(), school, Filter{}, "", 10)
		require.NoError(t, err)
		require.Empty(t, next)
		require.Equal(t, []Event{whole}, events)
		again := whole
		again.Type = SignIn
		require.NoError(t, l.Append(t.Context(), school, again), "as whoever repeats an operation")
		events, _, err = l.List(t.Context(), school, Filter{}, "", 10)
		require.NoError(t, err)
		require.Equal(t, []Event{whole}, events, "and it is there once, as it was first")
		for _, elsewhere := range []string{other, ""} {
			events, _, err = l.List(t.Context(), elsewhere, Filter{}, "", 10)
			require.NoError(t, err)
			require.Empty(t, events)
		}
	})
}

func TestAFilterThatChoosesFewIsReadInSteps(t *testing.T) {
	onEach(t, func(t *testing.T, l *Log) {
		l.filled(t, 1200)
		var got []string
		calls := 0
		for next := ""; ; {
			events, after, err := l.List(t.Context(), school, Filter{Type: RoleGranted}, next, 5)
			require.NoError(t, err)
			require.LessOrEqual(t, len(events), 5)
			for _, e := range events {
				got = append(got, e.ID)
			}
			calls++
			if next = after; next == "" {
				break
			}
		}
		require.Len(t, got, 12)
		require.Equal(t, 3, calls, "five, five, and two with the end")
		for i, id := range got {
			require.Equal(t, event(1107-100*i, "").ID, id, "the newest first, each once")
		}
		events, next, err := l.List(t.Context(), school, Filter{Subject: "nobody"}, "", 5)
		require.NoError(t, err)
		require.Empty(t, events)
		require.NotEmpty(t, next, "it looked at a thousand, and there are more")
		events, next, err = l.List(t.Context(), school, Filter{Subject: "nobody"}, next, 5)
		require.NoError(t, err)
		require.Empty(t, events)
		require.Empty(t, next)
	})
}

func TestEachPartOfAFilterChooses(t *testing.T) {
	onEach(t, func(t *testing.T, l *Log) {
		for i, e := range []Event{
			{Type: SignIn}, {Actor: "a"}, {Subject: "b"}, {Space: "c"}, {Room: "d"},
		} {
			e.ID, e.At = event(i, "").ID, event(i, "").At
			require.NoError(t, l.Append(t.Context(), school, e))
		}
		at := func(i int) time.Time { return event(i, "").At }
		for i, row := range []struct {
			Filter
			want []int
		}{
			{Filter{Type: SignIn}, []int{0}},
			{Filter{Actor: "a"}, []int{1}},
			{Filter{Subject: "b"}, []int{2}},
			{Filter{Space: "c"}, []int{3}},
			{Filter{Room: "d"}, []int{4}},
			{Filter{Since: at(3)}, []int{4, 3}},
			{Filter{Until: at(2)}, []int{1, 0}},
			{Filter{Since: at(1), Until: at(3)}, []int{2, 1}},
			{Filter{Actor: "a", Subject: "b"}, nil},
		} {
			events, _, err := l.List(t.Context(), school, row.Filter, "", 10)
			require.NoError(t, err)
			var got []int
			for _, e := range events {
				got = append(got, int(e.At.Sub(noon)/time.Millisecond))
			}
			require.Equal(t, row.want, got, i)
		}
	})
}

func TestWhatIsOldGoes(t *testing.T) {
	onEach(t, func(t *testing.T, l *Log) {
		for _, at := range []time.Time{noon.Add(-24 * time.Hour), noon.Add(-24*time.Hour + time.Minute), noon} {
			require.NoError(t, l.Append(t.Context(), school, Event{ID: instant(at), At: at, Type: SignIn}))
		}
		var kept []time.Time
		require.NoError(t, l.Since(t.Context(), school, time.Time{}, func(e Event) error {
			kept = append(kept, e.At)
			return nil
		}))
		require.Equal(t, []time.Time{noon.Add(-24*time.Hour + time.Minute), noon}, kept)
	})
}

func TestWhoeverFollowsGetsEachEventInOrder(t *testing.T) {
	onEach(t, func(t *testing.T, l *Log) {
		l.filled(t, 1100)
		n := 50
		require.NoError(t, l.Since(t.Context(), school, noon.Add(50*time.Millisecond), func(e Event) error {
			require.Equal(t, event(n, "").ID, e.ID)
			n++
			return nil
		}))
		require.Equal(t, 1100, n)
	})
}

func TestEveryTypeIsInTheTable(t *testing.T) {
	t.Parallel()
	said := map[Type]bool{}
	for _, row := range Types {
		require.NotEmpty(t, row.Says)
		require.False(t, said[row.Type], row.Type)
		require.Regexp(t, `^[a-z_]{1,40}$`, string(row.Type))
		said[row.Type] = true
	}
}
