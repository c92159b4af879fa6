package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"usher/internal/redistest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// BenchmarkRedeem is the hottest transition of the product, by one caller and by a class at once; byHand is the same
// in a Lua script of its own, which is what the generality of Apply is to be measured against.
func BenchmarkRedeem(b *testing.B) {
	for _, callers := range []int{1, 64} {
		for name, open := range map[string]func(*testing.B) func(context.Context, int64) error{"bolt": onBolt, "redis": onRedis, "byHand": byHand} {
			b.Run(fmt.Sprintf("%s/%d", name, callers), func(b *testing.B) {
				redeem := open(b)
				var n atomic.Int64
				b.SetParallelism(max(1, callers/2)) // of two processors
				if callers == 1 {
					for b.Loop() {
						if err := redeem(b.Context(), n.Add(1)); err != nil {
							b.Fatal(err)
						}
					}
					return
				}
				b.ReportAllocs()
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						if err := redeem(b.Context(), n.Add(1)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			})
		}
	}
}

// BenchmarkApplyBesideAScript runs Apply and byHand in turn, so that what disturbs the machine disturbs both, and reports
// the median of how fast Apply is as a share of the script.
func BenchmarkApplyBesideAScript(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			apply, script := onRedis(b), byHand(b)
			var ratios []float64
			var n atomic.Int64
			for b.Loop() {
				ofScript := stretch(b, callers, &n, script)
				ofApply := stretch(b, callers, &n, apply)
				ratios = append(ratios, ofScript.Seconds()/ofApply.Seconds())
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "of-script")
			b.ReportMetric(0, "ns/op") // of a pair of stretches
		})
	}
}

// stretch is how long it takes so many callers to redeem a thousand times or so, together.
func stretch(b *testing.B, callers int, n *atomic.Int64, redeem func(context.Context, int64) error) time.Duration {
	b.Helper()
	var wait sync.WaitGroup
	start := time.Now()
	for range callers {
		wait.Go(func() {
			for range 1024 / callers {
				if err := redeem(b.Context(), n.Add(1)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	return time.Since(start)
}

func onBolt(b *testing.B) func(context.Context, int64) error {
	b.Helper()
	return redeemer(b, storetest.Bolt(b))
}

func onRedis(b *testing.B) func(context.Context, int64) error {
	b.Helper()
	return redeemer(b, storetest.Redis(b))
}

func redeemer(b *testing.B, s store.Store) func(context.Context, int64) error {
	b.Helper()
	room, seats := store.Key{Partition: "r:1", Kind: "room", ID: "1"}, store.Key{Partition: "r:1", Kind: "seats", ID: "1"}
	now := time.Now()
	_, err := s.Apply(b.Context(), store.Tx{Op: "made", Do: []store.Write{
		store.Set(room, store.Record{"name": "Lesson"}), store.Set(link, store.Record{"left": "1000000000", "role": "user", "ends": store.Millis(now.Add(time.Hour))}),
	}})
	if err != nil {
		b.Fatal(err)
	}
	return func(ctx context.Context, n int64) error {
		id := fmt.Sprintf("%024x", n)
		seat := store.Key{Partition: "r:1", Kind: "seat", ID: id}
		r, err := s.Apply(ctx, store.Tx{
			Op:   id,
			If:   []store.Cond{store.Absent(seat), store.Equal(room, "closed", ""), store.Equal(link, "revoked", ""), store.Above(link, "ends", now.UnixMilli()), store.Above(link, "left", 0)},
			Do:   []store.Write{store.Add(link, "left", -1), store.Set(seat, store.Record{"link": "1", "gen": "1"}), store.Insert(seats, id), store.Collect(seat, now.AddDate(0, 0, 8))},
			Read: []store.Key{link},
		})
		if err == nil && r.Refused != 0 {
			err = fmt.Errorf("refused by %d", r.Refused)
		}
		return err
	}
}

var handWritten = redis.NewScript(`
local link, seat = redis.call('HGETALL', KEYS[1]), KEYS[3]
if redis.call('EXISTS', seat) == 1 then return { 'seat' } end
if redis.call('HGET', KEYS[2], 'closed') then return { 'closed' } end
local f = redis.call('HMGET', KEYS[1], 'revoked', 'ends', 'left')
if f[1] then return { 'revoked' } end
if tonumber(f[2]) <= tonumber(ARGV[1]) then return { 'ended' } end
if tonumber(f[3]) <= 0 then return { 'used' } end
redis.call('HINCRBY', KEYS[1], 'left', -1)
redis.call('HSET', KEYS[1], 'op', ARGV[2])
redis.call('HSET', seat, 'link', '1', 'gen', '1', 'op', ARGV[2])
redis.call('ZADD', KEYS[4], 0, ARGV[2])
redis.call('PEXPIREAT', seat, ARGV[3])
return { 'ok', link }`)

func byHand(b *testing.B) func(context.Context, int64) error {
	b.Helper()
	client, err := store.RedisSettings{URL: redistest.URL(b), Timeout: 10 * time.Second}.Client(3)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	prefix, now := redistest.Prefix(b)+":{r:1}:", time.Now()
	if err := client.HSet(b.Context(), prefix+"link:1", "left", 1_000_000_000, "role", "user", "ends", now.Add(time.Hour).UnixMilli()).Err(); err != nil {
		b.Fatal(err)
	}
	return func(ctx context.Context, n int64) error {
		id := fmt.Sprintf("%024x", n)
		return handWritten.Run(ctx, client, []string{prefix + "link:1", prefix + "room:1", prefix + "seat:" + id, prefix + "seats/1"},
			now.UnixMilli(), id, now.AddDate(0, 0, 8).UnixMilli()).Err()
	}
}
