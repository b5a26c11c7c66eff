// Command bench measures boltseal beside the floor program and whichever
// peers are installed, on the images that e2e/images/make.sh makes, and prints
// one table. All programs take turns on each image, so that a slow minute of
// the machine slows them alike; figures are medians, and ratios are between
// medians of the same run.
//
//	bench [-runs 5] [-images node,java] [-o docs/bench.md]
//	bench -runtime [-runs 5] [-rules falco_rules.yaml]   # what a watch costs; needs root
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == "load" {
		if err := runLoad(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	b := bench{}
	flag.StringVar(&b.boltseal, "boltseal", "../bin/boltseal", "the boltseal to measure")
	flag.IntVar(&b.runs, "runs", 5, "times that each is run")
	flag.StringVar(&b.cache, "cache", os.Getenv("BOLTSEAL_E2E_CACHE"), "where make.sh keeps its images")
	flag.StringVar(&b.mirror, "mirror", "../../shared", "folder with osv, kev and epss to build the advisory database from")
	flag.StringVar(&b.only, "images", "", "measure these images only")
	flag.StringVar(&b.rules, "rules", "", "rule files of the watch, with commas between them")
	watches := flag.Bool("runtime", false, "measure the watch (root), and not the scans")
	out := flag.String("o", "", "file to write instead of printing")
	flag.Parse()
	if b.cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return err
		}
		b.cache = filepath.Join(home, ".cache", "boltseal-e2e")
	}
	temp, err := os.MkdirTemp("", "boltseal-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	b.temp = temp
	if *watches {
		if b.boltseal, err = filepath.Abs(b.boltseal); err != nil {
			return err
		}
		page, err := b.runtimePage()
		if err == nil {
			fmt.Print(page)
		}
		return err
	}
	if err := b.prepare(); err != nil {
		return err
	}
	rows, err := b.measure()
	if err != nil {
		return err
	}
	page := b.page(rows)
	if *out == "" {
		fmt.Print(page)
		return nil
	}
	return os.WriteFile(*out, []byte(page), 0o644)
}

// bench is one run of everything.
type bench struct {
	boltseal, cache, mirror, only, temp, rules string
	runs                                       int
	floor, database, scalibr                   string
}

// prepare builds the floor program, the advisory database and scalibr, the
// one peer that the module proxy gives.
func (b *bench) prepare() error {
	var err error
	if b.boltseal, err = filepath.Abs(b.boltseal); err != nil {
		return err
	}
	b.floor = filepath.Join(b.temp, "floor")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", b.floor, "./floor").CombinedOutput(); err != nil {
		return fmt.Errorf("build floor: %w\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(b.mirror, "osv")); err == nil {
		b.database = filepath.Join(b.temp, "advisories.db")
		build := exec.Command(b.boltseal, "db", "build", "--db", b.database, "--from", filepath.Join(b.mirror, "osv"))
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build the advisory database: %w\n%s", err, out)
		}
	}
	b.scalibr, _ = exec.LookPath("scalibr")
	return nil
}

// images are those that were made, smallest first.
func (b *bench) images() []string {
	var names []string
	for _, name := range []string{"alpine", "debian-vuln", "node", "go", "java", "python", "big"} {
		if b.only != "" && !slices.Contains(strings.Split(b.only, ","), name) {
			continue
		}
		if _, err := os.Stat(filepath.Join(b.cache, "images", name, ".made")); err == nil {
			names = append(names, name)
		}
	}
	return names
}
