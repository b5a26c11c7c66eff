package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/large-base", Title: "the image runs on a base that is made for building", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-4.3", "NIST-800-190/4.1.2"},
		Doc: `The full images of node, python, ruby and their like carry compilers, git, curl and some four hundred packages for building modules: about
a gigabyte to pull, and most of the vulnerabilities that a scan of the image finds. Build there, and run on the slim variant of the same
version, or on a distroless image with the same interpreter.`,
	},
	Run: func(p *Pass) {
		final := p.Final()
		if final == nil || final.Windows || final.End().UserAt == nil && len(final.Instrs) < 3 {
			return
		}
		base := final.Root
		smaller := runsOn(base.Image)
		if smaller == "" {
			return
		}
		p.Report(base.Stage.Image.Span, base.Image.Raw+" has compilers and git in it that running does not need; run on "+smaller, p.pythonSplit(final)...)
	},
})

// runsOn is what to run on instead of a full image of a language, empty for
// other images.
func runsOn(r Ref) string {
	if !r.Known || r.Registry != "docker.io" {
		return ""
	}
	tag := r.Tag
	if tag == "" {
		tag = "latest"
	}
	for _, word := range []string{"slim", "alpine", "jre", "nanoserver", "windows"} {
		if strings.Contains(tag, word) {
			return ""
		}
	}
	switch r.Name {
	case "node":
		return "node:" + slimTag(tag) + " or gcr.io/distroless/nodejs" + firstNumber(tag, "24") + "-debian13:nonroot"
	case "python":
		return "python:" + slimTag(tag)
	case "ruby", "perl":
		return r.Name + ":" + slimTag(tag)
	case "golang":
		return "gcr.io/distroless/static-debian13:nonroot or scratch"
	case "rust":
		return "gcr.io/distroless/cc-debian13:nonroot"
	case "maven", "gradle":
		return "eclipse-temurin with a -jre tag"
	case "eclipse-temurin", "amazoncorretto":
		return strings.TrimSuffix(r.Name+":"+strings.Replace(tag, "-jdk", "-jre", 1), ":latest") + ", the runtime alone"
	case "openjdk":
		return "eclipse-temurin with a -jre tag"
	}
	return ""
}

// slimTag is the slim variant of a tag: 24 is 24-slim, 24-bookworm is
// 24-bookworm-slim.
func slimTag(tag string) string {
	if tag == "latest" {
		return "slim"
	}
	return tag + "-slim"
}

func firstNumber(tag, otherwise string) string {
	end := 0
	for end < len(tag) && tag[end] >= '0' && tag[end] <= '9' {
		end++
	}
	switch n := tag[:end]; n {
	case "22", "24", "26":
		return n
	}
	return otherwise
}
