package invites

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"usher/auth"
	"usher/internal/store"
	"usher/roles"
)

// MaxRows is how many may be invited at once.
const MaxRows = 1000

// atATime is how many rows are worked on at once: enough that the syncs of a file are shared.
const atATime = 32

// NewInvites are many invites, each for one address, which are mailed.
type NewInvites struct {
	Rows []Row
	TTL  time.Duration // as of a NewInvite, like Note
	Note string
}

// A Row is one of them.
type Row struct {
	Email, Name string
	Role        roles.Role
}

// A RowOutcome is what became of a row.
type RowOutcome string

// The outcomes.
const (
	RowCreated RowOutcome = "created"
	RowPending RowOutcome = "pending" // the address had an invite that waits, by an earlier request say
	RowMember  RowOutcome = "member"  // its user has a role as high
	RowInvalid RowOutcome = "invalid" // Why is an auth.FieldError
	RowRefused RowOutcome = "refused" // Why is a QuotaError
)

// A RowResult is the answer to one row.
type RowResult struct {
	Outcome RowOutcome
	Invite  string // where there is one
	Why     error
}

// CreateInvites invites many, and mails the invites in the background; Progress says how far that is, by the id of the
// batch. Whoever repeats a request, because its reply was lost or it was stopped half-way, completes it, and creates
// nothing twice. Beside the refusals of the whole, auth.ErrMailOff among them, each row has its own.
func (d *Desk) CreateInvites(ctx context.Context, who auth.Identity, space string, in NewInvites) (batch string, rows []RowResult, err error) {
	if _, err := in.of(Row{Role: roles.SpaceUser}).checked(); err != nil {
		return "", nil, err
	}
	if len(in.Rows) > MaxRows {
		return "", nil, &auth.FieldError{Field: "/rows", Reason: "too many"}
	}
	st, err := d.mayInvite(ctx, who, space)
	if err == nil {
		err = d.mailer.Ready()
	}
	if err != nil {
		return "", nil, err
	}
	b := batchOf(who, space, in)
	if _, err := d.auth.Apply(ctx, store.Tx{Do: []store.Write{
		store.Set(b.key(), store.Record{"by": who.ID}), store.Collect(b.key(), st.Now.Add(batchKept)),
	}}); err != nil {
		return "", nil, err
	}
	rows, errs := make([]RowResult, len(in.Rows)), make([]error, len(in.Rows))
	in.each(func(i int) { rows[i], errs[i] = d.row(ctx, who, space, in.of(in.Rows[i]), b.line(i)) })
	return b.id, rows, errors.Join(errs...)
}

// of is the invite of a row.
func (in NewInvites) of(r Row) NewInvite {
	return NewInvite{Role: r.Role, TTL: in.TTL, Email: r.Email, Name: r.Name, Note: in.Note, Send: r.Email != ""}
}

// each calls do for every row, several at once, and for those of one address in their order.
func (in NewInvites) each(do func(i int)) {
	same, order := map[string][]int{}, []string{}
	for i, r := range in.Rows {
		name := auth.Spelled(r.Email)
		if same[name] == nil {
			order = append(order, name)
		}
		same[name] = append(same[name], i)
	}
	var all sync.WaitGroup
	places := make(chan struct{}, atATime)
	for _, name := range order {
		places <- struct{}{}
		all.Go(func() {
			for _, i := range same[name] {
				do(i)
			}
			<-places
		})
	}
	all.Wait()
}

// row invites one. The error is one of the whole request's.
func (d *Desk) row(ctx context.Context, who auth.Identity, space string, in NewInvite, at line) (RowResult, error) {
	if in.Email == "" {
		return RowResult{Outcome: RowInvalid, Why: &auth.FieldError{Field: "/email", Reason: "missing"}}, nil
	}
	in, err := in.checked()
	if err != nil {
		return RowResult{Outcome: RowInvalid, Why: err}, nil
	}
	role, err := d.roleOf(ctx, who, space, in.Email)
	if err != nil {
		return RowResult{}, err
	}
	if role.Rank() >= in.Role.Rank() {
		return RowResult{Outcome: RowMember}, nil
	}
	in.at = at
	made, err := d.CreateInvite(ctx, who, space, in)
	if pending, ok := errors.AsType[*PendingError](err); ok {
		return RowResult{Outcome: RowPending, Invite: pending.Invite}, nil
	}
	if _, over := errors.AsType[*QuotaError](err); over {
		return RowResult{Outcome: RowRefused, Why: err}, nil
	}
	return RowResult{Outcome: RowCreated, Invite: made.ID}, err
}

