package redistest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Cluster starts a cluster of three masters, and returns the address of one as host:port.
func Cluster(t testing.TB) string {
	t.Helper()
	return cluster(t)[0].Addr
}

// ClusterWire starts a cluster of three masters and lays a wire to each. They announce themselves by its ends, so that
// a client who comes in by one goes through it wherever he goes.
func ClusterWire(t testing.TB) *Wire {
	t.Helper()
	nodes := cluster(t)
	w := newWire(t, nodes...)
	var ends []string
	for _, node := range nodes {
		end := w.lay(t, node)
		ends = append(ends, end.String())
		if err := node.Client(t).ConfigSet(t.Context(), "cluster-announce-port", strconv.Itoa(end.Port)).Err(); err != nil {
			t.Fatal(err)
		}
		w.Addr = end.String()
	}
	for _, node := range nodes {
		client := node.Client(t)
		eventually(t, "each node knows the others by the wire", func(ctx context.Context) bool {
			known := client.ClusterNodes(ctx).Val()
			return !slices.ContainsFunc(ends, func(end string) bool { return !strings.Contains(known, end+"@") })
		})
	}
	return w
}

func cluster(t testing.TB) []*Server {
	t.Helper()
	args := []string{"--cluster", "create"}
	nodes := make([]*Server, 3)
	for i := range nodes {
		nodes[i] = Start(t, "--cluster-enabled", "yes")
		args = append(args, nodes[i].Addr)
	}
	args = append(args, "--cluster-yes")
	out, err := exec.CommandContext(t.Context(), "redis-cli", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("redis-cli: %v: %s", err, out)
	}
	for _, node := range nodes {
		client := node.Client(t)
		eventually(t, "the cluster is up", func(ctx context.Context) bool {
			return strings.Contains(client.ClusterInfo(ctx).Val(), "cluster_state:ok")
		})
	}
	return nodes
}

// Replica starts a replica of the server, and waits until it follows. Its client is for looking at what it has.
func (s *Server) Replica(t testing.TB) (*Server, *redis.Client) {
	t.Helper()
	host, port := s.hostPort(t)
	replica := Start(t, "--replicaof", host, port)
	client, master := replica.Client(t), s.Client(t)
	eventually(t, "the replica follows, and its master knows", func(ctx context.Context) bool {
		return strings.Contains(client.Info(ctx, "replication").Val(), "master_link_status:up") &&
			strings.Contains(master.Info(ctx, "replication").Val(), "state=online")
	})
	return replica, client
}

// Sentinel starts a sentinel that knows the server as the master of this name.
func (s *Server) Sentinel(t testing.TB, name string) *Server {
	t.Helper()
	host, port := s.hostPort(t)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	if err := os.WriteFile(file, []byte("sentinel monitor "+name+" "+host+" "+port+" 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Start(t, file, "--sentinel")
}

func (s *Server) hostPort(t testing.TB) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

// eventually asks until the answer is yes, or ten seconds are over.
func eventually(t testing.TB, what string, ask func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ask(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("not within ten seconds: %s", what)
		case <-tick.C:
		}
	}
}
