package roles

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whoever changes a room leaves behind when; until then, that is when it was made.
func TestARoomKnowsWhenItChanged(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, yes, no := w.place(true, Public), w.Context(), true, false
		made := w.now()
		changed := func() time.Time {
			room, err := w.GetRoom(ctx, w.as("host"), p.space, p.room)
			require.NoError(w, err)
			require.Equal(w, made, room.Created)
			return room.LastChanged()
		}
		require.Equal(w, made, changed())
		for _, in := range []NewRoom{
			{Name: "Geometry"}, {Access: Open}, {Type: Webinar}, {MaxMeeting: new(int64(60))}, {Chat: &no}, {Closed: &yes}, {Closed: &no},
		} {
			w.forward(time.Second)
			last := w.now()
			for range 2 { // of which the second changes nothing
				room, err := w.UpdateRoom(ctx, w.as("host"), p.space, p.room, in)
				require.NoError(w, err)
				require.Equal(w, []time.Time{last, last}, []time.Time{room.LastChanged(), changed()}, in)
				w.forward(time.Second)
			}
		}
		last := w.now()
		for range 2 {
			require.NoError(w, w.CloseRoom(ctx, w.as("host"), p.space, p.room))
			require.Equal(w, last, changed())
			w.forward(time.Second)
		}
	})
}
