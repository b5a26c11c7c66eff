//go:build amd64 || arm64

package enforce

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/boltseal/boltseal/sensor/bpf"
)

// hooks are the programs of each act, without their lsm_ and mod_.
var hooks = map[Act][]string{
	Drift: {"exec"}, Memory: {"exec"}, Volume: {"exec"}, Tool: {"exec"},
	Library: {"mmap", "mprotect"},
	Write:   {"open", "create", "unlink", "symlink", "mkdir", "rmdir", "mknod", "link", "rename", "chmod", "chown", "truncate"},
	Mount:   {"mount", "move_mount"},
	Ptrace:  {"ptrace", "traceme"},
	Module:  {"read_module", "load_module"},
}

// groupHooks are the programs that decide about connections.
var groupHooks = map[string]ebpf.AttachType{
	"group_connect4": ebpf.AttachCGroupInet4Connect, "group_connect6": ebpf.AttachCGroupInet6Connect,
	"group_sendmsg4": ebpf.AttachCGroupUDP4Sendmsg, "group_sendmsg6": ebpf.AttachCGroupUDP6Sendmsg,
}

// kernel is the programs that are attached, and their maps.
type kernel struct {
	spec  *ebpf.CollectionSpec
	maps  map[string]*ebpf.Map
	links map[string]link.Link // by the program's name
	pins  string               // where they are kept; empty keeps nothing
}

// openKernel makes the maps, or takes those that an earlier watch left.
func openKernel(pins string) (*kernel, error) {
	spec, err := bpf.LoadEnforce()
	if err != nil {
		return nil, fmt.Errorf("read the programs of prevention: %w", err)
	}
	k := &kernel{spec: spec, maps: map[string]*ebpf.Map{}, links: map[string]link.Link{}, pins: pins}
	for name, m := range spec.Maps {
		if !strings.HasPrefix(name, "enforce_") {
			continue
		}
		var made *ebpf.Map
		if pins != "" {
			made, err = ebpf.LoadPinnedMap(filepath.Join(pins, name), nil)
			if err == nil && m.Compatible(made) != nil {
				err = errors.Join(made.Close(), os.ErrNotExist) // of another version: everything is made anew
			}
		}
		if pins == "" || err != nil {
			made, err = ebpf.NewMap(m)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("make the map %s: %w", name, err), k.close())
		}
		k.maps[name] = made
	}
	return k, nil
}

// attach loads programs and attaches them; all or none.
func (k *kernel) attach(names []string) (err error) {
	var fresh []string
	for _, name := range names {
		if k.links[name] == nil && !slices.Contains(fresh, name) {
			fresh = append(fresh, name)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	spec := k.spec.Copy()
	for name := range spec.Programs {
		if !slices.Contains(fresh, name) {
			delete(spec.Programs, name)
		}
	}
	made, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{MapReplacements: k.maps})
	if err != nil {
		return fmt.Errorf("load: %w", short(err))
	}
	defer made.Close() // links keep their programs
	defer func() {
		if err != nil {
			err = errors.Join(err, k.detach(fresh))
		}
	}()
	for _, name := range fresh {
		l, err := attachOne(name, made.Programs[name])
		if err != nil {
			return fmt.Errorf("attach %s: %w", name, err)
		}
		k.links[name] = l
	}
	return nil
}

// short leaves out a verifier's log that says nothing.
func short(err error) error {
	var verifier *ebpf.VerifierError
	if errors.As(err, &verifier) && len(verifier.Log) == 0 {
		return verifier.Cause
	}
	return err
}

func attachOne(name string, program *ebpf.Program) (link.Link, error) {
	switch {
	case strings.HasPrefix(name, "lsm_"):
		return link.AttachLSM(link.LSMOptions{Program: program})
	case groupHooks[name] != 0:
		root, err := groupRoot()
		if err != nil {
			return nil, err
		}
		return link.AttachCgroup(link.CgroupOptions{Path: root, Attach: groupHooks[name], Program: program})
	}
	return link.AttachTracing(link.TracingOptions{Program: program})
}

func (k *kernel) detach(names []string) error {
	var errs []error
	for _, name := range names {
		if l := k.links[name]; l != nil {
			errs = append(errs, l.Close())
			delete(k.links, name)
		}
	}
	return errors.Join(errs...)
}

// pin keeps what is attached beyond the end of this process. What an earlier
// watch left is replaced link by link, each new one being at work before the
// old one goes.
func (k *kernel) pin() error {
	if k.pins == "" {
		return nil
	}
	if err := os.MkdirAll(k.pins, 0o700); err != nil {
		return fmt.Errorf("keep the programs: %w", err)
	}
	for name, m := range k.maps {
		if m.IsPinned() {
			continue
		}
		_ = os.Remove(filepath.Join(k.pins, name))
		if err := m.Pin(filepath.Join(k.pins, name)); err != nil {
			return fmt.Errorf("keep the map %s (is a bpf file system mounted at /sys/fs/bpf?): %w", name, err)
		}
	}
	for name, l := range k.links {
		at, fresh := filepath.Join(k.pins, "link_"+name), filepath.Join(k.pins, "new_"+name)
		_ = os.Remove(fresh) // of a watch that was killed while it began
		if err := l.Pin(fresh); err != nil {
			return fmt.Errorf("keep the program %s: %w", name, err)
		}
		if err := os.Rename(fresh, at); err != nil {
			return fmt.Errorf("keep the program %s: %w", name, err)
		}
	}
	entries, err := os.ReadDir(k.pins)
	if err != nil {
		return fmt.Errorf("keep the programs: %w", err)
	}
	for _, e := range entries {
		if name, ok := strings.CutPrefix(e.Name(), "link_"); ok && k.links[name] == nil {
			if err := os.Remove(filepath.Join(k.pins, e.Name())); err != nil {
				return fmt.Errorf("let go of the program %s: %w", name, err)
			}
		}
	}
	return nil
}

// Release takes out of the kernel what a watch with persist left there.
func Release(pins string) error {
	entries, err := os.ReadDir(pins)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("release: %w", err)
	}
	var errs []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "link_") || strings.HasPrefix(e.Name(), "new_") || strings.HasPrefix(e.Name(), "enforce_") {
			errs = append(errs, os.Remove(filepath.Join(pins, e.Name())))
		}
	}
	return errors.Join(append(errs, os.Remove(pins))...)
}

