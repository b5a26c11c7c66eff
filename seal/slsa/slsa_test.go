package slsa_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/boltseal/boltseal/seal"
	"github.com/boltseal/boltseal/seal/slsa"
)

const (
	commit  = "0123456789abcdef0123456789abcdef01234567"
	builder = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/tags/v2.1.0"
	own     = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.4.2"

	github = `{"buildDefinition": {"buildType": "https://actions.github.io/buildtypes/workflow/v1",
	  "externalParameters": {"workflow": {"ref": "refs/tags/v1.4.2", "repository": "https://github.com/acme/app", "path": ".github/workflows/release.yml"}},
	  "internalParameters": {"github": {"event_name": "push", "runner_environment": "github-hosted"}},
	  "resolvedDependencies": [{"uri": "git+https://github.com/acme/app@refs/tags/v1.4.2", "digest": {"gitCommit": "` + commit + `"}}]},
	  "runDetails": {"builder": {"id": "` + own + `"}, "metadata": {"invocationId": "https://github.com/acme/app/actions/runs/1/attempts/1"}}}`

	generator = `{"builder": {"id": "` + builder + `"}, "buildType": "https://github.com/slsa-framework/slsa-github-generator/container@v1",
	  "invocation": {"configSource": {"uri": "git+https://github.com/acme/app@refs/heads/main", "digest": {"sha1": "` + commit + `"}, "entryPoint": ".github/workflows/release.yml"},
	    "parameters": {}, "environment": {"github_ref": "refs/heads/main", "github_event_payload": {"inputs": {"channel": "stable", "dry": false, "n": 3}}}},
	  "metadata": {"buildInvocationID": "7-1"},
	  "materials": [{"uri": "git+https://github.com/acme/app@refs/heads/main", "digest": {"sha1": "` + commit + `"}}]}`

	buildkit = `{"buildDefinition": {"buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
	  "externalParameters": {"configSource": {"uri": "https://github.com/acme/app.git#refs/heads/main:sub", "digest": {"sha1": "` + commit + `"}, "path": "Dockerfile"},
	    "request": {"frontend": "dockerfile.v0"}},
	  "resolvedDependencies": [{"uri": "pkg:docker/alpine@3.22?platform=linux%2Famd64", "digest": {"sha256": "aa"}}]},
	  "runDetails": {"builder": {"id": ""}, "metadata": {"invocationId": "x", "startedOn": "2026-01-02T03:04:05.678Z"}}}`

	buildkitLocal = `{"builder": {"id": ""}, "buildType": "https://mobyproject.org/buildkit@v1", "invocation": {"configSource": {"entryPoint": "Dockerfile"}},
	  "metadata": {"https://mobyproject.org/buildkit@v1#metadata": {"vcs": {"revision": "` + commit + `", "source": "git@github.com:acme/app.git"}}}}`

	gitlab = `{"buildDefinition": {"buildType": "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/v17/PROVENANCE.md",
	  "externalParameters": {"source": "https://gitlab.com/acme/app", "entryPoint": "build", "variables": {"CI_COMMIT_TAG": "v2.0.0", "CI_COMMIT_REF_NAME": "v2.0.0"}},
	  "resolvedDependencies": [{"uri": "https://gitlab.com/acme/app", "digest": {"sha256": "` + commit + `"}}]},
	  "runDetails": {"builder": {"id": "https://gitlab.com/acme/app/-/runners/12"}}}`

	google = `{"buildDefinition": {"buildType": "https://cloud.google.com/build/gcb-buildtypes/google-worker/v1",
	  "externalParameters": {"buildConfigSource": {"ref": "refs/heads/main", "repository": "git+https://github.com/acme/app", "path": "cloudbuild.yaml"}, "substitutions": {}},
	  "resolvedDependencies": [{"uri": "git+https://github.com/acme/app@refs/heads/main", "digest": {"gitCommit": "` + commit + `"}}]},
	  "runDetails": {"builder": {"id": "https://cloudbuild.googleapis.com/GoogleHostedWorker"}}}`
)

