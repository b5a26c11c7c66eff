package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/internal/cachedir"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/report"
	"github.com/boltseal/boltseal/scan"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/vex"
)

// scanFlags are the flags of the verbs that open a target.
type scanFlags struct {
	outputs  []string
	platform string
	verbose  bool
	jobs     int

	offline, plainHTTP, insecure bool
	caFile, username             string
	passwordStdin                bool
	timeout                      time.Duration

	cacheDir, tempDir string
	noCache           bool
	noSandbox         bool
	limits            limit.Limits

	db         string
	maxDBAge   time.Duration
	dockerfile string
	policyFile string
	checkFiles []string
	failOn     []string
	severities []string
	onlyFixed  bool
	allowGaps  []string
	vexFiles   []string
	baseline   string
}

// cacheBytes bounds the results kept of earlier runs.
const cacheBytes = 512 << 20

// registerOutput adds the flags of every verb that prints a report.
func (f *scanFlags) registerOutput(cmd *cobra.Command, format string) {
	fl := cmd.Flags()
	fl.StringArrayVarP(&f.outputs, "output", "o", []string{format}, "FORMAT or FORMAT=FILE, may be repeated: "+strings.Join(formatNames(), ", "))
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "say more")
	_ = cmd.RegisterFlagCompletionFunc("output", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return formatNames(), cobra.ShellCompDirectiveNoSpace
	})
}

// registerCheckFiles adds the flag for checks of the user's own.
func (f *scanFlags) registerCheckFiles(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.checkFiles, "check-file", nil, "file of checks of your own (boltseal policy --help); may be repeated")
}

// ownChecks loads the checks of the user's own. The policy, if there is one
// already, comes to know them by their names.
func (f *scanFlags) ownChecks(opts *scan.Options) error {
	sets, err := loadChecks(f.checkFiles)
	if err != nil {
		return usageError{err}
	}
	opts.Custom = sets
	if opts.Policy != nil {
		opts.Policy.Checks = append(opts.Policy.Checks, opts.OwnChecks()...)
	}
	return nil
}

// registerPolicy adds the flags that lie over the policy file.
func (f *scanFlags) registerPolicy(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.policyFile, "policy", "", "policy file (default: boltseal.yaml here, if there is one)")
	fl.StringArrayVar(&f.failOn, "fail-on", nil, "threshold that blocks, such as high,fixed or critical,kev or score>=70 or none; may be repeated (default "+policy.DefaultFailOn+")")
	fl.StringSliceVar(&f.severities, "severity", nil, "show findings of these severities only")
	fl.StringSliceVar(&f.allowGaps, "allow-gaps", nil, "kinds of gap that do not make the exit status 3, such as no-database, or *")
}

func (f *scanFlags) register(cmd *cobra.Command, format string) {
	f.registerOutput(cmd, format)
	f.registerSource(cmd)
}

