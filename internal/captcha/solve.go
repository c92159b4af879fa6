package captcha

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// Solve does the work of the widget, for those who have none: tests, and programs that sign up. What it returns is what
// the widget would send.
func Solve(c Challenge) string { return solve(c).token() }

func solve(c Challenge) solved {
	s := solved{Challenge: c}
	for ; ; s.Solution.Counter++ {
		key, err := derive(c.Parameters, s.Solution.Counter)
		s.Solution.DerivedKey = hex.EncodeToString(key)
		if err != nil || strings.HasPrefix(s.Solution.DerivedKey, c.Parameters.KeyPrefix) {
			return s
		}
	}
}

func (s solved) token() string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic("captcha: texts and numbers are JSON")
	}
	return base64.StdEncoding.EncodeToString(raw)
}
