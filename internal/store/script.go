package store

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"
)

//go:embed apply.lua
var source string

var script = redis.NewScript(source)

// A call is what apply.lua is run with.
type call struct {
	prefix string
	things []thing
	keys   []string // their names
	args   []any
}

// A thing is the record or the index of a key.
type thing struct {
	Key
	index bool
}

const fewThings = 8 // as most transactions touch

func newCall(prefix string, tx Tx) *call {
	c := &call{prefix: prefix, things: make([]thing, 0, fewThings), keys: make([]string, 0, fewThings)}
	questions := c.ask(tx.If)
	for _, k := range tx.Read {
		questions.step('r', c.record(k))
	}
	writes := steps{packed: make([]byte, 0, 256)}
	for _, w := range tx.Do {
		c.write(&writes, w)
	}
	c.args = append(make([]any, 0, 3), tx.Op, questions.packed)
	for _, list := range writes.lists() {
		c.args = append(c.args, list)
	}
	return c
}

func (c *call) record(k Key) int { return c.at(thing{k, false}) }

func (c *call) index(k Key) int { return c.at(thing{k, true}) }

// at is the place of a thing among the keys, from 1. A transaction has few: looking costs less than a map.
func (c *call) at(t thing) int {
	i := slices.Index(c.things, t)
	if i < 0 {
		i = len(c.things)
		c.things, c.keys = append(c.things, t), append(c.keys, t.name(c.prefix))
	}
	return i + 1
}

// ask looks at each record once, for all conditions about it.
func (c *call) ask(conds []Cond) *steps {
	for _, cond := range conds {
		c.record(cond.key)
	}
	questions := &steps{packed: make([]byte, 0, 256)}
	questions.number(int64(len(c.things)))
	for i, looked := range c.things {
		var fields []string
		for _, cond := range conds {
			if cond.key == looked.Key {
				fields = append(fields, cond.field)
			}
		}
		questions.texts('l', i+1, fields)
		for j, cond := range conds {
			if cond.key == looked.Key {
				questions.condition(j+1, cond)
			}
		}
	}
	return questions
}

func (c *call) write(to *steps, w Write) {
	switch w.verb {
	case doSet:
		to.set(c.record(w.key), w.record)
	case doAdd:
		to.step(doAdd, c.record(w.key), w.field)
		to.number(w.number)
	case doDelete:
		to.step(doDelete, c.record(w.key), "")
		to.step(doDelete, c.index(w.key), "")
	case doCollect: // an instant as a text: how a server writes so large a number is not for us to know
		to.step(doCollect, c.record(w.key), strconv.FormatInt(w.number, 10))
	case doCollectIndex:
		to.step(doCollect, c.index(w.key), strconv.FormatInt(w.number, 10))
	default: // insert, remove, trim
		to.step(w.verb, c.index(w.key), w.field)
	}
}

// answer reads what apply.lua returns.
func answer(reply any, reads int) (Result, error) {
	list, _ := reply.([]any)
	if len(list) != 1+reads {
		return Result{}, fmt.Errorf("%w: not an answer: %T", ErrUnavailable, reply)
	}
	refused, _ := list[0].(int64)
	out := Result{Refused: int(refused), Read: make([]Record, reads)}
	for i, fields := range list[1:] {
		out.Read[i] = pairs(fields)
	}
	return out, nil
}

func pairs(reply any) Record {
	list, _ := reply.([]any)
	if len(list) == 0 {
		return nil
	}
	r := make(Record, len(list)/2)
	for pair := range slices.Chunk(list, 2) {
		field, _ := pair[0].(string)
		r[field], _ = pair[1].(string)
	}
	return r
}

// name is prefix:{partition}:kind:id for a record, prefix:{partition}:kind/id for an index. The braces place a
// partition in one slot; a kind holds neither of the two signs, so that no two keys meet, whatever the ids hold.
func (t thing) name(prefix string) string {
	sign := ":"
	if t.index {
		sign = "/"
	}
	return prefix + ":{" + t.Partition + "}:" + t.Kind + sign + t.ID
}
