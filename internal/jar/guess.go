package jar

import (
	"path"
	"strings"
)

// guess names an archive that has no metadata of Maven's. The file name says
// most truly what the archive is called in a repository; the manifest knows
// who made it.
func (w *wanted) guess(file string) (group, name, version string) {
	name, version = splitFile(file)
	made := w.madeVersion()
	switch {
	case version == "":
		version = made
	case made != "" && strings.HasPrefix(version, made+"-") && !strings.HasPrefix(version[len(made):], "-SNAPSHOT"):
		version = made // a classifier follows in the file name
	}
	if version == "" && !w.classes {
		return "", "", "" // resources, or nothing but a shell around other archives
	}
	group = w.guessGroup(name)
	return group, name, version
}

// madeVersion is the version that the build wrote into the manifest.
func (w *wanted) madeVersion() string {
	for _, attribute := range []string{"Implementation-Version", "Bundle-Version"} {
		version := literal(w.manifest.get(attribute))
		if version != "" && version[0] >= '0' && version[0] <= '9' {
			return version
		}
	}
	return ""
}

// guessGroup looks for the group in what the manifest says. Reversed domain
// names are groups, perhaps with the artifact's own name behind them.
func (w *wanted) guessGroup(name string) string {
	if group := knownGroup(name); group != "" {
		return group
	}
	title, _, hash := strings.Cut(w.manifest.get("Implementation-Title"), "#") // as Gradle writes it: group#name;version
	if hash && domainName(title) {
		return title
	}
	for _, says := range []string{
		w.manifest.get("Implementation-Vendor-Id"), w.symbolicName(), w.manifest.get("Automatic-Module-Name"),
		w.manifest.get("Extension-Name"), w.manifest.get("Specification-Title"), w.manifest.get("Implementation-Title"),
	} {
		if says = literal(says); domainName(says) {
			return groupOf(says, name)
		}
	}
	return ""
}

// groupOf takes the artifact's name from the end of a reversed domain name:
// "com.fasterxml.jackson.core.jackson-databind" is of the group
// "com.fasterxml.jackson.core".
func groupOf(says, name string) string {
	for _, tail := range []string{name, strings.ReplaceAll(name, "-", "."), strings.ReplaceAll(name, "-", "_")} {
		if rest, ok := strings.CutSuffix(says, "."+tail); ok && strings.Contains(rest, ".") {
			return rest
		}
	}
	return says
}

// domainName says whether s begins like a reversed domain name.
func domainName(s string) bool {
	first, rest, ok := strings.Cut(s, ".")
	if !ok || rest == "" || strings.ContainsAny(s, " ,;:/") {
		return false
	}
	switch first {
	case "com", "org", "net", "io", "edu", "gov", "info", "dev", "de", "fr", "uk", "ch", "at", "nl", "be", "jp", "cn", "ru",
		"cz", "pl", "it", "es", "se", "no", "fi", "dk", "br", "au", "in", "ca", "eu", "us", "me", "co", "tech", "app", "ai",
		"cloud", "jakarta", "javax":
		return true
	}
	return false
}

// splitFile splits "name-1.2.3.jar". The version begins behind the first dash
// that a digit follows.
func splitFile(file string) (name, version string) {
	stem := strings.TrimSuffix(file, path.Ext(file))
	for at := 1; at+1 < len(stem); at++ {
		if stem[at] == '-' && stem[at+1] >= '0' && stem[at+1] <= '9' {
			name, version = stem[:at], withoutClassifier(stem[at+1:])
			if literal(name) == "" || literal(version) == "" {
				return "", ""
			}
			return name, version
		}
	}
	return literal(stem), ""
}

// withoutClassifier cuts what Maven puts behind the version of an artifact
// that is not the main one of its project.
func withoutClassifier(version string) string {
	for _, classifier := range []string{
		"-sources", "-javadoc", "-tests", "-test", "-test-sources", "-shaded", "-all", "-exec", "-uber", "-fat", "-standalone",
		"-jar-with-dependencies", "-with-dependencies", "-bundle", "-no_aop", "-nodeps",
	} {
		if rest, ok := strings.CutSuffix(version, classifier); ok {
			return rest
		}
	}
	for _, system := range []string{"-linux-", "-osx-", "-windows-", "-macos-"} {
		if at := strings.Index(version, system); at > 0 {
			return version[:at]
		}
	}
	return version
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }
