package roles

import (
	"time"

	"usher/auth"
	"usher/internal/store"
)

// A Cause is how somebody lost the right to issue, as a stable word.
type Cause string

// The causes.
const (
	Removed Cause = "removed"
	Left    Cause = "left"
	Banned  Cause = "banned"
	Demoted Cause = "demoted"
	Deleted Cause = "deleted" // his account
)

// A Loss says why what somebody has issued is void.
type Loss struct {
	Cause Cause     `store:"why"`
	From  string    `store:"from"` // "space" or "room"
	By    string    `store:"by"`
	At    time.Time `store:"lost"`
}

const (
	fromSpace = "space"
	fromRoom  = "room"
)

// lossKept is longer than anything can be listed that was void before it ended; what was prolonged since has no reason.
const lossKept = 45 * 24 * time.Hour

// LossKey is where it lies why an epoch is over, in the place of auth.EpochKey.
func LossKey(partition, epoch string) store.Key {
	return store.Key{Partition: partition, Kind: "loss", ID: epoch}
}

func (s *Spaces) loss(cause Cause, from, by string) Loss { return Loss{cause, from, by, s.auth.Now()} }

// taken is the loss of a role by whoever takes it, or gives up his own.
func (s *Spaces) taken(from, by, user string) Loss {
	if by == user {
		return s.loss(Left, from, by)
	}
	return s.loss(Removed, from, by)
}

// voids ends an epoch, and leaves behind why.
func (l Loss) voids(place, epoch string) []store.Write {
	writes := []store.Write{store.Delete(auth.EpochKey(place, epoch))}
	if epoch == "" || l.Cause == "" {
		return writes
	}
	key := LossKey(place, epoch)
	return append(writes, store.Set(key, store.Fields(l)), store.Collect(key, l.At.Add(lossKept)))
}
