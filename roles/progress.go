package roles

import (
	"context"

	"usher/internal/store"
)

// A progress tells how far something is that may take long, and is nil where nobody wants to know.
type progress struct {
	tell     func(done, of int)
	done, of int
}

// Telling is s, of which DeleteUser and DeleteRoom tell, at the beginning and after each step, how many steps are done of
// how many. Whom they tell holds them up: he is called by whoever called them, and never twice at once.
func (s *Spaces) Telling(tell func(done, of int)) *Spaces {
	told := *s
	told.progress = &progress{tell: tell}
	return &told
}

// expect says that there is a step for each entry of an index. Counting takes time, which only who is told of it spends.
func (s *Spaces) expect(ctx context.Context, index store.Key) error {
	p := s.progress
	if p == nil {
		return nil
	}
	n, err := s.auth.Store.Count(ctx, index, "")
	p.of += n
	p.tell(p.done, p.of)
	return err
}

// step is one of them; of those that came meanwhile nobody was told.
func (p *progress) step() {
	if p != nil && p.done < p.of {
		p.done++
		p.tell(p.done, p.of)
	}
}