func parse(t *testing.T, kind, predicate string) *slsa.Provenance {
	t.Helper()
	p, err := slsa.Parse(kind, []byte(predicate))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, kind, predicate string
		want                  slsa.Source
	}{
		{"GitHub", slsa.PredicateV1, github, slsa.Source{URI: "https://github.com/acme/app", Ref: "refs/tags/v1.4.2", Commit: commit, Path: ".github/workflows/release.yml"}},
		{"generator", slsa.PredicateV02, generator, slsa.Source{URI: "git+https://github.com/acme/app", Ref: "refs/heads/main", Commit: commit, Path: ".github/workflows/release.yml"}},
		{"BuildKit", slsa.PredicateV1, buildkit, slsa.Source{URI: "https://github.com/acme/app.git", Ref: "refs/heads/main", Commit: commit, Path: "Dockerfile"}},
		{"BuildKit, local context", slsa.PredicateV02, buildkitLocal, slsa.Source{URI: "git@github.com:acme/app.git", Commit: commit, Path: "Dockerfile"}},
		{"GitLab", slsa.PredicateV1, gitlab, slsa.Source{URI: "https://gitlab.com/acme/app", Ref: "refs/tags/v2.0.0", Commit: commit, Path: "build"}},
		{"Google Cloud Build", slsa.PredicateV1, google, slsa.Source{URI: "git+https://github.com/acme/app", Ref: "refs/heads/main", Commit: commit, Path: "cloudbuild.yaml"}},
	} {
		got := parse(t, c.kind, c.predicate)
		if diff := cmp.Diff(c.want, got.Source); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
	for _, bad := range []struct{ kind, predicate string }{
		{"https://spdx.dev/Document", github}, {slsa.PredicateV1, "{"}, {slsa.PredicateV1, `{"runDetails": 1}`},
		{slsa.PredicateV1, `{"runDetails": {}, "runDetails": {}}`}, {slsa.PredicateV02, `{"metadata": {"buildStartedOn": "soon"}}`},
	} {
		if _, err := slsa.Parse(bad.kind, []byte(bad.predicate)); err == nil {
			t.Errorf("%s %.40s: no error", bad.kind, bad.predicate)
		}
	}
}

func TestSameSource(t *testing.T) {
	for _, same := range []string{
		"github.com/acme/app", "https://github.com/acme/app", "git+https://github.com/acme/app@refs/heads/main", "https://GitHub.com/Acme/app.git",
		"git@github.com:acme/app.git", "ssh://git@github.com/acme/app", "https://github.com/acme/app/", "https://github.com/acme/app.git#main:dir", "https://token@github.com:443/acme/app",
	} {
		if !slsa.SameSource("https://github.com/acme/app", same) {
			t.Errorf("%q is another source", same)
		}
	}
	for _, other := range []string{
		"", "https://github.com", "https://github.com/acme/app2", "https://github.com/acme", "https://github.com.evil/acme/app", "https://evil/github.com/acme/app",
		"https://github.com@evil/acme/app", "file:///github.com/acme/app", "https://evil@x/github.com/acme/app", "https://github.com/acme/app/tree/main",
	} {
		if slsa.SameSource("https://github.com/acme/app", other) {
			t.Errorf("%q is taken for the source", other)
		}
	}
}

// hosted is a workflow's certificate, as Fulcio writes it for GitHub.
func hosted(signer, ref string) *seal.SignedBy {
	return &seal.SignedBy{Certificate: &seal.Certificate{
		Subject: signer, Issuer: "https://token.actions.githubusercontent.com",
		Extensions: seal.Extensions{
			BuildSignerURI: signer, RunnerEnvironment: "github-hosted", SourceRepositoryURI: "https://github.com/acme/app",
			SourceRepositoryRef: ref, SourceRepositoryDigest: commit,
		},
	}}
}

