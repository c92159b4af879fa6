package picture_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/picture"
)

// striped is red on the left, blue on the right and, in the middle third, green.
func striped(width, height int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height {
			c := color.NRGBA{0, 255, 0, 255}
			if x < width/3 {
				c = color.NRGBA{255, 0, 0, 255}
			} else if x >= 2*width/3 {
				c = color.NRGBA{0, 0, 255, 255}
			}
			img.Set(x, y, c)
		}
	}
	return img
}

func encoded(t *testing.T, encode func(*bytes.Buffer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, encode(&out))
	return out.Bytes()
}

func TestAPictureIsMadeAnew(t *testing.T) {
	t.Parallel()
	img := striped(600, 200)
	webp, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	require.NoError(t, err)
	for name, upload := range map[string][]byte{
		"png":  encoded(t, func(w *bytes.Buffer) error { return png.Encode(w, img) }),
		"jpeg": encoded(t, func(w *bytes.Buffer) error { return jpeg.Encode(w, img, nil) }),
		"gif":  encoded(t, func(w *bytes.Buffer) error { return gif.Encode(w, img, nil) }),
		"webp": webp,
		"more": append(encoded(t, func(w *bytes.Buffer) error { return png.Encode(w, img) }), "<script>alert(1)</script>"...),
	} {
		got, err := picture.Square(upload)
		require.NoError(t, err, name)
		require.NotContains(t, string(got), "script", name)
		made, kind, err := image.Decode(bytes.NewReader(got))
		require.NoError(t, err, name)
		require.Equal(t, "jpeg", kind)
		require.Equal(t, image.Rect(0, 0, 256, 256), made.Bounds())
		if name != "webp" {
			r, g, b, _ := made.At(128, 128).RGBA()
			require.True(t, g > 3*r && g > 3*b, "%s: the middle third is what is left", name)
			r, g, _, _ = made.At(8, 128).RGBA()
			require.Greater(t, g, r, name)
		}
	}
}

// What is transparent is white, and no black hole.
func TestWhatIsTransparentIsWhite(t *testing.T) {
	t.Parallel()
	got, err := picture.Square(encoded(t, func(w *bytes.Buffer) error { return png.Encode(w, image.NewNRGBA(image.Rect(0, 0, 9, 9))) }))
	require.NoError(t, err)
	made, err := jpeg.Decode(bytes.NewReader(got))
	require.NoError(t, err)
	r, _, _, _ := made.At(4, 4).RGBA()
	require.Greater(t, r, uint32(0xf000))
}

func TestWhatIsNoPicture(t *testing.T) {
	t.Parallel()
	whole := encoded(t, func(w *bytes.Buffer) error { return png.Encode(w, striped(60, 60)) })
	for name, row := range map[string]struct {
		upload []byte
		want   error
	}{
		"nothing":  {nil, picture.ErrFormat},
		"a script": {[]byte("<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"), picture.ErrFormat},
		"cut off":  {whole[:len(whole)/2], picture.ErrFormat},
		"too wide": {encoded(t, func(w *bytes.Buffer) error { return png.Encode(w, image.NewGray(image.Rect(0, 0, 4096, 4097))) }), picture.ErrSize},
		"too long": {append(whole, make([]byte, picture.MostBytes)...), picture.ErrSize},
	} {
		_, err := picture.Square(row.upload)
		require.ErrorIs(t, err, row.want, name)
	}
}

// A phone's photo is taken as it is, of 12 megapixels or of 48.
func TestAPhotoOfAPhone(t *testing.T) {
	t.Parallel()
	for _, size := range []image.Point{{4032, 3024}, {6048, 8064}} {
		img := image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
		got, err := picture.Square(encoded(t, func(w *bytes.Buffer) error { return jpeg.Encode(w, img, nil) }))
		require.NoError(t, err, size)
		made, _, err := image.DecodeConfig(bytes.NewReader(got))
		require.NoError(t, err)
		require.Equal(t, []int{256, 256}, []int{made.Width, made.Height})
	}
}

