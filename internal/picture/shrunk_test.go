package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/color/palette"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"
)

// A counted picture knows how often one of its pixels was asked for.
type counted struct {
	image.Image
	asked *int
}

func (c counted) At(x, y int) color.Color {
	*c.asked++
	return c.Image.At(x, y)
}

// Whatever a picture is made of, there is a bound on how often its pixels are looked at, and it isn't one for each pixel.
func TestALargePictureIsMadeSmallInTwoSteps(t *testing.T) {
	t.Parallel()
	asked := 0
	small := shrunk(counted{image.NewPaletted(image.Rect(0, 0, 4096, 4096), color.Palette{color.RGBA{200, 0, 0, 255}}), &asked})
	require.LessOrEqual(t, asked, 4096*4096/4)
	require.Equal(t, color.RGBA{200, 0, 0, 255}, small.RGBAAt(0, 255))
}

// What a small file can ask for at most: a picture of few colours beside one that is kept as it is shown.
func BenchmarkSquare(b *testing.B) {
	size := image.Rect(0, 0, 4096, 4096)
	for name, img := range map[string]image.Image{"paletted": image.NewPaletted(size, palette.Plan9), "rgba": image.NewRGBA(size)} {
		var upload bytes.Buffer
		require.NoError(b, png.Encode(&upload, img))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := Square(upload.Bytes())
				require.NoError(b, err)
			}
		})
	}
}
