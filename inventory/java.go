package inventory

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/jar"
)

var _ = add(Ecosystem{
	Name:  "java",
	Title: "Java (jar, Maven, Gradle)",
	Readers: []Reader{
		{
			Name: "java/archive",
			Files: []string{
				"**/*.jar", "**/*.war", "**/*.ear", "**/*.par", "**/*.sar", "**/*.rar", "**/*.nar", "**/*.kar", "**/*.hpi", "**/*.jpi",
				"**/*.lpkg", "**/*.aar", "**/*.jmod",
			},
			Read: readJavaArchive,
		},
		{Name: "java/gradle-lockfile", Files: []string{"**/gradle.lockfile", "**/buildscript-gradle.lockfile"}, Read: readGradleLock},
		{Name: "java/sbt-lock", Files: []string{"**/build.sbt.lock"}, Read: readSbtLock},
		{Name: "java/pom", Files: []string{"**/pom.xml"}, Read: readPOM},
	},
})

// readJavaArchive says which artifacts an archive holds. What Maven left in
// it is certain; where it left nothing, name and manifest are only matched.
func readJavaArchive(ctx context.Context, in *Input) ([]boltseal.Component, error) {
	if in.Size == 0 {
		return nil, nil
	}
	tools := in.once("jar", func() any { return &jar.Tools{} }).(*jar.Tools)
	artifacts, err := jar.Read(ctx, in.File, in.Size, in.Path, &jar.Options{Limits: in.Limits, Tools: tools, Spare: in.spare})
	if errors.Is(err, jar.ErrFormat) && len(artifacts) == 0 {
		switch path.Ext(in.Path) {
		case ".rar", ".par", ".sar", ".nar", ".kar":
			return nil, nil // other formats use these extensions more often than Java
		}
	}
	components := make([]boltseal.Component, 0, len(artifacts))
	for i := range artifacts {
		a := &artifacts[i]
		c := boltseal.Component{
			PURL: mavenPURL(a.Group, a.Name, a.Version), Version: a.Version, Basis: boltseal.Embedded,
			Licenses: licenses(a.Licenses...), Supplier: a.Vendor,
			Locations: []boltseal.Location{{File: in.Path}},
		}
		if a.Path != "" {
			c.Locations[0].File += "!/" + a.Path
		}
		if a.SHA1 != "" {
			c.Hashes = []boltseal.Digest{boltseal.Digest("sha1:" + a.SHA1)}
		}
		if a.Guessed {
			c.Basis = boltseal.Matched
		}
		components = append(components, c)
		if a.Parent >= 0 {
			holder := &components[a.Parent]
			holder.DependsOn = append(holder.DependsOn, c.PURL)
		}
	}
	return components, err
}

// mavenPURL names an artifact. A guessed one may lack its group.
func mavenPURL(group, name, version string) string {
	return boltseal.PURL{Type: "maven", Namespace: group, Name: name, Version: version}.String()
}

// readGradleLock reads the lock file of Gradle's "dependency locking": one
// artifact a line and the configurations that use it.
func readGradleLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	var components []boltseal.Component
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		artifact, configurations, _ := strings.Cut(line, "=")
		parts := strings.Split(artifact, ":")
		if strings.HasPrefix(line, "#") || len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
			continue
		}
		components = append(components, boltseal.Component{
			PURL: mavenPURL(parts[0], parts[1], parts[2]), Dev: gradleDev(configurations) || strings.HasPrefix(in.base(), "buildscript-"),
		})
	}
	return components, nil
}

// gradleDev says whether only tests and tools of the build use an artifact.
func gradleDev(configurations string) bool {
	for name := range strings.SplitSeq(configurations, ",") {
		lower := strings.ToLower(name)
		tool := strings.Contains(lower, "test") || strings.Contains(lower, "annotationprocessor") || strings.Contains(lower, "checkstyle") ||
			strings.Contains(lower, "spotbugs") || strings.Contains(lower, "pmd") || strings.Contains(lower, "jacoco")
		if name != "" && !tool {
			return false
		}
	}
	return configurations != ""
}

// readSbtLock reads the lock file of sbt-dependency-lock.
func readSbtLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var lock struct {
		Dependencies []struct {
			Org            string   `json:"org"`
			Name           string   `json:"name"`
			Version        string   `json:"version"`
			Configurations []string `json:"configurations"`
		} `json:"dependencies"`
	}
	if err := in.json(&lock); err != nil {
		return nil, err
	}
	var components []boltseal.Component
	for _, d := range lock.Dependencies {
		if d.Org == "" || d.Name == "" || d.Version == "" {
			continue
		}
		components = append(components, boltseal.Component{
			PURL: mavenPURL(d.Org, d.Name, d.Version), Dev: gradleDev(strings.Join(d.Configurations, ",")),
		})
	}
	return components, nil
}
