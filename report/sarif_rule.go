package report

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

// maxHelp bounds a rule's help. Advisories hold whole articles, a run holds
// thousands of rules, and GitHub takes 10 MB.
const maxHelp = 4 << 10

// sarifRuleOf makes the rule of a finding: its advisory, or else its check. A
// check may be empty when the caller gave none.
func sarifRuleOf(f *boltseal.Finding, check boltseal.Check) sarifRule {
	id := nameOf(f)
	short, full := clean(titleOf(f)), cleanLines(cut(fullOf(f), maxHelp/2))
	if f.Advisory == nil {
		// A message speaks of one place, a rule of all.
		short = clean(cmp.Or(check.Title, f.Title, short))
		full = cmp.Or(cleanLines(check.Doc), short)
	}
	help := helpOf(f, full)
	rule := sarifRule{
		ID:       id,
		Name:     sarifRuleName(f),
		Short:    sarifText{Text: cut(cmp.Or(short, id), 1024)},
		Full:     sarifText{Text: cut(full, 1024)},
		Help:     sarifMultiformat{Text: cut(help.text, maxHelp), Markdown: cut(help.markdown, maxHelp)},
		HelpURI:  cmp.Or(helpURI(f), webAddress(check.URL)),
		Defaults: sarifConfiguration{Level: sarifLevel(f.Severity)},
		Properties: sarifRuleProperties{
			Tags:      sarifTags(f),
			Precision: "very-high",
			Severity:  securitySeverity(f),
		},
	}
	if f.Component != nil && f.Component.Basis == boltseal.Declared {
		rule.Properties.Precision = "medium"
	}
	return rule
}

// raise lets the rule be as bad as its worst finding.
func (rule *sarifRule) raise(f *boltseal.Finding) {
	score := securitySeverity(f)
	a, _ := strconv.ParseFloat(score, 64)
	b, _ := strconv.ParseFloat(rule.Properties.Severity, 64)
	if a > b {
		rule.Properties.Severity = score
		rule.Defaults.Level = sarifLevel(f.Severity)
	}
}

// sarifRuleName is the check in the form that SARIF asks of names (3.49.7):
// "vuln/known" is "VulnKnown".
func sarifRuleName(f *boltseal.Finding) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(f.Check, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

func fullOf(f *boltseal.Finding) string {
	if f.Advisory != nil {
		return cmp.Or(f.Advisory.Details, f.Advisory.Summary, f.Title, nameOf(f))
	}
	return cmp.Or(f.Title, f.Message, f.Check)
}

// helpOf is what GitHub shows beside an alert.
func helpOf(f *boltseal.Finding, full string) (help struct{ text, markdown string }) {
	var text, mark strings.Builder
	line := func(name, value, asMarkdown string) {
		if value = clean(value); value != "" {
			fmt.Fprintf(&text, "%s: %s\n", name, value)
			fmt.Fprintf(&mark, "| %s | %s |\n", name, asMarkdown)
		}
	}
	fmt.Fprintf(&text, "%s\n\n", full)
	for paragraph := range strings.Lines(full) {
		fmt.Fprintf(&mark, "%s\n", markdown(strings.TrimSpace(paragraph)))
	}
	mark.WriteString("\n| | |\n|---|---|\n")
	line("Severity", f.Severity.String(), f.Severity.String())
	if a := f.Advisory; a != nil {
		if f.Rating != nil && f.Rating.Vector != "" {
			line("CVSS", f.Rating.Vector, markdownCode(f.Rating.Vector))
		}
		aliases := strings.Join(a.Aliases, ", ")
		line("Also known as", aliases, markdown(aliases))
		cwes := strings.Join(a.CWEs, ", ")
		line("Weakness", cwes, markdown(cwes))
		if a.KEV != nil {
			line("Exploitation", "seen (CISA KEV)", "**seen** (CISA KEV)")
		}
		if a.EPSS != nil {
			epss := percent(a.EPSS.Score) + " in the next 30 days (EPSS, a prediction)"
			line("Likelihood", epss, markdown(epss))
		}
		for _, reference := range a.References[:min(len(a.References), 5)] {
			if webAddress(reference) != "" {
				line("See", reference, "<"+webAddress(reference)+">")
			}
		}
	}
	help.text, help.markdown = text.String(), mark.String()
	return help
}

// helpURI is the page about a rule, where its id says which.
func helpURI(f *boltseal.Finding) string {
	if f.Advisory == nil {
		return ""
	}
	for _, prefix := range []string{"CVE-", "GHSA-", "GO-", "PYSEC-", "RUSTSEC-", "MAL-", "DSA-", "DLA-", "USN-", "ALSA-", "RLSA-", "RHSA-", "SUSE-"} {
		if strings.HasPrefix(f.Advisory.ID, prefix) {
			return "https://osv.dev/vulnerability/" + url.PathEscape(f.Advisory.ID)
		}
	}
	for _, reference := range f.Advisory.References {
		if address := webAddress(reference); address != "" {
			return address
		}
	}
	return ""
}

// webAddress is a reference that is safe to make a link, or nothing.
func webAddress(reference string) string {
	u, err := url.Parse(reference)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

// sarifTags are what alerts can be filtered by; GitHub takes twenty.
func sarifTags(f *boltseal.Finding) []string {
	tags := []string{"security"}
	family, _, _ := strings.Cut(f.Check, "/")
	tags = append(tags, family)
	if a := f.Advisory; a != nil {
		if a.KEV != nil {
			tags = append(tags, "kev")
		}
		if a.Kind != "" {
			tags = append(tags, string(a.Kind))
		}
		for _, cwe := range a.CWEs {
			if number, ok := strings.CutPrefix(cwe, "CWE-"); ok && len(tags) < 20 {
				tags = append(tags, "external/cwe/cwe-"+number)
			}
		}
	}
	slices.Sort(tags[1:])
	return slices.Compact(tags)
}

// securitySeverity is the number that GitHub makes its own severity of (over
// 9.0 critical, 7.0 high, 4.0 medium). It is the CVSS score where that agrees
// with the severity we report; where a distribution rates otherwise, its word
// holds.
func securitySeverity(f *boltseal.Finding) string {
	if f.Rating != nil && f.Rating.Score > 0 && boltseal.SeverityOfScore(f.Rating.Score) == f.Severity {
		return strconv.FormatFloat(f.Rating.Score, 'f', 1, 64)
	}
	switch f.Severity {
	case boltseal.Critical:
		return "9.5"
	case boltseal.High:
		return "8.0"
	case boltseal.Medium:
		return "5.5"
	case boltseal.Low:
		return "2.0"
	case boltseal.Negligible, boltseal.Unknown:
		return "0.1"
	}
	return "0.1"
}

// cut keeps at most n bytes of s, whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
