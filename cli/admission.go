package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/serve/admission"
	"github.com/boltseal/boltseal/source/registry"
	"github.com/boltseal/boltseal/syntax/manifest"
	"github.com/boltseal/boltseal/trust"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "admission",
		Short: "Hold what a cluster lets in against the policy",
		Long: `Hold what a cluster lets in against the policy: the checks of lint, the Pod
Security Standard and who must vouch for the images, with one verdict. The
section admission of boltseal.yaml says how.

  admission:
    mode: enforce              # or warn, audit
    fail-on: high              # default: the policy's own threshold
    pod-security: baseline     # or restricted, privileged
    on-error: deny             # or allow: what cannot be looked at in time
    namespace: boltseal        # its own: never blocked, as kube-system is
    exempt: [istio-system]
    include: [kube-system]     # judge it all the same
    namespaces:
      - {name: "dev-*", mode: warn}`,
		Example: `  boltseal admission test deploy/
  boltseal admission serve --listen 0.0.0.0:8443 --self-signed certs --host boltseal.boltseal.svc
  boltseal admission manifest --service boltseal --ca certs/ca.crt | kubectl apply -f -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; run: %s --help", args[0], cmd.CommandPath())
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(newAdmissionTest(env), newAdmissionServe(env), newAdmissionManifest(env))
	return cmd
})

// admissionFlags are those of the verbs that decide.
type admissionFlags struct {
	verify verifyFlags
	reg    registryFlags
}

func (f *admissionFlags) register(cmd *cobra.Command) {
	f.reg.registerPolicy(cmd)
	f.reg.register(cmd)
	fl := cmd.Flags()
	fl.StringArrayVar(&f.verify.trustedRoot, "trusted-root", nil, "trusted_root.json of the sigstore instance whose certificates count (default: the public instance, as built in)")
}

// handler is the webhook that the flags and the policy file say.
func (f *admissionFlags) handler(ctx context.Context, env *Env, log *slog.Logger) (*admission.Handler, func(), error) {
	p, err := f.reg.policy()
	if err != nil {
		return nil, nil, err
	}
	images := &registryImages{env: env, reg: &f.reg, clients: map[string]*registry.Client{}}
	name := f.reg.policyFile
	if name == "" {
		name = "boltseal.yaml"
	}
	images.opts = trustOptions(ctx, env, &f.verify, p, filepath.Dir(name))
	h, err := admission.New(&admission.Options{Policy: p, Now: env.Now, Log: log, Images: images, Tool: boltseal.Tool{Name: "boltseal", Version: Version()}})
	return h, images.close, err
}

// registryImages asks registries, with one client for each.
type registryImages struct {
	env  *Env
	reg  *registryFlags
	opts *trust.Options

	mu      sync.Mutex
	clients map[string]*registry.Client
}

func (r *registryImages) client(image string) (*registry.Client, registry.Ref, error) {
	ref, err := registry.ParseRef(image)
	if err != nil {
		return nil, ref, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.clients[ref.Host]; c != nil {
		return c, ref, nil
	}
	c, ref, err := r.reg.client(r.env, image)
	if err == nil {
		r.clients[ref.Host] = c
	}
	return c, ref, err
}

// Resolve asks the registry what a name means.
func (r *registryImages) Resolve(ctx context.Context, image string) (boltseal.Digest, error) {
	c, ref, err := r.client(image)
	if err != nil {
		return "", err
	}
	desc, err := c.Resolve(ctx, ref)
	return boltseal.Digest(desc.Digest), err
}

// Check holds the bytes of a digest against the policy.
func (r *registryImages) Check(ctx context.Context, image string, digest boltseal.Digest) (*boltseal.Report, error) {
	c, ref, err := r.client(image)
	if err != nil {
		return nil, err
	}
	return trust.Check(ctx, c, ref.At(digest), r.opts)
}

func (r *registryImages) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.clients {
		_ = c.Close()
	}
}

func newAdmissionTest(env *Env) *cobra.Command {
	f := &admissionFlags{}
	var format, namespace string
	cmd := &cobra.Command{
		Use:   "test PATH...",
		Short: "Say what admission would do with manifests, and why",
		Long: `Say what admission would do with manifests, and why. PATH is a file, a folder or
