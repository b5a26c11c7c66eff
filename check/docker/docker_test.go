package docker_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/docker"
	"github.com/boltseal/boltseal/internal/ruleset/ruletest"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var suite = ruletest.Suite{
	Family: "docker", Ext: ".Dockerfile", Name: "Dockerfile",
	Run: func(t *testing.T, id string, files []ruletest.File) []boltseal.Finding {
		rule := slices.DeleteFunc(docker.Rules(), func(r docker.Rule) bool { return r.ID != id })
		source := files[0].Source
		findings := docker.Run(dockerfile.Parse(files[0].Name, source), rule, options(t, string(source)))
		return slices.DeleteFunc(findings, func(f boltseal.Finding) bool { return f.Waived != nil })
	},
}

func TestRules(t *testing.T) {
	checks := slices.DeleteFunc(docker.Checks(), func(c boltseal.Check) bool { return c.ID == "docker/syntax" }) // no rule
	suite.Test(t, checks)
}

// options reads "# options now=2026-11-01 context=.git,.env" in the first
// line of a part.
func options(t *testing.T, source string) *docker.Options {
	t.Helper()
	first, _, _ := strings.Cut(source, "\n")
	rest, ok := strings.CutPrefix(first, "# options ")
	if !ok {
		return nil
	}
	o := &docker.Options{}
	for field := range strings.FieldsSeq(rest) {
		key, value, _ := strings.Cut(field, "=")
		list := strings.Split(value, ",")
		switch key {
		case "now":
			now, err := time.Parse(time.DateOnly, value)
			if err != nil {
				t.Fatal(err)
			}
			o.Now = now
		case "context":
			o.Context = list
		case "ignored":
			o.Ignored = func(name string) bool { return slices.Contains(list, name) }
		case "labels":
			o.Labels = list
		case "registries":
			o.Registries = list
		default:
			t.Fatalf("option %q", key)
		}
	}
	return o
}
