package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
)

// A bench is one run.
type bench struct {
	settings
	*program
	ctx   context.Context
	dir   string
	usher string // the path of the program
	self  string
	report
}

// Run measures on one engine after the other. What it started ends with it.
func (s *settings) Run(p *program) (err error) {
	ctx, cancel := context.WithTimeout(p.ctx, s.Within)
	defer cancel()
	b := &bench{settings: *s, program: p, ctx: ctx}
	if b.dir, err = os.MkdirTemp("", "usher-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.usher, err = buildUsher(ctx, b.dir); err != nil {
		return err
	}
	if s.Profile != "" {
		return b.profile()
	}
	return errors.Join(b.measureAll(), b.print(b.stdout, s.JSON)) // what was found before an error is worth having
}

func (b *bench) measureAll() error {
	for _, engine := range b.Engines {
		if err := b.measure(engine); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	return b.weigh()
}

// measure is one engine: each operation beside its floor, on the first number of things stored.
func (b *bench) measure(engine string) (err error) {
	small, err := b.stored(engine, b.Stored[0], b.product()...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, small.end()) }()
	if err := errors.Join(b.floors(small), b.rush(small)); err != nil {
		return err
	}
	for _, n := range b.Stored[1:] {
		if err := b.grow(small, n); err != nil {
			return err
		}
	}
	return nil
}

// product is usher as an operator starts it, with its access log.
func (b *bench) product() []string { return []string{b.usher, "serve", "--public-url", issuer} }

// A set is a store with so much in it, usher upon it, and what it is to be asked.
type set struct {
	*site
	engine   string
	stored   int
	server   *process
	supplied map[string]*supply
}

func (s *set) side(o operation) side { return side{s.server, s.redis, s.supplied[o.name]} }

// once is how many requests are prepared where each works once: for a round, as many as usher can answer in its time.
func (p plan) once(measured int) int {
	const mostPerSecond = 1500
	return measured * p.samples() * max(10, int(p.length.Seconds()*mostPerSecond))
}

// stored fills a new store and starts a program upon it.
func (b *bench) stored(engine string, n int, program ...string) (s *set, err error) {
	b.say("%s: storing %d users and links", engine, n)
	at, err := newSite(b.ctx, b.dir, engine)
	if err != nil {
		return nil, err
	}
	s = &set{site: at, engine: engine, stored: n, supplied: map[string]*supply{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, at.end())
		}
	}()
	if err := b.fill(s); err != nil {
		return nil, err
	}
	if err := at.settle(b.ctx, engine); err != nil {
		return nil, err
	}
	if s.server, err = s.serve(b.ctx, slices.Concat(program, s.flags())...); err != nil {
		return nil, err
	}
	return s, b.size(s)
}

func (b *bench) fill(s *set) (err error) {
	data, err := s.open(b.ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	st, err := newStage(b.ctx, data, crowd{b.stderr, s.engine})
	if err != nil {
		return err
	}
	if err := st.fill(b.ctx, s.stored); err != nil {
		return err
	}
	measured := 1 + 2*(len(b.Stored)-1)
	for _, o := range b.operations() {
		requests, err := st.requests(b.ctx, o, b.plan().once(measured))
		if err != nil {
			return err
		}
		s.supplied[o.name] = newSupply(o, requests, measured*b.plan().samples())
	}
	return nil
}

// floors measures usher and the floor in turn.
func (b *bench) floors(s *set) error {
	server, err := s.serve(b.ctx, append([]string{b.self, "floor"}, s.floorFlags(s.stored)...)...)
	if err != nil {
		return err
	}
	defer server.stop()
	for _, o := range b.operations() {
		b.say("%s: %s beside its floor", s.engine, o.name)
		requests, err := askFloor(b.ctx, server.addr, o, b.plan().once(1))
		if err != nil {
			return err
		}
		floor := side{server, s.redis, newSupply(o, requests, b.plan().samples())}
		p := b.plan().of(o)
		usher, by, err := p.alternate(b.ctx, s.side(o), floor)
		if err != nil {
			return err
		}
		b.Floors = append(b.Floors, beside(s.engine, o, p.callers, usher, by))
	}
	return nil
}

func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.stderr, format+"\n", args...) // a run does not end for what it has to say
}
