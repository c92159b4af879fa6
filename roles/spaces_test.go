package roles

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
)

// Any user makes spaces, or administrators only, as the installation has it.
func TestWhoCreatesSpaces(t *testing.T) {
	onEach(t, func(w *world) {
		strict := New(w.auth, Settings{AdminsCreateSpaces: true})
		for _, row := range []struct {
			spaces  *Spaces
			who     auth.Identity
			refusal error
		}{
			{w.Spaces, w.as("speaker"), nil},
			{strict, w.as("speaker"), ErrForbidden},
			{strict, w.people["admin"], nil},
		} {
			_, err := row.spaces.CreateSpace(w.Context(), row.who, SpaceDetails{Name: "Evening school"})
			require.ErrorIs(w, err, row.refusal)
		}
	})
}
