package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// page is the table as Markdown, with what is needed to read it.
func (b *bench) page(rows []row) string {
	var p strings.Builder
	fmt.Fprintf(&p, `# Benchmarks

`+"`make bench`"+` writes this page. This one: `+"`go run . -runs %d -o ../docs/bench.md`"+` in bench/, on a machine with %d
processors (%s, %s), with the images of `+"`e2e/images/make.sh full`"+`. Figures are medians of %d runs; all programs of a
block took turns in one run, so compare within a block, and trust ratios before seconds.

- *floor* only inflates every layer, hashes both streams and walks the tar headers, with klauspost/compress, the fastest
  library there is in Go, and a thread for each processor; of docker's archives it walks the headers by seeking. A scanner
  that checks digests must do this much.
- *sbom* and *scan* are the whole program, cold: start-up, reading, cataloguing, matching, writing JSON.
- *scan, warm* is the same scan once more.
- *scalibr*, where shown, is osv-scalibr's own program on the same archive.

| image | stored as | size | program | wall | CPU | peak memory | wall / floor | CPU / floor |
|---|---|---|---|---|---|---|---|---|
`, b.runs, runtime.NumCPU(), cpuModel(), runtime.Version(), b.runs)
	var floor figure
	for _, r := range rows {
		if r.program == "floor" {
			floor = r.figure
		}
		fmt.Fprintf(&p, "| %s | %s | %s | %s | %s | %s | %d MiB | %s | %s |\n", r.image, stored(r.form), b.size(r.image, r.form), r.program,
			seconds(r.wall), seconds(r.cpu), r.rss>>20, ratio(r.wall, floor.wall), ratio(r.cpu, floor.cpu))
	}
	fmt.Fprintf(&p, "\nOther figures: `boltseal version` takes %s (CPU %s, %d MiB); the binary has %.1f MB.\n", b.startUp()...)
	return p.String()
}

func stored(form string) string {
	return map[string]string{"docker.tar": "docker save", "oci": "gzip", "zstd": "zstd"}[form]
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func ratio(d, floor time.Duration) string {
	if floor <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", d.Seconds()/floor.Seconds())
}

// size is what the image takes on disk in this form.
func (b *bench) size(image, form string) string {
	var total int64
	filepath.WalkDir(filepath.Join(b.cache, "images", image, form), func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return fmt.Sprintf("%d MB", total/1e6)
}

// startUp is the wall time, CPU time and memory of the smallest thing that
// boltseal does, and the binary's size in megabytes.
func (b *bench) startUp() []any {
	var figures []figure
	for range 20 {
		if f, err := b.once(subject{argv: []string{b.boltseal, "version"}}); err == nil {
			figures = append(figures, f)
		}
	}
	var size float64
	if info, err := os.Stat(b.boltseal); err == nil {
		size = float64(info.Size()) / 1e6
	}
	if len(figures) == 0 {
		return []any{"–", "–", 0, size}
	}
	f := median(figures)
	return []any{f.wall.Round(100 * time.Microsecond).String(), f.cpu.Round(100 * time.Microsecond).String(), f.rss >> 20, size}
}

func cpuModel() string {
	out, err := exec.Command("sh", "-c", "sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1").Output()
	if model := strings.TrimSpace(string(out)); err == nil && model != "" {
		return model
	}
	return runtime.GOARCH
}
