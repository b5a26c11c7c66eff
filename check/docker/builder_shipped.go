package docker

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/builder-shipped", Title: "the image that builds is the image that runs", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.3", "NIST-800-190/4.1.2"},
		Doc: `A build in the last stage leaves the sources, the compiler and everything that was downloaded for building in the image. Build in a stage
of its own, and copy what it made into a second one with nothing but the runtime: the attack surface, and the image, become a fraction.`,
	},
	Run: func(p *Pass) {
		for step := range p.shipped("RUN") {
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				if what := builds(c); what != "" && !shipsBuilder(step) {
					p.Report(c.Span, what+" in the last stage leaves the sources and the tools in the image", p.split(step, c)...)
					return
				}
			}
		}
	},
})

// builds says what a command builds, empty for any other command.
func builds(c *dockerfile.Command) string {
	sub, rest := c.Sub()
	switch c.Name {
	case "go":
		if sub.Text == "build" || sub.Text == "install" && len(rest) > 0 && !strings.Contains(rest[0].Text, "@") {
			return "go " + sub.Text
		}
	case "cargo":
		if sub.Text == "build" {
			return "cargo build"
		}
	case "mvn", "mvnw", "gradle", "gradlew":
		for _, goal := range []string{"package", "install", "verify", "build", "bootJar", "assemble", "shadowJar", "war", "jar", "deploy"} {
			if c.Has(goal) {
				return c.Name + " " + goal
			}
		}
	case "npm", "yarn", "pnpm":
		if c.Has("build") && (sub.Text == "run" || sub.Text == "build") {
			return c.Name + " " + strings.TrimSpace(sub.Text+" build")
		}
	case "tsc", "webpack", "vite":
		return c.Name
	case "npx":
		if slices.Contains([]string{"tsc", "webpack", "esbuild", "vite", "next"}, sub.Text) {
			return "npx " + sub.Text
		}
	case "dotnet":
		if sub.Text == "publish" || sub.Text == "build" {
			return "dotnet " + sub.Text
		}
	}
	return ""
}

// shipsBuilder tells whether building is what the image is for: it starts
// nothing of its own.
func shipsBuilder(step *Step) bool {
	final := step.In
	_, cmd := final.last["CMD"]
	_, entry := final.last["ENTRYPOINT"]
	return !cmd && !entry && !final.End().past.entry
}
