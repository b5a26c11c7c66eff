// Package kubetest starts a Kubernetes control plane for a test: etcd and
// kube-apiserver as programs of the host, on loopback addresses and ports of
// their own, without nodes. What an API server decides by itself is real:
// validation, Pod Security admission, policies, webhooks, audit, RBAC. There
// is no controller: a Deployment makes no pods, and [Cluster.Namespace] makes
// the service account that pods need. Begin with [Start].
package kubetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Options are the optional parameters of [Start].
type Options struct {
	// Bin is the folder of etcd, kube-apiserver and kubectl; empty builds
	// them, which takes minutes the first time.
	Bin string

	// Dir holds keys, data and logs; empty is a new folder, which Stop removes.
	Dir string

	// APIServer are flags for kube-apiserver beside those that it needs.
	APIServer []string
}

// Cluster is a running control plane.
type Cluster struct {
	URL        string
	Kubeconfig string // a file, for an administrator
	Dir        string // keys, etcd.log, apiserver.log
	Bin        string
	Token      string // of the user "dev" in the group "developers", who is let do nothing
	CA         []byte // PEM

	client  *http.Client
	running []*program
	own     bool // the folder goes when the cluster does
}

// Build makes the programs, or finds them made, and returns their folder.
func Build(ctx context.Context, module string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(module, "build.sh"))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("build the control plane: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Start starts a control plane and waits until it is ready. It ends with
// Stop, or with the process that started it.
func Start(ctx context.Context, opts *Options) (c *Cluster, err error) {
	if opts == nil {
		opts = &Options{}
	}
	c = &Cluster{Dir: opts.Dir, Bin: opts.Bin}
	if c.Bin == "" {
		if c.Bin, err = Build(ctx, "kube"); err != nil {
			return nil, err
		}
	}
	if c.Dir == "" {
		if c.Dir, err = os.MkdirTemp("", "boltseal-kube-"); err != nil {
			return nil, err
		}
		c.own = true
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Stop())
		}
	}()
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	c.URL = fmt.Sprintf("https://127.0.0.1:%d", ports[0])
	if err := c.identities(); err != nil {
		return nil, err
	}
	store, peer := fmt.Sprintf("http://127.0.0.1:%d", ports[1]), fmt.Sprintf("http://127.0.0.1:%d", ports[2])
	if err := c.run("etcd", "etcd.log", "--data-dir", c.path("etcd"), "--listen-client-urls", store, "--advertise-client-urls", store,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer, "--unsafe-no-fsync"); err != nil {
		return nil, err
	}
	flags := append([]string{
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", ports[0]), "--etcd-servers=" + store,
		"--client-ca-file=" + c.path("ca.crt"), "--tls-cert-file=" + c.path("server.crt"), "--tls-private-key-file=" + c.path("server.key"),
		"--token-auth-file=" + c.path("tokens.csv"), "--service-account-key-file=" + c.path("accounts.pub"),
		"--service-account-signing-key-file=" + c.path("accounts.key"), "--service-account-issuer=" + c.URL,
		"--service-cluster-ip-range=10.0.0.0/24", "--authorization-mode=Node,RBAC", "--allow-privileged=true", "--endpoint-reconciler-type=none",
	}, opts.APIServer...)
	if err := c.run("kube-apiserver", "apiserver.log", flags...); err != nil {
		return nil, err
	}
	return c, c.ready(ctx)
}

// Stop ends the control plane and removes what it left, unless the folder was
// given.
func (c *Cluster) Stop() error {
	var errs []error
	for i := len(c.running) - 1; i >= 0; i-- {
		errs = append(errs, c.running[i].stop())
	}
	c.running = nil
	if c.own {
		errs = append(errs, os.RemoveAll(c.Dir))
	}
	return errors.Join(errs...)
}

func (c *Cluster) path(name string) string { return filepath.Join(c.Dir, name) }

// program is one that runs; done has the way in which it ended.
type program struct {
	cmd  *exec.Cmd
	done chan error
	log  string
}

func (c *Cluster) run(name, log string, args ...string) error {
	out, err := os.Create(c.path(log))
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(filepath.Join(c.Bin, name), args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = out, out, c.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	p := &program{cmd: cmd, done: make(chan error, 1), log: c.path(log)}
	go func() {
		// The signal of the parent's death is that of its thread, which this keeps.
		lockThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.done <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	c.running = append(c.running, p)
	return nil
}

func (p *program) stop() error {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-time.After(10 * time.Second):
	}
	if err := p.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("stop %s: %w", p.cmd.Path, err)
	}
	<-p.done
	return nil
}

// ready waits until the API server says that it is.
func (c *Cluster) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		status, body, err := c.Do(ctx, "GET", "/readyz", "", nil)
		if err == nil && status == http.StatusOK && string(body) == "ok" {
			return nil
		}
		for _, p := range c.running {
			select {
			case ended := <-p.done:
				p.done <- ended
				return fmt.Errorf("%s ended: %w\n%s", filepath.Base(p.cmd.Path), ended, tail(p.log))
			default:
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the API server: %w\n%s", ctx.Err(), tail(c.path("apiserver.log")))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Do sends one request as an administrator. The path begins with /.
func (c *Cluster) Do(ctx context.Context, method, path, contentType string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	return resp.StatusCode, out, err
}

// Namespace makes a namespace, or gives one that exists other labels, and the
// service account that a controller would make there.
func (c *Cluster) Namespace(ctx context.Context, name string, labels map[string]string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: %q\n  labels:\n    made-by: kubetest\n", name)
	for key, value := range labels {
		fmt.Fprintf(&text, "    %q: %q\n", key, value)
	}
	if err := c.apply(ctx, "/api/v1/namespaces/"+name, text.String()); err != nil {
		return err
	}
	return c.apply(ctx, "/api/v1/namespaces/"+name+"/serviceaccounts/default", "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: default\n")
}

func (c *Cluster) apply(ctx context.Context, path, text string) error {
	status, body, err := c.Do(ctx, "PATCH", path+"?fieldManager=kubetest&force=true", "application/apply-patch+yaml", []byte(text))
	if err != nil {
		return err
	}
	if status != http.StatusOK && status != http.StatusCreated {
		return fmt.Errorf("apply %s: %d %s", path, status, body)
	}
	return nil
}

// Kubectl runs kubectl as an administrator and returns what it prints.
func (c *Cluster) Kubectl(ctx context.Context, stdin io.Reader, args ...string) (stdout, stderr []byte, err error) {
	cmd := exec.CommandContext(ctx, filepath.Join(c.Bin, "kubectl"), append([]string{"--kubeconfig", c.Kubeconfig, "--cache-dir", c.path("kubectl")}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &errs
	err = cmd.Run()
	return out.Bytes(), errs.Bytes(), err
}

func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func tail(file string) []byte {
	b, err := os.ReadFile(file)
	if err != nil {
		return []byte(err.Error())
	}
	return b[max(0, len(b)-3000):]
}
