package slsa

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/boltseal/boltseal/internal/strictjson"
)

// BuildTypeGeneric is the build type of provenance for a build that no build
// service describes: docs/guide/provenance.md says what its parameters mean.
const BuildTypeGeneric = "https://boltseal.dev/buildtypes/generic/v1"

// Facts are what a user says of a build that the environment does not.
type Facts struct {
	BuilderID  string
	BuildType  string
	SourceURI  string
	SourceRef  string
	Commit     string
	EntryPoint string
	Parameters map[string]string
	Started    time.Time
	Finished   time.Time
}

var errFacts = errors.New("outside of GitHub Actions and GitLab CI, a builder id and a source URI must be given")

// Generate writes the predicate of SLSA 1 for the build that is going on, as
// the environment of GitHub Actions or GitLab CI describes it, or else as the
// facts do. Facts come before the environment.
func Generate(getenv func(string) string, f *Facts) ([]byte, error) {
	var d predicateV1
	switch {
	case getenv("GITHUB_ACTIONS") == "true":
		github(&d, getenv)
	case getenv("GITLAB_CI") == "true":
		gitlab(&d, getenv)
	default:
		if f.BuilderID == "" || f.SourceURI == "" {
			return nil, fmt.Errorf("generate provenance: %w", errFacts)
		}
		d.BuildDefinition.BuildType = BuildTypeGeneric
		d.BuildDefinition.ExternalParameters = map[string]any{}
	}
	f.lay(&d)
	return json.MarshalIndent(d, "", "  ")
}

// lay puts the facts over what the environment said.
func (f *Facts) lay(d *predicateV1) {
	set := func(to *string, value string) {
		if value != "" {
			*to = value
		}
	}
	set(&d.RunDetails.Builder.ID, f.BuilderID)
	set(&d.BuildDefinition.BuildType, f.BuildType)
	external := d.BuildDefinition.ExternalParameters
	if f.SourceURI != "" {
		uri := "git+" + strings.TrimPrefix(f.SourceURI, "git+")
		digest := map[string]string{}
		if f.Commit != "" {
			digest["gitCommit"] = strings.ToLower(f.Commit)
		}
		if f.SourceRef != "" {
			uri += "@" + f.SourceRef
		}
		source := map[string]any{"uri": uri}
		if len(digest) > 0 {
			source["digest"] = digest
		}
		external["source"] = source
		delete(external, "workflow")
		d.BuildDefinition.ResolvedDependencies = []Material{{URI: uri, Digest: digest}}
	}
	if f.EntryPoint != "" {
		external["entryPoint"] = f.EntryPoint
	}
	if len(f.Parameters) > 0 {
		external["inputs"] = f.Parameters
	}
	d.RunDetails.Metadata.StartedOn, d.RunDetails.Metadata.FinishedOn = f.Started, f.Finished
}

// github describes a workflow as GitHub's own attestations do (build type
// actions.github.io/buildtypes/workflow/v1).
func github(d *predicateV1, getenv func(string) string) {
	server := getenv("GITHUB_SERVER_URL")
	if server == "" {
		server = "https://github.com"
	}
	repository := server + "/" + getenv("GITHUB_REPOSITORY")
	workflow, ref, _ := strings.Cut(getenv("GITHUB_WORKFLOW_REF"), "@")
	path := strings.TrimPrefix(workflow, getenv("GITHUB_REPOSITORY")+"/")
	d.BuildDefinition.BuildType = "https://actions.github.io/buildtypes/workflow/v1"
	d.BuildDefinition.ExternalParameters = map[string]any{
		"workflow": map[string]any{"ref": ref, "repository": repository, "path": path},
	}
	d.BuildDefinition.InternalParameters = map[string]any{"github": map[string]any{
		"event_name": getenv("GITHUB_EVENT_NAME"), "repository_id": getenv("GITHUB_REPOSITORY_ID"),
		"repository_owner_id": getenv("GITHUB_REPOSITORY_OWNER_ID"), "runner_environment": getenv("RUNNER_ENVIRONMENT"),
	}}
	d.BuildDefinition.ResolvedDependencies = []Material{{
		URI: "git+" + repository + "@" + getenv("GITHUB_REF"), Digest: map[string]string{"gitCommit": getenv("GITHUB_SHA")},
	}}
	d.RunDetails.Builder.ID = server + "/" + getenv("GITHUB_WORKFLOW_REF")
	d.RunDetails.Metadata.InvocationID = fmt.Sprintf("%s/actions/runs/%s/attempts/%s", repository, getenv("GITHUB_RUN_ID"), getenv("GITHUB_RUN_ATTEMPT"))
}

// gitlab describes a job as GitLab's runner does.
func gitlab(d *predicateV1, getenv func(string) string) {
	variables := map[string]any{}
	for _, name := range []string{"CI_COMMIT_REF_NAME", "CI_COMMIT_BRANCH", "CI_COMMIT_TAG", "CI_PIPELINE_ID", "CI_PIPELINE_SOURCE", "CI_JOB_ID"} {
		if value := getenv(name); value != "" {
			variables[name] = value
		}
	}
	source := getenv("CI_PROJECT_URL")
	d.BuildDefinition.BuildType = "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/main/PROVENANCE.md"
	d.BuildDefinition.ExternalParameters = map[string]any{"source": source, "entryPoint": getenv("CI_JOB_NAME"), "variables": variables}
	d.BuildDefinition.InternalParameters = map[string]any{
		"name": getenv("CI_RUNNER_DESCRIPTION"), "architecture": getenv("CI_RUNNER_EXECUTABLE_ARCH"), "job": getenv("CI_JOB_ID"),
	}
	d.BuildDefinition.ResolvedDependencies = []Material{{URI: source, Digest: map[string]string{"gitCommit": getenv("CI_COMMIT_SHA")}}}
	d.RunDetails.Builder.ID = source + "/-/runners/" + getenv("CI_RUNNER_ID")
	d.RunDetails.Metadata.InvocationID = getenv("CI_JOB_URL")
}

// BuildKit takes the provenance out of what buildx writes with
// --metadata-file, and the digest of the image that it is about.
func BuildKit(metadata []byte) (predicateType string, predicate json.RawMessage, digest string, err error) {
	if err := strictjson.Check(metadata); err != nil {
		return "", nil, "", fmt.Errorf("read build metadata: %w", err)
	}
	var m struct {
		Digest     string          `json:"containerimage.digest"`
		Provenance json.RawMessage `json:"buildx.build.provenance"`
	}
	if err := json.Unmarshal(metadata, &m); err != nil {
		return "", nil, "", fmt.Errorf("read build metadata: %w", err)
	}
	if len(m.Provenance) == 0 {
		return "", nil, "", fmt.Errorf("read build metadata: %w", errNoProvenance)
	}
	var shape struct {
		BuildDefinition json.RawMessage `json:"buildDefinition"`
	}
	if err := json.Unmarshal(m.Provenance, &shape); err != nil {
		return "", nil, "", fmt.Errorf("read build metadata: %w", err)
	}
	predicateType = PredicateV02
	if len(shape.BuildDefinition) > 0 {
		predicateType = PredicateV1
	}
	return predicateType, m.Provenance, m.Digest, nil
}

var errNoProvenance = errors.New("it holds no buildx.build.provenance; build with --provenance and BUILDX_METADATA_PROVENANCE=max")
