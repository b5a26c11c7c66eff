package image

import (
	"io/fs"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/debug-tools", Title: "image has tools for networks and debugging", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-4.3"},
		Doc: `Tools that look into processes and networks are as useful to whoever got in as to who runs the container. Keep them in a debug image and bring
them in when they are needed: kubectl debug, docker debug.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if program(path, info, debugTools) {
			p.Note(path, info.Size())
		}
	},
	Run: func(p *Pass) { p.ReportNoted("network or debugging tool", "network and debugging tools") },
})

var debugTools = words(`nc ncat netcat nc.openbsd nc.traditional nmap tcpdump tshark socat telnet strace ltrace gdb gdbserver dlv perf hping3 nping arp-scan masscan hydra sqlmap tor proxychains msfconsole ettercap`)
