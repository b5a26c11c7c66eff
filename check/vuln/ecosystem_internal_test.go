package vuln

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/version"
)

// asked is every OSV ecosystem that some component is compared with.
func asked() map[string]bool {
	all := map[string]bool{"Kubernetes": true, "GHC": true} // Go modules, and a compiler that no registry has
	for _, k := range kinds {
		all[k.osv] = true
	}
	for _, f := range families {
		all[f.osv] = true
	}
	delete(all, "")
	return all
}

// TestEcosystemsAreAsked wants a component for every ecosystem that the mirror
// has advisories of: data that nothing is ever compared with is a silence.
func TestEcosystemsAreAsked(t *testing.T) {
	list, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "osv", "ecosystems.txt"))
	if err != nil {
		t.Skipf("no mirror here: %v", err)
	}
	all := asked()
	for name := range strings.Lines(string(list)) {
		name = strings.TrimSpace(name)
		if name != "" && name != "[EMPTY]" && !all[name] {
			t.Errorf("%s: no component is compared with it", name)
		}
	}
}

// TestAskedCanBeCompared wants an order of versions for each.
func TestAskedCanBeCompared(t *testing.T) {
	for name := range asked() {
		if _, ok := version.ForEcosystem(name); !ok {
			t.Errorf("%s: there is no order of its versions", name)
		}
	}
}
