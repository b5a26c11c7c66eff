package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// usageVar names the file that a launcher writes its child's usage to.
const usageVar = "BOLTSEAL_E2E_USAGE"

// launch runs a command for the tests and writes down what it used. Linux
// counts the memory of the process that forks towards the peak of the one that
// is executed, and a test that holds a report of a hundred megabytes would
// spoil the figure; so the test binary starts itself anew, small, to fork.
func launch(file string, argv []string) int {
	runtime.LockOSThread() // Pdeathsig is sent when the thread ends
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, err)
		return 126
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 126
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	line := fmt.Appendf(nil, "%d %d %d", usage.Maxrss*1024, cpu, wall)
	if err := os.WriteFile(file, line, 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 126
	}
	return cmd.ProcessState.ExitCode()
}
