package invites

import (
	"context"
	"errors"
	"time"

	"usher/auth"
	"usher/internal/store"
)

// A QuotaError says that a user, or his workspace, has had as many mails sent today as it may, or that an address has
// been sent as many. The day is that of UTC.
type QuotaError struct{ Wait time.Duration } // until the next one

func (e *QuotaError) Error() string { return "invites: the day's mails are used up" }

const aDay = 24 * time.Hour

// MailsPerAddress is how many invites a workspace mails to one address in a day: who is invited, and taken back, again
// and again is not to have his mailbox filled, whoever does it.
const MailsPerAddress = 10

// A charge is a mail that counts towards the day's quotas of who has it sent, and of whom it is sent to. Mails that people
// need to come in by (to recover, to verify, to sign up) do not count.
type charge struct {
	mail, workspace, user, to string
	day                       time.Time
}

func (d *Desk) charge(who auth.Identity, mail, email string) charge {
	to := auth.Hash("mailbox", auth.Mailbox(email))
	return charge{mail, who.Workspace, who.ID, to, d.auth.Now().Truncate(aDay)}
}

func (c charge) key(kind, id string) store.Key {
	return store.Key{Partition: "q:" + c.workspace, Kind: kind, ID: id}
}

// counts are the records that it counts on, each with how many it may reach: of the user, the workspace, the mailbox.
func (d *Desk) counts(c charge) map[store.Key]int64 {
	day := store.Millis(c.day)
	return map[store.Key]int64{
		c.key("mails", day+"/"+c.user): d.set.MailPerUser, c.key("mails", day): d.set.MailPerWorkspace,
		c.key("mailbox", day+"/"+c.to): MailsPerAddress,
	}
}

// pay counts a mail, once, where the quotas allow it. It returns a QuotaError.
func (d *Desk) pay(ctx context.Context, c charge) error {
	paid, gone := c.key("mail", c.mail), c.day.Add(2*aDay)
	tx := store.Tx{
		If: []store.Cond{store.Absent(paid)},
		Do: []store.Write{store.Set(paid, store.Record{"user": c.user}), store.Collect(paid, gone)},
	}
	for count, most := range d.counts(c) {
		tx.If = append(tx.If, store.Below(count, "sent", most))
		tx.Do = append(tx.Do, store.Add(count, "sent", 1), store.Collect(count, gone))
	}
	result, err := d.auth.Apply(ctx, tx)
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
	paid := c.key("mail", c.mail)
	tx := store.Tx{If: []store.Cond{store.Present(paid)}, Do: []store.Write{store.Delete(paid)}}
	for count := range d.counts(c) {
		tx.Do = append(tx.Do, store.Add(count, "sent", -1))
	}
	_, err := d.auth.Apply(context.WithoutCancel(ctx), tx)
	return errors.Join(failure, err)
}
