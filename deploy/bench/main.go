// Command bench measures usher: each hot operation beside its floor, which is the same done by hand, and beside itself
// on a store that is a thousand times as large. It starts every server that it needs; see the README beside it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/redis/go-redis/v9/logging"
)

func main() {
	logging.Disable() // a Redis that is still starting is asked whether it is there
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A commandLine is what the program does; the hidden commands are servers that it starts itself.
type commandLine struct {
	Run      settings `cmd:"" default:"withargs" help:"Measure, and print a table."`
	Floor    floor    `cmd:"" hidden:"" help:"Serve each operation by hand."`
	Profiled profiled `cmd:"" hidden:"" help:"Serve usher's API, with a profiler beside it."`
}

// A program is what a command works with.
type program struct {
	ctx            context.Context
	stdout, stderr io.Writer
}

// settings say what is measured, and for how long.
type settings struct {
	Seconds float64       `default:"3" help:"The length of a round."`
	Rounds  int           `default:"5" help:"How often each side is measured."`
	Callers int           `default:"16" help:"How many call at once."`
	Engines []string      `default:"${engines}" enum:"${engines}" help:"The stores to measure on: ${engines}."`
	Ops     []string      `default:"${ops}" enum:"${ops}" help:"The operations to measure: ${ops}."`
	Stored  []int         `default:"1000,1000000" help:"How many users and links are stored; more than one number compares the first with the others."`
	Weighed int           `default:"10000" help:"How many of each thing are weighed in Redis; 0 for none."`
	Rush    int           `default:"200" help:"How many sign in at once, more than can be hashed for; 0 for none."`
	JSON    string        `name:"json" placeholder:"FILE" help:"Write the results there, too."`
	Profile string        `placeholder:"DIR" help:"Write a CPU profile of each operation there, and measure nothing else."`
	Within  time.Duration `default:"3h" help:"Give up after so long."`
}

// Validate finds what no run can be made of.
func (s settings) Validate() error {
	if s.Seconds <= 0 || s.Seconds > 600 || s.Rounds < 1 || s.Rounds > 100 || s.Callers < 1 || s.Callers > 1000 {
		return errors.New("seconds up to 600, rounds up to 100, callers up to 1,000, and one at least")
	}
	if len(s.Stored) == 0 || slices.Min(s.Stored) < 1 {
		return errors.New("something must be stored")
	}
	return nil
}

func (s settings) plan() plan {
	return plan{rounds: s.Rounds, callers: s.Callers, length: time.Duration(s.Seconds * float64(time.Second))}
}

func (s settings) operations() []operation {
	return slices.DeleteFunc(slices.Clone(operations), func(o operation) bool { return !slices.Contains(s.Ops, o.name) })
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	line := &commandLine{}
	parser, err := kong.New(line, kong.Name("bench"), kong.Writers(stdout, stderr),
		kong.Description("Measures usher beside its floor, and beside itself as it grows."),
		kong.Vars{"engines": strings.Join(engineNames, ","), "ops": strings.Join(operationNames(), ",")})
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return parsed.Run(&program{ctx, stdout, stderr})
}

// command is a program that ends with ctx.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, name, args...) //nolint:gosec // commands of our own
}
