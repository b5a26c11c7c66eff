package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// subject is one program on one image.
type subject struct {
	image, form, program string
	argv                 []string
	env                  []string
	codes                []int // exit statuses that are no failure
	fresh                bool  // begins each run without a cache
}

// figure is what one run took.
type figure struct {
	wall, cpu time.Duration
	rss       int64
}

// row is a subject's median.
type row struct {
	subject
	figure
}

// measure runs every subject of an image in turn, as often as asked.
func (b *bench) measure() ([]row, error) {
	var rows []row
	for _, image := range b.images() {
		for _, form := range []string{"docker.tar", "oci", "zstd"} {
			subjects := b.subjects(image, form)
			figures := make([][]figure, len(subjects))
			for range b.runs {
				for i, s := range subjects {
					f, err := b.once(s)
					if err != nil {
						return nil, err
					}
					figures[i] = append(figures[i], f)
				}
			}
			for i, s := range subjects {
				rows = append(rows, row{s, median(figures[i])})
				fmt.Fprintf(os.Stderr, "%s %s %s: %v\n", image, form, s.program, rows[len(rows)-1].wall.Round(time.Millisecond))
			}
		}
	}
	return rows, nil
}

func (b *bench) subjects(image, form string) []subject {
	path := filepath.Join(b.cache, "images", image, form)
	target := "oci:" + path
	if form == "docker.tar" {
		target = "docker-archive:" + path
	}
	lenient := []string{"--fail-on", "none", "--allow-gaps", "*", "-o", "json=" + os.DevNull}
	all := []subject{
		{program: "floor", argv: []string{b.floor, target}},
		{program: "sbom", argv: []string{b.boltseal, "sbom", target, "-o", "json=" + os.DevNull}, fresh: true},
	}
	if b.database != "" {
		all = append(all,
			subject{program: "scan", argv: append([]string{b.boltseal, "scan", target, "--db", b.database}, lenient...), fresh: true},
			subject{program: "scan, warm", argv: append([]string{b.boltseal, "scan", target, "--db", b.database}, lenient...)})
	}
	if b.scalibr != "" && form == "docker.tar" {
		all = append(all, subject{program: "scalibr", codes: []int{0, 1}, argv: []string{b.scalibr, "-offline", "-image-tarball=" + path, "-o", "cdx-json=" + filepath.Join(b.temp, "scalibr.json")}})
	}
	for i := range all {
		all[i].image, all[i].form = image, form
	}
	return all
}

// once runs a subject one time, in a process group of its own.
func (b *bench) once(s subject) (figure, error) {
	home := filepath.Join(b.temp, "home")
	if s.fresh {
		if err := os.RemoveAll(filepath.Join(home, "cache")); err != nil {
			return figure{}, err
		}
	}
	cmd := exec.Command(s.argv[0], s.argv[1:]...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CACHE_HOME=" + filepath.Join(home, "cache"), "TMPDIR=" + b.temp}, s.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(start)
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 0 && !slices.Contains(s.codes, cmd.ProcessState.ExitCode()) {
		return figure{}, fmt.Errorf("%v: %w\n%.2000s", cmd, err, out)
	}
	f := figure{wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.rss = usage.Maxrss * 1024
	}
	return f, nil
}

// median takes the middle of each figure by itself.
func median(figures []figure) figure {
	return figure{
		wall: middle(figures, func(f figure) time.Duration { return f.wall }),
		cpu:  middle(figures, func(f figure) time.Duration { return f.cpu }),
		rss:  middle(figures, func(f figure) int64 { return f.rss }),
	}
}

func middle[T cmp.Ordered](figures []figure, of func(figure) T) T {
	values := make([]T, len(figures))
	for i, f := range figures {
		values[i] = of(f)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
