package auth

import (
	"context"

	"usher/internal/store"
)

// A Page of a list: at most Limit items beyond the cursor After, which is opaque and came with the page before.
type Page struct {
	After      string
	Limit      int
	Descending bool
}

// Page reads one page of an index, and the cursor of the next; it is "" after the last one.
func (a *Authority) Page(ctx context.Context, index store.Key, page Page) (entries []string, next string, err error) {
	entries, err = a.Store.List(ctx, index, store.Page{After: page.After, Limit: page.Limit, Descending: page.Descending})
	if err != nil || len(entries) < page.Limit || len(entries) == 0 {
		return entries, "", err
	}
	return entries, entries[len(entries)-1], nil
}

// eachOf calls do for what a page of a list in the order of time points to and is there, and returns the next cursor.
func (a *Authority) eachOf(
	ctx context.Context, index store.Key, page Page, at func(id string) store.Key, do func(store.Record) error,
) (next string, err error) {
	entries, next, err := a.Page(ctx, index, page)
	if err != nil || len(entries) == 0 {
		return "", err
	}
	keys := make([]store.Key, len(entries))
	for i, entry := range entries {
		keys[i] = at(IDOf(entry))
	}
	recs, err := a.Store.Get(ctx, keys...)
	if err != nil {
		return "", err
	}
	for _, rec := range recs {
		if rec == nil {
			continue
		}
		if err := do(rec); err != nil {
			return "", err
		}
	}
	return next, nil
}
