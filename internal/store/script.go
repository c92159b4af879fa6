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
	steps  []byte
	texts  []string // the arguments: op, questions, writes, and the values of these
}

// A thing is the record or the index of a key.
type thing struct {
	Key
	index bool
}

const (
	fewThings  = 8    // as most transactions touch
	aStep      = 6    // bytes
	unpackable = 2000 // values of one step: Lua's unpack has its limit at some 8,000
)

func newCall(prefix string, tx Tx) *call {
	steps, values := len(tx.Read)+2*len(tx.If)+2*len(tx.Do), 3+2*len(tx.If)
	for _, w := range tx.Do {
		values += 2 + 2*len(w.record)
	}
	c := &call{
		prefix: prefix,
		things: make([]thing, 0, fewThings),
		keys:   make([]string, 0, fewThings),
		steps:  make([]byte, 0, aStep*steps),
		texts:  make([]string, 3, values),
	}
	for _, k := range tx.Read {
		c.step('r', c.record(k))
	}
	c.ask(tx.If)
	questions := len(c.steps)
	for _, w := range tx.Do {
		c.write(w)
	}
	c.texts[0], c.texts[1], c.texts[2] = tx.Op, string(c.steps[:questions]), string(c.steps[questions:])
	return c
}

// args points to the texts: a pointer costs no allocation as an argument, a string does.
func (c *call) args() []any {
	args := make([]any, len(c.texts))
	for i := range c.texts {
		args[i] = &c.texts[i]
	}
	return args
}

// step adds a step, and its values behind those of the steps before.
func (c *call) step(what verb, n int, values ...string) {
	many := len(values)
	c.steps = append(c.steps, byte(what), byte(n>>16), byte(n>>8), byte(n), byte(many>>8), byte(many)) //nolint:gosec // cut on purpose
	c.texts = append(c.texts, values...)
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
func (c *call) ask(conds []Cond) {
	for i, first := range conds {
		same := func(other Cond) bool { return other.key == first.key }
		if slices.ContainsFunc(conds[:i], same) {
			continue
		}
		var fields []string
		for _, cond := range conds[i:] {
			if same(cond) {
				fields = append(fields, cond.field)
			}
		}
		c.step('l', c.record(first.key), fields...)
		for j, cond := range conds[i:] {
			if same(cond) {
				c.condition(i+j+1, cond)
			}
		}
	}
}

// condition is about the next of the fields that were asked for.
func (c *call) condition(n int, cond Cond) {
	switch {
	case cond.verb == isEqual && cond.value == "":
		c.step(isAbsent, n)
	case cond.verb == isEqual:
		c.step(isEqual, n, cond.value)
	case cond.verb == isBelow, cond.verb == isAbove:
		c.step(cond.verb, n, strconv.FormatInt(cond.number, 10))
	default:
		c.step(cond.verb, n)
	}
}

func (c *call) write(w Write) {
	switch w.verb {
	case doSet:
		c.set(c.record(w.key), w.record)
	case doAdd:
		c.step(doAdd, c.record(w.key), w.field, strconv.FormatInt(w.number, 10))
	case doDelete:
		c.step(doDelete, c.record(w.key))
		c.step(doDelete, c.index(w.key))
	case doCollect:
		c.step(doCollect, c.record(w.key), strconv.FormatInt(w.number, 10))
	case doCollectIndex:
		c.step(doCollect, c.index(w.key), strconv.FormatInt(w.number, 10))
	default: // insert, remove, trim
		c.step(w.verb, c.index(w.key), w.field)
	}
}

func (c *call) set(record int, r Record) {
	given, taken := make([]string, 0, 2*len(r)), []string(nil)
	for field, value := range r {
		switch {
		case field == stamp:
		case value == "":
			taken = append(taken, field)
		default:
			given = append(given, field, value)
		}
	}
	head := min(len(given), unpackable)
	c.step(doSet, record, given[:head]...) // even an empty one makes the record and stamps it
	c.chunks(doSet, record, given[head:])
	c.chunks('u', record, taken)
}

func (c *call) chunks(what verb, record int, values []string) {
	for part := range slices.Chunk(values, unpackable) {
		c.step(what, record, part...)
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
