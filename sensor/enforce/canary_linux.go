//go:build amd64 || arm64

package enforce

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// canaryTool is the name of an executable that canaries are forbidden.
const canaryTool = "boltseal-canary"

// Canary does the acts that it is told to and writes what became of them, a
// line each: the act's number and an errno. It waits for a line first, so that
// whoever starts it can set the trap.
func Canary(args []string, in io.Reader, out io.Writer) int {
	if len(args) == 2 && args[0] == "survive" {
		fmt.Fprintln(out, "alive")
		return 0
	}
	if len(args) != 2 {
		return 2
	}
	list, dir := args[0], args[1]
	if _, err := bufio.NewReader(in).ReadString('\n'); err != nil {
		return 2
	}
	if list == "exec" {
		own, err := os.ReadFile("/proc/self/cmdline")
		if argv := strings.Split(strings.TrimSuffix(string(own), "\x00"), "\x00"); err == nil && len(argv) > 2 {
			err = syscall.Exec("/proc/self/exe", append(argv[:len(argv)-2], "survive", "."), nil)
		}
		fmt.Fprintln(out, "exec", err)
		return 1
	}
	n, err := strconv.ParseUint(list, 10, 32)
	if err != nil {
		return 2
	}
	for _, a := range Acts(n).List() {
		fmt.Fprintln(out, uint8(a), int(try(a, dir)))
	}
	return 0
}

// try does an act as harmlessly as it can be done.
func try(a Act, dir string) unix.Errno {
	var err error
	switch a {
	case Drift, Memory, Volume:
		err = withMemfd(execMemfd)
	case Tool:
		err = syscall.Exec(filepath.Join(dir, canaryTool), []string{canaryTool}, nil)
	case Library:
		err = withMemfd(func(fd int) error {
			b, err := unix.Mmap(fd, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE)
			if err == nil {
				err = unix.Munmap(b)
			}
			return err
		})
	case Write:
		return tryWrites(dir)
	case Connect:
		fd, openErr := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if openErr != nil {
			return unix.ENOTSUP
		}
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{127, 0, 0, 1}})
		_ = unix.Close(fd)
	case Mount:
		err = unix.Mount("none", dir, "boltseal-none", 0, "") // there is no such file system
	case Ptrace:
		var b [1]byte
		_, err = unix.ProcessVMReadv(os.Getppid(), []unix.Iovec{{Base: &b[0], Len: 1}}, []unix.RemoteIovec{{Base: 0, Len: 1}}, 0) // nothing lies at 0
	case Module:
		err = unix.InitModule(make([]byte, 64), "") // as long as a module's head, and none
	}
	var no unix.Errno
	errors.As(err, &no)
	return no
}

// tryWrites changes a name, a mode and a file; all of them must be refused.
func tryWrites(dir string) unix.Errno {
	file := filepath.Join(dir, "file")
	for _, err := range []error{
		unix.Rename(file, file+"2"), unix.Chmod(file, 0o600), unix.Mkdir(file+"3", 0o700),
		func() error {
			fd, err := unix.Open(file, unix.O_WRONLY|unix.O_CLOEXEC, 0)
			if err == nil {
				err = unix.Close(fd)
			}
			return err
		}(),
	} {
		if !errors.Is(err, unix.EPERM) {
			return 0
		}
	}
	return unix.EPERM
}

func withMemfd(do func(fd int) error) error {
	fd, err := unix.MemfdCreate(canaryTool, unix.MFD_CLOEXEC)
	if err != nil {
		return unix.ENOTSUP
	}
	defer func() { _ = unix.Close(fd) }()
	return do(fd)
}

func execMemfd(fd int) error {
	return syscall.Exec("/proc/self/fd/"+strconv.Itoa(fd), []string{canaryTool}, nil)
}

// canary is a trap: a control group with a policy, and a directory.
type canary struct {
	e     *Enforcer
	dir   string
	group string
	id    uint64
}

