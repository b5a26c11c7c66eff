// Package vuln compares components with advisories. [Match] asks the database
// about each component and returns one finding for each vulnerability of each
// component, whatever number of advisories speak of it.
//
// What it cannot compare is a gap and never silence, of one of these kinds:
//
//	no-database            there is no advisory database at all
//	unsupported-distro     no feed speaks of the packages of this distribution
//	unsupported-ecosystem  no feed speaks of packages of this kind
//	no-advisories          a feed could, but the database has none of this release
//	unknown-version        there are advisories, but the version says nothing: "(devel)"
//
// Which OSV ecosystem a component belongs to follows from its purl and, for
// the packages of distributions, from the release; the tables are in
// ecosystem.go and distro.go. The order of versions is package version's, the
// data package advisory's.
package vuln

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
)

// Options are what the components do not tell. The zero value has no database
// and so finds nothing and says so.
type Options struct {
	DB       *advisory.DB
	Distro   *boltseal.Distro   // of the tree; without it the purls' distro qualifiers decide
	Artifact *boltseal.Artifact // whose layers tell what came with the base image

	// KernelHeaders has packages compared that hold nothing of a kernel but
	// its headers. They have the kernel's version and thousands of its
	// vulnerabilities, none of which headers can have.
	KernelHeaders bool

	Jobs int // goroutines; 0 is one for each processor
}

// The kinds of gap that this package reports.
const (
	GapNoDatabase           = "no-database"
	GapUnsupportedDistro    = "unsupported-distro"
	GapUnsupportedEcosystem = "unsupported-ecosystem"
	GapNoAdvisories         = "no-advisories"
	GapUnknownVersion       = "unknown-version"
)

var (
	known = boltseal.Check{
		ID:       "vuln/known",
		Title:    "component has a known vulnerability",
		Severity: boltseal.High,
		Doc: "An advisory says that this version of the component is vulnerable. The finding's own severity counts: " +
			"the distribution's word for its packages, else a CVSS score.\n\n" +
			"Upgrade to a version that the advisory names as fixed. What came with the base image is mended by " +
			"rebuilding on a newer one. Where there is no fix yet, find out whether the vulnerable part is reachable, " +
			"and waive the finding until a date if it is not.",
	}
	malware = boltseal.Check{
		ID:       "vuln/malware",
		Title:    "component is malware",
		Severity: boltseal.Critical,
		Doc: "The component was published to attack whoever installs it (OpenSSF malicious-packages).\n\n" +
			"Remove it. Take every secret that the build or the running container could read as stolen, and look at " +
			"what the component has done on the machines that installed it.",
	}
	unmaintained = boltseal.Check{
		ID:       "vuln/unmaintained",
		Title:    "component is unmaintained or carries a notice",
		Severity: boltseal.Low,
		Doc: "Its ecosystem's advisory database says that nobody maintains the component any more, or warns of it " +
			"without knowing a vulnerability. Nobody will mend the next one.\n\n" +
			"Look for a replacement; the advisory often names one.",
	}
)

// Checks lists what this package looks for.
func Checks() []boltseal.Check { return []boltseal.Check{known, malware, unmaintained} }

// Match returns the findings in components, in the order of
// [boltseal.Finding.Compare], and what could not be compared.
func Match(ctx context.Context, components []boltseal.Component, opts *Options) ([]boltseal.Finding, []boltseal.Gap, error) {
	if opts == nil {
		opts = &Options{}
	}
	gaps := newGaps(opts)
	if opts.DB == nil {
		gaps.noDatabase(len(components))
		return nil, gaps.list(), nil
	}
	releases := releaseCache{db: opts.DB, distro: opts.Distro}
	parts := split(len(components), opts.Jobs)
	matchers := make([]*matcher, len(parts))
	errs := make([]error, len(parts))
	owners := ownersOf(components)
	var wg sync.WaitGroup
	for i, part := range parts {
		m := &matcher{opts: opts, releases: &releases, owners: owners, gaps: newGaps(opts)}
		matchers[i] = m
		wg.Go(func() { errs[i] = m.run(ctx, components[part.from:part.to]) })
	}
	wg.Wait()
	var matches []match
	for i, m := range matchers {
		if errs[i] != nil {
			return nil, nil, errs[i]
		}
		matches = append(matches, m.matches...)
		gaps.merge(m.gaps)
	}
	findings, err := describe(ctx, matches, opts)
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(findings, boltseal.Finding.Compare)
	return findings, gaps.list(), nil
}

type span struct{ from, to int }

// split cuts n things into one part for each job. A part below a hundred
// costs more to start than to do.
func split(n, jobs int) []span {
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	jobs = max(1, min(jobs, n/100))
	parts := make([]span, 0, jobs)
	for i := range jobs {
		parts = append(parts, span{i * n / jobs, (i + 1) * n / jobs})
	}
	return parts
}
