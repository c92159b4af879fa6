package main

import (
	"context"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"usher/internal/store"
)

// redisFloor keeps each record as a hash. Its client is set up as usher's is.
type redisFloor struct{ client redis.UniversalClient }

const floorPrefix = "floor:"

func openRedisFloor(addr string) (*redisFloor, error) {
	client, err := store.RedisSettings{URL: addr}.Client(3)
	return &redisFloor{client}, err
}

func (f *redisFloor) read(ctx context.Context, keys ...string) ([]record, error) {
	replies := make([]*redis.MapStringStringCmd, len(keys))
	_, err := f.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range keys {
			replies[i] = p.HGetAll(ctx, floorPrefix+key)
		}
		return nil
	})
	recs := make([]record, len(keys))
	for i, reply := range replies {
		if fields := reply.Val(); len(fields) > 0 {
			recs[i] = fields
		}
	}
	return recs, err
}

func (f *redisFloor) put(ctx context.Context, entries []entry) error {
	for some := range slices.Chunk(entries, 1000) {
		_, err := f.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, e := range some {
				p.HSet(ctx, floorPrefix+e.key, map[string]string(e.record))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// run runs a script whose answer is 1 where it wrote.
func (f *redisFloor) run(ctx context.Context, script *redis.Script, keys []string, args ...any) error {
	for i, key := range keys {
		keys[i] = floorPrefix + key
	}
	done, err := script.Run(ctx, f.client, keys, args...).Int()
	if err == nil && done != 1 {
		err = errRefused
	}
	return err
}

var redeemScript = redis.NewScript(`
local link = redis.call('HMGET', KEYS[1], 'ended', 'paused', 'ends', 'left')
if link[1] or link[2] or not link[3] or tonumber(link[3]) <= tonumber(ARGV[1]) or tonumber(link[4]) <= 0 then return 0 end
local room = redis.call('HMGET', KEYS[2], 'ended', 'closed')
if room[1] or room[2] then return 0 end
local seated = redis.call('HGET', KEYS[3], 'sid')
if seated then return seated == ARGV[2] and 1 or 0 end
local ban = redis.call('HGET', KEYS[5], 'ends')
if ban and tonumber(ban) > tonumber(ARGV[1]) then return 0 end
if redis.call('EXISTS', KEYS[6]) == 0 then return 0 end
redis.call('HINCRBY', KEYS[1], 'left', -1)
redis.call('HSET', KEYS[3], 'sid', ARGV[2], 'gen', '1', 'rotated', ARGV[1], 'created', ARGV[1],
  'link', ARGV[4], 'name', ARGV[5], 'role', ARGV[6], 'permanent', '1')
redis.call('PEXPIREAT', KEYS[3], ARGV[3])
redis.call('ZADD', KEYS[4], 0, ARGV[7])
redis.call('PEXPIREAT', KEYS[4], ARGV[3])
redis.call('ZADD', KEYS[7], 0, ARGV[8])
redis.call('PEXPIREAT', KEYS[7], ARGV[3])
return 1`)

func (f *redisFloor) redeem(ctx context.Context, r redemption) error {
	return f.run(ctx, redeemScript,
		[]string{
			"link:" + r.link, "room:" + r.room, "seat:" + r.seat, "seats:" + r.link, "ban:" + r.seat, "epoch:" + r.lineage,
			"uses:" + r.link,
		},
		r.now.UnixMilli(), r.session, kept(r.ends), r.link, r.was["name"], r.was["role"], r.seat, r.line)
}

func (f *redisFloor) point(ctx context.Context, index, to string) error {
	return f.client.ZAdd(ctx, floorPrefix+index, redis.Z{Member: to}).Err()
}

var activateScript = redis.NewScript(`
local invite = redis.call('HMGET', KEYS[1], 'used', 'revoked', 'ends')
if invite[1] then return invite[1] == ARGV[2] and 1 or 0 end
if invite[2] or not invite[3] or tonumber(invite[3]) <= tonumber(ARGV[1]) then return 0 end
if redis.call('HGET', KEYS[2], 'ended') or redis.call('HGET', KEYS[3], 'role') then return 0 end
local ban = redis.call('HGET', KEYS[4], 'ends')
if ban and tonumber(ban) > tonumber(ARGV[1]) then return 0 end
if redis.call('EXISTS', KEYS[5]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'used', ARGV[2], 'usedAt', ARGV[1])
redis.call('HSET', KEYS[3], 'role', ARGV[3], 'epoch', ARGV[4], 'since', ARGV[1])
redis.call('ZADD', KEYS[6], 0, ARGV[2])
redis.call('HSET', KEYS[7], 'user', ARGV[2])
redis.call('ZADD', KEYS[8], 0, ARGV[5])
redis.call('PEXPIREAT', KEYS[8], ARGV[6])
return 1`)

func (f *redisFloor) activate(ctx context.Context, a activation) error {
	return f.run(ctx, activateScript,
		[]string{
			"invite:" + a.invite, "space:" + a.space, "member:" + a.space + ":" + a.user, "ban:" + a.space + ":" + a.user,
			"epoch:" + a.lineage, "members:" + a.space, "epoch:" + a.epoch, "uses:" + a.invite,
		},
		a.now.UnixMilli(), a.user, a.role, a.epoch, a.line, kept(a.ends))
}

var refreshScript = redis.NewScript(`
local session = redis.call('HMGET', KEYS[1], 'gen', 'ended', 'paused', 'ends')
if session[1] ~= ARGV[2] or session[2] or session[3] or tonumber(session[4]) <= tonumber(ARGV[1]) then return 0 end
local user = redis.call('HMGET', KEYS[2], 'epoch', 'ended', 'paused')
if user[1] ~= ARGV[3] or user[2] or user[3] then return 0 end
redis.call('HSET', KEYS[1], 'gen', ARGV[4], 'rotated', ARGV[1], 'ends', ARGV[5])
redis.call('ZADD', KEYS[3], 0, ARGV[7])
redis.call('ZREM', KEYS[3], ARGV[8])
redis.call('ZREMRANGEBYLEX', KEYS[3], '-', '(' .. ARGV[9])
redis.call('PEXPIREAT', KEYS[1], ARGV[6])
return 1`)

func (f *redisFloor) refresh(ctx context.Context, r rotation) error {
	return f.run(ctx, refreshScript, []string{"session:" + r.session, "user:" + r.user, "sessions:" + r.user},
		r.now.UnixMilli(), strconv.FormatInt(r.gen, 10), r.epoch, r.gen+1, r.ends.UnixMilli(), kept(r.ends),
		listed(r.ends, r.session), listed(r.was, r.session), listed(r.now.AddDate(0, 0, -7), ""))
}

var keepScript = redis.NewScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return 1 end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
redis.call('PEXPIREAT', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], 0, ARGV[2])
redis.call('ZREMRANGEBYLEX', KEYS[2], '-', '(' .. ARGV[3])
return 1`)

func (f *redisFloor) keep(ctx context.Context, h happening) error {
	args := []any{h.now.AddDate(0, monthsKept, 0).UnixMilli(), h.entry(), listed(h.now.AddDate(0, -monthsKept, 0), "")}
	for field, value := range h.fields {
		args = append(args, field, value)
	}
	return f.run(ctx, keepScript, []string{"event:" + h.workspace + ":" + h.id, "events:" + h.workspace}, args...)
}
