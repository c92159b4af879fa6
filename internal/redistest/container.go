package redistest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	rediscontainer "github.com/testcontainers/testcontainers-go/modules/redis"
)

// Container runs the Redis that deploy ships, the same image with the same configuration, until the test ends.
func Container(t testing.TB) *Server {
	t.Helper()
	s, err := contain()
	if err != nil {
		lacking(t, err)
	}
	t.Cleanup(s.Kill)
	return s
}

// contain starts a container, which the reaper of testcontainers removes should the test binary be killed.
// That library panics where it finds no Docker at all.
func contain() (s *Server, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("container: %v", p)
		}
	}()
	image, configuration, err := shipped()
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	c, err := rediscontainer.Run(ctx, image,
		rediscontainer.WithConfigFile(configuration), testcontainers.WithCmdArgs("--protected-mode", "no"))
	s = &Server{end: func() { _ = testcontainers.TerminateContainer(c) }}
	if err == nil {
		s.Addr, err = c.PortEndpoint(ctx, "6379/tcp", "")
	}
	if err != nil {
		s.Kill()
		return nil, fmt.Errorf("container: %w", err)
	}
	s.freeze = func(ctx context.Context, on bool) error { return freeze(ctx, c.GetContainerID(), on) }
	return s, nil
}

func freeze(ctx context.Context, container string, on bool) error {
	docker, err := testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return err
	}
	if on {
		_, err = docker.ContainerPause(ctx, container, client.ContainerPauseOptions{})
	} else {
		_, err = docker.ContainerUnpause(ctx, container, client.ContainerUnpauseOptions{})
	}
	return errors.Join(err, docker.Close())
}

var theImage = regexp.MustCompile(`\n +image: (redis:\S+)\n`)

// shipped finds the image and the configuration in deploy, from wherever in the repository a test runs.
func shipped() (image, configuration string, err error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", "", errors.New("container: not within the repository")
		}
		dir = filepath.Dir(dir)
	}
	compose, err := os.ReadFile(filepath.Join(dir, "deploy", "compose.yaml")) //nolint:gosec // of this repository
	if err != nil {
		return "", "", err
	}
	found := theImage.FindSubmatch(compose)
	if found == nil {
		return "", "", errors.New("container: deploy/compose.yaml names no image of Redis")
	}
	return string(found[1]), filepath.Join(dir, "deploy", "redis.conf"), nil
}
