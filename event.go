package boltseal

import "time"

// Event is something that happened in a running workload.
type Event struct {
	Time     time.Time         `json:"time"`
	Source   string            `json:"source"` // "syscall", "k8s_audit"
	Name     string            `json:"name"`   // "execve"
	Workload *Workload         `json:"workload,omitempty"`
	Fields   map[string]string `json:"fields,omitempty"` // by the field names of rules: "proc.name"
}

// Workload is who runs. Image joins what runs to what was scanned.
type Workload struct {
	Cluster   string `json:"cluster,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Kind      string `json:"kind,omitempty"` // "Deployment"
	Name      string `json:"name,omitempty"`
	Container string `json:"container,omitempty"`
	Image     string `json:"image,omitempty"`
	Digest    Digest `json:"digest,omitempty"` // of the image
}