func TestVerify(t *testing.T) {
	tagged, main := "refs/tags/v1.4.2", "refs/heads/main"
	selfHosted := hosted(own, tagged)
	selfHosted.Certificate.Extensions.RunnerEnvironment = "self-hosted"
	elsewhere := hosted(own, tagged)
	elsewhere.Certificate.Extensions.SourceRepositoryURI = "https://github.com/evil/app"
	nameless := hosted(own, tagged)
	nameless.Certificate.Extensions = seal.Extensions{}
	issued := hosted(own, tagged)
	issued.Certificate.Issuer = "https://accounts.example.com"
	old := hosted(strings.Replace(builder, "v2.1.0", "v2.1.0-rc.1", 1), main)
	keyed := &seal.SignedBy{Key: "sha256:abc", Kind: "ECDSA"}

	for _, c := range []struct {
		name            string
		kind, predicate string
		signer          *seal.SignedBy
		expect          slsa.Expect
		ok              bool
		level           int
		why             string // a part of the reason or of a failed step
	}{
		{"GitHub", slsa.PredicateV1, github, hosted(own, tagged), slsa.Expect{SourceURI: "github.com/acme/app", Tag: "v1.4.2", Level: 2}, true, 2, "reusable workflow"},
		{"versioned", slsa.PredicateV1, github, hosted(own, tagged), slsa.Expect{SourceURI: "github.com/acme/app", VersionedTag: "v1.4"}, true, 2, ""},
		{"other version", slsa.PredicateV1, github, hosted(own, tagged), slsa.Expect{SourceURI: "github.com/acme/app", VersionedTag: "v1.3"}, false, 0, "ref is not"},
		{"level too low", slsa.PredicateV1, github, hosted(own, tagged), slsa.Expect{SourceURI: "github.com/acme/app", Level: 3}, false, 2, "level is not"},
		{"other branch", slsa.PredicateV1, github, hosted(own, tagged), slsa.Expect{SourceURI: "github.com/acme/app", Branch: "main"}, false, 0, "workflow.ref"},
		{"other source", slsa.PredicateV1, github, hosted(own, tagged), slsa.Expect{SourceURI: "github.com/acme/other"}, false, 0, "workflow.repository"},
		{"no source asked", slsa.PredicateV1, github, hosted(own, tagged), slsa.Expect{}, false, 0, "no source was asked for"},
		{"certificate of another source", slsa.PredicateV1, github, elsewhere, slsa.Expect{SourceURI: "github.com/acme/app"}, false, 0, "agree"},
		{"certificate that names no source", slsa.PredicateV1, github, nameless, slsa.Expect{SourceURI: "github.com/acme/app"}, false, 0, "agree"},
		{"another workflow signed", slsa.PredicateV1, github, hosted("https://github.com/acme/app/.github/workflows/evil.yml@refs/tags/v1.4.2", tagged),
			slsa.Expect{SourceURI: "github.com/acme/app"}, false, 0, "agree"},
		{"self-hosted", slsa.PredicateV1, github, selfHosted, slsa.Expect{SourceURI: "github.com/acme/app"}, true, 1, "self-hosted"},
		{"other issuer", slsa.PredicateV1, github, issued, slsa.Expect{SourceURI: "github.com/acme/app"}, true, 1, "accounts.example.com"},
		{"unsigned", slsa.PredicateV1, github, nil, slsa.Expect{SourceURI: "github.com/acme/app"}, true, 1, "nobody signed"},
		{"a key", slsa.PredicateV1, github, keyed, slsa.Expect{SourceURI: "github.com/acme/app"}, true, 1, "no root says"},
		{"a key with a root", slsa.PredicateV1, github, keyed, slsa.Expect{SourceURI: "github.com/acme/app",
			Roots: []slsa.Root{{Name: "CI", Key: "sha256:abc", Builder: "https://github.com/acme/*", Level: 3}}}, true, 3, ""},
		{"generator", slsa.PredicateV02, generator, hosted(builder, main), slsa.Expect{SourceURI: "github.com/acme/app", Branch: "main", Level: 3,
			BuilderID: strings.Split(builder, "@")[0], Inputs: map[string]string{"channel": "stable", "dry": "false", "n": "3"}}, true, 3, ""},
		{"generator at another version", slsa.PredicateV02, generator, hosted(builder, main), slsa.Expect{SourceURI: "github.com/acme/app",
			BuilderID: strings.Replace(builder, "v2.1.0", "v2.0.0", 1)}, false, 0, "builder.id"},
		{"generator before release", slsa.PredicateV02, strings.Replace(generator, "v2.1.0", "v2.1.0-rc.1", 1), old,
			slsa.Expect{SourceURI: "github.com/acme/app"}, true, 2, ""},
		{"other input", slsa.PredicateV02, generator, hosted(builder, main), slsa.Expect{SourceURI: "github.com/acme/app", Inputs: map[string]string{"channel": "beta"}}, false, 0, "inputs"},
		{"missing input", slsa.PredicateV02, generator, hosted(builder, main), slsa.Expect{SourceURI: "github.com/acme/app", Inputs: map[string]string{"x": ""}}, false, 0, "inputs"},
		{"BuildKit", slsa.PredicateV1, buildkit, nil, slsa.Expect{SourceURI: "github.com/acme/app", Commit: strings.ToUpper(commit), Branch: "main"}, true, 1, "nobody signed"},
		{"empty", slsa.PredicateV1, "{}", nil, slsa.Expect{SourceURI: "github.com/acme/app"}, false, 0, "source is not"},
		{"other build type", slsa.PredicateV1, google, nil, slsa.Expect{SourceURI: "github.com/acme/app", BuildType: "x"}, false, 0, "buildType"},
	} {
		r := slsa.Verify(parse(t, c.kind, c.predicate), c.signer, &c.expect)
		if r.OK != c.ok || r.Level != c.level {
			t.Errorf("%s: ok %v level %d, want %v %d\n%+v", c.name, r.OK, r.Level, c.ok, c.level, r)
		}
		said := r.NotNext
		for _, s := range r.Steps {
			if !s.OK {
				said += "\n" + s.Text
			}
		}
		if !strings.Contains(said, c.why) {
			t.Errorf("%s: it says\n%s\nwithout %q", c.name, said, c.why)
		}
	}
}

