package handlers

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What somebody calls himself, or his browser, is no formula in the spreadsheet of whoever opens the file.
func TestCellsDoNotRun(t *testing.T) {
	t.Parallel()
	rows := []struct{ cell, shown string }{
		{"", ""},
		{"Ann", "Ann"},
		{"Ann-Marie", "Ann-Marie"},
		{"1+1", "1+1"},
		{" =1", " =1"},
		{"'=1", "'=1"},
		{"안나", "안나"},
		{`O"Neill, "Ann"`, `O"Neill, "Ann"`},
		{"two\nlines", "two\nlines"},
		{`=HYPERLINK("https://evil.test")`, `'=HYPERLINK("https://evil.test")`},
		{"=1", "'=1"},
		{"+1", "'+1"},
		{"-1", "'-1"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"\t=1", "'\t=1"},
		{"\r=1", "'\r=1"},
		{"\n=1", "'\n=1"},
		{"＝1", "'＝1"},
		{"＋1", "'＋1"},
		{"－1", "'－1"},
		{"＠SUM", "'＠SUM"},
	}
	s := sheet{header: []string{"=name"}}
	for _, row := range rows {
		require.Equal(t, row.shown, harmless(row.cell))
		s.rows = append(s.rows, []string{row.cell})
	}
	read, err := csv.NewReader(bytes.NewReader(s.csv())).ReadAll()
	require.NoError(t, err)
	require.Equal(t, "'=name", read[0][0])
	require.Equal(t, "=name", s.header[0], "the sheet itself stays as it is")
	for i, row := range rows[1:] { // an empty line is none
		require.Equal(t, strings.ReplaceAll(row.shown, "\r", ""), read[i+1][0])
	}
}