// newCanary makes the directory, and the control group unless the back-end
// does not go by it.
func (e *Enforcer) newCanary(grouped bool) (c *canary, err error) {
	c = &canary{e: e}
	defer func() {
		if err != nil {
			c.remove()
		}
	}()
	if c.dir, err = os.MkdirTemp("", "boltseal-canary-"); err != nil {
		return c, fmt.Errorf("make a canary: %w", err)
	}
	for _, name := range []string{"file", canaryTool} {
		if err := os.WriteFile(filepath.Join(c.dir, name), nil, 0o700); err != nil {
			return c, fmt.Errorf("make a canary: %w", err)
		}
	}
	if !grouped {
		return c, nil
	}
	root, err := groupRoot()
	if err != nil {
		return c, err
	}
	c.group = filepath.Join(root, filepath.Base(c.dir))
	if err := os.Mkdir(c.group, 0o755); err != nil {
		return c, fmt.Errorf("make a canary's control group: %w", err)
	}
	info, err := os.Stat(c.group)
	if err != nil {
		return c, fmt.Errorf("make a canary's control group: %w", err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		c.id = st.Ino
	}
	return c, nil
}

func (c *canary) remove() {
	if c.dir != "" {
		_ = os.RemoveAll(c.dir)
	}
	if c.group != "" {
		for range 50 { // the process that ended in it may still be let go
			if err := os.Remove(c.group); err == nil || errors.Is(err, os.ErrNotExist) {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// trap is the policy that a canary runs into.
func (c *canary) trap(acts Acts) *judged {
	j := &judged{deny: acts, host: true, tools: map[string]uint32{canaryTool: modeDeny, "exe": modeDeny}, directories: map[string]uint32{}}
	// A path is compared from the root of its file system, wherever that is
	// mounted here.
	for rest := c.dir; rest != ""; {
		j.directories[rest] = modeDeny
		next := strings.IndexByte(rest[1:], '/')
		if next < 0 {
			break
		}
		rest = rest[1+next:]
	}
	return j
}

const canaryPatience = 5 * time.Second

// prove does acts with the programs that are attached and tells which of them
// were refused with the kernel's word for it. With kill it is the signal that
// has to come.
func (e *Enforcer) prove(acts Acts, kill bool) (Acts, error) {
	c, err := e.newCanary(true)
	defer c.remove()
	if err != nil {
		return 0, err
	}
	policy := e.number()
	j := c.trap(acts)
	var kills Acts
	if kill {
		j.deny |= execs
		kills = j.deny
	}
	if err := e.kernel.put(policy, j, kills); err != nil {
		return 0, err
	}
	defer e.kernel.forget(policy, j)
	what := strconv.FormatUint(uint64(acts), 10)
	if kill {
		what = "exec"
	}
	out, status, err := c.run(what, func() error { return e.kernel.assign(c.id, policy) })
	_ = e.kernel.assign(c.id, 0)
	if err != nil {
		return 0, fmt.Errorf("start a canary: %w", err)
	}
	told, err := e.told(policy)
	if err != nil {
		return 0, err
	}
	if kill {
		if ws, ok := status.Sys().(syscall.WaitStatus); ok && ws.Signaled() && ws.Signal() == syscall.SIGKILL && told&execs != 0 {
			return acts, nil
		}
		return 0, nil
	}
	var proven Acts
	for line := range strings.Lines(out) {
		var act, no int
		if n, _ := fmt.Sscan(line, &act, &no); n == 2 && unix.Errno(no) == unix.EPERM && act < int(acts) {
			proven |= Acts(Act(act).bit())
		}
	}
	// One program decides about all that is executed, and tells of the first of
	// its reasons; the canary has one kind of origin to show.
	if told&execs != 0 {
		told |= acts & execs
	}
	if proven.Has(Memory) || proven.Has(Tool) {
		proven |= acts & execs
	}
	return proven & told, nil
}

// told are the acts of which the kernel's side says that it refused them.
func (e *Enforcer) told(policy uint32) (Acts, error) {
	var told Acts
	for {
		d, err := e.read(time.Now().Add(20 * time.Millisecond)) //nolint:forbidigo // a deadline, not data
		if err != nil || d == nil {
			return told, err
		}
		if d.verdict <= uint32(Killed) && d.policy == policy {
			told |= Acts(Act(d.act).bit())
		} else {
			e.early = append(e.early, d)
		}
	}
}

// run starts the canary in its group, sets the trap, and lets it go.
func (c *canary) run(what string, set func() error) (out string, status *os.ProcessState, err error) {
	if len(c.e.o.Canary) == 0 {
		return "", nil, errors.New("no program was named for it")
	}
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if c.group != "" {
		group, err := os.Open(c.group)
		if err != nil {
			return "", nil, err
		}
		defer group.Close()
		attr.UseCgroupFD, attr.CgroupFD = true, int(group.Fd())
	}
	inR, inW, err := os.Pipe()
	if err != nil {
		return "", nil, err
	}
	defer inW.Close()
	outR, outW, err := os.Pipe()
	if err != nil {
		return "", nil, errors.Join(err, inR.Close())
	}
	defer outR.Close()
	argv := append(append([]string{}, c.e.o.Canary...), what, c.dir)
	p, err := os.StartProcess(argv[0], argv, &os.ProcAttr{
		Files: []*os.File{inR, outW, nil}, Env: []string{"PATH=/", "HOME=/"},
		Sys: attr,
	})
	_ = inR.Close()
	_ = outW.Close()
	if err != nil {
		return "", nil, err
	}
	timer := time.AfterFunc(canaryPatience, func() { _ = p.Kill() })
	defer timer.Stop()
	if err = set(); err == nil {
		_, err = inW.WriteString("go\n")
	}
	if err != nil {
		_ = p.Kill()
	}
	data, _ := io.ReadAll(io.LimitReader(outR, 1<<16))
	status, waitErr := p.Wait()
	return string(data), status, errors.Join(err, waitErr)
}
