package source

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// dockerHosts tells where Docker listens, as the docker command looks for it:
// the environment and the current context name a host; without them there is
// a list of where daemons put their sockets, rootless ones included.
func (o *opener) dockerHosts() (string, []string, error) {
	if host := o.Getenv("DOCKER_HOST"); host != "" {
		return host, nil, nil
	}
	if host, err := o.dockerContext(); err != nil || host != "" {
		return host, nil, err
	}
	hosts := []string{"unix:///var/run/docker.sock"}
	if dir := o.runtimeDir(); dir != "" {
		hosts = append(hosts, "unix://"+filepath.Join(dir, "docker.sock"))
	}
	if home := o.Getenv("HOME"); home != "" {
		hosts = append(hosts, "unix://"+filepath.Join(home, ".docker", "run", "docker.sock"),
			"unix://"+filepath.Join(home, ".docker", "desktop", "docker.sock"))
	}
	return "", hosts, nil
}

// podmanHosts tells where podman's service listens, as dockerHosts does.
func (o *opener) podmanHosts() (string, []string, error) {
	if host := o.Getenv("CONTAINER_HOST"); host != "" {
		return host, nil, nil
	}
	var hosts []string
	if dir := o.runtimeDir(); dir != "" {
		hosts = append(hosts, "unix://"+filepath.Join(dir, "podman", "podman.sock"))
	}
	return "", append(hosts, "unix:///run/podman/podman.sock"), nil
}

// runtimeDir is where the user's own services put their sockets.
func (o *opener) runtimeDir() string {
	if dir := o.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return dir
	}
	if uid := os.Getuid(); uid > 0 {
		return filepath.Join("/run/user", strconv.Itoa(uid))
	}
	return ""
}

// dockerContext is the host of Docker's current context, or "" for the
// default one. Docker Desktop and its kin are found through contexts.
func (o *opener) dockerContext() (string, error) {
	dir := o.Getenv("DOCKER_CONFIG")
	if home := o.Getenv("HOME"); dir == "" && home != "" {
		dir = filepath.Join(home, ".docker")
	}
	name := o.Getenv("DOCKER_CONTEXT")
	if name == "" && dir != "" {
		var config struct{ CurrentContext string }
		if err := readSmallJSON(filepath.Join(dir, "config.json"), &config); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("docker's current context: %w", err)
		}
		name = config.CurrentContext
	}
	if name == "" || name == "default" {
		return "", nil
	}
	// Contexts lie in folders called by the hash of their names.
	sum := sha256.Sum256([]byte(name))
	var meta struct {
		Endpoints map[string]struct{ Host string }
	}
	if err := readSmallJSON(filepath.Join(dir, "contexts", "meta", hex.EncodeToString(sum[:]), "meta.json"), &meta); err != nil {
		return "", fmt.Errorf("docker context %q: %w", clip(name, 100), err)
	}
	return meta.Endpoints["docker"].Host, nil
}

func readSmallJSON(name string, v any) error {
	f, err := openNamed(name)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size() > 16<<20 {
		err = errors.New("too large for a configuration file")
	}
	if err == nil {
		err = json.NewDecoder(f).Decode(v)
	}
	return errors.Join(err, f.Close())
}
