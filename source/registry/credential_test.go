package registry_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker-credential-helpers/credentials"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/boltseal/boltseal/source/registry"
)

// The archive holds configuration files, and a table of which repository gets
// which credential from which of them.
func TestKeychain(t *testing.T) {
	a, err := txtar.ParseFile("testdata/keychain.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir, table := t.TempDir(), ""
	for _, f := range a.Files {
		if f.Name == "want" {
			table = string(f.Data)
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	helper := func(_ context.Context, name, server string) (registry.Credential, error) {
		switch {
		case name == "broken":
			return registry.Credential{}, errors.New("exec: not found")
		case server == "unknown.example":
			return registry.Credential{}, credentials.NewErrCredentialsNotFound()
		}
		return registry.Credential{Username: name, Password: "for " + server}, nil
	}
	for line := range strings.Lines(table) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(fields) != 3 {
			continue
		}
		kc := registry.Keychain{Helper: helper}
		for name := range strings.SplitSeq(fields[0], "+") {
			kc.Files = append(kc.Files, filepath.Join(dir, name))
		}
		cred, err := kc.Credential(t.Context(), ref(t, fields[1]))
		got := "nobody"
		switch {
		case err != nil:
			got = "error " + strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
		case cred != registry.Credential{}:
			got = fmt.Sprintf("%s:%s", cred.Username, cred.Password)
			if cred.IdentityToken+cred.RegistryToken != "" {
				got = "identity " + cred.IdentityToken + " registry " + cred.RegistryToken
			}
		}
		if got = strings.TrimSpace(got); got != fields[2] {
			t.Errorf("%s %s: got %s, want %s", fields[0], fields[1], got, fields[2])
		}
	}
}

func TestAuthFiles(t *testing.T) {
	env := map[string]string{"HOME": "/home/ann", "XDG_RUNTIME_DIR": "/run/user/7"}
	get := func(k string) string { return env[k] }
	if diff := cmp.Diff([]string{
		"/home/ann/.docker/config.json", "/run/user/7/containers/auth.json", "/home/ann/.config/containers/auth.json",
	}, registry.AuthFiles(get)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	env["DOCKER_CONFIG"], env["REGISTRY_AUTH_FILE"], env["XDG_CONFIG_HOME"] = "/d", "/auth.json", "/x"
	if diff := cmp.Diff([]string{
		"/auth.json", "/d/config.json", "/run/user/7/containers/auth.json", "/x/containers/auth.json",
	}, registry.AuthFiles(get)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := registry.AuthFiles(func(string) string { return "" }); len(got) != 0 {
		t.Errorf("an empty environment: got %v", got)
	}
}

// A real program is run the way docker runs it: get on the command line, the
// server on standard input.
func TestHelperProgram(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\nread server\n[ \"$1\" = get ] && echo \"{\\\"Username\\\":\\\"<token>\\\",\\\"Secret\\\":\\\"for $server\\\"}\"\n"
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-test"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	config := filepath.Join(dir, "config.json")
	if err := os.WriteFile(config, []byte(`{"credHelpers":{"a.example":"test","b.example":"../../x"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	kc := registry.Keychain{Files: []string{config}}
	got, err := kc.Credential(t.Context(), ref(t, "a.example/x"))
	if err != nil || got != (registry.Credential{IdentityToken: "for a.example"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := kc.Credential(t.Context(), ref(t, "b.example/x")); err == nil || !strings.Contains(err.Error(), "not the name") {
		t.Errorf("a path for a helper: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := kc.Credential(ctx, ref(t, "a.example/x")); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}
