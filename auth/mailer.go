package auth

import (
	"context"
	"time"

	"usher/internal/mail"
	"usher/internal/outbox"
)

// A writer writes the mail of a task when it is sent, and none, without To, where it is of no use any more. It returns
// ErrOvertaken, and is asked again then.
type writer = func(context.Context, outbox.Task) (mail.Message, error)

// A Mailer sends mails that another package writes, from a queue of their own: however many wait there, nobody who has
// forgotten his password waits behind them.
type Mailer struct {
	*outbox.Outbox // nil where no mail is sent
	auth           *Authority
	write          writer
}

// Mailer opens the queue of a name, [a-z0-9]+.
func (a *Authority) Mailer(queue string, write func(context.Context, outbox.Task) (mail.Message, error)) *Mailer {
	m := &Mailer{auth: a, write: write}
	if a.set.Mail != nil {
		m.Outbox = a.Queue(queue)
	}
	return m
}

// Queue opens the queue of a name, [a-z0-9]+, for what is to be done later, or elsewhere.
func (a *Authority) Queue(name string) *outbox.Outbox {
	return outbox.New(a.Store, name, a.Now, a.NewID, a.log)
}

// Ready returns ErrMailOff where no mail is sent, and nothing may be added.
func (m *Mailer) Ready() error {
	if m.Outbox == nil {
		return ErrMailOff
	}
	return nil
}

// Deliver is DeliverMail for this queue.
func (m *Mailer) Deliver(ctx context.Context, wake <-chan time.Time) {
	if m.Outbox != nil {
		m.Work(ctx, wake, func(ctx context.Context, t outbox.Task) error { return m.auth.dispatch(ctx, t, m.write) })
	}
}

// dispatch writes and sends the mail of a task.
func (a *Authority) dispatch(ctx context.Context, t outbox.Task, write writer) error {
	var m mail.Message
	err := Settle(func() (err error) {
		m, err = write(ctx, t)
		return err
	})
	if err != nil || m.To == "" {
		return err
	}
	m.ID, m.Now = t.ID, a.Now()
	return a.set.Mail.Send(ctx, m)
}

// PageURL is where a page for people is found, as the links of mails lead to it: a path under the installation's own
// address, or that of the front end which stands in its place.
func (a *Authority) PageURL(path string) string { return a.set.PagesURL + path }
