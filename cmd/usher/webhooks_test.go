package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/webhook"
	"usher/internal/webhook/webhooktest"
)

// What happened in a room is told to its server, also when the process is killed right after it, and only within the
// networks that the operator has named.
func TestAWebhookSurvivesAKill(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		told := webhooktest.StartPlain(t, nil)
		p := servingAnn(t, dir, flags...)
		admin := p.signIn(t)
		space := p.made(t, "/v1/spaces", admin, `{"name":"School"}`)
		rooms := "/v1/spaces/" + space.ID + "/rooms"
		room := rooms + "/" + p.made(t, rooms, admin, `{"name":"Algebra"}`).ID
		hook := fmt.Sprintf(`{"url":%q,"headers":[{"name":"X-Class","value":"7"}]}`, told.URL)
		require.Equal(t, 422, p.ask(t.Context(), "PUT", room+"/webhook", admin, hook).status, "no network is named")
		require.NoError(t, p.Process.Kill())
		p.awaitEnd(t)

		flags = append(flags, "--webhook-networks", "127.0.0.0/8,::1/128")
		p = servingAnn(t, dir, flags...)
		require.Equal(t, 200, p.ask(t.Context(), "PUT", room+"/webhook", admin, hook).status)
		require.Equal(t, 200, p.ask(t.Context(), "POST", room+"/join", admin, "").status)
		require.NoError(t, p.Process.Kill())
		p.awaitEnd(t)

		p = servingAnn(t, dir, flags...)
		awaitEvents(t, told, 1)
		require.Equal(t, 204, p.ask(t.Context(), "DELETE", room+"/join", admin, "").status)
		awaitEvents(t, told, 2)
		events := told.Events()
		require.Equal(t, webhook.SessionJoined, events[0].Action)
		require.Equal(t, webhook.SessionLeft, events[1].Action)
		require.Equal(t, events[0].Payload.Session, events[1].Payload.Session)
		header, _ := told.Last()
		require.Equal(t, "7", header.Get("X-Class"))
	})
}

func awaitEvents(t *testing.T, told *webhooktest.Receiver, many int) {
	t.Helper()
	require.Eventually(t, func() bool { return len(told.Events()) == many }, soon, 20*time.Millisecond)
}
