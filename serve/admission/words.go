package admission

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/boltseal/boltseal"
)

// What the API server and its clients show: warnings longer than 256 bytes
// and more than 4 KiB of them are cut off by it.
const (
	mostReasons   = 10
	reasonBytes   = 240
	messageBytes  = 3000
	mostImageKeys = 20
)

// Message says why an object is refused, with the checks and what mends them.
func (d *Decision) Message() string {
	return clip(fmt.Sprintf("boltseal refuses %s: %s", d.Object, strings.Join(d.reasons(360), "; ")), messageBytes)
}

// warnings are for whoever sent an object that is let in all the same.
func (d *Decision) warnings() []string {
	var out []string
	for _, reason := range d.reasons(reasonBytes - len("boltseal: ")) {
		out = append(out, "boltseal: "+reason)
	}
	return out
}

// reasons are what stands in the way, the worst first, each once.
func (d *Decision) reasons(most int) []string {
	var out []string
	for i := range d.Blocking {
		f := &d.Blocking[i]
		reason := "[" + f.Check + "] " + oneLine(f.Message)
		if f.Check == podSecurity.ID || len(f.Fixes) == 0 {
			reason += remedy(f)
		} else {
			reason += " (fix: " + oneLine(f.Fixes[0].Title) + ")"
		}
		out = append(out, clip(reason, most))
	}
	for _, g := range d.Gaps {
		out = append(out, clip("could not look at "+oneLine(g.What)+": "+oneLine(g.Why), most))
	}
	out = distinct(out)
	if n := len(out); n > mostReasons {
		out = append(out[:mostReasons], fmt.Sprintf("and %d more", n-mostReasons))
	}
	return out
}

func distinct(all []string) []string {
	var out []string
	for _, s := range all {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// remedy says where to read on, for a finding that no edit mends.
func remedy(f *boltseal.Finding) string {
	return " (see: boltseal checks " + f.Check + ")"
}

// annotations go into the audit log of the API server.
func (d *Decision) annotations() map[string]string {
	verdict := "allowed"
	switch {
	case !d.Allowed:
		verdict = "denied"
	case d.Mode == "":
		verdict = "not-judged"
	case len(d.Blocking) > 0:
		verdict = "would-deny"
	case len(d.Gaps) > 0:
		verdict = "unseen"
	}
	out := map[string]string{"verdict": verdict, "why": d.Why}
	if d.Mode != "" {
		out["mode"] = string(d.Mode)
	}
	if d.Policy != "" {
		out["policy"] = string(d.Policy)
	}
	var checks, seen []string
	for i := range d.Blocking {
		checks = append(checks, d.Blocking[i].Check)
	}
	slices.Sort(checks)
	if checks = slices.Compact(checks); len(checks) > 0 {
		out["checks"] = clip(strings.Join(checks, ","), 1000)
	}
	if len(d.Gaps) > 0 {
		out["gap"] = clip(oneLine(d.Gaps[0].What+": "+d.Gaps[0].Why), 300)
	}
	for image, digest := range d.Images {
		seen = append(seen, image+" is "+digest)
	}
	slices.Sort(seen)
	if len(seen) > 0 {
		out["images"] = clip(oneLine(strings.Join(seen[:min(len(seen), mostImageKeys)], ", ")), 3000)
	}
	return out
}

// oneLine keeps what others wrote from looking like something else.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e || r == 0x2066 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// clip cuts a text at a whole rune.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	cut := max(most-len("…"), 0)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
