package boltseal

// Check is one thing that boltseal looks for, as data.
type Check struct {
	ID       string   `json:"id"`    // "docker/root-user": family and slug, never reused
	Title    string   `json:"title"` // a phrase, no full stop
	Doc      string   `json:"doc,omitempty"`
	Severity Severity `json:"severity"`
	Controls []string `json:"controls,omitempty"` // "CIS-DI-4.1", "PSS/restricted"
	Aliases  []string `json:"aliases,omitempty"`  // other tools' names: "hadolint:DL3002"
	URL      string   `json:"url,omitempty"`
}

// Control is a line of a public standard.
type Control struct {
	Framework string `json:"framework"`
	ID        string `json:"id"`
	Title     string `json:"title"`
}
