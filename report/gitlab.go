package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "gitlab", Title: "GitLab container scanning report (gl-container-scanning-report.json)", Write: writeGitLab})

// gitlabVersion is the version of GitLab's security report schemas that is
// written.
const gitlabVersion = "15.2.5"

// The part of GitLab's container scanning report that is written here.
type (
	gitlabReport struct {
		Version         string                `json:"version"`
		Schema          string                `json:"schema"`
		Scan            gitlabScan            `json:"scan"`
		Vulnerabilities []gitlabVulnerability `json:"vulnerabilities"`
		Remediations    []any                 `json:"remediations"`
	}
	gitlabScan struct {
		Analyzer gitlabTool      `json:"analyzer"`
		Scanner  gitlabTool      `json:"scanner"`
		Type     string          `json:"type"`
		Start    string          `json:"start_time"`
		End      string          `json:"end_time"`
		Status   string          `json:"status"`
		Messages []gitlabMessage `json:"messages,omitempty"`
	}
	gitlabTool struct {
		ID      string       `json:"id"`
		Name    string       `json:"name"`
		URL     string       `json:"url"`
		Vendor  gitlabVendor `json:"vendor"`
		Version string       `json:"version"`
	}
	gitlabVendor struct {
		Name string `json:"name"`
	}
	gitlabMessage struct {
		Level string `json:"level"`
		Value string `json:"value"`
	}
	gitlabVulnerability struct {
		ID          string             `json:"id"`
		Name        string             `json:"name"`
		Description string             `json:"description,omitempty"`
		Severity    string             `json:"severity"`
		Solution    string             `json:"solution,omitempty"`
		Identifiers []gitlabIdentifier `json:"identifiers"`
		Links       []gitlabLink       `json:"links,omitempty"`
		Location    gitlabLocation     `json:"location"`
		Flags       []any              `json:"flags,omitempty"`
	}
	gitlabIdentifier struct {
		Type  string `json:"type"`
		Name  string `json:"name"`
		Value string `json:"value"`
		URL   string `json:"url,omitempty"`
	}
	gitlabLink struct {
		URL string `json:"url"`
	}
	gitlabLocation struct {
		Dependency gitlabDependency `json:"dependency"`
		System     string           `json:"operating_system"`
		Image      string           `json:"image"`
	}
	gitlabDependency struct {
		Package struct {
			Name string `json:"name"`
		} `json:"package"`
		Version string `json:"version"`
	}
)

// gitlabName bounds names and identifiers, gitlabText descriptions.
const (
	gitlabName = 255
	gitlabText = 64 << 10
)

// writeGitLab writes what GitLab shows in merge requests and its
// vulnerability report. It takes components only: findings about files are
// counted in a message, and so are gaps. What is waived is left out.
func writeGitLab(w io.Writer, r *boltseal.Report, _ *Options) error {
	tool := gitlabTool{ID: "boltseal", Name: "boltseal", URL: "https://github.com/boltseal/boltseal",
		Vendor: gitlabVendor{Name: "boltseal"}, Version: cmp.Or(r.Tool.Version, "unknown")}
	at := r.Time.UTC().Format("2006-01-02T15:04:05")
	out := gitlabReport{
		Version: gitlabVersion,
		Schema: "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/v" + gitlabVersion +
			"/dist/container-scanning-report-format.json",
		Scan:            gitlabScan{Analyzer: tool, Scanner: tool, Type: "container_scanning", Start: at, End: at, Status: "success"},
		Vulnerabilities: []gitlabVulnerability{}, Remediations: []any{},
	}
	system := cmp.Or(osOf(r), "unknown")
	others, waived := 0, 0
	seen := map[string]bool{}
	for i := range r.Findings {
		f := &r.Findings[i]
		switch {
		case f.Waived != nil:
			waived++
		case f.Component == nil || f.Advisory == nil:
			others++
		case seen[f.Key]:
			// One vulnerability of several platforms is one to GitLab too.
		default:
			seen[f.Key] = true
			out.Vulnerabilities = append(out.Vulnerabilities, gitlabOf(r, f, system))
		}
	}
	note := func(level, text string) {
		out.Scan.Messages = append(out.Scan.Messages, gitlabMessage{Level: level, Value: cut(text, gitlabText)})
	}
	if others > 0 {
		note("info", count(others, "finding")+" not about a component: this format has no place for them; -o sarif has")
	}
	if waived > 0 {
		note("info", count(waived, "finding")+" accepted by waivers")
	}
	for _, g := range r.Gaps[:min(len(r.Gaps), 100)] {
		note("warn", "not assessed: "+g.What+": "+g.Why)
	}
	return encode(w, &out)
}

func gitlabOf(r *boltseal.Report, f *boltseal.Finding, system string) gitlabVulnerability {
	out := gitlabVulnerability{
		ID: uuidOf(f.Key), Severity: gitlabSeverity(f.Severity),
		Name:        cut(cmp.Or(titleOf(f), nameOf(f)), gitlabName-len("…")),
		Description: cut(cmp.Or(f.Advisory.Details, f.Advisory.Summary, f.Message), gitlabText),
		Location:    gitlabLocation{System: system, Image: cmp.Or(r.Artifact.Name, "unknown")},
	}
	out.Location.Dependency.Package.Name = f.Component.Name
	out.Location.Dependency.Version = f.Component.Version
	if len(f.FixedIn) > 0 {
		out.Solution = fmt.Sprintf("Upgrade %s to %s", f.Component.Name, f.FixedIn[0])
	}
	for _, id := range append([]string{nameOf(f)}, f.Advisory.Aliases...) {
		kind, _, _ := strings.Cut(strings.ToLower(id), "-")
		if kind == "" || slices.ContainsFunc(out.Identifiers, func(have gitlabIdentifier) bool { return have.Value == id }) {
			continue
		}
		address := ""
		if id == nameOf(f) {
			address = helpURI(f)
		}
		out.Identifiers = append(out.Identifiers, gitlabIdentifier{Type: kind, Name: cut(id, gitlabName), Value: cut(id, gitlabName), URL: address})
	}
	for _, cwe := range f.Advisory.CWEs {
		if number, ok := strings.CutPrefix(cwe, "CWE-"); ok {
			out.Identifiers = append(out.Identifiers, gitlabIdentifier{Type: "cwe", Name: cwe, Value: number,
				URL: webAddress("https://cwe.mitre.org/data/definitions/" + number + ".html")})
		}
	}
	for _, ref := range f.Advisory.References[:min(len(f.Advisory.References), 20)] {
		if address := webAddress(ref); address != "" {
			out.Links = append(out.Links, gitlabLink{URL: address})
		}
	}
	return out
}

func gitlabSeverity(s boltseal.Severity) string {
	switch s {
	case boltseal.Critical:
		return "Critical"
	case boltseal.High:
		return "High"
	case boltseal.Medium:
		return "Medium"
	case boltseal.Low:
		return "Low"
	case boltseal.Negligible:
		return "Info"
	case boltseal.Unknown:
		return "Unknown"
	}
	return "Unknown"
}

// uuidOf puts a key, which is half of a SHA-256 digest, in the form of a
// UUID, so that a finding keeps its id from run to run.
func uuidOf(key string) string {
	if len(key) != 32 || strings.Trim(key, "0123456789abcdef") != "" {
		return key
	}
	return strings.Join([]string{key[:8], key[8:12], key[12:16], key[16:20], key[20:]}, "-")
}
