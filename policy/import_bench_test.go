package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/policy"
)

func BenchmarkImport(b *testing.B) {
	var plain, yaml strings.Builder
	yaml.WriteString("vulnerabilities:\n")
	for i := range 1000 {
		fmt.Fprintf(&plain, "# why\nCVE-2024-%05d exp:2027-01-31\n", i)
		fmt.Fprintf(&yaml, "  - id: CVE-2024-%05d\n    purls: [pkg:npm/a%d]\n    statement: why\n", i, i)
	}
	for _, c := range [][2]string{{"trivyignore", plain.String()}, {"trivyignore-yaml", yaml.String()}} {
		kind, text := c[0], c[1]
		b.Run(kind, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if waivers, _, err := policy.Import(kind, "f", []byte(text), importOptions()); err != nil || len(waivers) != 1000 {
					b.Fatal(len(waivers), err)
				}
			}
		})
	}
}
