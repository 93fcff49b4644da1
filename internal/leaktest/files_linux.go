package leaktest

import "os"

const fdDir = "/proc/self/fd"

// openFiles maps each open descriptor to what it stands for. The descriptor that
// reads the list is not in it.
func openFiles() map[string]string {
	dir, err := os.ReadDir(fdDir)
	if err != nil {
		return nil
	}
	files := make(map[string]string, len(dir))
	for _, e := range dir {
		// The list's own descriptor is closed by now, so its link is gone.
		if target, err := os.Readlink(fdDir + "/" + e.Name()); err == nil {
			files[e.Name()] = target
		}
	}
	return files
}
