package auth

import (
	"context"
	"time"

	"usher/internal/store"
)

// seen notes that a user was seen, in a transaction of his partition that writes anyway.
func seen(user string, now time.Time) store.Write {
	return store.Set(UserKey(user), store.Record{"seen": store.Millis(now)})
}

// Seen notes that a user was seen, with writes in his partition that say where. A user who is gone is not seen.
func (a *Authority) Seen(ctx context.Context, who Identity, writes ...store.Write) error {
	_, err := a.Apply(ctx, store.Tx{
		If: []store.Cond{store.Present(UserKey(who.ID)), store.Equal(UserKey(who.ID), "ended", "")},
		Do: append(writes, seen(who.ID, a.Now())),
	})
	return err
}
