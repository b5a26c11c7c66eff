package boltseal

import "time"

// Advisory is what is known to be wrong with some versions of a component,
// in the shape of the Open Source Vulnerability format, version 1.7.
type Advisory struct {
	ID         string      `json:"id"`
	Aliases    []string    `json:"aliases,omitempty"`  // the same vulnerability elsewhere
	Upstream   []string    `json:"upstream,omitempty"` // the vulnerabilities that a distribution's advisory speaks of
	Related    []string    `json:"related,omitempty"`
	Summary    string      `json:"summary,omitempty"`
	Details    string      `json:"details,omitempty"`
	Published  time.Time   `json:"published,omitzero"`
	Modified   time.Time   `json:"modified,omitzero"`
	Withdrawn  time.Time   `json:"withdrawn,omitzero"`
	References []string    `json:"references,omitempty"`
	Affected   []Affected  `json:"affected,omitempty"`
	Ratings    []Rating    `json:"ratings,omitempty"`
	CWEs       []string    `json:"cwes,omitempty"`
	EPSS       *EPSS       `json:"epss,omitempty"`
	KEV        *KEV        `json:"kev,omitempty"`
	Feed       string      `json:"feed"`           // "osv/Debian", "osv/npm"
	Kind       AdvisoryFor `json:"kind,omitempty"` // empty: a vulnerability
}

// AdvisoryFor says what an advisory is about when it is not a vulnerability.
type AdvisoryFor string

// The kinds of advisory that are not vulnerabilities.
const (
	Malware       AdvisoryFor = "malware"       // the component itself attacks (OSV MAL- records)
	Informational AdvisoryFor = "informational" // unmaintained, notice
)

// Affected is one component's versions that an advisory speaks of.
type Affected struct {
	Ecosystem string   `json:"ecosystem"` // OSV's name with its suffix: "Debian:12", "npm"
	Name      string   `json:"name"`
	Ranges    []Range  `json:"ranges,omitempty"`
	Versions  []string `json:"versions,omitempty"` // affected whatever the ranges say
	Status    Status   `json:"status,omitempty"`
	Severity  Severity `json:"severity,omitzero"` // the distribution's own word for this release
	Symbols   []string `json:"symbols,omitempty"` // "import/path.Symbol" that must be reached
}

// Range is a run of versions in the order of the ecosystem. Introduced "0"
// is before every version; an empty Fixed and LastAffected leaves it open.
type Range struct {
	Introduced   string `json:"introduced,omitempty"`
	Fixed        string `json:"fixed,omitempty"`        // first version that is well again
	LastAffected string `json:"lastAffected,omitempty"` // last version that is not
}

// Status is what the vendor says of a component in one of its releases.
type Status string

// The statuses. Empty is StatusAffected.
const (
	StatusAffected    Status = "affected"
	StatusFixed       Status = "fixed"
	StatusWillNotFix  Status = "will-not-fix"
	StatusDeferred    Status = "deferred"
	StatusNotAffected Status = "not-affected"
	StatusUnderReview Status = "under-investigation"
)

// Rating is one party's opinion of how bad an advisory is.
type Rating struct {
	Severity Severity `json:"severity"`
	Score    float64  `json:"score,omitempty"`  // CVSS base score
	Vector   string   `json:"vector,omitempty"` // CVSS vector
	By       string   `json:"by,omitempty"`     // "debian", "ghsa", "nvd", "cisa"
}

// EPSS is the modelled probability that a vulnerability is exploited in the
// next 30 days (FIRST EPSS). It predicts; it is no evidence of exploitation.
type EPSS struct {
	Score      float64   `json:"score"`      // 0 to 1
	Percentile float64   `json:"percentile"` // 0 to 1
	Date       time.Time `json:"date,omitzero"`
}

// KEV says that exploitation was seen (CISA Known Exploited Vulnerabilities).
type KEV struct {
	Added      time.Time `json:"added,omitzero"`
	Due        time.Time `json:"due,omitzero"`
	Ransomware bool      `json:"ransomware,omitempty"` // known use in ransomware campaigns
}

// Snapshot names the advisory data that a report was made with.
type Snapshot struct {
	ID    string    `json:"id"` // content digest of the database
	Built time.Time `json:"built,omitzero"`
	Feeds []Feed    `json:"feeds,omitempty"`
}

// Feed is the state of one source of advisories inside a Snapshot.
type Feed struct {
	Name     string    `json:"name"`              // "osv/Debian", "kev"
	Source   string    `json:"source,omitempty"`  // where it was read from
	Modified time.Time `json:"modified,omitzero"` // newest record
	Fetched  time.Time `json:"fetched,omitzero"`
	Records  int       `json:"records"`
	Error    string    `json:"error,omitempty"` // the last try to refresh it failed so; the data is older
}
