package browsertest

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"
)

// Altcha is where the scripts of the ALTCHA widget are: of the npm package that USHER_TEST_ALTCHA names, else of the one
// that .ci/run fetches. Without it a test is skipped, and under CI=true it fails.
func Altcha(t testing.TB) string {
	t.Helper()
	return filepath.Dir(filepath.Dir(fetched(t, "USHER_TEST_ALTCHA", "altcha-3.2.2", "dist/main/altcha.js")))
}

// fetched is a file of an npm package: of the one that an environment variable names, else of the one that .ci/run
// fetches.
func fetched(t testing.TB, variable, name, file string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cmp.Or(os.Getenv(variable), filepath.Join(cache, "usher-ci", name, "package")), file)
	if _, err := os.Stat(path); err != nil { //nolint:gosec // whoever runs the test says where
		if os.Getenv("CI") == "true" {
			t.Fatalf("a file for this test is missing, and CI=true: %v", err)
		}
		t.Skipf("a file for this test is missing: %s names the folder of npm's %s: %v", variable, name, err)
	}
	return path
}
