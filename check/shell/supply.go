package shell

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// signed are the words of a command that name what is signed.
func signed(c *dockerfile.Command) []dockerfile.Word {
	var out []dockerfile.Word
	_, rest := c.Sub()
	for i := 0; i < len(rest); i++ {
		w := rest[i]
		if strings.HasPrefix(w.Text, "-") {
			if !strings.Contains(w.Text, "=") && slices.Contains([]string{"--key", "-a", "--annotations", "--predicate", "--type", "--identity-token", "--certificate", "--output-file", "--bundle", "--rekor-url", "--fulcio-url", "--oidc-issuer"}, w.Text) {
				i++
			}
			continue
		}
		out = append(out, w)
	}
	return out
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/sign-by-tag", Title: "a signature is made for whatever a tag points to", Severity: boltseal.Medium,
		Controls: []string{"SLSA/build"},
		Doc: `Between the build and the signature the tag may have been moved, and then the signature vouches for an image that nobody here made. Sign the digest that
the build or the push printed: cosign sign IMAGE@sha256:….`,
	},
	Run: func(p *Pass) {
		for i := range p.Commands {
			c := &p.Commands[i]
			sub, _ := c.Sub()
			if c.Name != "cosign" && c.Name != "notation" || sub.Text != "sign" && sub.Text != "attest" {
				continue
			}
			for _, w := range signed(c) {
				source := p.Script.Text[w.Span.Start:w.Span.End]
				if loosely(source) {
					p.Report(w.Span, source+" may be another image by now; a digest may not")
				}
			}
		}
	},
})

// loosely tells whether a word names an image without a digest. Variables and
// placeholders are none to judge.
func loosely(word string) bool {
	return strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789./:-_\"'") == "" && strings.ContainsAny(word, "/:") && !strings.Contains(word, "__") &&
		!strings.Contains(word, "digest") && !strings.Contains(word, "://")
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/sign-asks", Title: "a signature waits for an answer that nobody gives", Severity: boltseal.Medium,
		Aliases: []string{"checkov:CKV_GHA_5"},
		Doc: `Without a key cosign signs with an identity, and asks before it writes to the public log. In a pipeline nobody answers: give --yes, and the job id-token:
write.`,
	},
	Run: func(p *Pass) {
		for i := range p.Commands {
			c := &p.Commands[i]
			sub, _ := c.Sub()
			if c.Name == "cosign" && (sub.Text == "sign" || sub.Text == "attest" || sub.Text == "sign-blob") && !c.Has("--yes", "-y", "--yes=true") && !strings.Contains(p.Script.Text, "COSIGN_YES") {
				keyed := slices.ContainsFunc(c.Args, func(w dockerfile.Word) bool { return w.Text == "--key" || strings.HasPrefix(w.Text, "--key=") })
				switch {
				case keyed:
				case p.Script.Unseen:
					p.Report(c.Span, "cosign asks, and nobody answers: --yes is not given")
				default:
					p.Report(c.Span, "cosign asks before it signs with an identity: in a pipeline nobody answers, so give --yes there")
				}
			}
		}
	},
})

// gone are commands that a tool has dropped or renamed: the words behind its
// name, and what to write.
var gone = []struct {
	tool, words, instead string
}{
	{"syft", "packages", "syft scan"},
	{"trivy", "k8s cluster", "trivy k8s --report summary"},
	{"trivy", "k8s all", "trivy k8s --report all"},
	{"trivy", "server --light", "trivy server"},
	{"docker", "scan", "docker scout cves, or a scanner"},
	{"docker", "trust sign", "cosign sign"},
	{"kubectl", "run --generator", "kubectl create"},
	{"cosign", "verify-dockerfile", "cosign verify for each base image"},
	{"helm", "init", "nothing: Helm 3 has no Tiller"},
	{"falco", "--modern-bpf", "-o engine.kind=modern_ebpf"},
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/gone-command", Title: "a command that the tool no longer has", Severity: boltseal.Low,
		Doc: `Present versions of the tool refuse the command, or read its words otherwise: as the name of a cluster, for instance. A pipeline that swallows the error
believes it has scanned.`,
	},
	Run: func(p *Pass) {
		for i := range p.Commands {
			c := &p.Commands[i]
			for _, g := range gone {
				words := strings.Fields(g.words)
				if c.Name == g.tool && len(c.Args) > len(words) && sameWords(c.Args[1:], words) {
					p.Report(c.Span, g.tool+" "+g.words+" is gone: write "+g.instead)
				}
			}
		}
	},
})

func sameWords(args []dockerfile.Word, words []string) bool {
	for i, w := range words {
		if args[i].Text != w {
			return false
		}
	}
	return true
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/world-writable", Title: "everybody may change a file", Severity: boltseal.Low,
		Doc: `chmod 777 lets every user and every service on the machine replace the file, and the next who runs it runs theirs. Give the one user or group that needs it
the right: chown, and chmod 750 or 640.`,
	},
	Run: func(p *Pass) {
		for i := range p.Commands {
			c := &p.Commands[i]
			if c.Name == "chmod" && c.Has("777", "0777", "a+w", "o+w", "666", "a+rwx", "ugo+rwx") {
				p.Report(c.Span, "every user may write to it")
			}
		}
	},
})
