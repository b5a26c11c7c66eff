package inventory

import (
	"runtime/debug"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/exe"
	"github.com/boltseal/boltseal/internal/gosym"
)

// goLink notes with each module which of its functions are in the program. A
// program that does not tell leaves them unknown.
func goLink(all []boltseal.Component, program *exe.Program, info *debug.BuildInfo) {
	if program == nil {
		return
	}
	at := make(map[string]int, len(all))
	for i := range all {
		at[all[i].Name] = i
	}
	names := make([][]string, len(all))
	packages := map[string]int{} // import path → module, or -1
	var last string              // functions of one package follow each other
	module := -1
	err := gosym.Functions(program, func(name []byte) {
		path, function := gosym.Package(string(name))
		if path == "" {
			return
		}
		if path == "main" && info.Path != "" {
			path = info.Path
		}
		if path != last {
			last = path
			known, ok := packages[path]
			if !ok {
				known = goModuleOf(path, at)
				packages[path] = known
				if known >= 0 {
					names[known] = append(names[known], path+".*")
				}
			}
			module = known
		}
		if module < 0 {
			return
		}
		names[module] = append(names[module], path+"."+function)
		if outer, _, ok := strings.Cut(function, "."); ok {
			names[module] = append(names[module], path+"."+outer) // what a closure is of
		}
	})
	if err != nil {
		return // the modules are known all the same
	}
	for i := range all {
		// Empty is known to be none: the linker needed nothing of it.
		all[i].Linked = append(boltseal.Symbols{}, boltseal.NewSymbols(names[i])...)
	}
}

// goModuleOf is the module that a package is of: the one with the longest
// path that begins its own, or the standard library when its first element
// has no dot.
func goModuleOf(path string, modules map[string]int) int {
	for prefix := path; prefix != ""; {
		if i, ok := modules[prefix]; ok && prefix != "stdlib" {
			return i
		}
		slash := strings.LastIndexByte(prefix, '/')
		if slash < 0 {
			break
		}
		prefix = prefix[:slash]
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		if i, ok := modules["stdlib"]; ok {
			return i
		}
	}
	return -1
}
