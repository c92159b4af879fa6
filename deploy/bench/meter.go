package main

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"
)

// A side is one of two that are compared: a server, the Redis behind it, if there is one, and what it is asked.
type side struct {
	server, redis *process
	supply        *supply
}

// A round is a sample, and what it cost.
type round struct {
	sample
	cpu, redisCPU time.Duration
}

// A plan says how an operation is measured.
type plan struct {
	rounds  int
	callers int
	length  time.Duration
}

// of is the plan for one operation.
func (p plan) of(o operation) plan {
	if o.callers > 0 {
		p.callers = min(p.callers, o.callers)
	}
	return p
}

// samples is how many rounds a supply has to last for, with the warming up.
func (p plan) samples() int { return p.rounds + 1 }

// alternate warms both sides up and then measures them in turn, round by round, so that what disturbs the machine
// disturbs both; who comes first changes too.
func (p plan) alternate(ctx context.Context, a, b side) (ofA, ofB []round, err error) {
	warm := p
	warm.length = max(p.length/5, time.Millisecond)
	for n := range p.samples() {
		now := p
		if n == 0 {
			now = warm
		}
		first, second := a, b
		if n%2 == 1 {
			first, second = b, a
		}
		one, err := now.measure(ctx, first)
		if err != nil {
			return nil, nil, err
		}
		other, err := now.measure(ctx, second)
		if err != nil {
			return nil, nil, err
		}
		if n%2 == 1 {
			one, other = other, one
		}
		if n > 0 {
			ofA, ofB = append(ofA, one), append(ofB, other)
		}
	}
	return ofA, ofB, nil
}

func (p plan) measure(ctx context.Context, s side) (round, error) {
	before, err := s.spent()
	if err != nil {
		return round{}, err
	}
	got, err := load(ctx, s.server.addr, s.supply, p.callers, p.length)
	if err != nil {
		return round{}, err
	}
	after, err := s.spent()
	return round{got, after[0] - before[0], after[1] - before[1]}, err
}

// spent is the processor time of the server and of its Redis.
func (s side) spent() (spent [2]time.Duration, err error) {
	for i, p := range []*process{s.server, s.redis} {
		if p == nil {
			continue
		}
		if spent[i], err = p.cpu(); err != nil {
			return spent, err
		}
	}
	return spent, nil
}

// Figures are what the rounds of one side come to; times are in milliseconds.
type figures struct {
	Requests  int     `json:"requests"`
	PerSecond float64 `json:"perSecond"`
	P50       float64 `json:"p50"`
	P99       float64 `json:"p99"`
	CPU       float64 `json:"cpu"`
	RedisCPU  float64 `json:"redisCpu"`
}

func figuresOf(rounds ...round) figures {
	var all round
	for _, r := range rounds {
		all.took, all.cpu, all.redisCPU = all.took+r.took, all.cpu+r.cpu, all.redisCPU+r.redisCPU
		all.each = append(all.each, r.each...)
	}
	slices.Sort(all.each)
	n := float64(len(all.each))
	return figures{
		Requests: len(all.each), PerSecond: n / all.took.Seconds(),
		P50: millis(percentile(all.each, 50)), P99: millis(percentile(all.each, 99)),
		CPU: millis(all.cpu) / n, RedisCPU: millis(all.redisCPU) / n,
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// percentile is the least of the sorted values that p percent of them do not exceed; 0 of none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// ratio is the median, over the rounds, of one figure of a over the same figure of b: single rounds are noise. It is 0
// where b has none of it.
func ratio(a, b []round, of func(figures) float64) float64 {
	var all []float64
	for i := range a {
		if below := of(figuresOf(b[i])); below > 0 {
			all = append(all, of(figuresOf(a[i]))/below)
		}
	}
	return median(all)
}

func median[N cmp.Ordered](values []N) (middle N) {
	if len(values) == 0 {
		return middle
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}
