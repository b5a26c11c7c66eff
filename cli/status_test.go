package cli_test

import (
	"errors"
	"os/exec"
	"strconv"
)

func exitStatus(err error) string {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return strconv.Itoa(exit.ExitCode())
	}
	return err.Error()
}
