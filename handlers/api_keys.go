package handlers

import (
	"strings"
	"time"

	"usher/auth"
	"usher/handlers/wire"
)

func (a *api) keyOperations() map[string]handler {
	return map[string]handler{
		"createApiKey": with(a.createAPIKey),
		"listApiKeys":  a.listAPIKeys,
		"revokeApiKey": a.revokeAPIKey,
		"createClient": with(a.createClient),
		"listClients":  a.listClients,
		"deleteClient": a.deleteClient,

		"getWorkspace":    a.getWorkspace,
		"updateWorkspace": with(a.updateWorkspace),
	}
}

func workspaceOf(w auth.Workspace) wire.Workspace {
	return wire.Workspace{ID: w.ID, Name: w.Name, RoomPage: string(w.RoomPage)}
}

func (a *api) getWorkspace(c *call) (any, error) {
	w, err := a.Authority.GetWorkspace(c, c.who)
	return workspaceOf(w), err
}

func (a *api) updateWorkspace(c *call, in wire.WorkspacePatch) (any, error) {
	w, err := a.Authority.UpdateWorkspace(c, c.who, auth.WorkspacePatch{Name: in.Name, RoomPage: (*auth.RoomPage)(in.RoomPage)})
	return workspaceOf(w), err
}

func (a *api) createAPIKey(c *call, in wire.NewAPIKey) (any, error) {
	id, key, err := a.Authority.CreateAPIKey(c, c.who, auth.NewAPIKey{
		Name: in.Name, Scopes: all(in.Scopes, func(s wire.Scope) string { return string(s) }),
		Life: time.Duration(in.ExpiresIn) * time.Second,
	})
	return wire.IssuedAPIKey{ID: id, Key: key.Reveal()}, err
}

func (a *api) listAPIKeys(c *call) (any, error) {
	keys, next, err := a.Authority.ListAPIKeys(c, c.who, c.page())
	return wire.APIKeys{Items: all(keys, apiKeyOf), Next: cursor(next)}, err
}

func apiKeyOf(k auth.APIKey) wire.APIKey {
	return wire.APIKey{
		ID: k.ID, Name: k.Name, Scopes: all(strings.Fields(string(k.Scopes)), func(s string) wire.Scope { return wire.Scope(s) }),
		CreatorID: k.Creator, CreatedAt: k.Created, ExpiresAt: k.Ends, LastUsedAt: k.LastUsed,
	}
}

func (a *api) revokeAPIKey(c *call) (any, error) {
	return nil, a.Authority.RevokeAPIKey(c, c.who, c.id("keyId"))
}

func (a *api) createClient(c *call, in wire.NewClient) (any, error) {
	id, secret, err := a.Authority.CreateClient(c, c.who, auth.NewClient{Name: in.Name, Public: in.Public})
	return wire.IssuedClient{ClientID: id, ClientSecret: secret.Reveal()}, err
}

func (a *api) listClients(c *call) (any, error) {
	clients, next, err := a.Authority.ListClients(c, c.who, c.page())
	return wire.Clients{Items: all(clients, clientOf), Next: cursor(next)}, err
}

func clientOf(app auth.ClientApp) wire.Client {
	return wire.Client{ClientID: app.ID, Name: app.Name, Public: app.Public, CreatedAt: app.Created}
}

func (a *api) deleteClient(c *call) (any, error) {
	return nil, a.Authority.DeleteClient(c, c.who, c.id("clientId"))
}
