package roles

import (
	"cmp"
	"context"
	"strings"

	"usher/auth"
	"usher/internal/store"
)

// regrade is every change of a role: the writes that make the tenure at key, which was had, the new one. Whoever rises
// or stays keeps his epoch; whoever falls loses it, and with it, at once, all that he issued there and is unspent or
// seated, unless keep says otherwise. What was kept hangs on the same epoch when he comes back, and falls with him then.
func (s *Spaces) regrade(key store.Key, had, now Tenure, keep bool, why Loss) []store.Write {
	place, user, list := key.Partition, key.ID, index(key.Partition, key.Kind+"s")
	now.Epoch, now.Since, now.Kept, now.Name = had.Epoch, had.Since, false, cmp.Or(now.Name, had.Name)
	var writes []store.Write
	if !had.passesOn(now, keep) {
		writes = why.voids(place, had.Epoch)
		now.Epoch = s.auth.NewID()
	} else if now.Role == "" {
		now.Kept = true
	}
	if had.Role == "" {
		now.Since = s.auth.Now()
	}
	switch {
	case now.Role != "":
		return append(writes, store.Set(key, store.Fields(now)), store.Insert(list, user),
			store.Set(auth.EpochKey(place, now.Epoch), store.Record{"user": user}))
	case now.Exit != "":
		return append(writes, store.Set(key, store.Fields(now.remains())), store.Remove(list, user), store.Insert(formerOf(place), user))
	case now.Kept: // listed, so that a deleted room is swept of it
		now.Exit = had.Exit
		return append(writes, store.Set(key, store.Fields(now.remains())))
	}
	return append(writes, store.Delete(key), store.Remove(list, user))
}

// passesOn reports whether what was issued in a tenure still stands in the next one.
func (t Tenure) passesOn(next Tenure, keep bool) bool {
	switch {
	case t.Role != "":
		return keep || next.Role.Rank() >= t.Role.Rank()
	case t.Kept:
		return keep || next.Role != ""
	}
	return false
}

// remains is what is left of a tenure without a role.
func (t Tenure) remains() Tenure {
	left := Tenure{Exit: t.Exit, Fall: t.Fall, Kept: t.Kept, Loss: t.Loss}
	if t.Kept {
		left.Epoch = t.Epoch
	}
	return left
}

// formerOf lists those who have left a space, or were kept out of it.
func formerOf(place string) store.Key { return index(place, "former") }

// sweep carries a member's fall into the rooms of the space: what he issued there is void, and so, if he is a member no
// more, are his roles, of which nothing is to stay. It follows the pointers, and may be stopped and repeated anywhere.
func (s *Spaces) sweep(ctx context.Context, space, user string, now Tenure, keep bool) error {
	if now.Fall == "" {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	err := s.each(ctx, roomsOf(user), space+"/", func(entry string) error {
		defer s.progress.step()
		return s.fallInRoom(ctx, entry, user, now.Fall != now.Exit, keep)
	})
	if err != nil {
		return err
	}
	key := memberKey(space, user)
	_, err = s.auth.Apply(ctx, store.Tx{ // refused: he fell again meanwhile, and that is someone else's to sweep
		If: []store.Cond{store.Equal(key, "fall", now.Fall)},
		Do: []store.Write{store.Set(key, store.Record{"fall": ""})},
	})
	return err
}

// fallInRoom takes away a role that an exit made void, and of someone demoted what he issued.
func (s *Spaces) fallInRoom(ctx context.Context, entry, user string, demoted, keep bool) error {
	space, room, _ := strings.Cut(entry, "/")
	key := roleKey(room, user)
	return auth.Settle(func() error {
		recs, err := s.auth.Store.Get(ctx, key, memberKey(space, user))
		if err != nil || recs[0] == nil {
			return err
		}
		var had, member Tenure
		if err := load(recs, &had, &member); err != nil {
			return err
		}
		var writes []store.Write
		switch {
		case had.Exit != member.Exit:
			writes = s.regrade(key, had, Tenure{}, keep, member.Loss)
		case demoted && !keep:
			writes = s.renewEpoch(key, had, member.Loss)
		default: // he came back, and got it since
			return nil
		}
		return s.auth.Change(ctx, store.Tx{If: had.still(key), Do: writes})
	})
}

// renewEpoch voids what someone issued in a place, and leaves him his role.
func (s *Spaces) renewEpoch(key store.Key, had Tenure, why Loss) []store.Write {
	epoch := s.auth.NewID()
	return append(why.voids(key.Partition, had.Epoch),
		store.Set(auth.EpochKey(key.Partition, epoch), store.Record{"user": key.ID}),
		store.Set(key, store.Record{"epoch": epoch}),
	)
}

// pages calls do for every page of an index of entries that begin with prefix.
func (s *Spaces) pages(ctx context.Context, of store.Key, prefix string, do func(entries []string) error) error {
	page := store.Page{Prefix: prefix, Limit: 200}
	for {
		entries, err := s.auth.Store.List(ctx, of, page)
		if err != nil || len(entries) == 0 {
			return err
		}
		if err := do(entries); err != nil {
			return err
		}
		page.After = entries[len(entries)-1]
	}
}

// each is pages, entry by entry.
func (s *Spaces) each(ctx context.Context, of store.Key, prefix string, do func(entry string) error) error {
	return s.pages(ctx, of, prefix, func(entries []string) error {
		for _, entry := range entries {
			if err := do(entry); err != nil {
				return err
			}
		}
		return nil
	})
}
