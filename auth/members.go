package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

var errMembers = errors.New("auth: not a flat object with names of its own")

// checkMembers holds a JSON object against what encoding/json is too kind to: it refuses a name that comes twice, a
// name that differs from a known one in case only, a value that is an object or a list, and anything behind the end.
// Two readers of a token must not be able to see two different tokens.
func checkMembers(object []byte, known ...string) error {
	dec := json.NewDecoder(bytes.NewReader(object))
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		return errMembers
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		name, isName := token.(string)
		if err != nil || !isName || seen[name] || spoofs(name, known) {
			return errMembers
		}
		seen[name] = true
		value, err := dec.Token()
		if _, nested := value.(json.Delim); err != nil || nested {
			return errMembers
		}
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return errMembers
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errMembers
	}
	return nil
}

// spoofs reports whether encoding/json would take name for a known one that it isn't.
func spoofs(name string, known []string) bool {
	return !slices.Contains(known, name) &&
		slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) })
}
