package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A process is a server that this program has started, with its log in a file.
type process struct {
	addr  string
	cmd   *exec.Cmd
	input io.Closer
	log   string
	ended chan struct{}
}

// watch becomes the server, which keeps the process's id, and leaves someone behind who ends it when the input ends:
// that is when stop closes it, or when this program is gone, in whatever way.
const watch = `exec 3<&0
{ cat <&3; kill -KILL $$; } >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-`

// launch starts a command and waits until it is ready.
func launch(ctx context.Context, dir, addr string, ready func(context.Context) error, command ...string) (*process, error) {
	log, err := os.CreateTemp(dir, filepath.Base(command[0])+"-*.log")
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has its own
	p := &process{addr: addr, log: log.Name(), ended: make(chan struct{})}
	p.cmd = exec.Command("sh", append([]string{"-c", watch, "sh"}, command...)...) //nolint:gosec // commands of our own; stop ends them
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	if p.input, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // its log says why
		close(p.ended)
	}()
	if err := p.await(ctx, ready); err != nil {
		p.stop()
		return nil, fmt.Errorf("%s: %w\n%s", command[0], err, p.said())
	}
	return p, nil
}

// patience is how long a start may take: a file of a million users is read through.
const patience = 10 * time.Minute

func (p *process) await(ctx context.Context, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-p.ended:
			return errors.New("it has ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
			if ready(ctx) == nil {
				return nil
			}
		}
	}
}

// said is the end of its log.
func (p *process) said() string {
	text, _ := os.ReadFile(p.log) // without it there is nothing to say
	return string(text[max(0, len(text)-2000):])
}

// stop ends the process and waits until it is gone.
func (p *process) stop() {
	_ = p.input.Close()
	<-p.ended
}

// freeAddr is an address of this machine that nobody listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// serving asks a server whether it is ready.
func serving(addr string) func(context.Context) error {
	return func(ctx context.Context) error {
		return ask(ctx, http.MethodGet, "http://"+addr+"/readyz", func(io.Reader) error { return nil })
	}
}

// ask sends a request that is no part of a load, and has its answer read.
func ask(ctx context.Context, method, url string, read func(body io.Reader) error) error {
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	if res.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(res.Body, 1000)) // as far as it says something
		return fmt.Errorf("%s: %s: %s", url, res.Status, said)
	}
	return read(res.Body)
}

// listenAndServe serves until the process is ended.
func listenAndServe(addr string, h http.Handler) error {
	server := &http.Server{Addr: addr, Handler: h, ReadHeaderTimeout: 5 * time.Second}
	return server.ListenAndServe()
}
