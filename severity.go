package boltseal

import (
	"fmt"
	"strings"
)

// Severity is how bad a finding is. The zero value is not known.
type Severity int8

// The severities, mildest first.
const (
	Unknown Severity = iota
	Negligible
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"unknown", "negligible", "low", "medium", "high", "critical"}

// Severities lists them all, worst first.
func Severities() []Severity { return []Severity{Critical, High, Medium, Low, Negligible, Unknown} }

// String is the severity's lower-case name.
func (s Severity) String() string {
	if s < 0 || int(s) >= len(severityNames) {
		return severityNames[0]
	}
	return severityNames[s]
}

// ParseSeverity reads a severity in any of the words that feeds and tools
// use: "moderate" and "important" are medium and high.
func ParseSeverity(s string) (Severity, bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "critical":
		return Critical, true
	case "high", "important", "error":
		return High, true
	case "medium", "moderate", "warning":
		return Medium, true
	case "low", "minor", "info", "style":
		return Low, true
	case "negligible", "unimportant", "none":
		return Negligible, true
	case "unknown", "":
		return Unknown, true
	}
	return Unknown, false
}

// MarshalText writes the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes, and the words of ParseSeverity.
func (s *Severity) UnmarshalText(text []byte) error {
	got, ok := ParseSeverity(string(text))
	if !ok {
		return fmt.Errorf("severity %q: want critical, high, medium, low, negligible or unknown", clip(string(text), 40))
	}
	*s = got
	return nil
}

// SeverityOfScore rates a CVSS base score (CVSS v3.1 and v4.0, "Qualitative
// Severity Rating Scale").
func SeverityOfScore(score float64) Severity {
	switch {
	case score >= 9:
		return Critical
	case score >= 7:
		return High
	case score >= 4:
		return Medium
	case score > 0:
		return Low
	}
	return Negligible
}