// roleOf is the role that whoever has verified an address has in a space, if there is such a user.
func (d *Desk) roleOf(ctx context.Context, who auth.Identity, space, email string) (roles.Role, error) {
	user, err := d.auth.FindUser(ctx, who, email, "")
	if errors.Is(err, auth.ErrNotFound) || err == nil && !user.EmailVerified {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return d.spaces.RoleIn(ctx, space, user.ID)
}

// A batch is a request for many invites: the same request by the same user is the same one.
type batch struct{ id, space string }

// batchKept is how long its progress can be asked for: no longer than the outbox knows of what it could not do.
const batchKept = MaxInviteTTL

func batchOf(who auth.Identity, space string, in NewInvites) batch {
	parts := []string{"invites", who.ID, space, in.TTL.String(), in.Note}
	for _, r := range in.Rows {
		parts = append(parts, r.Email, string(r.Role), r.Name)
	}
	return batch{auth.Hash(parts...), space}
}

func (b batch) key() store.Key { return store.Key{Partition: "s:" + b.space, Kind: "batch", ID: b.id} }

// lines lists the mails of a batch, by their rows: of one that has several, because its invite had ended before the
// request came once more, the last one counts.
func (b batch) lines() store.Key { return byEnd("s:"+b.space, "batch:"+b.id) }

// A line is the place of a row in its batch.
type line struct {
	batch
	row int
}

func (b batch) line(row int) line { return line{b, row} }

// lists are the writes that put an invite's mail there.
func (l line) lists(in Invite) []store.Write {
	if l.id == "" {
		return nil
	}
	entry := fmt.Sprintf("%04d/%s/%s", l.row, auth.ByTime(in.Created, in.ID), in.Mail)
	return []store.Write{store.Insert(l.lines(), entry), store.CollectIndex(l.lines(), in.Created.Add(batchKept))}
}

// Progress is how many mails of a batch were handed over, cannot be, and wait.
type Progress struct{ Total, Sent, Failed, Waiting int }

// Progress says how far the mails of a batch are, to those who may invite. It returns ErrBatchNotFound, also a month
// after the request.
func (d *Desk) Progress(ctx context.Context, who auth.Identity, space, id string) (p Progress, err error) {
	if _, err := d.mayInvite(ctx, who, space); err != nil {
		return p, err
	}
	b := batch{id, space}
	recs, err := d.auth.Store.Get(ctx, b.key())
	if err != nil {
		return p, err
	}
	if recs[0] == nil {
		return p, ErrBatchNotFound
	}
	last := map[string]string{} // by row: the invite and its mail
	page := store.Page{Limit: MaxRows}
	for {
		entries, err := d.auth.Store.List(ctx, b.lines(), page)
		if err != nil {
			return p, err
		}
		for _, entry := range entries {
			row, rest, _ := strings.Cut(entry, "/")
			_, last[row], _ = strings.Cut(rest, "/")
			page.After = entry
		}
		if len(entries) < page.Limit {
			break
		}
	}
	return d.progress(ctx, space, last)
}

func (d *Desk) progress(ctx context.Context, space string, mails map[string]string) (p Progress, err error) {
	var keys []store.Key
	var tasks []string
	for _, both := range mails {
		invite, mail, _ := strings.Cut(both, "/")
		keys, tasks = append(keys, inviteKey(space, invite)), append(tasks, mail)
	}
	p.Total = len(tasks)
	// First what is not in the queue yet: it could get there, and be sent, in between.
	recs, err := d.auth.Store.Get(ctx, keys...)
	if err != nil {
		return p, err
	}
	left, err := d.mailer.Left(ctx, tasks...)
	if err != nil {
		return p, err
	}
	for i, rec := range recs {
		posting, _ := strconv.ParseBool(rec["posting"])
		switch dead, there := left[tasks[i]]; {
		case dead:
			p.Failed++
		case there || posting && rec["mail"] == tasks[i]:
			p.Waiting++
		default:
			p.Sent++
		}
	}
	return p, nil
}
