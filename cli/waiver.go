package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	f := &waiverFlags{env: env}
	cmd := &cobra.Command{
		Use:   "waiver",
		Short: "Accept findings until a date, and keep the list of them clean",
		Long: `Accept findings until a date, and keep the list of them clean.

Waivers stand in the policy file, boltseal.yaml; docs/guide/waivers.md tells
how they work. These commands change the waivers alone: comments and all else
in the file stay as they are.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; run: boltseal waiver --help", args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.PersistentFlags().StringVar(&f.file, "policy", "boltseal.yaml", "policy file")
	cmd.AddCommand(f.add(), f.list(), f.prune(), f.importing())
	return cmd
})

// waiverFlags are the flags of all commands under waiver.
type waiverFlags struct {
	env     *Env
	file    string
	diff    bool
	waiver  boltseal.Waiver
	expires string
	reports []string
	kind    string
	rename  map[string]string
}

func (f *waiverFlags) registerTerms(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.waiver.Reason, "reason", "", "why it is accepted")
	fl.StringVar(&f.waiver.Owner, "owner", "", "who accepts it, and looks again when the time is over")
	fl.StringVar(&f.expires, "expires", "", "last day, as YYYY-MM-DD, or in how many days: 90d")
	f.registerDiff(cmd)
}

func (f *waiverFlags) registerDiff(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.diff, "diff", false, "print what would change, and change nothing")
}

func (f *waiverFlags) add() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add [ID] --reason TEXT --owner WHO --expires DATE",
		Short: "Accept a finding until a date",
		Long: `Accept a finding until a date.

ID is an advisory by any of its names, a check, or another tool's name for it
(hadolint:DL3002); * matches within it. All that is given must match: ID,
--purl, --path and --key.`,
		Example: `  boltseal waiver add CVE-2024-0727 --purl pkg:deb/debian/openssl \
    --reason "we parse no PKCS #12" --owner alice@example.com --expires 90d \
    --justification vulnerable_code_not_in_execute_path
  boltseal waiver add docker/root-user --path build/Dockerfile \
    --reason "only builds" --owner alice@example.com --expires 2027-01-31`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				f.waiver.ID = strings.TrimSpace(args[0])
			}
			return f.runAdd()
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.waiver.PURL, "purl", "", "component, such as pkg:deb/debian/openssl; without a version it is any")
	fl.StringVar(&f.waiver.Path, "path", "", "file, such as usr/lib/**")
	fl.StringVar(&f.waiver.Key, "key", "", "the one finding with this key (in JSON)")
	fl.StringVar(&f.waiver.Justification, "justification", "", "why it is not affected, for VEX: "+strings.Join(policy.Justifications, ", "))
	f.registerTerms(cmd)
	return cmd
}

func (f *waiverFlags) runAdd() error {
	w, err := tidy(f.waiver)
	if err != nil {
		return err
	}
	if w.Expires, err = f.lastDay(); err != nil {
		return err
	}
	var missing []string
	for _, must := range []struct {
		name string
		bad  bool
	}{
		{"an ID, --purl, --path or --key", targetOf(w) == boltseal.Waiver{}},
		{"--reason", w.Reason == ""},
		{"--owner", w.Owner == ""},
		{"--expires", w.Expires.IsZero()},
	} {
		if must.bad {
			missing = append(missing, must.name)
		}
	}
	if len(missing) > 0 {
		return usagef("a waiver needs %s", strings.Join(missing, ", "))
	}
	if w.PURL != "" {
		if _, err := boltseal.ParsePURL(w.PURL); err != nil {
			return usageError{fmt.Errorf("--purl: %w", err)}
		}
	}
	file, err := openPolicyFile(f.file)
	if err != nil {
		return err
	}
	if i, ok := file.index(w, f.env.Now()); ok {
		return usagef("%s: it is waived already: %s", f.file, file.policy.Waivers[i])
	}
	if err := file.append(w); err != nil {
		return err
	}
	if err := f.write(file); err != nil || f.diff {
		return err
	}
	fmt.Fprintf(f.env.Stderr, "%s: added %s, until %s\n", f.file, describeWaiver(w), w.Expires.Format(time.DateOnly))
	if note := strangeCheck(w.ID); note != "" {
		fmt.Fprintf(f.env.Stderr, "note: %s\n", note)
	}
	return nil
}

// tidy brings the reason into one line, and refuses what cannot be printed.
func tidy(w boltseal.Waiver) (boltseal.Waiver, error) {
	for _, part := range []struct {
		name string
		text *string
	}{
		{"ID", &w.ID}, {"--purl", &w.PURL}, {"--path", &w.Path}, {"--key", &w.Key}, {"--owner", &w.Owner}, {"--reason", &w.Reason},
		{"--justification", &w.Justification},
	} {
		if part.name == "--reason" {
			*part.text = strings.Join(strings.Fields(*part.text), " ")
		}
		*part.text = strings.TrimSpace(*part.text)
		if !utf8.ValidString(*part.text) || strings.ContainsFunc(*part.text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return w, usagef("%s %q has characters that cannot be printed", part.name, *part.text)
		}
	}
	return w, nil
}

// lastDay reads --expires.
func (f *waiverFlags) lastDay() (time.Time, error) {
	if f.expires == "" {
		return time.Time{}, nil
	}
	today := f.env.Now().UTC().Truncate(24 * time.Hour)
	day, err := time.Parse(time.DateOnly, f.expires)
	if count, ok := strings.CutSuffix(f.expires, "d"); ok {
		days, bad := strconv.ParseUint(count, 10, 16)
		day, err = today.AddDate(0, 0, int(days)), bad
	}
	switch {
	case err != nil:
		return time.Time{}, usagef("--expires %q: want YYYY-MM-DD, or a number of days such as 90d", f.expires)
	case day.Before(today):
		return time.Time{}, usagef("--expires %s is over already", f.expires)
	}
	return day.Add(24*time.Hour - time.Second), nil
}

// write writes a file that was changed, or shows how it would be.
func (f *waiverFlags) write(file *policyFile) error {
	if f.diff {
		_, err := f.env.Stdout.Write(file.diff())
		return err
	}
	return file.write()
}

func (f *waiverFlags) list() *cobra.Command {
	format := ""
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the waivers, and how long each still holds",
		Long: `List the waivers, and how long each still holds.

Exit status: 0 all hold, 1 some have expired.`,
		Example: `  boltseal waiver list
  boltseal waiver list -o json`,
		Args: none,
		RunE: func(*cobra.Command, []string) error {
			if format != "table" && format != "json" {
				return usagef("-o %s: want table or json", format)
			}
			file, err := openPolicyFile(f.file)
			if err != nil {
				return err
			}
			if file.missing {
				return usagef("read policy: %s: there is no such file", f.file)
			}
			return f.runList(file.policy.Waivers, format == "json")
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "table", "table or json")
	return cmd
}

func (f *waiverFlags) runList(waivers []boltseal.Waiver, asJSON bool) error {
	type line struct {
		boltseal.Waiver

		DaysLeft int  `json:"days_left"` // after this day; negative for those that have expired
		Expired  bool `json:"expired"`
	}
	now := f.env.Now()
	lines := make([]line, len(waivers))
	expired := 0
	for i, w := range waivers {
		lines[i] = line{w, int(math.Floor(w.Expires.Sub(now).Hours() / 24)), now.After(w.Expires)}
		if lines[i].Expired {
			expired++
		}
	}
	if asJSON {
		encoder := json.NewEncoder(f.env.Stdout)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(lines); err != nil {
			return err
		}
	} else {
		table := tabwriter.NewWriter(f.env.Stdout, 0, 0, 2, ' ', 0)
		if len(lines) > 0 {
			fmt.Fprintln(table, "UNTIL\tLEFT\tOWNER\tWAIVES\tREASON")
		}
		for _, l := range lines {
			left := strconv.Itoa(l.DaysLeft) + "d"
			if l.Expired {
				left = "EXPIRED"
			}
			row := []string{l.Expires.Format(time.DateOnly), left, l.Owner, describeWaiver(l.Waiver), l.Reason}
			for i := range row {
				row[i] = strings.Join(strings.Fields(cleanText(row[i])), " ")
			}
			fmt.Fprintln(table, strings.Join(row, "\t"))
		}
		if err := table.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(f.env.Stdout, "%s, %d expired\n", plural(len(lines), "waiver"), expired)
	}
	if expired > 0 {
		return status(statusBlock)
	}
	return nil
}

func (f *waiverFlags) prune() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove waivers that have expired, or that nothing needs",
		Long: `Remove waivers that have expired, or that nothing needs.

With --report also those are removed that match no finding: the ones of which
every report given says so (policy/unused-waiver). Reports are those of
boltseal scan and lint (-o json=FILE), made with this policy file.`,
		Example: `  boltseal waiver prune --diff
  boltseal waiver prune --report scan.json`,
		Args: none,
		RunE: func(*cobra.Command, []string) error { return f.runPrune() },
	}
	cmd.Flags().StringArrayVar(&f.reports, "report", nil, "report (-o json=FILE) that says which waivers match nothing; may be repeated")
	f.registerDiff(cmd)
	return cmd
}

func (f *waiverFlags) runPrune() error {
	file, err := openPolicyFile(f.file)
	if err != nil {
		return err
	}
	if file.missing {
		return usagef("read policy: %s: there is no such file", f.file)
	}
	if len(f.reports) > 0 && file.policy.IgnoreUnusedWaivers {
		return usagef("%s: with unused-waivers: ignore reports do not say which waivers match nothing", f.file)
	}
	unused, err := unusedWaivers(f.reports)
	if err != nil {
		return err
	}
	var gone []string
	var indexes []int
	for i, w := range file.policy.Waivers {
		switch {
		case f.env.Now().After(w.Expires):
			gone = append(gone, fmt.Sprintf("expired on %s: %s", w.Expires.Format(time.DateOnly), describeWaiver(w)))
		case unused[targetOf(w)]:
			gone = append(gone, "unused: "+describeWaiver(w))
		default:
			continue
		}
		indexes = append(indexes, i)
	}
	if err := file.remove(indexes); err != nil {
		return err
	}
	if err := f.write(file); err != nil || f.diff {
		return err
	}
	for _, line := range gone {
		fmt.Fprintf(f.env.Stderr, "removed %s\n", cleanText(line))
	}
	fmt.Fprintf(f.env.Stderr, "%s: removed %s of %d\n", f.file, plural(len(gone), "waiver"), len(gone)+len(file.policy.Waivers))
	return nil
}

// unusedWaivers are those of which every report says that they match nothing.
func unusedWaivers(names []string) (map[boltseal.Waiver]bool, error) {
	said := map[boltseal.Waiver]int{}
	for _, name := range names {
		r, err := readReport(name)
		if err != nil {
			return nil, usageError{fmt.Errorf("--report: %w", err)}
		}
		here := map[boltseal.Waiver]bool{}
		for _, found := range r.Findings {
			if w, ok := policy.UnusedWaiver(&found); ok {
				here[w] = true
			}
		}
		for w := range here {
			said[w]++
		}
	}
	unused := map[boltseal.Waiver]bool{}
	for w, reports := range said {
		unused[w] = reports == len(names)
	}
	return unused, nil
}

func (f *waiverFlags) importing() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Take over what another tool was told to ignore",
		Long: `Take over what another tool was told to ignore, from .trivyignore,
.trivyignore.yaml, .snyk, .grype.yaml, .hadolint.yaml and .gitleaksignore.

Every waiver needs a reason, an owner and a date: --reason, --owner and
--expires are for the entries that have none. What a waiver cannot express is
printed, and never left out in silence.

Exit status: 0 all is taken over, 3 some entries are not.`,
		Example: `  boltseal waiver import .trivyignore --owner alice@example.com --expires 90d --diff
  boltseal waiver import .snyk --owner alice@example.com --id SNYK-JS-MS-10064=CVE-2015-8315
  boltseal waiver import ignored.txt --kind trivyignore --owner alice@example.com --expires 90d --reason "from trivy"`,
		Args: exactly(1, "a file to import"),
		RunE: func(_ *cobra.Command, args []string) error { return f.runImport(args[0]) },
	}
	cmd.Flags().StringVar(&f.kind, "kind", "", "what the file is (default: as its name says): "+strings.Join(policy.ImportKinds(), ", "))
	cmd.Flags().StringToStringVar(&f.rename, "id", nil, "THEIRS=OURS: the CVE or GHSA that an advisory of the file goes by; may be repeated")
	f.registerTerms(cmd)
	return cmd
}

func (f *waiverFlags) runImport(name string) error {
	lastDay, err := f.lastDay()
	if err != nil {
		return err
	}
	data, err := readWhole(name, 1<<20)
	if err != nil {
		return usageError{fmt.Errorf("import: %w", err)}
	}
	waivers, problems, err := policy.Import(f.kind, name, data, &policy.ImportOptions{
		Reason: f.waiver.Reason, Owner: f.waiver.Owner, Expires: lastDay, Now: f.env.Now(), Checks: allChecks(), Rename: f.rename,
	})
	switch {
	case errors.Is(err, policy.ErrIncomplete):
		return usagef("%w; say it for them with --reason, --owner and --expires", err)
	case err != nil && f.kind == "" && policy.ImportKind(name) == "":
		return usagef("%s: tell what it is with --kind, one of %s", name, strings.Join(policy.ImportKinds(), ", "))
	case err != nil:
		return usageError{err}
	}
	file, err := openPolicyFile(f.file)
	if err != nil {
		return err
	}
	var fresh []boltseal.Waiver
	for _, w := range waivers {
		if _, ok := file.index(w, f.env.Now()); !ok {
			fresh = append(fresh, w)
		}
	}
	if err := file.append(fresh...); err != nil {
		return err
	}
	if err := f.write(file); err != nil {
		return err
	}
	lost := 0
	for _, p := range problems {
		fmt.Fprintf(f.env.Stderr, "%s: %s\n", name, cleanText(p.String()))
		if p.Lost {
			lost++
		}
	}
	done := "imported"
	if f.diff {
		done = "would import"
	}
	fmt.Fprintf(f.env.Stderr, "%s: %s %s, %d were there already, %s not imported\n", name, done, plural(len(fresh), "waiver"), len(waivers)-len(fresh), entries(lost))
	if lost > 0 {
		return status(statusGap)
	}
	return nil
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
