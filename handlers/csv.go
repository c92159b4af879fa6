package handlers

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// csvToJSON makes one schema serve both kinds: the lines of a table, the first of which names the columns, are its
// "rows". Spreadsheets begin with a mark of the order of bytes, and write names as they like.
func csvToJSON(raw []byte, schema *openapi3.Schema) ([]byte, error) {
	lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff")))).ReadAll()
	if err != nil || len(lines) == 0 {
		return nil, invalid{"body", malformed}
	}
	columns := lines[0]
	for i, name := range columns {
		columns[i] = strings.ToLower(strings.TrimSpace(name))
		switch {
		case schema.Properties["rows"].Value.Items.Value.Properties[columns[i]] == nil:
			return nil, invalid{"/rows", unknown}
		case slices.Contains(columns[:i], columns[i]):
			return nil, invalid{"/rows", duplicate}
		}
	}
	rows := []map[string]string{}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, value := range line {
			row[columns[i]] = strings.TrimSpace(value)
		}
		rows = append(rows, row)
	}
	return json.Marshal(map[string]any{"rows": rows})
}
