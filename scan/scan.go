// Package scan is the path for things at rest, in one function: open what
// the user points at, read what is inside, check it against what is known,
// judge it, and return one report. [Run] is that path; the packages it calls
// each own one step and know nothing of each other.
package scan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/check/custom"
	"github.com/boltseal/boltseal/check/image"
	"github.com/boltseal/boltseal/check/secret"
	"github.com/boltseal/boltseal/check/vuln"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/sbom"
	"github.com/boltseal/boltseal/source"
)

// Options are the optional parameters of [Run]. The zero value lists
// components and reports that nothing was assessed.
type Options struct {
	Source   source.Options
	DB       *advisory.DB   // nil: there is none
	NoDB     string         // why DB is nil, for the report
	MaxDBAge time.Duration  // older data is a gap; 0 takes any age
	Policy   *policy.Policy // nil: the default policy
	Cache    Cache          // nil: read everything anew
	Jobs     int            // layers and files read at once; less than 1 means 1
	Limits   limit.Limits   // the zero value means limit.Default
	TempDir  string
	Tool     boltseal.Tool
	Now      func() time.Time
	Progress func(Progress)

	// Opened is called by Run when the target is open and nothing of it has
	// been read: the moment to give up what reading does not need.
	Opened func()

	// IsFile tells Lint whether a path is a file; nil takes all for folders.
	IsFile func(path string) bool

	// Registries are the only ones that base images and images may come from,
	// and Labels those that a Dockerfile's final stage must have; for Lint.
	// Where they are nil the policy's count.
	Registries, Labels []string

	// Looked is told of every thing that a family of checks had to look at,
	// whether it could or not: "docker" and the path of a Dockerfile.
	Looked func(family, name string)

	// Render lets Lint start helm and kustomize (or kubectl) to see what charts
	// and kustomizations come to; Values are files of values for charts.
	Render bool
	Values []string

	// ShellCheck lets Lint ask the program of that name about shell scripts; the
	// error is ErrNoShellCheck where there is none.
	ShellCheck bool

	// Custom are checks of the user's own; Looked is told of each by its id.
	Custom []*custom.Set

	// kind is told of every kind of Kubernetes object that Lint met; for Audit.
	kind func(kind, name string)

	// Families are the families of checks to run, of those that Families
	// lists; nil means all.
	Families []string

	// Mine leaves out the findings that the base image brought, and says how
	// many those were.
	Mine bool

	// Used is what was seen of images' files while they ran.
	Used []boltseal.ImageUse

	// Gaps are what the caller could not look at; Run's report has them too.
	Gaps []boltseal.Gap

	// ComponentsOnly skips the checks: the report is a list of components.
	ComponentsOnly bool
}

// Progress is how far a run has come.
type Progress struct {
	Phase string // "open", "read", "check"
	Bytes int64  // stored bytes read so far
	Total int64  // of so many, 0 when not known
}

// Run scans target, which is written as source.Open documents. An error means
// that there is no report; what could not be looked at inside the target is a
// gap in the report.
func Run(ctx context.Context, target string, opts *Options) (report *boltseal.Report, err error) {
	o := withDefaults(opts)
	o.Progress(Progress{Phase: "open"})
	subject, err := source.Open(ctx, target, &o.Source)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, subject.Close()) }()
	if o.Opened != nil {
		o.Opened()
	}
	leftOut := veil(subject)

	report = &boltseal.Report{
		Schema:     boltseal.ReportSchema,
		Tool:       o.Tool,
		Time:       o.Now().UTC(),
		Artifact:   subject.Artifact,
		Components: []boltseal.Component{},
		Findings:   []boltseal.Finding{},
		Gaps:       []boltseal.Gap{},
	}
	parts, err := read(ctx, subject, &o)
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		if err := check(ctx, report, part, &o); err != nil {
			return nil, err
		}
	}
	gather(report, subject, parts)
	o.ownOverReport(ctx, report, subject)
	if !o.ComponentsOnly {
		o.assess(report)
	}
	say(report, leftOut)
	report.Sort()
	return report, nil
}

