package source

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/registry"
)

// imageConfig is what we need of an image's configuration (OCI image
// specification, "Image Configuration"; Docker's is the same in this).
type imageConfig struct {
	Created string `json:"created"`
	OS      string `json:"os"`
	Arch    string `json:"architecture"`
	Variant string `json:"variant"`
	Version string `json:"os.version"`
	Config  struct {
		Labels map[string]string `json:"Labels"`
	} `json:"config"`
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
	History []historyLine `json:"history"`

	diffIDs []boltseal.Digest
}

type historyLine struct {
	Created   string `json:"created"`
	CreatedBy string `json:"created_by"`
	Comment   string `json:"comment"`
	Empty     bool   `json:"empty_layer"`
}

// parseConfig reads a configuration as container runtimes do, with Go's JSON
// decoder: labels may differ in case only, so names that stand twice are not
// an error here. The layers it lists are verified when they are read.
func parseConfig(data []byte) (*imageConfig, error) {
	if err := registry.CheckValues(data); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	c := &imageConfig{}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	for _, s := range c.RootFS.DiffIDs {
		d, err := boltseal.ParseDigest(s)
		if err != nil {
			return nil, fmt.Errorf("configuration: layer: %w", err)
		}
		c.diffIDs = append(c.diffIDs, d)
	}
	return c, nil
}

// describe fills in what the configuration says of the image whose blobs are
// all there. Annotations are those of its manifest.
func (c *imageConfig) describe(s *Subject, annotations map[string]string) {
	a := &s.Artifact
	a.Created, a.Labels = timeOf(c.Created), c.Config.Labels
	if c.OS != "" || c.Arch != "" {
		p := normal(boltseal.Platform{OS: c.OS, Arch: c.Arch, Variant: c.Variant, OSVersion: c.Version})
		a.Platform = &p
	}
	made := c.makers(len(s.Blobs))
	a.Base = c.base(made, annotations)
	for i := range s.Blobs {
		l := &s.Blobs[i].Layer
		if made != nil {
			l.CreatedBy = c.History[made[i]].CreatedBy
		}
		l.FromBase = a.Base != nil && i < a.Base.Layers
		a.Layers = append(a.Layers, *l)
	}
}

// timeOf is a time as configurations write it, or the zero time: tools write
// the year 1 or nothing when they do not want to say.
func timeOf(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}
	}
	return t.UTC()
}

// makers gives, for each layer, the history line that made it. It is nil when
// the lines do not fit the layers, which is legal and says nothing.
func (c *imageConfig) makers(layers int) []int {
	var lines []int
	for i := range c.History {
		if !c.History[i].Empty {
			lines = append(lines, i)
		}
	}
	if len(lines) != layers || layers == 0 {
		return nil
	}
	return lines
}
