package sbom_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/sbom"
)

func document(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("../docs/reference/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Every element of every profile is explained, in its own row.
func TestQualityIsDocumented(t *testing.T) {
	text := document(t, "sbom-quality.md")
	for _, p := range sbom.Profiles() {
		_, section, ok := strings.Cut(text, "\n## `"+p.Name+"`: "+p.Title+"\n")
		if !ok {
			t.Errorf("no section for %s: %s", p.Name, p.Title)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		for _, r := range p.Rules {
			row := "\n| `" + r.ID + "` | "
			if r.Section != "" && r.Section[0] >= '0' && r.Section[0] <= '9' {
				row += r.Section + ": "
			}
			if !strings.Contains(section, row+r.Title+" | ") {
				t.Errorf("%s: no row %q", p.Name, row+r.Title)
			}
		}
		if rows := strings.Count(section, "\n| `"); rows != len(p.Rules) {
			t.Errorf("%s: %d rows for %d elements", p.Name, rows, len(p.Rules))
		}
	}
}

// Every property that any format writes is explained.
func TestPropertiesAreDocumented(t *testing.T) {
	text := document(t, "sbom-properties.md")
	known := map[string]bool{}
	for _, names := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(text, -1) {
		group := ""
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(names[1], -1) {
			if strings.HasPrefix(name[1], ":") {
				known[group[:strings.LastIndexByte(group, ':')]+name[1]] = true
				continue
			}
			group = name[1]
			known[group] = true
		}
	}
	number := regexp.MustCompile(`:\d+(:|$)`)
	label := regexp.MustCompile(`(?s)^boltseal:label:.*`)
	seen := map[string]bool{}
	for seed := range uint64(30) {
		for _, format := range []string{"cyclonedx-1.4-json", "cyclonedx-1.7-json", "spdx-2.2-json", "spdx-tag-value"} {
			data := write(t, format, newRandom(seed).document())
			for _, quoted := range regexp.MustCompile(`\\?"boltseal:(?:[^"\\]|\\[^"])*\\?"`).FindAllString(string(data), -1) {
				var name string
				if json.Unmarshal([]byte(strings.ReplaceAll(quoted, `\"`, `"`)), &name) != nil {
					continue
				}
				name = label.ReplaceAllString(number.ReplaceAllString(name, ":N$1"), "boltseal:label:NAME")
				if !known[name] && !seen[name] {
					t.Errorf("%s writes %s, which is not in sbom-properties.md", format, name)
				}
				seen[name] = true
			}
		}
	}
	if len(seen) < 50 {
		t.Errorf("only %d properties were seen", len(seen))
	}
}
