package auth

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

func TestSpelling(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		check    func(string) (string, error)
		accepted []string
		refused  []string
	}{
		{
			check: checkUsername,
			accepted: []string{
				"a", "Ann", "ann ash", "Жанна", "Ωmega7"[2:], "Ελένη", "山田 太郎", "김철수", "محمد", "O'Neill", "ann_1.2-3", "🦊 fox",
				strings.Repeat("ж", 64), "ＡＮＮ", "José",
			},
			refused: []string{
				"", " ", "ann ", " ann", "a  b", "a@b", "ann＠b", "a\tb", "a\nb", "a\x00b", "a\u200bb", "a\u202eb", "a\u2060b", "a\u00adb",
				"a\u3164b", "a\u115fb", "a\u180eb", "a\ufeffb", "a\u2800b", "a\ufe0fb", "a\u2028b", "a\ue000b", "\xff",
				"Аnn", "Ann Жук", "Ωmega", "pаypal", strings.Repeat("x", 65),
			},
		},
		{
			check:    checkEmail,
			accepted: []string{"a@b.c", "A.b+c@Example.COM", "admin@localhost", "жук@почта.test"},
			refused: []string{
				"", "a", "@b", "a@", "a@b@c", "a b@c", "Ann <a@b.c>", `"a b"@c.d`, "a@b.c ", " a@b.c", "a@b.c\n", "a@b,c@d", "a\u200b@b.c",
				strings.Repeat("x", 250) + "@b.cd",
			},
		},
		{
			check:    checkName,
			accepted: []string{"", "Ann Жук", "محمد", strings.Repeat("ж", 100)},
			refused:  []string{"a\x00", "a\u202eb", "a\nb", "\xdc\u200d\x80", strings.Repeat("x", 101)},
		},
		{
			check:    checkPhone,
			accepted: []string{"", "+49 30 123456", "112"},
			refused:  []string{"x", "1-2", strings.Repeat("1", 33), "1\n"},
		},
		{
			check:    checkURL,
			accepted: []string{"", "https://a.test", "https://a.test:8443/b?c=d#e"},
			refused: []string{
				"http://a.test", "//a.test", "a.test", "https:", "https://", "https:a", "javascript:alert(1)", "data:text/html,x",
				"https://u:p@a.test", "https://a.test/" + strings.Repeat("x", 2048), "https://a.test/\n",
			},
		},
	} {
		for _, s := range row.accepted {
			_, err := row.check(s)
			require.NoError(t, err, "%q", s)
		}
		for _, s := range row.refused {
			_, err := row.check(s)
			var field *FieldError
			require.ErrorAs(t, err, &field, "%q", s)
			if s = strings.TrimSpace(s); len(s) > 3 {
				require.NotContains(t, err.Error(), s, "an error never holds the value")
			}
		}
	}
}

func TestSpellingsThatAreOne(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"Ann", "ANN", "ann", "ＡＮＮ"},
		{"José", "Jose\u0301", "JOSÉ"},
		{"Straße", "STRASSE", "strasse"},
		{"ﬁn", "FIN"},
		{"ΣΊΣΥΦΟΣ", "Σίσυφος", "σίσυφοσ"},
		{"Åsa", "\u212bsa"},
		{"Ꮀ", "ꮀ"},
		{"Ά\u0344\u0345", "ά\u0344\u0345"},
	} {
		for _, s := range same[1:] {
			require.Equal(t, fold(same[0]), fold(s), "%q and %q", same[0], s)
		}
	}
	require.NotEqual(t, fold("jose"), fold("josé"))
	require.Equal(t, fold("ͅΆ"), fold(fold("ͅΆ")), "folded is folded")
}

// However a letter is written, large or small, it is the same, and folded again it stays.
func TestEveryLetterIsFoldedOnce(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.IsLetter(r) {
			continue
		}
		folded := fold(string(r))
		if other := unicode.SimpleFold(r); folded != fold(string(other)) {
			t.Errorf("%q and %q", r, other)
		}
		if folded != fold(folded) {
			t.Errorf("%q, folded, is %q, and that is folded to %q", r, folded, fold(folded))
		}
	}
}

// FuzzNames looks for a name that is kept and should not be: one that is not kept the same when it comes again, that
// shows something else than it is, or that two people could have.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{
		"Ann", "jose\u0301", "Straße", "ﬁn", "Σίσυφος", "Åsa", "ͅΆ", "Аnn", "pаypal", "İstanbul", "ǰ", "ann@usher.test", "жук@почта.test",
		"Ann Жук", "\u1100\u1161", "👨\u200d👩\u200d👧", "a\u202eb", "a\u0085", "\xff", " a ", "ΐ", "Ꮀ", "ſt", "\u0390\u0345", "a  b",
	} {
		f.Add(seed)
	}
	shown := func(s string) (string, error) { return ShownName("name", s) }
	f.Fuzz(func(t *testing.T, s string) {
		for what, check := range map[string]func(string) (string, error){"username": checkUsername, "email": checkEmail, "name": shown} {
			kept, err := check(s)
			if err != nil {
				var field *FieldError
				require.ErrorAs(t, err, &field)
				require.Equal(t, what, field.Field)
				continue
			}
			again, err := check(kept)
			require.NoError(t, err, what)
			require.Equal(t, kept, again, what)
			require.True(t, utf8.ValidString(kept))
			require.NotContains(t, strings.Map(deceptive, kept), "!", what)
			if what != "name" {
				identifies(t, s, kept)
			}
			if what == "username" {
				hasNoTwin(t, kept)
			}
		}
	})
}

// deceptive marks what cannot be seen, or turns what can.
func deceptive(r rune) rune {
	if unicode.IsControl(r) || 0x2028 <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 || r == '\u200b' || r == '\ufeff' {
		return '!'
	}
	if r == '!' {
		return -1
	}
	return r
}

// identifies: however it is typed, a name is found again.
func identifies(t *testing.T, typed, kept string) {
	t.Helper()
	otherCase := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.SimpleFold(r)
		}
		return r
	}, kept)
	for _, s := range []string{typed, norm.NFD.String(kept), norm.NFKD.String(typed), otherCase, Spelled(kept)} {
		require.Equal(t, Spelled(kept), Spelled(s), "%q and %q", kept, s)
	}
}

var twins = map[rune]rune{'a': 'а', 'c': 'с', 'e': 'е', 'o': 'о', 'p': 'р', 'x': 'х', 'y': 'у'}

// hasNoTwin: a name in Latin letters, with one of them from another alphabet, is nobody's.
func hasNoTwin(t *testing.T, kept string) {
	t.Helper()
	for i, r := range kept {
		rest := kept[:i] + kept[i+utf8.RuneLen(r):]
		if twins[r] == 0 || strings.IndexFunc(rest, func(r rune) bool { return unicode.Is(unicode.Latin, r) }) < 0 {
			continue
		}
		_, err := checkUsername(kept[:i] + string(twins[r]) + kept[i+1:])
		require.Error(t, err, "%q with a Cyrillic letter at %d", kept, i)
	}
}