func TestSummary(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	r := slsa.Verify(parse(t, slsa.PredicateV1, github), hosted(own, "refs/tags/v1.4.2"), &slsa.Expect{SourceURI: "github.com/acme/app"})
	data, err := json.Marshal(slsa.Summarise(r, "https://verifier.example", "ghcr.io/acme/app", slsa.Material{URI: "boltseal.yaml"}, now))
	if err != nil {
		t.Fatal(err)
	}
	s, err := slsa.ParseSummary(data)
	if err != nil {
		t.Fatal(err)
	}
	good := slsa.ExpectSummary{Verifier: "https://verifier.example", Resource: "ghcr.io/acme/app", Level: 2, MaxAge: time.Hour, Now: now.Add(time.Minute)}
	if r := slsa.VerifySummary(s, &good); !r.OK || r.Level != 2 {
		t.Errorf("refused: %+v", r)
	}
	for name, change := range map[string]func(*slsa.ExpectSummary){
		"verifier": func(e *slsa.ExpectSummary) { e.Verifier = "https://other" }, "no verifier": func(e *slsa.ExpectSummary) { e.Verifier = "" },
		"resource": func(e *slsa.ExpectSummary) { e.Resource = "x" }, "level": func(e *slsa.ExpectSummary) { e.Level = 3 },
		"age": func(e *slsa.ExpectSummary) { e.Now = now.Add(2 * time.Hour) }, "future": func(e *slsa.ExpectSummary) { e.Now = now.Add(-time.Hour) },
	} {
		e := good
		change(&e)
		if r := slsa.VerifySummary(s, &e); r.OK || r.Level != 0 {
			t.Errorf("%s: accepted", name)
		}
	}
	failed := slsa.Verify(parse(t, slsa.PredicateV1, github), nil, &slsa.Expect{SourceURI: "x/y/z"})
	if s := slsa.Summarise(failed, "v", "r", slsa.Material{}, now); s.VerificationResult != slsa.Failed || s.Level() != 0 {
		t.Errorf("a failure is summarised as %+v", s)
	}
	if _, err := slsa.ParseSummary([]byte(`{"verificationResult": "PASSED"}`)); err == nil {
		t.Error("a summary without verifier is read")
	}
}

