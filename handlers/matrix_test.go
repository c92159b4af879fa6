package handlers_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestMatrix asks for everything as everyone, and compares the statuses with a table that a person can read. Each cell
// is answered by a scene that no cell before it has changed for this caller.
func TestMatrix(t *testing.T) {
	t.Parallel()
	for _, kind := range []struct{ file, public, access string }{
		{"private", "false", "private"}, {"public", "true", "public"}, {"open", "true", "open"},
	} {
		for engine, fresh := range engines {
			t.Run(kind.file+" on "+engine, func(t *testing.T) {
				t.Parallel()
				d := open(t, fresh(t))
				compare(t, "testdata/matrix."+kind.file+".golden", matrix(t, func(t *testing.T) *scene {
					return d.newScene(t, kind.public, kind.access)
				}))
			})
		}
	}
}

func matrix(t *testing.T, fresh func(*testing.T) *scene) string {
	t.Helper()
	lines, contract := make([]string, len(rows)), operations(t)
	t.Run("as everyone", func(t *testing.T) {
		for i, row := range rows {
			t.Run(row.operation, func(t *testing.T) {
				t.Parallel()
				var sc *scene
				lines[i] = fmt.Sprintf("%-20s", row.operation)
				for _, actor := range actors {
					if len(contract[row.operation].callers) == 0 && actor != "nobody" {
						lines[i] += "  . " // it does not look at who asks
						continue
					}
					if sc == nil {
						sc = fresh(t)
					}
					status := sc.ask(actor, row.method, row.path, row.body).status
					lines[i] += " " + mark(status)
					if status < 300 && !repeatable(row.method, row.operation) && !ownAffair(row.operation) {
						sc = nil
					}
				}
			})
		}
	})
	return heading() + strings.Join(lines, "\n") + "\n"
}

// ownAffair says that an operation changes nothing for anybody but who asks.
func ownAffair(operation string) bool {
	return slices.Contains([]string{"changePassword", "deleteMe", "endOtherSessions", "leaveSeat", "logout"}, operation)
}

// mark is a status, with what may be done made to stand out.
func mark(status int) string {
	if status < 300 {
		return "yes"
	}
	return fmt.Sprint(status)
}

// heading names the columns from top to bottom, one letter a line.
func heading() string {
	var tall int
	for _, a := range actors {
		tall = max(tall, len(a))
	}
	var b strings.Builder
	for line := range tall {
		row := strings.Repeat(" ", 20)
		for _, a := range actors {
			letter := " "
			if at := line - (tall - len(a)); at >= 0 {
				letter = a[at : at+1]
			}
			row += "  " + letter + " "
		}
		b.WriteString(strings.TrimRight(row, " ") + "\n")
	}
	return b.String()
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		must(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if got != string(want) {
		t.Errorf("%s differs (-update writes it anew)\n%s", file, got)
	}
}
