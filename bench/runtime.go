package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// load is one workload, which this program is itself when it is told to be.
type load struct {
	name, target string
	limit        float64 // the CPU time that the watch may cost, as a ratio
	argv         func(b *bench, round int) []string
	env          func(b *bench, round int) []string
}

func itself(args ...string) func(*bench, int) []string {
	return func(*bench, int) []string { return append([]string{"/proc/self/exe", "load"}, args...) }
}

var loads = []load{
	{name: "compile Go packages with an empty cache", target: "1.02", limit: 1.02,
		argv: func(*bench, int) []string { return []string{"go", "build", "bufio", "sort"} },
		env: func(b *bench, round int) []string {
			return []string{"GOCACHE=" + filepath.Join(b.temp, "gocache"+strconv.Itoa(round)), "HOME=" + b.temp, "PATH=" + os.Getenv("PATH"), "GOFLAGS=", "GOROOT=" + os.Getenv("GOROOT")}
		}},
	{name: "20,000 HTTP requests, ten to a connection", target: "1.05", limit: 1.05, argv: itself("http", "20000")},
	{name: "200,000 times open and close for reading", target: "1.4", limit: 1.4, argv: itself("open", "200000")},
	{name: "3,000,000 times getppid", target: "1.10", limit: 1.10, argv: itself("getppid", "3000000")},
	{name: "100,000 times open and close for writing, each streamed", target: "–", argv: itself("write", "100000")},
}

// runLoad is this program as a workload.
func runLoad(kind, times string) error {
	n, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	switch kind {
	case "getppid":
		for range n {
			_, _, _ = syscall.RawSyscall(syscall.SYS_GETPPID, 0, 0, 0)
		}
	case "open", "write":
		file := filepath.Join(os.TempDir(), "boltseal-bench-load")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			return err
		}
		flags := syscall.O_RDONLY
		if kind == "write" {
			flags = syscall.O_WRONLY
		}
		for range n {
			fd, err := syscall.Open(file, flags|syscall.O_CLOEXEC, 0)
			if err != nil {
				return err
			}
			if err := syscall.Close(fd); err != nil {
				return err
			}
		}
		return os.Remove(file)
	case "http":
		return loadHTTP(n)
	default:
		return fmt.Errorf("no load %q", kind)
	}
	return nil
}

func loadHTTP(n int) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") }), ReadHeaderTimeout: time.Minute}
	go server.Serve(listener)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{}}
	for i := range n {
		resp, err := client.Get("http://" + listener.Addr().String())
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return err
		}
		if i%10 == 9 {
			client.CloseIdleConnections()
		}
	}
	return nil
}

// watched is a watch that runs beside the loads.
type watched struct {
	cmd    *exec.Cmd
	alerts *bufio.Scanner
	errs   *bufio.Scanner
}

const benchRule = `
- rule: marked
  desc: a process with a mark
  condition: evt.type = execve and proc.args contains boltseal-bench-mark
  output: marked %proc.args
  priority: INFO
`

func (b *bench) watch() (*watched, error) {
	rule := filepath.Join(b.temp, "mark.yaml")
	if err := os.WriteFile(rule, []byte(benchRule), 0o600); err != nil {
		return nil, err
	}
	args := []string{"watch", "-o", "text", "--group", "0", "--rate", "0", "--rules", rule}
	for name := range strings.SplitSeq(b.rules, ",") {
		if name != "" {
			args = append(args, "--rules", name)
		}
	}
	w := &watched{cmd: exec.Command(b.boltseal, args...)}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	errs, err := w.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	w.alerts, w.errs = bufio.NewScanner(out), bufio.NewScanner(errs)
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	for w.errs.Scan() {
		if strings.Contains(w.errs.Text(), "watching with") {
			return w, nil
		}
	}
	return nil, fmt.Errorf("the watch ended: %w", w.cmd.Wait())
}

// stop ends the watch; it gives the line that tells what was seen.
func (w *watched) stop() (string, error) {
	if err := w.cmd.Process.Signal(os.Interrupt); err != nil {
		return "", err
	}
	go func() {
		for w.alerts.Scan() { // so that it can write them
		}
	}()
	said := ""
	for w.errs.Scan() {
		if strings.Contains(w.errs.Text(), "dropped") {
			said = w.errs.Text()
		}
	}
	_ = w.cmd.Wait() // dropped events are a status of their own, and told
	return said, nil
}

