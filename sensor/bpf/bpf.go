// Package bpf holds the programs that the sensor runs in the kernel, compiled,
// and the shape of the records that they send. `make bpf` compiles them anew;
// building boltseal needs no compiler for them.
package bpf

//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -cc clang-14 -strip llvm-strip-14 -cflags "-O2 -Wall -Wno-unused-variable -Wno-compare-distinct-pointer-types" -target amd64,arm64 -no-global-types -output-stem sensor Sensor sensor.bpf.c -- -I.
//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -cc clang-14 -strip llvm-strip-14 -cflags "-O2 -Wall -Wno-unused-variable -Wno-compare-distinct-pointer-types" -target amd64,arm64 -no-global-types -output-stem enforce Enforce enforce.bpf.c -- -I.
