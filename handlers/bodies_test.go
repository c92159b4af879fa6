package handlers

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzBodies looks for a body, of whatever type, that gets past the guards of an operation and means to its handler
// something else than it says; or for a refusal that repeats what came.
func FuzzBodies(f *testing.F) {
	m := build(f)
	var takes []errand
	var got *call
	operations := m.errands()
	for _, name := range slices.Sorted(maps.Keys(operations)) {
		if operations[name].RequestBody != nil {
			takes = append(takes, operations[name])
		}
	}
	m = build(f, func(_ *machine, _ *api, operations map[string]handler) {
		for name, answers := range operations {
			operations[name] = func(c *call) (any, error) { got = c; return answers(c) }
		}
	})
	for i, e := range takes {
		raw, err := json.Marshal(e.body)
		require.NoError(f, err)
		f.Add(uint8(i), kindJSON, raw)
		f.Add(uint8(i), "application/json; charset=UTF-8", append(raw, ' '))
		if e.oauth {
			f.Add(uint8(i), kindForm, []byte("grant_type=password&username=a%40b.c&password=p+q&client_secret=&unheard=of"))
			f.Add(uint8(i), kindForm, []byte("grant_type=password&grant_type=%ff&%zz"))
		}
	}
	for _, seed := range []string{
		`{"name":"a","name":"b"}`, `{"name":"\ud800"}`, `{"n\u0061me":"a"}`, `{"name":1e999}`, `null`, `[]`, `{"name":null}`, "\xff", "{}{}", "",
		strings.Repeat(`{"a":`, 40), `{"name":"` + long(200) + `"}`,
	} {
		f.Add(uint8(len(seed)), kindJSON, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, which uint8, kind string, raw []byte) {
		e := takes[int(which)%len(takes)]
		here := *m
		here.TB, e.machine, got = t, &here, nil
		w, asked := e.posts(kind, raw)
		Conforms(t, asked, w.Code, w.Header(), w.Body.Bytes())
		switch {
		case w.Code == e.success:
			require.NotNil(t, got)
			e.means(kind, raw, got)
		case e.oauth:
			require.Contains(t, []int{400, 401, 413, 415, 429}, w.Code, w.Body)
		default:
			require.Contains(t, []int{413, 415, 422, 429}, w.Code, w.Body)
		}
		if w.Code != e.success {
			unrepeated(t, raw, w.Body.String())
		}
	})
}

// posts sends a body as somebody whom the operation takes.
func (e errand) posts(kind string, raw []byte) (*httptest.ResponseRecorder, *http.Request) {
	r := httptest.NewRequestWithContext(e.Context(), e.method, e.at("", ""), bytes.NewReader(raw))
	r.Header["Content-Type"] = []string{kind}
	if len(e.callers) > 0 {
		r.Header.Set("Authorization", "Bearer "+e.token[e.callers[0]])
	}
	w := httptest.NewRecorder()
	e.api.ServeHTTP(w, r)
	return w, r
}

// means requires that a handler was given what plain decoders read.
func (e errand) means(kind string, raw []byte, got *call) {
	e.Helper()
	if len(raw) == 0 {
		require.Empty(e, got.body)
		return
	}
	var given, plain any
	d := json.NewDecoder(bytes.NewReader(got.body))
	d.UseNumber()
	require.NoError(e, d.Decode(&given))
	require.Equal(e, given, got.value)
	if strings.Contains(strings.ToLower(kind), "json") {
		d = json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		require.NoError(e, d.Decode(&plain))
		require.Equal(e, plain, got.value)
		require.Equal(e, words(e, raw), words(e, got.body))
		return
	}
	form, err := url.ParseQuery(string(raw))
	require.NoError(e, err)
	for name, value := range got.value.(map[string]any) {
		require.Equal(e, []string{value.(string)}, form[name])
	}
}

// unrepeated requires that no text of a body comes back. The names of fields may.
func unrepeated(t *testing.T, raw []byte, answer string) {
	t.Helper()
	var fields map[string]any
	if json.Unmarshal(raw, &fields) != nil {
		return
	}
	for name, value := range fields {
		text, ok := value.(string)
		for other := range fields {
			ok = ok && !strings.Contains(other, text)
		}
		if ok && len(text) > 8 {
			require.NotContains(t, answer, text, name)
		}
	}
}
