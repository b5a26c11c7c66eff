package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/report"
	"github.com/boltseal/boltseal/sbom"
)

// output is one -o FORMAT[=FILE].
type output struct {
	format string
	file   string // empty: standard output
	write  func(io.Writer, *boltseal.Report, *report.Options) error
}

// parseOutputs reads the values of -o. At most one goes to standard output.
func parseOutputs(values []string) ([]output, error) {
	var outputs []output
	toStdout := 0
	for _, value := range values {
		if text, ok := strings.CutPrefix(value, templateFormat+"="); ok {
			o, err := templateOutput(text)
			if err != nil {
				return nil, err
			}
			if o.file == "" {
				toStdout++
			}
			outputs = append(outputs, o)
			continue
		}
		format, file, hasFile := strings.Cut(value, "=")
		if hasFile && file == "" {
			return nil, usagef("-o %s: no file after the =", value)
		}
		if file == "-" {
			file = ""
		}
		if file == "" {
			toStdout++
		}
		write, ok := writerOf(format)
		if !ok {
			return nil, usagef("-o %s: no such format; there are %s", value, strings.Join(formatNames(), ", "))
		}
		outputs = append(outputs, output{format: format, file: file, write: write})
	}
	if toStdout > 1 {
		return nil, usagef("only one -o may go to standard output; give the others a file: -o %s=FILE", outputs[0].format)
	}
	return outputs, nil
}

func writerOf(format string) (func(io.Writer, *boltseal.Report, *report.Options) error, bool) {
	if format == componentsFormat {
		return report.Components, true
	}
	if f, ok := report.Lookup(format); ok {
		return f.Write, true
	}
	if f, ok := sbom.Lookup(format); ok && f.Write != nil {
		return func(w io.Writer, r *boltseal.Report, _ *report.Options) error {
			return f.Write(w, sbom.FromReport(r))
		}, true
	}
	return nil, false
}

// templateFormat is a template of the user's: -o template=FILE[=OUTPUT].
const templateFormat = "template"

// templateOutput reads a template, so that a mistake in it is known before
// anything is scanned.
func templateOutput(value string) (output, error) {
	name, file, hasFile := strings.Cut(value, "=")
	if name == "" || hasFile && file == "" {
		return output{}, usagef("-o template=%s: want template=FILE or template=FILE=OUTPUT", value)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return output{}, usageError{fmt.Errorf("-o template: %w", err)}
	}
	f, err := report.Template(name, string(text))
	if err != nil {
		return output{}, usageError{err}
	}
	if file == "-" {
		file = ""
	}
	return output{format: templateFormat, file: file, write: f.Write}, nil
}

// componentsFormat is the table of what is inside, without what is wrong.
const componentsFormat = "components"

// formatNames lists the formats that can be written.
func formatNames() []string {
	names := []string{componentsFormat, templateFormat}
	for _, f := range report.Formats() {
		names = append(names, f.Name)
	}
	for _, f := range sbom.Formats() {
		if f.Write != nil {
			names = append(names, f.Name)
		}
	}
	return names
}

// writeAll writes the report to every output: files first, so that a full
// disk is known before anything is printed.
func writeAll(env *Env, outputs []output, r *boltseal.Report, opts *report.Options) error {
	for _, o := range outputs {
		if o.file == "" {
			continue
		}
		plain := &report.Options{Verbose: opts.Verbose, Checks: opts.Checks, Dockerfile: opts.Dockerfile}
		err := atomicfile.Write(o.file, 0o644, func(f *os.File) error { return o.write(f, r, plain) })
		if err != nil {
			return fmt.Errorf("-o %s: %w", o.format, err)
		}
	}
	for _, o := range outputs {
		if o.file == "" {
			if err := o.write(env.Stdout, r, opts); err != nil {
				return fmt.Errorf("-o %s: %w", o.format, err)
			}
		}
	}
	return nil
}

// reportOptions describes what standard output can show.
func reportOptions(env *Env, verbose bool) *report.Options {
	color := env.Width > 0 && env.Getenv("NO_COLOR") == "" && env.Getenv("TERM") != "dumb"
	if env.Getenv("CLICOLOR_FORCE") != "" && env.Getenv("CLICOLOR_FORCE") != "0" {
		color = true
	}
	return &report.Options{Width: env.Width, Color: color, Verbose: verbose}
}
