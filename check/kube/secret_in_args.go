package kube

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/secret-in-args", Title: "a secret on a command line", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.4.1 NSA/secrets NIST-800-190/4.1.4 MITRE/T1552.001"),
		Aliases:  aliases("kubescape:C-0012"),
		Doc: `Command lines are shown by ps to everybody in the container, and with hostPID to other pods; they are in the manifest, in its history and in the audit log as well.
Let the program read a file that a Secret is mounted as, and change the value: it is known now.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			p.commandLine(c, "command", c.Command)
			p.commandLine(c, "args", c.Args)
		}
	},
})

func (p *Pass) commandLine(c *Container, field string, words []string) {
	for i, word := range words {
		what := secretIn(word)
		flag, value, given := strings.Cut(word, "=")
		if strings.HasPrefix(word, "-") && secretName(strings.TrimLeft(flag, "-")) {
			if !given && i+1 < len(words) && !strings.HasPrefix(words[i+1], "-") {
				value, given = words[i+1], true
			}
			if given && literal(flag, value) {
				what = "a literal secret"
			}
		}
		if what != "" {
			p.Report(c.Workload.Object, c.Node.Get(field, strconv.Itoa(i)), fmt.Sprintf("the command line of %s holds %s", c.label(), what))
		}
	}
}
