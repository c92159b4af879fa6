package store

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A column is one tagged field of a struct type.
type column struct {
	names []string // several where a long text is kept in pieces
	path  []int
	kind  reflect.Kind // Struct is time.Time
}

// piece is the longest value that Redis keeps within the compact form of a record: a longer one doubles what all of the
// record takes.
const piece = 64

var columnsOf sync.Map // of reflect.Type, to []column

// Fields writes a struct, or a pointer to one, as a record: each field under the name of its tag `store:"name"`;
// fields without a tag are passed over, embedded structs count as part of the one around them. Strings stand as they
// are, int and int64 in decimal, true as "1", instants as Millis writes them; a zero value is "", so that Set takes
// the field away. A string that can be long has the number of its pieces in the tag, `store:"note,4"`: it is kept in as
// many fields of 64 bytes (note, note2, note3, note4), and cut off behind them. Fields panics for a type that it can't
// store, which is a mistake of the program.
func Fields(v any) Record {
	value := reflect.Indirect(reflect.ValueOf(v))
	columns := columnsFor(value.Type())
	r := make(Record, len(columns))
	for _, c := range columns {
		text := c.text(value.FieldByIndex(c.path))
		if len(c.names) == 1 {
			r[c.names[0]] = text
			continue
		}
		for _, name := range c.names {
			end := min(piece, len(text))
			r[name], text = text[:end], text[end:]
		}
	}
	return r
}

// Load is the reverse of Fields: v, a pointer to a struct, takes the record's values, and the zero value for what the
// record lacks; nil empties it. Fields that v does not know are passed over. A value that does not fit is an error.
func (r Record) Load(v any) error {
	value := reflect.ValueOf(v).Elem()
	for _, c := range columnsFor(value.Type()) {
		text := r[c.names[0]]
		for _, name := range c.names[1:] {
			text += r[name]
		}
		if err := c.load(value.FieldByIndex(c.path), text); err != nil {
			return fmt.Errorf("store: field %s: not a value of its type", c.names[0])
		}
	}
	return nil
}

func (c column) text(v reflect.Value) string {
	if v.IsZero() {
		return ""
	}
	switch c.kind {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return "1"
	case reflect.Struct:
		t, _ := v.Interface().(time.Time)
		return Millis(t)
	default:
		return strconv.FormatInt(v.Int(), 10)
	}
}

func (c column) load(v reflect.Value, s string) error {
	if s == "" {
		v.SetZero()
		return nil
	}
	switch c.kind {
	case reflect.String:
		v.SetString(s)
		return nil
	case reflect.Bool:
		v.SetBool(s == "1")
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return err
	}
	if c.kind == reflect.Struct {
		v.Set(reflect.ValueOf(time.UnixMilli(n).UTC()))
	} else {
		v.SetInt(n)
	}
	return nil
}

func columnsFor(t reflect.Type) []column {
	if known, ok := columnsOf.Load(t); ok {
		return known.([]column)
	}
	columns := read(t)
	columnsOf.Store(t, columns)
	return columns
}

func read(t reflect.Type) []column {
	var columns []column
	names := map[string]bool{stamp: true}
	for _, f := range reflect.VisibleFields(t) {
		tag, tagged := f.Tag.Lookup("store")
		if !tagged {
			continue
		}
		all, whole := pieces(tag)
		kind := f.Type.Kind()
		switch {
		case slices.ContainsFunc(all, func(name string) bool { return names[name] || name == "" }) || !f.IsExported():
			panic(fmt.Sprintf("store: %s.%s: a name of its own, and an exported field", t, f.Name))
		case !whole && kind != reflect.String:
			panic(fmt.Sprintf("store: %s.%s: only a string has pieces", t, f.Name))
		case kind == reflect.Struct && f.Type == reflect.TypeFor[time.Time]():
		case kind == reflect.String, kind == reflect.Bool, kind == reflect.Int, kind == reflect.Int64:
		default:
			panic(fmt.Sprintf("store: %s.%s: can't store a %s", t, f.Name, f.Type))
		}
		for _, name := range all {
			names[name] = true
		}
		columns = append(columns, column{all, f.Index, kind})
	}
	return columns
}

// pieces are the fields that a tag names; whole says that it is one.
func pieces(tag string) (names []string, whole bool) {
	name, number, cut := strings.Cut(tag, ",")
	names = []string{name}
	if !cut {
		return names, true
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 2 {
		panic("store: a number of pieces: " + tag)
	}
	for i := 2; i <= n; i++ {
		names = append(names, name+strconv.Itoa(i))
	}
	return names, false
}
