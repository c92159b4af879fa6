package store

import (
	"maps"
	"testing"
)

// FuzzDecode reads what a damaged file may hold: an error, or a record that can be written and read again.
func FuzzDecode(f *testing.F) {
	f.Add(encode(Record{"op": "a", "name": "Ann", "": "\x00\xff"}))
	f.Add([]byte{2, 'o', 'p'})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Add([]byte{1, 'a', 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decode(b)
		for field, value := range r {
			if got, err := lookup(encode(r), field); err != nil || got != value {
				t.Fatalf("lookup %q: %q, %v, want %q", field, got, err, value)
			}
		}
		if err != nil {
			return
		}
		again, err := decode(encode(r))
		if err != nil || !maps.Equal(again, r) {
			t.Fatalf("%q, %v, want %q", again, err, r)
		}
	})
}

func TestDecodeRefusesDamage(t *testing.T) {
	t.Parallel()
	whole := encode(Record{"op": "abc", "n": "1"})
	for n := 1; n < len(whole); n++ {
		if r, err := decode(whole[:n]); err == nil && len(r) != 1 { // one field alone is a record, too
			t.Errorf("the first %d bytes read as %q", n, r)
		}
	}
	if r, err := decode(nil); r != nil || err != nil {
		t.Errorf("no bytes read as %q, %v", r, err)
	}
}
