package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A teller takes what a test would be told of.
type teller struct {
	testing.TB
	told []string
}

func (t *teller) Helper()                        {}
func (t *teller) Errorf(format string, a ...any) { t.told = append(t.told, fmt.Sprintf(format, a...)) }

// What nobody can read, in the dark alone, and what is wider than a phone, is told of, and a picture is kept.
func TestAPageThatSomeCannotRead(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("USHER_TEST_SCREENSHOTS", dir)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, _ = w.Write([]byte(`<!doctype html><html lang="` + r.Header.Get("Accept-Language") + `"><meta name="viewport" content="width=device-width"><title>page</title>
			<style>@media (prefers-color-scheme: dark) { p { color: #777; background: #666 } }</style><main><h1>Page</h1>` + r.URL.Query().Get("more") + `</main>`))
	}))
	t.Cleanup(server.Close)
	p := Open(t)
	p.Phone()
	p.Reads("ko")
	heard := &teller{TB: t}
	deaf := p
	deaf.t = heard
	for more, want := range map[string]string{
		"": "", "%3Cinput%3E": "light: axe finds\nlabel: <input>", "%3Cp%3Etext%3C/p%3E": "dark: axe finds\ncolor-contrast: <p>",
		"%3Cdiv%20style=width:2000px%3Ex%3C/div%3E": "is too wide: 2",
	} {
		p.Visit(server.URL + "?more=" + more)
		heard.told = nil
		deaf.Accessible("page")
		if told := strings.Join(heard.told, "\n"); !strings.Contains(told, want) || want == "" && told != "" || len(heard.told) > 1 {
			t.Errorf("%s: %q", more, told)
		}
	}
	if lang := p.Says("document.documentElement.lang"); lang != "ko" {
		t.Errorf("it reads %q", lang)
	}
	if _, err := os.Stat(filepath.Join(dir, "page-dark.png")); err != nil {
		t.Error(err)
	}
}
