package console

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/secret"
)

func (s *Console) keyRoutes() []route {
	const tab = "Keys & clients"
	return []route{
		{path: "/keys", tab: tab, shows: s.keys},
		{path: "/keys/new", tab: tab, shows: newKey, does: s.createKey},
		{path: "/keys/:keyId/revoke", tab: tab, shows: s.asksRevoke, does: s.revokeKey},
		{path: "/clients/new", tab: tab, shows: newClient, does: s.createClient},
		{path: "/clients/:clientId/delete", tab: tab, shows: s.asksDeleteClient, does: s.deleteClient},
	}
}

// keys are what programs come in with: API keys, and the clients that people sign in through.
func (s *Console) keys(v *visit) (page, error) {
	keys := table{ID: "keys", Title: "API keys", Columns: []string{"Name", "ID", "May", "Created", "Last used", "Expires", ""}, Empty: "No API key yet."}
	clients := table{ID: "clients", Title: "Clients", Columns: []string{"Name", "Client ID", "Kind", "Created", ""}, Empty: "No client."}
	return page{Title: "Keys & clients", Actions: []link{{Text: "Create API key", To: v.base + "/keys/new"}, {Text: "Create client", To: v.base + "/clients/new"}}, Parts: []part{
		listed(v, keys, func(p auth.Page) ([]auth.APIKey, string, error) { return s.Authority.ListAPIKeys(v, v.Who(), p) }, v.keyRow),
		listed(v, clients, func(p auth.Page) ([]auth.ClientApp, string, error) { return s.Authority.ListClients(v, v.Who(), p) }, v.clientRow),
	}}, nil
}

// scopes are what an API key may do.
var scopes = []option{
	{Value: "users:read", Text: "See users"},
	{Value: "users:write", Text: "Change users", Hint: "and see their access tokens"},
	{Value: "rooms:read", Text: "See rooms"},
	{Value: "rooms:write", Text: "Change rooms"},
	{Value: "access:read", Text: "See who enters"},
	{Value: "access:write", Text: "Let people in"},
}

func mayDo(has auth.Scopes) string {
	var words []string
	for _, it := range scopes {
		if slices.Contains(strings.Fields(string(has)), it.Value) {
			words = append(words, it.Text)
		}
	}
	return strings.Join(words, ", ")
}

func (v *visit) keyRow(k auth.APIKey) []cell {
	expires := cell{Text: "never"}
	if !k.Ends.IsZero() {
		expires = cell{At: k.Ends}
	}
	return []cell{
		{Text: k.Name},
		{Text: k.ID, Code: true},
		{Text: mayDo(k.Scopes)},
		{At: k.Created},
		{At: k.LastUsed},
		expires,
		{Text: "Revoke", To: v.base + "/keys/" + k.ID + "/revoke", Button: true},
	}
}

func (v *visit) clientRow(c auth.ClientApp) []cell {
	kind := "Confidential"
	if c.Public {
		kind = "Public"
	}
	return []cell{
		{Text: cmp.Or(c.Name, c.ID)},
		{Text: c.ID, Code: true},
		{Text: kind},
		{At: c.Created},
		{Text: "Delete", To: v.base + "/clients/" + url.PathEscape(c.ID) + "/delete", Button: true},
	}
}

// toKeys is where what belongs to keys and clients leads back.
func (v *visit) toKeys() link { return link{Text: "Keys & clients", To: v.base + "/keys"} }

// again is the field for the password, which whoever hands out secrets says once more.
var again = field{Name: "password", Label: "Your password", Kind: "password", Required: true, Fills: "current-password", Hint: "What this makes opens much, and so it is asked for once more."}

func newKey(v *visit) (page, error) {
	f := form{Button: "Create", Cancel: "/keys", Fields: []field{
		{Name: "name", Label: "Name", Kind: "text", Required: true, Fills: "off", Hint: "What the key is for."},
		{Name: "scopes", Label: "What it may do", Kind: "checkbox", Options: slices.Clone(scopes)},
		{Name: "days", Label: "Valid for", Kind: "select", Value: "365", Options: []option{
			{Value: "30", Text: "30 days"}, {Value: "90", Text: "90 days"}, {Value: "365", Text: "A year"}, {Value: "", Text: "Until it is revoked"},
		}},
		again,
	}}
	return page{Title: "Create API key", Up: v.toKeys(), Parts: []part{v.asks(f)}}, nil
}

