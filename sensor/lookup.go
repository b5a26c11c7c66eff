package sensor

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Containers finds containers by their control groups, from what their
// engines wrote down. It may be used by many goroutines.
type Containers struct {
	found containers
}

// NewContainers looks below root for the engines' files; "/" when empty.
func NewContainers(root string) *Containers {
	if root == "" {
		root = "/"
	}
	return &Containers{containers{root: root, byID: map[string]*Container{}}}
}

// Group is the container of a control group with this path, nil when it is no
// container's. One of which only the id is known has no Engine.
func (c *Containers) Group(path string) *Container {
	parent, leaf := filepath.Split(strings.TrimSuffix(path, "/"))
	return c.found.find(leaf, filepath.Base(parent), 0)
}

// Process is the container of a process and the path of its control group,
// nil on the host. It fails when the process is gone.
func (c *Containers) Process(pid uint32) (*Container, string, error) {
	data, err := os.ReadFile(filepath.Join(c.found.root, "proc", strconv.Itoa(int(pid)), "cgroup"))
	if err != nil {
		return nil, "", err
	}
	path := ""
	for line := range strings.Lines(string(data)) {
		_, controllers, group := cut3(strings.TrimSpace(line), ':')
		if path == "" || controllers == "" {
			path = group
		}
		parent, leaf := filepath.Split(group)
		if found := c.found.find(leaf, filepath.Base(parent), pid); found != nil {
			return found, group, nil
		}
	}
	return nil, path, nil
}
