package password

import (
	_ "embed" // the list of common passwords
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"usher/internal/secret"
)

// Why a password is not taken.
var (
	ErrTooShort  = errors.New("password: shorter than 8 characters")
	ErrTooLong   = errors.New("password: longer than 1,024 bytes")
	ErrTooCommon = errors.New("password: too easy to guess")
)

// The bounds of a password: characters at least, bytes at most. The latter bounds the work, not the choice.
const (
	Shortest = 8
	Longest  = 1024
)

// common is the list of passwords of npm's @zxcvbn-ts/language-common 4.1.3 (its licence is in common.LICENSE), as
// far as they have 8 characters or more: folded, sorted by bytes, one a line. It is searched where it lies, and so
// costs a start nothing.
//
//go:embed common.txt
var common string

// Check says why a password is not taken: ErrTooShort, ErrTooLong, or ErrTooCommon where it is on the list of common
// passwords or is one of context, what is known of its owner, in any case of letters.
func Check(pw secret.String, context ...string) error {
	text := pw.Reveal()
	if len(text) > Longest {
		return ErrTooLong
	}
	if utf8.RuneCountInString(norm.NFC.String(text)) < Shortest {
		return ErrTooShort
	}
	text = fold(text)
	for _, word := range context {
		if text == fold(word) {
			return ErrTooCommon
		}
	}
	if isCommon(text) {
		return ErrTooCommon
	}
	return nil
}

func fold(s string) string { return norm.NFC.String(cases.Fold().String(norm.NFC.String(s))) }

// isCommon finds a line by halving what is left of the list.
func isCommon(text string) bool {
	for list := common; list != ""; {
		middle := strings.LastIndexByte(list[:len(list)/2], '\n') + 1
		line, behind, _ := strings.Cut(list[middle:], "\n")
		switch {
		case line == text:
			return true
		case line < text:
			list = behind
		default:
			list = list[:middle]
		}
	}
	return false
}
