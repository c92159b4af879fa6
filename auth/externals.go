package auth

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"usher/internal/audit"
	"usher/internal/password"
	"usher/internal/store"
)

// The external users of a workspace are listed twice beside all users: in the order of their making, and by their ids.
func externalIndex(workspace string) store.Key {
	return store.Key{Partition: userIndex(workspace).Partition, Kind: "index", ID: "externals"}
}

func externalIDIndex(workspace string) store.Key {
	return store.Key{Partition: userIndex(workspace).Partition, Kind: "index", ID: "externalIds"}
}

// An entry of a list, and the list that it is in.
type entry struct {
	index store.Key
	text  string
}

// entries are those of a user in the lists of his workspace, all in one partition.
func (u account) entries() []entry {
	byTime := ByTime(u.Created, u.ID)
	all := []entry{{userIndex(u.Workspace), byTime}}
	if u.ExternalID != "" {
		all = append(all, entry{externalIndex(u.Workspace), byTime}, entry{externalIDIndex(u.Workspace), u.ExternalID + "\x00/" + u.ID})
	}
	for _, term := range u.terms() {
		all = append(all, entry{searchIndex(u.Workspace), termIn(term, u.ID)})
	}
	return all
}

// enlist puts a user into the lists, but for entries that are there.
func (a *Authority) enlist(ctx context.Context, u account, but ...entry) error {
	return a.writeEntries(ctx, u, store.Insert, but)
}

// delist takes a user out of the lists, but for entries that stay.
func (a *Authority) delist(ctx context.Context, u account, but ...entry) error {
	return a.writeEntries(ctx, u, store.Remove, but)
}

func (a *Authority) writeEntries(ctx context.Context, u account, write func(store.Key, string) store.Write, but []entry) error {
	var tx store.Tx
	for _, e := range u.entries() {
		if !slices.Contains(but, e) {
			tx.Do = append(tx.Do, write(e.index, e.text))
		}
	}
	if len(tx.Do) == 0 {
		return nil
	}
	_, err := a.Apply(ctx, tx)
	return err
}

// bringIn makes an external user. Who finds that another is about to make the same one makes that very user, too: one of
// them is first, and the others find him then, without waiting for somebody who may have stopped half-way. It returns
// ErrOvertaken.
func (a *Authority) bringIn(ctx context.Context, who Identity, u account, p ExternalPatch) (account, error) {
	u, err := p.on(u)
	if err != nil {
		return u, err
	}
	n := name{u.Workspace, byExternal, u.ExternalID}
	pointer, holder, err := a.pointee(ctx, n)
	if err != nil {
		return u, err
	}
	u.ID, u.Created = a.NewID(), a.Now()
	if pointer != nil && holder == nil && u.Created.Sub(pointer.Time("at")) < aMinute {
		u.ID = pointer["user"]
	}
	u.Updated = u.Created
	u = a.newToken(u)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), truthBy) // who hangs up leaves nothing half done
	defer cancel()
	// Not dropped where it goes wrong: another may be making the same user of it.
	if _, err := a.claim(ctx, n, u.ID); err != nil {
		return u, overtakenIf(err, errTaken)
	}
	token, err := a.claim(ctx, name{u.Workspace, byToken, u.TokenHash}, u.ID)
	if err != nil {
		return u, err
	}
	// Under an id that stays the same: it is one user, however many make him.
	e := audit.Event{ID: Hash("brought", u.ID), Type: audit.UserCreated, Subject: u.ID}
	if err := a.Recorded(ctx, who, e, nil); err != nil {
		return u, err
	}
	if err = a.found(ctx, u, password.Hash{}, store.Tx{}); errors.Is(err, ErrOvertaken) {
		return a.broughtBefore(ctx, u, token)
	}
	return u, err
}

func overtakenIf(err, is error) error {
	if errors.Is(err, is) {
		return ErrOvertaken
	}
	return err
}

// broughtBefore is who is there when a user was to be made. He has this token where the reply was lost, and was made
// here, whatever another has changed in him since but for that. Else another made him, a moment before or after, and it
// is ErrOvertaken: what the two don't have in common in the lists is taken back.
func (a *Authority) broughtBefore(ctx context.Context, u account, token claim) (account, error) {
	first, err := a.presently(ctx, u.ID)
	if err != nil || first.TokenHash == u.TokenHash {
		return first, err
	}
	a.drop(ctx, token)
	a.relist(ctx, u, first)
	return u, ErrOvertaken
}

// A Slice of a list: what lies behind the first Offset.
type Slice struct {
	Offset, Limit int
	Descending    bool
}

// ListExternals are external users of the caller's workspace, and how many there are, for an API key, an administrator
// or support: all of them, oldest first, or those whose ids begin with a text, by their ids. It returns ErrWrongToken,
// ErrForbidden.
func (a *Authority) ListExternals(ctx context.Context, who Identity, idBegins string, s Slice) (users []External, total int, err error) {
	seesTokens, err := a.mayIntegrate(ctx, who, false)
	if err != nil {
		return nil, 0, err
	}
	index := externalIndex(who.Workspace)
	if idBegins != "" {
		index = externalIDIndex(who.Workspace)
	}
	total, err = a.Store.Count(ctx, index, idBegins)
	if err != nil || total == 0 {
		return nil, total, err
	}
	texts, err := a.Store.List(ctx, index, store.Page{
		Prefix: idBegins, Skip: s.Offset, Limit: s.Limit, Descending: s.Descending,
	})
	if err != nil {
		return nil, 0, err
	}
	listed, stale, err := a.listed(ctx, index, texts)
	for _, u := range listed {
		one, wrong := a.shown(ctx, u, seesTokens)
		users, err = append(users, one), cmp.Or(err, wrong)
	}
	if err == nil && len(stale) > 0 {
		total -= len(stale)
		if _, err := a.Apply(ctx, store.Tx{Do: stale}); err != nil {
			a.log.WarnContext(ctx, "who is gone stays in the list", "error", err)
		}
	}
	return users, total, err
}

// listed are the users whom entries of a list name, and who confirm that, and the writes that take out of it what nobody
// will: entries of those who are gone, and in the order of time also of those whose making or deletion was stopped
// half-way long ago.
func (a *Authority) listed(ctx context.Context, index store.Key, texts []string) ([]account, []store.Write, error) {
	keys := make([]store.Key, len(texts))
	for i, text := range texts {
		keys[i] = UserKey(text[strings.LastIndex(text, "/")+1:])
	}
	recs, err := a.Store.Get(ctx, keys...)
	if err != nil {
		return nil, nil, err
	}
	var users []account
	var stale []store.Write
	for i, rec := range recs {
		var u account
		if err := rec.Load(&u); err != nil {
			return nil, nil, err
		}
		switch old := index.ID == "externals" && a.Now().Sub(TimeOf(texts[i])) > aMinute; {
		case u.Ended.IsZero() && slices.Contains(u.entries(), entry{index, texts[i]}):
			users = append(users, u)
		case !u.Ended.IsZero(), old:
			stale = append(stale, store.Remove(index, texts[i]))
		}
	}
	return users, stale, nil
}
