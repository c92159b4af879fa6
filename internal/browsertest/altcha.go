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
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := cmp.Or(os.Getenv("USHER_TEST_ALTCHA"), filepath.Join(cache, "usher-ci", "altcha-3.2.2", "package"))
	if _, err := os.Stat(filepath.Join(dir, "dist", "main", "altcha.js")); err != nil { //nolint:gosec // whoever runs the test says where
		if os.Getenv("CI") == "true" {
			t.Fatalf("no widget for this test, and CI=true: %v", err)
		}
		t.Skipf("no widget for this test: USHER_TEST_ALTCHA names the folder of npm's altcha: %v", err)
	}
	return filepath.Join(dir, "dist")
}