func (s *Console) createKey(v *visit, sent url.Values) (done, error) {
	life, err := daysIn(sent)
	if err != nil {
		return done{}, err
	}
	if err := s.Again(v.Call, secret.New(sent.Get("password"))); err != nil {
		return done{}, err
	}
	_, key, err := s.Authority.CreateAPIKey(v, v.Who(), auth.NewAPIKey{Name: sent.Get("name"), Scopes: sent["scopes"], Life: life})
	return v.shownOnce("The API key is made", v.toKeys(), facts{{"API key", cell{Text: key.Reveal(), Code: true}}}), err
}

// daysIn is how long a key is to live.
func daysIn(sent url.Values) (time.Duration, error) {
	days, known := map[string]int{"30": 30, "90": 90, "365": 365, "": 0}[sent.Get("days")]
	if !known {
		return 0, &auth.FieldError{Field: "days", Reason: "not one of these"}
	}
	return time.Duration(days) * 24 * time.Hour, nil
}

// shownOnce is a page with a secret, which nobody sees again.
func (v *visit) shownOnce(title string, up link, what facts) done {
	return done{once: &page{Title: title, Up: up, Once: true, Parts: []part{{Facts: &what}}}}
}

func (s *Console) asksRevoke(v *visit) (page, error) {
	k, err := s.Authority.GetAPIKey(v, v.Who(), v.ID("keyId"))
	f := form{Says: "Whatever uses the key is refused from the next request on. It cannot be undone.", Button: "Revoke", Risky: true, Cancel: "/keys"}
	return page{Title: "Revoke the API key " + k.Name + "?", Up: v.toKeys(), Parts: []part{v.asks(f)}}, err
}

func (s *Console) revokeKey(v *visit, _ url.Values) (done, error) {
	return leads("/keys?done=revoked"), s.Authority.RevokeAPIKey(v, v.Who(), v.ID("keyId"))
}

func newClient(v *visit) (page, error) {
	f := form{Button: "Create", Cancel: "/keys", Fields: []field{
		{Name: "name", Label: "Name", Kind: "text", Required: true, Fills: "off", Hint: "What the application is."},
		{Name: "kind", Label: "Kind", Kind: "radio", Value: "public", Options: []option{
			{Value: "public", Text: "Public", Hint: "a page or an app, which can keep no secret"},
			{Value: "confidential", Text: "Confidential", Hint: "a server, which gets a secret"},
		}},
		again,
	}}
	return page{Title: "Create client", Up: v.toKeys(), Parts: []part{v.asks(f)}}, nil
}

func (s *Console) createClient(v *visit, sent url.Values) (done, error) {
	public := sent.Get("kind") == "public"
	if !public && sent.Get("kind") != "confidential" {
		return done{}, &auth.FieldError{Field: "kind", Reason: "not one of these"}
	}
	if err := s.Again(v.Call, secret.New(sent.Get("password"))); err != nil {
		return done{}, err
	}
	id, key, err := s.Authority.CreateClient(v, v.Who(), auth.NewClient{Name: sent.Get("name"), Public: public})
	if key.Empty() || err != nil {
		return leads("/keys?done=client"), err
	}
	return v.shownOnce("The client is made", v.toKeys(), facts{{"Client ID", cell{Text: id, Code: true}}, {"Client secret", cell{Text: key.Reveal(), Code: true}}}), nil
}

func (s *Console) asksDeleteClient(v *visit) (page, error) {
	c, err := s.Authority.GetClient(v, v.Who(), v.ID("clientId"))
	f := form{
		Says:   "Everybody who has signed in through the client is signed out. It cannot be undone.",
		Button: "Delete", Risky: true, Cancel: "/keys",
	}
	return page{Title: "Delete the client " + cmp.Or(c.Name, c.ID) + "?", Up: v.toKeys(), Parts: []part{v.asks(f)}}, err
}

func (s *Console) deleteClient(v *visit, _ url.Values) (done, error) {
	return leads("/keys?done=clientDeleted"), s.Authority.DeleteClient(v, v.Who(), v.ID("clientId"))
}
