package store

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// RedisSettings say where Redis is and how it is used.
type RedisSettings struct {
	// URL is redis:// or rediss:// (TLS) with what go with it, redis://user:password@host:port/0, or only
	// host:port. Several addresses stand in the place of one, with commas between: host:port,host:port.
	URL string
	// Mode is single (also where it is empty), sentinel or cluster. It is never guessed: a cluster is often known
	// by one address.
	Mode string
	// Master is the name by which the sentinels know the master.
	Master string
	// SentinelPassword is the sentinels' own; the password of the URL is the servers'.
	SentinelPassword string
	// Prefix stands before every key: "usher" where it is empty.
	Prefix string
	// WaitReplicas is how many replicas must have a write before Apply reports it.
	WaitReplicas int
	// Timeout ends one call, with all that the driver tries within it: two seconds where it is 0.
	Timeout time.Duration
}

const (
	defaultPrefix  = "usher"
	defaultTimeout = 2 * time.Second
)

func (set RedisSettings) filled() (RedisSettings, error) {
	if set.Prefix == "" {
		set.Prefix = defaultPrefix
	}
	if set.Timeout == 0 {
		set.Timeout = defaultTimeout
	}
	if set.Mode == "" {
		set.Mode = "single"
	}
	switch {
	case !only(set.Prefix, capitals+"_-.:"):
		return set, errors.New("store: redis: a prefix of letters, digits and _ - . : only")
	case set.Timeout < 0 || set.WaitReplicas < 0:
		return set, errors.New("store: redis: the timeout and the number of replicas can't be negative")
	}
	return set, nil
}

// Client makes the client that the settings describe, without connecting. It sends a command again, after an error
// of the network, at most retries times. Its errors never contain the URL.
func (set RedisSettings) Client(retries int) (redis.UniversalClient, error) {
	set, err := set.filled()
	if err != nil {
		return nil, err
	}
	options, err := set.options()
	if err != nil {
		return nil, err
	}
	if options.MaxRetries = retries; retries <= 0 {
		options.MaxRetries = -1 // the driver's word for none
	}
	switch {
	case set.Mode == "single" && len(options.Addrs) == 1:
		return redis.NewClient(options.Simple()), nil
	case set.Mode == "single":
		return nil, errors.New("store: redis: several addresses need the mode sentinel or cluster")
	case set.Mode == "sentinel" && set.Master != "":
		return redis.NewFailoverClient(options.Failover()), nil
	case set.Mode == "sentinel":
		return nil, errors.New("store: redis: the mode sentinel needs the name of the master")
	case set.Mode == "cluster" && options.DB == 0:
		return redis.NewClusterClient(options.Cluster()), nil
	case set.Mode == "cluster":
		return nil, errors.New("store: redis: a cluster has the database 0 only")
	}
	return nil, fmt.Errorf("store: redis: no such mode: %q", set.Mode)
}

func (set RedisSettings) options() (*redis.UniversalOptions, error) {
	first, addrs, err := set.parse()
	if err != nil {
		return nil, err
	}
	if first.TLSConfig != nil {
		first.TLSConfig.ServerName = "" // each server proves the name by which it is called
	}
	return &redis.UniversalOptions{
		Addrs: addrs, DB: first.DB, Username: first.Username, Password: first.Password, TLSConfig: first.TLSConfig,
		MasterName: set.Master, SentinelPassword: set.SentinelPassword,

		ContextTimeoutEnabled: true, // otherwise the driver passes a deadline over
		DialTimeout:           set.Timeout,
		ReadTimeout:           set.Timeout,
		WriteTimeout:          set.Timeout,
		PoolTimeout:           set.Timeout,
		DialerRetries:         1, // the command's own retries are enough

		Protocol: 2, // nobody pushes anything here, and looking out for it costs a look at every reply

		PoolSize:         max(32, 10*runtime.GOMAXPROCS(0)),
		PipelinePoolSize: -1, // reads are small pipelines, and share the pool
		ReadBufferSize:   bufferSize,
		WriteBufferSize:  bufferSize,

		// A feature of one vendor's service, which others answer with an error on every new connection.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}, nil
}

const bufferSize = 16 << 10

// parse reads the URL once for each of its addresses.
func (set RedisSettings) parse() (first *redis.Options, addrs []string, err error) {
	head, rest, found := strings.Cut(set.URL, "://")
	if !found {
		head, rest = "redis", set.URL
	}
	head += "://"
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		head, rest = head+rest[:at+1], rest[at+1:]
	}
	hosts, tail := rest, ""
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		hosts, tail = rest[:end], rest[end:]
	}
	for host := range strings.SplitSeq(hosts, ",") {
		o, err := redis.ParseURL(head + host + tail)
		if err != nil || host == "" { // the driver's error would print the password
			return nil, nil, errors.New("store: redis: the URL can't be read: redis[s]://user:password@host:port/0, or host:port")
		}
		if first == nil {
			first = o
		}
		addrs = append(addrs, o.Addr)
	}
	return first, addrs, nil
}