// What takes much memory for each of its pixels has fewer of them, whatever stands in front to hide what it is.
func TestWhatTakesMuchHasFewerPixels(t *testing.T) {
	t.Parallel()
	frame := func(mark byte, width, height uint16, front string) []byte {
		small := encoded(t, func(w *bytes.Buffer) error { return jpeg.Encode(w, image.NewRGBA(image.Rect(0, 0, 8, 8)), nil) })
		at := bytes.Index(small, []byte{0xff, 0xc0})
		small[at+1] = mark
		binary.BigEndian.PutUint16(small[at+5:], height)
		binary.BigEndian.PutUint16(small[at+7:], width)
		return append([]byte("\xff\xd8"+front), small[2:]...)
	}
	const onePass, severalPasses = 0xc0, 0xc2
	for name, row := range map[string]struct {
		upload []byte
		want   error
	}{
		"in one pass":                   {frame(onePass, 8, 8, ""), nil},
		"in one pass, of 51 megapixels": {frame(onePass, 8500, 6000, ""), picture.ErrSize},
		"in several passes":             {frame(severalPasses, 4097, 4096, ""), picture.ErrSize},
		"as if in one pass":             {frame(severalPasses, 4097, 4096, "\xff\x00\x00\x06\xff\xe1\x00\x06\xff\xc0\x00\x02"), picture.ErrSize},
		"behind what means nothing":     {frame(onePass, 4097, 4096, "\xff\xd0"), picture.ErrSize},
	} {
		_, err := picture.Square(row.upload)
		require.ErrorIs(t, err, row.want, name)
	}
}

// taken is a JPEG of red and green over blue and white, with Exif data in front, as cameras put it there.
func taken(t testing.TB, exif []byte) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 120, 80))
	for x := range 120 {
		for y := range 80 {
			img.Set(x, y, [][]color.Color{
				{color.RGBA{255, 0, 0, 255}, color.RGBA{0, 255, 0, 255}}, {color.RGBA{0, 0, 255, 255}, color.White},
			}[y/40][x/60])
		}
	}
	var out bytes.Buffer
	require.NoError(t, jpeg.Encode(&out, img, nil))
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(2+len(exif)))
	return append(append(out.Bytes()[:2:2], append(segment, exif...)...), out.Bytes()[2:]...)
}

// held is Exif data in either byte order that says how the camera was held.
func held(order binary.AppendByteOrder, orientation uint16) []byte {
	exif := append([]byte("Exif\x00\x00"), map[bool]string{true: "MM", false: "II"}[order == binary.BigEndian]...)
	exif = order.AppendUint32(order.AppendUint16(exif, 42), 8) // the first directory is behind this
	exif = order.AppendUint16(order.AppendUint16(exif, 1), 0x0112)
	exif = order.AppendUint32(order.AppendUint16(exif, 3), 1) // one short number
	return append(order.AppendUint16(exif, orientation), make([]byte, 6)...)
}

// corners are the colours of a picture, from the left above to the right below.
func corners(t testing.TB, upload []byte) (seen string) {
	t.Helper()
	got, err := picture.Square(upload)
	require.NoError(t, err)
	made, err := jpeg.Decode(bytes.NewReader(got))
	require.NoError(t, err)
	for _, at := range []image.Point{{40, 40}, {216, 40}, {40, 216}, {216, 216}} {
		r, g, b, _ := made.At(at.X, at.Y).RGBA()
		seen += map[[3]bool]string{{true, false, false}: "r", {false, true, false}: "g", {false, false, true}: "b", {true, true, true}: "w"}[[3]bool{r > 0x8000, g > 0x8000, b > 0x8000}]
	}
	return seen
}

// A phone stores what its sensor sees, and beside it how it was held.
func TestAPictureStandsUpright(t *testing.T) {
	t.Parallel()
	require.Equal(t, "rgbw", corners(t, taken(t, nil)))
	for orientation, want := range []string{"rgbw", "rgbw", "grwb", "wbgr", "bwrg", "rbgw", "brwg", "wgbr", "gwrb", "rgbw"} {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			require.Equal(t, want, corners(t, taken(t, held(order, uint16(orientation)))), fmt.Sprint(orientation, order))
		}
	}
}

// Whatever stands in the Exif data, the picture is there.
func FuzzExifData(f *testing.F) {
	for orientation := range uint16(10) {
		exif := held(binary.BigEndian, orientation)
		f.Add(exif)
		f.Add(exif[:len(exif)-8])
	}
	loop := held(binary.LittleEndian, 6)
	f.Add(append(loop[:len(loop)-4], 8, 0, 0, 0)) // the next directory is the first one
	f.Fuzz(func(t *testing.T, exif []byte) {
		exif = exif[:min(len(exif), 65533)] // a segment holds no more
		require.Len(t, corners(t, taken(t, exif)), 4)
	})
}
