package docker

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/secret-persisted", Title: "a credential is written into a layer", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.10"},
		Aliases:  []string{"checkov:CKV2_DOCKER_17"},
		Doc: `A secret mount is gone when its RUN ends, but what npm config set, docker login and their like write into a file of the home folder stays
in the layer, readable for everybody who can pull. Give the secret to the one command that needs it through its environment, or delete the
file in the same RUN.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			secret := secretNames(step)
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				if what := persists(c, secret, p.File.Text(c.Span)); what != "" && !undone(step, i) {
					p.Report(c.Span, what)
				}
			}
		}
	},
})

// secretNames are the paths and variables through which a RUN sees secrets.
func secretNames(step *Step) []string {
	var out []string
	for _, f := range step.Flags {
		if f.Name != "mount" || mountOption(f.Value.Text, "type") != "secret" {
			continue
		}
		id := mountOption(f.Value.Text, "id")
		for _, key := range []string{"target", "dst", "destination"} {
			if at := mountOption(f.Value.Text, key); at != "" {
				id = strings.TrimPrefix(at, "/run/secrets/")
			}
		}
		if id != "" && !strings.HasPrefix(id, "/") {
			id = "/run/secrets/" + id
		}
		if env := mountOption(f.Value.Text, "env"); env != "" {
			out = append(out, "$"+env, "${"+env)
		}
		if id != "" {
			out = append(out, id)
		}
	}
	if len(out) == 0 {
		return nil
	}
	for i := range step.Script.Commands {
		if len(out) > maxNames {
			break
		}
		for _, a := range step.Script.Commands[i].Assign {
			if containsAny(a.Value.Text, out) {
				out = append(out, "$"+a.Key.Text, "${"+a.Key.Text)
			}
		}
	}
	return out
}

func containsAny(s string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}

// persists says what a command leaves behind; empty when nothing.
func persists(c *dockerfile.Command, secret []string, text string) string {
	words := " " + strings.Join(strings.Fields(joined(c)), " ") + " "
	mentions := containsAny(text, secret)
	switch {
	case len(secret) > 0 && (c.Name == "cp" || c.Name == "install" || c.Name == "mv") && len(c.Args) > 2 && !strings.HasPrefix(c.Args[len(c.Args)-1].Text, "/dev/"):
		if containsAny(strings.Join(strings.Fields(words)[:len(strings.Fields(words))-1], " "), secret) {
			return c.Name + " makes a copy of the secret in the layer"
		}
	case c.Name == "git" && c.Has("clone") && urlCredential(words):
		return "git clone keeps the credential of the address in .git/config"
	case mentions && len(c.Writes) > 0 && !toNowhere(c.Writes):
		return "the secret is written to " + c.Writes[0].Text + ", which stays in the layer"
	case len(c.Writes) > 0 && !toNowhere(c.Writes) && credential(words):
		return "a credential is written to " + c.Writes[0].Text + ", which stays in the layer"
	}
	for _, tool := range []string{"npm config set", "npm set", "yarn config set", "pnpm config set", "pip config set", "pip3 config set", "git config --global", "git config --system", "bundle config", "composer config", "poetry config", "aws configure set", "gem sources", "dotnet nuget add source"} {
		if strings.HasPrefix(words[1:], tool+" ") && (mentions || credential(words)) {
			return tool + " writes the credential into a file that stays in the layer"
		}
	}
	for _, login := range []string{"docker login", "podman login", "buildah login", "helm registry login", "az login", "gcloud auth activate-service-account", "gh auth login", "npm login", "cargo login", "terraform login", "heroku login"} {
		if strings.HasPrefix(words[1:], login+" ") {
			return login + " writes the credential into a file that stays in the layer"
		}
	}
	return ""
}

// urlCredential tells whether an address names a password or a token before
// its host; ssh and a lone user name are none.
func urlCredential(words string) bool {
	_, rest, ok := strings.Cut(words, "https://")
	host, _, _ := strings.Cut(rest, "/")
	user, _, at := strings.Cut(host, "@")
	return ok && at && strings.ContainsAny(user, ":$")
}

// toNowhere tells whether all that is written is thrown away or leaves no
// trace in a layer.
func toNowhere(writes []dockerfile.Word) bool {
	return !slices.ContainsFunc(writes, func(w dockerfile.Word) bool {
		return !strings.HasPrefix(w.Text, "/dev/") && !strings.HasPrefix(w.Text, "/proc/") && !strings.HasPrefix(w.Text, "&") && w.Text != "1" && w.Text != "2"
	})
}

// credential tells whether the words set one: npm's _authToken, a password
// in an address.
func credential(words string) bool {
	lower := strings.ToLower(words)
	return containsAny(lower, []string{"_authtoken", "_password", ":_auth", "http-basic", "oauth2:", "x-access-token:", "extraheader", "aws_secret_access_key"}) ||
		strings.Contains(lower, "insteadof") && strings.Contains(lower, "@") && strings.Contains(lower, "$")
}

// undone tells whether a later command of the RUN takes away what one wrote.
func undone(step *Step, at int) bool {
	return step.undoes[""] > at+1 || step.undoes[step.Script.Commands[at].Name] > at+1
}
