package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/seal"
	"usher/internal/secret"
	"usher/invites"
)

// A commandLine is every command with its settings. A setting is a flag, or a variable of the environment (see
// variables); one that is a secret.String can also be the content of a file.
type commandLine struct {
	storage `embed:""`
	sealing `embed:""`
	journal `embed:""`

	Serve     serve `cmd:"" default:"withargs" help:"Serve the API. This is what usher does without a command, too."`
	Workspace struct {
		Create createWorkspace `cmd:"" help:"Make another workspace, and print its credentials."`
	} `cmd:"" help:"Workspaces."`
	Admin struct {
		Reset resetAdmin `cmd:"" help:"Give an administrator another password, end all of his sessions, and print it."`
	} `cmd:"" help:"Administrators."`
	Keys struct {
		List   listKeys   `cmd:"" help:"List the keys that sign tokens, without their secrets."`
		Rotate rotateKeys `cmd:"" help:"Have the keys rotated, by the servers, without a token being refused."`
		Revoke revokeKeys `cmd:"" help:"Take keys away that somebody may have got hold of, with everything signed by them."`
	} `cmd:"" help:"The keys that sign tokens."`
	Audit readAudit `cmd:"" help:"Print the audit log of a workspace as lines of JSON, the oldest first."`
	Bans  struct {
		List listBans `cmd:"" help:"Print who has guessed too often and waits, as lines of JSON."`
		Lift liftBan  `cmd:"" help:"Let somebody guess again."`
	} `cmd:"" help:"Bans of those who guess."`
	Seed    seedUsers `cmd:"" help:"Fill a workspace with users, to show what it looks like."`
	Version version   `cmd:"" help:"Print the version."`
}

// storage says where the data are.
type storage struct {
	Data          string        `default:"usher.db" placeholder:"FILE" help:"The file that holds the data, for a single server."`
	Redis         secret.String `placeholder:"URL" help:"Redis in the place of the file, for a fleet: redis[s]://user:password@host:port/0, or host:port; several addresses with commas between."`
	RedisMode     string        `default:"single" enum:"single,sentinel,cluster" placeholder:"MODE" help:"What Redis is: single, sentinel or cluster."`
	RedisMaster   string        `placeholder:"NAME" help:"The name by which the sentinels know the master."`
	RedisSentinel secret.String `name:"redis-sentinel-password" placeholder:"PASSWORD" help:"The sentinels' own password; that of the URL is the servers'."`
	RedisPrefix   string        `default:"usher" placeholder:"WORD" help:"What every key begins with."`
	RedisReplicas int           `name:"redis-wait-replicas" default:"0" placeholder:"N" help:"How many replicas must have a change before it is acknowledged."`
	AuditKept     time.Duration `default:"2160h" placeholder:"TIME" help:"How long the audit log keeps what happened."`
}

// sealing says how secrets are encrypted that the store has to give back.
type sealing struct {
	Key    secret.String `name:"key-encryption-key" placeholder:"KEY" help:"Encrypts the signing keys in the store: 32 random bytes in hex or base64url, as openssl rand -hex 32 makes them."`
	Before secret.String `name:"key-encryption-key-old" placeholder:"KEY" help:"The key-encryption key that was set before: what is encrypted under it is encrypted anew."`
}

func (s sealing) seal() (seal.Seal, error) {
	made, err := seal.New(s.Key, s.Before)
	if err != nil {
		err = usageError{fmt.Errorf("--key-encryption-key, --key-encryption-key-old: %w", err)}
	}
	return made, err
}

type journal struct {
	Format string     `name:"log-format" default:"text" enum:"text,json" placeholder:"FORMAT" help:"How the log is written: text or json."`
	Level  slog.Level `name:"log-level" default:"info" placeholder:"LEVEL" help:"The least that is logged: debug, info, warn or error."`
}

func (l journal) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: l.Level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// seeds are the secrets of a new workspace; what is not given is generated.
type seeds struct {
	AdminEmail    secret.String `placeholder:"ADDRESS" help:"The first administrator's e-mail address; admin@localhost where none is given."`
	AdminPassword secret.String `placeholder:"PASSWORD" help:"The first administrator's password; generated where none is given."`
	ClientSecret  secret.String `placeholder:"SECRET" help:"The confidential client's secret; generated where none is given."`
}

func (s seeds) workspace(name string) auth.NewWorkspace {
	return auth.NewWorkspace{
		Name: name, AdminEmail: s.AdminEmail.Reveal(), AdminPassword: s.AdminPassword, ClientSecret: s.ClientSecret,
	}
}

// check finds what no workspace of this name can be made of.
func (s seeds) check(name string) error {
	err := s.workspace(name).Check()
	flag := "admin-password"
	if wrong, ok := errors.AsType[*auth.FieldError](err); ok {
		flag = map[string]string{"name": "name", "email": "admin-email", "clientSecret": "client-secret"}[wrong.Field]
		err = errors.New(wrong.Reason)
	}
	if err != nil {
		return usageError{fmt.Errorf("--%s: %w", flag, err)}
	}
	return nil
}

