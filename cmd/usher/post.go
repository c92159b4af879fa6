package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"usher/auth"
	"usher/internal/loopback"
	"usher/internal/mail"
	"usher/internal/secret"
)

// post are the settings of the mails.
type post struct {
	SMTP       secret.String `name:"smtp" placeholder:"URL" help:"The server that sends our mail: smtp://user:password@host:587 with STARTTLS, or smtps://; ?tls=none does without. No mail is sent where none is given."`
	From       string        `name:"mail-from" placeholder:"ADDRESS" help:"Who our mails are from: Usher <usher@example.com>, say."`
	Templates  string        `name:"mail-templates" placeholder:"DIRECTORY" help:"Templates of mails, each in the place of the built-in one of its name."`
	AccountURL string        `name:"account-url" placeholder:"URL" help:"Where the links of mails lead, to /reset-password, /confirm-sign-up, /join-staff, /verify-email, /confirm-email, /undo-email and /invite/<space>/<invite> under it; <public-url> where none is given."`

	PerUser      int64 `name:"mail-per-user" default:"1000" placeholder:"N" help:"How many mails one user may have sent in a day (invites; what people need to come in by does not count). None where it is 0."`
	PerWorkspace int64 `name:"mail-per-workspace" default:"10000" placeholder:"N" help:"The same of all users of a workspace together."`
}

// check finds what no mail can be sent with.
func (m post) check() error {
	if m.PerUser < 0 || m.PerWorkspace < 0 {
		return errors.New("--mail-per-user, --mail-per-workspace: less than 0")
	}
	if m.SMTP.Empty() != (m.From == "") {
		return errors.New("--smtp, --mail-from: one needs the other")
	}
	templates, err := mail.NewTemplates("", m.Templates)
	if err != nil {
		return fmt.Errorf("--mail-templates: %w", err)
	}
	if m.SMTP.Empty() {
		return nil
	}
	server, err := mail.ParseServer(m.SMTP)
	if err != nil {
		return fmt.Errorf("--smtp: %w", err)
	}
	if _, err := mail.NewPost(server, m.From, templates); err != nil {
		return fmt.Errorf("--mail-from: %w", err)
	}
	return nil
}

// sender is what mails are sent by: nil where none are. Without a server they are written to the log where nobody but who
// develops can be meant: the public URL leads to this machine itself. check has found what is wrong.
func (s *serve) sender(p *program) (mail.Sender, error) {
	switch {
	case s.SMTP.Empty() && loopback.URL(s.PublicURL):
		return mail.Log{Logger: p.log}, nil
	case s.SMTP.Empty() && s.SignUp == auth.SignUpOpen:
		return nil, usageError{errors.New("--sign-up open: strangers sign up by mail, and --smtp is not set")}
	case s.SMTP.Empty():
		return nil, nil
	}
	templates, err := mail.NewTemplates(s.PublicURL, s.Templates)
	if err != nil {
		return nil, err
	}
	server, err := mail.ParseServer(s.SMTP)
	if err != nil {
		return nil, err
	}
	return mail.NewPost(server, s.From, templates)
}

// sayMailIsOff says so of a start that has succeeded; one that fails says nothing but why.
func (s *serve) sayMailIsOff(log *slog.Logger) {
	switch {
	case !s.SMTP.Empty():
	case loopback.URL(s.PublicURL):
		log.Warn("mail is off, because --smtp is not set: links are written to this log, because the public URL is on this machine")
	default:
		log.Warn("mail is off, because --smtp is not set: nobody can recover a password, verify or change an e-mail address")
	}
}

// look is how often it is looked whether something is to be done.
const look = time.Second

// delivery does what waits in some queues, mails say, until its context ends, and what was under way is done.
func delivery(queues ...func(context.Context, <-chan time.Time)) func(context.Context) {
	return func(ctx context.Context) {
		var all sync.WaitGroup
		for _, deliver := range queues {
			all.Go(func() {
				ticker := time.NewTicker(look)
				defer ticker.Stop()
				deliver(ctx, ticker.C)
			})
		}
		all.Wait()
	}
}
