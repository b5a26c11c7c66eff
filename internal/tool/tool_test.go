package tool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal/internal/tool"
)

// TestMain makes the test binary the program that is started.
func TestMain(m *testing.M) {
	switch os.Getenv("TOOL_TEST_ACT") {
	case "":
		os.Exit(m.Run())
	case "echo":
		io.Copy(os.Stdout, os.Stdin)
		fmt.Fprintf(os.Stderr, "%q", os.Args[1:])
		os.Exit(3)
	case "flood":
		for {
			if _, err := fmt.Println(strings.Repeat("x", 1<<10)); err != nil {
				os.Exit(0)
			}
		}
	case "sleep":
		time.Sleep(time.Minute)
	}
}

func command(t *testing.T, act string) tool.Command {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return tool.Command{Name: self, Env: []string{"TOOL_TEST_ACT=" + act}}
}

func TestRun(t *testing.T) {
	c := command(t, "echo")
	c.Args = []string{"$(id)", "a b"}
	c.Stdin = strings.NewReader("in")
	got, err := tool.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Stdout) != "in" || string(got.Stderr) != `["$(id)" "a b"]` || got.Status != 3 {
		t.Errorf("Run = %q, %q, status %d", got.Stdout, got.Stderr, got.Status)
	}
}

func TestRunMissing(t *testing.T) {
	_, err := tool.Run(t.Context(), tool.Command{Name: "no-such-tool-here"})
	if !errors.Is(err, tool.ErrMissing) {
		t.Errorf("Run = %v", err)
	}
}

func TestRunStopsAFlood(t *testing.T) {
	c := command(t, "flood")
	c.Limit = 1 << 16
	_, err := tool.Run(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), "printed more than 65536 bytes") {
		t.Errorf("Run = %v", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := tool.Run(ctx, command(t, "sleep")); err == nil {
		t.Error("a cancelled run has no error")
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("the run took %s", took)
	}
}