// registerSource adds the flags of every verb that opens a target.
func (f *scanFlags) registerSource(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.platform, "platform", "", "os/arch[/variant] of an index, or all (the default)")
	fl.IntVarP(&f.jobs, "jobs", "j", 0, "layers and files read at once (default: the number of CPUs)")
	fl.BoolVar(&f.offline, "offline", false, "open no socket at all")
	fl.BoolVar(&f.plainHTTP, "plain-http", false, "speak to registries without TLS")
	fl.BoolVar(&f.insecure, "insecure-skip-tls-verify", false, "take any certificate of a registry")
	fl.StringVar(&f.caFile, "ca-file", "", "PEM file of further certificate authorities for registries")
	fl.StringVar(&f.username, "username", "", "user name for the registry (default: the docker configuration)")
	fl.BoolVar(&f.passwordStdin, "password-stdin", false, "read the registry password from standard input")
	fl.DurationVar(&f.timeout, "timeout", 0, "give up on a registry that sends nothing for so long (default 1m0s)")
	fl.StringVar(&f.cacheDir, "cache-dir", "", "where results are kept (default: the user's cache folder)")
	fl.BoolVar(&f.noCache, "no-cache", false, "read everything anew and keep nothing")
	fl.BoolVar(&f.noSandbox, "no-sandbox", false, "keep all rights of the process while reading the target")
	fl.StringVar(&f.tempDir, "temp-dir", "", "where large files are spooled (default: the system's)")
	d := limit.Default()
	fl.Int64Var(&f.limits.LayerBytes, "max-layer-bytes", d.LayerBytes, "inflated bytes of one layer")
	fl.Int64Var(&f.limits.TotalBytes, "max-total-bytes", d.TotalBytes, "inflated bytes of the whole target")
	fl.Int64Var(&f.limits.Ratio, "max-ratio", d.Ratio, "inflated bytes for each stored byte")
	fl.Int64Var(&f.limits.Entries, "max-entries", d.Entries, "entries of all archives")
	fl.Int64Var(&f.limits.PathLength, "max-path-length", d.PathLength, "bytes of one path")
	fl.Int64Var(&f.limits.FileBytes, "max-file-bytes", d.FileBytes, "bytes of one file that is read whole")
	fl.Int64Var(&f.limits.Depth, "max-depth", d.Depth, "archives within archives, links behind links")
	fl.Int64Var(&f.limits.JSONBytes, "max-json-bytes", d.JSONBytes, "bytes of one manifest, configuration or SBOM")
	fl.Int64Var(&f.limits.Spool, "max-spool-bytes", d.Spool, "bytes in temporary files")
	fl.Int64Var(&f.limits.Memory, "max-memory-bytes", d.Memory, "bytes of files kept in memory before spooling")
}

func (f *scanFlags) registerChecks(cmd *cobra.Command) {
	f.registerPolicy(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.db, "db", "", "the advisory database (default: where boltseal db path says)")
	fl.DurationVar(&f.maxDBAge, "max-db-age", 0, "report a gap when the database is older, such as 72h")
	fl.StringVar(&f.dockerfile, "dockerfile", "", "what made the image, as a path in your repository: SARIF puts the findings there")
	fl.StringVar(&f.baseline, "baseline", "", "an earlier report (-o json=FILE): what it has does not block")
	fl.StringArrayVar(&f.vexFiles, "vex", nil, "OpenVEX, CycloneDX or CSAF document that says what is not affected; may be repeated")
	fl.BoolVar(&f.onlyFixed, "only-fixed", false, "show only vulnerabilities that have a fixed version")
}

// options are the scan options that the flags say. The caller calls done
// when the run is over.
func (f *scanFlags) options(_ context.Context, env *Env) (*scan.Options, func(), error) {
	opts := &scan.Options{
		Jobs: f.jobs, Limits: f.limits, TempDir: f.tempDir, Now: env.Now,
		Tool: boltseal.Tool{Name: "boltseal", Version: Version()},
	}
	if opts.Jobs <= 0 {
		opts.Jobs = runtime.NumCPU()
	}
	src, err := f.source(env)
	if err != nil {
		return nil, nil, err
	}
	opts.Source = *src
	if !f.noCache {
		dir := f.cacheDir
		if dir == "" {
			base, err := cacheDir(env)
			if err != nil {
				return nil, nil, err
			}
			dir = filepath.Join(base, "results")
		}
		cache, err := cachedir.Open(dir, cacheBytes)
		if err != nil {
			fmt.Fprintf(env.Stderr, "boltseal: going on without a cache: %v\n", err)
		} else {
			opts.Cache = cache
		}
	}
	return opts, func() {}, nil
}

func (f *scanFlags) source(env *Env) (*source.Options, error) {
	var password string
	if f.passwordStdin {
		if f.username == "" {
			return nil, usagef("--password-stdin needs --username")
		}
		data, err := io.ReadAll(io.LimitReader(env.Stdin, 64<<10))
		if err != nil {
			return nil, fmt.Errorf("read the password: %w", err)
		}
		password = strings.TrimRight(string(data), "\r\n")
	}
	return &source.Options{
		Platform: f.platform, Offline: f.offline, PlainHTTP: f.plainHTTP, Insecure: f.insecure,
		CAFile: f.caFile, Username: f.username, Password: password, IdleTimeout: f.timeout,
		Getenv: env.Getenv, Stdin: env.Stdin, TempDir: f.tempDir, Limits: f.limits,
		UserAgent: "boltseal/" + Version(),
	}, nil
}

