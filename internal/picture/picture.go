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
	"slices"

	"github.com/bep/imagemeta"
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
	from, kind, err := image.Decode(bytes.NewReader(upload))
	if err != nil {
		return nil, ErrFormat
	}
	small := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(small, small.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src) // behind what is transparent
	draw.CatmullRom.Scale(small, small.Bounds(), from, middle(from.Bounds()), draw.Over, nil)
	if kind == "jpeg" {
		small = upright(small, orientation(upload))
	}
	var out bytes.Buffer
	err = jpeg.Encode(&out, small, &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}

// longestTag is that of the orientation, in bytes. What is longer is passed over, and with it every pointer that could lead
// round and round.
const longestTag = 2

// orientation says how the camera was held, as Exif puts it: 1 to 8, of which 1 is upright. It is 0 where a JPEG says
// nothing of that, or nothing that can be read: its picture is as good as it is.
func orientation(upload []byte) (is uint16) {
	_, _ = imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(upload), ImageFormat: imagemeta.JPEG, Sources: imagemeta.EXIF, LimitTagSize: longestTag,
		ShouldHandleTag: func(t imagemeta.TagInfo) bool { return t.Namespace == "IFD0" && t.Tag == "Orientation" },
		HandleTag: func(t imagemeta.TagInfo) error {
			is, _ = t.Value.(uint16)
			return imagemeta.ErrStopWalking
		},
	})
	return is
}

// upright turns a square that was taken so.
func upright(from *image.RGBA, orientation uint16) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return from
	}
	lies := orientation >= 5
	mirrored, upsideDown := slices.Contains([]uint16{2, 3, 7, 8}, orientation), slices.Contains([]uint16{3, 4, 6, 7}, orientation)
	to := image.NewRGBA(from.Rect)
	for x := range side {
		for y := range side {
			column, row := x, y
			if lies {
				column, row = y, x
			}
			if mirrored {
				column = side - 1 - column
			}
			if upsideDown {
				row = side - 1 - row
			}
			to.SetRGBA(x, y, from.RGBAAt(column, row))
		}
	}
	return to
}

// middle is the largest square in the middle of a picture.
func middle(b image.Rectangle) image.Rectangle {
	edge := min(b.Dx(), b.Dy())
	at := b.Min.Add(image.Pt((b.Dx()-edge)/2, (b.Dy()-edge)/2))
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(edge, edge))}
}