// check matches one part's components against the advisories and adds what it
// finds to the report.
func check(ctx context.Context, report *boltseal.Report, p *part, o *Options) error {
	platform := ""
	if p.artifact.Platform != nil {
		platform = p.artifact.Platform.String()
	}
	if len(p.components) > 0 && o.runs(familyVuln) {
		o.Looked(familyVuln, p.artifact.Name)
	}
	if o.DB != nil && o.runs(familyVuln) {
		o.Progress(Progress{Phase: "check"})
		findings, gaps, err := vuln.Match(ctx, p.components, &vuln.Options{
			DB: o.DB, Distro: p.artifact.Distro, Artifact: &p.artifact,
		})
		if err != nil {
			return fmt.Errorf("check %s: %w", p.artifact.Name, err)
		}
		for i := range findings {
			findings[i].Subject = boltseal.Subject{Name: p.artifact.Name, Digest: p.artifact.Digest, Platform: platform}
			findings[i].Seal()
		}
		report.Findings = append(report.Findings, findings...)
		p.gaps = append(p.gaps, gaps...)
	}
	report.Findings = append(report.Findings, p.sealed(platform)...)
	for _, gap := range p.gaps {
		if gap.Platform == "" && p.child {
			gap.Platform = platform
		}
		report.Gaps = append(report.Gaps, gap)
	}
	return nil
}

// assess notes with what data the report was made, and judges it.
func (o *Options) assess(report *boltseal.Report) {
	switch {
	case !o.runs(familyVuln):
	case o.DB == nil:
		report.Gaps = append(report.Gaps, boltseal.Gap{
			Kind: "no-database",
			What: fmt.Sprintf("%d components were not assessed", len(report.Components)),
			Why:  o.NoDB,
			Hint: "run: boltseal db update",
		})
	default:
		report.Snapshot = o.DB.Snapshot()
		report.Gaps = append(report.Gaps, stale(report.Snapshot, o)...)
	}
	report.Gaps = append(report.Gaps, o.Gaps...)
	hidden := o.leaveOut(report)
	report.Sort()
	o.Policy.Judge(report, o.Now())
	report.Verdict.Reasons = append(report.Verdict.Reasons, hidden...)
}

// Checks lists what Run looks for.
func Checks() []boltseal.Check {
	return slices.Concat(vuln.Checks(), secret.Checks(), image.Checks(), policy.Checks())
}

// stale gives a gap when the newest data of a snapshot is older than allowed:
// what became known since then was not looked for.
func stale(s *boltseal.Snapshot, o *Options) []boltseal.Gap {
	newest := s.Built
	for _, feed := range s.Feeds {
		if feed.Fetched.After(newest) {
			newest = feed.Fetched
		}
	}
	age := o.Now().Sub(newest)
	if o.MaxDBAge <= 0 || age <= o.MaxDBAge {
		return nil
	}
	return []boltseal.Gap{{
		Kind: "stale-database",
		What: "advisories published since " + newest.UTC().Format(time.DateOnly),
		Why:  fmt.Sprintf("the database is %s old, and at most %s is allowed", age.Round(time.Hour), o.MaxDBAge),
		Hint: "run: boltseal db update",
	}}
}

// gather puts the parts' components into the report. An image on its own, a
// directory or an SBOM is one part and describes the report's artifact; an
// index has a part for each platform, and what they share is listed once.
func gather(report *boltseal.Report, subject *source.Subject, parts []*part) {
	report.Gaps = append(report.Gaps, subject.Gaps...)
	if len(parts) == 1 && !parts[0].child {
		report.Artifact, report.Children = parts[0].artifact, parts[0].children
		report.Components = append(report.Components, parts[0].components...)
		return
	}
	at := map[string]int{}
	for _, p := range parts {
		report.Children = append(report.Children, p.artifact)
		for _, c := range p.components {
			i, ok := at[c.PURL]
			if !ok {
				at[c.PURL] = len(report.Components)
				report.Components = append(report.Components, c)
				continue
			}
			merge(&report.Components[i], c)
		}
	}
}

func withDefaults(opts *Options) Options {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Limits == (limit.Limits{}) {
		o.Limits = limit.Default()
	}
	if o.Source.Limits == (limit.Limits{}) {
		o.Source.Limits = o.Limits
	}
	o.Jobs = max(o.Jobs, 1)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Looked == nil {
		o.Looked = func(string, string) {}
	}
	if o.Policy == nil {
		o.Policy = policy.Default()
	}
	if o.Registries == nil {
		o.Registries = o.Policy.Registries
	}
	if o.Labels == nil {
		o.Labels = o.Policy.Labels
	}
	if o.NoDB == "" {
		o.NoDB = "there is no advisory database"
	}
	return o
}

// fromSBOM makes a part of a bill of materials.
func fromSBOM(subject *source.Subject) (*part, error) {
	doc, _, err := sbom.Read(subject.SBOM)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", subject.Artifact.Name, err)
	}
	artifact := doc.Artifact
	if artifact.Kind == "" {
		artifact = subject.Artifact
		artifact.Distro = doc.Artifact.Distro
	}
	if artifact.Name == "" {
		artifact.Name = subject.Artifact.Name
	}
	return &part{artifact: artifact, children: doc.Children, components: doc.Components, gaps: doc.Gaps}, nil
}
