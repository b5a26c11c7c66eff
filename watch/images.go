package watch

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/sensor"
)

// Images knows the images that were scanned. With it a watch tells of
// containers whose image was not, changed under its name since, or is blocked
// by the verdict of its report.
type Images struct {
	verdicts map[boltseal.Digest]*boltseal.Verdict
	names    map[string]bool // of scanned images
	told     map[string]bool // containers that were looked at
}

// The names of alerts about images.
const (
	NeverScannedRule = "boltseal: image that was never scanned"
	ChangedRule      = "boltseal: image that changed since it was scanned"
	BlockedRule      = "boltseal: image that the policy blocks"
)

// maxTold bounds the containers that are remembered.
const maxTold = 65_536

// NewImages takes the reports of scans.
func NewImages(reports []*boltseal.Report) *Images {
	m := &Images{verdicts: map[boltseal.Digest]*boltseal.Verdict{}, names: map[string]bool{}, told: map[string]bool{}}
	for _, r := range reports {
		for _, a := range append([]boltseal.Artifact{r.Artifact}, r.Children...) {
			for _, d := range []boltseal.Digest{a.Digest, a.ImageID, a.Parent} {
				if d != "" {
					m.verdicts[d] = &r.Verdict
				}
			}
			if name := bare(a.Name); name != "" {
				m.names[name] = true
			}
		}
	}
	return m
}

// bare is an image's name without what says where it was taken from, without
// the registry and the folder that Docker leaves out, and without a digest.
func bare(name string) string {
	for _, scheme := range []string{"docker:", "podman:", "containerd:", "registry:"} {
		name = strings.TrimPrefix(name, scheme)
	}
	name, _, _ = strings.Cut(name, "@")
	name = strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/")
	if strings.LastIndexByte(name, ':') <= strings.LastIndexByte(name, '/') && name != "" {
		name += ":latest"
	}
	return name
}

// judge says what is wrong with the image of a container, if anything is. It
// says it once for each container.
func (m *Images) judge(c *sensor.Container) (name, text string, priority rule.Priority, found bool) {
	if c == nil || c.Engine == "" || m.told[c.ID] {
		return "", "", 0, false
	}
	if len(m.told) >= maxTold {
		clear(m.told)
	}
	m.told[c.ID] = true
	var verdict *boltseal.Verdict
	known := false
	for _, d := range []boltseal.Digest{c.Digest, c.ImageID} {
		if v, ok := m.verdicts[d]; ok && d != "" {
			verdict, known = cmp.Or(verdict, v), true
		}
	}
	where := fmt.Sprintf("(container=%s image=%s digest=%s)", c.Name, c.Image, cmp.Or(c.Digest, c.ImageID))
	switch {
	case !known && m.names[bare(c.Image)]:
		return ChangedRule, "a container runs an image whose content is not what was scanned under its name " + where, rule.Error, true
	case !known:
		return NeverScannedRule, "a container runs an image that was never scanned " + where, rule.Warning, true
	case verdict != nil && !verdict.Allow:
		return BlockedRule, "a container runs an image that its scan's verdict blocks " + where, rule.Error, true
	}
	return "", "", 0, false
}

// image tells of the container's image. It runs on the sensor's goroutine.
func (w *watcher) image(e *sensor.Event, at time.Time) {
	if e.Process == nil {
		return
	}
	c := e.Process.Container
	name, text, priority, found := w.Images.judge(c)
	if !found {
		return
	}
	a := w.own(at, name, "container", map[string]any{"container.id": c.ID[:min(12, len(c.ID))], "container.name": c.Name, "container.image": c.Image,
		"container.image.digest": string(cmp.Or(c.Digest, c.ImageID)), "k8s.ns.name": c.Namespace, "k8s.pod.name": c.Pod}, rule.EscapeControl(text))
	a.Priority, a.Event.Workload = priority, c.Workload()
	w.alerts.Add(1)
	w.add(a)
}
