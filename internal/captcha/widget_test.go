package captcha

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/browsertest"
)

const page = `<!doctype html><script type="module" src="/widget/main/altcha.js"></script>
<altcha-widget challenge="/challenge" auto="onload" minDuration="0"></altcha-widget>`

// The real widget, in a real browser, solves what is asked here, and what it sends is taken, once.
func TestTheWidgetIsUnderstood(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.rounds = Recommended
	d.now = time.Now // the widget looks at its own clock
	mux := http.NewServeMux()
	mux.Handle("/widget/", http.StripPrefix("/widget/", http.FileServer(http.Dir(browsertest.Altcha(t)))))
	mux.HandleFunc("/challenge", func(w http.ResponseWriter, _ *http.Request) {
		c, err := d.Challenge()
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(c)
	})
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(page))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	browser := browsertest.Open(t)
	browser.Visit(server.URL)
	token := browser.Says(`new Promise(done => {
		const look = () => { const input = document.querySelector("input[name=altcha]"); input && input.value ? done(input.value) : requestAnimationFrame(look); };
		look();
	})`)
	require.NoError(t, d.Verify(t.Context(), token, ""), token)
	require.ErrorIs(t, d.Verify(t.Context(), token, ""), ErrRefused)
}
