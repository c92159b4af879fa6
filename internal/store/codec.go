package store

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
)

var errDamaged = errors.New("a record of the file is damaged")

// encode writes the fields in order of name: of each its name and its value, each as its length and its bytes.
func encode(r Record) []byte {
	size := 0
	for field, value := range r {
		size += len(field) + len(value) + 4
	}
	b := make([]byte, 0, size)
	for _, field := range slices.Sorted(maps.Keys(r)) {
		b = append(binary.AppendUvarint(b, uint64(len(field))), field...)
		b = append(binary.AppendUvarint(b, uint64(len(r[field]))), r[field]...)
	}
	return b
}

// decode reads what encode wrote; nil is an absent record. It trusts no length that it finds.
func decode(b []byte) (Record, error) {
	if b == nil {
		return nil, nil
	}
	r := Record{}
	for len(b) > 0 {
		field, rest, ok := cut(b)
		value, rest, also := cut(rest)
		if !ok || !also {
			return nil, errDamaged
		}
		r[string(field)], b = string(value), rest
	}
	return r, nil
}

// lookup finds one field of an encoded record without decoding the others.
func lookup(b []byte, field string) (string, error) {
	for len(b) > 0 {
		name, rest, ok := cut(b)
		value, rest, also := cut(rest)
		if !ok || !also {
			return "", errDamaged
		}
		if string(name) == field {
			return string(value), nil
		}
		b = rest
	}
	return "", nil
}

// cut takes a length and as many bytes off the front.
func cut(b []byte) (head, rest []byte, ok bool) {
	n, width := binary.Uvarint(b)
	if width <= 0 {
		return nil, nil, false
	}
	b = b[width:]
	if n > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}
