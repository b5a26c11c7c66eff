package cli

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/internal/netpol"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "netpol",
		Short: "Show, compare and write Kubernetes network policies",
		Long: `Show, compare and write Kubernetes network policies.

Manifests are read from files and folders; nothing is asked of a cluster.
NetworkPolicy, AdminNetworkPolicy and BaselineAdminNetworkPolicy are evaluated
as Kubernetes defines them, no network plugin's own kinds. To find mistakes in
policies, run: boltseal lint`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; run: boltseal netpol --help", args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(netpolGraph(env), netpolDiff(env), netpolGenerate(env))
	return cmd
})

// graphFormats are the forms of a graph, in the order in which help lists
// them.
var graphFormats = []struct {
	name  string
	write func(*netpol.Graph, io.Writer, netpol.Keep) error
}{
	{"text", (*netpol.Graph).WriteText},
	{"table", (*netpol.Graph).WriteTable},
	{"json", (*netpol.Graph).WriteJSON},
	{"mermaid", drawn((*netpol.Graph).Mermaid)},
	{"dot", drawn((*netpol.Graph).DOT)},
	{"svg", drawn((*netpol.Graph).SVG)},
}

func drawn(draw func(*netpol.Graph) string) func(*netpol.Graph, io.Writer, netpol.Keep) error {
	return func(g *netpol.Graph, w io.Writer, _ netpol.Keep) error {
		_, err := io.WriteString(w, draw(g))
		return err
	}
}

func netpolGraph(env *Env) *cobra.Command {
	var output, focus string
	var podCIDRs []string
	cmd := &cobra.Command{
		Use:   "graph PATH...",
		Short: "Show who can reach whom",
		Long: `Show who can reach whom, on which ports.

Workloads are named namespace/kind/name. Pods that policies speak of and the
manifests do not hold, and addresses outside the cluster, have a place too. In
drawings (mermaid, dot, svg) workloads that no rule tells apart share a box,
and no arrow leads from a box that sends anywhere to one that is open to all.

Exit status: 0 all was read, 2 usage, 3 something could not be read, or is a
policy of a kind that is not evaluated.`,
		Example: `  boltseal netpol graph deploy/
  boltseal netpol graph deploy/ --focus shop/deployment/api
  boltseal netpol graph deploy/ -o svg=reach.svg
  kustomize build overlays/prod | boltseal netpol graph - -o mermaid`,
		Args: somePaths,
		RunE: func(_ *cobra.Command, args []string) error {
			opts, err := podRanges(podCIDRs)
			if err != nil {
				return err
			}
			name, file, _ := strings.Cut(output, "=")
			for _, f := range graphFormats {
				if f.name != name {
					continue
				}
				if focus != "" && name != "text" && name != "table" && name != "json" {
					return usagef("--focus is for text, table and json: a drawing shows everyone")
				}
				m, err := readManifests(env, args)
				if err != nil {
					return err
				}
				graph := netpol.Evaluate(m.cluster(), opts)
				keep, err := keepOf(graph, focus)
				if err != nil {
					return err
				}
				if err := emitTo(env, file, func(w io.Writer) error { return f.write(graph, w, keep) }); err != nil {
					return err
				}
				return m.status(env)
			}
			return usagef("-o %s: no such format; there are %s", name, graphFormatNames())
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "FORMAT or FORMAT=FILE: "+graphFormatNames())
	cmd.Flags().StringVar(&focus, "focus", "", "show only workloads whose name contains this")
	cmd.Flags().StringSliceVar(&podCIDRs, "pod-cidr", nil, "the addresses of pods, to know which ipBlock takes them in")
	return cmd
}

func graphFormatNames() string {
	var names []string
	for _, f := range graphFormats {
		names = append(names, f.name)
	}
	return strings.Join(names, ", ")
}

// keepOf selects the workloads that are written about. A focus on nothing is
// a mistake.
func keepOf(g *netpol.Graph, focus string) (netpol.Keep, error) {
	if focus == "" {
		return nil, nil
	}
	keep := func(e *netpol.Endpoint) bool { return e.Kind == netpol.Pods && strings.Contains(e.Name, focus) }
	for i := range g.Endpoints {
		if keep(&g.Endpoints[i]) {
			return keep, nil
		}
	}
	return nil, usagef("--focus %s: no workload has that in its name", focus)
}

func podRanges(texts []string) (*netpol.Options, error) {
	opts := &netpol.Options{}
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, usagef("--pod-cidr %s: want a range of addresses such as 10.244.0.0/16", text)
		}
		opts.PodCIDRs = append(opts.PodCIDRs, p.Masked())
	}
	return opts, nil
}

// emitTo writes to a file, or to standard output when it has no name.
func emitTo(env *Env, file string, write func(io.Writer) error) error {
	if file == "" || file == "-" {
		return write(env.Stdout)
	}
	return atomicfile.Write(file, 0o644, func(f *os.File) error { return write(f) })
}

