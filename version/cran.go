package version

// R packages: numbers with dots or hyphens between them, where of two that
// begin alike the longer is newer (R, package_version).
var _ = add(Scheme{Name: "cran", Compare: compareCRAN, Valid: validCRAN}, "CRAN", "Bioconductor")

func compareCRAN(a, b string) int {
	return compareNumberLists(a, b, hyphenated(a), hyphenated(b), '-')
}

// hyphenated returns the end of the numbers with dots or hyphens between them
// that s begins with.
func hyphenated(s string) int {
	end := digits(s, 0)
	for end > 0 && end+1 < len(s) && (s[end] == '.' || s[end] == '-') && isDigit(s[end+1]) {
		end = digits(s, end+1)
	}
	return end
}

func validCRAN(v string) bool { return v != "" && hyphenated(v) == len(v) }
