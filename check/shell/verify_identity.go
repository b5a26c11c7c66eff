package shell

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// trusted are the flags that tell cosign whose signature counts.
var trusted = []string{
	"--key", "-k", "--sk", "--slot", "--certificate-identity", "--certificate-identity-regexp", "--certificate", "--cert", "--trusted-root", "--certificate-chain",
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/verify-anyone", Title: "a signature is verified without saying whose", Severity: boltseal.Medium,
		Controls: []string{"SLSA/build"},
		Doc: `Everybody can sign an image with an identity of their own, so that there is a signature says nothing. cosign refuses to verify without one: give
--certificate-identity and --certificate-oidc-issuer of the workflow or person that signs, or the --key.`,
	},
	Run: func(p *Pass) {
		for i := range p.Commands {
			c := &p.Commands[i]
			sub, rest := c.Sub()
			if c.Name != "cosign" || sub.Text != "verify" && sub.Text != "verify-attestation" && sub.Text != "verify-blob" || len(rest) == 0 || strings.Contains(p.Script.Text, "COSIGN_") {
				continue
			}
			told := slices.ContainsFunc(c.Args, func(w dockerfile.Word) bool {
				name, _, _ := strings.Cut(w.Text, "=")
				return slices.Contains(trusted, name) || strings.ContainsAny(w.Text, "$") || name == "--help"
			})
			if !told {
				p.Report(c.Span, "neither a key nor an identity says whose signature counts")
			}
		}
	},
})
