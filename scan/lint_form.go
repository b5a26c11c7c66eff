package scan

import "github.com/boltseal/boltseal"

// malformed are the findings of LintFile that stand for what could not be
// read: a fix that makes a file unreadable must not pass for one that leaves
// nothing to find.
func malformed(gaps []boltseal.Gap) []boltseal.Finding {
	var out []boltseal.Finding
	for _, g := range gaps {
		if g.Kind == "unreadable-file" {
			f := boltseal.Finding{Check: "file/syntax", Title: "a file that cannot be read", Message: g.What + ": " + g.Why}
			f.Seal()
			out = append(out, f)
		}
	}
	return out
}
