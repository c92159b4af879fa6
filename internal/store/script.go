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
	texts  []string // what args points into: a pointer costs no allocation as an argument, a string does
	args   []any
}

// A thing is the record or the index of a key.
type thing struct {
	Key
	index bool
}

// unpackable is how many arguments one write takes: Lua's unpack has its limit at some 8,000.
const unpackable = 2000

func newCall(prefix string, tx Tx) *call {
	size := 3 + len(tx.Read) + 4*len(tx.If)
	for _, w := range tx.Do {
		size += 8 + 3*len(w.record)
	}
	most := len(tx.Read) + len(tx.If) + 2*len(tx.Do)
	c := &call{
		prefix: prefix,
		things: make([]thing, 0, most),
		keys:   make([]string, 0, most),
		texts:  make([]string, 0, size),
		args:   make([]any, 0, size),
	}
	c.add(tx.Op, strconv.Itoa(len(tx.Read)), strconv.Itoa(len(tx.If)))
	for _, k := range tx.Read {
		c.add(c.record(k))
	}
	for _, cond := range tx.If {
		value := cond.value
		if cond.verb == "below" || cond.verb == "above" {
			value = strconv.FormatInt(cond.number, 10)
		}
		c.add(cond.verb, c.record(cond.key), cond.field, value)
	}
	for _, w := range tx.Do {
		c.write(w)
	}
	for i := range c.texts {
		c.args = append(c.args, &c.texts[i])
	}
	return c
}

func (c *call) add(texts ...string) { c.texts = append(c.texts, texts...) }

func (c *call) record(k Key) string { return c.at(thing{k, false}) }

func (c *call) index(k Key) string { return c.at(thing{k, true}) }

// at is the place of a thing among the keys, from 1. A transaction has few: looking costs less than a map.
func (c *call) at(t thing) string {
	i := slices.Index(c.things, t)
	if i < 0 {
		i = len(c.things)
		c.things, c.keys = append(c.things, t), append(c.keys, t.name(c.prefix))
	}
	return strconv.Itoa(i + 1)
}

func (c *call) write(w Write) {
	number := strconv.FormatInt(w.number, 10)
	switch w.verb {
	case "set":
		c.set(c.record(w.key), w.record)
	case "add":
		c.add("add", c.record(w.key), "2", w.field, number)
	case "delete":
		c.add("delete", c.record(w.key), "0", "delete", c.index(w.key), "0")
	case "collect":
		c.add("collect", c.record(w.key), "1", number, "collect", c.index(w.key), "1", number)
	default: // insert, remove, trim
		c.add(w.verb, c.index(w.key), "1", w.field)
	}
}

func (c *call) set(record string, r Record) {
	var given, taken []string
	for field, value := range r {
		switch {
		case field == stamp:
		case value == "":
			taken = append(taken, field)
		default:
			given = append(given, field, value)
		}
	}
	head, rest := given[:min(len(given), unpackable)], given[min(len(given), unpackable):]
	c.add("set", record, strconv.Itoa(len(head))) // even an empty one makes the record and stamps it
	c.add(head...)
	c.chunks("set", record, rest)
	c.chunks("unset", record, taken)
}

func (c *call) chunks(verb, record string, list []string) {
	for part := range slices.Chunk(list, unpackable) {
		c.add(verb, record, strconv.Itoa(len(part)))
		c.add(part...)
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
