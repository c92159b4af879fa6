package main

import (
	"bytes"
	"cmp"
	"context"
	"strconv"

	"go.etcd.io/bbolt"
)

func recordAt(b *bbolt.Bucket, key string) record { return unpacked(b.Get([]byte(key))) }

// due is under what a key is listed that is to be forgotten at an instant.
func due(at int64, key string) string { return "due:" + strconv.FormatInt(at, 10) + ":" + key }

func (f *fileFloor) redeem(_ context.Context, r redemption) error {
	return f.do(func(b *bbolt.Bucket) error {
		link, room := recordAt(b, "link:"+r.link), recordAt(b, "room:"+r.room)
		if !alive(r.now, link, room, recordAt(b, "epoch:"+r.lineage)) || number(link["left"]) < 1 || room["closed"] != "" ||
			b.Get([]byte("seat:"+r.seat)) != nil || b.Get([]byte("ban:"+r.seat)) != nil {
			return errRefused
		}
		link["left"] = strconv.FormatInt(number(link["left"])-1, 10)
		now := millisOf(r.now)
		seat := record{
			"sid": r.session, "gen": "1", "rotated": now, "created": now, "link": r.link,
			"name": link["name"], "role": link["role"], "permanent": "1",
		}
		return cmp.Or(
			putAll(b, entry{"link:" + r.link, link}, entry{"seat:" + r.seat, seat}),
			list(b, "seats:"+r.link+":"+r.seat, due(kept(r.ends), "seat:"+r.seat), due(kept(r.ends), "seats:"+r.link),
				"uses:"+r.link+":"+r.line, due(kept(r.ends), "uses:"+r.link)),
		)
	})
}

func (f *fileFloor) point(_ context.Context, index, to string) error {
	return f.do(func(b *bbolt.Bucket) error { return list(b, index+":"+to) })
}

func (f *fileFloor) activate(_ context.Context, a activation) error {
	return f.do(func(b *bbolt.Bucket) error {
		invite, member := recordAt(b, "invite:"+a.invite), "member:"+a.space+":"+a.user
		if !alive(a.now, invite, recordAt(b, "space:"+a.space), recordAt(b, "epoch:"+a.lineage)) || invite["used"] != "" ||
			b.Get([]byte(member)) != nil || b.Get([]byte("ban:"+a.space+":"+a.user)) != nil {
			return errRefused
		}
		invite["used"], invite["usedAt"] = a.user, millisOf(a.now)
		return cmp.Or(
			putAll(b, entry{"invite:" + a.invite, invite}, entry{"epoch:" + a.epoch, record{"user": a.user}},
				entry{member, record{"role": a.role, "epoch": a.epoch, "since": millisOf(a.now)}}),
			list(b, "members:"+a.space+":"+a.user, "uses:"+a.invite+":"+a.line, due(kept(a.ends), "uses:"+a.invite)),
		)
	})
}

func (f *fileFloor) refresh(_ context.Context, r rotation) error {
	return f.do(func(b *bbolt.Bucket) error {
		key, index := "session:"+r.session, "sessions:"+r.user+":"
		session, user := recordAt(b, key), recordAt(b, "user:"+r.user)
		if !alive(r.now, session, user) || number(session["gen"]) != r.gen || user["epoch"] != r.epoch {
			return errRefused
		}
		session["gen"], session["rotated"], session["ends"] = strconv.FormatInt(r.gen+1, 10), millisOf(r.now), millisOf(r.ends)
		return cmp.Or(
			putAll(b, entry{key, session}),
			b.Delete([]byte(index+listed(r.was, r.session))),
			b.Delete([]byte(due(kept(r.was), key))),
			list(b, index+listed(r.ends, r.session), due(kept(r.ends), key)),
			trim(b, index, listed(r.now.AddDate(0, 0, -7), "")),
		)
	})
}

func (f *fileFloor) keep(_ context.Context, h happening) error {
	return f.do(func(b *bbolt.Bucket) error {
		key, index := "event:"+h.workspace+":"+h.id, "events:"+h.workspace+":"
		if b.Get([]byte(key)) != nil {
			return nil
		}
		return cmp.Or(
			putAll(b, entry{key, h.fields}),
			list(b, index+h.entry(), due(h.now.AddDate(0, monthsKept, 0).UnixMilli(), key)),
			trim(b, index, listed(h.now.AddDate(0, -monthsKept, 0), "")),
		)
	})
}

// trim deletes the entries of an index that are less than one.
func trim(b *bbolt.Bucket, index, below string) error {
	c := b.Cursor()
	for k, _ := c.Seek([]byte(index)); bytes.HasPrefix(k, []byte(index)) && string(k) < index+below; k, _ = c.Seek([]byte(index)) {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}
