package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/internal/store"
)

// A prober asks for everything that the contract has, in every way, and looks at what comes back.
type prober struct {
	*scene
	operations map[string]operation
	names      []string
	store      *keeper
	asked, won map[string]int // by operation
}

// A keeper notes the secrets that pass through a store: digests, salts and keys. None of them is for anybody.
type keeper struct {
	store.Store
	mu      sync.Mutex
	secrets map[string]bool
}

func (k *keeper) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	recs, err := k.Store.Get(ctx, keys...)
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, rec := range recs {
		for _, field := range []string{"pwSalt", "pwSum", "hash", "secret"} {
			if len(rec[field]) > 8 {
				k.secrets[rec[field]] = true
			}
		}
	}
	return recs, err
}

// TestNoRequestGetsAroundTheContract draws requests from the schemas of the contract: as they should be, with one thing
// wrong, or with another's authorisation. None meets a fault of ours, an answer that the contract lacks, or gets more
// than it should; no secret comes back, or into the log, but where handing it out is what was asked for.
// More of it: -rapid.checks.
func TestNoRequestGetsAroundTheContract(t *testing.T) {
	t.Parallel()
	for engine, fresh := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			kept := &keeper{Store: fresh(t), secrets: map[string]bool{}}
			d := open(t, kept)
			p := &prober{operations: operations(t), store: kept, asked: map[string]int{}, won: map[string]int{}}
			p.names = slices.Sorted(maps.Keys(p.operations))
			checks := 0
			rapid.Check(t, func(r *rapid.T) {
				public := rapid.SampledFrom([]string{"true", "false"}).Draw(r, "public")
				access := rapid.SampledFrom([]string{"open", "public", "private"}).Draw(r, "access")
				if checks++; p.scene == nil || checks%5 == 0 {
					p.scene = d.newScene(t, public, access)
					p.prepare()
				}
				failed := true
				defer func() {
					if failed { // what happened to the scene is part of what failed
						p.scene = nil
					}
				}()
				for range 30 {
					p.probe(r)
				}
				p.silent(r)
				failed = false
			})
			p.report()
		})
	}
}

// prepare gets tokens that are of no use, or of another.
func (p *prober) prepare() {
	in, err := json.Marshal(map[string]string{"grant_type": "password", "client_id": p.id["web"], "username": "outlaw", "password": goodPass})
	must(p.t, err)
	p.mails()
	p.signsUp("signUpToken", "stranger")
	p.clock.Add(-time.Hour.Milliseconds())
	late := p.ok(200, "", "POST", "/v1/auth/token", string(in))
	p.clock.Add(time.Hour.Milliseconds())
	p.token["late"] = late.text("access_token")
	p.id["refresh"] = p.ok(200, "", "POST", "/v1/auth/token", string(in)).text("refresh_token")
	p.id["guest's refresh"] = late.text("refresh_token")
}

// probe sends one request.
func (p *prober) probe(r *rapid.T) {
	op := p.operations[rapid.SampledFrom(p.names).Draw(r, "operation")]
	d := p.drafted(r, op)
	if token := p.token[d.actor]; token != "" {
		d.headers.Set("Authorization", "Bearer "+token)
	}
	wanted, how := []int(nil), "valid"
	l := d.letter()
	switch rapid.IntRange(0, 3).Draw(r, "how") {
	case 0:
		for _, name := range rapid.Permutation(slices.Sorted(maps.Keys(twists))).Draw(r, "twists") {
			if l = d.letter(); twists[name](r, d, &l) {
				wanted, how = op.refusedAs(), name
				break
			}
		}
	case 1:
		how = "disguised"
		switch status, must := p.disguise(r, &d); {
		case must && status == 0:
			wanted = []int{401, 403, 404, 409, 410, 422, 429}
		case must:
			wanted = []int{status}
		}
	}
	got, err := p.exchange(p.written(r, d, l))
	where := fmt.Sprintf("%s: %s, as %s: %s %s\n%s\n%d %s", op.OperationID, how, d.actor, op.method, l.target, l.body, got.status, got.raw)
	require.NoError(r, err, where)
	require.Less(r, got.status, 500, where)
	if wanted != nil {
		require.Contains(r, wanted, got.status, where)
	}
	p.asked[op.OperationID]++
	if got.status < 300 {
		p.won[op.OperationID]++
	}
	p.keepsSecrets(r, d, got, where)
}

// written is the request, from an address that is seldom the same: limits are for another test.
func (p *prober) written(r *rapid.T, d draft, l letter) *http.Request {
	req := httptest.NewRequestWithContext(p.t.Context(), d.op.method, publicURL+l.target, bytes.NewReader(l.body))
	req.Header = d.headers.Clone()
	if l.kind != "" {
		req.Header.Set("Content-Type", l.kind)
	}
	req.RemoteAddr = fmt.Sprintf("10.%d.%d.1:1", rapid.IntRange(0, 255).Draw(r, "network"), rapid.IntRange(0, 255).Draw(r, "host"))
	return req
}

// handsOut are the operations whose success is a secret, and the fields that it comes in.
var handsOut = map[string][]string{
	"getAccessToken": {"access_token", "refresh_token"}, "changePassword": {"access_token", "refresh_token"},
	"redeemAccess": {"access_token", "refresh_token", "seatKey"}, "joinAsGuest": {"access_token", "refresh_token", "seatKey"},
	"generateAccess": {"url", "qrCode"}, "replaceAccessLink": {"url", "qrCode"}, "joinRoom": {"roomToken"}, "createApiKey": {"key"}, "createClient": {"client_secret"},
}

// keepsSecrets requires that an answer holds none that was sent, is stored, or was handed out before.
func (p *prober) keepsSecrets(r *rapid.T, d draft, got reply, where string) {
	rest := got.raw
	if fields := handsOut[d.op.OperationID]; got.status < 300 && fields != nil {
		body := maps.Clone(got.body)
		for _, name := range fields {
			delete(body, name)
		}
		raw, err := json.Marshal(body)
		must(p.t, err)
		rest = string(raw)
	}
	rest += fmt.Sprint(got.header)
	for _, secret := range append(p.secrets(), d.secrets()...) {
		require.NotContains(r, rest, secret, where)
	}
	require.NotContains(r, rest, songbird, where)
}

// secrets are those of the scene and of the store.
func (p *prober) secrets() []string {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	all := append(slices.Collect(maps.Keys(p.store.secrets)), goodPass, p.id["secret"], p.id["linkToken"], p.id["refresh"], p.id["guest's refresh"],
		p.id["resetToken"], p.id["verifyToken"], p.id["changeToken"], p.id["undoToken"], p.id["signUpToken"])
	return slices.AppendSeq(all, maps.Values(p.token))
}

// silent requires that the log has no secret, and begins it anew.
func (p *prober) silent(r *rapid.T) {
	text := p.log.Take()
	require.NotEmpty(r, text)
	for _, secret := range append(p.secrets(), songbird) {
		if secret != "" && strings.Contains(text, secret) {
			r.Fatalf("%q is in the log", secret)
		}
	}
}

// report requires that everything was asked, and much of it granted: what always ends at the door looks at nothing.
func (p *prober) report() {
	asked, won := 0, 0
	for _, name := range p.names {
		asked, won = asked+p.asked[name], won+p.won[name]
	}
	p.t.Logf("%d requests, %d granted; of %d operations %d were asked and %d granted", asked, won, len(p.names), len(p.asked), len(p.won))
	if len(p.asked) < len(p.names) || len(p.won) < len(p.names)/2 {
		p.t.Errorf("granted were only %v", p.won)
	}
}
