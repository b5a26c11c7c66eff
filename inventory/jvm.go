package inventory

import (
	"context"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "jvm",
	Title: "Java virtual machines",
	Readers: []Reader{
		{Name: "jvm/release", Files: []string{"**/release"}, Read: readJVMRelease},
	},
})

// jvmMakers are the builds of OpenJDK by what their maker's name contains.
var jvmMakers = []struct{ contains, name string }{
	{"GraalVM", "graalvm"}, {"Eclipse Adoptium", "temurin"}, {"AdoptOpenJDK", "adoptopenjdk"}, {"Amazon", "corretto"},
	{"Azul", "zulu"}, {"BellSoft", "liberica"}, {"SAP", "sapmachine"}, {"Microsoft", "microsoft-openjdk"},
	{"International Business Machines", "semeru"}, {"IBM", "semeru"}, {"JetBrains", "jetbrains-runtime"},
}

// readJVMRelease reads the file in the home of a Java runtime that says what
// it is.
func readJVMRelease(_ context.Context, in *Input) ([]boltseal.Component, error) {
	if in.Size > 1<<20 {
		return nil, nil // other things are called so as well
	}
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	facts := map[string]string{}
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		facts[name] = strings.Trim(value, `"`)
	}
	version := facts["JAVA_VERSION"]
	if version == "" || version[0] < '0' || version[0] > '9' || strings.ContainsAny(version, " /") {
		return nil, nil
	}
	maker := facts["IMPLEMENTOR"]
	name := "openjdk"
	if strings.HasPrefix(maker, "Oracle") && facts["BUILD_TYPE"] == "commercial" {
		name = "oracle-jdk"
	}
	for _, m := range jvmMakers {
		if strings.Contains(maker, m.contains) {
			name = m.name
			break
		}
	}
	if facts["GRAALVM_VERSION"] != "" {
		name = "graalvm"
	}
	if maker == "N/A" {
		maker = ""
	}
	return []boltseal.Component{{
		PURL: boltseal.PURL{Type: "generic", Name: name, Version: version}.String(), Basis: boltseal.Installed,
		Supplier: maker, CPEs: []string{jvmCPE(name, version)},
	}}, nil
}

// jvmCPE is the name under which NVD keeps the code that all builds share.
// Up to version 8 it counts updates.
func jvmCPE(name, version string) string {
	product := "openjdk"
	if name == "oracle-jdk" {
		product = "jdk"
	}
	update := "*"
	if old, number, ok := strings.Cut(version, "_"); ok {
		version, update = old, "update"+number
		if product == "openjdk" {
			version = strings.TrimSuffix(strings.TrimPrefix(version, "1."), ".0")
		}
	}
	return "cpe:2.3:a:oracle:" + product + ":" + version + ":" + update + ":*:*:*:*:*:*"
}
