package console

// Paths are those of all pages below the console's own.
func Paths() (paths []string) {
	for _, r := range new(Console).routes() {
		paths = append(paths, r.path)
	}
	return paths
}
