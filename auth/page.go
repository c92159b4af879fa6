package auth

import (
	"context"

	"usher/internal/store"
)

// A Page of a list: at most Limit items beyond the cursor After, which is opaque and came with the page before.
type Page struct {
	After string
	Limit int
}

// Page reads one page of an index, and the cursor of the next; it is "" after the last one.
func (a *Authority) Page(ctx context.Context, index store.Key, page Page) (entries []string, next string, err error) {
	entries, err = a.Store.List(ctx, index, store.Page{After: page.After, Limit: page.Limit})
	if err != nil || len(entries) < page.Limit || len(entries) == 0 {
		return entries, "", err
	}
	return entries, entries[len(entries)-1], nil
}
