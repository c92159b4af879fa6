package qrcode

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	reader "github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/require"
)

const address = "https://usher.example.com/room/q3_5V3uwikX-?participantName=Zo%C3%AB%20Smith&accessToken=" +
	"YrzHJXIa63GERdr3YNVcDrnviKsXsKq7YrzLEB8hHpR6ANpHczAIcfRMFo58lJ3ix1DmDCybuP9TABfFomcjTpy0244"

// Another library reads in both drawings what was written.
func TestWhatIsDrawnCanBeRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{address, "1", "https://a.test/" + strings.Repeat("x%F0%9F%98%80", 100), strings.Repeat("x", 2331)} {
		code, err := Draw(text)
		require.NoError(t, err)
		drawn, err := png.Decode(bytes.NewReader(code.PNG))
		require.NoError(t, err)
		require.Equal(t, text, read(t, drawn))
		require.Equal(t, text, read(t, paint(t, code.SVG, 4)))
	}
	code, err := Draw(address)
	require.NoError(t, err)
	t.Logf("%d bytes of SVG, %d of PNG for an address of %d", len(code.SVG), len(code.PNG), len(address))
	require.Less(t, len(code.SVG), 16<<10)
	require.Less(t, len(code.PNG), 8<<10)
	_, err = Draw(strings.Repeat("x", 2332))
	require.ErrorContains(t, err, "qrcode: ")
}

func read(t *testing.T, drawn image.Image) string {
	t.Helper()
	bits, err := gozxing.NewBinaryBitmapFromImage(drawn)
	require.NoError(t, err)
	found, err := reader.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	require.NoError(t, err)
	return found.GetText()
}

// paint draws an SVG of ours, each module so many pixels wide, on a white square, as its path says.
func paint(t *testing.T, drawing string, scale int) image.Image {
	t.Helper()
	var doc struct {
		ViewBox string `xml:"viewBox,attr"`
		Paths   []struct {
			Fill   string `xml:"fill,attr"`
			Stroke string `xml:"stroke,attr"`
			D      string `xml:"d,attr"`
		} `xml:"path"`
	}
	require.NoError(t, xml.Unmarshal([]byte(drawing), &doc))
	var side int
	_, err := fmt.Sscanf(doc.ViewBox, "0 0 %d %d", &side, &side)
	require.NoError(t, err)
	require.Len(t, doc.Paths, 2)
	require.Equal(t, fmt.Sprintf("#fff M0 0h%dv%dH0z", side, side), doc.Paths[0].Fill+" "+doc.Paths[0].D, "the whole square is white")
	require.Equal(t, "#000", doc.Paths[1].Stroke)
	painted := image.NewGray(image.Rect(0, 0, side*scale, side*scale))
	for i := range painted.Pix {
		painted.Pix[i] = 0xff
	}
	steps := strings.NewReplacer("M", "\nM", "m", "\nm", "h", "\nh").Replace(doc.Paths[1].D)
	var x, y, n int
	for step := range strings.SplitSeq(strings.TrimSpace(steps), "\n") {
		switch step[0] {
		case 'M':
			_, err = fmt.Sscanf(step, "M%d %d.5", &x, &y)
		case 'm':
			_, err = fmt.Sscanf(step, "m%d 0", &n)
			x += n
		default:
			_, err = fmt.Sscanf(step, "h%d", &n)
			for px := range n * scale {
				for py := range scale {
					painted.SetGray(x*scale+px, y*scale+py, color.Gray{})
				}
			}
			x += n
		}
		require.NoError(t, err, step)
	}
	return painted
}

func BenchmarkDraw(b *testing.B) {
	for b.Loop() {
		if _, err := Draw(address); err != nil {
			b.Fatal(err)
		}
	}
}
