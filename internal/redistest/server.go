package redistest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
)

// A Server is a redis-server of one's own, on a free port of this machine: a process or a container.
type Server struct {
	Addr string

	args   []string
	freeze func(context.Context, bool) error // or lets it go on
	end    func()
}

// watch runs redis-server and ends it when its own input ends: that is when Kill closes it, or when the test binary
// is gone, in whatever way. It removes the server's directory. An interrupt at the terminal is left to the test binary.
const watch = `trap '' INT
dir=$(mktemp -d) && exec 3<&0 || exit 1
cd "$dir" && redis-server "$@" 2>&1 3<&- &
server=$!
echo "pid $server"
{ cat <&3; kill -KILL $server; } >/dev/null 2>&1 &
wait $server 2>/dev/null
kill $! 2>/dev/null
rm -rf "$dir"
echo ended`

// Start runs a redis-server from the PATH until the test ends. The arguments are its options, and come after ours:
// loopback only, no snapshots, an append-only file. A first argument without dashes is a configuration file.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s, err := launch(args...)
	if err != nil {
		lacking(t, err)
	}
	t.Cleanup(s.Kill)
	return s
}

// URL is the address as redis://host:port.
func (s *Server) URL() string { return "redis://" + s.Addr }

// Again starts a server that was killed again, on its address and with its options. What it had is there again where
// these are a --dir, and --appendfsync always: Redis writes later than it answers when the disk is busy.
func (s *Server) Again(t testing.TB) {
	t.Helper()
	again, err := launchAt(s.Addr, s.args)
	if err != nil {
		t.Fatal(err)
	}
	*s = *again
}

// Pause freezes the server: it neither answers nor refuses.
func (s *Server) Pause(t testing.TB) {
	t.Helper()
	if err := s.freeze(t.Context(), true); err != nil {
		t.Fatalf("freeze %s: %v", s.Addr, err)
	}
}

// Resume lets a frozen server go on.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	if err := s.freeze(t.Context(), false); err != nil {
		t.Fatalf("thaw %s: %v", s.Addr, err)
	}
}

// Kill ends the server, as a crash would, and waits until it is gone. What it wrote goes with it, unless the option
// --dir named a directory of the test's own: there another server finds it.
func (s *Server) Kill() { s.end() }

// launch tries some ports: a free one may be taken before the server has it.
func launch(args ...string) (*Server, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, err
	}
	var err error
	for range 5 {
		var s *Server
		var addr string
		if addr, err = freePort(); err != nil {
			return nil, err
		}
		if s, err = launchAt(addr, args); err == nil {
			return s, nil
		}
	}
	return nil, err
}

func launchAt(addr string, args []string) (*Server, error) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	command := []string{"-c", watch, "redis-server"}
	if len(args) > 0 && !strings.HasPrefix(args[0], "--") {
		command, args = append(command, args[0]), args[1:]
	}
	command = append(command, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "yes")
	cmd := exec.Command("sh", append(command, args...)...) //nolint:gosec // the tests' own options; Kill ends it
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &Server{Addr: addr, args: args, end: func() { _ = input.Close(); _ = cmd.Wait() }}
	pid, err := ready(bufio.NewScanner(output))
	if err != nil {
		s.Kill()
		return nil, err
	}
	s.freeze = func(ctx context.Context, on bool) error {
		signal := "-CONT"
		if on {
			signal = "-STOP"
		}
		return exec.CommandContext(ctx, "kill", signal, pid).Run() //nolint:gosec // a pid of our own
	}
	return s, nil
}

// ready reads what the server says until it is ready, and goes on reading behind that, so that it can go on saying it.
func ready(output *bufio.Scanner) (pid string, err error) {
	var said []string
	for output.Scan() {
		line := output.Text()
		if number, found := strings.CutPrefix(line, "pid "); found {
			pid = number
		}
		if strings.Contains(line, "Ready to accept connections") || strings.Contains(line, "+monitor master") {
			go drain(output)
			return pid, nil
		}
		if line == "ended" {
			break
		}
		said = append(said, line)
	}
	return "", errors.New("redis-server: " + strings.Join(said, "\n"))
}

func drain(output *bufio.Scanner) {
	for output.Scan() {
		continue
	}
}

// freePort leaves room above it: a server of a cluster takes the port 10,000 higher, too.
func freePort() (string, error) {
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", fmt.Errorf("a free port: %w", err)
		}
		addr := l.Addr().(*net.TCPAddr)
		if err := l.Close(); err != nil {
			return "", fmt.Errorf("a free port: %w", err)
		}
		if addr.Port < 1<<16-10_000 {
			return addr.String(), nil
		}
	}
}
