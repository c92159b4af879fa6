package handlers

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// A sheet is an answer that comes as a file of comma-separated values.
type sheet struct {
	name   string // of the file, without its ending
	header []string
	rows   [][]string
}

// wantsCSV says that a list is wanted as a file. A parameter decides before a header does.
func (c *call) wantsCSV() bool {
	if format := c.param("format"); format != "" {
		return format == "csv"
	}
	return c.gin.NegotiateFormat(kindJSON, kindCSV) == kindCSV
}

const kindCSV = "text/csv"

// formula is what a cell begins with that a spreadsheet would run, also in its wide forms.
const formula = "=+-@\t\r\n＝＋－＠"

// harmless is a cell that a spreadsheet shows and does not run.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune(formula, []rune(cell)[0]) {
		return "'" + cell
	}
	return cell
}

// csv is the text of the file: every cell of it is harmless.
func (s sheet) csv() []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true // RFC 4180
	for _, row := range append([][]string{s.header}, s.rows...) {
		cells := slices.Clone(row)
		for i := range cells {
			cells[i] = harmless(cells[i])
		}
		_ = w.Write(cells) // into memory
	}
	w.Flush()
	return out.Bytes()
}

func (a *api) attach(g *gin.Context, status int, s sheet) {
	g.Header("Content-Disposition", `attachment; filename="`+s.name+`.csv"`)
	g.Data(status, kindCSV+"; charset=utf-8", s.csv())
}
