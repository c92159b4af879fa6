package invites

import (
	"context"
	"errors"
	"time"

	"usher/auth"
	"usher/internal/store"
)

// A QuotaError says that a user, or his workspace, has had as many mails sent today as it may. The day is that of UTC.
type QuotaError struct{ Wait time.Duration } // until the next one

func (e *QuotaError) Error() string { return "invites: the day's mails are used up" }

const aDay = 24 * time.Hour

// A charge is a mail that counts towards the day's quotas of who has it sent. Mails that people need to come in by (to
// recover, to verify, to sign up) do not count.
type charge struct {
	mail, workspace, user string
	day                   time.Time
}

func (d *Desk) charge(who auth.Identity, mail string) charge {
	return charge{mail, who.Workspace, who.ID, d.auth.Now().Truncate(aDay)}
}

func (c charge) key(kind, id string) store.Key {
	return store.Key{Partition: "q:" + c.workspace, Kind: kind, ID: id}
}

// counts are the records that it counts on: of the user, and of the workspace.
func (c charge) counts() (user, workspace store.Key) {
	day := store.Millis(c.day)
	return c.key("mails", day+"/"+c.user), c.key("mails", day)
}

// pay counts a mail, once, where the quotas allow it. It returns a QuotaError.
func (d *Desk) pay(ctx context.Context, c charge) error {
	user, workspace := c.counts()
	paid, gone := c.key("mail", c.mail), c.day.Add(2*aDay)
	result, err := d.auth.Apply(ctx, store.Tx{
		If: []store.Cond{store.Absent(paid), store.Below(user, "sent", d.set.MailPerUser), store.Below(workspace, "sent", d.set.MailPerWorkspace)},
		Do: []store.Write{
			store.Set(paid, store.Record{"user": c.user}), store.Collect(paid, gone),
			store.Add(user, "sent", 1), store.Collect(user, gone), store.Add(workspace, "sent", 1), store.Collect(workspace, gone),
		},
	})
	if err == nil && result.Refused > 1 {
		err = &QuotaError{c.day.Add(aDay).Sub(d.auth.Now())}
	}
	return err
}

// repay is the end of what was paid for: where that failed the mail counts no more. What became of an unavailable store
// nobody knows, and so it counts.
func (d *Desk) repay(ctx context.Context, c charge, failure error) error {
	if failure == nil || errors.Is(failure, store.ErrUnavailable) {
		return failure
	}
	user, workspace := c.counts()
	paid := c.key("mail", c.mail)
	_, err := d.auth.Apply(context.WithoutCancel(ctx), store.Tx{
		If: []store.Cond{store.Present(paid)},
		Do: []store.Write{store.Delete(paid), store.Add(user, "sent", -1), store.Add(workspace, "sent", -1)},
	})
	return errors.Join(failure, err)
}
