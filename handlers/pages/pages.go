// Package pages is what people see in a browser: templates, and the messages in them in the language that the browser
// asks for. A translator edits or adds a file in messages; what does not fit together fails at start.
package pages

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

//go:embed templates messages page.js
var files embed.FS

// Script shows the times of a page as the clock on the wall does. A page works without it.
func Script() []byte {
	script, _ := files.ReadFile("page.js") // it is embedded
	return script
}

// A Page is one answer: a template by its name, and what it shows.
type Page struct {
	Name   string
	Status int
	Data   any

	// LeadsTo are the hosts or origins, beside our own, that the page's forms may lead to: a browser holds what a form is
	// answered with against the policy, too.
	LeadsTo []string

	Asks bool // its script asks this server
}

// Pages are all there are, in each language. They are safe for concurrent use.
type Pages struct {
	own     string // where scripts, styles and answers to forms come from
	matcher language.Matcher
	books   []book // English first, for who asks for nothing that is here
}

// A book is everything in one language.
type book struct {
	lang      string
	says      map[string]string
	templates map[string]*template.Template
}

// New reads the pages of a server that the world finds at publicURL.
func New(publicURL string) (*Pages, error) { return open(files, publicURL) }

func open(files fs.FS, publicURL string) (*Pages, error) {
	public, err := url.Parse(publicURL)
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	p := &Pages{own: "'self' " + public.Scheme + "://" + public.Host}
	if p.books, err = readBooks(files); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	var tags []language.Tag
	for i := range p.books {
		b := &p.books[i]
		tag, err := language.Parse(b.lang)
		tags = append(tags, tag)
		if err := cmp.Or(err, b.readTemplates(files, publicURL)); err != nil {
			return nil, fmt.Errorf("pages: %s: %w", b.lang, err)
		}
	}
	p.matcher = language.NewMatcher(tags)
	return p, p.check()
}

// readTemplates reads each page as a layout with its own parts.
func (b *book) readTemplates(files fs.FS, publicURL string) error {
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return err
	}
	b.templates = map[string]*template.Template{}
	const layout = "templates/layout.html"
	for _, file := range names {
		if file == layout {
			continue
		}
		name := strings.TrimSuffix(strings.TrimPrefix(file, "templates/"), ".html")
		t, err := template.New(name).Funcs(b.functions(publicURL)).ParseFS(files, layout, file)
		if err != nil {
			return err
		}
		b.templates[name] = t
	}
	return nil
}

// Render answers with a page in the reader's language. A template that fails is a mistake of ours, and panics.
func (p *Pages) Render(w http.ResponseWriter, r *http.Request, page Page) {
	b := p.reader(r)
	var out bytes.Buffer
	if err := b.templates[page.Name].ExecuteTemplate(&out, "layout", page.Data); err != nil {
		panic(err)
	}
	h := w.Header()
	h.Add("Vary", "Accept-Language")
	h.Set("Content-Language", b.lang)
	h.Set("Content-Type", "text/html; charset=utf-8")
	forms := strings.Join(slices.Concat([]string{p.own}, page.LeadsTo), " ")
	policy := "default-src 'none'; script-src " + p.own + "; style-src " + p.own + "; form-action " + forms +
		"; base-uri 'none'; frame-ancestors 'none'"
	if page.Asks {
		policy += "; connect-src " + p.own
	}
	h.Set("Content-Security-Policy", policy)
	w.WriteHeader(page.Status)
	_, _ = w.Write(out.Bytes()) // who has gone away reads no answer
}

// reader is the book for who asks.
func (p *Pages) reader(r *http.Request) *book {
	_, i := language.MatchStrings(p.matcher, r.Header.Get("Accept-Language"))
	return &p.books[i]
}
