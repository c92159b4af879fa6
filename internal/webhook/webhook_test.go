package webhook

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	judge "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"usher/internal/outbox"
	"usher/internal/secret"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}

// receiver is a server of somebody else, with TLS, and a Sender that knows it.
func receiver(t *testing.T, answer http.HandlerFunc) (*httptest.Server, *Sender) {
	t.Helper()
	server := httptest.NewTLSServer(answer)
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server, New(Settings{Networks: loopback, Roots: roots, Within: 300 * time.Millisecond}, time.Now)
}

// newSecret is a secret of 32 bytes that are all the same.
func newSecret(b byte) secret.String {
	return secret.New(mark + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)))
}

func TestASecretIsWhatStandardWebhooksHas(t *testing.T) {
	t.Parallel()
	of := func(bytes int) string { return mark + base64.StdEncoding.EncodeToString(make([]byte, bytes)) }
	for _, right := range []string{"", of(24), of(32), of(64)} {
		require.Empty(t, CheckSecret(secret.New(right)), right)
	}
	for _, wrong := range []string{"x", mark, of(23), of(65), of(32) + "=", strings.TrimPrefix(of(32), mark), "\n" + of(32)} {
		require.NotEmpty(t, CheckSecret(secret.New(wrong)), wrong)
	}
}

func TestADeliveryIsWhatStandardWebhooksVerifies(t *testing.T) {
	t.Parallel()
	type request struct {
		http.Header
		body []byte
	}
	got := make(chan request, 1)
	server, s := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- request{r.Header, body}
	})
	before, now := newSecret(1), newSecret(2)
	d := Delivery{
		ID: "7", URL: server.URL + "/hook", Headers: map[string]string{"authorization": "Bearer abc"},
		Secrets: []secret.String{now, before}, Body: []byte(`{"action":"sessionJoined"}`),
	}
	require.NoError(t, s.Send(t.Context(), d))
	r := <-got
	require.Equal(t, d.Body, r.body)
	require.Equal(t, "7", r.Get("Webhook-Id"))
	require.Equal(t, "Bearer abc", r.Get("Authorization"))
	require.Equal(t, "application/json", r.Get("Content-Type"))
	for _, one := range d.Secrets {
		w, err := judge.NewWebhook(one.Reveal())
		require.NoError(t, err)
		require.NoError(t, w.Verify(r.body, r.Header))
		require.Error(t, w.Verify([]byte(`{"action":"sessionLeft"}`), r.Header))
	}
	w, err := judge.NewWebhook(newSecret(3).Reveal())
	require.NoError(t, err)
	require.Error(t, w.Verify(r.body, r.Header))

	d.Secrets = nil
	require.NoError(t, s.Send(t.Context(), d))
	require.Empty(t, (<-got).Values("Webhook-Signature"))
}

func TestTheAnswerSaysWhatBecameOfADelivery(t *testing.T) {
	t.Parallel()
	const delivered, gone = "", "it answered 410"
	forever := func(r *http.Request) { <-r.Context().Done() }
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"200": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }, delivered},
		"204": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, delivered},
		"400": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) }, "it answered 400"},
		"410": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }, gone},
		"503": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "it answered 503"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, "it answered 307"},
		"an end":         {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "it can't be reached"},
		"never":          {func(_ http.ResponseWriter, r *http.Request) { forever(r) }, "it did not answer in time"},
		"half an answer": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200); flush(w); forever(r) }, delivered},
		"without end": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = w.Write(make([]byte, 1<<16))
			}
		}, delivered},
		"a long head":         {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<17)) }, "it can't be reached"},
		"a head drop by drop": {dripping, "it did not answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			visits := make(chan string, 20)
			server, s := receiver(t, func(w http.ResponseWriter, r *http.Request) {
				visits <- r.URL.Path
				_, _ = io.ReadAll(r.Body) // or the server does not notice who hangs up
				row.answer(w, r)
			})
			err := s.Send(t.Context(), Delivery{ID: "7", URL: server.URL + "/s3cret?token=s3cret", Body: []byte("{}")})
			if row.says == delivered {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, row.says)
				require.NotContains(t, err.Error(), "s3cret")
				require.NotContains(t, err.Error(), "127.0.0.1")
			}
			require.Equal(t, row.says == gone, errors.Is(err, ErrGone))
			require.Equal(t, row.says == gone, errors.Is(err, outbox.ErrHopeless))
			require.Len(t, visits, 1)
		})
	}
}

func TestOnlyWhoIsVouchedForGetsAnything(t *testing.T) {
	t.Parallel()
	server, _ := receiver(t, func(http.ResponseWriter, *http.Request) { t.Error("it came") })
	s := New(Settings{Networks: loopback}, time.Now)
	require.ErrorContains(t, s.Send(t.Context(), Delivery{URL: server.URL}), "certificate")
}

func TestNoProxyIsAsked(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("HTTP_PROXY", proxy.URL)
	names := map[string][]string{"away.example.com.": {"10.0.0.1"}}
	s := New(Settings{Networks: loopback, Resolver: resolver(t, names)}, time.Now)
	require.ErrorIs(t, s.Send(t.Context(), Delivery{URL: "https://away.example.com"}), errNotAllowed)
}

func flush(w http.ResponseWriter) { w.(http.Flusher).Flush() }

// dripping begins an answer and never comes to the end of its head.
func dripping(w http.ResponseWriter, r *http.Request) {
	conn, buffer, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for _, err = buffer.WriteString("HTTP/1.1 200 OK\r\nX: "); err == nil; err = buffer.Flush() {
		_, _ = buffer.WriteString("x")
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

func TestHeadersOfAReceiverAreItsOwn(t *testing.T) {
	t.Parallel()
	for _, wrong := range []map[string]string{
		{"": "x"},
		{"Two words": "x"},
		{"X:": "x"},
		{"X\r\nY": "x"},
		{strings.Repeat("x", 65): "x"},
		{"X": "a\r\nHost: b"},
		{"X": "a\nb"},
		{"X": "a\x00b"},
		{"X": "é"},
		{"X": strings.Repeat("x", 1025)},
		{"Host": "x"},
		{"content-length": "0"},
		{"Transfer-Encoding": "chunked"},
		{"CONNECTION": "close"},
		{"TE": "x"},
		{"Upgrade": "x"},
		{"Proxy-Authorization": "x"},
		{"Webhook-Signature": "x"},
		{"webhook-id": "x"},
		{"X": "1", "x": "2"},
	} {
		require.NotEmpty(t, CheckHeaders(wrong), "%q", wrong)
	}
	many := map[string]string{}
	for _, name := range strings.Split("abcdefghij", "") {
		many[name] = "x"
	}
	require.Empty(t, CheckHeaders(many))
	many["k"] = "x"
	require.NotEmpty(t, CheckHeaders(many))
	require.Empty(t, CheckHeaders(map[string]string{"Authorization": "Bearer abc", "X-Tenant": "", "Content-Type": "text/json"}))
}
