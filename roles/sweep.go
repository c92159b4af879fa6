package roles

import (
	"context"

	"usher/auth"
	"usher/internal/store"
)

// What was deleted is gone for everyone by its tombstone. Here is swept out what lay in it; nobody can see any more
// whether that was done.

// sweepSpace removes what lay in a deleted space. Invites are collected by themselves, but not their list.
func (s *Spaces) sweepSpace(ctx context.Context, space string) error {
	place := "s:" + space
	err := s.each(ctx, index(place, "rooms"), "", func(room string) error { return s.endRoom(ctx, space, room) })
	if err != nil {
		return err
	}
	for _, list := range []store.Key{index(place, "members"), formerOf(place)} {
		err := s.each(ctx, list, "", func(user string) error {
			if err := s.unpoint(ctx, spacesOf(user), space); err != nil {
				return err
			}
			return s.drop(ctx, list, memberKey(space, user))
		})
		if err != nil {
			return err
		}
	}
	if err := s.dropBans(ctx, place, "invites"); err != nil {
		return err
	}
	recs, err := s.auth.Store.Get(ctx, auth.SpaceKey(space)) // its tombstone
	if err != nil || recs[0] == nil {
		return err
	}
	return s.unpoint(ctx, spacesIn(recs[0]["workspace"]), auth.ByTime(recs[0].Time("created"), space))
}

// endRoom deletes a room of a deleted space, as it is when it goes: it may just have been made. One that is only about
// to be made finds the tombstone in its place.
func (s *Spaces) endRoom(ctx context.Context, space, id string) error {
	var room Room
	err := auth.Settle(func() error {
		recs, err := s.auth.Store.Get(ctx, auth.RoomKey(id))
		if err != nil {
			return err
		}
		room = Room{}
		if err := recs[0].Load(&room); err != nil {
			return err
		}
		room.ID, room.Space = id, space
		return s.auth.Change(ctx, store.Tx{If: room.asRead(), Do: room.ending(s.auth.Now())})
	})
	if err != nil {
		return err
	}
	return s.sweepRoom(ctx, room)
}

// sweepRoom removes what lay in a deleted room. Links and seats are collected by themselves, but not the links' list.
func (s *Spaces) sweepRoom(ctx context.Context, room Room) error {
	if _, err := s.auth.Apply(ctx, store.Tx{Do: []store.Write{store.Delete(aliasKey(room.Alias))}}); err != nil {
		return err
	}
	if err := s.sweepStays(ctx, room.ID); err != nil {
		return err
	}
	place := "r:" + room.ID
	list := index(place, "roles")
	if err := s.expect(ctx, list); err != nil {
		return err
	}
	err := s.each(ctx, list, "", func(user string) error {
		defer s.progress.step()
		if err := s.unpoint(ctx, roomsOf(user), room.Space+"/"+room.ID); err != nil {
			return err
		}
		return s.drop(ctx, list, roleKey(room.ID, user))
	})
	if err != nil {
		return err
	}
	if err := s.dropBans(ctx, place, "links"); err != nil {
		return err
	}
	_, err = s.auth.Apply(ctx, store.Tx{
		Do: append(room.catalogued(store.Remove), store.Remove(index("s:"+room.Space, "rooms"), room.ID)),
	})
	return err
}

// drop removes a tenure from a place that is gone, and last from its list.
func (s *Spaces) drop(ctx context.Context, list, key store.Key) error {
	recs, err := s.auth.Store.Get(ctx, key)
	if err != nil {
		return err
	}
	_, err = s.auth.Apply(ctx, store.Tx{Do: []store.Write{
		store.Delete(auth.EpochKey(key.Partition, recs[0]["epoch"])), store.Delete(key), store.Remove(list, key.ID),
	}})
	return err
}

// dropBans removes the bans of a place that is gone, and another list of what is collected there by itself.
func (s *Spaces) dropBans(ctx context.Context, place, other string) error {
	if _, err := s.auth.Apply(ctx, store.Tx{Do: []store.Write{store.Delete(index(place, other))}}); err != nil {
		return err
	}
	list := index(place, "bans")
	return s.each(ctx, list, "", func(entry string) error {
		_, err := s.auth.Apply(ctx, store.Tx{Do: []store.Write{store.Delete(BanKey(place, auth.IDOf(entry))), store.Remove(list, entry)}})
		return err
	})
}
