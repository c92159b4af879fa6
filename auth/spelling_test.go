package auth

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
			refused:  []string{"a\x00", "a\u202eb", "a\nb", strings.Repeat("x", 101)},
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
	} {
		for _, s := range same[1:] {
			require.Equal(t, fold(same[0]), fold(s), "%q and %q", same[0], s)
		}
	}
	require.NotEqual(t, fold("jose"), fold("josé"))
	require.Equal(t, fold("ͅΆ"), fold(fold("ͅΆ")), "folded is folded")
}
