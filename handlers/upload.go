package handlers

import (
	"errors"
	"io"
	"net/url"
)

// upload is what a form with a file sends: its texts, and the file, where it has one, of so many bytes at most.
func (c *call) upload(most int64) (texts url.Values, file []byte, err error) {
	r := c.gin.Request
	r.Body = io.NopCloser(c.capped(most + maxBody))
	err = r.ParseMultipartForm(most + maxBody)
	if err := formError(err, r.PostForm); err != nil { // which has the texts of all parts
		return nil, nil, err
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