// checkOptions adds the database and the policy to opts.
func (f *scanFlags) checkOptions(_ context.Context, env *Env, opts *scan.Options) error {
	p, err := f.policy()
	if err != nil {
		return err
	}
	p.Checks = scan.Checks()
	opts.Policy = p
	path := f.db
	if path == "" {
		if path, err = dbPath(env); err != nil {
			return err
		}
	}
	db, err := advisory.Open(path)
	switch {
	case err == nil:
		opts.DB = db
		opts.MaxDBAge = f.maxDBAge
	case f.db != "" || !os.IsNotExist(unwrapAll(err)):
		return fmt.Errorf("%w; run: boltseal db update", err)
	default:
		opts.NoDB = "there is no advisory database at " + path
	}
	return nil
}

// policy reads the policy file and lays the flags over it.
func (f *scanFlags) policy() (*policy.Policy, error) {
	p := policy.Default()
	name, given := f.policyFile, f.policyFile != ""
	if !given {
		name = "boltseal.yaml"
	}
	data, err := os.ReadFile(name)
	switch {
	case err == nil:
		if p, err = policy.Load(name, data); err != nil {
			return nil, usageError{err}
		}
	case given || !os.IsNotExist(err):
		return nil, usageError{fmt.Errorf("read policy: %w", err)}
	}
	if len(f.failOn) > 0 {
		if p.FailOn, err = policy.ParseThreshold(f.failOn...); err != nil {
			return nil, usageError{fmt.Errorf("--fail-on: %w", err)}
		}
	}
	if len(f.severities) > 0 {
		p.Severities = nil
	}
	for _, word := range f.severities {
		severity, ok := boltseal.ParseSeverity(word)
		if !ok {
			return nil, usagef("--severity %q: want critical, high, medium, low, negligible or unknown", word)
		}
		p.Severities = append(p.Severities, severity)
	}
	if f.baseline != "" {
		before, err := readReport(f.baseline)
		if err != nil {
			return nil, usageError{fmt.Errorf("--baseline: %w", err)}
		}
		p.Baseline = baselineOf(before)
	}
	if err := f.readVEX(p); err != nil {
		return nil, err
	}
	p.OnlyFixed = p.OnlyFixed || f.onlyFixed
	p.AllowGaps = append(p.AllowGaps, f.allowGaps...)
	return p, nil
}

// maxVEX bounds one VEX document.
const maxVEX = 64 << 20

// readVEX adds what the documents of the policy file and of the flag say. A
// document that cannot be read ends the run: it may take a statement of
// another one back.
func (f *scanFlags) readVEX(p *policy.Policy) error {
	var names []string
	for _, name := range p.VEXFiles { // they lie beside the policy that names them
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(f.policyFile), name)
		}
		names = append(names, name)
	}
	for _, name := range append(names, f.vexFiles...) {
		data, err := readWhole(name, maxVEX)
		if err != nil {
			return usageError{fmt.Errorf("read VEX: %w", err)}
		}
		statements, err := vex.Read(name, data)
		if err != nil {
			return usageError{fmt.Errorf("read VEX: %w", err)}
		}
		p.VEX = append(p.VEX, statements...)
	}
	return nil
}

func readWhole(name string, most int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s: more than %d bytes", name, most)
	}
	return data, err
}

// maxReport bounds a report that is read back.
const maxReport = 1 << 30

func readReport(name string) (*boltseal.Report, error) {
	data, err := readWhole(name, maxReport)
	if err != nil {
		return nil, err
	}
	r, err := report.Read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// baselineOf lists the findings that a report has. Those that were waived
// are not among them: when their waiver ends, they shall be seen again.
func baselineOf(r *boltseal.Report) map[string]bool {
	keys := map[string]bool{}
	for i := range r.Findings {
		if r.Findings[i].Waived == nil {
			keys[r.Findings[i].BaselineKey()] = true
		}
	}
	return keys
}
