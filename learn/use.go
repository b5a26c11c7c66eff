package learn

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/strictjson"
	"github.com/boltseal/boltseal/sensor"
)

// UseSchema names the form of [Uses.Encode].
const UseSchema = "boltseal-use/1"

// UseCalls are the system calls that [Uses] must see.
var UseCalls = []string{"open", "openat", "openat2", "execve", "execveat"}

// Uses gathers which files of which images are used. It is safe for several
// goroutines.
type Uses struct {
	mu     sync.Mutex
	images map[boltseal.Digest]*imageUse
	full   bool
}

type imageUse struct {
	image       string
	containers  map[string]bool
	from, until time.Time
	live        bool // seen by this watch
	files       map[string]bool
}

// maxImageFiles bounds what is remembered of one image, and maxImages the
// images.
const (
	maxImageFiles = 20_000
	maxImages     = 1_000
)

// NewUses gathers nothing yet.
func NewUses() *Uses { return &Uses{images: map[boltseal.Digest]*imageUse{}} }

// Event takes one event in.
func (u *Uses) Event(e *sensor.Event) {
	p := e.Process
	if p == nil || p.Container == nil || isRuntime(e.Header.Comm) {
		return
	}
	name := ""
	switch e.Name() {
	case "execve", "execveat":
		if e.Header.Ret >= 0 && !p.Upper && !p.Memfd {
			name = p.ExePath
		}
	default:
		// Files that a container made itself are not the image's.
		if a, ok := e.Access(); ok && !a.Write && (a.Layer == sensor.LowerLayer || a.Magic == 0) {
			name = a.Path
		}
	}
	if name != "" {
		u.add(p.Container, name, e.At)
	}
}

func (u *Uses) add(c *sensor.Container, name string, at time.Time) {
	w := c.Workload()
	if w.Digest == "" {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	one := u.image(w.Digest, w.Image, at)
	if one == nil {
		return
	}
	one.containers[c.ID] = true
	one.live = true
	if at.After(one.until) {
		one.until = at
	}
	u.file(one, name)
}

func (u *Uses) image(digest boltseal.Digest, name string, at time.Time) *imageUse {
	one := u.images[digest]
	if one == nil {
		if len(u.images) >= maxImages {
			u.full = true
			return nil
		}
		one = &imageUse{image: name, containers: map[string]bool{}, from: at, until: at, files: map[string]bool{}}
		u.images[digest] = one
	}
	return one
}

func (u *Uses) file(one *imageUse, name string) {
	name = path.Clean(name)
	if slices.ContainsFunc(virtual, func(v string) bool { return below(name, v) }) || !strings.HasPrefix(name, "/") {
		return
	}
	if len(one.files) >= maxImageFiles && !one.files[name] {
		u.full = true
		return
	}
	one.files[name] = true
}

// Full tells whether there was more than is remembered.
func (u *Uses) Full() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.full
}

type useFile struct {
	Schema string              `json:"schema"`
	Images []boltseal.ImageUse `json:"images"`
}

// Encode is what was gathered until now, as JSON.
func (u *Uses) Encode(now time.Time) ([]byte, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	out := useFile{Schema: UseSchema, Images: []boltseal.ImageUse{}}
	for digest, one := range u.images {
		until := one.until
		if one.live && now.After(until) {
			until = now
		}
		out.Images = append(out.Images, boltseal.ImageUse{Image: one.image, Digest: digest, Containers: len(one.containers),
			From: one.from.UTC(), Until: until.UTC(), Files: slices.Sorted(maps.Keys(one.files))})
	}
	slices.SortFunc(out.Images, func(a, b boltseal.ImageUse) int { return cmp.Compare(a.Digest, b.Digest) })
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	if err := e.Encode(out); err != nil {
		return nil, fmt.Errorf("write uses: %w", err)
	}
	return b.Bytes(), nil
}

// DecodeUse reads what [Uses.Encode] wrote.
func DecodeUse(data []byte) ([]boltseal.ImageUse, error) {
	var f useFile
	if err := strictjson.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("read uses: %w", err)
	}
	if f.Schema != UseSchema {
		return nil, fmt.Errorf("read uses: it is of schema %q, and not %q", f.Schema, UseSchema)
	}
	return f.Images, nil
}

// Load takes in what an earlier watch gathered.
func (u *Uses) Load(images []boltseal.ImageUse) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, known := range images {
		one := u.image(known.Digest, known.Image, known.From)
		if one == nil {
			return
		}
		if known.From.Before(one.from) {
			one.from = known.From
		}
		if known.Until.After(one.until) {
			one.until = known.Until
		}
		for i := range known.Containers {
			one.containers[fmt.Sprint("earlier ", i)] = true
		}
		for _, name := range known.Files {
			u.file(one, name)
		}
	}
}
