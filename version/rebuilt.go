package version

import "strings"

// rebuilt returns the scheme of the vendors that rebuild other ecosystems'
// packages: "TuxCare:npm", "Docker Hardened Images:Alpine:3.20",
// "Root:Debian:12". Without a suffix that names an ecosystem only the generic
// order is left.
func rebuilt(vendor, suffix string) (*Scheme, bool) {
	switch vendor {
	case "Root", "TuxCare", "Docker Hardened Images":
	default:
		return nil, false
	}
	name, _, _ := strings.Cut(suffix, ":")
	inner, ok := ecosystems[name]
	if !ok {
		inner = ecosystems["OSS-Fuzz"]
	}
	if vendor == "Root" {
		return rootScheme(inner), true
	}
	return inner, true
}

// rootMark stands between a version and the number of Root's patch to it.
const rootMark = "root.io."

// rootScheme is the inner scheme with Root's patches, "1.0.0.root.io.2" or
// "1.0.0+root.io.2", behind the version that they patch.
func rootScheme(inner *Scheme) *Scheme {
	return &Scheme{
		Name: inner.Name,
		Compare: func(a, b string) int {
			a, patchA := cutRootPatch(a)
			b, patchB := cutRootPatch(b)
			if c := inner.Compare(a, b); c != 0 {
				return c
			}
			return compareGeneric(patchA, patchB)
		},
		Valid: func(v string) bool {
			v, _ = cutRootPatch(v)
			return inner.Valid(v)
		},
	}
}

func cutRootPatch(v string) (upstream, patch string) {
	i := strings.LastIndex(v, rootMark)
	if i < 1 || v[i-1] != '.' && v[i-1] != '+' {
		return v, ""
	}
	return v[:i-1], v[i+len(rootMark):]
}
