package auth

import (
	"context"
	"time"

	"usher/internal/store"
)

// seldom is how often it is noted at most that a user was seen.
const seldom = time.Hour

// noteSeen notes that a user, as he was read, is seen, in a transaction that writes in his partition anyway.
func noteSeen(id string, user store.Record, now time.Time) []store.Write {
	if now.Sub(user.Time("seen")) < seldom {
		return nil
	}
	return []store.Write{store.Set(UserKey(id), store.Record{"seen": store.Millis(now)})}
}

// Seen notes that a user is seen, with writes in his partition that say where. Of a user who is gone nothing is noted.
func (a *Authority) Seen(ctx context.Context, who Identity, writes ...store.Write) error {
	_, err := a.Apply(ctx, store.Tx{
		If: []store.Cond{store.Present(UserKey(who.ID)), store.Equal(UserKey(who.ID), "ended", "")},
		Do: append(writes, noteSeen(who.ID, nil, a.Now())...),
	})
	return err
}
