package slsa

import "time"

// predicateV02 is the predicate of SLSA 0.2.
type predicateV02 struct {
	Builder struct {
		ID string `json:"id"`
	} `json:"builder"`
	BuildType  string `json:"buildType"`
	Invocation struct {
		ConfigSource struct {
			URI        string            `json:"uri"`
			Digest     map[string]string `json:"digest"`
			EntryPoint string            `json:"entryPoint"`
		} `json:"configSource"`
		Parameters  map[string]any `json:"parameters"`
		Environment map[string]any `json:"environment"`
	} `json:"invocation"`
	Metadata struct {
		BuildInvocationID string    `json:"buildInvocationID"`
		BuildStartedOn    time.Time `json:"buildStartedOn"`
		BuildFinishedOn   time.Time `json:"buildFinishedOn"`
		BuildKit          struct {
			VCS map[string]any `json:"vcs"`
		} `json:"https://mobyproject.org/buildkit@v1#metadata"`
	} `json:"metadata"`
	Materials []Material `json:"materials"`
}

func parseV02(data []byte) (*Provenance, error) {
	var d predicateV02
	if err := decode(data, &d); err != nil {
		return nil, err
	}
	config := d.Invocation.ConfigSource
	uri, ref := splitURI(config.URI)
	p := &Provenance{
		BuildType: d.BuildType, BuilderID: d.Builder.ID, Materials: d.Materials, Invocation: d.Metadata.BuildInvocationID,
		Started: d.Metadata.BuildStartedOn, Finished: d.Metadata.BuildFinishedOn, Inputs: d.Invocation.Parameters,
		Source: Source{URI: uri, Ref: ref, Path: config.EntryPoint, Commit: commitOf(config.Digest)},
		paths: map[string]string{
			"builder": "builder.id", "build type": "buildType", "source": "invocation.configSource.uri",
			"ref": "invocation.configSource.uri", "inputs": "invocation.parameters",
		},
	}
	environment := d.Invocation.Environment
	if p.Source.Ref == "" {
		if p.Source.Ref = text(environment, "github_ref"); p.Source.Ref != "" {
			p.paths["ref"] = "invocation.environment.github_ref"
		}
	}
	// GitHub's event holds what whoever dispatched the workflow typed.
	if event, ok := environment["github_event_payload"].(map[string]any); ok {
		if inputs, ok := event["inputs"].(map[string]any); ok {
			p.Inputs = inputs
			p.paths["inputs"] = "invocation.environment.github_event_payload.inputs"
		}
	}
	// A local context has no URI; BuildKit then says what checkout it was.
	if p.Source.URI == "" {
		p.Source.URI, p.Source.Commit = text(d.Metadata.BuildKit.VCS, "source"), text(d.Metadata.BuildKit.VCS, "revision")
		p.paths["source"] = "metadata[https://mobyproject.org/buildkit@v1#metadata].vcs.source"
	}
	p.commitOfSource()
	return p, nil
}
