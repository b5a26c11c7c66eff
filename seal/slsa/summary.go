package slsa

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal/internal/strictjson"
)

// PredicateSummary is the type of a verification summary attestation.
const PredicateSummary = "https://slsa.dev/verification_summary/v1"

// Summary says that somebody verified an artifact, by which policy, and with
// what outcome, so that those after need not do it again (SLSA specification
// 1.2, "Verification Summary Attestation").
type Summary struct {
	Verifier struct {
		ID      string            `json:"id"`
		Version map[string]string `json:"version,omitempty"`
	} `json:"verifier"`
	TimeVerified       time.Time      `json:"timeVerified,omitzero"`
	ResourceURI        string         `json:"resourceUri"`
	Policy             Material       `json:"policy"`
	InputAttestations  []Material     `json:"inputAttestations,omitempty"`
	VerificationResult string         `json:"verificationResult"`
	VerifiedLevels     []string       `json:"verifiedLevels"`
	DependencyLevels   map[string]int `json:"dependencyLevels,omitempty"`
	SlsaVersion        string         `json:"slsaVersion,omitempty"`
}

// The outcomes of a verification.
const (
	Passed = "PASSED"
	Failed = "FAILED"
)

// Summarise makes the summary of a result.
func Summarise(r *Result, verifier, resource string, policy Material, now time.Time) *Summary {
	s := &Summary{
		TimeVerified: now.UTC().Truncate(time.Second), ResourceURI: resource, Policy: policy,
		VerificationResult: Failed, VerifiedLevels: []string{}, SlsaVersion: "1.2",
	}
	s.Verifier.ID = verifier
	if r.OK { // what failed has no level that a reader could take for one
		s.VerificationResult = Passed
		s.VerifiedLevels = []string{"SLSA_BUILD_LEVEL_" + strconv.Itoa(r.Level)}
	}
	return s
}

// ParseSummary reads the predicate of a summary.
func ParseSummary(predicate []byte) (*Summary, error) {
	var s Summary
	if err := strictjson.Unmarshal(predicate, &s); err != nil {
		return nil, fmt.Errorf("read verification summary: %w", err)
	}
	if s.Verifier.ID == "" || s.ResourceURI == "" || s.VerificationResult == "" {
		return nil, fmt.Errorf("read verification summary: %w", errSummary)
	}
	return &s, nil
}

var errSummary = errors.New("it names no verifier, no resource or no result")

// ExpectSummary is what a user asks of a summary.
type ExpectSummary struct {
	Verifier string        // id, must be given
	Resource string        // must be given
	Level    int           // the least build level
	MaxAge   time.Duration // 0 takes any age
	Now      time.Time
}

// VerifySummary compares a summary with what is expected of it.
func VerifySummary(s *Summary, e *ExpectSummary) *Result {
	r := &Result{OK: true, Level: s.Level()}
	p := &Provenance{}
	r.step(p, "verifier", e.Verifier, s.Verifier.ID, e.Verifier != "" && e.Verifier == s.Verifier.ID)
	r.step(p, "resource", e.Resource, s.ResourceURI, e.Resource != "" && e.Resource == s.ResourceURI)
	r.step(p, "result", Passed, s.VerificationResult, s.VerificationResult == Passed)
	if e.Level > 0 {
		r.step(p, StepLevel, "SLSA build level "+strconv.Itoa(e.Level), strings.Join(s.VerifiedLevels, ", "), r.Level >= e.Level)
	}
	if age := e.Now.Sub(s.TimeVerified); !s.TimeVerified.IsZero() && age < -time.Minute {
		r.step(p, "time", "before "+e.Now.UTC().Format(time.RFC3339), s.TimeVerified.UTC().Format(time.RFC3339), false)
	} else if e.MaxAge > 0 {
		r.step(p, "time", "at most "+e.MaxAge.String()+" old", s.TimeVerified.UTC().Format(time.RFC3339), !s.TimeVerified.IsZero() && age <= e.MaxAge)
	}
	if !r.OK {
		r.Level = 0
	}
	return r
}

// Level is the highest build level that was verified.
func (s *Summary) Level() int {
	levels := []int{0}
	for _, word := range s.VerifiedLevels {
		if n, err := strconv.Atoi(strings.TrimPrefix(word, "SLSA_BUILD_LEVEL_")); err == nil && n >= 0 && n <= 4 && strings.HasPrefix(word, "SLSA_BUILD") {
			levels = append(levels, n)
		}
	}
	return slices.Max(levels)
}
