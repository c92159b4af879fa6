package captcha

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
)

// service is a service that answers this, and the form that it got.
func service(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) Site {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(answer))
	t.Cleanup(server.Close)
	return Site{URL: server.URL, Secret: secret.New("s3cret of the site"), Hostname: "usher.example.com", Action: "sign-up", Client: server.Client()}
}

func TestOnlyAClearYesLetsIn(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]error{
		`{"success":true,"hostname":"usher.example.com","action":"sign-up"}`:    nil,
		`{"success":false,"hostname":"usher.example.com","action":"sign-up"}`:   ErrRefused,
		`{"success":false,"error-codes":["timeout-or-duplicate"]}`:              ErrRefused,
		`{"success":true,"hostname":"evil.example.com","action":"sign-up"}`:     ErrRefused,
		`{"success":true,"hostname":"usher.example.com","action":"newsletter"}`: ErrRefused,
		`{"success":true,"hostname":"usher.example.com"}`:                       ErrRefused,
		`{"success":true}`: ErrRefused, `{}`: ErrRefused, `null`: ErrRefused,
		`{"success":"true","hostname":"usher.example.com","action":"sign-up"}`: ErrUnavailable, `yes`: ErrUnavailable, ``: ErrUnavailable,
	} {
		s := service(t, func(w http.ResponseWriter, r *http.Request) {
			if r.PostFormValue("secret") != "s3cret of the site" || r.PostFormValue("response") != "token" || r.PostFormValue("remoteip") != "203.0.113.7" || r.URL.RawQuery != "" {
				t.Errorf("it is asked %v", r.PostForm)
			}
			_, _ = io.WriteString(w, answer)
		})
		require.ErrorIs(t, s.Verify(t.Context(), "token", "203.0.113.7"), want, answer)
	}
}

func TestAServiceWithoutActionsIsNotAskedForOne(t *testing.T) {
	t.Parallel()
	s := service(t, func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("remoteip") != "" {
			t.Errorf("it is told an address: %v", r.PostForm)
		}
		_, _ = io.WriteString(w, `{"success":true,"hostname":"usher.example.com"}`)
	})
	s.Action = ""
	require.NoError(t, s.Verify(t.Context(), "token", ""))
	require.ErrorIs(t, s.Verify(t.Context(), "", ""), ErrRefused, "nobody is asked about nothing")
}

// Where the service is away, slow or broken, nobody is let in, and no secret is in what is said about it.
func TestWithoutItsServiceACaptchaIsClosed(t *testing.T) {
	t.Parallel()
	broken := service(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"success":true,"hostname":"usher.example.com","action":"sign-up"}`)
	})
	silent := service(t, func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // a server sees that a caller has gone once it has read what he sent
		<-r.Context().Done()
	})
	away := service(t, nil)
	away.URL = "http://127.0.0.1:1/siteverify"
	for name, s := range map[string]Site{"broken": broken, "silent": silent, "away": away, "nowhere": {URL: "::"}} {
		if s.Client == nil {
			s.Client = http.DefaultClient
		}
		begin := time.Now()
		err := s.Verify(t.Context(), "token", "")
		require.ErrorIs(t, err, ErrUnavailable, name)
		require.NotContains(t, err.Error(), "s3cret")
		require.Less(t, time.Since(begin), 2*patience, name)
	}
}
