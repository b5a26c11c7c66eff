package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "markdown", Title: "for pull requests and wikis", Write: writeMarkdown})

// writeMarkdown writes GitHub-flavoured Markdown: a table of findings, the
// gaps, and the verdict first, because a reader of a comment may stop there.
func writeMarkdown(w io.Writer, r *boltseal.Report, opts *Options) error {
	o := opts.orDefault()
	var b strings.Builder
	groups := groupFindings(r)
	fmt.Fprintf(&b, "## %s\n\n", markdownCode(r.Artifact.Name))
	markdownVerdict(&b, r, groups)
	if r.Scorecard != nil {
		markdownScorecard(&b, r.Scorecard)
		markdownFindings(&b, groups, o.Verbose, mostMarkdownRows)
	} else {
		markdownFindings(&b, groups, o.Verbose, len(r.Findings))
	}
	if len(r.Gaps) > 0 {
		b.WriteString("### Not assessed\n\nWhat could not be looked at is not known to be clean.\n\n| kind | what | why | what to do |\n|---|---|---|---|\n")
		for _, g := range r.Gaps {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", markdownCode(g.Kind), markdown(g.What), markdown(g.Why), markdown(g.Hint))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "<sub>%s", count(len(r.Components), "component"))
	if d := distroOf(r); d != "" {
		fmt.Fprintf(&b, " on %s", markdown(d))
	}
	if r.Snapshot != nil {
		fmt.Fprintf(&b, "; advisories: %s", markdown(feedLine(r.Snapshot, r.Time)))
	}
	fmt.Fprintf(&b, "; %s %s, %s</sub>\n", markdown(r.Tool.Name), markdown(r.Tool.Version), r.Time.UTC().Format(time.RFC3339))
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownVerdict(b *strings.Builder, r *boltseal.Report, groups []*group) {
	word := map[int]string{0: "✅ **Passed**", 1: "❌ **Blocked**", 3: "⚠️ **Not assessed**"}[r.Verdict.ExitStatus()]
	b.WriteString(word)
	counts := r.Count()
	separator := ": "
	for _, s := range boltseal.Severities() {
		if counts[s] > 0 {
			fmt.Fprintf(b, "%s%d %s", separator, counts[s], s)
			separator = ", "
		}
	}
	b.WriteString("\n\n")
	for _, reason := range r.Verdict.Reasons {
		fmt.Fprintf(b, "- %s\n", markdown(reason))
	}
	for _, step := range nextSteps(r, groups) {
		fmt.Fprintf(b, "- → %s\n", markdown(step))
	}
	if len(r.Verdict.Reasons) > 0 {
		b.WriteString("\n")
	}
}

func markdownFindings(b *strings.Builder, groups []*group, verbose bool, most int) {
	headed := false
	n := 0
	for _, g := range groups {
		for _, at := range g.shown(verbose) {
			if !headed {
				b.WriteString("### Findings\n\n| severity | finding | in | fixed in | KEV EPSS | summary |\n|---|---|---|---|---|---|\n")
				headed = true
			}
			if n++; n > most {
				continue
			}
			name := g.name
			if g.version != "" {
				name += " " + g.version
			}
			where := markdownCode(name)
			if brought := g.brought(); brought != "" {
				where += " (" + brought + ")"
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", at.Severity, markdownCode(nameOf(at.Finding)), where,
				markdown(fixOf(at.Finding)), markdown(strings.Join(strings.Fields(signalOf(at.Finding)), " ")), markdown(titleCell(at)))
		}
	}
	if n > most {
		fmt.Fprintf(b, "\n%d milder findings are not shown here.\n", n-most)
	}
	if headed {
		b.WriteString("\n")
	}
}

// markdown makes text from outside plain text: every ASCII character that
// could begin markup, a mention or a reference becomes an entity, and so does
// what makes an address a link.
func markdown(s string) string {
	var b strings.Builder
	for _, r := range clean(s) {
		if strings.ContainsRune("\\`*_{}[]<>()#|&@~$", r) {
			fmt.Fprintf(&b, "&#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	return strings.NewReplacer("://", "&#58;//", "www.", "www&#46;").Replace(b.String())
}

// markdownCode is a code span, in which nothing is markup. Pipes end a
// table's cell even there, and a backtick would end the span.
func markdownCode(s string) string {
	if s = strings.NewReplacer("`", "'", "|", `\|`).Replace(clean(s)); strings.TrimSpace(s) == "" {
		return ""
	}
	return "`" + s + "`"
}
