package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/serve/admission"
)

type admissionServeFlags struct {
	admissionFlags
	listen, cert, key, selfSigned string
	hosts                         []string
	logJSON                       bool
}

func newAdmissionServe(env *Env) *cobra.Command {
	f := &admissionServeFlags{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answer the API server of a cluster",
		Long: `Answer the API server of a cluster, at /validate. Certificates are read anew when
their files change. With --self-signed they are made: an authority, whose
certificate (ca.crt) the cluster is told once, and a server's certificate that
is made again before it runs out.`,
		Example: `  boltseal admission serve --listen 0.0.0.0:8443 --tls-cert tls.crt --tls-key tls.key
  boltseal admission serve --listen 0.0.0.0:8443 --self-signed certs --host boltseal.boltseal.svc`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error { return serveAdmission(cmd.Context(), env, f) },
	}
	f.register(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8443", "address and port")
	fl.StringVar(&f.cert, "tls-cert", "", "file of the certificate, with those between it and its authority")
	fl.StringVar(&f.key, "tls-key", "", "file of its key")
	fl.StringVar(&f.selfSigned, "self-signed", "", "folder for an authority and certificates that boltseal makes")
	fl.StringArrayVar(&f.hosts, "host", []string{"localhost", "127.0.0.1"}, "with --self-signed: name or address that the API server calls; may be repeated")
	fl.BoolVar(&f.logJSON, "log-json", false, "log as JSON, a line an entry")
	return cmd
}

func serveAdmission(ctx context.Context, env *Env, f *admissionServeFlags) error {
	if (f.selfSigned == "") == (f.cert == "" && f.key == "") || f.selfSigned == "" && (f.cert == "" || f.key == "") {
		return usagef("the API server speaks TLS only: give --tls-cert and --tls-key, or --self-signed DIR")
	}
	logger := slog.New(slog.NewTextHandler(env.Stderr, nil))
	if f.logJSON {
		logger = slog.New(slog.NewJSONHandler(env.Stderr, nil))
	}
	h, done, err := f.handler(ctx, env, logger)
	if err != nil {
		return err
	}
	defer done()
	certs := &webhookCerts{env: env, flags: f, log: logger}
	if _, err := certs.get(nil); err != nil {
		return usageError{err}
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certs.get}
	return h.Run(ctx, f.listen, config, func(addr string) error {
		fmt.Fprintf(env.Stdout, "boltseal admission answers at https://%s%s\n", addr, admission.Path)
		return nil
	})
}

// lookAgain is how often the files of certificates are looked at.
const lookAgain = time.Minute

// webhookCerts is the certificate that is shown, read anew now and then. One
// that cannot be read leaves the one before in place.
type webhookCerts struct {
	env   *Env
	flags *admissionServeFlags
	log   *slog.Logger

	mu     sync.Mutex
	shown  *tls.Certificate
	looked time.Time
}

func (w *webhookCerts) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.env.Now()
	if w.shown != nil && now.Sub(w.looked) < lookAgain {
		return w.shown, nil
	}
	w.looked = now
	cert, err := w.load(now)
	switch {
	case err == nil:
		w.shown = cert
	case w.shown == nil:
		return nil, err
	default:
		w.log.Warn("admission: the certificate before is still shown", "error", err)
	}
	return w.shown, nil
}

func (w *webhookCerts) load(now time.Time) (*tls.Certificate, error) {
	cert, key := w.flags.cert, w.flags.key
	if dir := w.flags.selfSigned; dir != "" {
		if err := w.make(dir, now); err != nil {
			return nil, err
		}
		cert, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	return &pair, nil
}

// make makes what is missing in a folder, or will not serve for much longer.
func (w *webhookCerts) make(dir string, now time.Time) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("--self-signed: %w", err)
	}
	read := func(name string) ([]byte, error) { return readSmall(w.env, filepath.Join(dir, name)) }
	write := func(name string, perm fs.FileMode, data []byte) error {
		return atomicfile.WriteBytes(filepath.Join(dir, name), perm, data)
	}
	ca, err := read("ca.crt")
	caKey, keyErr := read("ca.key")
	switch {
	case errors.Is(err, fs.ErrNotExist) && errors.Is(keyErr, fs.ErrNotExist):
		if ca, caKey, err = admission.NewAuthority(now); err != nil {
			return err
		}
		if err := errors.Join(write("ca.key", 0o600, caKey), write("ca.crt", 0o644, ca)); err != nil {
			return fmt.Errorf("--self-signed: %w", err)
		}
	case err != nil || keyErr != nil: // half an authority is not thrown away
		return fmt.Errorf("--self-signed: %w", errors.Join(err, keyErr))
	}
	cert, err := read("tls.crt")
	key, keyErr := read("tls.key")
	if err == nil && keyErr == nil && admission.Serves(ca, cert, key, w.flags.hosts, now) {
		return nil
	}
	if cert, key, err = admission.NewCertificate(ca, caKey, w.flags.hosts, now); err != nil {
		return err
	}
	if err := errors.Join(write("tls.key", 0o600, key), write("tls.crt", 0o644, cert)); err != nil {
		return fmt.Errorf("--self-signed: %w", err)
	}
	w.log.Info("admission: made a certificate", "hosts", w.flags.hosts)
	return nil
}
