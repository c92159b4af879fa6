// Package picture makes small pictures of people from what somebody uploads.
package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	_ "image/gif" // which is taken
	"image/jpeg"
	_ "image/png" // which is taken
	"slices"
	"strings"
	"sync"

	"github.com/bep/imagemeta"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // which is taken
)

const (
	// MostBytes is how large an upload may be.
	MostBytes = 10 << 20

	mostPixels = 4096 * 4096
	mostOfOne  = 50_000_000 // pixels of a photo as a camera writes it, which takes three bytes for each at most
	side       = 256
	quality    = 85
)

// Why an upload is no picture here.
var (
	ErrFormat = errors.New("picture: not a JPEG, PNG, GIF or WebP")
	ErrSize   = errors.New("picture: more than 50 megapixels in a photo, 16 in another picture, or 10 MiB")
)

// oneAtATime bounds what pictures take while they are decoded, however many are uploaded: some 100 MB for a photo of 50
// megapixels, and up to 400 for what somebody made to take much.
var oneAtATime sync.Mutex

// Square makes a JPEG of 256 by 256 pixels from the middle of a JPEG, PNG, GIF or WebP. Its kind is what its bytes say,
// whatever it was called. Nothing of the upload is kept but how it looks: no place where it was taken, and nothing that
// is another kind of file as well. It returns ErrFormat, ErrSize.
func Square(upload []byte) ([]byte, error) {
	if len(upload) > MostBytes {
		return nil, ErrSize
	}
	size, kind, err := image.DecodeConfig(bytes.NewReader(upload))
	if err != nil {
		return nil, ErrFormat
	}
	most := mostPixels
	if kind == "jpeg" && size.ColorModel == color.YCbCrModel && inOnePass(upload) {
		most = mostOfOne
	}
	if size.Width < 1 || size.Height < 1 || size.Width > most/size.Height {
		return nil, ErrSize
	}
	small, err := decoded(upload)
	if err != nil {
		return nil, ErrFormat
	}
	if kind == "jpeg" {
		small = upright(small, orientation(upload))
	}
	var out bytes.Buffer
	err = jpeg.Encode(&out, small, &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}

// inOnePass reports whether a JPEG is surely none in several passes, which is kept in sixteen bytes for each pixel until
// the last one. It looks at what is in front of the first frame; of two frames there is no picture.
func inOnePass(upload []byte) bool {
	const frames, tables, notes, comment = "\xc0\xc1", "\xc4\xdb\xdd", 0xe, 0xfe
	for at := 2; at+4 <= len(upload) && upload[at] == 0xff; at += 2 + int(binary.BigEndian.Uint16(upload[at+2:])) {
		switch mark := upload[at+1]; {
		case strings.IndexByte(frames, mark) >= 0:
			return true
		case strings.IndexByte(tables, mark) < 0 && mark>>4 != notes && mark != comment:
			return false
		}
	}
	return false
}

func decoded(upload []byte) (*image.RGBA, error) {
	oneAtATime.Lock()
	defer oneAtATime.Unlock()
	from, _, err := image.Decode(bytes.NewReader(upload))
	if err != nil {
		return nil, err
	}
	return shrunk(from), nil
}

// shrunk is the middle of a picture, made small. A large one is made smaller in a rough way first: the fine one takes
// seconds, for it looks at each pixel many times, whatever the kind.
func shrunk(from image.Image) *image.RGBA {
	of := middle(from.Bounds())
	if rough := image.Rect(0, 0, 4*side, 4*side); of.Dx() > rough.Dx() {
		smaller := image.NewRGBA(rough)
		draw.ApproxBiLinear.Scale(smaller, rough, from, of, draw.Src, nil)
		from, of = smaller, rough
	}
	small := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(small, small.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src) // behind what is transparent
	draw.CatmullRom.Scale(small, small.Bounds(), from, of, draw.Over, nil)
	return small
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
