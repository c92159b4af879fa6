// Package qrcode draws texts as QR codes, for screens and for paper.
package qrcode

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// quiet is the white margin, in modules, that a reader needs around a code (ISO/IEC 18004).
const quiet = 4

// A Code is a text, drawn.
type Code struct {
	SVG string // without a size of its own: it fills what it is put into
	PNG []byte // 8 pixels a module
}

// Draw draws a text, so that it can be read with a seventh of it missing. It is an error for a text of more than 2,331
// bytes, which no code holds.
func Draw(text string) (Code, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return Code{}, fmt.Errorf("qrcode: %w", err)
	}
	return Code{SVG: svg(code), PNG: code.PNG()}, nil
}

// svg is one path over the dark modules, each run of a row a stroke, beginning where the one before has ended.
func svg(code *qr.Code) string {
	var path strings.Builder
	for y := range code.Size {
		fmt.Fprintf(&path, "M%d %d.5", quiet, y+quiet)
		at := 0
		for x := 0; x < code.Size; {
			if !code.Black(x, y) {
				x++
				continue
			}
			if x > at {
				fmt.Fprintf(&path, "m%d 0", x-at)
			}
			begin := x
			for code.Black(x, y) {
				x++
			}
			fmt.Fprintf(&path, "h%d", x-begin)
			at = x
		}
	}
	side := code.Size + 2*quiet
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
		`<path fill="#fff" d="M0 0h%dv%dH0z"/><path stroke="#000" d="%s"/></svg>`, side, side, side, side, path.String())
}
