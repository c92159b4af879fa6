// Command usher is the program: it reads settings from flags and the environment, opens the store, and serves the API
// or does one administrative thing.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9/logging"

	"usher/internal/seal"
)

func main() {
	logging.Disable() // what Redis's driver meets comes back as errors, which are logged where they belong
	collectLate()
	leaveRoom()
	err := run(untilSignal(), os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "usher: "+oneLine(err))
	}
	os.Exit(exitCode(err))
}

// collectLate lets garbage grow to four times what lives, which is little: some ten megabytes. By default the program
// would collect it at every hundredth request, and spend a tenth of its time on that. GOGC says otherwise.
func collectLate() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

// leaveRoom lets others run beside the hashing of passwords. A hash holds what Go takes for a processor for 25 ms, and is
// asked to make way after 10: with as many hashes as processors, everybody else would wait so long at each of his steps.
// With one more it is for the kernel to share the real ones, and it prefers who has waited. More than one costs the
// hashes their caches.
func leaveRoom() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}

// untilSignal ends at the first signal to stop. A second one ends the process at once.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	first := make(chan os.Signal, 1)
	signal.Notify(first, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-first
		signal.Stop(first)
		cancel()
	}()
	return ctx
}

// A program is what a command works with.
type program struct {
	storage storage
	seal    seal.Seal
	stdout  io.Writer
	log     *slog.Logger
}

// run does what the arguments and the environment ask for, until it is done or ctx ends. It writes results to stdout
// and its log to stderr.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	line, command, err := parse(args, getenv, stdout, stderr)
	if err != nil || command == nil {
		return err
	}
	if err := line.check(); err != nil {
		return usageError{err}
	}
	seal, err := line.seal()
	if err != nil {
		return err
	}
	return command.Run(ctx, &program{
		storage: line.storage, seal: seal, stdout: stdout, log: line.logger(stderr),
	})
}

// A usageError is a mistake in the flags or in the environment.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exitCode is 2 for a usageError, and 1 for everything else that fails.
func exitCode(err error) int {
	switch _, usage := errors.AsType[usageError](err); {
	case usage:
		return 2
	case err != nil:
		return 1
	}
	return 0
}

// userinfo is the part of an address that holds a password.
var userinfo = regexp.MustCompile(`\S*:\S*@`)

// oneLine is an error as it is printed. What is set in the wrong place may be quoted there, and be Redis's address.
func oneLine(err error) string {
	return userinfo.ReplaceAllString(strings.ReplaceAll(err.Error(), "\n", "; "), "[redacted]@")
}
