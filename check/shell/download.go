package shell

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

func interprets(name string) bool {
	return slices.Contains([]string{"sh", "bash", "ash", "dash", "zsh", "ksh", "python", "python3", "perl", "ruby", "node", "php"}, name)
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/curl-pipe-shell", Title: "a script from the network is run unseen", Severity: boltseal.Medium,
		Aliases: []string{"checkov:CKV_GHA_3"},
		Doc: `Whoever controls the address, or the way to it, decides what runs, may serve something else tomorrow or to you alone, and a download that breaks off runs
half a script. Fetch a release by its version, compare its checksum or signature, and run that.`,
	},
	Run: func(p *Pass) {
		var fetch *dockerfile.Command
		for i := range p.Commands {
			c := &p.Commands[i]
			if (c.Name == "curl" || c.Name == "wget") && c.Pipes {
				fetch = c
				continue
			}
			text := p.Script.Text[c.Span.Start:c.Span.End]
			switch {
			case fetch != nil && c.Piped && interprets(c.Name):
				p.Report(boltseal.Span{Start: fetch.Span.Start, End: c.Span.End}, "what "+fetch.Name+" fetches is run by "+c.Name+" unseen")
				fetch = nil
			case !c.Piped:
				fetch = nil
				if interprets(c.Name) && (strings.Contains(text, "(curl ") || strings.Contains(text, "(wget ")) {
					p.Report(c.Span, "what is fetched is run by "+c.Name+" unseen")
				}
			}
		}
	},
})

