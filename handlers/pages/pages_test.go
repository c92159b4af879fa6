package pages

import (
	"io/fs"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

const publicURL = "https://usher.test/door"

// small is a house of one page in two languages; changes are made to its files.
func small(changes ...string) fs.FS {
	files := map[string]string{
		"templates/layout.html": `{{define "layout"}}{{lang}}: {{template "main" .}}{{end}}`,
		"templates/room.html":   `{{define "main"}}{{if .}}{{range .}}{{say "room.as" "name" (strong .)}}{{end}}{{else}}{{said "no." "such"}}{{end}}{{end}}`,
		"messages/de.json":      `{"room.as":"Als {name}","no.other":"Nein","no.bye":"Weg",` + times + `}`,
		"messages/en.json":      `{"room.as":"As {name}","no.other":"No","no.bye":"Gone",` + times + `}`,
	}
	for i := 0; i+2 < len(changes); i += 3 {
		files[changes[i]] = strings.Replace(files[changes[i]], changes[i+1], changes[i+2], 1)
	}
	whole := fstest.MapFS{}
	for name, text := range files {
		whole[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return whole
}

const times = `"time.months":"1 2 3 4 5 6 7 8 9 10 11 12","time.date":"{day} {month} {year} {clock}","time.days":"{days} {hours}",` +
	`"time.hours":"{hours} {minutes}","time.minutes":"{minutes}"`

// Pages whose messages and templates do not fit together are not served.
func TestMessagesFitTheTemplates(t *testing.T) {
	t.Parallel()
	_, err := open(small(), publicURL)
	require.NoError(t, err)
	const de, en, room = "messages/de.json", "messages/en.json", "templates/room.html"
	for says, changes := range map[string][]string{
		`de: no "room.as"`:                     {de, `"room.as":"Als {name}",`, ``},
		`de: no "no.bye"`:                      {de, `Weg`, ` `},
		`de: "extra" is not there in English`:  {de, `{`, `{"extra":"mehr",`},
		`de: "room.as" has other placeholders`: {de, `{name}`, `{nam}`},
		`nothing says "extra"`:                 {en, `{`, `{"extra":"more",`, de, `{`, `{"extra":"mehr",`},
		`"room.gone", which is not there`:      {room, `{{end}}`, `{{say "room.gone"}}{{end}}`},
		`"all.other", which is not there`:      {room, `{{end}}`, `{{said "all." "such"}}{{end}}`},
		`asks for [{name}] and is given []`:    {room, ` "name" (strong .)`, ``},
		`de: a year of 12 months`:              {de, ` 12"`, `"`},
		`messages/de.json: invalid character`:  {de, `{`, `[`},
		`well-formed`:                          {room, ``, ``},
	} {
		files := small(changes...)
		if says == `well-formed` {
			files.(fstest.MapFS)["messages/d_.json"] = files.(fstest.MapFS)["messages/de.json"]
		}
		_, err := open(files, publicURL)
		require.ErrorContains(t, err, says)
	}
}

// What is put into a message is text and nothing else.
func TestAMessageTakesTextOnly(t *testing.T) {
	t.Parallel()
	p, err := open(small(), publicURL)
	require.NoError(t, err)
	require.Equal(t, "de: Als <strong><bdi>&lt;b&gt; {name} &amp;</bdi></strong>", render(p, "de", []string{"<b> {name} &"}))
	require.Equal(t, "en: No", render(p, "", nil))
}

func render(p *Pages, language string, data any) string {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Language", language)
	p.Render(w, r, Page{Name: "room", Status: 200, Data: data})
	return w.Body.String()
}

// The reader gets the first of his languages that is here, and English where none is.
func TestTheLanguageIsTheReaders(t *testing.T) {
	t.Parallel()
	p, err := New(publicURL)
	require.NoError(t, err)
	for asked, want := range map[string]string{
		"": "en", "*": "en", "fr": "en", "de-AT,de;q=0.9": "de", "ru-RU,ru;q=0.9,en;q=0.8": "ru", "ko": "ko", "es-MX": "es",
		"fr;q=1, ko;q=0.4, ru;q=0.6": "ru", "en-GB;q=0.1,es": "es", "de;q=0,en": "en", "\x00;;;,q=": "en",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Language", asked)
		require.Equal(t, want, p.reader(r).lang, asked)
	}
}

// Dates and whiles are in the words of the language, in UTC.
func TestTimesAreInWords(t *testing.T) {
	t.Parallel()
	p, err := New(publicURL)
	require.NoError(t, err)
	said := map[string]string{}
	for _, b := range p.books {
		at := time.Date(2026, 3, 1, 5, 7, 0, 0, time.FixedZone("", 3600))
		said[b.lang] = string(b.date(at) + " " + b.left(50*time.Hour) + " " + b.left(61*time.Minute) + " " + b.left(-time.Second))
	}
	require.Equal(t, map[string]string{
		"en": `<time datetime="2026-03-01T04:07:00Z">1 March 2026, 04:07 UTC</time> 2 d 2 h 1 h 1 min 0 min`,
		"de": `<time datetime="2026-03-01T04:07:00Z">1. März 2026, 04:07 UTC</time> 2 Tg. 2 Std. 1 Std. 1 Min. 0 Min.`,
		"es": `<time datetime="2026-03-01T04:07:00Z">1 de marzo de 2026, 04:07 UTC</time> 2 d 2 h 1 h 1 min 0 min`,
		"ko": `<time datetime="2026-03-01T04:07:00Z">2026년 3월 1일 04:07 UTC</time> 2일 2시간 1시간 1분 0분`,
		"ru": `<time datetime="2026-03-01T04:07:00Z">1 марта 2026 г., 04:07 UTC</time> 2 дн. 2 ч 1 ч 1 мин 0 мин`,
	}, said)
}