// serve are the settings of the server.
type serve struct {
	Listen         string         `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"The address to listen on; the port 0 stands for any free one."`
	PublicURL      string         `name:"public-url" placeholder:"URL" help:"Where the world finds this server, and the issuer of its tokens; http://<listen> where none is given."`
	RoomURL        string         `name:"room-url" placeholder:"URL" help:"Where guest links lead, to /<alias> under it; <public-url>/room where none is given."`
	TrustedProxies []string       `placeholder:"NETWORK" help:"The addresses and networks of proxies whose X-Forwarded-For is believed."`
	CORSOrigins    []string       `name:"cors-origins" placeholder:"ORIGIN" help:"The origins whose pages count as this server's own: they may read its answers and come with its cookies."`
	ReturnHosts    []string       `placeholder:"HOST" help:"The hosts, with their ports, that the sign-in page returns to, beside the public URL's own."`
	CreateSpace    string         `default:"users" enum:"users,admins" placeholder:"WHO" help:"Who may create spaces: users (any of the workspace) or admins."`
	SignUp         auth.SignUp    `default:"users" enum:"open,users,admins" placeholder:"WHO" help:"Who may create users: open (also strangers, who sign up by mail and solve a captcha), users (any who is signed in) or admins."`
	MaxLinkTTL     time.Duration  `name:"max-link-ttl" default:"432000s" placeholder:"TIME" help:"The longest life of a guest link."`
	AccessTTL      time.Duration  `name:"access-ttl" default:"15m" placeholder:"TIME" help:"The life of an access token."`
	RefreshIdle    time.Duration  `default:"504h" placeholder:"TIME" help:"A session ends when it was not refreshed for so long."`
	RefreshMax     time.Duration  `default:"2160h" placeholder:"TIME" help:"A session ends after so long in any case."`
	RoomTokenTTL   time.Duration  `name:"room-token-ttl" default:"5m" placeholder:"TIME" help:"The life of a room token."`
	KeyRotation    time.Duration  `default:"2160h" placeholder:"TIME" help:"How long a key signs before another takes over; 0 for until an operator asks for it."`
	Networks       []netip.Prefix `name:"webhook-networks" placeholder:"NETWORK" help:"The networks beside the internet that webhooks of rooms may lead to, by http, too: 10.1.2.0/24, say."`
	KeyCache       time.Duration  `default:"1m" placeholder:"TIME" help:"How long verifiers may keep the published keys, and how often the servers read them: after so long a revoked key is refused."`

	gate  `embed:""`
	post  `embed:""`
	seeds `embed:""`
}

// The contract takes no ttl beyond it.
const longestLink = 10 * 365 * 24 * time.Hour

// check finds the mistakes that a type does not.
func (s *serve) check() error {
	if _, port, err := net.SplitHostPort(s.Listen); err != nil || port == "" || !isPort(port) {
		return errors.New("--listen: not host:port")
	}
	for name, at := range map[string]*string{"public-url": &s.PublicURL, "room-url": &s.RoomURL, "account-url": &s.AccountURL} {
		*at = strings.TrimRight(*at, "/")
		if u, err := url.Parse(*at); *at != "" && (err != nil || !isBase(u)) {
			return fmt.Errorf("--%s: not an http or https URL without a query", name)
		}
	}
	if err := cmp.Or(s.checkOthers(), s.gate.check(s.SignUp)); err != nil {
		return err
	}
	if s.MaxLinkTTL < invites.MinLinkTTL || s.MaxLinkTTL > longestLink {
		return fmt.Errorf("--max-link-ttl: not between %v and %v", invites.MinLinkTTL, longestLink)
	}
	if min(s.AccessTTL, s.RefreshIdle, s.RefreshMax, s.RoomTokenTTL, s.KeyCache) < time.Second {
		return errors.New("--access-ttl, --refresh-idle, --refresh-max, --room-token-ttl, --key-cache: a second at least")
	}
	if s.KeyRotation < 0 {
		return errors.New("--key-rotation: less than nothing")
	}
	return nil
}

// checkOthers finds what is no name of another server.
func (s *serve) checkOthers() error {
	for _, proxy := range s.TrustedProxies {
		_, address := netip.ParseAddr(proxy)
		if _, network := netip.ParsePrefix(proxy); address != nil && network != nil {
			return fmt.Errorf("--trusted-proxies: %q is neither an address nor a network", proxy)
		}
	}
	for _, origin := range s.CORSOrigins {
		if u, err := url.Parse(origin); err != nil || !isBase(u) || origin != u.Scheme+"://"+strings.ToLower(u.Host) {
			return fmt.Errorf("--cors-origins: %q is no origin, such as https://app.example.com", origin)
		}
	}
	for _, host := range s.ReturnHosts {
		if u, err := url.Parse("https://" + host); err != nil || u.Host != host || u.Hostname() == "" {
			return fmt.Errorf("--return-hosts: %q is not a host, or a host and its port", host)
		}
	}
	return s.post.check()
}

// isPort takes a number, or the name of a service that the machine knows.
func isPort(port string) bool {
	_, err := net.LookupPort("tcp", port)
	return err == nil
}

func isBase(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == "" && !u.ForceQuery
}
