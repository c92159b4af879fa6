package password

import (
	"context"
	"crypto/rand"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
)

var cheap = Params{Memory: 8, Passes: 1}

func hashed(t *testing.T, h *Hasher, pw string) Hash {
	t.Helper()
	hash, err := h.Hash(t.Context(), secret.New(pw))
	require.NoError(t, err)
	return hash
}

func verified(t *testing.T, h *Hasher, stored Hash, pw string) (ok, outdated bool) {
	t.Helper()
	ok, outdated, err := h.Verify(t.Context(), stored, secret.New(pw))
	require.NoError(t, err)
	return ok, outdated
}

func TestHashAndVerify(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheap, rand.Reader)
	stored := hashed(t, h, "pässword")
	require.Equal(t, "argon2id$v=19$m=8,t=1,p=1", stored.Params)
	for _, part := range []string{stored.Params, stored.Salt, stored.Sum} {
		require.LessOrEqual(t, len(part), 64)
	}
	for pw, right := range map[string]bool{
		"pässword":             true,
		"pa\u0308ssword":       true, // another keyboard's spelling
		"password":             false,
		"Pässword":             false,
		"pässword ":            false,
		"":                     false,
		strings.Repeat("x", 9): false,
	} {
		ok, outdated := verified(t, h, stored, pw)
		require.Equal(t, right, ok, "%q", pw)
		require.False(t, outdated)
	}
	require.NotEqual(t, stored, hashed(t, h, "pässword"), "a salt of its own")
}

// Made by another program, the argon2id of @noble/hashes 1.8.0.
var foreign = Hash{
	Params: "argon2id$v=19$m=19456,t=2,p=1",
	Salt:   "MDEyMzQ1Njc4OWFiY2RlZg", // 0123456789abcdef
	Sum:    "rk2Mi3E4dgRMg0fHaYaptWVZRKqs__6b6k3_nntqGJk",
}

func TestAHashOfAnotherProgram(t *testing.T) {
	t.Parallel()
	h := NewHasher(Recommended, rand.Reader)
	require.Equal(t, "argon2id$v=19$m=19456,t=2,p=1", Recommended.String())
	ok, outdated := verified(t, h, foreign, "correct horse")
	require.True(t, ok)
	require.False(t, outdated)
}

func TestOutdatedHashes(t *testing.T) {
	t.Parallel()
	now := Params{Memory: 16, Passes: 2}
	for p, expected := range map[Params]bool{
		now: false, {Memory: 16, Passes: 1}: true, {Memory: 8, Passes: 2}: true, {Memory: 32, Passes: 3}: false,
	} {
		stored := hashed(t, NewHasher(p, rand.Reader), "password")
		ok, outdated := verified(t, NewHasher(now, rand.Reader), stored, "password")
		require.True(t, ok)
		require.Equal(t, expected, outdated, p)
		_, outdated = verified(t, NewHasher(now, rand.Reader), stored, "passwort")
		require.False(t, outdated)
	}
}

// A record that someone has planted matches nothing, costs no more than any other, and is no error that tells it apart.
func TestPlantedHashes(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheap, rand.Reader)
	whole := hashed(t, h, "password")
	for name, spoil := range map[string]func(*Hash){
		"no hash":              func(s *Hash) { *s = Hash{} },
		"a terabyte":           func(s *Hash) { s.Params = "argon2id$v=19$m=1073741824,t=1,p=1" },
		"128 MiB":              func(s *Hash) { s.Params = "argon2id$v=19$m=131072,t=1,p=1" },
		"for ever":             func(s *Hash) { s.Params = "argon2id$v=19$m=8,t=4294967295,p=1" },
		"no pass":              func(s *Hash) { s.Params = "argon2id$v=19$m=8,t=0,p=1" },
		"many lanes":           func(s *Hash) { s.Params = "argon2id$v=19$m=8,t=1,p=255" },
		"a number with a sign": func(s *Hash) { s.Params = "argon2id$v=19$m=+8,t=1,p=1" },
		"more behind":          func(s *Hash) { s.Params += "x" },
		"another algorithm":    func(s *Hash) { s.Params = "argon2i$v=19$m=8,t=1,p=1" },
		"another version":      func(s *Hash) { s.Params = "argon2id$v=16$m=8,t=1,p=1" },
		"a salt too short":     func(s *Hash) { s.Salt = s.Salt[:8] },
		"a salt too long":      func(s *Hash) { s.Salt = strings.Repeat("A", 1<<20) },
		"a sum cut off":        func(s *Hash) { s.Sum = "" },
		"no base64":            func(s *Hash) { s.Sum = strings.Repeat("!", 43) },
	} {
		stored := whole
		spoil(&stored)
		before := allocated()
		ok, outdated := verified(t, h, stored, "password")
		require.False(t, ok, name)
		require.False(t, outdated, name)
		require.Less(t, allocated()-before, uint64(64<<20), name)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestAPasswordWithoutEnd(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheap, rand.Reader)
	_, err := h.Hash(t.Context(), secret.New(strings.Repeat("x", Longest+1)))
	require.ErrorIs(t, err, ErrTooLong)
	_, _, err = h.Verify(t.Context(), Hash{}, secret.New(strings.Repeat("x", Longest+1)))
	require.ErrorIs(t, err, ErrTooLong)
}

func TestTheQueueIsShortAndPatienceEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(cheap, rand.Reader)
		for range cap(h.turns) {
			h.turns <- struct{}{} // all are at work, and don't get ready
		}
		met := make(chan error, queue)
		began := time.Now()
		for range queue {
			go func() { met <- h.turn(t.Context()) }()
		}
		synctest.Wait()
		require.ErrorIs(t, h.turn(t.Context()), ErrBusy, "one too many")
		require.Zero(t, time.Since(began), "is told so at once")
		for range queue {
			require.ErrorIs(t, <-met, ErrBusy)
		}
		require.Equal(t, patient, time.Since(began))

		ctx, cancel := context.WithCancel(t.Context())
		go func() { met <- h.turn(ctx) }()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-met, context.Canceled, "who hangs up waits no more")

		go func() { met <- h.turn(t.Context()) }()
		synctest.Wait()
		<-h.turns
		require.NoError(t, <-met, "a turn that gets free is taken")
		require.Zero(t, h.waiting.Load())
	})
}

func TestMemoryIsGivenBackWhenItIsQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var given atomic.Int32
		h := newHasher(cheap, rand.Reader, func() { given.Add(1) })
		for range 3 {
			hashed(t, h, "password")
			<-time.After(quiet - 1)
			require.Zero(t, given.Load(), "there may be another one")
		}
		<-time.After(time.Nanosecond)
		synctest.Wait()
		require.EqualValues(t, 1, given.Load())
		<-time.After(time.Hour)
		require.EqualValues(t, 1, given.Load(), "once")
	})
}

func TestNoMoreHashesAtATimeThanProcessors(t *testing.T) {
	t.Parallel()
	require.Equal(t, runtime.GOMAXPROCS(0), cap(NewHasher(Recommended, rand.Reader).turns))
}

func BenchmarkHash(b *testing.B) {
	h := NewHasher(Recommended, rand.Reader)
	for b.Loop() {
		if _, err := h.Hash(b.Context(), secret.New("password")); err != nil {
			b.Fatal(err)
		}
	}
}
