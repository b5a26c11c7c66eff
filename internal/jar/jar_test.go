package jar_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/boltseal/boltseal/internal/jar"
	"github.com/boltseal/boltseal/internal/limit"
)

// file is one entry of an archive that a test builds; a name that ends in
// "!stored" is not packed.
type file struct{ name, data string }

func build(t testing.TB, files ...file) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: strings.TrimSuffix(f.name, "!stored"), Method: zip.Deflate}
		if h.Name != f.name {
			h.Method = zip.Store
		}
		e, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(e, f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func read(t testing.TB, data, name string) ([]jar.Artifact, error) {
	t.Helper()
	return jar.Read(t.Context(), strings.NewReader(data), int64(len(data)), name, &jar.Options{Limits: limit.Default()})
}

func properties(group, name, version string) file {
	return file{
		"META-INF/maven/" + group + "/" + name + "/pom.properties",
		"#Created by Apache Maven 3.8.1\r\nversion=" + version + "\r\ngroupId=" + group + "\r\nartifactId=" + name + "\r\n",
	}
}

func manifest(lines ...string) file {
	return file{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\nName: other\r\nImplementation-Version: 99\r\n"}
}

var class = file{"a/A.class", "\xca\xfe\xba\xbe"}

// short writes artifacts as group:name:version with what else matters.
func short(all []jar.Artifact) []string {
	out := []string{}
	for _, a := range all {
		s := fmt.Sprintf("%s:%s:%s", a.Group, a.Name, a.Version)
		if a.Path != "" {
			s += " in " + a.Path
		}
		if a.Guessed {
			s += " guessed"
		}
		if a.Shaded {
			s += " shaded"
		}
		if a.Parent >= 0 {
			s += " of " + all[a.Parent].Name
		}
		for _, l := range a.Licenses {
			s += " (" + l + ")"
		}
		out = append(out, s)
	}
	return out
}

func TestRead(t *testing.T) {
	pom := file{"META-INF/maven/org.example/lib/pom.xml", `<?xml version="1.0" encoding="ISO-8859-1"?>
<project xmlns="http://maven.apache.org/POM/4.0.0"><parent><groupId>org.example</groupId><version>7</version></parent>
<artifactId>lib</artifactId><licenses><license><name>Apache-2.0</name><url>u</url></license><license><url>http://x/y</url></license></licenses></project>`}
	lib := build(t, manifest("Bundle-License: MIT"), properties("org.example", "lib", "1.2"), class)
	plain := build(t, manifest("Implementation-Title: spring-core", "Implementation-Version: 5.3.9"), class)
	for _, c := range []struct {
		name string
		data string
		want []string
	}{
		{"lib-1.2.jar", lib, []string{"org.example:lib:1.2 (MIT)"}},
		{"renamed.jar", lib, []string{"org.example:lib:1.2 (MIT)"}},
		{"lib-9.jar", build(t, properties("org.example", "lib", "${project.version}"), pom), []string{"org.example:lib:7 (Apache-2.0) (http://x/y)"}},
		{"lib-9.jar", build(t, pom), []string{"org.example:lib:7 (Apache-2.0) (http://x/y)"}},
		{"lib-9.1.jar", build(t, properties("org.example", "lib", "debian")), []string{"org.example:lib:9.1"}},
		{"spring-core-5.3.9.jar", plain, []string{"org.springframework:spring-core:5.3.9 guessed"}},
		{
			"core-4.1.50.Final-linux-x86_64.jar",
			build(t, manifest("Bundle-SymbolicName: io.some.core;singleton:=true", "Bundle-Version: 4.1.50.Final")),
			[]string{"io.some:core:4.1.50.Final guessed"},
		},
		{"thing.jar", build(t, manifest("Implementation-Title: io.micro#thing;1.7.3", "Implementation-Version: 1.7.3")), []string{"io.micro:thing:1.7.3 guessed"}},
		{"mystery.jar", build(t, class), []string{":mystery: guessed"}},
		{"resources.jar", build(t, file{"x.txt", "x"}), []string{}},
		{
			"shop-2.0.jar",
			build(t, properties("org.example", "lib", "1.2"), properties("com.shop", "shop", "2.0"), properties("org.other", "other", "3"), class),
			[]string{"com.shop:shop:2.0", "org.example:lib:1.2 shaded of shop", "org.other:other:3 shaded of shop"},
		},
		{
			"uber.jar",
			build(t, properties("org.example", "lib", "1.2"), properties("org.other", "other", "3")),
			[]string{"org.example:lib:1.2 shaded", "org.other:other:3 shaded"},
		},
		{
			"app.war",
			build(t, manifest("Implementation-Version: 3"), file{"WEB-INF/lib/lib-1.2.jar", lib}, file{"WEB-INF/lib/spring-core-5.3.9.jar!stored", plain},
				file{"WEB-INF/lib/inner.ear!stored", build(t, file{"deep/lib-1.2.jar", lib})}),
			[]string{
				":app:3 guessed", "org.example:lib:1.2 in WEB-INF/lib/lib-1.2.jar of app (MIT)",
				"org.springframework:spring-core:5.3.9 in WEB-INF/lib/spring-core-5.3.9.jar guessed of app",
				"org.example:lib:1.2 in WEB-INF/lib/inner.ear!/deep/lib-1.2.jar of app (MIT)",
			},
		},
		{"started.jar", "#!/bin/sh\nexec java -jar $0\n" + lib, []string{"org.example:lib:1.2 (MIT)"}},
		{"java.base.jmod", "JM\x01\x00" + build(t, file{"classes/module-info.class", "x"}), []string{}},
		{"commented.jar", comment(lib, strings.Repeat("PK\x05\x06", 900)), []string{"org.example:lib:1.2 (MIT)"}},
	} {
		got, err := read(t, c.data, c.name)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, short(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// comment puts a comment behind the archive.
func comment(data, text string) string {
	b := []byte(data)
	binary.LittleEndian.PutUint16(b[len(b)-2:], uint16(len(text)))
	return string(b) + text
}

func TestManifestFolding(t *testing.T) {
	data := build(t, file{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\rBundle-SymbolicName: org.exam\r ple.fol\r ded\rBundle-Vers\r ion: 1\rBundle-Version: 2.5\r\rName: x\r"})
	got, err := read(t, data, "folded.jar")
	if err != nil {
		t.Fatal(err)
	}
	want := []jar.Artifact{{Group: "org.example", Name: "folded", Version: "2.5", Guessed: true, Parent: -1}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(jar.Artifact{}, "SHA1")); diff != "" {
		t.Error(diff)
	}
}

func TestSHA1(t *testing.T) {
	got, err := read(t, build(t, properties("g", "a", "1")), "a-1.jar")
	if err != nil || len(got) != 1 || len(got[0].SHA1) != 40 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestLarge reads the records of a zip file with more than 65,535 entries.
func TestLarge(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range 70_000 {
		if _, err := w.Create(fmt.Sprintf("f/%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	e, err := w.Create("META-INF/maven/g/a/pom.properties")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(e, "groupId=g\nartifactId=a\nversion=1\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"", "#!/bin/sh\n"} {
		got, err := read(t, prefix+b.String(), "a.jar")
		if diff := cmp.Diff([]string{"g:a:1"}, short(got)); diff != "" || err != nil {
			t.Errorf("%v, (-want +got):\n%s", err, diff)
		}
	}
	limits := limit.Default()
	limits.Entries = 1000
	if _, err := jar.Read(t.Context(), bytes.NewReader(b.Bytes()), int64(b.Len()), "a.jar", &jar.Options{Limits: limits}); !isLimit(err) {
		t.Errorf("70,000 entries with a limit of 1,000: %v", err)
	}
}

func isLimit(err error) bool {
	_, ok := errors.AsType[*limit.Error](err)
	return ok
}

func TestHostile(t *testing.T) {
	inner := build(t, properties("g", "a", "1"))
	nested := inner
	for range 40 {
		nested = build(t, file{"n.jar!stored", nested})
	}
	bomb := build(t, file{"META-INF/MANIFEST.MF", strings.Repeat(" ", 8<<20)})
	big := build(t, file{"lib/big.jar", strings.Repeat("\x00", 80<<20)})
	outside := []byte(inner)
	at := bytes.LastIndex(outside, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(outside[at+42:], 1<<30)
	for name, c := range map[string]struct {
		data  string
		limit bool
	}{
		"empty":          {"", false},
		"text":           {"not a zip", false},
		"truncated":      {inner[:len(inner)/2], false},
		"deep":           {nested, true},
		"manifest bomb":  {bomb, true},
		"nested bomb":    {big, true},
		"offset outside": {string(outside), false},
		"overlapping":    {overlapping(t), true},
	} {
		_, err := jar.Read(context.Background(), strings.NewReader(c.data), int64(len(c.data)), "x.jar", &jar.Options{Limits: small()})
		if err == nil || isLimit(err) != c.limit {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func small() limit.Limits {
	limits := limit.Default()
	limits.FileBytes = 64 << 20
	return limits
}

// overlapping makes an archive with 30,000 directory entries that all mean the
// same stored archive of 64 KiB.
func overlapping(t *testing.T) string {
	stored := build(t, file{"pad!stored", strings.Repeat("x", 64<<10)})
	one := build(t, file{"n.jar!stored", stored})
	at := strings.LastIndex(one, "PK\x01\x02")
	end := strings.LastIndex(one, "PK\x05\x06")
	directory := strings.Repeat(one[at:end], 30_000)
	record := []byte(one[end:])
	binary.LittleEndian.PutUint32(record[12:], uint32(len(directory)))
	return one[:at] + directory + string(record)
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	data := build(t, file{"a.jar", build(t, class)})
	if _, err := jar.Read(ctx, strings.NewReader(data), int64(len(data)), "x.jar", &jar.Options{Limits: limit.Default()}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	lib := build(f, manifest("Bundle-License: MIT"), properties("org.example", "lib", "1.2"), class)
	f.Add([]byte(lib))
	f.Add([]byte(build(f, manifest("Implementation-Version: 3"), file{"WEB-INF/lib/lib-1.2.jar", lib}, file{"l.jar!stored", lib})))
	f.Add([]byte("#!/bin/sh\n" + lib))
	tools := &jar.Tools{}
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := limit.Default()
		limits.FileBytes, limits.Entries = 4<<20, 10_000
		all, err := jar.Read(t.Context(), bytes.NewReader(data), int64(len(data)), "a-1.jar", &jar.Options{Limits: limits})
		again, errAgain := jar.Read(t.Context(), bytes.NewReader(data), int64(len(data)), "a-1.jar", &jar.Options{Limits: limits, Tools: tools, Spare: spare})
		if diff := cmp.Diff(all, again); diff != "" || fmt.Sprint(err) != fmt.Sprint(errAgain) {
			t.Errorf("side by side it is something else (-one by one +got): %v, %v\n%s", err, errAgain, diff)
		}
		for i, a := range all {
			if a.Name == "" || a.Parent >= i {
				t.Errorf("artifact %d: %+v", i, a)
			}
			if strings.ContainsAny(a.Group+a.Name+a.Version, "${}<> \n") {
				t.Errorf("coordinates with more than a literal: %+v", a)
			}
		}
	})
}

// spare has a goroutine for everyone.
func spare(task func()) bool {
	go task()
	return true
}

// TestSideBySide reads many archives in one, some of them bad, by several
// goroutines and by one.
func TestSideBySide(t *testing.T) {
	var files []file
	for i := range 60 {
		name := fmt.Sprintf("BOOT-INF/lib/lib%d-1.jar", i)
		body := build(t, properties("org.example", fmt.Sprintf("lib%d", i), "1"), class, file{"in/side-2.jar", build(t, class)})
		switch i % 5 {
		case 1:
			name += "!stored"
		case 2:
			body = body[:len(body)-10]
		case 3:
			body = build(t, file{"a.txt", strings.Repeat("x", 3<<20)}, properties("org.example", fmt.Sprintf("lib%d", i), "1"), class)
		}
		files = append(files, file{name, body})
	}
	data := build(t, files...)
	tools := &jar.Tools{}
	for _, c := range []struct {
		name string
		set  func(*limit.Limits)
		gap  bool
	}{
		{"all", func(*limit.Limits) {}, true},
		{"few entries", func(l *limit.Limits) { l.Entries = 150 }, true},
		{"few bytes", func(l *limit.Limits) { l.FileBytes = 20 << 10 }, true},
	} {
		limits := limit.Default()
		c.set(&limits)
		want, wantErr := jar.Read(t.Context(), strings.NewReader(data), int64(len(data)), "app.jar", &jar.Options{Limits: limits})
		if len(want) < 2 || wantErr == nil {
			t.Fatalf("%s: %d artifacts, %v", c.name, len(want), wantErr)
		}
		for range 5 {
			got, err := jar.Read(t.Context(), strings.NewReader(data), int64(len(data)), "app.jar", &jar.Options{Limits: limits, Tools: tools, Spare: spare})
			if diff := cmp.Diff(want, got); diff != "" || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Fatalf("%s: (-one by one +side by side): %v, want %v\n%s", c.name, err, wantErr, diff)
			}
		}
	}
}

// BenchmarkRead reads a fat jar of 300 archives, half of them packed.
func BenchmarkRead(b *testing.B) {
	var files []file
	for i := range 300 {
		name := fmt.Sprintf("BOOT-INF/lib/lib%d-1.jar", i)
		if i%2 == 0 {
			name += "!stored"
		}
		inner := []file{properties("org.example", fmt.Sprintf("lib%d", i), "1")}
		for n := range 500 {
			inner = append(inner, file{fmt.Sprintf("org/example/package%d/Class%d.class", n%10, n), strings.Repeat("x", 50)})
		}
		files = append(files, file{name, build(b, inner...)})
	}
	data := build(b, files...)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if all, err := read(b, data, "app.jar"); err != nil || len(all) < 300 {
			b.Fatal(len(all), err)
		}
	}
}
