// Package secret finds credentials in bytes: files of images and projects,
// environment variables, history lines, Dockerfiles and manifests. Each kind
// of credential is one [Detector], a file for each vendor; [Scan] looks at
// bytes that are there, [NewStream] at bytes that pass.
//
// One automaton looks for the keywords of all detectors at once; only where
// one stands is a detector asked, in a small window around it. Where a
// credential carries a checksum or a structure, that is verified. What others
// already know is left out: placeholders, examples that vendors print in
// their documentation, and the test keys of installed packages, see [Scan].
//
// A found value never leaves the package: a [Match] says where it is and
// shows at most the prefix that all credentials of the kind begin with.
// The package opens no file and asks no service whether a credential works.
package secret

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// Version names the state of the detectors, for keys of caches. Raise it when
// the same bytes come to give other matches.
const Version = "1"

// Detector is one kind of credential. It is one of three shapes: a token that
// is known by its own form (Token), a value that is known by the name it is
// assigned to (Value), or anything else (Find).
type Detector struct {
	boltseal.Check

	// Keywords are what the automaton looks for: one of them stands in every
	// credential of the kind or in the name it is assigned to. With Fold they
	// are found in any case.
	Keywords []string
	Fold     bool

	// Token is a regular expression for the whole credential, which begins at
	// the keyword or at most Lead letters, digits and marks before it.
	Token string
	Lead  int

	// Value is a regular expression for the whole value that a name holding
	// the keyword is set to. Name lists words of which the name must also
	// hold one; none means any name.
	Value string
	Name  []string

	// Find looks around a keyword by itself.
	Find func(*Hit) (start, end int, ok bool)

	// Valid tells what really is a credential from what only looks like one.
	// Checksum verifies the one that a token carries: a token that fails is
	// mistyped or made up and still reported, as less severe. Proof says in
	// words what either verifies.
	Valid    func(token []byte) bool
	Checksum func(token []byte) bool
	Proof    string

	// Entropy is the least number of bits for each character after the
	// prefix. Zero is a value that fits the length, below zero asks for none.
	Entropy float64

	// Shown is how many of the first characters all credentials of the kind
	// have in common; they may be printed. Zero means the keyword of a Token
	// without Lead, and nothing otherwise.
	Shown int

	// Only are the kinds of file that are looked at; zero means all.
	Only Class

	// Rank settles which of two overlapping matches is meant: the lower one.
	Rank Rank

	weak bool // of use only in files that their user wrote, never in installed packages
}

// Rank is how surely the form of a match says what it is.
type Rank uint8

// The ranks, surest first.
const (
	ByForm    Rank = iota // its own form names the vendor
	ByName                // the name it is assigned to does
	ByContext             // it stands where credentials stand
)

// Match is one credential that was found.
type Match struct {
	Detector *Detector
	Severity boltseal.Severity // of the detector, or less where the place says so
	Why      string            // why it is less
	Line     int               // from 1
	Col      int               // from 1, in bytes
	Span     boltseal.Span
	Shown    string // what may be printed: the prefix that all of the kind have
	Verified bool   // what Detector.Proof says was verified
	More     bool   // it is the last one that is listed of a file with more
}

var detectors []Detector

// add registers a detector; each calls it once from a package-level variable.
func add(d Detector) bool {
	detectors = append(detectors, d)
	return true
}

// Detectors lists every detector by id.
func Detectors() []Detector {
	all := slices.Clone(detectors)
	slices.SortFunc(all, func(a, b Detector) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Checks lists what the package looks for.
func Checks() []boltseal.Check {
	all := Detectors()
	checks := make([]boltseal.Check, len(all))
	for i := range all {
		checks[i] = all[i].Check
	}
	return checks
}

// kind describes a detector: what its owner can do with a credential, and
// where it is revoked.
func kind(id, title string, severity boltseal.Severity, opens, revoke string, aliases ...string) boltseal.Check {
	doc := "Whoever reads it can " + opens + ". Everybody who can pull an image can read every file of every layer, its history and its environment, " +
		"and public registries and repositories are searched for credentials of this form within minutes. Take it for stolen: revoke it first (" + revoke +
		"), then remove it from the source and the history, rebuild, and hand the new one to the build with --mount=type=secret or to the container when it starts."
	return boltseal.Check{
		ID: "secret/" + id, Title: title, Severity: severity, Doc: doc, Aliases: aliases,
		Controls: []string{"CIS-DI-4.10"},
	}
}
