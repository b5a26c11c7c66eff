package cli

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "db",
		Short: "Fetch, build and inspect the advisory database",
		Example: `  boltseal db update
  boltseal db status`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; run: boltseal db --help", args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(dbStatus(env), dbUpdate(env), dbBuild(env), dbPush(env), dbPathCmd(env))
	return cmd
})

// dbPath is where the advisory database is, if nobody says otherwise.
func dbPath(env *Env) (string, error) {
	dir, err := cacheDir(env)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "db", "advisories.db"), nil
}

// dbFlag is the flag --db with its default.
type dbFlag struct{ path string }

func (f *dbFlag) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.path, "db", "", "the database file (default: where boltseal db path says)")
}

func (f *dbFlag) resolve(env *Env) (string, error) {
	if f.path != "" {
		return f.path, nil
	}
	return dbPath(env)
}

func dbPathCmd(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:     "path",
		Short:   "Print where the advisory database is kept",
		Example: "  boltseal db path",
		Args:    none,
		RunE: func(*cobra.Command, []string) error {
			path, err := dbPath(env)
			if err == nil {
				_, err = fmt.Fprintln(env.Stdout, path)
			}
			return err
		},
	}
}

func dbStatus(env *Env) *cobra.Command {
	var file dbFlag
	var asJSON, verify bool
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Print how old the advisory data is, feed by feed",
		Example: "  boltseal db status\n  boltseal db status --verify --json",
		Args:    none,
		RunE: func(*cobra.Command, []string) error {
			path, err := file.resolve(env)
			if err != nil {
				return err
			}
			db, err := advisory.Open(path)
			if err != nil {
				return fmt.Errorf("%w; run: boltseal db update", err)
			}
			defer db.Close()
			if verify {
				if err := db.Verify(); err != nil {
					return err
				}
			}
			if asJSON {
				return json.NewEncoder(env.Stdout).Encode(db.Snapshot())
			}
			fmt.Fprintf(env.Stdout, "%s\n", path)
			return printSnapshot(env.Stdout, db.Snapshot(), env.Now())
		},
	}
	file.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&verify, "verify", false, "read the whole file and compare every checksum")
	return cmd
}

func printSnapshot(w io.Writer, s *boltseal.Snapshot, now time.Time) error {
	fmt.Fprintf(w, "%s, built %s\n\n", s.ID, s.Built.Format(time.DateOnly))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FEED\tRECORDS\tNEWEST\tFETCHED\tSTATE")
	for _, feed := range s.Feeds {
		state := "ok"
		if feed.Error != "" {
			state = "stale: " + feed.Error
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\n", feed.Name, feed.Records, ago(feed.Modified, now), ago(feed.Fetched, now), state)
	}
	return table.Flush()
}

// ago is a moment as its distance from now.
func ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case t.IsZero():
		return "-"
	case d < time.Hour:
		return "just now"
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	}
}

func dbBuild(env *Env) *cobra.Command {
	var file dbFlag
	var from, kev, epss, ecosystems, feeds []string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Build the advisory database from files, without a network",
		Long: `Build the advisory database from files, without a network.

--from is a folder or archive of OSV records: OSV.dev's bucket layout, one
all.zip, or loose JSON files. --feed is a file or folder as another feed's
publisher serves it. The same input gives the same bytes.`,
		Example: `  boltseal db build --from mirror/osv --kev mirror/known_exploited_vulnerabilities.json --db advisories.db
  boltseal db build --from mirror/osv --feed debian=mirror/debian.json --feed alpine=mirror/secdb --db advisories.db`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			others, err := feedFiles(feeds)
			if err != nil {
				return err
			}
			if len(from)+len(others) == 0 {
				return usagef("--from: want the folder or archive to build from")
			}
			path, err := file.resolve(env)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return fmt.Errorf("build the advisory database: %w", err)
			}
			left := leftOut{env: env, verbose: verbose}
			snapshot, err := advisory.Build(cmd.Context(), path, append(sources(from, kev, epss, ecosystems), others...), &advisory.BuildOptions{Left: left.add})
			if err != nil {
				return err
			}
			left.close()
			return printBuilt(env, path, snapshot)
		},
	}
	file.register(cmd)
	fl := cmd.Flags()
	fl.StringArrayVar(&from, "from", nil, "folder, all.zip or JSON files of OSV records; may be repeated")
	fl.StringArrayVar(&kev, "kev", nil, "CISA's known_exploited_vulnerabilities.json")
	fl.StringArrayVar(&epss, "epss", nil, "FIRST's epss_scores CSV, plain or gzip")
	fl.StringArrayVar(&feeds, "feed", nil, "NAME=PATH: file or folder of another feed; may be repeated")
	fl.StringSliceVar(&ecosystems, "ecosystem", nil, "take only these ecosystems, such as Debian,npm")
	fl.BoolVarP(&verbose, "verbose", "v", false, "name every record that is left out")
	return cmd
}

func sources(osv, kev, epss, ecosystems []string) []advisory.Source {
	var all []advisory.Source
	for feed, places := range map[string][]string{"osv": osv, "kev": kev, "epss": epss} {
		for _, at := range places {
			s := advisory.Source{Feed: feed, At: at}
			if feed == "osv" {
				s.Ecosystems = ecosystems
			}
			all = append(all, s)
		}
	}
	return all
}

