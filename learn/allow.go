package learn

import (
	"encoding/json"
	"fmt"

	"github.com/boltseal/boltseal"
)

// AllowList is what a workload may execute, open and reach.
type AllowList struct {
	Workload    *boltseal.Workload `json:"workload,omitempty"`
	Confidence  Confidence         `json:"confidence"`
	Why         []string           `json:"why"`
	Executables []string           `json:"executables"`
	Added       []string           `json:"addedExecutables,omitempty"` // after the container was made
	Libraries   []string           `json:"libraries"`
	Read        []string           `json:"read"`
	Write       []string           `json:"write"`
	Writable    []Writable         `json:"writable"`
	Flows       []Flow             `json:"flows"`
}

// AllowList is the recording as a list that people and programs can read.
func (r *Recording) AllowList() ([]byte, error) {
	degree, why := r.Confidence()
	a := AllowList{Workload: r.Workload, Confidence: degree, Why: why, Executables: []string{}, Added: r.Added(), Libraries: []string{}, Read: []string{}, Write: []string{},
		Writable: r.Writable(), Flows: r.Flows}
	for _, x := range r.Executables {
		a.Executables = append(a.Executables, x.Path)
	}
	for _, f := range r.Files {
		switch {
		case f.Write:
			a.Write = append(a.Write, f.Path)
		case f.Library:
			a.Libraries = append(a.Libraries, f.Path)
		default:
			a.Read = append(a.Read, f.Path)
		}
	}
	data, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the allow-list: %w", err)
	}
	return append(data, '\n'), nil
}
