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
		Short: "Write man pages or Markdown pages of every command",
		Example: `  boltseal docs --format man /usr/local/share/man/man1
  boltseal docs --format markdown docs/reference/cli`,
		Args: exactly(1, "the folder to write to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch format {
			case "man", "markdown":
				return writeDocs(cmd.Root(), format, args[0])
			}
			return usagef("--format %q: want man or markdown", format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "man", "man or markdown")
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
