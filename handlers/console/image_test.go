package console_test

import (
	"bytes"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/picture"
)

// uploads sends a form with a file, as a browser does; fields come in pairs.
func (r reader) uploads(path string, file []byte, fields ...string) answer {
	r.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i+1 < len(fields); i += 2 {
		require.NoError(r, form.WriteField(fields[i], fields[i+1]))
	}
	part, err := form.CreateFormFile("image", `../"me".svg`)
	require.NoError(r, err)
	_, err = part.Write(file)
	require.NoError(r, err)
	require.NoError(r, form.Close())
	req := httptest.NewRequestWithContext(r.Context(), http.MethodPost, r.url+"/console"+path, &body)
	req.Header.Set("Content-Type", form.FormDataContentType())
	here, err := url.Parse(r.url + "/console" + path)
	require.NoError(r, err)
	for _, cookie := range r.jar.Cookies(here) {
		req.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return answer{w.Code, w.Header().Get("Location"), w.Header(), w.Body.String()}
}

var anImage = regexp.MustCompile(`<img class="avatar" src="https://usher.test(/pictures/[^"]+\.jpg)"`)

func TestAProfileImageIsUploaded(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		var upload bytes.Buffer
		require.NoError(w, png.Encode(&upload, image.NewNRGBA(image.Rect(0, 0, 900, 500))))
		edit := w.fill("/users/{marie}/edit")
		require.Contains(w, ann.sees(200, "/users/"+w.id["marie"]), `/console/assets/avatar.svg"`)
		require.Contains(w, ann.sees(200, edit), `enctype="multipart/form-data"`)
		for says, file := range map[string][]byte{
			"Not a JPEG, PNG, GIF or WebP": []byte("<svg onload=alert(1)>"),
			"an image has 10 MiB at most":  bytes.Repeat([]byte("x"), picture.MostBytes+1<<20),
		} {
			got := ann.uploads(edit, file, "name", "Marie")
			require.GreaterOrEqual(w, got.status, 400)
			require.Contains(w, got.text, says)
		}
		require.Equal(w, 403, w.reader("sue").uploads(edit, upload.Bytes(), "name", "Marie").status)
		require.NotContains(w, ann.sees(200, "/users/"+w.id["marie"]), "/pictures/")

		got := ann.uploads(edit, upload.Bytes(), "name", "Marie", "username", "marie", "email", "marie@school.test")
		require.Equal(w, 303, got.status, got.text)
		page := ann.sees(200, "/users/"+w.id["marie"])
		at := anImage.FindStringSubmatch(page)
		require.NotNil(w, at, page)
		shown := w.reader("").asks("GET", at[1], nil)
		require.Equal(w, 200, shown.status)
		kind, _, err := image.DecodeConfig(strings.NewReader(shown.text))
		require.NoError(w, err)
		require.Equal(w, 256, kind.Width)
		for header, want := range map[string]string{
			"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
			"Cache-Control": "public, max-age=31536000, immutable",
		} {
			require.Equal(w, want, shown.header.Get(header))
		}
		require.Equal(w, 404, w.reader("").asks("GET", at[1]+"x", nil).status)
		require.Equal(w, 404, w.reader("").asks("GET", strings.TrimSuffix(at[1], ".jpg"), nil).status)

		got = ann.uploads(edit, upload.Bytes(), "name", strings.Repeat("x", 300), "username", "marie", "email", "marie@school.test")
		require.Equal(w, 422, got.status)
		got = ann.uploads(edit, nil, "name", strings.Repeat("x", 300), "removeImage", "1")
		require.Equal(w, 422, got.status)
		require.Contains(w, ann.sees(200, "/users/"+w.id["marie"]), at[1], "nothing of what was refused is done")
		got = ann.uploads(edit, nil, "name", "Marie", "removeImage", "1")
		require.Equal(w, 303, got.status, got.text)
		require.NotContains(w, ann.sees(200, "/users/"+w.id["marie"]), "/pictures/")
		require.Equal(w, 404, w.reader("").asks("GET", at[1], nil).status)

		got = ann.uploads("/users/new", upload.Bytes(), "externalId", "S-7", "defaultMemberType", "guest")
		require.Equal(w, 303, got.status, got.text)
		require.Regexp(w, anImage, ann.sees(200, strings.TrimPrefix(got.location, w.url+"/console")))
	})
}
