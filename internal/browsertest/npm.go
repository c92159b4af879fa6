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
	return filepath.Dir(filepath.Dir(fetched(t, "USHER_TEST_ALTCHA", "altcha-3.2.2/package", "dist/main/altcha.js")))
}

// Axios is the folder from which Node.js takes axios: the one that USHER_TEST_AXIOS names, else the one that .ci/run
// fills. Without it a test is skipped, and under CI=true it fails.
func Axios(t testing.TB) string {
	t.Helper()
	return filepath.Join(filepath.Dir(fetched(t, "USHER_TEST_AXIOS", "axios-1.21.1", "package-lock.json")), "node_modules")
}

// fetched is a file of npm packages: in the folder that an environment variable names, else in the one that .ci/run
// fills.
func fetched(t testing.TB, variable, name, file string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cmp.Or(os.Getenv(variable), filepath.Join(cache, "usher-ci", name)), file)
	if _, err := os.Stat(path); err != nil { //nolint:gosec // whoever runs the test says where
		if os.Getenv("CI") == "true" {
			t.Fatalf("a file for this test is missing, and CI=true: %v", err)
		}
		t.Skipf("a file for this test is missing: %s names the folder of %s: %v", variable, name, err)
	}
	return path
}
