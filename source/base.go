package source

import (
	"cmp"
	"strings"

	"github.com/boltseal/boltseal"
)

// Labels and annotations that tell of the base image (OCI image
// specification, "Pre-Defined Annotation Keys").
const (
	baseName   = "org.opencontainers.image.base.name"
	baseDigest = "org.opencontainers.image.base.digest"
)

// base is what the configuration gives away of the image that this one was
// built on, nil when it is nothing.
//
// Labels name it ("label"). How many of the layers are its own nobody writes
// down, but an image nearly always ends in the history with the command that
// it runs, so a CMD or ENTRYPOINT with layers after it is where a base ended
// ("history"): the last such line is the nearest base. Where there is none, a
// change of the tool that wrote the history is taken for the seam
// ("history: builder"). Both can be fooled by a Dockerfile that sets CMD
// before its last layer; then too many layers count as the base's.
func (c *imageConfig) base(made []int, annotations map[string]string) *boltseal.Base {
	b := boltseal.Base{
		Name:   cmp.Or(c.Config.Labels[baseName], annotations[baseName]),
		Digest: boltseal.Digest(cmp.Or(c.Config.Labels[baseDigest], annotations[baseDigest])),
	}
	if _, err := boltseal.ParseDigest(string(b.Digest)); err != nil {
		b.Digest = ""
	}
	var how []string
	if b.Name != "" || b.Digest != "" {
		how = append(how, "label")
	}
	if line, why := c.seam(made); line >= 0 {
		for _, at := range made {
			if at <= line {
				b.Layers++
			}
		}
		how = append(how, why)
	}
	if len(how) == 0 {
		return nil
	}
	b.How = strings.Join(how, ", ")
	return &b
}

// seam is the last history line of the base image and how it was found, or -1.
func (c *imageConfig) seam(made []int) (int, string) {
	if len(made) < 2 {
		return -1, "" // one layer is not somebody else's and one's own
	}
	last, first := made[len(made)-1], made[0]
	for i := last - 1; i > first; i-- {
		if c.History[i].Empty && isCommand(c.History[i].CreatedBy) {
			return i, "history"
		}
	}
	for i := last; i > first; i-- {
		before, after := builder(c.History[i-1]), builder(c.History[i])
		if before != after && after == buildkit {
			return i - 1, "history: builder"
		}
	}
	return -1, ""
}

// isCommand tells whether a history line sets what the image runs, as the
// classic builder ("/bin/sh -c #(nop)  CMD …"), BuildKit ("CMD …") or
// buildah write it.
func isCommand(line string) bool {
	_, instruction, nop := strings.Cut(line, "#(nop)")
	if !nop {
		instruction = line
	}
	word, _, _ := strings.Cut(strings.TrimSpace(instruction), " ")
	return word == "CMD" || word == "ENTRYPOINT"
}

const buildkit = "buildkit"

// builder is the kind of tool that wrote a history line.
func builder(h historyLine) string {
	switch {
	case strings.HasPrefix(h.Comment, "buildkit."), strings.HasSuffix(h.CreatedBy, "# buildkit"):
		return buildkit
	case strings.HasPrefix(h.CreatedBy, "/bin/sh -c "):
		return "classic"
	}
	return "other"
}