- for standard input. Nothing is sent to a cluster; registries are asked only
when the policy says who must vouch for images.

Exit status: 0 everything is let in, 1 something is refused, 3 something could
not be looked at and the mode lets it in all the same.`,
		Example: `  boltseal admission test deploy/
  kubectl get deployment web -o yaml | boltseal admission test - -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("want a manifest or more; run: %s --help", cmd.CommandPath())
			}
			if format != "text" && format != "json" {
				return usagef("--output %q: want text or json", format)
			}
			return testAdmission(cmd.Context(), env, f, args, format, namespace)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVarP(&format, "output", "o", "text", "text or json")
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "default", "namespace of objects that name none")
	return cmd
}

// tested is one object and what becomes of it.
type tested struct {
	File string `json:"file"`
	*admission.Decision
}

func testAdmission(ctx context.Context, env *Env, f *admissionFlags, paths []string, format, namespace string) error {
	h, done, err := f.handler(ctx, env, nil)
	if err != nil {
		return err
	}
	defer done()
	m, err := readManifests(env, paths)
	if err != nil {
		return err
	}
	p, err := f.reg.policy()
	if err != nil {
		return err
	}
	deadline := p.Admits().Deadline
	code := statusClean
	all := []tested{}
	for _, file := range m.files {
		for _, e := range file.Errors {
			m.gaps = append(m.gaps, boltseal.Gap{Kind: "unreadable-file", What: "file " + file.Name, Why: e.Error()})
		}
		for _, o := range file.Objects() {
			q, err := requestFor(o, namespace)
			if err != nil {
				m.gaps = append(m.gaps, boltseal.Gap{Kind: "unreadable-file", What: "file " + file.Name, Why: err.Error()})
				continue
			}
			ctx, cancel := context.WithTimeout(ctx, deadline)
			d := h.Review(ctx, q)
			cancel()
			all = append(all, tested{file.Name, d})
			switch {
			case !d.Allowed:
				code = statusBlock
			case len(d.Gaps) > 0 && code == statusClean:
				code = statusGap
			}
		}
	}
	if len(m.gaps) > 0 && code == statusClean {
		code = statusGap
	}
	if format == "json" {
		e := json.NewEncoder(env.Stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(struct {
			Objects []tested       `json:"objects"`
			Gaps    []boltseal.Gap `json:"gaps,omitempty"`
		}{all, m.gaps}); err != nil {
			return fmt.Errorf("admission: %w", err)
		}
	} else {
		writeAdmission(env.Stdout, all)
		for _, g := range m.gaps {
			fmt.Fprintf(env.Stderr, "boltseal: %s: %s\n", visible(g.What, ""), visible(g.Why, ""))
		}
	}
	if code != statusClean {
		return status(code)
	}
	return nil
}

// requestFor is what the API server would ask when the object is made.
func requestFor(o *manifest.Object, namespace string) (*admissionv1.AdmissionRequest, error) {
	data, err := o.Node.JSON()
	if err != nil {
		return nil, err
	}
	group, version, ok := strings.Cut(o.APIVersion, "/")
	if !ok {
		group, version = "", o.APIVersion
	}
	if o.Namespace != "" {
		namespace = o.Namespace
	}
	if o.Kind == "Namespace" && group == "" {
		namespace = o.Name
	}
	return &admissionv1.AdmissionRequest{
		UID: "test", Kind: metav1.GroupVersionKind{Group: group, Version: version, Kind: o.Kind},
		Name: o.Name, Namespace: namespace, Operation: admissionv1.Create, Object: runtime.RawExtension{Raw: data},
	}, nil
}

func writeAdmission(w io.Writer, all []tested) {
	refused, judged := 0, 0
	for _, t := range all {
		word := "ALLOWED"
		switch {
		case t.Mode == "":
			word = "PASSED OVER"
		case !t.Allowed:
			word = "DENIED"
			refused++
		case len(t.Blocking)+len(t.Gaps) > 0:
			word = "WOULD BE DENIED"
		}
		if t.Mode != "" {
			judged++
		}
		fmt.Fprintf(w, "%s  %s (%s): %s\n", word, visible(t.Object, ""), visible(t.File, ""), t.Why)
		for i := range t.Blocking {
			writeBlocking(w, &t.Blocking[i])
		}
		for _, g := range t.Gaps {
			fmt.Fprintf(w, "  ??  %s: %s\n", visible(g.What, ""), visible(g.Why, ""))
		}
		for i := range t.Other {
			if waived := t.Other[i].Waived; waived != nil {
				fmt.Fprintf(w, "  --  %s: %s\n      %s\n", t.Other[i].Check, visible(t.Other[i].Message, ""), visible(waived.String(), ""))
			}
		}
	}
	fmt.Fprintf(w, "%d of %d judged would be refused\n", refused, judged)
}

func writeBlocking(w io.Writer, f *boltseal.Finding) {
	fmt.Fprintf(w, "  NO  %s %s: %s\n", f.Severity, f.Check, visible(f.Message, ""))
	if len(f.Fixes) > 0 {
		fmt.Fprintf(w, "      fix: %s\n", visible(f.Fixes[0].Title, ""))
	}
}

func newAdmissionManifest(env *Env) *cobra.Command {
	w := &admission.Webhook{}
	var policyFile, ca string
	cmd := &cobra.Command{
		Use:   "manifest",
		Short: "Print the ValidatingWebhookConfiguration that sends requests to boltseal",
		Long: `Print the ValidatingWebhookConfiguration that sends requests to boltseal.
kube-system and boltseal's own namespace are left out of it, unless the policy
includes them, so that a cluster never hangs on its own admission.`,
		Example: `  boltseal admission manifest --service boltseal --ca certs/ca.crt | kubectl apply -f -
  boltseal admission manifest --url https://10.0.0.9:8443/validate --ca certs/ca.crt --fail-open`,
		Args: none,
		RunE: func(*cobra.Command, []string) error {
			scan := &scanFlags{policyFile: policyFile}
			p, err := scan.policy()
			if err != nil {
				return err
			}
			w.Admission = p.Admits()
			if err := validWebhook(w); err != nil {
				return err
			}
			if ca != "" {
				if w.CA, err = readSmall(env, ca); err != nil {
					return usageError{fmt.Errorf("--ca: %w", err)}
				}
			}
			_, err = io.WriteString(env.Stdout, w.Manifest())
			return err
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&policyFile, "policy", "", "policy file (default: boltseal.yaml here, if there is one)")
	fl.StringVar(&ca, "ca", "", "file of the authority that vouches for the webhook's certificate")
	fl.StringVar(&w.URL, "url", "", "where the webhook is outside of the cluster: https://HOST:PORT/validate")
	fl.StringVar(&w.Service, "service", "", "name of the webhook's service, in the namespace of the policy")
	fl.StringVar(&w.Name, "name", "boltseal", "name of the configuration")
	fl.BoolVar(&w.FailOpen, "fail-open", false, "let the API server let in what it cannot ask about (failurePolicy: Ignore)")
	fl.IntVar(&w.Timeout, "timeout-seconds", 10, "how long the API server waits, from 1 to 30")
	return cmd
}

func validWebhook(w *admission.Webhook) error {
	if (w.URL == "") == (w.Service == "") {
		return usagef("where is the webhook? Give --url or --service, one of them")
	}
	if w.Timeout < 1 || w.Timeout > 30 {
		return usagef("--timeout-seconds %d: the API server takes 1 to 30", w.Timeout)
	}
	if w.URL == "" {
		return nil
	}
	if u, err := url.Parse(w.URL); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return usageError{errors.New("--url: want https://HOST:PORT/validate")}
	}
	return nil
}