// used is the CPU time and the memory of a process that runs.
func used(pid int) (cpu time.Duration, rss int64) {
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		words := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		for _, word := range words[11:13] {
			ticks, _ := strconv.ParseInt(word, 10, 64)
			cpu += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
		_, after, _ := strings.Cut(string(status), "VmRSS:")
		fmt.Sscan(after, &rss)
	}
	return cpu, rss << 10
}

// runtimePage measures what a watch costs and how fast it is.
func (b *bench) runtimePage() (string, error) {
	var p strings.Builder
	fmt.Fprintf(&p, "\n## The watch\n\n`go run . -runtime` writes this part. CPU time of the load itself, with a watch beside it and without, in turns; medians of %d. Rules: %s.\n\n", b.runs, orOwn(b.rules))
	fmt.Fprintln(&p, "| load | without | with | ratio | target | events | CPU of the watch | dropped |\n|---|---|---|---|---|---|---|---|")
	for i, l := range loads {
		row, err := b.loadRow(i*1000, &l)
		if err != nil {
			return "", fmt.Errorf("%s: %w", l.name, err)
		}
		fmt.Fprintln(&p, row)
	}
	rest, err := b.idleAndLatency()
	return p.String() + rest, err
}

func orOwn(rules string) string {
	if rules == "" {
		return "one of the benchmark's"
	}
	return rules
}

func (b *bench) loadRow(base int, l *load) (string, error) {
	var off, on, cost []time.Duration
	events, dropped := uint64(0), uint64(0)
	for round := range b.runs {
		d, err := b.loadOnce(l, base+2*round)
		if err != nil {
			return "", err
		}
		off = append(off, d)
		w, err := b.watch()
		if err != nil {
			return "", err
		}
		before, _ := used(w.cmd.Process.Pid)
		d, err = b.loadOnce(l, base+2*round+1)
		if err != nil {
			return "", err
		}
		on = append(on, d)
		time.Sleep(200 * time.Millisecond)
		after, _ := used(w.cmd.Process.Pid)
		cost = append(cost, after-before)
		said, err := w.stop()
		if err != nil {
			return "", err
		}
		var e, a, d1, d2 uint64
		said = strings.NewReplacer("events", "event", "alerts", "alert").Replace(said)
		if _, err := fmt.Sscanf(said, "boltseal: %d event, %d alert; dropped %d event and %d", &e, &a, &d1, &d2); err != nil {
			return "", fmt.Errorf("%q: %w", said, err)
		}
		events, dropped = e, dropped+d1+d2
	}
	slices.Sort(off)
	slices.Sort(on)
	slices.Sort(cost)
	without, with := off[len(off)/2], on[len(on)/2]
	return fmt.Sprintf("| %s | %s | %s | %.3f | %s | %d | %s | %d |", l.name, seconds(without), seconds(with), with.Seconds()/without.Seconds(), l.target, events, seconds(cost[len(cost)/2]), dropped), nil
}

// loadOnce runs a load and gives the CPU time that it took.
func (b *bench) loadOnce(l *load, round int) (time.Duration, error) {
	argv := l.argv(b, round)
	cmd := exec.Command(argv[0], argv[1:]...)
	if l.env != nil {
		cmd.Env = l.env(b, round)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w\n%.2000s", err, out)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

const marks = 200

// idleAndLatency measures a watch with nothing to do, and how long alerts take
// from the start of a process to the reader of the alert.
func (b *bench) idleAndLatency() (string, error) {
	w, err := b.watch()
	if err != nil {
		return "", err
	}
	before, _ := used(w.cmd.Process.Pid)
	time.Sleep(10 * time.Second)
	after, rss := used(w.cmd.Process.Pid)
	arrived := make(chan time.Time)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		for w.alerts.Scan() {
			if strings.Contains(w.alerts.Text(), "boltseal-bench-mark") {
				select {
				case arrived <- time.Now():
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	var took []time.Duration
	for range marks {
		start := time.Now()
		if err := exec.Command("/bin/true", "boltseal-bench-mark").Run(); err != nil {
			return "", err
		}
		select {
		case at := <-arrived:
			took = append(took, at.Sub(start))
		case <-time.After(5 * time.Second):
			return "", errors.New("an alert did not come")
		}
	}
	stop()
	if _, err := w.stop(); err != nil {
		return "", err
	}
	slices.Sort(took)
	return fmt.Sprintf("\nWith nothing to do it takes %.2f %% of a CPU (target 0.5) and %d MiB (target 80). From the start of a process to its alert: median %v, p99 %v (target 50ms), of %d.\n",
		100*(after-before).Seconds()/10, rss>>20, took[len(took)/2].Round(100*time.Microsecond), took[len(took)*99/100].Round(100*time.Microsecond), marks), nil
}
