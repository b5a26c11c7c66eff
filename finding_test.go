package boltseal_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/boltseal/boltseal"
)

func sample() boltseal.Finding {
	return boltseal.Finding{
		Check:     "vuln/known",
		Subject:   boltseal.Subject{Name: "registry.example:5000/app:1.0@sha256:00", Platform: "linux/amd64"},
		Component: &boltseal.Component{PURL: "pkg:deb/debian/openssl@3.0.9-1?arch=amd64", Basis: boltseal.Installed},
		Advisory:  &boltseal.Advisory{ID: "CVE-2024-0727"},
		Location:  boltseal.Location{File: "var/lib/dpkg/status", Line: 12},
	}
}

func TestKeyStaysWhenTheFindingIsTheSame(t *testing.T) {
	first := sample()
	first.Seal()
	for name, change := range map[string]func(*boltseal.Finding){
		"another tag":       func(f *boltseal.Finding) { f.Subject.Name = "registry.example:5000/app:2.0" },
		"another version":   func(f *boltseal.Finding) { f.Component.PURL = "pkg:deb/debian/openssl@3.0.10-1?arch=amd64" },
		"another line":      func(f *boltseal.Finding) { f.Location.Line = 99 },
		"another layer":     func(f *boltseal.Finding) { f.Location.Layer = "sha256:11" },
		"another severity":  func(f *boltseal.Finding) { f.Severity = boltseal.High },
		"another wording":   func(f *boltseal.Finding) { f.Message = "x" },
		"another databases": func(f *boltseal.Finding) { f.Location.File = "var/lib/dpkg/status.d/openssl" },
	} {
		f := sample()
		change(&f)
		if f.Seal(); f.Key != first.Key {
			t.Errorf("%s: the key changed", name)
		}
	}
	for name, change := range map[string]func(*boltseal.Finding){
		"another check":     func(f *boltseal.Finding) { f.Check = "vuln/malware" },
		"another image":     func(f *boltseal.Finding) { f.Subject.Name = "registry.example:5000/other:1.0" },
		"another platform":  func(f *boltseal.Finding) { f.Subject.Platform = "linux/arm64" },
		"another advisory":  func(f *boltseal.Finding) { f.Advisory.ID = "CVE-2024-0728" },
		"another component": func(f *boltseal.Finding) { f.Component.PURL = "pkg:deb/debian/curl@3.0.9-1" },
		"another excerpt": func(f *boltseal.Finding) {
			f.Evidence = []boltseal.Evidence{{Kind: boltseal.EvidenceStable, Excerpt: "a"}}
		},
		"declared elsewhere": func(f *boltseal.Finding) { f.Component.Basis = boltseal.Declared },
	} {
		f := sample()
		change(&f)
		if f.Seal(); f.Key == first.Key {
			t.Errorf("%s: the key is the same", name)
		}
	}
}

func TestFindingsComeWorstFirst(t *testing.T) {
	mild, bad := sample(), sample()
	mild.Severity, bad.Severity = boltseal.Low, boltseal.Critical
	other := bad
	other.Advisory = &boltseal.Advisory{ID: "CVE-2025-1"}
	list := []boltseal.Finding{mild, other, bad}
	slices.SortFunc(list, boltseal.Finding.Compare)
	if list[0].Advisory.ID != "CVE-2024-0727" || list[2].Severity != boltseal.Low {
		t.Errorf("got %v", list)
	}
	for _, a := range list {
		for _, b := range list {
			if a.Compare(b) != -b.Compare(a) {
				t.Errorf("%v and %v do not agree on their order", a, b)
			}
		}
	}
}

func TestSeverityInJSON(t *testing.T) {
	for _, s := range boltseal.Severities() {
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back boltseal.Severity
		if err := json.Unmarshal(data, &back); err != nil || back != s {
			t.Errorf("%s: got %v, %v", data, back, err)
		}
	}
	var s boltseal.Severity
	if err := json.Unmarshal([]byte(`"MODERATE"`), &s); err != nil || s != boltseal.Medium {
		t.Errorf("MODERATE: got %v, %v, want medium", s, err)
	}
	if err := json.Unmarshal([]byte(`"dreadful"`), &s); err == nil {
		t.Error("dreadful: want an error")
	}
}

func TestVerdictExitStatus(t *testing.T) {
	for _, c := range []struct {
		verdict boltseal.Verdict
		want    int
	}{
		{boltseal.Verdict{Allow: true}, 0},
		{boltseal.Verdict{Blocking: []string{"k"}}, 1},
		{boltseal.Verdict{Gaps: 2}, 3},
		{boltseal.Verdict{Blocking: []string{"k"}, Gaps: 2}, 1},
	} {
		if got := c.verdict.ExitStatus(); got != c.want {
			t.Errorf("%+v: got %d, want %d", c.verdict, got, c.want)
		}
	}
}

func TestParseDigest(t *testing.T) {
	const good = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if d, err := boltseal.ParseDigest(good); err != nil || d.Short() != "e3b0c44298fc" {
		t.Errorf("got %v, %v", d, err)
	}
	for _, bad := range []string{"", "sha256:", "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", good[:70], "md5:00", "sha512:" + good[7:]} {
		if _, err := boltseal.ParseDigest(bad); err == nil {
			t.Errorf("%q: want an error", bad)
		}
	}
}
