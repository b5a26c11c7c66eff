package boltseal

import (
	"cmp"
	"slices"
	"strings"
)

// Component is software inside an artifact. Its purl is its identity: the
// ecosystem, the name and the version that others know it by follow from it.
type Component struct {
	PURL      string     `json:"purl"`
	Name      string     `json:"name"`              // as its ecosystem writes it: "@babel/core", "org.slf4j:slf4j-api"
	Version   string     `json:"version,omitempty"` // as its ecosystem writes it; empty when it cannot be known
	Source    *Source    `json:"source,omitempty"`
	Licenses  []string   `json:"licenses,omitempty"` // SPDX expressions, or LicenseRef-… for what SPDX does not name
	Supplier  string     `json:"supplier,omitempty"` // who distributes it, "Name <mail>"
	Locations []Location `json:"locations,omitempty"`
	DependsOn []string   `json:"dependsOn,omitempty"` // purls of components in the same artifact
	FoundBy   string     `json:"foundBy"`             // the reader that saw it
	Basis     Basis      `json:"basis"`               // how strong the evidence is
	OwnedBy   string     `json:"ownedBy,omitempty"`   // purl of the OS package whose files these are
	Hashes    []Digest   `json:"hashes,omitempty"`    // of the component as distributed
	CPEs      []string   `json:"cpes,omitempty"`
	Module    string     `json:"module,omitempty"`   // RPM modularity label's "name:stream"
	InUse     Usage      `json:"inUse,omitempty"`    // whether what runs opens its files, where that was watched
	Direct    bool       `json:"direct,omitempty"`   // the project itself asks for it
	Dev       bool       `json:"dev,omitempty"`      // only development asks for it
	Linked    Symbols    `json:"-"`                  // of Go modules: functions that are in the programs
	Evidence  []Evidence `json:"evidence,omitempty"` // what else speaks for it, beside FoundBy
}

// Source is the source package that a distribution built a component from.
// Distributions publish advisories about source packages.
type Source struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

// Basis is the strength of the evidence that a component is there.
type Basis string

// The bases, strongest first.
const (
	Installed Basis = "installed" // a package database or installed metadata names it
	Embedded  Basis = "embedded"  // an executable or archive carries it and says so
	Matched   Basis = "matched"   // the content looks like it
	Declared  Basis = "declared"  // a lock file or a manifest asks for it
)

// Confidence is how sure the evidence makes one that this very version is
// there, 0 to 1, for formats that want a number.
func (b Basis) Confidence() float64 {
	switch b {
	case Installed:
		return 1
	case Embedded:
		return 0.9
	case Matched:
		return 0.7
	}
	return 0.4
}

// Compare orders components by purl, then by first location.
func (c Component) Compare(d Component) int {
	return cmp.Or(
		strings.Compare(c.PURL, d.PURL),
		slices.CompareFunc(c.Locations, d.Locations, Location.Compare),
		strings.Compare(c.FoundBy, d.FoundBy),
	)
}
