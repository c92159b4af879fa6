package store

import (
	"maps"
	"strings"
	"testing"
	"time"
)

type inner struct {
	Ends time.Time `store:"ends"`
}

type word string

type outer struct {
	inner
	Name   string        `store:"name"`
	Word   word          `store:"word"`
	Count  int           `store:"count"`
	Big    int64         `store:"big"`
	Wait   time.Duration `store:"wait"`
	Spent  bool          `store:"spent"`
	Hidden string
}

func TestFieldsAndLoad(t *testing.T) {
	t.Parallel()
	v := outer{inner{time.UnixMilli(1500).In(time.FixedZone("", 3600))}, "Ann", "user", -3, 1 << 53, time.Second, true, "not stored"}
	r := Fields(&v)
	want := Record{"ends": "1500", "name": "Ann", "word": "user", "count": "-3", "big": "9007199254740992", "wait": "1000000000", "spent": "1"}
	if !maps.Equal(r, want) {
		t.Fatalf("%q, want %q", r, want)
	}
	r["unknown"], r["op"] = "x", "y"
	got := outer{Hidden: "kept"}
	if err := r.Load(&got); err != nil {
		t.Fatal(err)
	}
	v.Hidden, v.Ends = "kept", v.Ends.UTC()
	if got != v {
		t.Fatalf("%+v, want %+v", got, v)
	}
	if err := Record(nil).Load(&got); err != nil || got != (outer{Hidden: "kept"}) {
		t.Fatalf("an absent record loads as %+v, %v", got, err)
	}
	for field, value := range Fields(outer{}) {
		if value != "" {
			t.Errorf("the zero value of %s is %q", field, value)
		}
	}
}

// A text that can be long is kept in pieces, none of which is longer than Redis keeps compactly; a shorter one takes the
// rest of the one before away.
func TestALongTextIsKeptInPieces(t *testing.T) {
	t.Parallel()
	type letter struct {
		Text string `store:"text,3"`
	}
	whole := strings.Repeat("ж", 96)
	for _, row := range []struct{ text, kept string }{
		{"", ""}, {"hi", "hi"}, {whole[:64], whole[:64]}, {whole[:65], whole[:65]}, {whole, whole}, {whole + "beyond", whole},
	} {
		r := Fields(letter{row.text})
		if len(r) != 3 || max(len(r["text"]), len(r["text2"]), len(r["text3"])) > 64 {
			t.Errorf("%q is kept as %q", row.text, r)
		}
		var got letter
		if err := r.Load(&got); err != nil || got.Text != row.kept {
			t.Errorf("%q was loaded from %q, %v", got.Text, r, err)
		}
	}
}

func TestLoadRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for _, r := range []Record{{"count": "x"}, {"big": "9223372036854775808"}, {"ends": "soon"}, {"wait": "1s"}} {
		if err := r.Load(&outer{}); err == nil {
			t.Errorf("%q was loaded", r)
		}
	}
}

func TestFieldsPanicsForWhatItCannotStore(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		struct {
			Op string `store:"op"`
		}{},
		struct {
			A string `store:"a"`
			B string `store:"a"`
		}{},
		struct {
			A []string `store:"a"`
		}{},
		struct {
			a string `store:"a"`
		}{"unexported"},
		struct {
			A int `store:"a,2"`
		}{},
		struct {
			A string `store:"a,1"`
		}{},
		struct {
			A string `store:"a,2"`
			B string `store:"a2"`
		}{},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T was stored", v)
				}
			}()
			Fields(v)
		}()
	}
}

func TestRecordReads(t *testing.T) {
	t.Parallel()
	r := Record{"n": "-5", "at": "1500", "zero": "0", "bad": "x"}
	if r.Int("n") != -5 || r.Int("bad") != 0 || r.Int("none") != 0 || Record(nil).Int("n") != 0 {
		t.Errorf("numbers read wrongly from %q", r)
	}
	if !r.Time("at").Equal(time.UnixMilli(1500)) || r.Time("at").Location() != time.UTC || r.Time("zero").IsZero() {
		t.Errorf("instants read wrongly from %q", r)
	}
	if !r.Time("none").IsZero() || !r.Time("bad").IsZero() || Millis(time.Time{}) != "" || Millis(time.UnixMilli(0)) != "0" {
		t.Error("the zero time is not the absent one")
	}
}
