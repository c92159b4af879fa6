package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"
)

// A report is what a run has found.
type report struct {
	Floors  []besideFloor `json:"floors"`
	Rushes  []rush        `json:"rushes,omitempty"`
	Growth  []grown       `json:"growth,omitempty"`
	Sizes   []size        `json:"sizes"`
	Weights []weight      `json:"weights,omitempty"`
}

// besideFloor is an operation and its floor. A ratio of 1 is as good as the floor, less is worse: usher's requests a
// second by the floor's, and the floor's processor time for a request by usher's.
type besideFloor struct {
	Engine    string  `json:"engine"`
	Operation string  `json:"operation"`
	Callers   int     `json:"callers"`
	Usher     figures `json:"usher"`
	Floor     figures `json:"floor"`
	Speed     float64 `json:"speedRatio"`
	CPU       float64 `json:"cpuRatio"`
	RedisCPU  float64 `json:"redisCpuRatio"`
}

func beside(engine string, o operation, callers int, usher, floor []round) besideFloor {
	return besideFloor{
		Engine: engine, Operation: o.name, Callers: callers, Usher: figuresOf(usher...), Floor: figuresOf(floor...),
		Speed:    ratio(usher, floor, func(f figures) float64 { return f.PerSecond }),
		CPU:      ratio(floor, usher, func(f figures) float64 { return f.CPU }),
		RedisCPU: ratio(floor, usher, func(f figures) float64 { return f.RedisCPU }),
	}
}

func (b besideFloor) cells() []string {
	return []string{
		b.Engine, b.Operation, count(float64(b.Callers)), count(b.Usher.PerSecond), count(b.Floor.PerSecond), share(b.Speed),
		short(b.Usher.P50), short(b.Floor.P50), short(b.Usher.P99), short(b.Floor.P99),
		short(b.Usher.CPU), short(b.Floor.CPU), share(b.CPU), short(b.Usher.RedisCPU), short(b.Floor.RedisCPU), share(b.RedisCPU),
	}
}

var floorHead = []string{
	"engine", "operation", "callers", "requests/s", "floor", "ratio", "p50 ms", "floor", "p99 ms", "floor",
	"CPU ms", "floor", "ratio", "Redis CPU ms", "floor", "ratio",
}

// print writes the tables and, where a path is given, the JSON.
func (r report) print(w io.Writer, path string) error {
	tables := []string{
		table(floorHead, r.Floors), table(rushHead, r.Rushes), table(grownHead, r.Growth), table(sizeHead, r.Sizes), table(weightHead, r.Weights),
	}
	tables = slices.DeleteFunc(tables, func(t string) bool { return t == "" })
	if _, err := io.WriteString(w, strings.Join(tables, "\n")); err != nil {
		return err
	}
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}

// table is aligned for a terminal, and Markdown; it is empty where there are no rows.
func table[R interface{ cells() []string }](head []string, rows []R) string {
	if len(rows) == 0 {
		return ""
	}
	lines := [][]string{head, nil}
	for _, r := range rows {
		lines = append(lines, r.cells())
	}
	width := make([]int, len(head))
	for _, cells := range lines {
		for i, cell := range cells {
			width[i] = max(width[i], len(cell))
		}
	}
	for i, w := range width {
		if rule := strings.Repeat("-", w-1); isText(lines[2][i]) {
			lines[1] = append(lines[1], rule+"-")
		} else {
			lines[1] = append(lines[1], rule+":")
		}
	}
	var out strings.Builder
	for _, cells := range lines {
		for i, cell := range cells {
			if isText(lines[2][i]) {
				cell = fmt.Sprintf("%-*s", width[i], cell)
			}
			fmt.Fprintf(&out, "| %*s ", width[i], cell)
		}
		out.WriteString("|\n")
	}
	return out.String()
}

// isText says whether a column is one of words, which stand to the left.
func isText(cell string) bool { return strings.ContainsFunc(cell, unicode.IsLetter) }

func count(n float64) string { return fmt.Sprintf("%.0f", n) }

// short has three digits or so; nothing where there was nothing.
func short(n float64) string {
	switch {
	case n == 0:
		return "-"
	case n < 10:
		return fmt.Sprintf("%.3f", n)
	}
	return fmt.Sprintf("%.1f", n)
}

func share(n float64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", n)
}
