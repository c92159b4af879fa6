package auth

import (
	"context"
	"slices"
	"strings"

	"usher/internal/store"
)

// mostWords is how many words of a name a user is found by, each with what follows it.
const mostWords = 5

// searchIndex lists the users of a workspace by what somebody would type to find one: a term and, behind a zero byte,
// the user's id. An entry whose user has no such term, or not any more, counts as nothing.
func searchIndex(workspace string) store.Key {
	return store.Key{Partition: "w:" + workspace + ":users", Kind: "index", ID: "search"}
}

func termIn(term, user string) string { return term + "\x00" + user }

// terms are what a user is found by, in byte order: the beginnings of his names and of the words in them. One with which
// another begins finds nothing that the other would not.
func (u account) terms() []string {
	var terms []string
	for _, text := range []string{u.Name, u.Username, u.Email, u.ExternalID} {
		words := strings.Fields(fold(text))
		for i := range min(len(words), mostWords) {
			terms = append(terms, strings.Join(words[i:], " "))
		}
	}
	slices.Sort(terms)
	var all []string
	for i, term := range terms {
		if i+1 == len(terms) || !strings.HasPrefix(terms[i+1], term) {
			all = append(all, term)
		}
	}
	return all
}

// relist takes a user out of lists once he has become another. Somebody may have made him what he was again meanwhile, or
// have taken him out of what he has become, when he was that before; so he is listed anew as what he is now: whoever comes
// last sees that. An error is of no consequence: an entry that stays behind counts as nothing.
func (a *Authority) relist(ctx context.Context, was, is account) {
	if slices.Equal(was.entries(), is.entries()) {
		return
	}
	err := a.delist(ctx, was, is.entries()...)
	if err == nil {
		err = a.listAgain(ctx, is.ID)
	}
	if err != nil {
		a.log.WarnContext(ctx, "an old name stays in the index", "error", err)
	}
}

// listAgain lists a user as what he is now. Of one who goes meanwhile nothing is kept.
func (a *Authority) listAgain(ctx context.Context, user string) error {
	now, err := a.presently(ctx, user)
	if err != nil || !now.Ended.IsZero() {
		return err
	}
	if err := a.enlist(ctx, now); err != nil {
		return err
	}
	then, err := a.presently(ctx, user)
	if err == nil && !then.Ended.IsZero() {
		err = a.delist(ctx, now)
	}
	return err
}

// presently is a user as he is now.
func (a *Authority) presently(ctx context.Context, user string) (u account, err error) {
	recs, err := a.Store.Get(ctx, UserKey(user))
	if err == nil {
		err = recs[0].Load(&u)
	}
	return u, err
}

// mostReads is how often a search reads on to fill a page. Who is found by several terms is shown by one of them.
const mostReads = 8

// SearchUsers are the accounts of the caller's workspace of which a name, a word in it, the e-mail address or the
// external id begins with a text, however it is typed, in the order of what was found. Who may ask, and what it
// returns, is as with ListUsers.
func (a *Authority) SearchUsers(ctx context.Context, who Identity, text string, page Page) (users []Account, next string, err error) {
	if err := a.mayList(ctx, who); err != nil {
		return nil, "", err
	}
	begin := strings.Join(strings.Fields(fold(text)), " ")
	next = page.After
	for range mostReads {
		left := page.Limit - len(users)
		if left <= 0 {
			break
		}
		entries, err := a.Store.List(ctx, searchIndex(who.Workspace), store.Page{
			Prefix: begin, After: next, Limit: left, Descending: page.Descending,
		})
		if err != nil {
			return nil, "", err
		}
		found, err := a.foundBy(ctx, who, begin, entries)
		if err != nil {
			return nil, "", err
		}
		users = append(users, found...)
		if len(entries) < left {
			return users, "", nil
		}
		next = entries[left-1]
	}
	return users, next, nil
}

// foundBy are the accounts behind entries of the index that begin so. By others of his terms a user is not shown once
// more.
func (a *Authority) foundBy(ctx context.Context, who Identity, begin string, entries []string) ([]Account, error) {
	ids := make([]string, len(entries))
	for i, entry := range entries {
		_, ids[i], _ = strings.Cut(entry, "\x00")
	}
	return a.accountsIn(ctx, who, ids, func(i int, u Account) bool { return entries[i] == termIn(u.termOf(begin), u.ID) })
}

// termOf is the first of a user's terms that begins so.
func (u Account) termOf(begin string) string {
	for _, term := range (account{Name: u.Name, Username: u.Username, Email: u.Email, ExternalID: u.ExternalID}).terms() {
		if strings.HasPrefix(term, begin) {
			return term
		}
	}
	return ""
}
