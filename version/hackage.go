package version

// Haskell packages: numbers with dots between them, where of two that begin
// alike the longer is newer (Cabal, Distribution.Types.Version).
var _ = add(Scheme{Name: "hackage", Compare: compareHackage, Valid: validHackage}, "Hackage")

func compareHackage(a, b string) int {
	x, y := dotted(a), dotted(b)
	return compareNumberLists(a, b, x, y, '.')
}

// compareNumberLists orders lists of numbers, a[:x] and b[:y], that are
// divided by dots or by the other separator, then whatever follows them.
func compareNumberLists(a, b string, x, y int, separator byte) int {
	i, j := 0, 0
	for i < x && j < y {
		endA, endB := digits(a, i), digits(b, j)
		if c := compareNumbers(a[i:endA], b[j:endB]); c != 0 {
			return c
		}
		i, j = endA, endB
		if i < x && (a[i] == '.' || a[i] == separator) {
			i++
		}
		if j < y && (b[j] == '.' || b[j] == separator) {
			j++
		}
	}
	switch {
	case i < x:
		return 1
	case j < y:
		return -1
	}
	return compareGeneric(a[x:], b[y:])
}

func validHackage(v string) bool { return v != "" && dotted(v) == len(v) }
