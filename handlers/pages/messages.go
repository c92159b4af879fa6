package pages

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// first is the language that every other one is held against, and of who asks for none that is here.
const first = "en"

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// readBooks reads the messages, each language's from a file of its name: a flat object, with placeholders in braces.
func readBooks(files fs.FS) ([]book, error) {
	names, err := fs.Glob(files, "messages/*.json")
	if err != nil {
		return nil, err
	}
	var books []book
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		b := book{lang: strings.TrimSuffix(strings.TrimPrefix(name, "messages/"), ".json")}
		if err := json.Unmarshal(raw, &b.says); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		books = append(books, b)
	}
	slices.SortStableFunc(books, func(a, b book) int { return strings.Compare(rank(a), rank(b)) })
	return books, nil
}

func rank(b book) string {
	if b.lang == first {
		return ""
	}
	return b.lang
}

// functions are what templates call.
func (b *book) functions(publicURL string) template.FuncMap {
	return template.FuncMap{
		"public": func() string { return publicURL },
		"lang":   func() string { return b.lang },
		"say":    b.say,
		"said":   b.said,
		"strong": func(text string) template.HTML {
			return template.HTML("<strong><bdi>" + template.HTMLEscapeString(text) + "</bdi></strong>") //nolint:gosec // escaped
		},
		"date": b.date,
		"left": b.left,
	}
}

// say is a message, with a value for each of its placeholders, by name. A value of the type template.HTML stays as it is.
func (b *book) say(key string, pairs ...any) template.HTML {
	text := template.HTMLEscapeString(b.says[key])
	for i := 0; i+1 < len(pairs); i += 2 {
		value, whole := pairs[i+1].(template.HTML)
		if !whole {
			value = template.HTML(template.HTMLEscapeString(fmt.Sprint(pairs[i+1]))) //nolint:gosec // escaped
		}
		text = strings.ReplaceAll(text, "{"+fmt.Sprint(pairs[i])+"}", string(value))
	}
	return template.HTML(text) //nolint:gosec // escaped above
}

// said is a message of a family, by a word that is not known before; a word without one has that of "other".
func (b *book) said(family, word string) template.HTML {
	if _, there := b.says[family+word]; !there {
		word = "other"
	}
	return b.say(family + word)
}

// date is an instant in the words of the language, in UTC. A script may show it by the reader's own clock.
func (b *book) date(at time.Time) template.HTML {
	at = at.UTC()
	months := strings.Fields(b.says["time.months"])
	text := b.say("time.date", "day", at.Day(), "month", months[at.Month()-1], "year", at.Year(), "clock", at.Format("15:04"))
	return `<time datetime="` + template.HTML(at.Format(time.RFC3339)) + `">` + text + `</time>` //nolint:gosec // digits
}

// left is a while in its two largest units, which no language here inflects.
func (b *book) left(d time.Duration) template.HTML {
	minutes := max(int(d/time.Minute), 0)
	days, hours := strconv.Itoa(minutes/60/24), strconv.Itoa(minutes/60%24)
	switch {
	case minutes >= 24*60:
		return b.say("time.days", "days", days, "hours", hours)
	case minutes >= 60:
		return b.say("time.hours", "hours", hours, "minutes", minutes%60)
	}
	return b.say("time.minutes", "minutes", minutes)
}
