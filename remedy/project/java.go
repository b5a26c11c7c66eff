package project

import (
	"errors"
	"strconv"
	"strings"
)

const javaDockerfile = `
# syntax=docker/dockerfile:1

FROM {{builder}} AS build
WORKDIR /src
COPY {{manifests}} ./
{{fetch}}COPY . .
RUN --mount=type=cache,target={{cache}} {{build}}
# Exactly one archive can be run; sources, documentation and what a plugin replaced are not it.
RUN mkdir /out && find {{target}} -maxdepth 1 -name '*.jar' ! -name '*-sources.jar' ! -name '*-javadoc.jar' ! -name '*-plain.jar' ! -name 'original-*' -exec cp {} /out/app.jar ';' && test -s /out/app.jar

FROM gcr.io/distroless/java{{java}}-debian13:nonroot
COPY --from=build /out/app.jar /app/app.jar
WORKDIR /app
USER 65532:65532
EXPOSE {{port}}
# The image has no shell and no tools: Kubernetes asks the port itself.
HEALTHCHECK NONE
CMD ["app.jar"]
`

// javaMajor is the release that is built for, unless the project asks for
// another one with long support.
const javaMajor = 21

func mavenProject(f *folder, p *Project) error {
	p.Kind, p.Tool = "java", "maven"
	pom := f.read("pom.xml")
	if strings.Contains(pom, "<modules>") {
		return errors.New("pom.xml has several modules: run init in the one that makes the application")
	}
	if strings.Contains(pom, "<packaging>war</packaging>") {
		return errors.New("pom.xml makes a war, which needs a server of your choice around it")
	}
	java := javaOf(between(pom, "<java.version>", "</"), between(pom, "<maven.compiler.release>", "</"), between(pom, "<release>", "</"))
	p.ignore = []string{"target/", ".mvn/wrapper/maven-wrapper.jar"}
	p.java(java, "builder", "maven:3.9-eclipse-temurin-"+java, "manifests", "pom.xml", "cache", "/root/.m2",
		"fetch", "RUN --mount=type=cache,target=/root/.m2 mvn -B -q dependency:go-offline\n", "build", "mvn -B -DskipTests package", "target", "target")
	return nil
}

func gradleProject(f *folder, p *Project) error {
	p.Kind, p.Tool = "java", "gradle"
	name := f.first("build.gradle", "build.gradle.kts")
	text := f.read(name)
	settings := f.first("settings.gradle", "settings.gradle.kts")
	if strings.Contains(f.read(settings), "include") {
		return errors.New(settings + " includes other projects: run init in the one that makes the application")
	}
	task := "build -x test"
	if strings.Contains(text, "org.springframework.boot") {
		task = "bootJar"
	}
	java := javaOf(between(text, "JavaLanguageVersion.of(", ")"), between(text, "VERSION_", "\n"), between(text, "jvmToolchain(", ")"))
	builder, call, manifests := "gradle:8-jdk"+java, "gradle", strings.TrimSpace(name+" "+settings)
	if f.has("gradlew") && f.has("gradle/wrapper/gradle-wrapper.jar") {
		builder, call = "eclipse-temurin:"+java+"-jdk", "./gradlew"
	}
	p.ignore = []string{"build/", ".gradle/"}
	p.java(java, "builder", builder, "manifests", manifests, "cache", "/root/.gradle", "fetch", "",
		"build", "GRADLE_USER_HOME=/root/.gradle "+call+" --no-daemon "+task, "target", "build/libs")
	return nil
}

func (p *Project) java(java string, pairs ...string) {
	p.dockerfile = fill(javaDockerfile, append(pairs, "java", java, "port", strconv.Itoa(p.Port))...)
	p.note("port %d is a guess: nothing in the build file says which one it serves (--port)", p.Port)
}

// javaOf is the first of the releases that has an image to run on.
func javaOf(texts ...string) string {
	for _, text := range texts {
		switch text = strings.TrimSpace(text); text {
		case "17", "21", "25":
			return text
		}
	}
	return strconv.Itoa(javaMajor)
}

// between is the text behind the first open up to what follows, empty
// without either.
func between(s, open, end string) string {
	_, rest, ok := strings.Cut(s, open)
	inner, _, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return ""
	}
	return inner
}
