package bpf

//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -cc clang-14 -strip llvm-strip-14 -cflags "-O2 -Wall -Wno-unused-variable -Wno-compare-distinct-pointer-types" -target amd64,arm64 -no-global-types -output-stem recorder Recorder recorder.bpf.c -- -I.

// The layout of what recorder.bpf.c keeps for each workload.
const (
	UsedLastNew    = 0
	UsedCompat     = 8
	UsedFiltered   = 16
	UsedUnfiltered = 16 + UsedCalls
	UsedCaps       = 16 + 2*UsedCalls
	UsedCalls      = 512
	UsedCapsLen    = 64
	UsedSize       = 16 + 2*UsedCalls + UsedCapsLen
)
