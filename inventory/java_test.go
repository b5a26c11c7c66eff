package inventory_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/inventory"
)

// archive builds a zip file of names and contents in turn. Archives in it are
// stored, as Spring Boot wants them; everything else is packed.
func archive(t testing.TB, entries ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		h := &zip.FileHeader{Name: entries[i], Method: zip.Deflate}
		if strings.HasSuffix(h.Name, ".jar") {
			h.Method = zip.Store
		}
		e, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(e, entries[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func pomProperties(group, name, version string) []string {
	return []string{
		"META-INF/maven/" + group + "/" + name + "/pom.properties",
		fmt.Sprintf("groupId=%s\nartifactId=%s\nversion=%s\n", group, name, version),
	}
}

func only(name string) []inventory.Ecosystem {
	for _, e := range inventory.Ecosystems() {
		if e.Name == name {
			return []inventory.Ecosystem{e}
		}
	}
	return nil
}

func TestJavaArchives(t *testing.T) {
	pom := "<project><licenses><license><name>The Apache Software License, Version 2.0</name></license></licenses></project>"
	lib := archive(t, append(pomProperties("org.example", "lib", "1.2"), "META-INF/maven/org.example/lib/pom.xml", pom)...)
	shaded := archive(t, append(pomProperties("org.example", "lib", "1.2"), pomProperties("com.shop", "client", "2.0")...)...)
	boot := archive(t,
		"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nImplementation-Title: shop\nImplementation-Version: 0.3\n\n",
		"BOOT-INF/lib/lib-1.2.jar", lib,
		"BOOT-INF/lib/client-2.0.jar", shaded,
		"BOOT-INF/lib/spring-core-5.3.9.jar", archive(t, "META-INF/MANIFEST.MF", "Implementation-Version: 5.3.9\n\n"),
	)
	tree := fstest.MapFS{
		"app/shop.jar":           {Data: []byte(boot)},
		"app/lib/lib-1.2.jar":    {Data: []byte(lib)},
		"app/lib/broken-1.0.jar": {Data: []byte(lib[:200])},
		"app/lib/empty.jar":      {Data: nil},
		"app/holiday.rar":        {Data: []byte("Rar!\x1a\x07\x01")},
	}
	result, err := inventory.Read(t.Context(), tree, &inventory.Options{Image: true, Ecosystems: only("java")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(describe(result)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "hash ") {
			got = append(got, line)
		}
	}
	want := []string{
		"pkg:maven/com.shop/client@2.0 embedded",
		"name com.shop:client, version 2.0, by java/archive",
		"at app/shop.jar!/BOOT-INF/lib/client-2.0.jar",
		"needs pkg:maven/org.example/lib@1.2",
		"pkg:maven/org.example/lib@1.2 embedded",
		"name org.example:lib, version 1.2, by java/archive",
		"at app/lib/lib-1.2.jar; app/shop.jar!/BOOT-INF/lib/client-2.0.jar; app/shop.jar!/BOOT-INF/lib/lib-1.2.jar",
		"license Apache-2.0",
		"pkg:maven/org.springframework/spring-core@5.3.9 matched",
		"name org.springframework:spring-core, version 5.3.9, by java/archive",
		"at app/shop.jar!/BOOT-INF/lib/spring-core-5.3.9.jar",
		"pkg:maven/shop@0.3 matched",
		"name shop, version 0.3, by java/archive",
		"at app/shop.jar",
		"needs pkg:maven/com.shop/client@2.0; pkg:maven/org.example/lib@1.2; pkg:maven/org.springframework/spring-core@5.3.9",
		"gap unreadable-file: file app/lib/broken-1.0.jar: not a zip file",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzPOM(f *testing.F)        { fuzzReader(f, "java", "pom.xml") }
func FuzzGradleLock(f *testing.F) { fuzzReader(f, "java", "gradle.lockfile") }
func FuzzSbtLock(f *testing.F)    { fuzzReader(f, "java", "build.sbt.lock") }
func FuzzJVMRelease(f *testing.F) { fuzzReader(f, "jvm", "opt/java/openjdk/release") }

func FuzzJavaArchive(f *testing.F) {
	lib := archive(f, pomProperties("org.example", "lib", "1.2")...)
	f.Add([]byte(lib))
	f.Add([]byte(archive(f, "lib/lib-1.2.jar", lib, "META-INF/MANIFEST.MF", "Implementation-Version: 1\nBundle-License: MIT, x;link=y\n\n")))
	fuzzSeeded(f, "java", "app-1.jar")
}
