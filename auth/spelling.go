package auth

import (
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// The longest of what users are called and reached by: characters of a username and a name, bytes of the others.
const (
	longestUsername = 64
	longestName     = 100
	longestEmail    = 254 // RFC 5321, section 4.5.3.1.3, without the brackets
	longestPhone    = 32
	longestURL      = 2048
)

// fold is the spelling by which e-mail addresses and usernames are compared: compatibility caseless matching of the
// Unicode Standard (section 3.13, D146). Twice, because what is folded can come apart into more to fold, and taken
// apart before, because an accent that folds to a letter must not stand between the others by then.
func fold(s string) string {
	return norm.NFKC.String(caseless(norm.NFKD.String(caseless(norm.NFD.String(s)))))
}

// caseless is Unicode's case folding. Cherokee is folded to its capitals, and the library makes small letters of those.
func caseless(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cherokee, r) {
			return unicode.ToUpper(r)
		}
		return r
	}, cases.Fold().String(s))
}

// Spelled is an e-mail address or a username as it is looked up: however it is typed, it is the same. What counts
// attempts at an account counts by this, or each spelling would have a count of its own.
func Spelled(name string) string { return fold(name) }

// checkEmail returns an e-mail address as it is kept.
func checkEmail(s string) (string, error) {
	s = norm.NFKC.String(s)
	addr, err := mail.ParseAddress(s)
	if err != nil || addr.Address != s || addr.Name != "" || len(s) > longestEmail || !visible(s) {
		return "", &FieldError{"email", "not an e-mail address"}
	}
	return s, nil
}

// Mailbox is an e-mail address as it says whose mailbox it is. Spelled finds more of them alike, straße.de and strasse.de
// say, which are two domains and may belong to two people.
func Mailbox(email string) string { return strings.ToLower(norm.NFKC.String(email)) }

// EmailAddress returns an e-mail address as it is kept. It is a *FieldError of that field where it is none.
func EmailAddress(field, s string) (string, error) {
	s, err := checkEmail(s)
	if err != nil {
		return "", &FieldError{field, "not an e-mail address"}
	}
	return s, nil
}

// checkUsername returns a username as it is kept: 1 to 64 visible characters, single spaces between them, no @, and
// not letters of two scripts that look alike.
func checkUsername(s string) (string, error) {
	s = norm.NFKC.String(s)
	switch {
	case s == "" || utf8.RuneCountInString(s) > longestUsername:
		return "", &FieldError{"username", "not 1 to 64 characters"}
	case strings.Contains(s, "@"):
		return "", &FieldError{"username", "holds an @"}
	case !visible(s):
		return "", &FieldError{"username", "holds characters that can't be seen"}
	case s != strings.TrimSpace(s) || strings.Contains(s, "  "):
		return "", &FieldError{"username", "begins or ends with a space, or has two in a row"}
	case mixed(s):
		return "", &FieldError{"username", "mixes scripts that look alike"}
	}
	return s, nil
}

// checkName returns a user's shown name as it is kept. It may be empty.
func checkName(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	return ShownName("name", s)
}

// ShownName returns what people are shown as the name of something, as it is kept: 1 to 100 characters, at least one
// of which can be seen. It is no identifier, and need not be unique. The joiners that some scripts and emoji are
// written with are no disguise here. It is a *FieldError of that field where the name is none.
func ShownName(field, s string) (string, error) {
	s, blank, ok := shown(s, longestName)
	if !ok || blank {
		return "", &FieldError{field, "not 1 to 100 characters that can be seen"}
	}
	return s, nil
}

// ShownText is ShownName for one line of text about something: of so many characters at most, or none at all.
func ShownText(field, s string, longest int) (string, error) {
	s, _, ok := shown(s, longest)
	if !ok {
		return "", &FieldError{field, fmt.Sprintf("not at most %d characters that can be seen, in one line", longest)}
	}
	return s, nil
}

// PlainText is ShownText for several lines.
func PlainText(field, s string, longest int) (string, error) {
	s = norm.NFC.String(strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")))
	if _, _, ok := shown(strings.ReplaceAll(s, "\n", " "), longest); !ok {
		return "", &FieldError{field, fmt.Sprintf("not at most %d characters that can be seen", longest)}
	}
	return s, nil
}

// joiners takes away what some scripts and emoji are written with, and nobody sees.
var joiners = strings.NewReplacer("\u200c", "", "\u200d", "", "\ufe0e", "", "\ufe0f", "")

// shown is a text as it is kept; blank where there is nothing to see, ok where nothing is hidden in it.
func shown(s string, longest int) (kept string, blank, ok bool) {
	s = strings.TrimSpace(norm.NFC.String(s))
	plain := joiners.Replace(s)
	// Without its joiners a text can become one that it was not, and so what they stand in is looked at, too.
	ok = utf8.RuneCountInString(s) <= longest && utf8.ValidString(s) && visible(plain)
	return s, strings.TrimSpace(plain) == "", ok
}

func checkPhone(s string) (string, error) {
	if len(s) > longestPhone || strings.Trim(s, "+0123456789 ") != "" {
		return "", &FieldError{"phone", "not at most 32 digits, spaces and +"}
	}
	return s, nil
}

// checkURL takes only https: the address is shown as a picture on pages that are not ours.
func checkURL(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(s) > longestURL {
		return "", &FieldError{"profileUrl", "not an https URL of at most 2,048 bytes"}
	}
	return s, nil
}

// unseen are characters that take no room, or only room, though they count as letters, marks or symbols.
var unseen = []*unicode.RangeTable{
	unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector,
	{R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}}}, // the empty Braille pattern
}

// visible reports whether a text has only characters that can be seen, and plain spaces.
func visible(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r != ' ' && (!unicode.IsGraphic(r) || unicode.IsSpace(r) || unicode.In(r, unseen...)) {
			return false
		}
	}
	return true
}

// alike are scripts whose letters can be taken for one another's.
var alike = []*unicode.RangeTable{
	unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee, unicode.Coptic,
	unicode.Georgian, unicode.Lisu, unicode.Deseret,
}

// mixed reports whether a text has letters of two scripts that look alike.
func mixed(s string) bool {
	var script *unicode.RangeTable
	for _, r := range s {
		for _, of := range alike {
			if !unicode.Is(of, r) {
				continue
			}
			if script != nil && script != of {
				return true
			}
			script = of
		}
	}
	return false
}