func dbUpdate(env *Env) *cobra.Command {
	var file dbFlag
	var baseURLs, kev, epss, ecosystems, prebuilt, feeds []string
	var digest, caFile string
	var full, verbose bool
	var timeout time.Duration
	remote := &pullFlags{}
	cmd := &cobra.Command{
		Use:   "update [REF]",
		Short: "Fetch what is new and build the advisory database anew",
		Long: `Fetch what is new and build the advisory database anew.

Without flags the publishers' own addresses are asked: OSV.dev for the
ecosystems that container images are made of, the distributions that say more
than their records there, CISA for KEV, FIRST for EPSS. --feed adds a feed that
is not fetched unasked ("all" adds each), gives the address of its mirror, or
leaves it out. --base-url names a mirror in the layout of OSV.dev's bucket;
given several times, the next is tried when one does not answer; no publisher
is asked then but those that --feed names. --prebuilt takes a database
that somebody else built: a file, an http(s) address, or oci://REFERENCE.

REF names what "boltseal db push" has published in a registry. Only what has
changed since is fetched, of --ecosystem only those parts, and with --key or
--certificate-identity nothing that was not signed so.
On any failure the old database stays.`,
		Example: `  boltseal db update
  boltseal db update --base-url http://127.0.0.1:8080/osv --ecosystem Debian,npm
  boltseal db update --feed redhat --feed debian=https://mirror.example/debian.json --feed oracle=none
  boltseal db update --key boltseal.pub registry.example.com/boltseal/db:v1
  boltseal db update --prebuilt /media/usb/advisories.db`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := file.resolve(env)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return fmt.Errorf("update the advisory database: %w", err)
			}
			if len(args) == 1 {
				remote.whole = full
				return remote.pull(cmd.Context(), env, args[0], path, ecosystems, caFile, timeout)
			}
			if remote.asked() {
				return usagef("--key and --certificate-identity are about a database in a registry: name it")
			}
			left := leftOut{env: env, verbose: verbose}
			from, err := updateSources(baseURLs, kev, epss, ecosystems, feeds)
			if err != nil {
				return err
			}
			opts := &advisory.UpdateOptions{
				Sources: from, Prebuilt: prebuilt,
				Full: full, Timeout: timeout, Now: env.Now(), Left: left.add,
				HTTPProxy: firstOf(env, "HTTP_PROXY", "http_proxy"), HTTPSProxy: firstOf(env, "HTTPS_PROXY", "https_proxy"),
				NoProxy: firstOf(env, "NO_PROXY", "no_proxy"), UserAgent: "boltseal/" + Version(),
				FetchOCI: func(ctx context.Context, ref string) (io.ReadCloser, error) { return fetchArtifact(ctx, env, ref) },
			}
			if digest != "" {
				if opts.Digest, err = boltseal.ParseDigest(digest); err != nil {
					return usageError{fmt.Errorf("--digest: %w", err)}
				}
			}
			if opts.RootCAs, err = rootCAs(caFile); err != nil {
				return usageError{err}
			}
			bar := &progress{env: env}
			opts.Progress = bar.download
			snapshot, err := advisory.Update(cmd.Context(), path, opts)
			bar.clear()
			if err != nil {
				return err
			}
			left.close()
			return printBuilt(env, path, snapshot)
		},
	}
	file.register(cmd)
	remote.register(cmd)
	fl := cmd.Flags()
	fl.StringArrayVar(&baseURLs, "base-url", nil, "mirror in the layout of OSV.dev's bucket (URL or folder); may be repeated")
	fl.StringArrayVar(&kev, "kev", nil, "URL or file of CISA's KEV JSON; none to leave it out")
	fl.StringArrayVar(&epss, "epss", nil, "URL or file of FIRST's EPSS CSV; none to leave it out")
	fl.StringArrayVar(&feeds, "feed", nil, "NAME or NAME=URL: another feed; NAME=none leaves it out; may be repeated")
	fl.StringSliceVar(&ecosystems, "ecosystem", nil, "take only these ecosystems, such as Debian,npm")
	fl.StringArrayVar(&prebuilt, "prebuilt", nil, "file, URL or oci:// reference of a built database; may be repeated")
	fl.StringVar(&digest, "digest", "", "what the prebuilt database's digest must be")
	fl.StringVar(&caFile, "ca-file", "", "PEM file of further certificate authorities")
	fl.BoolVar(&full, "full", false, "fetch everything anew, not only what changed")
	fl.DurationVar(&timeout, "timeout", 0, "give up on a server that sends nothing for so long (default 1m0s)")
	fl.BoolVarP(&verbose, "verbose", "v", false, "name every record that is left out")
	return cmd
}

func printBuilt(env *Env, path string, s *boltseal.Snapshot) error {
	records, failed := 0, 0
	for _, feed := range s.Feeds {
		records += feed.Records
		if feed.Error != "" {
			failed++
			fmt.Fprintf(env.Stderr, "boltseal: %s: kept the last data: %s\n", feed.Name, feed.Error)
		}
	}
	if _, err := fmt.Fprintf(env.Stdout, "%s: %d records of %d feeds, %s\n", path, records, len(s.Feeds), s.ID); err != nil {
		return err
	}
	if failed > 0 {
		return status(statusGap)
	}
	return nil
}

// leftOut tells of records that could not be taken: each when the user wants
// to know, their number otherwise.
type leftOut struct {
	env     *Env
	verbose bool
	n       int
}

func (l *leftOut) add(left advisory.Left) {
	l.n++
	if l.verbose {
		fmt.Fprintf(l.env.Stderr, "left out: %s %s: %s\n", left.Feed, left.ID, left.Why)
	}
}

func (l *leftOut) close() {
	if l.n > 0 && !l.verbose {
		fmt.Fprintf(l.env.Stderr, "boltseal: %d records or parts of them left out; --verbose names them\n", l.n)
	}
}

func firstOf(env *Env, names ...string) string {
	for _, name := range names {
		if value := env.Getenv(name); value != "" {
			return value
		}
	}
	return ""
}

func rootCAs(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read --ca-file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read --ca-file %s: no certificate in it", file)
	}
	return pool, nil
}

// unwrapAll is the innermost error.
func unwrapAll(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
