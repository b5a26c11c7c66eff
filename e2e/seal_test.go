package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The cosign releases that signatures are exchanged with.
const (
	cosign3 = "github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3"
	cosign2 = "github.com/sigstore/cosign/v2/cmd/cosign@v2.6.5"
)

// cosign builds a release of cosign once, which takes a few minutes of CPU.
func cosign(t *testing.T, module string) string {
	t.Helper()
	path := filepath.Join(cache, "bin", "cosign-"+module[strings.LastIndexByte(module, '@')+1:])
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if mode == "made" {
		skip(t, "cosign is not built: %s", path)
	}
	temp := t.TempDir()
	build := exec.Command("go", "install", "-trimpath", module)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOBIN="+temp)
	if out, err := build.CombinedOutput(); err != nil {
		skip(t, "build %s: %v\n%s", module, err, out)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mv", filepath.Join(temp, "cosign"), path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// bench is a folder, a registry with an image, and the programs under test.
type bench struct {
	t        *testing.T
	dir      string
	registry string
	image    string // by digest
	roots    string // a trusted root, so that cosign asks nobody
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, dir: t.TempDir(), registry: registry(t, "", "")}
	tool(t, "skopeo")
	b.image = b.push("app")
	b.roots = filepath.Join("..", "seal", "public_good.json")
	if abs, err := filepath.Abs(b.roots); err == nil {
		b.roots = abs
	}
	b.write("none.json", `{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}`)
	b.write("predicate.json", `{"buildDefinition":{"buildType":"https://example.test/build","externalParameters":{}},"runDetails":{"builder":{"id":"https://example.test/builder"}}}`)
	b.write("file", "what is signed\n")
	return b
}

// push puts the small image of the Alpine test at name.
func (b *bench) push(name string) string {
	b.t.Helper()
	layout := "oci:" + filepath.Join(cache, "images", "alpine", "oci")
	digest := filepath.Join(b.dir, name+".digest")
	b.ok(nil, "skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", "--digestfile", digest, layout, "docker://"+b.registry+"/"+name+":1")
	data, err := os.ReadFile(digest)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.registry + "/" + name + "@" + strings.TrimSpace(string(data))
}

func (b *bench) write(name, content string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// run runs a program in the folder and returns what it prints and its status.
func (b *bench) run(env []string, name string, args ...string) (string, int) {
	b.t.Helper()
	cmd := exec.CommandContext(b.t.Context(), name, args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "COSIGN_PASSWORD=secret", "BOLTSEAL_PASSWORD=secret", "COSIGN_YES=true", "HOME="+b.dir)
	cmd.Env = append(cmd.Env, env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		b.t.Fatalf("%s: %v", name, err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// ok runs a program that has to succeed.
func (b *bench) ok(env []string, name string, args ...string) string {
	b.t.Helper()
	out, code := b.run(env, name, args...)
	if code != 0 {
		b.t.Fatalf("%s %s: exit status %d\n%s", filepath.Base(name), strings.Join(args, " "), code, out)
	}
	return out
}

// fails runs a program that has to fail with the status and say why.
func (b *bench) fails(code int, why, name string, args ...string) {
	b.t.Helper()
	out, got := b.run(nil, name, args...)
	if got == 0 || code != 0 && got != code || !strings.Contains(out, why) {
		b.t.Errorf("%s %s: exit status %d, want %d and %q\n%s", filepath.Base(name), strings.Join(args, " "), got, code, why, out)
	}
}

// What boltseal signs cosign 3 and cosign 2 verify, in both forms and with
// every kind of key.
func TestCosignVerifiesBoltseal(t *testing.T) {
	new3, old2 := cosign(t, cosign3), cosign(t, cosign2)
	b := newBench(t)
	for _, kind := range []string{"ecdsa", "ed25519", "rsa"} {
		image := b.push(kind)
		b.ok(nil, binary, "key", "generate", "--kind", kind, "--output-prefix", kind)
		key, pub := kind+".key", kind+".pub"
		b.ok(nil, binary, "sign", "--key", key, "--legacy", "-a", "env=test", image)
		b.ok(nil, binary, "attest", "--key", key, "--legacy", "--type", "slsaprovenance1", "--predicate", "predicate.json", image)
		common := []string{"--key", pub, "--insecure-ignore-tlog=true", "--allow-http-registry"}
		for _, c := range []struct {
			program string
			form    []string
		}{
			{new3, []string{"--trusted-root", b.roots}}, {new3, []string{"--new-bundle-format=false"}},
			{old2, []string{"--trusted-root", b.roots, "--new-bundle-format"}},
		} {
			args := append(append([]string{}, common...), c.form...)
			b.ok(nil, c.program, append(append([]string{"verify", "-a", "env=test"}, args...), image)...)
			b.ok(nil, c.program, append(append([]string{"verify-attestation", "--type", "slsaprovenance1"}, args...), image)...)
		}
		// cosign 2 prefers a bundle where there is one.
		old := b.push(kind + "-old")
		b.ok(nil, binary, "sign", "--key", key, "--legacy-only", "-a", "env=test", old)
		b.ok(nil, binary, "attest", "--key", key, "--legacy-only", "--type", "slsaprovenance1", "--predicate", "predicate.json", old)
		b.ok(nil, old2, append(append([]string{"verify", "-a", "env=test"}, common...), old)...)
		b.ok(nil, old2, append(append([]string{"verify-attestation", "--type", "slsaprovenance1"}, common...), old)...)
		b.ok(nil, binary, "sign-blob", "--key", key, "--bundle", "file.json", "file")
		b.ok(nil, new3, "verify-blob", "--key", pub, "--insecure-ignore-tlog=true", "--trusted-root", b.roots, "--bundle", "file.json", "file")
		b.ok(nil, binary, "sign-blob", "--key", key, "--signature", "file.sig", "file")
		b.ok(nil, old2, "verify-blob", "--key", pub, "--insecure-ignore-tlog=true", "--signature", "file.sig", "file")
	}
}

// What cosign signs boltseal verifies, and says which form it found.
func TestBoltsealVerifiesCosign(t *testing.T) {
	new3, old2 := cosign(t, cosign3), cosign(t, cosign2)
	b := newBench(t)
	for _, c := range []struct {
		program, kind, form string
		sign                []string
	}{
		{new3, "ecdsa", "sigstore bundle (cosign 3)", []string{"--signing-config", "none.json", "--trusted-root", b.roots}},
		// cosign 3.1.3 cannot sign an image with an Ed25519 key.
		{new3, "rsa", "sigstore bundle (cosign 3)", []string{"--signing-config", "none.json", "--trusted-root", b.roots}},
		{new3, "ecdsa", "simple-signing tag (cosign 2)", []string{"--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false"}},
		{old2, "ecdsa", "simple-signing tag (cosign 2)", []string{"--tlog-upload=false"}},
		{old2, "rsa", "simple-signing tag (cosign 2)", []string{"--tlog-upload=false"}},
		{old2, "ed25519", "simple-signing tag (cosign 2)", []string{"--tlog-upload=false"}},
	} {
		t.Run(filepath.Base(c.program)+" "+c.kind+" "+c.form, func(t *testing.T) {
			b := newBench(t)
			if c.kind == "ecdsa" {
				b.ok(nil, c.program, "generate-key-pair", "--output-key-prefix", "k")
			} else {
				b.ok(nil, binary, "key", "generate", "--kind", c.kind, "--output-prefix", "k")
			}
			b.ok(nil, binary, "key", "generate", "--output-prefix", "other")
			args := append([]string{"--key", "k.key", "--allow-http-registry"}, c.sign...)
			b.ok(nil, c.program, append(append([]string{"sign", "-a", "env=test"}, args...), b.image)...)
			b.ok(nil, c.program, append(append([]string{"attest", "--type", "slsaprovenance1", "--predicate", "predicate.json"}, args...), b.image)...)
			out := b.ok(nil, binary, "verify", "--key", "k.pub", "-a", "env=test", b.image)
			if !strings.Contains(out, c.form) {
				t.Errorf("want %q in:\n%s", c.form, out)
			}
			out = b.ok(nil, binary, "verify", "--key", "k.pub", "--type", "slsaprovenance1", "-o", "payload", b.image)
			if !strings.Contains(out, "https://example.test/build") {
				t.Errorf("got %s", out)
			}
			b.fails(1, "count", binary, "verify", "--key", "other.pub", "-o", "json", b.image)
			b.fails(1, `"test" and not "prod"`, binary, "verify", "--key", "k.pub", "-a", "env=prod", b.image)
			b.fails(1, "", binary, "verify", "--key", "k.pub", "--type", "spdxjson", b.image)
			b.fails(1, "no signature found", binary, "verify", "--key", "k.pub", b.push("unsigned"))
			b.ok(nil, binary, "copy", b.image, b.registry+"/mirror/app:1")
			b.ok(nil, binary, "verify", "--key", "k.pub", b.registry+"/mirror/app:1")
		})
	}
}

// Without a key: cosign and boltseal sign with certificates of one sigstore
// instance and verify each other, with logs of both API versions.
func TestKeylessWithCosign(t *testing.T) {
	new3, old2 := cosign(t, cosign3), cosign(t, cosign2)
	b := newBench(t)
	ss := sigstore(t)
	file := func(name string) string { return filepath.Join(ss, name) }
	token, err := os.ReadFile(file("token"))
	if err != nil {
		t.Fatal(err)
	}
	who := []string{"--certificate-identity", "dev@boltseal.test", "--certificate-oidc-issuer", "https://issuer.boltseal.test", "--trusted-root", file("trusted_root.json")}
	with := func(args ...[]string) []string {
		var all []string
		for _, a := range args {
			all = append(all, a...)
		}
		return all
	}
	// The forms of cosign 2, which know Rekor 1 only.
	config := file("signing-config-1.json")
	url, err := os.ReadFile(file("url"))
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"SIGSTORE_CT_LOG_PUBLIC_KEY_FILE=" + file("ct.pub"), "SIGSTORE_REKOR_PUBLIC_KEY=" + file("rekor.pub"), "SIGSTORE_ROOT_FILE=" + file("root.pem")}
	ours, theirs := b.push("ours"), b.push("theirs")
	b.ok(nil, binary, "sign", "--keyless", "--identity-token", file("token"), "--signing-config", config, "--trusted-root", file("trusted_root.json"), "--legacy-only", ours)
	b.ok(nil, old2, with([]string{"verify", "--allow-http-registry"}, who, []string{ours})...)
	b.ok(nil, new3, with([]string{"verify", "--allow-http-registry", "--new-bundle-format=false"}, who, []string{ours})...)
	common := []string{"--fulcio-url", string(url), "--rekor-url", string(url), "--identity-token", string(token), "--allow-http-registry"}
	b.ok(keys, old2, with([]string{"sign"}, common, []string{theirs})...)
	b.ok(keys, old2, with([]string{"attest", "--type", "slsaprovenance1", "--predicate", "predicate.json"}, common, []string{theirs})...)
	if out := b.ok(nil, binary, with([]string{"verify"}, who, []string{theirs})...); !strings.Contains(out, "simple-signing tag") {
		t.Errorf("got %s", out)
	}
	if out := b.ok(nil, binary, with([]string{"verify", "--type", "slsaprovenance1"}, who, []string{theirs})...); !strings.Contains(out, "DSSE attestation tag") {
		t.Errorf("got %s", out)
	}
	b.ok(keys, old2, "sign-blob", "--fulcio-url", string(url), "--rekor-url", string(url), "--identity-token", string(token), "--bundle", "old.json", "file")
	b.ok(nil, binary, with([]string{"verify-blob", "--offline", "--bundle", "old.json"}, who, []string{"file"})...)
	b.ok(nil, old2, "generate-key-pair", "--output-key-prefix", "old")
	b.ok(nil, old2, "sign-blob", "--key", "old.key", "--tlog-upload=false", "--bundle", "oldkey.json", "file")
	b.ok(nil, binary, "verify-blob", "--key", "old.pub", "--bundle", "oldkey.json", "file")
	for version := 1; version <= 2; version++ {
		config := file(fmt.Sprintf("signing-config-%d.json", version))
		ours, theirs := b.push(fmt.Sprintf("ours%d", version)), b.push(fmt.Sprintf("theirs%d", version))
		b.ok(nil, binary, "sign", "--keyless", "--identity-token", file("token"), "--signing-config", config, "--trusted-root", file("trusted_root.json"), ours)
		b.ok(nil, binary, with([]string{"verify"}, who, []string{ours})...)
		b.ok(nil, new3, with([]string{"verify", "--allow-http-registry", "--use-signed-timestamps"}, who, []string{ours})...)
		b.ok(nil, new3, "sign", "--identity-token", string(token), "--signing-config", config, "--trusted-root", file("trusted_root.json"), "--allow-http-registry", theirs)
		out := b.ok(nil, binary, with([]string{"verify", "-o", "json"}, who, []string{theirs})...)
		for _, step := range []string{`"sct"`, `"log"`, `"timestamp"`, `"certificate"`, `"identity"`} {
			if !strings.Contains(out, step) {
				t.Errorf("rekor %d: no step %s in %s", version, step, out)
			}
		}
		b.fails(1, "evil@boltseal.test", binary, "verify", "--certificate-identity", "evil@boltseal.test", "--certificate-oidc-issuer", "https://issuer.boltseal.test",
			"--trusted-root", file("trusted_root.json"), theirs)
		// The public instance does not vouch for it.
		b.fails(1, "", binary, "verify", "--certificate-identity", "dev@boltseal.test", "--certificate-oidc-issuer", "https://issuer.boltseal.test", theirs)

		// Offline, from a file.
		bundle := fmt.Sprintf("bundle%d.json", version)
		b.ok(nil, new3, "sign-blob", "--identity-token", string(token), "--signing-config", config, "--trusted-root", file("trusted_root.json"), "--bundle", bundle, "file")
		b.ok(nil, binary, with([]string{"verify-blob", "--offline", "--bundle", bundle}, who, []string{"file"})...)
		b.ok(nil, binary, "sign-blob", "--keyless", "--signing-config", config, "--identity-token", file("token"), "--bundle", "ours.json", "file")
		b.ok(nil, new3, with([]string{"verify-blob", "--bundle", "ours.json", "--use-signed-timestamps"}, who, []string{"file"})...)
	}
}

// sigstore starts the instance of package seal's tests and returns the folder
// with what is needed to use it.
func sigstore(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "seal.test")
	build := exec.Command("go", "test", "-c", "-o", program, "./seal")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the sigstore instance: %v\n%s", err, out)
	}
	cmd := exec.Command(program, "-test.run", "^TestServeSigstore$")
	cmd.Env = append(os.Environ(), "BOLTSEAL_SERVE_SIGSTORE="+dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close() })
	start(t, cmd)
	waitFor(t, "the sigstore instance", func() error {
		_, err := os.Stat(filepath.Join(dir, "ready"))
		return err
	})
	return dir
}

// A registry's owner who changes what is stored, and signatures moved from
// one image to another, are found out.
func TestTamperedRegistry(t *testing.T) {
	b := newBench(t)
	b.ok(nil, binary, "key", "generate", "--output-prefix", "k")
	b.ok(nil, binary, "sign", "--key", "k.key", b.image)
	var all []struct {
		Digest   string
		Verified []struct{ Source string }
	}
	out, _ := b.run(nil, binary, "verify", "--key", "k.pub", "-o", "json", b.image)
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) != 1 || len(all[0].Verified) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	other := b.registry + "/app:2"
	b.ok(nil, "skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", "oci:"+filepath.Join(cache, "images", "alpine", "zstd"), "docker://"+other)
	b.fails(1, "no signature found", binary, "verify", "--key", "k.pub", other)
	b.ok(nil, binary, "tree", b.image)
}
