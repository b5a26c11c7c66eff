//go:build amd64 || arm64

package enforce

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// choose flies canaries past each back-end, the strongest first, until every
// act has one that stops it.
func (e *Enforcer) choose(noKernel error) error {
	all, enforced := e.policy.Acts()
	for a := range acts {
		e.abilities[a] = Ability{Act: a, Why: map[Backend]string{}}
	}
	if noKernel != nil {
		e.because(all, "no program can be loaded: "+noKernel.Error(), LSM, ModRet, Group, Kill)
		if e.kernel != nil {
			_ = e.kernel.close()
			e.kernel, e.reader = nil, nil
		}
	} else {
		for _, try := range []struct {
			backend Backend
			prefix  string
			acts    Acts
		}{{LSM, "lsm_", all &^ Acts(Connect.bit())}, {ModRet, "mod_", all &^ Acts(Connect.bit())}, {Group, "", all & Acts(Connect.bit())}} {
			if err := e.tryHooks(try.backend, try.prefix, e.without(try.acts)); err != nil {
				return err
			}
		}
	}
	if left := e.without(all) & (execs | 1<<Write); left != 0 && !e.avoided(Fanotify) {
		e.tryFanotify(left)
	}
	if e.kernel != nil && !e.avoided(Kill) {
		return e.tryKill(e.without(all), enforced)
	}
	return nil
}

// without are the acts of a set that nothing stops so far.
func (e *Enforcer) without(set Acts) Acts {
	for _, a := range set.List() {
		if e.abilities[a].Backend != None {
			set &^= Acts(a.bit())
		}
	}
	return set
}

func (e *Enforcer) because(set Acts, why string, by ...Backend) {
	for _, a := range set.List() {
		for _, b := range by {
			e.abilities[a].Why[b] = why
		}
	}
}

func programs(prefix string, set Acts) []string {
	var names []string
	for _, a := range set.List() {
		if a == Connect {
			return slices.Sorted(maps.Keys(groupHooks))
		}
		for _, hook := range hooks[a] {
			if !slices.Contains(names, prefix+hook) {
				names = append(names, prefix+hook)
			}
		}
	}
	return names
}

// tryHooks attaches a back-end of the kernel's and keeps what its canary
// proved.
func (e *Enforcer) tryHooks(b Backend, prefix string, set Acts) error {
	if set == 0 || e.avoided(b) {
		return nil
	}
	names := programs(prefix, set)
	if err := e.kernel.attach(names); err != nil {
		e.because(set, err.Error(), b)
		return nil
	}
	proven, err := e.prove(set, false)
	if err != nil {
		return errors.Join(fmt.Errorf("prove that %s prevents: %w", b, err), e.kernel.detach(names))
	}
	for _, a := range proven.List() {
		e.abilities[a].Backend = b
	}
	e.because(set&^proven, "its programs attach, and the canary was not stopped", b)
	var keep []string
	if proven != 0 {
		keep = programs(prefix, proven)
	}
	return e.kernel.detach(slices.DeleteFunc(names, func(name string) bool { return slices.Contains(keep, name) }))
}

// afterwards is what killing does not do for acts that are done when the
// signal comes.
const afterwards = "the process is killed after the act, which is not undone"

// tryKill is the last resort.
func (e *Enforcer) tryKill(left, enforced Acts) error {
	may := left &^ enforced // in audit nobody is killed
	switch e.policy.Last {
	case LastExec:
		may |= left & execs
		e.because(left&^may, "last-resort: exec leaves it to executables", Kill)
	case LastAny:
		may = left
	case LastNever:
		e.because(left&^may, "last-resort: never", Kill)
	}
	may &^= 1<<Library | 1<<Connect
	if may == 0 {
		return nil
	}
	if err := e.kernel.attach([]string{"kill_exec"}); err != nil {
		e.because(may, err.Error(), Kill)
		return nil
	}
	proven, err := e.prove(may, true)
	if err != nil {
		return errors.Join(fmt.Errorf("prove that kill works: %w", err), e.kernel.detach([]string{"kill_exec"}))
	}
	if proven == 0 {
		e.because(may, "its program attaches, and the canary lived", Kill)
		return e.kernel.detach([]string{"kill_exec"})
	}
	for _, a := range may.List() {
		e.abilities[a].Backend = Kill
		if !Acts(execs).Has(a) {
			e.abilities[a].Partial = afterwards
		}
	}
	if may&execs == 0 {
		if err := e.kernel.detach([]string{"kill_exec"}); err != nil {
			return err
		}
	}
	if rest := may &^ execs; rest != 0 {
		if err := e.kernel.kill(rest); err != nil {
			return err
		}
		return e.kernel.attach([]string{"kill_call"})
	}
	return nil
}

func (e *Enforcer) avoided(b Backend) bool { return slices.Contains(e.o.Avoid, b) }
