package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/boltseal/boltseal/internal/atomicfile"
)

var _ = addVerb(func(*Env) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "docs DIR",
		Short: "Write man pages, or Markdown pages of every command or check",
		Example: `  boltseal docs --format man /usr/local/share/man/man1
  boltseal docs --format markdown docs/reference/cli
  boltseal docs --format checks docs/checks`,
		Args: exactly(1, "the folder to write to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch format {
			case "man", "markdown":
				return writeDocs(cmd.Root(), format, args[0])
			case "checks":
				return writeChecks(args[0])
			}
			return usagef("--format %q: want man, markdown or checks", format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "man", "man, markdown or checks")
	return cmd
})

// writeDocs writes a page for cmd and each command below it. Pages carry no
// date: the same program gives the same bytes.
func writeDocs(cmd *cobra.Command, format, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write docs: %w", err)
	}
	cmd.DisableAutoGenTag = true
	cmd.InitDefaultHelpFlag()
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() && child.Name() != "help" {
			if err := writeDocs(child, format, dir); err != nil {
				return err
			}
		}
	}
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	var page bytes.Buffer
	if format == "markdown" {
		err := doc.GenMarkdownCustom(cmd, &page, func(link string) string {
			return strings.ReplaceAll(link, "_", "-")
		})
		if err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		return atomicfile.WriteBytes(filepath.Join(dir, name+".md"), 0o644, page.Bytes())
	}
	// The zero time would become the present one.
	epoch := time.Unix(0, 0).UTC()
	header := &doc.GenManHeader{Title: strings.ToUpper(name), Section: "1", Source: "boltseal", Date: &epoch}
	if err := doc.GenMan(cmd, header, &page); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return atomicfile.WriteBytes(filepath.Join(dir, name+".1"), 0o644, page.Bytes())
}

// writeChecks writes a page for each check, below the folder of its family,
// and an index.
func writeChecks(dir string) error {
	var index strings.Builder
	index.WriteString("# Checks\n\nWhat boltseal looks for. `boltseal checks ID` prints the same.\n\n| check | severity | title |\n|---|---|---|\n")
	for _, c := range allChecks() {
		fmt.Fprintf(&index, "| [%s](%s.md) | %s | %s |\n", c.ID, c.ID, c.Severity, c.Title)
		var page strings.Builder
		fmt.Fprintf(&page, "# %s\n\n%s. Severity: %s.\n\n%s\n", c.ID, sentence(c.Title), c.Severity, c.Doc)
		if len(c.Controls) > 0 {
			fmt.Fprintf(&page, "\nControls: %s\n", strings.Join(c.Controls, ", "))
		}
		if len(c.Aliases) > 0 {
			fmt.Fprintf(&page, "\nOther tools' names, honoured in ignore comments and waivers: %s\n", strings.Join(c.Aliases, ", "))
		}
		name := filepath.Join(dir, filepath.FromSlash(c.ID)+".md")
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return fmt.Errorf("write checks: %w", err)
		}
		if err := atomicfile.WriteBytes(name, 0o644, []byte(page.String())); err != nil {
			return err
		}
	}
	return atomicfile.WriteBytes(filepath.Join(dir, "README.md"), 0o644, []byte(index.String()))
}

// sentence begins with a capital letter.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
