package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// An act is what somebody does in a container, and the rule of boltseal's own
// that it must fire exactly once. The act's MARK becomes its number, so that
// its alerts can be told from those of the others.
type act struct {
	rule   string
	args   []string // of docker run
	script string   // for bash
	miss   string   // a near miss, which must not fire the rule
}

var acts = []act{
	{rule: "Write below a directory of executables", script: "echo > /usr/bin/MARK", miss: "echo > /tmp/MARK; cat /usr/bin/true > /tmp/MARK"},
	{rule: "Package manager in a running container", script: "apt-get --version MARK", miss: "echo apt-get MARK"},
	{rule: "Executable that is not of the image", script: "cp /bin/true /tmp/MARK; /tmp/MARK", miss: "/bin/true MARK"},
	{rule: "Executable without a file", script: `perl -e '$n="m"; $f=syscall(319,$n,0); open($o,">&=",$f); open($i,"<","/bin/true"); local $/; $d=<$i>; syswrite($o,$d); exec {"/proc/$$/fd/$f"} "m", "MARK"'`,
		miss: `perl -e '$n="MARK"; syscall(319,$n,0)'`},
	{rule: "Shell on a terminal in a container", args: []string{"-t"}, script: ": MARK", miss: "true MARK"},
	{rule: "Shell with a connection as its input", args: []string{"--network=host"}, script: "exec 3<>/dev/tcp/127.0.0.1/PORT; exec 0<&3; : MARK", miss: "exec 3<>/dev/tcp/127.0.0.1/PORT; : MARK"},
	{rule: "Credentials read in a container", script: "cat /etc/shadow - MARK < /dev/null", miss: "cat /etc/passwd - MARK < /dev/null; ls -l /etc/shadow MARK"},
	{rule: "Download tool in a running container", script: "cp /bin/true /tmp/curl; /tmp/curl MARK", miss: "echo curl MARK"},
	{rule: "Privileges gained by setuid", script: `perl -e '"MARK"; syscall(117,1000,1000,0); syscall(105,0)'`, miss: `perl -e '"MARK"; syscall(105,0)'`},
	{rule: "Kernel module from a container", script: `perl -e '$n="MARK"; syscall(176,$n,0)'`, miss: "ls /lib/modules MARK"},
	{rule: "Namespace of the host entered from a container", args: []string{"--cap-add=SYS_ADMIN"}, script: "nsenter --uts --target $$ true MARK", miss: "unshare --uts true MARK"},
	{rule: "Another process is debugged from a container", script: `perl -e '"MARK"; if ($p=fork) { syscall(101,0x4206,$p,0,0); kill 9,$p } else { sleep 5 }'`, miss: `perl -e '"MARK"; syscall(101,0x4206,0,0,0)'`},
	{rule: "File system mounted in a container", args: []string{"--cap-add=SYS_ADMIN"}, script: "mount -t tmpfs MARK /mnt", miss: "mount -t nonesuch MARK /mnt"},
	{rule: "Connection to the cloud's metadata service", args: []string{"--network=host"}, script: "exec 3<>/dev/udp/169.254.169.254/80; : MARK", miss: "exec 3<>/dev/udp/127.0.0.1/80; : MARK"},
	{rule: "Connection to a mining pool", script: "/bin/true stratum+tcp://MARK", miss: "/bin/true stratum://MARK"},
	{rule: "Container with the engine's socket", script: `perl -e 'use Socket; "MARK"; socket(S,PF_UNIX,SOCK_STREAM,0); connect(S,sockaddr_un("/run/docker.sock"))'`,
		miss: `perl -e 'use Socket; "MARK"; socket(S,PF_UNIX,SOCK_STREAM,0); connect(S,sockaddr_un("/run/other.sock"))'`},
	{rule: "Logs or history removed", script: "echo > /root/MARK_history; rm /root/MARK_history", miss: "echo > /root/MARK; rm /root/MARK"},
	{rule: "Setuid bit given in a container", script: "echo > /tmp/MARK; chmod u+s /tmp/MARK", miss: "echo > /tmp/MARK; chmod u+x /tmp/MARK"},
}

// Every rule of boltseal's own fires once for the act that it is about, and
// not for one that is nearly it.
func TestWatch(t *testing.T) {
	tool(t, "dockerd", "docker")
	if os.Geteuid() != 0 {
		skip(t, "the sensor needs root")
	}
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err != nil {
		skip(t, "this kernel has no BTF")
	}
	dir := socketDir(t)
	host := "unix://" + dir + "/docker.sock"
	env := append(os.Environ(), "DOCKER_HOST="+host)
	start(t, exec.Command("dockerd", "--storage-driver=overlay2", "--data-root", dir+"/root", "--exec-root", dir+"/exec",
		"-H", host, "--pidfile", dir+"/pid", "--iptables=false", "--bridge=none"))
	ping := exec.Command("docker", "info")
	ping.Env = env
	waitFor(t, "dockerd", func() error {
		again := *ping
		return again.Run()
	})
	run(t, env, "docker", "load", "--quiet", "--input", image(t, "debian-vuln")+"/docker.tar")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())

	var out bytes.Buffer
	errs, ready, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	watch := exec.Command(binary, "watch", "-o", "json", "--group", "0")
	watch.Stdout, watch.Stderr = &out, ready
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	ready.Close()
	line := make([]byte, 4096)
	for said := ""; !strings.Contains(said, "watching with"); {
		n, err := errs.Read(line)
		if err != nil {
			t.Fatalf("the watch ended: %s", said)
		}
		said += string(line[:n])
	}
	go func() { _, _ = io.Copy(io.Discard, errs) }() // an end that nobody holds would break the pipe
	perform := func(mark, script string, args ...string) {
		script = strings.NewReplacer("MARK", mark, "PORT", port).Replace(script)
		cmd := exec.CommandContext(t.Context(), "docker", append(append([]string{"run", "--rm"}, args...), "debian-vuln", "bash", "-c", script)...)
		cmd.Env = env
		_ = cmd.Run() // some acts are refused, and are seen all the same
	}
	for i, a := range acts {
		perform(fmt.Sprintf("act%02d", i), a.script, a.args...)
		var args []string
		for _, arg := range a.args {
			if arg != "-t" {
				args = append(args, arg)
			}
		}
		perform(fmt.Sprintf("miss%02d", i), a.miss, args...)
	}
	time.Sleep(time.Second)
	if err := watch.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := watch.Wait(); err != nil {
		t.Errorf("the watch: %v", err)
	}
	got := map[string]int{}
	for text := range strings.Lines(out.String()) {
		var alert struct {
			Rule, Output string
			Fields       map[string]any `json:"output_fields"`
		}
		if err := json.Unmarshal([]byte(text), &alert); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for i := range acts {
			for _, mark := range []string{fmt.Sprintf("act%02d", i), fmt.Sprintf("miss%02d", i)} {
				if strings.Contains(alert.Output, mark) {
					got[alert.Rule+" "+mark]++
					if image := alert.Fields["container.image.repository"]; image != "debian-vuln" {
						t.Errorf("%s: the image is %v", alert.Rule, image)
					}
				}
			}
		}
	}
	for i, a := range acts {
		if n := got[fmt.Sprintf("%s act%02d", a.rule, i)]; n != 1 {
			t.Errorf("%s: fired %d times for %s", a.rule, n, a.script)
		}
		if n := got[fmt.Sprintf("%s miss%02d", a.rule, i)]; n != 0 {
			t.Errorf("%s: fired %d times for %s", a.rule, n, a.miss)
		}
	}
}
