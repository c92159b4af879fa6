package invites

import (
	"context"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
)

// An Outcome says how a use went.
type Outcome string

// The outcomes. Again is a seat that the same browser has taken before; an invite that is repeated is no use.
const (
	Admitted Outcome = "admitted"
	Again    Outcome = "again"
	Refused  Outcome = "refused"
)

// A Use is one time that somebody came with a link or an invite.
type Use struct {
	ID      string
	At      time.Time
	Outcome Outcome
	Reason  string // of a refusal, the code of the answer
	Who     string // the seat, also one that was not given; of an invite the user
	Name    string // the user's, or of who was admitted by a link the link's
	Address string // as an audit.Origin has it
	Browser string // its family
}

// The ledger keeps who was let in for good: they are as many as the seats. Of all others, who may come as often as they
// like, it keeps so many, and up to ledgerSlack more: then the oldest go.
const (
	MaxOthers   = 10_000
	ledgerSlack = 1000
)

// A ledger is what is written down of the uses of a link or an invite: in the partition of what it is about, so that
// letting somebody in writes it too, and in one list, of which a line holds all that there is to say.
type ledger struct {
	about store.Key
	until time.Time // when it is collected, with what it is about
}

func (h hall) ledger() ledger { return ledger{h.token.key(), h.link.Ends.Add(auth.KeptAfterEnd)} }

func (in Invite) ledger(space string) ledger {
	return ledger{inviteKey(space, in.ID), in.Ends.Add(auth.KeptAfterEnd)}
}

func (l ledger) list() store.Key { return byEnd(l.about.Partition, "uses:"+l.about.ID) }

// others counts the lines of those who were not let in for the first time.
func (l ledger) others() store.Key {
	return store.Key{Partition: l.about.Partition, Kind: "uses", ID: l.about.ID}
}

// keep lets the ledger be collected when what it is about is.
func (l ledger) keep() []store.Write {
	return []store.Write{store.CollectIndex(l.list(), l.until), store.Collect(l.others(), l.until)}
}

// line writes a use down.
func (d *Desk) line(ctx context.Context, l ledger, u Use) []store.Write {
	from := audit.OriginOf(ctx)
	who, err := hex.DecodeString(u.Who)
	if err != nil {
		panic("invites: an id that is none")
	}
	id := base64url.EncodeToString(d.auth.Random(3)) // tells apart what comes in one millisecond
	word := u.Reason
	if u.Outcome == Again {
		word = again
	}
	entry := auth.ByTime(d.auth.Now(), strings.Join([]string{
		id, base64url.EncodeToString(who), word, from.Address, auth.Browser(from.UserAgent),
	}, "|"))
	return []store.Write{store.Insert(l.list(), entry), store.CollectIndex(l.list(), l.until)}
}

// again stands in a line where a refusal has its reason, and an admission nothing.
const again = "+"

// useOf reads a line.
func useOf(entry string) Use {
	var id, who string
	u, rest := Use{ID: auth.Hash("use", entry), Outcome: Refused}, auth.IDOf(entry)
	for _, into := range []*string{&id, &who, &u.Reason, &u.Address} {
		*into, rest, _ = strings.Cut(rest, "|")
	}
	u.Browser = rest
	at, _, _ := strings.Cut(entry, "/")
	millis, _ := strconv.ParseInt(at, 10, 64)
	u.At = time.UnixMilli(millis).UTC()
	raw, _ := base64url.DecodeString(who)
	u.Who = hex.EncodeToString(raw)
	switch u.Reason {
	case "":
		u.Outcome = Admitted
	case again:
		u.Outcome, u.Reason = Again, ""
	}
	return u
}

// enter is tx with a line about it; auth.ErrOvertaken where a condition fails.
func (d *Desk) enter(ctx context.Context, l ledger, tx store.Tx, u Use) error {
	tx.Do = append(tx.Do, d.line(ctx, l, u)...)
	if u.Outcome == Admitted {
		return d.auth.Change(ctx, tx)
	}
	tx.Do = append(tx.Do, store.Add(l.others(), "n", 1), store.Collect(l.others(), l.until)) // a lost reply may count twice
	tx.Read = append(tx.Read, l.others())
	result, err := d.auth.Apply(ctx, tx)
	switch {
	case err != nil:
		return err
	case result.Refused != 0:
		return auth.ErrOvertaken
	}
	if n := result.Read[0].Int("n") + 1; n > MaxOthers && n%ledgerSlack == 0 {
		return d.trim(ctx, l)
	}
	return nil
}

// turnAway writes a refusal down, while what it is about is there.
func (d *Desk) turnAway(ctx context.Context, l ledger, who, reason string) error {
	tx := store.Tx{If: []store.Cond{store.Present(l.about)}}
	err := d.enter(ctx, l, tx, Use{Outcome: Refused, Reason: reason, Who: who})
	if errors.Is(err, auth.ErrOvertaken) {
		return nil
	}
	return err
}

// trim takes out of the ledger, but for who was let in, what is older than the newest MaxOthers.
func (d *Desk) trim(ctx context.Context, l ledger) error {
	page, others := store.Page{Limit: 1000, Descending: true}, 0
	for {
		entries, err := d.auth.Store.List(ctx, l.list(), page)
		if err != nil || len(entries) == 0 {
			return err
		}
		var old []store.Write
		for _, entry := range entries {
			if useOf(entry).Outcome == Admitted {
				continue
			}
			if others++; others > MaxOthers {
				old = append(old, store.Remove(l.list(), entry))
			}
		}
		if _, err := d.auth.Apply(ctx, store.Tx{Do: old}); err != nil {
			return err
		}
		page.After = entries[len(entries)-1]
	}
}

// uses reads one page of a ledger, the newest first.
func (d *Desk) uses(ctx context.Context, l ledger, page auth.Page) ([]Use, string, error) {
	page.Descending = true
	entries, next, err := d.auth.Page(ctx, l.list(), page)
	found := make([]Use, len(entries))
	for i, entry := range entries {
		found[i] = useOf(entry)
	}
	return found, next, err
}

// ListLinkUses lists the uses of a link, the newest first, to those who may issue links in the room: every admission,
// and of everything else the newest MaxOthers. ErrLinkUnknown where it is not of this room.
func (d *Desk) ListLinkUses(ctx context.Context, who auth.Identity, space, room, id string, page auth.Page) ([]Use, string, error) {
	_, link, err := d.link(ctx, who, space, room, id)
	if err != nil {
		return nil, "", err
	}
	found, next, err := d.uses(ctx, ledger{about: auth.LinkKey(room, id)}, page)
	for i, u := range found {
		if u.Outcome != Refused {
			found[i].Name = link.Username
		}
	}
	return found, next, err
}

// ListInviteUses lists the uses of an invite as ListLinkUses does those of a link, to those who may invite.
// ErrInviteNotFound where it is not of this space.
func (d *Desk) ListInviteUses(ctx context.Context, who auth.Identity, space, invite string, page auth.Page) ([]Use, string, error) {
	st, in, err := d.invite(ctx, who, space, invite)
	if err != nil {
		return nil, "", err
	}
	found, next, err := d.uses(ctx, in.ledger(space), page)
	if err != nil {
		return nil, "", err
	}
	keys := make([]store.Key, len(found))
	for i, u := range found {
		keys[i] = auth.UserKey(u.Who)
	}
	recs, err := d.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, "", err
	}
	for i, u := range found {
		if user, there := d.auth.UserIn(st.Space.Workspace, u.Who, recs[i]); there {
			found[i].Name = user.ShownName()
		}
	}
	return found, next, nil
}
