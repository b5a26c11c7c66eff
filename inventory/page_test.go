package inventory_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/internal/signature"
	"github.com/boltseal/boltseal/inventory"
)

const page = "../docs/reference/ecosystems.md"

// TestPage keeps docs/reference/ecosystems.md what the registry says (-update
// writes it): each row names the files that it was tested with, which are
// there.
func TestPage(t *testing.T) {
	var b strings.Builder
	b.WriteString(pageHead)
	readers := 0
	for _, e := range inventory.Ecosystems() {
		tests, err := filepath.Glob("testdata/" + e.Name + "/*.txtar")
		if err != nil || len(tests) == 0 {
			t.Errorf("%s: no testdata, %v", e.Name, err)
		}
		for i, r := range e.Readers {
			readers++
			title, cases := e.Title, fmt.Sprintf("%d in [testdata/%s](../../inventory/testdata/%s)", len(tests), e.Name, e.Name)
			if i > 0 {
				title, cases = "", ""
			}
			fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", title, r.Name, wants(&r), cases)
		}
	}
	b.WriteString(pageMiddle)
	seen := 0
	for _, s := range signature.All() {
		data, err := os.ReadFile("../internal/signature/testdata/" + s.Name + ".txt")
		if err != nil || !strings.Contains(string(data), "like ") {
			t.Errorf("signature %s: no example, %v", s.Name, err)
		}
		real := ""
		for line := range strings.Lines(string(data)) {
			if rest, ok := strings.CutPrefix(line, "seen "); ok {
				seen++
				real = strings.TrimSpace(rest)
			}
		}
		name, feed := "any", ""
		if s.Files != nil {
			name = "`" + strings.Join(s.Files, "` `") + "`"
		}
		if s.Bitnami != "" {
			feed = "Bitnami " + s.Bitnami
		}
		fmt.Fprintf(&b, "| %s | `pkg:generic/%s` | %s | %s | %s |\n", s.Title, s.Name, name, feed, real)
	}
	fmt.Fprintf(&b, pageFoot, len(inventory.Ecosystems()), readers, len(signature.All()), seen)
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(have), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("%s is not what the registry says: run go test ./inventory -run Page -update\n%s", page, diff)
	}
}

// wants are the files of a reader in a cell of the table.
func wants(r *inventory.Reader) string {
	var all []string
	for _, f := range append(append([]string{}, r.Files...), r.Folders...) {
		all = append(all, "`"+f+"`")
	}
	if r.Sniff != nil {
		all = append(all, "executables, by content")
	}
	return strings.Join(all, " ")
}

const pageHead = `# What is found

This page is written by a test from the registry (` + "`go test ./inventory -run Page -update`" + `). A reader names the files that it reads; ` + "`**/`" + `
stands for any folder. In images, what is installed counts before what a lock file asks for.

| ecosystem | reader | files | tests |
| --- | --- | --- | --- |
`

const pageMiddle = `
## Programs and libraries known by their content

Each is a file in [internal/signature/data](../../internal/signature/data): texts that start the search in the read-only data of an executable, and a
regular expression for the version. Where the file belongs to an OS package that is this very software, it is evidence for the package; a copy inside
other software is a component of its own. Programs written in Go and Rust tell their modules themselves (` + "`golang/binary`, `rust/auditable`" + `), and are not
listed: traefik, vault, consul, grafana, helm, kubectl, containerd, runc and the like are found by their build information. A shared library whose name no
signature has is looked through where its text is shorter than 2 MiB.

| software | component | file names | advisories | verified on |
| --- | --- | --- | --- | --- |
`

const pageFoot = `
%d ecosystems with %d readers, %d signatures, of which %d were verified on a real file; the others are written after the software's sources.

Not yet: MongoDB, Valkey, Envoy, Julia's runtime, IBM's OpenJ9 by content; WordPress and its plugins; Bottlerocket's inventory; Terraform's lock files;
programs written in Go whose build information is gone.
`
