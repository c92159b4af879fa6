package handlers

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A page has words for problems that there are, and for no others.
func TestThePagesTellOfProblemsThatThereAre(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("pages/messages/en.json")
	require.NoError(t, err)
	var says map[string]string
	require.NoError(t, json.Unmarshal(raw, &says))
	for key := range says {
		if code, is := strings.CutPrefix(key, "problem."); is && code != "other" {
			require.True(t, slices.ContainsFunc(append(slices.Clone(problems), fault), func(p problem) bool { return p.code == code }), key)
		}
	}
}
