package invites_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"usher/auth"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// BenchmarkManyUsers reads the last page of the users and searches for one, in a workspace of a hundred users and of ten
// thousand: neither depends on how many there are.
func BenchmarkManyUsers(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			storetest.Engines(b, func(b *testing.B, s store.Store) {
				h := newWorld(b, s, newClock()).house(b)
				h.fill(b, n)
				last := h.lastPage(b)
				b.Run("page", func(b *testing.B) {
					found(b, func() ([]auth.Account, string, error) { return h.auth.ListUsers(b.Context(), h.admin, last) })
				})
				b.Run("search", func(b *testing.B) {
					found(b, func() ([]auth.Account, string, error) {
						return h.auth.SearchUsers(b.Context(), h.admin, "user-0005", auth.Page{Limit: 25})
					})
				})
			})
		})
	}
}

func found(b *testing.B, read func() ([]auth.Account, string, error)) {
	b.Helper()
	for b.Loop() {
		if users, _, err := read(); err != nil || len(users) == 0 {
			b.Fatal(len(users), err)
		}
	}
}

// lastPage are the last 25 users, or fewer.
func (h *house) lastPage(b *testing.B) auth.Page {
	b.Helper()
	for page := (auth.Page{Limit: 25}); ; {
		_, next, err := h.auth.ListUsers(b.Context(), h.admin, page)
		if err != nil {
			b.Fatal(err)
		}
		if next == "" {
			return page
		}
		page.After = next
	}
}

func (h *house) fill(b *testing.B, n int) {
	b.Helper()
	users := make(chan int)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for i := range users {
				if err := h.auth.ImportExternal(b.Context(), h.admin.Workspace, fmt.Sprintf("user-%05d", i), auth.ExternalPatch{}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range n {
		users <- i
	}
	close(users)
	all.Wait()
}
