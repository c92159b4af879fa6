package console

import (
	"cmp"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/handlers/wire"
)

// A page is made of parts, one below the other.
type page struct {
	Title     string
	Tab       string
	Up        link   // what the page is a part of
	Actions   []link // forms that belong to the page; for administrators
	Parts     []part
	Problem   string // why there is nothing to see
	RequestID string // by which the log tells more of it
	Stranger  bool   // who has come has no business here
	Once      bool   // what is on it is shown once
	Picture   template.HTML

	// What the frame shows.
	Base, Public, Notice string
	Me                   auth.Account
	May                  bool // change something
	Tabs                 []tab
}

// A part is one of these.
type part struct {
	Facts *facts
	Table *table
	Form  *form
}

// A link leads to another page of the console.
type link struct {
	Text, To string
	Risky    bool
}

// Facts are what is to be known of one thing.
type facts []fact

type fact struct {
	Name string
	cell
}

// A cell is a text, or an instant, which may lead to a page.
type cell struct {
	Text   string
	To     string
	At     time.Time
	Mark   string // a word that stands out
	Button bool   // it leads to a form
	Code   bool   // it is for programs
	Image  string // where it is
}

// A table is a part of a list, and the ways to its other parts.
type table struct {
	ID, Title   string
	Search      *search
	Columns     []string
	Rows        [][]cell
	Empty       string // what is said where there is nothing
	Failed      string // why the list could not be read
	status      int
	Live        string // where it is asked for again every few seconds
	Newest      bool   // the list goes from the newest to the oldest, and one way only
	First, Back string
	Next        string
}

// A search narrows a table down by what is typed or, where there are options, chosen: at once where scripts run.
type search struct {
	To, Name, Label, Text string
	Options               []option
}

// A form does something, after which another page is shown.
type form struct {
	To, Says, Button, Cancel string
	Risky                    bool
	Upload                   bool // it sends a file, too
	Fields                   []field
	Picker                   *picker
	Problem                  string
}

// A field of a form; its kind is that of an input, or "select". Of checkboxes and radios, the options are the choice.
type field struct {
	Name, Label, Kind, Value, Hint, Wrong, Fills string
	Required                                     bool
	Options                                      []option
}

type option struct {
	Value, Text, Hint string
	Chosen            bool
}

// forReaders is a page without anything that changes something; of one that is there for that it says so.
func (p page) forReaders(changes bool) page {
	p.Actions = nil
	for _, it := range p.Parts {
		if it.Table != nil {
			it.Table.withoutButtons()
		}
	}
	p.Parts = slices.DeleteFunc(slices.Clone(p.Parts), func(it part) bool { return it.Form != nil })
	if changes && p.RequestID == "" && !p.Stranger {
		p.Problem = "Support sees everything and changes nothing."
	}
	return p
}

// withoutButtons takes away the column of those, which is the last.
func (t *table) withoutButtons() {
	if !slices.ContainsFunc(t.Rows, func(row []cell) bool { return row[len(row)-1].Button }) {
		return
	}
	t.Columns = t.Columns[:len(t.Columns)-1]
	for i, row := range t.Rows {
		t.Rows[i] = row[:len(t.Columns)]
	}
}

// status is that of the worst of the parts.
func (p page) status() int {
	status := http.StatusOK
	for _, it := range p.Parts {
		if it.Table != nil {
			status = max(status, it.Table.status)
		}
	}
	return status
}

// perPage is how many rows a table shows at a time.
const perPage = 25

// listed fills a table with one page of a list. Cursors lie between the entries of the list, so that each leads both
// ways: behind an entry, or before one whose last byte is taken off, which no other entry comes near.
func listed[T any](v *visit, t table, list func(auth.Page) ([]T, string, error), row func(T) []cell) part {
	before, after := v.cursor(t.ID+"-before"), v.cursor(t.ID+"-after")
	items, last, err := list(auth.Page{Limit: perPage, After: max(before, after), Descending: before != ""})
	if err == nil && before != "" && last == "" { // back at the beginning, of which a whole page is shown
		before, after = "", ""
		items, last, err = list(auth.Page{Limit: perPage})
	}
	if err != nil {
		told := v.Told(v.Call, err)
		t.Failed, t.status = sentence(told), told.Status
		return part{Table: &t}
	}
	if before != "" {
		slices.Reverse(items)
	}
	t.turns(v, before, after, last)
	return filled(t, items, row)
}

// filled is a table with rows, which is not called empty where only this page of it is.
func filled[T any](t table, items []T, row func(T) []cell) part {
	for _, item := range items {
		t.Rows = append(t.Rows, row(item))
	}
	if t.First != "" || t.Back != "" || t.Next != "" {
		t.Empty = "Nothing on this page."
	}
	return part{Table: &t}
}

// turns are the ways from one page of a list to the others.
func (t *table) turns(v *visit, before, after, last string) {
	switch {
	case t.Newest && last != "":
		t.Next = v.goes(t.ID+"-after", last)
	case t.Newest:
	case before != "":
		t.Back, t.Next = v.goes(t.ID+"-before", last[:len(last)-1]), v.goes(t.ID+"-after", before)
	case last != "":
		t.Next = v.goes(t.ID+"-after", last+"\x00")
	}
	switch {
	case after != "" && t.Newest:
		t.First = v.goes(t.ID+"-after", "")
	case after != "":
		t.Back = v.goes(t.ID+"-before", after)
	}
}

// goes is where another page of the same list is.
func (v *visit) goes(name, cursor string) string {
	id, _, _ := strings.Cut(name, "-")
	return v.with(name, base64.RawURLEncoding.EncodeToString([]byte(cursor)), id+"-before", id+"-after")
}

// asks is a form of this page. What was sent and refused stands in it again, but for what is secret.
func (v *visit) asks(f form) part {
	f.To = v.here()
	f.Upload = slices.ContainsFunc(f.Fields, func(it field) bool { return it.Kind == "file" })
	f.Cancel = v.base + f.Cancel
	for i := range f.Fields {
		f.Fields[i].fill(v.typed, v.problem)
	}
	if f.Picker != nil && v.problem != nil && v.problem.Field == "/member" {
		f.Picker.Wrong = sentence(*v.problem)
	}
	if v.problem != nil && !slices.ContainsFunc(f.Fields, func(it field) bool { return it.Wrong != "" }) {
		f.Problem = sentence(*v.problem)
	}
	return part{Form: &f}
}

func (f *field) fill(typed url.Values, problem *wire.Problem) {
	chosen := []string{f.Value}
	if typed != nil && f.Kind != "password" {
		f.Value, chosen = typed.Get(f.Name), typed[f.Name]
	}
	for i := range f.Options {
		f.Options[i].Chosen = slices.Contains(chosen, f.Options[i].Value)
	}
	if problem != nil && cmp.Or(fieldsOf[problem.Code], strings.TrimPrefix(problem.Field, "/")) == f.Name {
		f.Wrong = sentence(*problem)
	}
}

// at is an instant for people, in UTC; a script shows it by the reader's own clock.
func at(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") }

// stamp is an instant for programs.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
