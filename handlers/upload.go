package handlers

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"unicode/utf8"
)

// upload is what a form with a file sends: its texts, and the file, where it has one, of so many bytes at most.
func (c *call) upload(most int64) (texts url.Values, file []byte, err error) {
	r := c.gin.Request
	r.Body = io.NopCloser(c.capped(most + maxBody))
	err = r.ParseMultipartForm(most + maxBody)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, nil, tooLarge
	}
	if err != nil {
		return nil, nil, invalid{"body", malformed}
	}
	for name, values := range r.MultipartForm.Value {
		if !utf8.ValidString(values[0]) {
			return nil, nil, invalid{plain("", name), notUTF8}
		}
	}
	for _, sent := range r.MultipartForm.File {
		in, err := sent[0].Open()
		if err != nil {
			return nil, nil, err
		}
		file, err = io.ReadAll(in) // in memory, as all of it is
		return r.MultipartForm.Value, file, errors.Join(err, in.Close())
	}
	return r.MultipartForm.Value, nil, nil
}
