package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"usher/internal/secret"
)

// A command does what the program was started for.
type command interface {
	Run(ctx context.Context, p *program) error
}

// parse reads flags and environment. The command is nil where help was asked for, and given. Its errors are
// usageErrors.
func parse(args []string, getenv func(string) string, stdout, stderr io.Writer) (*commandLine, command, error) {
	line, helped, given := &commandLine{}, false, slices.Clone(args)
	heard := func(name string) string {
		given = append(given, getenv(name))
		return given[len(given)-1]
	}
	parser, err := grammar(line,
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
		kong.Resolvers(environment(heard)),
	)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := parser.Parse(args)
	switch {
	case helped:
		return nil, nil, nil
	case err != nil:
		return nil, nil, usageError{fmt.Errorf("%s (usher --help has the flags)", concealed(err.Error(), given))}
	}
	chosen, ok := parsed.Selected().Target.Addr().Interface().(command)
	if !ok {
		return nil, nil, usageError{errors.New("no command")}
	}
	return line, chosen, nil
}

// concealed takes out of a message what was given with an @ in it: it may be an address with a password, and in any
// place, and have spaces too.
func concealed(message string, given []string) string {
	for _, whole := range given {
		_, value, _ := strings.Cut(whole, "=")
		for _, text := range []string{whole, value} {
			if strings.Contains(text, "@") {
				quoted := strings.Trim(strconv.Quote(text), `"`)
				message = strings.NewReplacer(text, "[redacted]", quoted, "[redacted]").Replace(message)
			}
		}
	}
	return message
}

func grammar(line *commandLine, more ...kong.Option) (*kong.Kong, error) {
	return kong.New(line, append(more,
		kong.Name("usher"),
		kong.Description("The door to realtime rooms: who is asking, who may do what where, and how someone new gets in."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ValueFormatter(describe),
	)...)
}

// describe is the line of help of a setting: with its default, and how else it is set.
func describe(v *kong.Value) string {
	var notes []string
	if v.HasDefault {
		notes = append(notes, "default "+v.Default)
	}
	for _, name := range variables(v) {
		notes = append(notes, "$"+name)
	}
	if len(notes) == 0 {
		return v.Help
	}
	return v.Help + " (" + strings.Join(notes, ", ") + ")"
}

// variables are the names of a setting in the environment: --redis-mode is USHER_REDIS_MODE, and of a secret there is
// also USHER_…_FILE, the path of a file that holds it. What says what one act is about has none.
func variables(v *kong.Value) []string {
	if v.Tag.Has("act") || v.Name == "help" {
		return nil
	}
	name := "USHER_" + strings.ToUpper(strings.ReplaceAll(v.Name, "-", "_"))
	if v.Target.Type() == reflect.TypeFor[secret.String]() {
		return []string{name, name + "_FILE"}
	}
	return []string{name}
}

// environment resolves the settings that no flag gave. An empty variable counts as not there.
func environment(getenv func(string) string) kong.ResolverFunc {
	return func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		names := variables(flag.Value)
		if len(names) == 0 {
			return nil, nil
		}
		value, path := getenv(names[0]), ""
		if len(names) > 1 {
			path = getenv(names[1])
		}
		switch {
		case value != "" && path != "":
			return nil, fmt.Errorf("%s and %s are both set", names[0], names[1])
		case value != "":
			return value, nil
		case path == "":
			return nil, nil
		}
		content, err := os.ReadFile(path) //nolint:gosec // the operator names it
		if err != nil {
			return nil, fmt.Errorf("%s: %w", names[1], err)
		}
		if content = bytes.TrimRight(content, "\r\n"); len(content) == 0 {
			return nil, fmt.Errorf("%s: the file is empty", names[1])
		}
		return string(content), nil
	}
}
