package handlers

import (
	"usher/handlers/wire"
	"usher/internal/secret"
	"usher/roles"
)

func (a *api) webhookOperations() map[string]handler {
	return map[string]handler{
		"setRoomWebhook":      with(a.setRoomWebhook),
		"getRoomWebhook":      a.getRoomWebhook,
		"removeRoomWebhook":   a.removeRoomWebhook,
		"listWebhookFailures": a.listWebhookFailures,
	}
}

func (a *api) setRoomWebhook(c *call, in wire.NewWebhook) (any, error) {
	wanted, err := webhookOf(in)
	if err != nil {
		return nil, err
	}
	set, err := a.Spaces.SetWebhook(c, c.who, c.id("spaceId"), c.id("roomId"), wanted)
	return receiverOf(set), err
}

func (a *api) getRoomWebhook(c *call) (any, error) {
	got, err := a.Spaces.GetWebhook(c, c.who, c.id("spaceId"), c.id("roomId"))
	return receiverOf(got), err
}

func (a *api) removeRoomWebhook(c *call) (any, error) {
	return nil, a.Spaces.RemoveWebhook(c, c.who, c.id("spaceId"), c.id("roomId"))
}

func (a *api) listWebhookFailures(c *call) (any, error) {
	failures, err := a.Spaces.WebhookFailures(c, c.who, c.id("spaceId"), c.id("roomId"))
	return wire.WebhookFailures{Items: all(failures, func(f roles.Failure) wire.WebhookFailure {
		return wire.WebhookFailure{ID: f.ID, Action: wire.WebhookFailureAction(f.Action), SessionID: f.Stay, At: f.At, Cause: f.Cause}
	})}, err
}

func webhookOf(in wire.NewWebhook) (roles.Webhook, error) {
	w := roles.Webhook{URL: in.URL, Headers: map[string]string{}, Secret: secret.New(in.Secret)}
	for _, h := range in.Headers {
		if _, twice := w.Headers[h.Name]; twice {
			return w, invalid{"/headers", duplicate}
		}
		w.Headers[h.Name] = h.Value
	}
	return w, nil
}

func receiverOf(r roles.Receiver) wire.Webhook {
	return wire.Webhook{URL: r.URL, Headers: r.Headers, IsSigned: r.Signed, ChangedAt: r.Changed, GoneAt: r.Gone}
}
