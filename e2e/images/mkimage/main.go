// Command mkimage makes the container images that the end-to-end tests and
// benchmarks scan, out of tars and directories and without a daemon: the same
// input gives the same bytes.
//
//	mkimage tar -o layer.tar [-prefix srv/app] DIR
//	mkimage diff -o layer.tar base.tar full.tar
//	mkimage image -o DIR -name NAME [-config config.json] LAYER.tar[=created by]…
//	mkimage convert -o DIR -name NAME docker-archive.tar
//	mkimage index -o DIR -name NAME platform=DIR…
//	mkimage jar -o app.jar -kind boot|war JAR…
//	mkimage alpine -o layer.tar packages.txt
//	mkimage wheels -o DIR requirements.txt
package main

import (
	"flag"
	"fmt"
	"os"
)

var commands = map[string]func(args []string) error{
	"tar":     runTar,
	"diff":    runDiff,
	"image":   runImage,
	"convert": runConvert,
	"index":   runIndex,
	"jar":     runJar,
	"alpine":  runAlpine,
	"wheels":  runWheels,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: mkimage tar|diff|image|convert|index|jar|alpine|wheels …")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "mkimage %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

// flags parses args and returns what follows the flags, at least min of it.
func flags(set *flag.FlagSet, args []string, min int) ([]string, error) {
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	if set.NArg() < min {
		return nil, fmt.Errorf("want at least %d arguments, got %d", min, set.NArg())
	}
	return set.Args(), nil
}
