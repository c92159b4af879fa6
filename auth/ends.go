package auth

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"usher/internal/store"
)

// KeptAfterEnd is how long what has ended, or was deleted, is kept, to be told from what never was, and to be prolonged
// where that can be.
const KeptAfterEnd = 7 * 24 * time.Hour

// ByTime is an entry of an index that is in the order of time: an instant, and behind it an id.
func ByTime(t time.Time, id string) string { return fmt.Sprintf("%015d/%s", t.UnixMilli(), id) }

// IDOf is the id in an entry that ByTime wrote.
func IDOf(entry string) string {
	_, id, _ := strings.Cut(entry, "/")
	return id
}

// TimeOf is the instant in an entry that ByTime wrote.
func TimeOf(entry string) time.Time {
	millis, _, _ := strings.Cut(entry, "/")
	n, _ := strconv.ParseInt(millis, 10, 64)
	return time.UnixMilli(n).UTC()
}

// ListByEnd puts something that ends into a list in the order of ends, and drops from it what ended long ago.
func ListByEnd(list store.Key, ends time.Time, id string, now time.Time) []store.Write {
	return []store.Write{
		store.Insert(list, ByTime(ends, id)),
		store.Trim(list, ByTime(now.Add(-KeptAfterEnd), "")),
	}
}
