package audit

import (
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// hinders tells whether a gap can keep a check from seeing something. What is
// not known to leave a check alone is taken to hinder it.
func hinders(g boltseal.Gap, check string) bool {
	family := FamilyOf(check)
	if family == "policy" {
		return false // it looks at the report
	}
	switch g.Kind {
	case "no-database", "stale-database", "unsupported-distro", "unsupported-ecosystem", "mixed-distributions":
		// These are about matching components with advisories.
		return family == "vuln"
	case "template", "unreadable-object":
		// What is rendered later is manifests.
		return !slices.Contains([]string{"docker", "image", "vuln", "secret", "compose", "workflow", "falco"}, family)
	}
	if name, ok := strings.CutPrefix(g.What, "file "); ok {
		return mayConcern(strings.ToLower(path.Base(name)), family)
	}
	return true
}

// mayConcern tells whether checks of a family could have had something to
// look at in a file of that name.
func mayConcern(base, family string) bool {
	switch family {
	case "docker":
		return !slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(base))
	case "kube", "netpol", "compose", "workflow", "seccomp", "falco":
		return !strings.Contains(base, "dockerfile") && !strings.Contains(base, "containerfile")
	}
	return true
}
