package slsa

import (
	"strings"
	"time"
)

// predicateV1 is the predicate of SLSA 1.0 to 1.2.
type predicateV1 struct {
	BuildDefinition struct {
		BuildType            string         `json:"buildType"`
		ExternalParameters   map[string]any `json:"externalParameters"`
		InternalParameters   map[string]any `json:"internalParameters,omitempty"`
		ResolvedDependencies []Material     `json:"resolvedDependencies,omitempty"`
	} `json:"buildDefinition"`
	RunDetails struct {
		Builder struct {
			ID      string            `json:"id"`
			Version map[string]string `json:"version,omitempty"`
		} `json:"builder"`
		Metadata struct {
			InvocationID string    `json:"invocationId,omitempty"`
			StartedOn    time.Time `json:"startedOn,omitzero"`
			FinishedOn   time.Time `json:"finishedOn,omitzero"`
			BuildKit     struct {
				VCS map[string]any `json:"vcs"`
			} `json:"buildkit_metadata,omitzero"`
		} `json:"metadata,omitzero"`
	} `json:"runDetails"`
}

func parseV1(data []byte) (*Provenance, error) {
	var d predicateV1
	if err := decode(data, &d); err != nil {
		return nil, err
	}
	p := &Provenance{
		BuildType: d.BuildDefinition.BuildType, BuilderID: d.RunDetails.Builder.ID, Materials: d.BuildDefinition.ResolvedDependencies,
		Invocation: d.RunDetails.Metadata.InvocationID, Started: d.RunDetails.Metadata.StartedOn, Finished: d.RunDetails.Metadata.FinishedOn,
		Inputs: map[string]any{}, paths: map[string]string{
			"builder": "runDetails.builder.id", "build type": "buildDefinition.buildType", "inputs": "buildDefinition.externalParameters",
		},
	}
	external, internal := d.BuildDefinition.ExternalParameters, d.BuildDefinition.InternalParameters
	p.sourceV1(external)
	p.SelfHosted = text(internal, "github", "runner_environment") == "self-hosted"
	p.Inputs = external
	for _, name := range []string{"inputs", "workflow_inputs"} {
		if in, ok := external[name].(map[string]any); ok {
			p.Inputs = in
		}
	}
	// A local context has no URI; BuildKit then says what checkout it was.
	if vcs := d.RunDetails.Metadata.BuildKit.VCS; p.Source.URI == "" {
		p.Source.URI, p.Source.Commit = text(vcs, "source"), text(vcs, "revision")
		p.paths["source"] = "runDetails.metadata.buildkit_metadata.vcs.source"
	}
	p.commitOfSource()
	return p, nil
}

// sourceV1 reads the source where each builder puts it.
func (p *Provenance) sourceV1(external map[string]any) {
	at := "buildDefinition.externalParameters."
	switch {
	case text(external, "workflow", "repository") != "": // GitHub
		p.Source = Source{URI: text(external, "workflow", "repository"), Ref: text(external, "workflow", "ref"), Path: text(external, "workflow", "path")}
		p.paths["source"], p.paths["ref"] = at+"workflow.repository", at+"workflow.ref"
	case text(external, "configSource", "uri") != "": // BuildKit
		uri, ref := splitURI(text(external, "configSource", "uri"))
		p.Source = Source{URI: uri, Ref: ref, Path: text(external, "configSource", "path"), Commit: commitOf(texts(external, "configSource", "digest"))}
		p.paths["source"], p.paths["ref"] = at+"configSource.uri", at+"configSource.uri"
	case text(external, "buildConfigSource", "repository") != "": // Google Cloud Build
		p.Source = Source{URI: text(external, "buildConfigSource", "repository"), Ref: text(external, "buildConfigSource", "ref"), Path: text(external, "buildConfigSource", "path")}
		p.paths["source"], p.paths["ref"] = at+"buildConfigSource.repository", at+"buildConfigSource.ref"
	case text(external, "source") != "": // GitLab, and generators that name it so
		uri, ref := splitURI(text(external, "source"))
		p.Source = Source{URI: uri, Ref: ref, Path: text(external, "entryPoint")}
		if ref == "" {
			p.Source.Ref = gitlabRef(external)
		}
		p.paths["source"], p.paths["ref"] = at+"source", at+"source"
	case text(external, "source", "uri") != "": // SLSA's generators for version 1
		uri, ref := splitURI(text(external, "source", "uri"))
		p.Source = Source{URI: uri, Ref: ref, Commit: commitOf(texts(external, "source", "digest"))}
		p.paths["source"], p.paths["ref"] = at+"source.uri", at+"source.uri"
	}
}

func gitlabRef(external map[string]any) string {
	if tag := text(external, "variables", "CI_COMMIT_TAG"); tag != "" {
		return "refs/tags/" + tag
	}
	for _, path := range [][]string{{"variables", "CI_COMMIT_BRANCH"}, {"variables", "CI_COMMIT_REF_NAME"}} {
		if branch := text(external, path...); branch != "" {
			return "refs/heads/" + branch
		}
	}
	return ""
}

// commitOfSource takes the revision, and a reference that nothing else gave,
// from the material that is the source.
func (p *Provenance) commitOfSource() {
	for _, m := range p.Materials {
		if !SameSource(m.URI, p.Source.URI) {
			continue
		}
		if p.Source.Commit == "" {
			p.Source.Commit = commitOf(m.Digest)
		}
		if _, ref := splitURI(m.URI); p.Source.Ref == "" && strings.HasPrefix(ref, "refs/") {
			p.Source.Ref = ref
		}
	}
}

// text is the string at a path of names, or empty.
func text(v map[string]any, path ...string) string {
	for _, name := range path[:len(path)-1] {
		v, _ = v[name].(map[string]any)
	}
	s, _ := v[path[len(path)-1]].(string)
	return s
}

// texts are the strings of the object at a path.
func texts(v map[string]any, path ...string) map[string]string {
	for _, name := range path {
		v, _ = v[name].(map[string]any)
	}
	out := map[string]string{}
	for name, value := range v {
		if s, ok := value.(string); ok {
			out[name] = s
		}
	}
	return out
}
