package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	helper "github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"
)

// Keychain finds credentials where users of docker, podman and skopeo keep
// them. The files are looked at in order and the first that knows the
// registry is believed.
type Keychain struct {
	// Files are the configuration files; those that do not exist are passed
	// over. See [AuthFiles].
	Files []string
	// Helper asks the program docker-credential-NAME about a registry. Nil
	// runs the program.
	Helper func(ctx context.Context, name, server string) (Credential, error)
}

// AuthFiles lists the files that may hold credentials, as env says:
// REGISTRY_AUTH_FILE, Docker's configuration, podman's.
func AuthFiles(env func(string) string) []string {
	var files []string
	add := func(dir string, rest ...string) {
		if dir != "" {
			files = append(files, filepath.Join(append([]string{dir}, rest...)...))
		}
	}
	home := env("HOME")
	if home == "" {
		home = env("USERPROFILE")
	}
	add(env("REGISTRY_AUTH_FILE"))
	if dir := env("DOCKER_CONFIG"); dir != "" {
		add(dir, "config.json")
	} else {
		add(home, ".docker", "config.json")
	}
	add(env("XDG_RUNTIME_DIR"), "containers", "auth.json")
	if dir := env("XDG_CONFIG_HOME"); dir != "" {
		add(dir, "containers", "auth.json")
	} else {
		add(home, ".config", "containers", "auth.json")
	}
	return files
}

// authConfig is Docker's configuration file (and containers-auth.json(5)), as
// far as it is about credentials.
type authConfig struct {
	Auths map[string]struct {
		Auth          string `json:"auth"`
		Username      string `json:"username"`
		Password      string `json:"password"`
		IdentityToken string `json:"identitytoken"`
		RegistryToken string `json:"registrytoken"`
	} `json:"auths"`
	CredsStore  string            `json:"credsStore"`
	CredHelpers map[string]string `json:"credHelpers"`
}

// maxAuthFile is far above what the files hold.
const maxAuthFile = 16 << 20

// Credential is the credential for a repository. Nobody is no error; an
// error says which file or helper could not be read.
func (kc *Keychain) Credential(ctx context.Context, ref Ref) (Credential, error) {
	var problems []error
	for _, name := range kc.Files {
		cred, err := kc.inFile(ctx, name, ref)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if cred != (Credential{}) {
			return cred, nil
		}
	}
	return Credential{}, errors.Join(problems...)
}

func (kc *Keychain) inFile(ctx context.Context, name string, ref Ref) (Credential, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Credential{}, nil
	}
	if err != nil {
		return Credential{}, fmt.Errorf("read credentials: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxAuthFile {
		return Credential{}, fmt.Errorf("read credentials %s: not a configuration file", name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return Credential{}, fmt.Errorf("read credentials: %w", err)
	}
	cred, err := kc.find(ctx, data, ref)
	if err != nil {
		return Credential{}, fmt.Errorf("read credentials %s: %w", name, err)
	}
	return cred, nil
}

// find looks a repository up in one file: a helper for its host first, then
// the entries from the most to the least exact, then the store for all.
func (kc *Keychain) find(ctx context.Context, data []byte, ref Ref) (Credential, error) {
	var config authConfig
	if err := json.Unmarshal(data, &config); err != nil {
		return Credential{}, err
	}
	for _, host := range hostNames(ref.Host) {
		if name := config.CredHelpers[host]; name != "" {
			return kc.ask(ctx, name, host)
		}
	}
	byKey := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(config.Auths)) {
		byKey[authKey(key)] = key
	}
	for _, want := range authKeys(ref) {
		key, ok := byKey[want]
		if !ok {
			continue
		}
		a := config.Auths[key]
		cred := Credential{Username: a.Username, Password: a.Password, IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken}
		if a.Auth != "" {
			user, password, err := decodeAuth(a.Auth)
			if err != nil {
				return Credential{}, fmt.Errorf("entry %s: %w", key, err)
			}
			cred.Username, cred.Password = user, password
		}
		// Docker leaves an empty entry where a store has the secret.
		if cred != (Credential{}) {
			return cred, nil
		}
	}
	if config.CredsStore != "" {
		return kc.ask(ctx, config.CredsStore, serverName(ref.Host))
	}
	return Credential{}, nil
}

var errAuth = errors.New("auth is not base64 of user:password")

func decodeAuth(s string) (user, password string, err error) {
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		if data, err = base64.RawStdEncoding.DecodeString(s); err != nil {
			return "", "", errAuth // never the secret itself
		}
	}
	user, password, ok := strings.Cut(string(data), ":")
	if !ok || user == "" {
		return "", "", errAuth
	}
	return user, strings.TrimRight(password, "\x00"), nil
}

// authKey is an entry's key without what older versions of Docker wrote
// around the host.
func authKey(key string) string {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	key = strings.TrimSuffix(key, "/")
	for _, version := range []string{"/v1", "/v2"} {
		key = strings.TrimSuffix(key, version)
	}
	return key
}

// hostNames are the names that a host goes by in configuration files.
func hostNames(host string) []string {
	if host == dockerHub {
		return []string{dockerHub, "index.docker.io", "https://index.docker.io/v1/", "registry-1.docker.io"}
	}
	return []string{host}
}

// serverName is what docker login calls the host when it stores a secret.
func serverName(host string) string {
	if host == dockerHub {
		return "https://index.docker.io/v1/"
	}
	return host
}

// authKeys are the keys that may hold a repository's credential, the most
// exact first (containers-auth.json(5)).
func authKeys(ref Ref) []string {
	var keys []string
	for _, host := range hostNames(ref.Host) {
		if strings.Contains(host, "://") {
			continue
		}
		for path := ref.Repository; path != ""; {
			keys = append(keys, host+"/"+path)
			path = path[:max(strings.LastIndexByte(path, '/'), 0)]
		}
	}
	slices.SortStableFunc(keys, func(a, b string) int { return strings.Count(b, "/") - strings.Count(a, "/") })
	for _, host := range hostNames(ref.Host) {
		keys = append(keys, authKey(host))
	}
	return keys
}

var errHelperName = errors.New("not the name of a credential helper")

// ask asks a credential helper. A helper that knows nothing of the server is
// no error.
func (kc *Keychain) ask(ctx context.Context, name, server string) (Credential, error) {
	if strings.ContainsAny(name, `/\`+"\x00") {
		return Credential{}, fmt.Errorf("%w: %q", errHelperName, name)
	}
	run := kc.Helper
	if run == nil {
		run = runHelper
	}
	cred, err := run(ctx, name, server)
	switch {
	case credentials.IsErrCredentialsNotFound(err), err != nil && credentials.IsErrCredentialsNotFoundMessage(err.Error()):
		return Credential{}, nil
	case err != nil:
		return Credential{}, fmt.Errorf("docker-credential-%s: %w", name, err)
	}
	return cred, nil
}

// runHelper runs the helper program and waits for it no longer than ctx.
func runHelper(ctx context.Context, name, server string) (Credential, error) {
	type answer struct {
		cred *credentials.Credentials
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		cred, err := helper.Get(helper.NewShellProgramFunc("docker-credential-"+name), server)
		done <- answer{cred, err}
	}()
	select {
	case <-ctx.Done():
		return Credential{}, ctx.Err()
	case a := <-done:
		if a.err != nil {
			return Credential{}, a.err
		}
		// This user name marks an identity token (docker-credential-helpers).
		if a.cred.Username == "<token>" {
			return Credential{IdentityToken: a.cred.Secret}, nil
		}
		return Credential{Username: a.cred.Username, Password: a.cred.Secret}, nil
	}
}
