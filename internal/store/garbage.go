package store

import (
	"bytes"
	"encoding/binary"
	"math"
	"time"
)

// collect marks a thing as garbage from an instant on, in place of an earlier mark; what is not there stays unmarked.
func (f file) collect(name []byte, millis int64) error {
	if !f.holds(name) {
		return nil
	}
	due := dueAt(millis, name)
	if bytes.Equal(f.Get(markOf(name)), due[1:dueWidth]) { // as of an index at each of its entries
		return nil
	}
	if err := f.forget(name); err != nil {
		return err
	}
	if err := f.Put(markOf(name), due[1:dueWidth]); err != nil {
		return err
	}
	return f.Put(due, nil)
}

// forget takes the mark of a thing away.
func (f file) forget(name []byte) error {
	mark := markOf(name)
	instant := f.Get(mark)
	if instant == nil {
		return nil
	}
	due := append(append([]byte{0}, instant...), name...)
	if err := f.Delete(due); err != nil {
		return err
	}
	return f.Delete(mark)
}

// tidy forgets the mark of an index that has become empty: an entry that comes later does not inherit it.
func (f file) tidy(index []byte) error {
	if f.holds(index) {
		return nil
	}
	return f.forget(index)
}

// sweep takes away what is garbage by now, at most so many keys of it, the longest due first.
func (f file) sweep(now time.Time, most int) error {
	end := dueAt(now.UnixMilli()+1, nil)
	c := f.Cursor()
	for most > 0 {
		due, _ := c.First()
		if due == nil || bytes.Compare(due, end) >= 0 {
			return nil
		}
		name := bytes.Clone(due[dueWidth:])
		n, err := f.clear(name, markOf(name), most)
		if err != nil {
			return err
		}
		if most -= n; most == 0 {
			return nil // an index may have more; its mark stays until they are gone
		}
		if err := f.forget(name); err != nil {
			return err
		}
		most--
	}
	return nil
}

// dueAt orders by bytes as by time, before 1970 too.
func dueAt(millis int64, name []byte) []byte {
	b := binary.BigEndian.AppendUint64([]byte{0}, uint64(millis)^(math.MaxInt64+1)) //nolint:gosec // the sign bit is turned over
	return append(b, name...)
}
