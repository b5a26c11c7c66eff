package version

// OCaml packages: opam orders the whole string as Debian orders an upstream
// version, without epoch and revision (opam manual, "version ordering").
var _ = add(Scheme{Name: "opam", Compare: compareDebPart, Valid: validOpam}, "opam")

func validOpam(v string) bool { return v != "" && only(v, "-_+.~") }
