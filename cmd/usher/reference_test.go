package main

import (
	"cmp"
	"flag"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"usher/internal/audit"
)

const readme = "../../README.md"

// go test ./cmd/usher -run Reference -update writes the tables into the README.
var update = flag.Bool("update", false, "write the reference tables into README.md")

// The tables of the README are what the program, the contract and the server say of themselves.
func TestReferenceTables(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string]func(*testing.T) string{
		"settings": settingsTable, "operations": operationsTable, "problems": problemsTable, "events": eventsTable,
	} {
		want := "<!-- " + name + " -->\n\n" + rows(t) + "\n<!-- end -->"
		table := regexp.MustCompile(`(?s)<!-- ` + name + ` -->.*?<!-- end -->`)
		text, err := os.ReadFile(readme)
		require.NoError(t, err)
		require.Len(t, table.FindAll(text, -1), 1, name)
		if *update {
			text = table.ReplaceAllLiteral(text, []byte(want))
			require.NoError(t, os.WriteFile(readme, text, 0o600))
		}
		assert.True(t, want == string(table.Find(text)),
			"the table of the %s is not up to date: go test ./cmd/usher -run Reference -update", name)
	}
}

// settingsTable walks the grammar of the command line.
func settingsTable(t *testing.T) string {
	t.Helper()
	parser, err := grammar(&commandLine{})
	require.NoError(t, err)
	var rows strings.Builder
	rows.WriteString("| Flag | Environment | Default | |\n|---|---|---|---|\n")
	for _, setting := range slices.Concat(parser.Model.Flags, commandNamed(t, parser, "serve").Flags) {
		names := variables(setting.Value)
		if len(names) == 0 {
			continue
		}
		value := ""
		if setting.HasDefault {
			value = "`" + setting.Default + "`"
		}
		fmt.Fprintf(&rows, "| `--%s` | `%s` | %s | %s |\n", setting.Name, strings.Join(names, "`, `"), value, strings.ReplaceAll(setting.Help, "<", "&lt;"))
	}
	return rows.String()
}

func commandNamed(t *testing.T, parser *kong.Kong, name string) *kong.Node {
	t.Helper()
	for _, node := range parser.Model.Children {
		if node.Name == name {
			return node
		}
	}
	t.Fatalf("no command %s", name)
	return nil
}

// operationsTable reads the contract.
func operationsTable(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../handlers/openapi.yaml")
	require.NoError(t, err)
	var contract struct{ Paths yaml.Node }
	require.NoError(t, yaml.Unmarshal(text, &contract))
	rows := "| Operation | Method and path | Tokens | In brief |\n|---|---|---|---|\n"
	count := 0
	for path, item := range pairs(&contract.Paths) {
		for method, node := range pairs(item) {
			if method == "parameters" {
				continue
			}
			var op struct {
				OperationID string `yaml:"operationId"`
				Description string
				Security    []map[string][]string
				Scope       string `yaml:"x-scope"`
			}
			require.NoError(t, node.Decode(&op))
			who, _, _ := strings.Cut(op.Description, ". ")
			rows += fmt.Sprintf("| `%s` | `%s %s` | %s | %s |\n", op.OperationID, strings.ToUpper(method), path,
				strings.Replace(callers(op.Security), "key", "key (`"+op.Scope+"`)", 1), strings.TrimSuffix(who, "."))
			count++
		}
	}
	require.Greater(t, count, 40)
	return rows
}

// callers are the kinds of tokens that an operation takes.
func callers(security []map[string][]string) string {
	var kinds []string
	for _, need := range security {
		if len(need) == 0 {
			kinds = append(kinds, "none")
		}
		for kind := range need {
			kinds = append(kinds, kind)
		}
	}
	return cmp.Or(strings.Join(kinds, ", "), "none")
}

// pairs are the members of a mapping, in the order in which they are written.
func pairs(node *yaml.Node) func(func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if !yield(node.Content[i].Value, node.Content[i+1]) {
				return
			}
		}
	}
}

// eventsTable is what the audit log may hold.
func eventsTable(*testing.T) string {
	rows := "| Event | |\n|---|---|\n"
	for _, row := range audit.Types {
		rows += fmt.Sprintf("| `%s` | %s |\n", row.Type, row.Says)
	}
	return rows
}

var problemRow = regexp.MustCompile(`<tr id="(\w+)"><td>(\d+)</td><td><code>\w+</code></td><td>([^<]*)</td></tr>`)

// problemsTable asks the running server, whose problems name that page as their type.
func problemsTable(t *testing.T) string {
	t.Helper()
	res, err := http.Get(serving(t, t.TempDir()).url + "/problems") //nolint:noctx // the server is killed with the test
	require.NoError(t, err)
	page, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	rows := "| Code | Status | |\n|---|---|---|\n"
	found := problemRow.FindAllStringSubmatch(string(page), -1)
	require.Greater(t, len(found), 30, string(page))
	for _, row := range found {
		rows += fmt.Sprintf("| `%s` | %s | %s |\n", row[1], row[2], html.UnescapeString(row[3]))
	}
	return rows
}
