package auth

import (
	"context"
	"net/netip"
	"net/url"
	"strings"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

// A Workspace is one as its staff sees it.
type Workspace struct {
	ID       string
	Name     string   `store:"name"`
	RoomPage RoomPage `store:"roomPage,8"`
}

// A RoomPage is where the front end of a workspace's rooms is: an address with {room} in its path or its query and
// {name} in its query. Empty means that there is none.
type RoomPage string

// A WorkspacePatch is what is to change; nil leaves a thing as it is.
type WorkspacePatch struct {
	Name     *string
	RoomPage *RoomPage
}

// GetWorkspace is the caller's, for an administrator or support. It returns ErrWrongToken, ErrForbidden.
func (a *Authority) GetWorkspace(ctx context.Context, who Identity) (Workspace, error) {
	if _, err := a.asStaff(ctx, who, who.ID); err != nil {
		return Workspace{}, err
	}
	return a.workspace(ctx, who.Workspace)
}

// UpdateWorkspace changes the caller's, for an administrator. It returns ErrWrongToken, ErrForbidden, a *FieldError.
func (a *Authority) UpdateWorkspace(ctx context.Context, who Identity, patch WorkspacePatch) (Workspace, error) {
	if _, err := a.asAdmin(ctx, who, who.ID); err != nil {
		return Workspace{}, err
	}
	var w Workspace
	home := WorkspaceKey(who.Workspace)
	err := Settle(func() error {
		recs, err := a.Store.Get(ctx, home)
		if err == nil {
			w, err = patch.on(recs[0], a.set.Issuer)
		}
		if err != nil {
			return err
		}
		still := []store.Cond{store.Present(home), store.Equal(home, "op", recs[0]["op"])}
		return a.Change(ctx, store.Tx{If: still, Do: []store.Write{store.Set(home, store.Fields(w))}})
	})
	w.ID = who.Workspace
	return w, a.Recorded(ctx, who, audit.Event{Type: audit.WorkspaceUpdated, Subject: w.ID}, err)
}

// on is the workspace that a patch makes of a record.
func (p WorkspacePatch) on(rec store.Record, issuer string) (w Workspace, err error) {
	if err := rec.Load(&w); err != nil {
		return w, err
	}
	if p.Name != nil {
		if w.Name, err = ShownName("name", *p.Name); err != nil {
			return w, err
		}
	}
	if p.RoomPage != nil {
		w.RoomPage = *p.RoomPage
		err = w.RoomPage.check(issuer)
	}
	return w, err
}

// RoomPageOf is the front end of a workspace's rooms.
func (a *Authority) RoomPageOf(ctx context.Context, workspace string) (RoomPage, error) {
	w, err := a.workspace(ctx, workspace)
	return w.RoomPage, err
}

func (a *Authority) workspace(ctx context.Context, id string) (Workspace, error) {
	w := Workspace{ID: id}
	recs, err := a.Store.Get(ctx, WorkspaceKey(id))
	if err == nil {
		err = recs[0].Load(&w)
	}
	return w, err
}

// For is where somebody goes in: into a room, by its alias, under a name, and with a token, which no server on the way
// sees.
func (p RoomPage) For(room, name string, token secret.String) secret.String {
	path, query, asks := strings.Cut(string(p), "?")
	to := strings.ReplaceAll(path, "{room}", url.PathEscape(room))
	if asks {
		shown := strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
		to += "?" + strings.NewReplacer("{room}", url.QueryEscape(room), "{name}", shown).Replace(query)
	}
	return secret.New(to + "#roomToken=" + token.Reveal())
}

// Origin is the scheme and the host of the page, or empty.
func (p RoomPage) Origin() string {
	u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(string(p)))
	if err != nil || p == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// longestPage is what the store has room for.
const longestPage = 512

// pageBytes are those of an address (RFC 3986) without a fragment, which is the token's place.
const pageBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?[]@!$&'()*+,;=%"

// check refuses what a browser would not take somewhere else in the world, over TLS: guests would be sent to a machine
// beside their own. Where this server itself is for one machine, its neighbours there are good.
func (p RoomPage) check(issuer string) error {
	if p == "" {
		return nil
	}
	path, _, _ := strings.Cut(string(p), "?")
	plain := strings.NewReplacer("{room}", "", "{name}", "").Replace(string(p))
	u, err := url.Parse(plain)
	ours, _ := url.Parse(issuer) // the settings were checked
	switch {
	case len(p) > longestPage || strings.Trim(plain, pageBytes) != "" || err != nil || u.Host == "" || u.User != nil:
	case strings.Contains(path, "{name}"): // two dots would be a way up
	case !strings.HasPrefix(string(p), u.Scheme+"://"+u.Host): // a placeholder stands in the host
	case near(ours.Hostname()) && (u.Scheme == "https" || u.Scheme == "http" && near(u.Hostname())):
		return nil
	case u.Scheme == "https" && !near(u.Hostname()):
		return nil
	}
	return &FieldError{"/roomPage", "not an https address in the world, with {room} in its path or query, {name} in its query and no fragment"}
}

// near reports whether a host is this machine or one of its network, or is written as no other host is.
func near(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast()
	}
	last := host[strings.LastIndex(host, ".")+1:]
	return last == "localhost" || last == "" || last[0] >= '0' && last[0] <= '9' // 127.1 and 0x7f000001 are addresses to a browser
}
