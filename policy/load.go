package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/boltseal/boltseal"
)

// Load reads a policy from the content of boltseal.yaml; name is what errors
// and waivers call the file. What the file does not say is as in [Default].
func Load(name string, data []byte) (*Policy, error) {
	root, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	p := Default()
	if root == nil {
		return p, nil
	}
	err = eachKey(root, map[string]func(ast.Node) error{
		"fail-on":        p.loadFailOn,
		"severity":       p.loadSeverity,
		"only-fixed":     func(n ast.Node) (err error) { p.OnlyFixed, err = boolean(n); return err },
		"allow-gaps":     p.loadAllowGaps,
		"unused-waivers": func(n ast.Node) error { return choose(n, &p.IgnoreUnusedWaivers, "report", "ignore") },
		"comments":       func(n ast.Node) error { return choose(n, &p.NoComments, "honour", "refuse") },
		"registries":     func(n ast.Node) (err error) { p.Registries, err = texts(n); return err },
		"labels":         func(n ast.Node) (err error) { p.Labels, err = texts(n); return err },
		"vex":            func(n ast.Node) (err error) { p.VEXFiles, err = texts(n); return err },
		"images":         p.loadTrust,
		"enforce":        func(ast.Node) error { return nil }, // what is prevented while it runs: sensor/enforce reads it
		"admission":      p.loadAdmission,
		"waivers":        func(n ast.Node) error { return p.loadWaivers(name, n) },
	})
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	return p, nil
}

func (p *Policy) loadFailOn(n ast.Node) error {
	words, err := texts(n)
	if err != nil {
		return err
	}
	if p.FailOn, err = ParseThreshold(words...); err != nil {
		return at(n, err)
	}
	return nil
}

func (p *Policy) loadSeverity(n ast.Node) error {
	words, err := texts(n)
	if err != nil {
		return err
	}
	if p.Severities, err = ParseSeverities(strings.Join(words, ",")); err != nil {
		return at(n, err)
	}
	return nil
}

func (p *Policy) loadAllowGaps(n ast.Node) error {
	words, err := texts(n)
	if err != nil {
		return err
	}
	for _, word := range words {
		for kind := range strings.SplitSeq(word, ",") {
			if kind = strings.TrimSpace(kind); kind == "" {
				return at(n, errors.New("want the kind of a gap, as reports name it"))
			}
			p.AllowGaps = append(p.AllowGaps, kind)
		}
	}
	return nil
}

// choose reads one of two words; the second sets the value.
func choose(n ast.Node, value *bool, unset, set string) error {
	word, err := text(n)
	if err != nil {
		return err
	}
	if word != unset && word != set {
		return at(n, fmt.Errorf("%q: want %s or %s", clip(word), unset, set))
	}
	*value = word == set
	return nil
}

func (p *Policy) loadWaivers(name string, n ast.Node) error {
	items, err := list(n)
	if err != nil {
		return err
	}
	for _, item := range items {
		w, err := loadWaiver(item)
		if err != nil {
			return err
		}
		w.Source = name
		p.Waivers = append(p.Waivers, w)
		p.lines = append(p.lines, lineOf(item))
	}
	return nil
}

func loadWaiver(n ast.Node) (boltseal.Waiver, error) {
	var w boltseal.Waiver
	into := func(s *string) func(ast.Node) error {
		return func(n ast.Node) (err error) {
			*s, err = text(n)
			*s = strings.TrimSpace(*s)
			return err
		}
	}
	err := eachKey(n, map[string]func(ast.Node) error{
		"id":     into(&w.ID),
		"path":   into(&w.Path),
		"key":    into(&w.Key),
		"reason": into(&w.Reason),
		"owner":  into(&w.Owner),
		"purl": func(n ast.Node) (err error) {
			if w.PURL, err = text(n); err != nil {
				return err
			}
			if _, err := boltseal.ParsePURL(w.PURL); err != nil {
				return at(n, err)
			}
			return nil
		},
		"expires": func(n ast.Node) (err error) {
			w.Expires, err = endOfDay(n)
			return err
		},
		"justification": func(n ast.Node) (err error) {
			if w.Justification, err = text(n); err == nil && !slices.Contains(Justifications, w.Justification) {
				err = at(n, fmt.Errorf("justification %q: want one of %s", clip(w.Justification), strings.Join(Justifications, ", ")))
			}
			w.Status = boltseal.StatusNotAffected
			return err
		},
	})
	if err != nil {
		return w, err
	}
	var missing []string
	if w.ID == "" && w.PURL == "" && w.Path == "" && w.Key == "" {
		missing = append(missing, "what it waives (id, purl, path or key)")
	}
	for _, must := range []struct {
		name string
		bad  bool
	}{{"a reason", w.Reason == ""}, {"an owner", w.Owner == ""}, {"a date (expires)", w.Expires.IsZero()}} {
		if must.bad {
			missing = append(missing, must.name)
		}
	}
	if len(missing) > 0 {
		return w, at(n, fmt.Errorf("waiver lacks %s", strings.Join(missing, ", ")))
	}
	return w, nil
}

// endOfDay reads YYYY-MM-DD as the last second of that day, UTC.
func endOfDay(n ast.Node) (time.Time, error) {
	word, err := text(n)
	if err != nil {
		return time.Time{}, err
	}
	day, err := time.Parse(time.DateOnly, word)
	if err != nil || day.Year() < 1 {
		return time.Time{}, at(n, fmt.Errorf("date %q: want YYYY-MM-DD", clip(word)))
	}
	return day.Add(24*time.Hour - time.Second), nil
}

// nearest is the known key that an unknown one was probably meant to be.
func nearest(unknown string, known []string) string {
	best, distance := "", 3
	for _, k := range known {
		if d := editDistance(unknown, k); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// editDistance counts the bytes to insert, delete or replace. Names that are
// much longer than any key are not compared.
func editDistance(a, b string) int {
	if len(a) > 32 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
