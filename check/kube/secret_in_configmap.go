package kube

import (
	"fmt"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/secret-in-configmap", Title: "a secret in a ConfigMap", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.4.1 NSA/secrets NIST-800-190/4.1.4 MITRE/T1552.001"),
		Aliases:  aliases("trivy:KSV-0109 trivy:KSV-01010 kubescape:C-0012 polaris:sensitiveConfigmapContent"),
		Doc: `ConfigMaps are not encrypted at rest, the role view may read them, and they are in the repository with everything else. Move the value into a Secret that a vault or a
sealed form fills, and change it: it is known now.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("", "ConfigMap") {
			for key, value := range o.Node.Get("data").Entries() {
				text := value.Str()
				what := secretIn(text)
				switch {
				case what != "":
				case !strings.Contains(strings.TrimSpace(text), "\n"):
					if secretName(key.Value) && literal(key.Value, text) {
						what = "a literal secret"
					}
				default:
					what = secretSetting(text)
				}
				if what != "" {
					p.Report(o, value, fmt.Sprintf("%s holds %s", key.Value, what))
				}
			}
		}
	},
})

// secretSetting names the line of a configuration file that gives a secret.
func secretSetting(text string) string {
	for _, m := range settings().FindAllStringSubmatch(text, 50) {
		if secretName(m[1]) && literal(m[1], strings.TrimRight(m[2], ",;")) && len(m[2]) > 3 {
			return "a literal secret: " + m[1]
		}
	}
	return ""
}