// lax are flags that switch the check of certificates off.
var lax = map[string][]string{
	"curl": {"--insecure"}, "wget": {"--no-check-certificate"}, "kubectl": {"--insecure-skip-tls-verify", "--insecure-skip-tls-verify=true"},
	"helm": {"--insecure-skip-tls-verify"}, "podman": {"--tls-verify=false"}, "skopeo": {"--src-tls-verify=false", "--dest-tls-verify=false", "--tls-verify=false"},
	"buildah": {"--tls-verify=false"}, "trivy": {"--insecure"}, "crane": {"--insecure"}, "oras": {"--insecure"},
	"cosign": {"--allow-insecure-registry", "--insecure-ignore-tlog", "--insecure-ignore-tlog=true", "--insecure-ignore-sct", "--insecure-ignore-sct=true"},
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/unverified", Title: "a check of whom one talks to, or of what one gets, is switched off", Severity: boltseal.High,
		Doc: `Without the check anybody on the way answers in the other's place: with another program, another image, or to take the password down. Add the missing
authority's certificate to the trusted ones instead. An example that shows the flag will be copied to where it matters.`,
	},
	Run: func(p *Pass) {
		for i := range p.Commands {
			c := &p.Commands[i]
			for _, w := range c.Args[min(1, len(c.Args)):] {
				if slices.Contains(lax[c.Name], w.Text) {
					p.Report(w.Span, w.Text+" switches the check off")
				}
			}
			if c.Name == "curl" && c.Flagged('k') {
				p.Report(c.Span, "-k switches the check of the certificate off")
			}
			if c.Name == "git" && (c.Has("http.sslVerify=false") || c.Has("http.sslVerify") && c.Has("false")) || c.Name == "npm" && c.Has("strict-ssl") && c.Has("false") || c.Name == "apt-get" && c.Has("--allow-unauthenticated", "--force-yes") {
				p.Report(c.Span, "the check is switched off")
			}
			for _, a := range c.Assign {
				switch a.Key.Text + "=" + a.Value.Text {
				case "NODE_TLS_REJECT_UNAUTHORIZED=0", "GIT_SSL_NO_VERIFY=1", "GIT_SSL_NO_VERIFY=true", "PYTHONHTTPSVERIFY=0", "DOCKER_CONTENT_TRUST=0", "COSIGN_INSECURE_IGNORE_TLOG=1":
					p.Report(c.Span, a.Key.Text+" switches the check off")
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/curl-no-fail", Title: "an error page is taken for what was asked", Severity: boltseal.Low,
		Doc: `Without -f curl ends well when the server answers 404 or 500, and hands the page on: to a shell, an unpacker, or a key ring. Write curl -fsSL.`,
	},
	Run: func(p *Pass) {
		for i := range p.Commands {
			c := &p.Commands[i]
			takes := c.Pipes || c.Flagged('o', "--output") || c.Flagged('O', "--remote-name") || len(c.Writes) > 0
			if c.Name == "curl" && takes && !c.Flagged('f', "--fail", "--fail-with-body") && !c.Has("--version") && !c.Flagged('w', "--write-out") && !c.Flagged('I', "--head") && !local(c) && !p.toReader(i) {
				p.Report(c.Span, "curl goes on with an error page, because -f is not set")
			}
		}
	},
})

// toReader tells whether the next command only shows what it gets.
func (p *Pass) toReader(i int) bool {
	return p.Commands[i].Pipes && i+1 < len(p.Commands) && slices.Contains([]string{"jq", "head", "less", "grep", "python3", "tee"}, p.Commands[i+1].Name)
}

// local tells whether a command talks to the machine itself.
func local(c *dockerfile.Command) bool {
	return slices.ContainsFunc(c.Args, func(w dockerfile.Word) bool {
		return strings.Contains(w.Text, "://localhost") || strings.Contains(w.Text, "://127.0.0.1") || strings.HasPrefix(w.Text, "localhost")
	})
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/apt-key", Title: "a signing key is trusted for every repository", Severity: boltseal.Medium,
		Doc: `apt-key is gone from present Debian and Ubuntu, and a key that it added vouches for any package of any repository, the distribution's own too. Put the key
into /usr/share/keyrings and name it in the repository's entry: deb [signed-by=/usr/share/keyrings/x.gpg] https://….`,
	},
	Run: func(p *Pass) {
		for i := range p.Commands {
			c := &p.Commands[i]
			if c.Name == "apt-key" && c.Has("add", "adv") {
				p.Report(c.Span, "the key is trusted for all repositories, and apt-key is gone")
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/unsigned-repository", Title: "a repository's entry does not say which key signs it", Severity: boltseal.Low,
		Doc: `Without signed-by any trusted key may sign the repository's packages: whoever has one of the other keys can replace them. Write deb
[signed-by=/usr/share/keyrings/NAME.gpg] https://….`,
	},
	Run: func(p *Pass) {
		for i := range p.Commands {
			c := &p.Commands[i]
			for _, w := range c.Args[min(1, len(c.Args)):] {
				if (strings.HasPrefix(w.Text, "deb http") || strings.HasPrefix(w.Text, "deb [") && !strings.Contains(w.Text, "signed-by")) && (c.Name == "echo" || c.Name == "printf" || c.Name == "add-apt-repository") {
					p.Report(w.Span, "the entry names no key with signed-by")
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/unpinned-install", Title: "a tool is installed at whatever version is newest", Severity: boltseal.Low,
		Doc: `@latest and @master are other code tomorrow; of a tool that judges or signs other software that is the one place where it must not be. Name a version, and
let a bot raise it in a change that somebody reviews.`,
	},
	Run: func(p *Pass) {
		for i := range p.Commands {
			c := &p.Commands[i]
			sub, rest := c.Sub()
			if global := c.Has("-g", "--global"); global && (c.Name == "npm" || c.Name == "pnpm") && (sub.Text == "install" || sub.Text == "i" || sub.Text == "add") {
				p.unpinned(rest)
				continue
			}
			if c.Name != "go" || sub.Text != "install" && sub.Text != "run" && sub.Text != "get" {
				continue
			}
			for _, w := range rest {
				if strings.HasSuffix(w.Text, "@latest") || strings.HasSuffix(w.Text, "@master") || strings.HasSuffix(w.Text, "@main") {
					p.Report(w.Span, w.Text+" is other code tomorrow")
				}
			}
		}
	},
})

// unpinned reports npm packages that are named without a version.
func (p *Pass) unpinned(words []dockerfile.Word) {
	for _, w := range words {
		name, version, _ := strings.Cut(strings.TrimPrefix(w.Text, "@"), "@")
		if !strings.HasPrefix(w.Text, "-") && name != "" && !strings.ContainsAny(w.Text, "$:_") && !strings.HasPrefix(name, ".") && !strings.HasSuffix(name, ".tgz") &&
			(version == "" || version == "latest") {
			p.Report(w.Span, w.Text+" is other code tomorrow")
		}
	}
}
