package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/boltseal/boltseal/check/vuln"
	"github.com/boltseal/boltseal/scan"
	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/serve/api"
	"github.com/boltseal/boltseal/serve/dashboard"
	"github.com/boltseal/boltseal/store"
)

// serverFlags are the flags of the verbs that work on a server's store.
type serverFlags struct {
	database string
	jobs     int
	logJSON  bool
	feed     string
	keep     store.Retention
}

func (f *serverFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.database, "database", "", "sqlite:PATH or postgres://… (default: server.db in the user's data folder)")
	fl.IntVar(&f.jobs, "workers", 4, "jobs at once; 0 leaves them to boltseal worker")
	fl.StringVar(&f.feed, "db", "", "the advisory database; when it changes, everything is matched with it (default: where boltseal db path says)")
	fl.DurationVar(&f.keep.Reports, "keep-reports", 0, "how long reports are kept that newer ones have replaced (default 180 days)")
	fl.DurationVar(&f.keep.Fixed, "keep-fixed", 0, "how long findings are kept that are fixed (default 180 days)")
	fl.DurationVar(&f.keep.Alerts, "keep-alerts", 0, "how long alerts are kept (default 90 days)")
	fl.BoolVar(&f.logJSON, "log-json", false, "log as JSON, a line an entry")
}

// open opens the store that the flags name.
func (f *serverFlags) open(ctx context.Context, env *Env) (*store.DB, error) {
	address := f.database
	if address == "" {
		dir, err := dataDir(env)
		if err != nil {
			return nil, err
		}
		address = "sqlite:" + filepath.Join(dir, "server.db")
	}
	if !strings.HasPrefix(address, "sqlite:") && !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		return nil, usagef("--database: want sqlite:PATH or postgres://…")
	}
	return store.Open(ctx, address, &store.Options{Now: env.Now, Judge: serve.Judge(scan.Checks(), env.Now), Keys: vuln.Keys})
}

func (f *serverFlags) log(env *Env) *slog.Logger {
	if f.logJSON {
		return slog.New(slog.NewJSONHandler(env.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(env.Stderr, nil))
}

// dataDir is where boltseal keeps what it cannot make again.
func dataDir(env *Env) (string, error) {
	if dir := env.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "boltseal"), nil
	}
	if home := env.Getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "share", "boltseal"), nil
	}
	return "", usagef("no home directory: set XDG_DATA_HOME, or give --database")
}

// serveFlags are the flags of serve alone.
type serveFlags struct {
	serverFlags
	listen   string
	url      string
	newToken bool
	cert     string
	key      string
}

var _ = addVerb(func(env *Env) *cobra.Command {
	f := &serveFlags{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server: history, continuous monitoring, API, metrics",
		Long: `Run the server: history, continuous monitoring, API, metrics.

Without any flag it keeps everything in one SQLite file and listens on this
machine only. The first start prints a token of an administrator, once.`,
		Example: `  boltseal serve
  boltseal serve --listen 127.0.0.1:9000 --database sqlite:/srv/boltseal/server.db
  boltseal serve --database postgres://boltseal@db.example.org/boltseal`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error { return runServe(cmd.Context(), env, f) },
	}
	f.register(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.listen, "listen", "127.0.0.1:7077", "address and port")
	fl.StringVar(&f.url, "url", "", "the server as browsers see it, where a proxy stands before it")
	fl.StringVar(&f.cert, "tls-cert", "", "PEM file of the server's certificates; read anew when it changes")
	fl.StringVar(&f.key, "tls-key", "", "PEM file of their key")
	fl.BoolVar(&f.newToken, "new-admin-token", false, "print a new token of an administrator")
	return cmd
})

func runServe(ctx context.Context, env *Env, f *serveFlags) (err error) {
	if f.exposed() {
		return usagef("--listen %s: others reach it, and tokens must not cross a network in the clear: give --tls-cert and --tls-key, or --url https://… where a proxy adds TLS", f.listen)
	}
	db, err := f.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	log := f.log(env)
	work, err := newStation(ctx, env, &f.serverFlags, db, log)
	if err != nil {
		return err
	}
	config, err := f.tls(env, log)
	if err != nil {
		return err
	}
	s, err := serve.New(&serve.Options{DB: db, Queue: work.queue, Log: log, Now: env.Now, Version: Version(), URL: f.url, TLS: config, Received: work.received})
	if err != nil {
		return err
	}
	api.Mount(s)
	dashboard.Mount(s)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return s.Run(ctx, f.listen, func(addr string) error { return f.welcome(ctx, env, db, addr) })
	})
	if f.jobs > 0 {
		g.Go(func() error { return work.queue.Run(ctx) })
	}
	return g.Wait()
}

// exposed tells whether others than this machine would speak to the server
// without TLS.
func (f *serveFlags) exposed() bool {
	host := f.listen
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	local := host == "localhost" || host == "[::1]" || strings.HasPrefix(host, "127.")
	return !local && f.cert == "" && !strings.HasPrefix(f.url, "https://")
}

// tls is how the server proves who it is; nil where it does not.
func (f *serveFlags) tls(env *Env, log *slog.Logger) (*tls.Config, error) {
	if f.cert == "" && f.key == "" {
		return nil, nil //nolint:nilnil // plain HTTP
	}
	if f.cert == "" || f.key == "" {
		return nil, usagef("--tls-cert and --tls-key go together")
	}
	read := func() (cert, key []byte, err error) {
		if cert, err = readWhole(f.cert, 1<<20); err != nil {
			return nil, nil, err
		}
		key, err = readWhole(f.key, 1<<20)
		return cert, key, err
	}
	config, err := serve.TLS(read, env.Now, func(err error) { log.Error("the old certificate stays in use", "error", err.Error()) })
	if err != nil {
		return nil, usageError{err}
	}
	return config, nil
}

// welcome says where the server is and, the first time, how to get in.
func (f *serveFlags) welcome(ctx context.Context, env *Env, db *store.DB, addr string) error {
	where := f.url
	if where == "" {
		scheme := "http"
		if f.cert != "" {
			scheme = "https"
		}
		where = (&url.URL{Scheme: scheme, Host: addr}).String()
	}
	fmt.Fprintf(env.Stdout, "boltseal serves at %s\n", where)
	first, err := isFirst(ctx, db)
	if err != nil {
		return err
	}
	if !first && !f.newToken {
		return nil
	}
	secret, _, err := serve.NewToken(ctx, db, store.Token{Name: "administrator " + env.Now().UTC().Format(time.DateTime), Role: serve.Admin.String()}, "command line")
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "token of an administrator, shown this once: %s\n", secret)
	return nil
}

func isFirst(ctx context.Context, db *store.DB) (bool, error) {
	tokens, err := db.Tokens(ctx, nil)
	if err != nil {
		return false, err
	}
	accounts, err := db.Accounts(ctx)
	if err != nil {
		return false, err
	}
	return len(tokens) == 0 && len(accounts) == 0, nil
}

// secretFrom reads a secret from the environment or from a file.
func secretFrom(env *Env, name, file string) (string, error) {
	if file == "" {
		return env.Getenv(name), nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", usageError{fmt.Errorf("read the token: %w", err)}
	}
	return strings.TrimSpace(string(data)), nil
}
