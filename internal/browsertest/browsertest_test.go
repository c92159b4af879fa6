package browsertest

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Scripts run, wait for what they fetch, and find no cookie of another test's browser, and those of another tab.
func TestAPageRunsItsScripts(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "been", Value: "here"})
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>" + r.Header.Get("Cookie") + "</title>"))
	}))
	t.Cleanup(server.Close)
	for range 2 {
		p := Open(t)
		p.Visit(server.URL)
		if title := p.Says("document.title"); title != "" {
			t.Errorf("it remembers %q", title)
		}
		p.Visit(server.URL)
		if title := p.Says("fetch(location).then(r => r.text())"); title != "<!doctype html><title>been=here</title>" {
			t.Errorf("the page is %q", title)
		}
		tab := p.Tab()
		tab.Visit(server.URL)
		if title := tab.Says("document.title"); title != "been=here" {
			t.Errorf("in another tab it is %q", title)
		}
	}
}