// What Generate writes, Parse reads back.
func TestGenerate(t *testing.T) {
	env := func(m map[string]string) func(string) string { return func(k string) string { return m[k] } }
	for _, c := range []struct {
		name  string
		env   map[string]string
		facts slsa.Facts
		want  slsa.Provenance
	}{
		{"GitHub", map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/app", "GITHUB_REF": "refs/tags/v1.4.2", "GITHUB_SHA": commit,
			"GITHUB_WORKFLOW_REF": "acme/app/.github/workflows/release.yml@refs/tags/v1.4.2", "GITHUB_RUN_ID": "1", "GITHUB_RUN_ATTEMPT": "1", "RUNNER_ENVIRONMENT": "self-hosted"},
			slsa.Facts{}, slsa.Provenance{BuilderID: own, BuildType: "https://actions.github.io/buildtypes/workflow/v1", SelfHosted: true,
				Invocation: "https://github.com/acme/app/actions/runs/1/attempts/1",
				Source:     slsa.Source{URI: "https://github.com/acme/app", Ref: "refs/tags/v1.4.2", Commit: commit, Path: ".github/workflows/release.yml"}}},
		{"GitLab", map[string]string{"GITLAB_CI": "true", "CI_PROJECT_URL": "https://gitlab.com/acme/app", "CI_COMMIT_SHA": commit, "CI_COMMIT_BRANCH": "main",
			"CI_JOB_NAME": "build", "CI_RUNNER_ID": "12", "CI_JOB_URL": "https://gitlab.com/acme/app/-/jobs/9"},
			slsa.Facts{}, slsa.Provenance{BuilderID: "https://gitlab.com/acme/app/-/runners/12", BuildType: "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/main/PROVENANCE.md",
				Invocation: "https://gitlab.com/acme/app/-/jobs/9", Source: slsa.Source{URI: "https://gitlab.com/acme/app", Ref: "refs/heads/main", Commit: commit, Path: "build"}}},
		{"facts", nil, slsa.Facts{BuilderID: "https://ci.example/1", SourceURI: "https://git.example/acme/app", SourceRef: "refs/heads/main", Commit: commit},
			slsa.Provenance{BuilderID: "https://ci.example/1", BuildType: slsa.BuildTypeGeneric,
				Source: slsa.Source{URI: "git+https://git.example/acme/app", Ref: "refs/heads/main", Commit: commit}}},
	} {
		data, err := slsa.Generate(env(c.env), &c.facts)
		if err != nil {
			t.Fatal(err)
		}
		got := parse(t, slsa.PredicateV1, string(data))
		c.want.PredicateType = slsa.PredicateV1
		if diff := cmp.Diff(c.want, *got, cmpopts.IgnoreUnexported(slsa.Provenance{}), cmpopts.IgnoreFields(slsa.Provenance{}, "Materials", "Inputs")); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
	if _, err := slsa.Generate(env(nil), &slsa.Facts{}); err == nil {
		t.Error("provenance of nothing")
	}
}

func TestBuildKitMetadata(t *testing.T) {
	kind, predicate, digest, err := slsa.BuildKit([]byte(`{"buildx.build.provenance": ` + buildkit + `, "containerimage.digest": "sha256:aa"}`))
	if err != nil || kind != slsa.PredicateV1 || digest != "sha256:aa" || parse(t, kind, string(predicate)).Source.Commit != commit {
		t.Errorf("%s %s %v", kind, digest, err)
	}
	if kind, _, _, err = slsa.BuildKit([]byte(`{"buildx.build.provenance": ` + buildkitLocal + `}`)); err != nil || kind != slsa.PredicateV02 {
		t.Errorf("%s %v", kind, err)
	}
	if _, _, _, err = slsa.BuildKit([]byte(`{}`)); err == nil {
		t.Error("provenance out of nothing")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{github, buildkit, gitlab, google} {
		f.Add(slsa.PredicateV1, []byte(s))
	}
	f.Add(slsa.PredicateV02, []byte(generator))
	f.Add(slsa.PredicateV02, []byte(buildkitLocal))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		p, err := slsa.Parse(kind, data)
		if err != nil {
			return
		}
		r := slsa.Verify(p, nil, &slsa.Expect{SourceURI: "github.com/acme/app"})
		if r.Level > 1 {
			t.Errorf("level %d without a signature", r.Level)
		}
		if r.OK && !slsa.SameSource(p.Source.URI, "github.com/acme/app") {
			t.Errorf("accepted from %q", p.Source.URI)
		}
	})
}
