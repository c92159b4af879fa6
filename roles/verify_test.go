package roles

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/store"
)

// trips counts the reads of a store, and makes no writes.
type trips struct {
	dry
	reads *int
}

func (s trips) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	*s.reads++
	return s.dry.Get(ctx, keys...)
}

func TestVerifySaysWhoComes(t *testing.T) {
	onEach(t, func(w *world) {
		p := w.place(false, Private)
		w.join(p.space, "pupil", SpaceUser)
		w.grant(p, "pupil", RoomMonitor)
		pupil, guest := w.as("pupil"), w.seat(p, "moderator")
		reads := 0
		counting := w.on(func(s store.Store) store.Store { return trips{dry{s}, &reads} })
		for _, row := range []struct {
			who   auth.Identity
			place string
			want  Visitor
			trips int
		}{
			{pupil, "", Visitor{pupil, "pupil", "", ""}, 1},
			{pupil, p.space + "." + p.room, Visitor{pupil, "pupil", p.room, RoomMonitor}, 1},
			{pupil, p.alias, Visitor{pupil, "pupil", p.room, RoomMonitor}, 2},
			{guest, p.space + "." + p.room, Visitor{guest, "A guest", p.room, RoomModerator}, 1},
			{guest, p.alias, Visitor{guest, "A guest", p.room, RoomModerator}, 2},
		} {
			reads = 0
			got, err := counting.Verify(w.Context(), row.who, row.place)
			require.NoError(w, err)
			require.Equal(w, row.want, got)
			require.Equal(w, row.trips, reads, "trips to the store")
		}
	})
}

func TestVerifyKeepsOut(t *testing.T) {
	onEach(t, func(w *world) {
		here, there := w.place(true, Private), w.place(true, Open)
		guest, ids := w.seat(here, "user"), here.space+"."+here.room
		denied := func(code Code) error { return &DeniedError{Decision{}.because(code, "")} }
		for name, row := range map[string]struct {
			who   auth.Identity
			place string
			want  error
		}{
			"a guest, where no room guards":             {guest, "", auth.ErrWrongToken},
			"a client, where no room guards":            {w.client(), "", auth.ErrWrongToken},
			"nobody, where no room guards":              {auth.Identity{}, "", auth.ErrWrongToken},
			"a guest of another room, by its ids":       {guest, there.space + "." + there.room, denied(CodeOtherRoom)},
			"a guest of another room, by its alias":     {guest, there.alias, denied(CodeOtherRoom)},
			"a client, even from an open room":          {w.client(), there.alias, auth.ErrWrongToken},
			"nobody, even from an open room":            {auth.Identity{}, there.alias, auth.ErrWrongToken},
			"a user without a role, from a private one": {w.as("stranger"), here.alias, denied(CodeNotInRoom)},
			"another workspace's user":                  {w.foreigner(), there.alias, ErrForbidden},
			"whoever asks for no room":                  {w.as("host"), "nothing-here", ErrForbidden},
			"whoever asks for a room elsewhere":         {w.as("host"), there.space + "." + here.room, ErrForbidden},
			"whoever asks for half a room":              {w.as("host"), here.space + ".", ErrForbidden},
		} {
			_, err := w.Verify(w.Context(), row.who, row.place)
			require.EqualError(w, err, row.want.Error(), name)
		}

		require.NoError(w, w.Kick(w.Context(), w.as("host"), here.space, here.room, guest.ID))
		for _, place := range []string{ids, here.alias} {
			_, err := w.Verify(w.Context(), guest, place)
			require.ErrorIs(w, err, auth.ErrInvalidToken, "a seat that was put out")
		}
		require.NoError(w, w.CloseRoom(w.Context(), w.as("host"), here.space, here.room))
		_, err := w.Verify(w.Context(), w.as("host"), ids)
		require.ErrorContains(w, err, string(CodeRoomClosed))
		stranger := w.as("stranger")
		w.forward(91 * 24 * time.Hour)
		for _, place := range []string{"", there.alias, there.space + "." + there.room, "nothing-here"} {
			_, err := w.Verify(w.Context(), stranger, place)
			require.ErrorIs(w, err, auth.ErrInvalidToken, "a session that is over")
		}
	})
}
