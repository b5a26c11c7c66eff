package policy

import "strings"

// match tells whether name fits pattern: "*" is any run of bytes without a
// slash, "**" as a whole segment is any number of segments (a final "/**" is
// everything below), everything else is itself. Its time grows with the product of the two lengths at most.
func match(pattern, name string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == name
	}
	// Only the last "**" needs to be tried again at other places: what an
	// earlier one could give, the later one can take as well.
	var retryPattern, retryName string
	retry := false
	for {
		segment, patternRest, patternMore := strings.Cut(pattern, "/")
		if segment == "**" {
			if !patternMore {
				return true
			}
			pattern = patternRest
			retryPattern, retryName, retry = pattern, name, true
			continue
		}
		part, nameRest, nameMore := strings.Cut(name, "/")
		if matchSegment(segment, part) {
			switch {
			case !patternMore && !nameMore:
				return true
			case patternMore && nameMore:
				pattern, name = patternRest, nameRest
				continue
			}
		}
		if !retry {
			return false
		}
		_, rest, more := strings.Cut(retryName, "/")
		if !more {
			return false
		}
		retryName = rest
		pattern, name = retryPattern, retryName
	}
}

// matchSegment matches one segment, where "*" is any run of bytes.
func matchSegment(pattern, name string) bool {
	star, mark := -1, 0
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case p < len(pattern) && pattern[p] == name[n]:
			p++
			n++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
