// Package advisory knows what is published about versions of components: it
// reads the feeds (one file each), builds one immutable database file from
// them and answers look-ups in it. Start at [DB]: [Open] maps the file,
// [DB.Lookup] gives what is known of one package of one ecosystem and
// [DB.Advisory] the words about it. [Build] makes the file from data on disk
// and opens no socket; [Update] is the only part that does.
//
// It orders no versions and decides nothing: whether a version falls into a
// range is for package version, what a match means is for check/vuln.
package advisory

import (
	"errors"

	"github.com/boltseal/boltseal"
)

// ErrNotFound says that the database has neither an advisory nor a
// vulnerability of an id.
var ErrNotFound = errors.New("no such advisory")

// ErrCorrupt says that a database file is not as it was written.
var ErrCorrupt = errors.New("the advisory database is damaged")

// ErrFormat says that a database file is of a format that this program does
// not read: not a database at all, or from a newer or much older release.
var ErrFormat = errors.New("not an advisory database that this release reads")

// Record is one advisory's word on one package of one ecosystem: a row of
// the database.
type Record struct {
	ID string // of the advisory, as its feed gives it

	// Vulns are the canonical ids of the vulnerabilities that the advisory
	// speaks of, at least one. Aliases are one vulnerability, named by its
	// CVE where it has one; an advisory with several CVEs names each.
	Vulns []string

	// Affected are the versions. Its ecosystem is in the form that
	// [Ecosystem] gives, its name as the ecosystem's index knows it.
	Affected boltseal.Affected

	// Modules are the RPM modules, "name:stream", that the fixed versions
	// were built in. A name without a stream stands for all its streams and
	// "*" for a module that the advisory does not name. Empty is for
	// packages outside of modules. See [Record.Concerns].
	Modules []string

	// Kind is empty for a vulnerability.
	Kind boltseal.AdvisoryFor
}

// Key is what records are found by.
type Key struct {
	Ecosystem string
	Name      string
	Records   int
}

// Release is one ecosystem, with its release where it has any, that the
// database has records of.
type Release struct {
	Ecosystem string // "Debian:12", "npm", "Red Hat:enterprise_linux:9::appstream"
	Packages  int
	Records   int
}
