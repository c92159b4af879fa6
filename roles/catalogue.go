package roles

import (
	"context"
	"strings"

	"usher/auth"
	"usher/internal/store"
)

// The rooms of a default space are looked for by their name and by whether they are closed, and counted. So each stands
// in a catalogue of the space under all that it may be looked for by. What it is is said by the room alone: entries of a
// change come before it under a listing of their own, and those of the listing before go after it. An entry that a
// server left behind which stopped between the two is counted, and shows nothing.

func catalogueOf(space string) store.Key { return index("s:"+space, "catalogue") }

// A RoomFilter chooses rooms; what is zero chooses all.
type RoomFilter struct {
	Name   string // exactly
	Closed *bool
}

// prefix is what begins the entries of the rooms that the filter chooses.
func (f RoomFilter) prefix() string {
	prefix := ""
	if f.Name != "" {
		prefix = "name/" + auth.Hash("name", f.Name) + "/"
	}
	switch {
	case f.Closed == nil:
		return prefix + "all/"
	case *f.Closed:
		return prefix + "closed/"
	}
	return prefix + "open/"
}

// entries are those of a room, in the order of time under each prefix.
func (r Room) entries() []string {
	closed, at := !r.Closed.IsZero(), auth.ByTime(r.Created, r.ID)+"/"+r.Listing
	var entries []string
	for _, f := range []RoomFilter{{}, {Closed: &closed}, {Name: r.Name}, {Name: r.Name, Closed: &closed}} {
		entries = append(entries, f.prefix()+at)
	}
	return entries
}

// catalogued are the writes that put a room in the catalogue or, by store.Remove, out of it.
func (r Room) catalogued(write func(store.Key, string) store.Write) []store.Write {
	if r.Listing == "" {
		return nil
	}
	var writes []store.Write
	for _, entry := range r.entries() {
		writes = append(writes, write(catalogueOf(r.Space), entry))
	}
	return writes
}

// rewrite makes of a room what it is now, with tx, and its entries in the catalogue with it. It writes nothing that is the
// same, for another may be changing that. It is auth.ErrOvertaken where tx is refused.
func (s *Spaces) rewrite(ctx context.Context, was, now Room, tx store.Tx) error {
	ctx, key := context.WithoutCancel(ctx), auth.RoomKey(was.ID) // who hangs up leaves no entries behind
	if was.Listing != "" {
		now.Listing = s.auth.NewID()
	}
	tx.Do = append(tx.Do, store.Set(key, store.Fields(now).Without(store.Fields(was))))
	if was.Listing == "" {
		return s.auth.Change(ctx, tx)
	}
	if _, err := s.auth.Apply(ctx, store.Tx{Do: now.catalogued(store.Insert)}); err != nil {
		return err
	}
	tx.If, tx.Read = append(tx.If, store.Equal(key, "listing", was.Listing)), []store.Key{key}
	result, err := s.auth.Apply(ctx, tx)
	if err != nil { // and whether it was made is not known
		return err
	}
	listing := now.Listing
	if result.Refused != 0 {
		listing = result.Read[0]["listing"]
	}
	return s.relisted(ctx, was, now, listing)
}

// relisted leaves, of the listings before and after a change, only the one that the room has now. It has another where
// somebody else changed it: before this change or, when the reply to it was lost and it was tried again, after it.
func (s *Spaces) relisted(ctx context.Context, was, now Room, listing string) error {
	var stale []store.Write
	for _, room := range []Room{was, now} {
		if room.Listing != listing {
			stale = append(stale, room.catalogued(store.Remove)...)
		}
	}
	if _, err := s.auth.Apply(ctx, store.Tx{Do: stale}); err != nil || listing == now.Listing {
		return err
	}
	return auth.ErrOvertaken
}

// FindRooms are rooms of the default space that a filter chooses, the oldest first, and how many there are in all; for an
// API key, and for administrators and support by their office. It returns auth.ErrWrongToken for others.
func (s *Spaces) FindRooms(ctx context.Context, who auth.Identity, f RoomFilter, in auth.Slice) ([]Room, int, error) {
	if who.Kind != auth.Key && !who.Office {
		return nil, 0, auth.ErrWrongToken
	}
	st, _, err := s.InSpace(ctx, who, who.Workspace)
	if err != nil {
		return nil, 0, err
	}
	if f.Name != "" { // as names are kept
		if f.Name, err = auth.ShownName("name", f.Name); err != nil {
			return nil, 0, nil //nolint:nilerr // no room is called so
		}
	}
	prefix := f.prefix()
	entries, total, err := s.within(ctx, catalogueOf(st.Space.ID), prefix, in)
	if err != nil {
		return nil, 0, err
	}
	rooms, err := s.listed(ctx, st, entries, prefix)
	return rooms, total, err
}

// listed reads the rooms of some entries. One of another listing than the room's counts as nothing.
func (s *Spaces) listed(ctx context.Context, st Standing, entries []string, prefix string) ([]Room, error) {
	keys, listings := make([]store.Key, len(entries)), make([]string, len(entries))
	for i, entry := range entries {
		id, listing, _ := strings.Cut(auth.IDOf(strings.TrimPrefix(entry, prefix)), "/")
		keys[i], listings[i] = auth.RoomKey(id), listing
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	rooms := []Room{}
	for i, rec := range recs {
		room := Room{ID: keys[i].ID, Role: RoomOwner}
		if err := rec.Load(&room); err != nil {
			return nil, err
		}
		if room.Listing == listings[i] && room.Workspace == st.Workspace && room.Ended.IsZero() {
			rooms = append(rooms, room)
		}
	}
	return rooms, nil
}
