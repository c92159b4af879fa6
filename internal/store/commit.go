package store

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
)

// An attempt is a transaction that waits for a commit.
type attempt struct {
	tx     Tx
	result Result
	err    error
	done   chan struct{}
}

// errUnchanged rolls a commit back that has nothing to write: a refusal costs no sync.
var errUnchanged = errors.New("unchanged")

// Apply implements Store. Those that arrive while a commit is being synced share the next one: whoever gets the turn
// commits for all who wait. A context that ends before then withdraws its transaction; one that ends later has to
// wait for the outcome.
func (s *Bolt) Apply(ctx context.Context, tx Tx) (Result, error) {
	if err := tx.ready(ctx); err != nil {
		return Result{}, err
	}
	a := &attempt{tx: tx, done: make(chan struct{})}
	s.mu.Lock()
	s.waiting = append(s.waiting, a)
	s.mu.Unlock()
	select {
	case <-a.done:
	case s.turn <- struct{}{}:
		s.commit(s.take())
		<-s.turn
	case <-ctx.Done():
		if s.withdraw(a) {
			return Result{}, ended(ctx)
		}
	}
	<-a.done
	return a.result, a.err
}

func (s *Bolt) take() []*attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := s.waiting
	s.waiting = nil
	return batch
}

func (s *Bolt) withdraw(a *attempt) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.waiting)
	s.waiting = slices.DeleteFunc(s.waiting, func(b *attempt) bool { return a == b })
	return len(s.waiting) < before
}

// commit writes for everyone in the batch with one sync, and tells them.
func (s *Bolt) commit(batch []*attempt) {
	if err := s.write(batch); err != nil && len(batch) > 1 {
		for _, a := range batch { // what spoiled it may concern one of them alone
			a.err = s.write([]*attempt{a})
		}
	} else {
		for _, a := range batch { // a refusal, too, may rest on a write that was not kept
			a.err = err
		}
	}
	for _, a := range batch {
		if a.err != nil {
			a.result = Result{}
		}
		close(a.done)
	}
}

func (s *Bolt) write(batch []*attempt) error {
	err := s.guard(s.update, func(f file) error {
		writes := 0
		for _, a := range batch {
			var err error
			if a.result, err = f.apply(a.tx); err != nil {
				return err
			}
			if a.result.Refused == 0 {
				writes += len(a.tx.Do)
			}
		}
		if writes == 0 {
			return errUnchanged
		}
		return f.sweep(s.now(), leastSwept+2*writes) // more than was marked: garbage never piles up
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

// leastSwept is how many keys of garbage even the smallest commit may take away.
const leastSwept = 8

func (f file) apply(tx Tx) (Result, error) {
	out := Result{Read: make([]Record, len(tx.Read))}
	var err error
	for i, k := range tx.Read {
		if out.Read[i], err = f.record(k); err != nil {
			return out, err
		}
	}
	for i, c := range tx.If {
		holds, err := f.satisfies(c)
		if err != nil {
			return out, err
		}
		if !holds {
			echo, err := f.echoes(tx)
			if !echo {
				out.Refused = i + 1
			}
			return out, err
		}
	}
	for _, w := range tx.Do {
		if err := f.do(w, tx.Op); err != nil {
			return out, err
		}
	}
	return out, nil
}

// echoes says whether a record beside the conditions bears the Op: then this very transaction has been here before.
func (f file) echoes(tx Tx) (bool, error) {
	for _, c := range tx.If {
		op, err := lookup(f.Get(c.key.name(aRecord)), stamp)
		if err != nil || op == tx.Op {
			return err == nil, err
		}
	}
	return false, nil
}

func (f file) satisfies(c Cond) (bool, error) {
	record := f.Get(c.key.name(aRecord))
	value, err := lookup(record, c.field)
	switch c.verb {
	case isAbsent:
		return record == nil, err
	case isPresent:
		return record != nil, err
	case isEqual:
		return value == c.value, err
	case isBelow:
		return number(value) < c.number, err
	default:
		return number(value) > c.number, err
	}
}

func (f file) do(w Write, op string) error {
	record, index := w.key.name(aRecord), w.key.name(anIndex)
	switch w.verb {
	case doSet, doAdd:
		return f.merge(w, op)
	case doInsert:
		return f.Put(entryOf(index, w.field), nil)
	case doRemove:
		return errors.Join(f.Delete(entryOf(index, w.field)), f.tidy(index))
	case doTrim:
		_, err := f.clear(index, entryOf(index, w.field), math.MaxInt)
		return errors.Join(err, f.tidy(index))
	case doCollect:
		return f.collect(record, w.number)
	case doCollectIndex:
		return f.collect(index, w.number)
	default: // delete
		_, err := f.clear(index, beyond(index), math.MaxInt)
		return errors.Join(err, f.Delete(record), f.forget(record), f.forget(index))
	}
}

func (f file) merge(w Write, op string) error {
	r, err := f.record(w.key)
	if err != nil {
		return err
	}
	if r == nil {
		r = Record{}
	}
	if w.verb == doAdd {
		r[w.field] = strconv.FormatInt(number(r[w.field])+w.number, 10)
	}
	for field, value := range w.record {
		if r[field] = value; value == "" {
			delete(r, field)
		}
	}
	r[stamp] = op
	return f.Put(w.key.name(aRecord), encode(r))
}
