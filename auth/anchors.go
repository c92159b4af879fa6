package auth

import (
	"time"

	"usher/internal/store"
)

// A session hangs on anchors: its user and its client, or its seat, link and lineage. It lives while all of them do,
// and so one write on an anchor ends every session that hangs on it. Anchors, wherever they are written, share these
// fields: "ended" (an instant: over for good), "paused" (an instant: over until the field is taken away) and "ends"
// (an instant: over from then on).

// UserKey is where a user's record lies. All of a user's own data shares its partition.
func UserKey(user string) store.Key { return store.Key{Partition: "u:" + user, Kind: "user", ID: user} }

// SessionKey is where a signed-in user's session lies.
func SessionKey(user, session string) store.Key {
	return store.Key{Partition: "u:" + user, Kind: "session", ID: session}
}

// StaffKey is where a user's role in the workspace lies.
func StaffKey(workspace, user string) store.Key {
	return store.Key{Partition: "w:" + workspace, Kind: "staff", ID: user}
}

// SpaceKey is where a space's record lies. Its members, invites and bans share its partition.
func SpaceKey(space string) store.Key {
	return store.Key{Partition: "s:" + space, Kind: "space", ID: space}
}

// RoomKey is where a room's record lies. Its roles, bans, links and seats share its partition.
func RoomKey(room string) store.Key { return store.Key{Partition: "r:" + room, Kind: "room", ID: room} }

// SeatKey is where a seat lies, and with it the one session that the seat has at a time.
func SeatKey(room, seat string) store.Key {
	return store.Key{Partition: "r:" + room, Kind: "seat", ID: seat}
}

// LinkKey is where an access link lies.
func LinkKey(room, link string) store.Key {
	return store.Key{Partition: "r:" + room, Kind: "link", ID: link}
}

// EpochKey is where a lineage lies: the standing record of one uninterrupted time in which someone could issue links
// or invites in the place that the partition belongs to. Whoever falls there loses it, and with it all that hangs on it.
func EpochKey(partition, epoch string) store.Key {
	return store.Key{Partition: partition, Kind: "epoch", ID: epoch}
}

// Alive reports whether what hangs on an anchor lives.
func Alive(anchor store.Record, now time.Time) bool {
	return anchor != nil && anchor["ended"] == "" && anchor["paused"] == "" &&
		(anchor["ends"] == "" || anchor.Int("ends") > now.UnixMilli())
}

// WhileAlive is Alive as conditions of a transaction.
func WhileAlive(anchor store.Key, now time.Time, ends bool) []store.Cond {
	conds := []store.Cond{store.Present(anchor), store.Equal(anchor, "ended", ""), store.Equal(anchor, "paused", "")}
	if ends {
		conds = append(conds, store.Above(anchor, "ends", now.UnixMilli()))
	}
	return conds
}
