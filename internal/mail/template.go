package mail

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"strings"
	texts "text/template"
	"time"
	"unicode"

	"usher/internal/secret"
)

//go:embed templates
var embedded embed.FS

// Templates are how mails read: of each kind a text, the first line of which is the subject, and a page of HTML.
type Templates struct {
	server string
	text   *texts.Template
	html   *template.Template
}

// words are what a template has to work with.
type words struct {
	Server string // the host of the public URL
	Name   string // of the user; may be empty
	To     string
	Link   string // empty where the mail brings none
	Good   string // how long it is good for: "30 minutes", "3 days"
	Until  string // and until when, in UTC: "1 December 2026, 14:05 UTC"

	Invitation // of an invite: By, Space, Role, Note
}

// NewTemplates reads the templates of a server with this public URL. A file of the directory takes the place of the
// built-in one of the same name; there need be no directory. The error says what no mail could be made of.
func NewTemplates(public, directory string) (*Templates, error) {
	t := &Templates{server: host(public), text: texts.New("mail"), html: template.New("mail")}
	for name := range files() {
		content, err := content(directory, name)
		if err == nil && strings.HasSuffix(name, ".txt") {
			_, err = t.text.New(name).Parse(content)
		} else if err == nil {
			_, err = t.html.New(name).Parse(content)
		}
		if err != nil {
			return nil, fmt.Errorf("mail: templates: %w", err)
		}
	}
	for kind, links := range kinds {
		try := Message{Kind: kind, To: "ann@example.com", Name: "Ann", Expiry: time.Hour}
		if links {
			try.Link = secret.New("https://example.com/link")
		}
		w, err := t.write(try)
		shown := strings.Contains(w.text, try.Link.Reveal()) && strings.Contains(w.html, try.Link.Reveal())
		if err == nil && links && !shown {
			err = errors.New("the link is missing")
		}
		if err != nil {
			return nil, fmt.Errorf("mail: templates: %s: %w", kind, err)
		}
	}
	return t, nil
}

// files are the names of the templates. The frame is what all pages have in common.
func files() map[string]bool {
	names := map[string]bool{"frame.html": true}
	for kind := range kinds {
		names[string(kind)+".txt"], names[string(kind)+".html"] = true, true
	}
	return names
}

func content(directory, name string) (string, error) {
	if directory != "" {
		text, err := fs.ReadFile(os.DirFS(directory), name)
		if !errors.Is(err, fs.ErrNotExist) {
			return string(text), err
		}
	}
	text, err := embedded.ReadFile("templates/" + name)
	return string(text), err
}

// A written mail.
type written struct{ subject, text, html string }

func (t *Templates) write(m Message) (written, error) {
	w := words{Server: t.server, Name: m.Name, To: m.To, Link: m.Link.Reveal(), Good: inWords(m.Expiry), Invitation: m.Invitation}
	w.Until = m.Now.Add(m.Expiry).UTC().Format("2 January 2006, 15:04 UTC")
	var text, html bytes.Buffer
	if err := t.text.ExecuteTemplate(&text, string(m.Kind)+".txt", w); err != nil {
		return written{}, err
	}
	if err := t.html.ExecuteTemplate(&html, string(m.Kind)+".html", w); err != nil {
		return written{}, err
	}
	subject, rest, found := strings.Cut(text.String(), "\n\n")
	if !found || subject == "" {
		return written{}, errors.New("a text begins with its subject and an empty line")
	}
	return written{oneLine(subject), rest, html.String()}, nil
}

// oneLine is what of a text can stand in a header.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
}

// inWords is a duration as people say it.
func inWords(d time.Duration) string {
	d = d.Round(time.Minute) // the mail leaves a moment after its link was made
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}