func (k *kernel) close() error {
	var errs []error
	for _, l := range k.links {
		errs = append(errs, l.Close())
	}
	for _, m := range k.maps {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}

// rawPolicy is struct policy of the kernel's side.
type rawPolicy struct {
	Deny, Audit, Kill, Flags uint32
}

const policyHost = 1

// put writes a policy under a number that no control group has yet.
func (k *kernel) put(id uint32, j *judged, kill Acts) error {
	for w, modes := range j.words(id) {
		if err := k.maps["enforce_words"].Put(w, modes); err != nil {
			return fmt.Errorf("write the policy: %w", err)
		}
	}
	for key, value := range j.nets(id) {
		if err := k.maps["enforce_nets"].Put(key, value); err != nil {
			return fmt.Errorf("write the policy: %w", err)
		}
	}
	raw := rawPolicy{Deny: uint32(j.deny), Audit: uint32(j.audit), Kill: uint32(kill)}
	if j.host {
		raw.Flags = policyHost
	}
	if err := k.maps["enforce_policies"].Put(id, raw); err != nil {
		return fmt.Errorf("write the policy: %w", err)
	}
	return nil
}

// forget removes a policy that no control group has any longer.
func (k *kernel) forget(id uint32, j *judged) {
	_ = k.maps["enforce_policies"].Delete(id)
	for w := range j.words(id) {
		_ = k.maps["enforce_words"].Delete(w)
	}
	for key := range j.nets(id) {
		_ = k.maps["enforce_nets"].Delete(key)
	}
}

// assign gives a control group its policy; 0 takes it away.
func (k *kernel) assign(group uint64, policy uint32) error {
	m := k.maps["enforce_groups"]
	if policy == 0 {
		if err := m.Delete(group); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return fmt.Errorf("let a control group go: %w", err)
		}
		return nil
	}
	if err := m.Put(group, policy); err != nil {
		return fmt.Errorf("hold a control group: %w", err)
	}
	return nil
}

type rawConfig struct{ Own, Pending uint32 }

func (k *kernel) configure(pending uint32) error {
	if err := k.maps["enforce_config"].Put(uint32(0), rawConfig{uint32(os.Getpid()), pending}); err != nil {
		return fmt.Errorf("configure prevention: %w", err)
	}
	return nil
}

// Counts is how often prevention decided since it was attached.
type Counts struct {
	Denied  uint64 `json:"denied"`
	Audited uint64 `json:"audited"` // that would have been denied
	Killed  uint64 `json:"killed"`
	Untold  uint64 `json:"untold"` // of the above, those of which no alert could be made
}

func (k *kernel) counts() (c Counts, err error) {
	for i, to := range []*uint64{&c.Denied, &c.Audited, &c.Killed, &c.Untold} {
		if err := k.maps["enforce_counts"].Lookup(uint32(i), to); err != nil {
			return c, fmt.Errorf("read the counters of prevention: %w", err)
		}
	}
	return c, nil
}

// groupRoot is where the unified hierarchy of control groups is mounted.
func groupRoot() (string, error) {
	for _, at := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var st unix.Statfs_t
		if unix.Statfs(at, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC {
			return at, nil
		}
	}
	return "", errors.New("no unified hierarchy of control groups is mounted at /sys/fs/cgroup")
}

// callsOf are the system calls whose doers are killed when they are done.
func (k *kernel) kill(acts Acts) error {
	for nr, act := range killed {
		value := uint32(0)
		if acts.Has(act) {
			value = uint32(act) | 32
		}
		if err := k.maps["enforce_calls"].Put(uint32(nr), value); err != nil {
			return fmt.Errorf("write the calls to be killed for: %w", err)
		}
	}
	return nil
}

var killed = map[int]Act{
	unix.SYS_MOUNT: Mount, unix.SYS_MOVE_MOUNT: Mount, unix.SYS_PTRACE: Ptrace, unix.SYS_PROCESS_VM_READV: Ptrace, unix.SYS_PROCESS_VM_WRITEV: Ptrace,
	unix.SYS_INIT_MODULE: Module, unix.SYS_FINIT_MODULE: Module, unix.SYS_OPENAT: Write, unix.SYS_OPENAT2: Write,
}

// grace is how long a policy that was replaced is kept for decisions that
// have begun.
const grace = 200 * time.Millisecond
