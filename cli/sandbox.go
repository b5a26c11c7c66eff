package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/boltseal/boltseal/internal/sandbox"
)

// localSchemes are the targets that need no socket once they are open.
var localSchemes = []string{"docker-archive:", "oci-archive:", "oci:", "dir:", "rootfs:", "sbom:", "file:", "tar:"}

// sandbox returns what gives up the rights of the process when a target is
// open, or nil where that is not wanted. What is left is to read files, to
// write where temporary files, results and reports go, and, for an image in a
// registry or of a daemon, to fetch the rest of it; network says that the
// report goes over one.
func (f *scanFlags) sandbox(env *Env, target string, outputs []output, network bool) func() {
	if f.noSandbox || !env.Sandbox {
		return nil
	}
	opts := &sandbox.Options{Write: []string{f.tempDir}, Network: network || !f.offline && !isLocal(target)}
	if f.tempDir == "" {
		opts.Write = []string{os.TempDir()}
	}
	if !f.noCache {
		opts.Write = append(opts.Write, f.resultsDir(env))
	}
	for _, o := range outputs {
		if o.file != "" {
			opts.Write = append(opts.Write, filepath.Dir(o.file))
		}
	}
	return func() {
		if s := sandbox.Enter(opts); !s.Held() && f.verbose {
			fmt.Fprintf(env.Stderr, "boltseal: going on with a sandbox of: %s\n", s)
		}
	}
}

// resultsDir is where results of earlier runs are kept, empty when nobody
// knows.
func (f *scanFlags) resultsDir(env *Env) string {
	if f.cacheDir != "" {
		return f.cacheDir
	}
	base, err := cacheDir(env)
	if err != nil {
		return ""
	}
	return filepath.Join(base, "results")
}

// isLocal says whether a target is a file, a folder or standard input.
func isLocal(target string) bool {
	for _, scheme := range localSchemes {
		if strings.HasPrefix(target, scheme) {
			return true
		}
	}
	if target == "-" {
		return true
	}
	_, err := os.Stat(target)
	return err == nil
}
