package store

import (
	"maps"
	"strconv"
	"time"
)

// A Record is the fields of a key; nil is absent. Instants are Unix milliseconds, in decimal.
// The field "op" belongs to the store: see Tx.
type Record map[string]string

// stamp is the field that bears the Op of the last transaction that wrote the record.
const stamp = "op"

// Int is a field as a whole number: 0 where it is missing, or no number.
func (r Record) Int(field string) int64 { return number(r[field]) }

// Time is a field as an instant in UTC: the zero time where it is missing, or no number.
func (r Record) Time(field string) time.Time {
	if r[field] == "" {
		return time.Time{}
	}
	n, err := strconv.ParseInt(r[field], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// Without are the fields of r but for those that a record had before: all that is to be set to make r of it.
func (r Record) Without(before Record) Record {
	changed := maps.Clone(r)
	maps.DeleteFunc(changed, func(field, value string) bool { return before[field] == value })
	return changed
}

// Millis is an instant as a record holds it: Unix milliseconds, in decimal, and "" for the zero time.
func Millis(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// number reads a whole number, an optional minus and digits, as apply.lua does. Anything else is 0.
func number(s string) int64 {
	if s == "" || s[0] == '+' {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
