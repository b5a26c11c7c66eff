package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/sbom"
	"github.com/boltseal/boltseal/scan"
)

// sbomVerbs are the verbs that work on bills of materials that are there
// already. Where they take a document, they take any target too.
func sbomVerbs(env *Env) []*cobra.Command {
	return []*cobra.Command{sbomConvert(env), sbomMerge(env), sbomDiff(env), sbomCheck(env)}
}

func sbomConvert(env *Env) *cobra.Command {
	var outputs []string
	cmd := &cobra.Command{
		Use:   "convert FILE",
		Short: "Write a bill of materials in another format",
		Example: `  boltseal sbom convert app.spdx.json -o cyclonedx-json=app.cdx.json
  boltseal sbom convert app.cdx.xml -o spdx-3.0.1-json`,
		Args: exactly(1, "one bill of materials"),
		RunE: func(_ *cobra.Command, args []string) error {
			doc, err := readDocument(args[0])
			if err != nil {
				return err
			}
			return writeDocument(env, outputs, doc)
		},
	}
	addDocumentOutput(cmd, &outputs)
	return cmd
}

func sbomMerge(env *Env) *cobra.Command {
	var outputs []string
	cmd := &cobra.Command{
		Use:     "merge FILE FILE...",
		Short:   "Make one bill of materials of several",
		Example: `  boltseal sbom merge api.cdx.json web.spdx.json -o cyclonedx-json=all.cdx.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("want two bills of materials or more; run: %s --help", cmd.CommandPath())
			}
			docs := make([]*sbom.Document, len(args))
			for i, name := range args {
				doc, err := readDocument(name)
				if err != nil {
					return err
				}
				docs[i] = doc
			}
			return writeDocument(env, outputs, sbom.Merge(docs...))
		},
	}
	addDocumentOutput(cmd, &outputs)
	return cmd
}

func sbomDiff(env *Env) *cobra.Command {
	var asJSON bool
	f := &scanFlags{}
	cmd := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Tell what changed from one bill of materials, or target, to another",
		Long: `Tell what changed from one bill of materials, or target, to another.

Exit status 0 when nothing changed, 1 when something did.`,
		Example: `  boltseal sbom diff v1.cdx.json v2.cdx.json
  boltseal sbom diff docker-archive:v1.tar docker-archive:v2.tar --json`,
		Args: exactly(2, "two bills of materials or targets"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var docs [2]*sbom.Document
			for i, target := range args {
				doc, err := documentOf(cmd.Context(), env, f, target)
				if err != nil {
					return err
				}
				docs[i] = doc
			}
			d := sbom.Diff(docs[0], docs[1])
			if err := printDifference(env.Stdout, d, asJSON); err != nil {
				return err
			}
			if !d.Empty() {
				return status(statusBlock)
			}
			return nil
		},
	}
	f.registerSource(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func sbomCheck(env *Env) *cobra.Command {
	var asJSON bool
	var profiles []string
	least := 100
	f := &scanFlags{}
	cmd := &cobra.Command{
		Use:   "check FILE|TARGET",
		Short: "Judge a bill of materials by what published profiles ask for",
		Long: `Judge a bill of materials by what published profiles ask for, element by
element. Exit status 1 when a profile's score is below --min-score.`,
		Example: `  boltseal sbom check app.cdx.json
  boltseal sbom check app.spdx.json --profile ntia --min-score 90`,
		Args: exactly(1, "one bill of materials or target"),
		RunE: func(cmd *cobra.Command, args []string) error {
			doc, err := documentOf(cmd.Context(), env, f, args[0])
			if err != nil {
				return err
			}
			if len(profiles) == 0 {
				profiles = profileNames()
			}
			var all []*sbom.Quality
			for _, name := range profiles {
				q, err := sbom.Check(doc, name)
				if err != nil {
					return usageError{err}
				}
				all = append(all, q)
			}
			if err := printQuality(env.Stdout, all, asJSON); err != nil {
				return err
			}
			for _, q := range all {
				if q.Score < least {
					return status(statusBlock)
				}
			}
			return nil
		},
	}
	f.registerSource(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringSliceVar(&profiles, "profile", nil, "profiles to judge by: "+strings.Join(profileNames(), ", ")+" (default all)")
	cmd.Flags().IntVar(&least, "min-score", least, "a lower score gives exit status 1")
	return cmd
}

func profileNames() []string {
	var names []string
	for _, p := range sbom.Profiles() {
		names = append(names, p.Name)
	}
	return names
}

func addDocumentOutput(cmd *cobra.Command, outputs *[]string) {
	var names []string
	for _, f := range sbom.Formats() {
		if f.Write != nil {
			names = append(names, f.Name)
		}
	}
	cmd.Flags().StringArrayVarP(outputs, "output", "o", []string{"cyclonedx-json"}, "FORMAT or FORMAT=FILE, may be repeated: "+strings.Join(names, ", "))
}

// readDocument reads a bill of materials from a file.
func readDocument(name string) (*sbom.Document, error) {
	f, err := os.Open(strings.TrimPrefix(name, "sbom:"))
	if err != nil {
		return nil, fmt.Errorf("read bill of materials: %w", err)
	}
	defer f.Close()
	most := limit.Default().JSONBytes
	data, err := limit.ReadAll(f, most, &limit.Error{What: name, Max: most, Unit: "bytes", Flag: "--max-json-bytes"})
	if err != nil {
		return nil, fmt.Errorf("read bill of materials: %w", err)
	}
	doc, _, err := sbom.Read(data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return doc, nil
}

// documentOf reads a bill of materials, or makes one of any other target.
func documentOf(ctx context.Context, env *Env, f *scanFlags, target string) (*sbom.Document, error) {
	if doc, err := readDocument(target); err == nil {
		return doc, nil
	} else if strings.HasPrefix(target, "sbom:") {
		return nil, err
	}
	opts, done, err := f.options(ctx, env)
	if err != nil {
		return nil, err
	}
	defer done()
	opts.ComponentsOnly = true
	r, err := scan.Run(ctx, target, opts)
	if err != nil {
		return nil, err
	}
	return sbom.FromReport(r), nil
}

func writeDocument(env *Env, values []string, doc *sbom.Document) error {
	outputs, err := parseOutputs(values)
	if err != nil {
		return err
	}
	for _, o := range outputs {
		format, ok := sbom.Lookup(o.format)
		if !ok || format.Write == nil {
			return usagef("-o %s: not a format of bills of materials", o.format)
		}
		if o.file == "" {
			err = format.Write(env.Stdout, doc)
		} else {
			err = atomicfile.Write(o.file, 0o644, func(f *os.File) error { return format.Write(f, doc) })
		}
		if err != nil {
			return fmt.Errorf("-o %s: %w", o.format, err)
		}
	}
	return nil
}

func printDifference(w io.Writer, d *sbom.Difference, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(d)
	}
	for _, c := range d.Removed {
		fmt.Fprintf(w, "- %s\n", visible(c.PURL, c.Name))
	}
	for _, c := range d.Added {
		fmt.Fprintf(w, "+ %s\n", visible(c.PURL, c.Name))
	}
	for _, c := range d.Changed {
		fmt.Fprintf(w, "~ %s %s → %s (%s)\n", visible(c.To.Name, ""), visible(c.From.Version, "-"), visible(c.To.Version, "-"), strings.Join(c.Fields, ", "))
	}
	_, err := fmt.Fprintf(w, "%d removed, %d added, %d changed, %d the same\n", len(d.Removed), len(d.Added), len(d.Changed), d.Same)
	return err
}

func printQuality(w io.Writer, all []*sbom.Quality, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(all)
	}
	for i, q := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s: %d of 100 (%s)\n", q.Title, q.Score, q.Profile)
		for _, e := range q.Elements {
			mark := "ok"
			switch {
			case !e.Pass && e.Optional:
				mark = "--"
			case !e.Pass:
				mark = "NO"
			}
			fmt.Fprintf(w, "  %s  %-44s %d/%d", mark, e.Title, e.Have, e.Of)
			if !e.Pass && len(e.Missing) > 0 {
				fmt.Fprintf(w, "  such as %s", visible(e.Missing[0], ""))
			}
			fmt.Fprintln(w)
		}
	}
	return nil
}

// visible makes text of a document safe to print: control characters are
// written out.
func visible(s, empty string) string {
	if s == "" {
		return empty
	}
	var b strings.Builder
	for _, r := range s {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e || r == 0x2066 {
			fmt.Fprintf(&b, "\\u%04x", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
