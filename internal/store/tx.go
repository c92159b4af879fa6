package store

import (
	"context"
	"time"
)

// A Tx looks at and changes records and indexes of one partition.
//
// Op names this attempt, and no other transaction: two that look at one record must not share an Op. Every record
// that Set or Add writes is stamped with it, in the field "op". A reply can be lost after the writes were made, and
// the driver or the caller then sends the transaction again. So a refusal is taken for the echo of an earlier run,
// and reported as applied, where a record that any condition of the transaction looks at bears this very Op.
// Delete takes the stamp away with the record, and indexes bear none: a transaction which must recognise its echo
// has a condition that its own Set or Add makes fail, such as Absent of a record that it sets. One that adds
// always should, because without a refusal it would add again.
type Tx struct {
	Op   string
	If   []Cond
	Do   []Write
	Read []Key // handed back as they were before the writes, whether or not these were made
}

// A Result says whether a transaction was applied.
type Result struct {
	Refused int // 0 where it was applied, else the number, from 1, of the first condition that failed
	Read    []Record
}

// A verb is what a condition asks or a write does, as apply.lua calls it.
type verb byte

const (
	isAbsent  verb = '0'
	isPresent verb = '1'
	isEqual   verb = '='
	isBelow   verb = '<'
	isAbove   verb = '>'

	doSet          verb = 's'
	doAdd          verb = 'a'
	doDelete       verb = 'x'
	doInsert       verb = 'i'
	doRemove       verb = 'd'
	doTrim         verb = 't'
	doCollect      verb = 'c'
	doCollectIndex verb = 'C'
)

// A Cond looks at one record. A field that is missing reads as "", and as 0.
type Cond struct {
	verb   verb
	key    Key
	field  string
	value  string
	number int64
}

// Absent holds where there is no such record.
func Absent(k Key) Cond { return Cond{verb: isAbsent, key: k, field: stamp} }

// Present holds where there is such a record.
func Present(k Key) Cond { return Cond{verb: isPresent, key: k, field: stamp} }

// Equal holds where the field has this value.
func Equal(k Key, field, value string) Cond {
	return Cond{verb: isEqual, key: k, field: field, value: value}
}

// Below holds where the field is a number less than n.
// Numbers are whole; between -2^53 and 2^53 the engines agree on them. What is none reads as 0.
func Below(k Key, field string, n int64) Cond {
	return Cond{verb: isBelow, key: k, field: field, number: n}
}

// Above holds where the field is a number greater than n, read as Below reads it.
func Above(k Key, field string, n int64) Cond {
	return Cond{verb: isAbove, key: k, field: field, number: n}
}

// A Write changes one record or one index. The writes of a transaction are made in their order.
type Write struct {
	verb   verb
	key    Key
	record Record
	field  string // of Add; the entry of Insert, Remove and Trim
	number int64
}

// Set merges r into the record, which it makes where there is none; a value of "" takes its field away.
// The field "op" of r is passed over.
func Set(k Key, r Record) Write { return Write{verb: doSet, key: k, record: r} }

// Add adds n to a field, read as Below reads it, of the record, which it makes where there is none.
func Add(k Key, field string, n int64) Write {
	return Write{verb: doAdd, key: k, field: field, number: n}
}

// Delete takes away a record and the index of the same key, and forgets that they were to be collected.
func Delete(k Key) Write { return Write{verb: doDelete, key: k} }

// Insert puts an entry, any bytes, into an index, once.
func Insert(index Key, entry string) Write {
	return Write{verb: doInsert, key: index, field: entry}
}

// Remove takes an entry out of an index.
func Remove(index Key, entry string) Write {
	return Write{verb: doRemove, key: index, field: entry}
}

// Trim takes every entry that is less than below, in byte order, out of an index.
func Trim(index Key, below string) Write {
	return Write{verb: doTrim, key: index, field: below}
}

// Collect makes the record, if there is one now, garbage from the instant on: it vanishes at some time after it, by the
// engine's own clock. It takes the place of an earlier Collect. It frees memory and is no deadline: an end that matters
// is a field, compared with a now.
func Collect(k Key, at time.Time) Write {
	return Write{verb: doCollect, key: k, number: at.UnixMilli()}
}

// CollectIndex is Collect for an index.
func CollectIndex(index Key, at time.Time) Write {
	return Write{verb: doCollectIndex, key: index, number: at.UnixMilli()}
}

func (tx Tx) ready(ctx context.Context) error {
	if err := tx.check(); err != nil {
		return err
	}
	return ended(ctx)
}

// mostQuestions is how many conditions and reads a transaction may have. Of writes there may be any number.
const mostQuestions = 1000

// check refuses on every engine what any engine would refuse.
func (tx Tx) check() error {
	switch {
	case tx.Op == "":
		return ErrOp
	case len(tx.If)+len(tx.Read) > mostQuestions:
		return ErrQuestions
	}
	var first Key
	one := func(k Key) error {
		if first == (Key{}) {
			first = k
		}
		if k.Partition != first.Partition {
			return ErrPartition
		}
		return k.check()
	}
	for _, c := range tx.If {
		if err := one(c.key); err != nil {
			return err
		}
	}
	for _, w := range tx.Do {
		if err := one(w.key); err != nil {
			return err
		}
		if err := w.check(); err != nil {
			return err
		}
	}
	for _, k := range tx.Read {
		if err := one(k); err != nil {
			return err
		}
	}
	return nil
}

func (w Write) check() error {
	if len(w.field) > longestEntry {
		return ErrKey
	}
	if w.verb == doAdd && w.field == stamp {
		return ErrOp
	}
	return nil
}
