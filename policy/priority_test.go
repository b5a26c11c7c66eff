package policy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
)

func TestPriority(t *testing.T) {
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	kev := &boltseal.KEV{Added: day, Ransomware: true}
	for _, c := range []struct {
		name    string
		finding boltseal.Finding
		want    int
		reasons []string
	}{
		{"a lint", boltseal.Finding{Severity: boltseal.High, Fixes: []boltseal.Fix{{}}}, 43, []string{"high +38", "fix at hand +5"}},
		{"nothing known", boltseal.Finding{Advisory: &boltseal.Advisory{}}, 12, []string{"unknown +12"}},
		{"exploited", boltseal.Finding{Severity: boltseal.Medium, FixedIn: []string{"2"}, Advisory: &boltseal.Advisory{KEV: kev, EPSS: &boltseal.EPSS{Score: 1}}},
			72, []string{"medium +22", "seen exploited since 2026-11-01 +40", "in ransomware +5", "fix at hand +5"}},
		{"predicted", boltseal.Finding{Severity: boltseal.Critical, Advisory: &boltseal.Advisory{EPSS: &boltseal.EPSS{Score: 0.25, Date: day}}},
			65, []string{"critical +50", "EPSS 25.0% of 2026-11-01 +15"}},
		{"at the top", boltseal.Finding{Severity: boltseal.Critical, FixedIn: []string{"2"}, Advisory: &boltseal.Advisory{KEV: kev}},
			100, []string{"critical +50", "seen exploited since 2026-11-01 +40", "in ransomware +5", "fix at hand +5"}},
		{"development", boltseal.Finding{Severity: boltseal.Critical, Advisory: &boltseal.Advisory{}, Component: &boltseal.Component{Dev: true}},
			15, []string{"critical +50", "for development only, of it 30%"}},
		{"called", boltseal.Finding{Severity: boltseal.High, Reach: boltseal.ReachCalled}, 43, []string{"high +38", "the vulnerable code is linked in +5"}},
		{"not called", boltseal.Finding{Severity: boltseal.High, Reach: boltseal.ReachNotCalled}, 11,
			[]string{"high +38", "the vulnerable code is not linked in, of it 30%"}},
		{"malware", boltseal.Finding{Advisory: &boltseal.Advisory{Kind: boltseal.Malware}}, 100, []string{"malware: 100"}},
	} {
		r := &boltseal.Report{Findings: []boltseal.Finding{c.finding}}
		policy.Default().Judge(r, day)
		if got := r.Findings[0]; got.Score != c.want || !cmp.Equal(got.Reasons, c.reasons) {
			t.Errorf("%s: %d %q, want %d %q", c.name, got.Score, got.Reasons, c.want, c.reasons)
		}
	}
}

// A threshold on the score blocks, which needs the score to be there first.
func TestPriorityBlocks(t *testing.T) {
	threshold, err := policy.ParseThreshold("score>=70")
	if err != nil {
		t.Fatal(err)
	}
	p := policy.Default()
	p.FailOn = threshold
	r := &boltseal.Report{Findings: []boltseal.Finding{{Key: "k", Severity: boltseal.Medium, Advisory: &boltseal.Advisory{KEV: &boltseal.KEV{}}, FixedIn: []string{"1"}}}}
	if p.Judge(r, time.Now()); !r.Verdict.Allow {
		t.Error("67 points block at 70")
	}
	r.Findings[0].Severity = boltseal.High
	if p.Judge(r, time.Now()); r.Verdict.Allow {
		t.Error("83 points do not block at 70")
	}
}
