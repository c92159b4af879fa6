// Package picture makes small pictures of people from what somebody uploads.
package picture

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	_ "image/gif" // which is taken
	"image/jpeg"
	_ "image/png" // which is taken

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // which is taken
)

const (
	// MostBytes is how large an upload may be.
	MostBytes = 2 << 20
	mostSide  = 4096
	side      = 256
	quality   = 85
)

// Why an upload is no picture here.
var (
	ErrFormat = errors.New("picture: not a JPEG, PNG, GIF or WebP")
	ErrSize   = errors.New("picture: more than 4,096 pixels wide or high, or 2 MiB")
)

// Square makes a JPEG of 256 by 256 pixels from the middle of a JPEG, PNG, GIF or WebP. Its kind is what its bytes say,
// whatever it was called. Nothing of the upload is kept but how it looks: no place where it was taken, and nothing that
// is another kind of file as well. It returns ErrFormat, ErrSize.
func Square(upload []byte) ([]byte, error) {
	size, _, err := image.DecodeConfig(bytes.NewReader(upload))
	switch {
	case err != nil:
		return nil, ErrFormat
	case len(upload) > MostBytes, size.Width > mostSide, size.Height > mostSide, size.Width < 1, size.Height < 1:
		return nil, ErrSize
	}
	from, _, err := image.Decode(bytes.NewReader(upload))
	if err != nil {
		return nil, ErrFormat
	}
	small := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(small, small.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src) // behind what is transparent
	draw.CatmullRom.Scale(small, small.Bounds(), from, middle(from.Bounds()), draw.Over, nil)
	var out bytes.Buffer
	err = jpeg.Encode(&out, small, &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}

// middle is the largest square in the middle of a picture.
func middle(b image.Rectangle) image.Rectangle {
	edge := min(b.Dx(), b.Dy())
	at := b.Min.Add(image.Pt((b.Dx()-edge)/2, (b.Dy()-edge)/2))
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(edge, edge))}
}
