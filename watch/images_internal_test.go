package watch

import (
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/sensor"
)

func TestImages(t *testing.T) {
	report := func(name string, digest boltseal.Digest, allow bool) *boltseal.Report {
		return &boltseal.Report{Artifact: boltseal.Artifact{Name: name, ImageID: digest}, Verdict: boltseal.Verdict{Allow: allow}}
	}
	m := NewImages([]*boltseal.Report{report("docker:web:1", "sha256:aa", true), report("docker.io/library/api", "sha256:bb", false)})
	for _, c := range []struct {
		image string
		id    boltseal.Digest
		want  string
	}{
		{"web:1", "sha256:aa", ""},
		{"other-name:1", "sha256:aa", ""},
		{"web:1", "sha256:cc", ChangedRule},
		{"web:2", "sha256:cc", NeverScannedRule},
		{"api:latest", "sha256:dd", ChangedRule},
		{"api", "sha256:bb", BlockedRule},
		{"unknown", "", NeverScannedRule},
	} {
		box := &sensor.Container{ID: c.image + string(c.id) + c.want, Engine: "docker", Image: c.image, ImageID: c.id}
		if got, text, _, _ := m.judge(box); got != c.want {
			t.Errorf("%s %s: %q (%s), want %q", c.image, c.id, got, text, c.want)
		}
		if got, _, _, found := m.judge(box); found {
			t.Errorf("%s %s: told twice: %s", c.image, c.id, got)
		}
	}
	if _, _, _, found := m.judge(&sensor.Container{ID: "x"}); found {
		t.Error("a container of which nothing is known was judged")
	}
	if _, _, _, found := m.judge(nil); found {
		t.Error("the host was judged")
	}
}
