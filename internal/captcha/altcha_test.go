package captcha

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A desk makes and verifies challenges, by a clock that moves when it is told to.
type desk struct {
	*testing.T
	*Altcha
	ahead atomic.Int64
	away  atomic.Bool

	mu    sync.Mutex
	spent map[string]time.Time
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{T: t, spent: map[string]time.Time{}}
	key := []byte(rand.Text())
	d.Altcha = NewAltcha(8, func() [][]byte { return [][]byte{key} }, rand.Reader, func() time.Time { return noon.Add(time.Duration(d.ahead.Load())) }, d.mark)
	return d
}

func (d *desk) mark(_ context.Context, id string, until time.Time) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away.Load() {
		return false, errors.New("the store is away")
	}
	_, there := d.spent[id]
	d.spent[id] = until
	return !there, nil
}

func (d *desk) fresh() solved {
	d.Helper()
	c, err := d.Challenge()
	require.NoError(d, err)
	return solve(c)
}

func TestASolvedChallengeIsGoodOnceAndInTime(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token := d.fresh().token()
	late := d.fresh().token()
	d.ahead.Store(int64(life - time.Second))
	require.NoError(t, d.Verify(t.Context(), token, ""))
	require.ErrorIs(t, d.Verify(t.Context(), token, ""), ErrRefused, "once")
	require.Len(t, d.spent, 1)
	for _, until := range d.spent {
		require.True(t, until.Equal(noon.Add(life)), "the mark is needed no longer")
	}
	d.ahead.Store(int64(life))
	require.ErrorIs(t, d.Verify(t.Context(), late, ""), ErrRefused)
}

func TestOneOfManyUsesAChallenge(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token := d.fresh().token()
	var all sync.WaitGroup
	var won atomic.Int64
	for range 20 {
		all.Go(func() {
			if d.Verify(t.Context(), token, "") == nil {
				won.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, won.Load())
}

// Nothing that is not made here and solved is taken, and nothing of it is marked.
func TestWhatWasNotSolvedIsRefused(t *testing.T) {
	t.Parallel()
	d, other := newDesk(t), newDesk(t)
	whole := d.fresh()
	change := func(f func(*solved)) string {
		s := whole
		f(&s)
		return s.token()
	}
	for name, token := range map[string]string{
		"nothing": "", "garbage": "garbage", "null": base64.StdEncoding.EncodeToString([]byte("null")), "test mode": base64.StdEncoding.EncodeToString([]byte(`{"challenge":null,"solution":null,"test":true}`)),
		"another's":         other.fresh().token(),
		"a lower cost":      change(func(s *solved) { s.Challenge.Parameters.Cost = 1; *s = solve(s.Challenge) }),
		"no prefix":         change(func(s *solved) { s.Challenge.Parameters.KeyPrefix = "" }),
		"a shorter key":     change(func(s *solved) { s.Challenge.Parameters.KeyLength = 1 }),
		"a later end":       change(func(s *solved) { s.Challenge.Parameters.ExpiresAt++ }),
		"another nonce":     change(func(s *solved) { s.Challenge.Parameters.Nonce = strings.Repeat("00", nonceBytes) }),
		"another salt":      change(func(s *solved) { s.Challenge.Parameters.Salt = "" }),
		"another algorithm": change(func(s *solved) { s.Challenge.Parameters.Algorithm = "SHA-1" }),
		"no signature":      change(func(s *solved) { s.Challenge.Signature = "" }),
		"another counter":   change(func(s *solved) { s.Solution.Counter++ }),
		"a great counter":   change(func(s *solved) { s.Solution.Counter += 1 << 32 }),
		"below zero":        change(func(s *solved) { s.Solution.Counter = -1 }),
		"another key":       change(func(s *solved) { s.Solution.DerivedKey = "00" + strings.Repeat("11", 31) }),
		"too long":          whole.token() + strings.Repeat("A", longest),
	} {
		require.ErrorIs(t, d.Verify(t.Context(), token, ""), ErrRefused, name)
	}
	require.Empty(t, d.spent)
	d.away.Store(true)
	require.ErrorIs(t, d.Verify(t.Context(), whole.token(), ""), ErrUnavailable)
	d.away.Store(false)
	require.NoError(t, d.Verify(t.Context(), whole.token(), ""))
}

// Whatever a stranger sends is refused, and costs next to nothing.
func FuzzAltcha(f *testing.F) {
	a := NewAltcha(Recommended, func() [][]byte { return [][]byte{make([]byte, 32)} }, rand.Reader, func() time.Time { return noon }, func(context.Context, string, time.Time) (bool, error) {
		return true, nil
	})
	c, err := a.Challenge()
	require.NoError(f, err)
	raw, err := json.Marshal(solved{Challenge: c})
	require.NoError(f, err)
	f.Add(raw)
	f.Add([]byte(`{"challenge":{"parameters":{"cost":9999999999},"signature":""}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		err := a.Verify(t.Context(), base64.StdEncoding.EncodeToString(raw), "")
		require.ErrorIs(t, err, ErrRefused)
	})
}
