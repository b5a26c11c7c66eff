package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/chmod-777", Title: "files are made writable for everybody", Severity: boltseal.Medium,
		Doc: `Mode 777 lets every process in the container change the file: whoever breaks into one of them can replace programs and settings. Give the
file to the user that needs it, with 755 for programs and 644 for data.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("chmod") {
			for _, w := range c.Args[1:] {
				if strings.HasPrefix(w.Text, "-") {
					continue
				}
				if worldWritable(w.Text) {
					p.Report(c.Span, "chmod "+w.Text+" lets every process change this")
				}
				break
			}
		}
		for step := range p.All("COPY", "ADD") {
			if mode, ok := step.Flag("chmod"); ok && worldWritable(mode.Value.Text) {
				p.Report(mode.Span, "mode "+mode.Value.Text+" lets every process change this")
			}
		}
	},
})

// worldWritable reads a mode as chmod takes it. The sticky bit makes a folder
// like /tmp, which is as it should be.
func worldWritable(mode string) bool {
	if strings.Trim(mode, "01234567") == "" && mode != "" {
		last := mode[len(mode)-1] - '0'
		sticky := len(mode) == 4 && (mode[0]-'0')&1 != 0
		return last&2 != 0 && !sticky
	}
	for clause := range strings.SplitSeq(mode, ",") {
		who, what, ok := strings.Cut(clause, "+")
		if !ok {
			who, what, ok = strings.Cut(clause, "=")
		}
		if ok && strings.Contains(what, "w") && (strings.ContainsAny(who, "ao")) && !strings.Contains(mode, "t") {
			return true
		}
	}
	return false
}
