package docker

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// suffixed are endings of repositories and tags that name one platform.
var suffixed = map[string]string{
	"amd64": "amd64", "x86_64": "amd64", "arm64": "arm64", "arm64v8": "arm64", "aarch64": "arm64", "arm32v7": "arm", "armhf": "arm", "armv7": "arm",
	"i386": "386", "ppc64le": "ppc64le", "s390x": "s390x", "riscv64": "riscv64",
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/base-platform", Title: "a base image of another platform than is asked for", Severity: boltseal.Medium,
		Aliases: []string{"buildkit:InvalidBaseImagePlatform"},
		Doc: `--platform asks for one processor, and the image's name says that it is for another. The builder takes the image all the same, with a warning, and what it runs
ends with "exec format error", or crawls in an emulator. Take the image's name without the platform, which is an index of all of them, or ask for the one that it is.
Whether an index holds the platform only its registry knows.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			text, known := p.Global.Expand(dockerfile.Unquote(s.Platform.Text, p.File.Escape), p.File.Escape)
			if s.Base != nil || !known || text == "" {
				continue
			}
			parts := strings.Split(strings.ToLower(text), "/")
			wanted := suffixed[parts[min(1, len(parts)-1)]]
			if len(parts) == 1 && wanted == "" || len(parts) > 1 && parts[0] != "linux" {
				continue
			}
			if len(parts) > 1 && wanted == "" {
				wanted = parts[1]
			}
			if got := platformOf(s.Image); got != "" && got != wanted {
				p.Report(s.From.Span, "the image's name says "+got+", and "+wanted+" is asked for")
			}
		}
	},
})

// platformOf is the processor that an image's name or tag says it is for, or
// "".
func platformOf(r Ref) string {
	words := strings.FieldsFunc(r.Name, func(c rune) bool { return c == '/' })
	tag := strings.FieldsFunc(r.Tag, func(c rune) bool { return c == '-' || c == '_' && !strings.Contains(r.Tag, "x86_64") })
	if len(words) > 1 {
		words = words[:len(words)-1] // of the official images: arm64v8/debian
	} else {
		words = nil
	}
	for _, word := range slices.Concat(tag, words) {
		if p := suffixed[word]; p != "" {
			return p
		}
	}
	return ""
}
