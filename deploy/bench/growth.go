package main

import (
	"errors"
	"slices"
)

// A grown operation is one on two stores of the same engine, a small one and a large one.
type grown struct {
	Engine    string  `json:"engine"`
	Operation string  `json:"operation"`
	Callers   int     `json:"callers"`
	Stored    [2]int  `json:"stored"`
	Small     figures `json:"small"`
	Large     figures `json:"large"`
	P50       float64 `json:"p50Ratio"` // the large one's by the small one's
}

var grownHead = []string{
	"engine", "operation", "callers", "stored", "requests/s", "p50 ms", "p99 ms", "stored", "requests/s", "p50 ms", "p99 ms", "p50 ratio",
}

func (g grown) cells() []string {
	cells := []string{g.Engine, g.Operation, count(float64(g.Callers))}
	for i, f := range []figures{g.Small, g.Large} {
		cells = append(cells, count(float64(g.Stored[i])), count(f.PerSecond), short(f.P50), short(f.P99))
	}
	return append(cells, share(g.P50))
}

// grow measures a small store and a larger one in turn, by one caller and by many.
func (b *bench) grow(small *set, stored int) (err error) {
	large, err := b.stored(small.engine, stored, b.product()...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, large.end()) }()
	for _, callers := range slices.Compact([]int{1, b.Callers}) {
		for _, o := range b.operations() {
			p := b.plan()
			p.callers = callers
			p = p.of(o)
			b.say("%s: %s with %d and with %d stored, %d at once", small.engine, o.name, small.stored, stored, p.callers)
			before, after, err := p.alternate(b.ctx, small.side(o), large.side(o))
			if err != nil {
				return err
			}
			b.Growth = append(b.Growth, grown{
				Engine: small.engine, Operation: o.name, Callers: p.callers, Stored: [2]int{small.stored, stored},
				Small: figuresOf(before...), Large: figuresOf(after...),
				P50: ratio(after, before, func(f figures) float64 { return f.P50 }),
			})
		}
	}
	return nil
}

// A size is what so many users and links take.
type size struct {
	Engine string `json:"engine"`
	Stored int    `json:"stored"`
	Data   int64  `json:"data"`   // bytes: of the file, or of Redis in memory
	Server int64  `json:"server"` // bytes that usher has in memory when it has started
}

var sizeHead = []string{"engine", "stored", "data MB", "usher MB"}

func (s size) cells() []string {
	const mega = 1e6
	return []string{s.Engine, count(float64(s.Stored)), short(float64(s.Data) / mega), short(float64(s.Server) / mega)}
}

func (b *bench) size(s *set) (err error) {
	found := size{Engine: s.engine, Stored: s.stored}
	if found.Data, err = s.size(); err != nil {
		return err
	}
	if found.Server, err = s.server.memory(); err != nil {
		return err
	}
	b.Sizes = append(b.Sizes, found)
	return nil
}
