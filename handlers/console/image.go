package console

import (
	"errors"

	"usher/auth"
	"usher/internal/picture"
)

// imageFields ask for a profile image, and whether the one that there is goes.
func imageFields(present string) []field {
	fields := []field{{
		Name: "image", Label: "Profile image", Kind: "file",
		Hint: "A JPEG, PNG, GIF or WebP of at most 10 MiB, of which the middle is shown. Without one there is a blank avatar.",
	}}
	if present != "" {
		fields = append(fields, field{
			Name: "removeImage", Label: "Present image", Kind: "checkbox", Options: []option{{Value: "1", Text: "Remove it"}},
		})
	}
	return fields
}

// image is the picture that a form brings, made small; nil where it brings none.
func (v *visit) image() ([]byte, error) {
	if len(v.file) == 0 {
		return nil, nil
	}
	small, err := picture.Square(v.file)
	switch {
	case errors.Is(err, picture.ErrFormat):
		return nil, &auth.FieldError{Field: "image", Reason: "not a JPEG, PNG, GIF or WebP"}
	case errors.Is(err, picture.ErrSize):
		return nil, &auth.FieldError{Field: "image", Reason: "more than 50 megapixels in a photo, 16 in another picture, or 10 MiB"}
	}
	return small, err
}

// imageOf shows what was uploaded of a user, or a blank avatar: a page of ours loads nothing from elsewhere.
func (s *Console) imageOf(v *visit, u auth.Account) cell {
	if s.Authority.Uploaded(u) {
		return cell{Image: u.ProfileURL}
	}
	return cell{Image: v.base + "/assets/avatar.svg", Text: u.ProfileURL}
}
