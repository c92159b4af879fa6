package webhook

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnEventIsWrittenAsItsReadersKnowIt(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 25, 9, 0, 0, 0, time.FixedZone("", 3600))
	text, err := json.Marshal(Event{SessionJoined, Payload{"r", "u (1)", "m", "s", 2, 1, Time{at}}})
	require.NoError(t, err)
	require.Equal(t, `{"action":"sessionJoined","payload":{"roomId":"r","userId":"u (1)","memberId":"m","sessionId":"s",`+
		`"sessionsCount":2,"membersCount":1,"timestamp":"2026-11-25T08:00:00.000Z"}}`, string(text))
	text, err = json.Marshal(Event{SessionLeft, Payload{"r", "", "m", "s", 0, 0, Time{at}}})
	require.NoError(t, err)
	require.NotContains(t, string(text), "userId")
}
