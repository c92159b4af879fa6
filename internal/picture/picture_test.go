package picture_test

import (
	"bytes"
	"encoding/base64"
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
		"too wide": {encoded(t, func(w *bytes.Buffer) error { return png.Encode(w, image.NewGray(image.Rect(0, 0, 4097, 1))) }), picture.ErrSize},
		"too long": {append(whole, make([]byte, picture.MostBytes)...), picture.ErrSize},
	} {
		_, err := picture.Square(row.upload)
		require.ErrorIs(t, err, row.want, name)
	}
}
