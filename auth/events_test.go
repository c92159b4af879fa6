package auth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/audit"
	"usher/internal/secret"
)

// recorded are the events of the workspace that a filter chooses, the newest first.
func (w *world) recorded(f audit.Filter) []audit.Event {
	w.Helper()
	events, _, err := w.events.List(w.ctx(), w.first.Workspace, f, "", 100)
	require.NoError(w, err)
	return events
}

func TestWhoReadsTheAuditLog(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		ann := w.signedIn("ann", good)
		page := Page{Limit: 1}
		_, _, err := w.ListEvents(w.ctx(), ann, audit.Filter{}, page)
		require.ErrorIs(w, err, ErrForbidden)
		for _, who := range []Identity{{}, {Kind: Client, ID: "backend", Workspace: w.first.Workspace}} {
			_, _, err := w.ListEvents(w.ctx(), who, audit.Filter{}, page)
			require.ErrorIs(w, err, ErrWrongToken)
		}
		w.forward(time.Millisecond)
		require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, ann.ID, Support))
		var types []audit.Type
		for next := ""; ; {
			var events []audit.Event
			events, next, err = w.ListEvents(w.ctx(), ann, audit.Filter{}, Page{After: next, Limit: 1})
			require.NoError(w, err)
			for _, e := range events {
				types = append(types, e.Type)
			}
			if next == "" {
				break
			}
		}
		require.Equal(w, audit.WorkspaceRoleChanged, types[0])
		require.ElementsMatch(w, []audit.Type{
			audit.WorkspaceCreated, audit.SignIn, audit.UserCreated, audit.SignIn, audit.WorkspaceRoleChanged,
		}, types)
		other, err := w.CreateWorkspace(w.ctx(), NewWorkspace{Name: "Other"})
		require.NoError(w, err)
		events, _, err := w.events.List(w.ctx(), other.Workspace, audit.Filter{}, "", 100)
		require.NoError(w, err)
		require.Len(w, events, 1, "of its own making")
	})
}

// What an event says: who, to whom, from where; and nothing that was typed.
func TestARefusedSignInIsRecordedWithItsReason(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		blocked := w.user("bob")
		require.NoError(w, w.BlockUser(w.ctx(), w.admin, blocked))
		ctx := audit.From(w.ctx(), audit.Origin{Address: "192.0.2.7", UserAgent: "Mozilla/5.0 (a browser with a name that is longer than one field holds)", RequestID: "r1"})
		for _, row := range []struct{ name, password, subject, reason string }{
			{"ann", "wrong horse battery", id, "wrong_password"},
			{"typed by mistake: " + good, good, "", "unknown_account"},
			{"bob", good, blocked, "blocked"},
		} {
			_, err := w.GetAccessToken(ctx, TokenRequest{GrantType: "password", Username: row.name, Password: secret.New(row.password)})
			require.ErrorIs(w, err, ErrInvalidGrant)
			w.forward(time.Millisecond)
			e := w.recorded(audit.Filter{Type: audit.SignInRefused})[0]
			require.Equal(w, []string{row.subject, row.reason, "", ""}, []string{e.Subject, e.Reason, e.Actor, e.ActorKind})
			require.Equal(w, audit.OriginOf(ctx), audit.Origin{Address: e.Address, UserAgent: e.UserAgent, RequestID: e.RequestID})
		}
		for range 3 { // which costs a stranger nothing, and so must not fill the log
			_, err := w.GetAccessToken(ctx, TokenRequest{GrantType: "client_credentials", ClientID: "backend", ClientSecret: secret.New("not the secret")})
			require.ErrorIs(w, err, ErrInvalidClient)
			w.forward(time.Millisecond)
		}
		guesses := w.recorded(audit.Filter{Type: audit.SignInRefused, Subject: "backend"})
		require.Len(w, guesses, 1)
		require.Equal(w, "wrong_secret", guesses[0].Reason)
	})
}