func netpolDiff(env *Env) *cobra.Command {
	var output string
	var failOnOpen bool
	var podCIDRs []string
	cmd := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Say what a change opens and closes",
		Long: `Say what a change opens and closes.

BEFORE and AFTER are files or folders of manifests. A connection with a
workload that is new is told apart from one that was closed.

Exit status: 0 all was read, 1 with --fail-on-open: something is open that was
closed, 2 usage, 3 something could not be read.`,
		Example: `  boltseal netpol diff main/deploy deploy --fail-on-open
  boltseal netpol diff main/deploy deploy -o markdown > comment.md`,
		Args: exactly(2, "two files or folders"),
		RunE: func(_ *cobra.Command, args []string) error {
			opts, err := podRanges(podCIDRs)
			if err != nil {
				return err
			}
			write, ok := map[string]func(io.Writer, []netpol.Change) error{
				"text": writeChangesText, "json": writeChangesJSON, "markdown": writeChangesMarkdown,
			}[output]
			if !ok {
				return usagef("-o %s: no such format; there are text, json, markdown", output)
			}
			before, err := readManifests(env, args[:1])
			if err != nil {
				return err
			}
			after, err := readManifests(env, args[1:])
			if err != nil {
				return err
			}
			changes := netpol.Compare(before.cluster(), after.cluster(), opts)
			if err := write(env.Stdout, changes); err != nil {
				return err
			}
			err = errors.Join(before.status(env), after.status(env))
			if err == nil && failOnOpen && opensSomething(changes) {
				return status(statusBlock)
			}
			if err != nil {
				return status(statusGap)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text, json or markdown")
	cmd.Flags().BoolVar(&failOnOpen, "fail-on-open", false, "exit status 1 when something is open that was closed")
	cmd.Flags().StringSliceVar(&podCIDRs, "pod-cidr", nil, "the addresses of pods, to know which ipBlock takes them in")
	return cmd
}

// opensSomething leaves out what comes with new workloads: they were not
// closed before.
func opensSomething(changes []netpol.Change) bool {
	for i := range changes {
		if !changes[i].Opened.Empty() && !changes[i].New {
			return true
		}
	}
	return false
}

func netpolGenerate(env *Env) *cobra.Command {
	var file, ingress string
	cmd := &cobra.Command{
		Use:   "generate PATH...",
		Short: "Write policies that allow what manifests show to be needed",
		Long: `Write policies that allow what manifests show to be needed, and nothing else.

For each namespace: deny everything in both directions, allow DNS. For each
workload: what its environment, arguments and ConfigMaps say that it calls, in
the ports of the pods behind a Service, and what Ingresses and Services of type
LoadBalancer or NodePort bring to it. Each rule has its reason as a comment.
The outcome was evaluated: every such connection passes. What cannot be known
from manifests is told on standard error; read it before applying.`,
		Example: `  boltseal netpol generate deploy/ > policies.yaml
  boltseal netpol generate deploy/ --output-file deploy/policies.yaml --ingress-namespace traefik`,
		Args: somePaths,
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := readManifests(env, args)
			if err != nil {
				return err
			}
			c := m.cluster()
			if len(c.Workloads) == 0 {
				return fmt.Errorf("generate: %s holds no workload", strings.Join(args, " "))
			}
			g, err := netpol.Generate(c, &netpol.GenerateOptions{IngressNamespace: ingress})
			if err != nil {
				return fmt.Errorf("generate: %w", err)
			}
			if err := emitTo(env, file, func(w io.Writer) error { _, err := io.WriteString(w, g.YAML()); return err }); err != nil {
				return err
			}
			for _, note := range g.Notes {
				fmt.Fprintf(env.Stderr, "note: %s\n", note)
			}
			fmt.Fprintf(env.Stderr, "%s for %s, %s\n", policies(len(g.Policies)), plural(len(c.Workloads), "workload"), plural(len(g.Flows), "connection"))
			return m.status(env)
		},
	}
	cmd.Flags().StringVar(&file, "output-file", "", "where to write (default: standard output)")
	cmd.Flags().StringVar(&ingress, "ingress-namespace", "", "where the ingress controller runs (default: by the class of each Ingress)")
	return cmd
}

func policies(n int) string {
	if n == 1 {
		return "1 policy"
	}
	return fmt.Sprintf("%d policies", n)
}

func somePaths(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("want files or folders of manifests, or - for standard input; run: %s --help", cmd.CommandPath())
	}
	return nil
}

// cluster puts the objects of all files together. What is not evaluated is a
// gap.
func (m *manifests) cluster() *netpol.Cluster {
	c := &netpol.Cluster{}
	for _, f := range m.files {
		for _, o := range f.Objects() {
			ref := netpol.Ref{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
			if err := c.Add(ref, o.Node.Decode); err != nil {
				m.gaps = append(m.gaps, boltseal.Gap{What: "object " + ref.String() + " in " + f.Name, Why: err.Error(), Kind: "unreadable-object"})
			}
		}
	}
	for _, what := range c.NotEvaluated() {
		name, why, _ := strings.Cut(what, ": ")
		m.gaps = append(m.gaps, boltseal.Gap{What: "policy " + name, Why: why, Kind: "unsupported-policy"})
	}
	return c
}
