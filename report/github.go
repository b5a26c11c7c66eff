package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/boltseal/boltseal"
)

var (
	_ = add(Format{Name: "github", Title: "workflow commands, which GitHub shows at the lines of a pull request", Write: writeGitHub})
	_ = add(Format{Name: "github-summary", Title: "Markdown for a GitHub job summary", Write: writeGitHubSummary})
)

// writeGitHub writes one workflow command for each finding, worst first:
// GitHub shows ten errors and ten warnings of a step. Gaps are warnings. What
// is waived is left out.
func writeGitHub(w io.Writer, r *boltseal.Report, opts *Options) error {
	o := opts.orDefault()
	var b strings.Builder
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Waived != nil {
			continue
		}
		file, line, col := f.Location.File, f.Location.Line, f.Location.Col
		if f.Component != nil && (r.Artifact.Kind == boltseal.KindImage || r.Artifact.Kind == boltseal.KindIndex) {
			// A path inside an image is none of the repository's.
			file, line, col = o.Dockerfile, 0, 0
		}
		text := clean(f.Message)
		if title := clean(titleOf(f)); title != text && title != "" {
			text += ": " + title
		}
		if len(f.FixedIn) > 0 {
			text += ". Fixed in " + clean(strings.Join(f.FixedIn, ", "))
		}
		command(&b, githubLevel(f.Severity), file, line, col, nameOf(f)+" ("+f.Severity.String()+")", text)
	}
	for _, g := range r.Gaps {
		command(&b, "warning", "", 0, 0, "not assessed: "+g.Kind, g.What+": "+g.Why)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func githubLevel(s boltseal.Severity) string {
	switch s {
	case boltseal.Critical, boltseal.High:
		return "error"
	case boltseal.Medium, boltseal.Unknown:
		return "warning"
	case boltseal.Low, boltseal.Negligible:
		return "notice"
	}
	return "warning"
}

// command writes a workflow command (GitHub Actions, "Workflow commands"). A
// text from outside that could end the line would be a command of its own:
// percent signs, line ends and, in properties, colons and commas are escaped.
func command(b *strings.Builder, level, file string, line, col int, title, text string) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	b.WriteString("::" + level + " ")
	if file != "" {
		b.WriteString("file=" + property.Replace(clean(file)) + ",")
		if line > 0 {
			fmt.Fprintf(b, "line=%d,", line)
			if col > 0 {
				fmt.Fprintf(b, "col=%d,", col)
			}
		}
	}
	b.WriteString("title=" + property.Replace(clean(title)) + "::" + data.Replace(clean(text)) + "\n")
}

// mostSummaryRows keeps a summary under the 1 MiB that GitHub takes of a
// step.
const mostSummaryRows = 300

// writeGitHubSummary is the Markdown format for a page of its own: counts
// first, the findings folded where they are many.
func writeGitHubSummary(w io.Writer, r *boltseal.Report, opts *Options) error {
	o := opts.orDefault()
	groups := groupFindings(r)
	var b strings.Builder
	fmt.Fprintf(&b, "## 🔩 %s\n\n", markdownCode(r.Artifact.Name))
	markdownVerdict(&b, r, groups)
	counts := r.Count()
	b.WriteString("| critical | high | medium | low | negligible | unknown | not assessed |\n|---|---|---|---|---|---|---|\n|")
	for _, s := range boltseal.Severities() {
		fmt.Fprintf(&b, " %d |", counts[s])
	}
	fmt.Fprintf(&b, " %d |\n\n", len(r.Gaps))
	if r.Scorecard != nil {
		markdownScorecard(&b, r.Scorecard)
	}
	fold := len(r.Findings) > 20
	if fold {
		fmt.Fprintf(&b, "<details><summary>%s</summary>\n\n", count(len(r.Findings), "finding"))
	}
	markdownFindings(&b, groups, o.Verbose, mostSummaryRows)
	if fold {
		b.WriteString("</details>\n\n")
	}
	if len(r.Gaps) > 0 {
		b.WriteString("### Not assessed\n\n")
		for i, g := range r.Gaps {
			if i == mostSummaryRows {
				fmt.Fprintf(&b, "- and %d more\n", len(r.Gaps)-i)
				break
			}
			fmt.Fprintf(&b, "- %s %s: %s\n", markdownCode(g.Kind), markdown(g.What), markdown(g.Why))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
