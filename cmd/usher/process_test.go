package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/redistest"
)

// soon is how long a test waits for what should come at once, on a machine that is busy.
const soon = 30 * time.Second

// A process is the program as a process of its own, in a directory of its own.
type process struct {
	*exec.Cmd
	url    string
	stdout string // the path of a file: not a terminal
	ended  chan struct{}
	http   *http.Client

	mu   sync.Mutex
	said []string // the log so far
	more chan struct{}
}

// programAt is the program with these arguments and no other settings.
func programAt(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Dir = dir
	cmd.Env = []string{asProgram + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	return cmd
}

// finish runs the program to its end.
func finish(t *testing.T, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := programAt(t, dir, args...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), log.String(), cmd.ProcessState.ExitCode()
}

// serving starts the program and waits until it listens, on a port of its own.
func serving(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p := launch(t, programAt(t, dir, append([]string{"--listen", "127.0.0.1:0"}, args...)...))
	p.awaitListening(t)
	return p
}

var listening = regexp.MustCompile(`msg=listening address=(\S+)`)

func launch(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{Cmd: cmd, http: crowd, ended: make(chan struct{}), more: make(chan struct{}, 1)}
	if p.Stdout == nil {
		out, err := os.CreateTemp(t.TempDir(), "stdout")
		require.NoError(t, err)
		defer func() { _ = out.Close() }() // the process has its own
		p.stdout, p.Stdout = out.Name(), out
	}
	log, err := p.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	go p.listen(log)
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("the end of the log of %v:\n%s", cmd.Args, p.end())
		}
	})
	return p
}

// listen keeps the log, and then waits for the end of the process.
func (p *process) listen(log io.Reader) {
	for lines := bufio.NewScanner(log); lines.Scan(); {
		p.mu.Lock()
		p.said = append(p.said, lines.Text())
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
	}
	_ = p.Wait() // how it ended is in ProcessState
	close(p.ended)
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.said, "\n")
}

// end is as much of the log as a person may want to read.
func (p *process) end() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.said[max(0, len(p.said)-50):], "\n")
}

// await waits until the log matches.
func (p *process) await(t *testing.T, line *regexp.Regexp) []string {
	t.Helper()
	late := time.After(soon)
	for {
		if found := line.FindStringSubmatch(p.log()); found != nil {
			return found
		}
		select {
		case <-p.more:
		case <-p.ended:
			t.Fatalf("it ended without saying %v:\n%s", line, p.log())
		case <-late:
			t.Fatalf("it did not say %v:\n%s", line, p.log())
		}
	}
}

func (p *process) awaitListening(t *testing.T) {
	t.Helper()
	p.url = "http://" + p.await(t, listening)[1]
}

// awaitEnd waits for the end, and returns the exit code.
func (p *process) awaitEnd(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(soon):
		t.Fatal("it does not end")
	}
	return p.ProcessState.ExitCode()
}

func (p *process) printed(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(p.stdout)
	require.NoError(t, err)
	return string(text)
}

// status is what the server answers to a GET.
func (p *process) status(t *testing.T, path string) int {
	t.Helper()
	res, err := http.Get(p.url + path) //nolint:noctx // the server is killed with the test
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}

// sh runs a script as a person would paste it, and returns what it prints.
func sh(t *testing.T, dir, script string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

// onEngines runs a test on a file and on Redis, with the flags that choose it and an empty directory to start in.
func onEngines(t *testing.T, test func(t *testing.T, dir string, flags []string)) {
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		test(t, t.TempDir(), nil)
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		test(t, t.TempDir(), onRedis(t))
	})
}

// onRedis are the flags for the Redis that the tests share, under a prefix of its own.
func onRedis(t *testing.T) []string {
	t.Helper()
	return []string{"--redis", redistest.URL(t), "--redis-prefix", redistest.Prefix(t)}
}

// credentials are the files of credentials in a directory.
func credentials(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(dir + "/*.credentials*")
	require.NoError(t, err)
	return found
}
