package upgrade

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// tagShape is a version and what stands behind it: 3.18.2-slim.
var tagShape = regexp.MustCompile(`^(v?)(\d+(?:\.\d+)+)([-_].*)?$`)

// Bumps are the tags of a repository that could take a tag's place, nearest
// first: the newest with the same major and minor version, and the newest with
// the same major version. Only tags of the same form count, with the same
// number of parts and the same suffix. A tag that is no version, or one part
// alone, moves by itself and has none.
func Bumps(tag string, tags []string) []string {
	prefix, parts, suffix, ok := shape(tag)
	if !ok || len(parts) < 2 {
		return nil
	}
	var patch, minor string
	newest := func(best string, candidate []int) bool {
		if best == "" {
			return compare(candidate, parts) > 0
		}
		_, have, _, _ := shape(best)
		return compare(candidate, have) > 0
	}
	for _, t := range tags {
		p, v, s, ok := shape(t)
		if !ok || p != prefix || s != suffix || len(v) != len(parts) || v[0] != parts[0] || compare(v, parts) <= 0 {
			continue
		}
		if len(parts) > 2 && v[1] == parts[1] && newest(patch, v) {
			patch = t
		}
		if newest(minor, v) {
			minor = t
		}
	}
	return slices.DeleteFunc(slices.Compact([]string{patch, minor}), func(t string) bool { return t == "" })
}

func shape(tag string) (prefix string, parts []int, suffix string, ok bool) {
	m := tagShape.FindStringSubmatch(tag)
	if m == nil {
		return "", nil, "", false
	}
	for word := range strings.SplitSeq(m[2], ".") {
		n, err := strconv.Atoi(word)
		if err != nil {
			return "", nil, "", false
		}
		parts = append(parts, n)
	}
	return m[1], parts, m[3], true
}

func compare(a, b []int) int {
	for i := range min(len(a), len(b)) {
		if c := cmp.Compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}
