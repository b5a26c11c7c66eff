package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/seal"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/registry"
)

// maxSmallFile bounds keys, tokens, trusted roots and signing configs.
const maxSmallFile = 4 << 20

// readSmall reads a file that is never large; "-" is standard input.
func readSmall(env *Env, name string) ([]byte, error) {
	return readBounded(env, name, maxSmallFile, "")
}

func readBounded(env *Env, name string, most int64, flag string) ([]byte, error) {
	r := env.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	return limit.ReadAll(r, most, &limit.Error{What: name, Max: most, Unit: "bytes", Flag: flag})
}

// registryFlags are the flags of verbs that speak to registries and open no
// other target.
type registryFlags struct {
	scanFlags
	password string // once it was read
}

func (f *registryFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVar(&f.plainHTTP, "plain-http", false, "speak to registries without TLS")
	fl.BoolVar(&f.insecure, "insecure-skip-tls-verify", false, "take any certificate of a registry")
	fl.StringVar(&f.caFile, "ca-file", "", "PEM file of further certificate authorities for registries")
	fl.StringVar(&f.username, "username", "", "user name for the registry (default: the docker configuration)")
	fl.BoolVar(&f.passwordStdin, "password-stdin", false, "read the registry password from standard input")
	fl.DurationVar(&f.timeout, "timeout", 0, "give up on a registry that sends nothing for so long (default 1m0s)")
}

// client is a registry client for the image that name names.
func (f *registryFlags) client(env *Env, name string) (*registry.Client, registry.Ref, error) {
	ref, err := registry.ParseRef(name)
	if err != nil {
		return nil, ref, usageError{err}
	}
	opts, err := f.source(env)
	if err != nil {
		return nil, ref, err
	}
	f.passwordStdin = false // it can be read once
	if opts.Password != "" {
		f.password = opts.Password
	}
	opts.Password = f.password
	opts.Now = env.Now
	client, err := source.NewRegistry(opts, ref)
	return client, ref, err
}

// passwordFlags say where the password of a private key comes from.
type passwordFlags struct{ file string }

func (p *passwordFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.file, "password-file", "", "file with the key's password (default: BOLTSEAL_PASSWORD, COSIGN_PASSWORD, or asked for)")
}

var errNoPassword = errors.New("no password: set BOLTSEAL_PASSWORD or COSIGN_PASSWORD, give --password-file, or run in a terminal")

// read gets the password; twice tells whether a person has to repeat it.
func (p *passwordFlags) read(env *Env, repeat bool) ([]byte, error) {
	if p.file != "" {
		data, err := readSmall(env, p.file)
		return bytes.TrimRight(data, "\r\n"), err
	}
	for _, name := range []string{"BOLTSEAL_PASSWORD", "COSIGN_PASSWORD"} {
		if v := env.Getenv(name); v != "" {
			return []byte(v), nil
		}
	}
	in, ok := env.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil, errNoPassword
	}
	ask := func(prompt string) ([]byte, error) {
		fmt.Fprint(env.Stderr, prompt)
		defer fmt.Fprintln(env.Stderr)
		return term.ReadPassword(int(in.Fd()))
	}
	first, err := ask("Password for the private key: ")
	if err != nil || !repeat {
		return first, err
	}
	again, err := ask("The same again: ")
	if err == nil && !bytes.Equal(first, again) {
		err = errors.New("the two passwords differ")
	}
	clear(again)
	return first, err
}

// keyPrefix marks a key that an environment variable holds.
const keyPrefix = "env://"

// readKey reads a key's file, or the environment variable that env:// names.
func readKey(env *Env, name string) ([]byte, error) {
	if variable, ok := strings.CutPrefix(name, keyPrefix); ok {
		value := env.Getenv(variable)
		if value == "" {
			return nil, usagef("key %s: the variable is empty", name)
		}
		return []byte(value), nil
	}
	return readSmall(env, name)
}

// signFlags are the flags of the verbs that sign.
type signFlags struct {
	key, token, config string
	keyless, yes       bool
	trustedRoot        []string
	clientID, issuer   string
	password           passwordFlags
}

func (f *signFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.key, "key", "", "private key: a file, env://VARIABLE, or NAME://KEY of the program sigstore-kms-NAME")
	fl.BoolVar(&f.keyless, "keyless", false, "sign with an OpenID identity instead of a key")
	fl.StringVar(&f.token, "identity-token", "", "file with an identity token for --keyless (default: what CI or the cluster gives, else sign in)")
	fl.StringVar(&f.config, "signing-config", "", "signing config of a sigstore instance (default with --keyless: the public one; with --key: none, nothing is published)")
	fl.StringArrayVar(&f.trustedRoot, "trusted-root", nil, "trusted_root.json to check the new signature with")
	fl.StringVar(&f.clientID, "oidc-client-id", "sigstore", "client id to sign in with")
	fl.StringVar(&f.issuer, "oidc-issuer", "", "OpenID issuer to sign in with (default: the signing config's)")
	fl.BoolVarP(&f.yes, "yes", "y", false, "agree that a public instance publishes the identity and the digest for ever")
	f.password.register(cmd)
}

// signer is the one that the flags describe. The caller calls done when it is
// no longer needed.
func (f *signFlags) signer(env *Env) (s *seal.Signer, done func(), err error) {
	opts := &seal.SignerOptions{Now: env.Now}
	if f.config != "" {
		data, err := readSmall(env, f.config)
		if err != nil {
			return nil, nil, usageError{err}
		}
		if opts.Services, err = seal.ParseSigningConfig(data, env.Now()); err != nil {
			return nil, nil, usageError{fmt.Errorf("%s: %w", f.config, err)}
		}
	}
	switch {
	case f.key != "" && f.keyless:
		return nil, nil, usagef("--key and --keyless are two ways to sign: give one")
	case f.key == "" && !f.keyless:
		return nil, nil, usagef("say what to sign with: --key FILE, or --keyless for an OpenID identity")
	case f.keyless:
		if err := f.identity(env, opts); err != nil {
			return nil, nil, err
		}
	default:
		if opts.Key, err = privateKey(env, f.key, &f.password); err != nil {
			return nil, nil, err
		}
	}
	if len(f.trustedRoot) > 0 {
		if opts.Trust, err = readTrust(env, f.trustedRoot); err != nil {
			return nil, nil, err
		}
	}
	s, err = seal.NewSigner(opts)
	if err != nil {
		return nil, nil, usageError{err}
	}
	return s, func() {
		s.Close()
		if opts.Key != nil {
			opts.Key.Wipe()
		}
	}, nil
}

// identity sets up signing with an identity.
func (f *signFlags) identity(env *Env, opts *seal.SignerOptions) error {
	if opts.Services == nil {
		if !f.yes {
			return usagef("--keyless without --signing-config publishes your identity and the digest in a public log, for ever: agree with --yes")
		}
		opts.Services = seal.PublicServices()
		if len(f.trustedRoot) == 0 {
			trust, err := seal.PublicGood()
			if err != nil {
				return err
			}
			opts.Trust = trust
		}
	}
	issuer := f.issuer
	if issuer == "" {
		issuer = opts.Services.Issuer
	}
	opts.Token = func(ctx context.Context) (string, error) {
		if f.token != "" {
			data, err := readSmall(env, f.token)
			return strings.TrimSpace(string(data)), err
		}
		token, from, err := seal.AmbientToken(ctx, &seal.TokenOptions{Getenv: env.Getenv, ReadFile: os.ReadFile})
		if err == nil {
			fmt.Fprintf(env.Stderr, "boltseal: signing with the identity from %s\n", from)
			return token, nil
		}
		if !errors.Is(err, seal.ErrNoToken) || !env.StderrTTY || issuer == "" {
			return "", err
		}
		return seal.DeviceToken(ctx, &seal.DeviceOptions{
			Issuer: issuer, ClientID: f.clientID, Sleep: sleepFor,
			Show: func(address, code string) {
				fmt.Fprintf(env.Stderr, "Open %s in a browser and enter the code %s\n", address, code)
			},
		})
	}
	return nil
}

func sleepFor(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func readTrust(env *Env, names []string) (*seal.Trust, error) {
	var trust *seal.Trust
	for _, name := range names {
		data, err := readSmall(env, name)
		if err != nil {
			return nil, usageError{fmt.Errorf("--trusted-root: %w", err)}
		}
		one, err := seal.ParseTrust(data)
		if err != nil {
			return nil, usageError{fmt.Errorf("--trusted-root %s: %w", name, err)}
		}
		one.Source = name
		if trust == nil {
			trust = one
			continue
		}
		trust = trust.Join(one)
	}
	return trust, nil
}

// verifyFlags are the flags of the verbs that verify: whose signatures count.
type verifyFlags struct {
	keys        []string
	trustedRoot []string
	id          seal.Identity
	claims      map[string]string
	annotations map[string]string
	types       []string
	anyType     bool
	requireLog  bool

	anyIdentity, withoutLog, withoutSCT bool
	fetchTrust                          bool
	tufMirror, tufRoot                  string
	maxBytes                            int64
	format                              string
	notary                              notaryFlags
}

func (f *verifyFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringArrayVar(&f.keys, "key", nil, "public key: a file, env://VARIABLE, or NAME://KEY of the program sigstore-kms-NAME; may be repeated")
	fl.StringVar(&f.id.Subject, "certificate-identity", "", "whom the certificate has to name: an address or a workflow's URL")
	fl.StringVar(&f.id.SubjectRegexp, "certificate-identity-regexp", "", "the same as a regular expression; anchor it with ^ and $")
	fl.StringVar(&f.id.Issuer, "certificate-oidc-issuer", "", "who has to vouch for the identity")
	fl.StringVar(&f.id.IssuerRegexp, "certificate-oidc-issuer-regexp", "", "the same as a regular expression; anchor it with ^ and $")
	fl.StringVar(&f.id.WorkflowTrigger, "certificate-github-workflow-trigger", "", "event that has to have started the workflow")
	fl.StringVar(&f.id.WorkflowSHA, "certificate-github-workflow-sha", "", "commit of the workflow")
	fl.StringVar(&f.id.WorkflowName, "certificate-github-workflow-name", "", "name of the workflow")
	fl.StringVar(&f.id.WorkflowRepository, "certificate-github-workflow-repository", "", "repository of the workflow, as owner/name")
	fl.StringVar(&f.id.WorkflowRef, "certificate-github-workflow-ref", "", "git ref of the workflow")
	fl.StringToStringVar(&f.claims, "certificate-claim", nil, "further extension of the certificate as NAME=VALUE: "+strings.Join(seal.ClaimNames(), ", "))
	fl.StringArrayVar(&f.trustedRoot, "trusted-root", nil, "trusted_root.json of the sigstore instance (default: the public instance, as built in); may be repeated")
	fl.BoolVar(&f.fetchTrust, "fetch-trusted-root", false, "ask the instance's TUF repository for its trusted root")
	fl.StringVar(&f.tufMirror, "tuf-mirror", "", "with --fetch-trusted-root: the repository (default: the public instance's)")
	fl.StringVar(&f.tufRoot, "tuf-root", "", "with --tuf-mirror: its root.json")
	fl.BoolVar(&f.requireLog, "require-tlog", false, "ask signatures made with keys for an entry in a transparency log too")
	fl.BoolVar(&f.anyIdentity, "insecure-any-identity", false, "take anyone's certificate: on the public instance, that is everyone on the internet")
	fl.BoolVar(&f.withoutLog, "insecure-ignore-tlog", false, "do not ask for an entry in a transparency log")
	fl.BoolVar(&f.withoutSCT, "insecure-ignore-sct", false, "do not ask whether certificates were made public")
	fl.StringSliceVar(&f.types, "type", nil, "verify attestations of this type: "+strings.Join(seal.PredicateNames(), ", ")+" or a URI")
	fl.Int64Var(&f.maxBytes, "max-attestation-bytes", seal.MaxBytes, "bytes of one signature or attestation")
	fl.StringVarP(&f.format, "output", "o", "text", "text, json, or payload for what was signed")
}

// verifier is the one that the flags describe.
func (f *verifyFlags) verifier(ctx context.Context, env *Env) (*seal.Verifier, error) {
	if f.format != "text" && f.format != "json" && f.format != "payload" {
		return nil, usagef("-o %s: want text, json or payload", f.format)
	}
	opts := &seal.VerifierOptions{
		Now: env.Now, RequireLog: f.requireLog, AnyIdentity: f.anyIdentity, WithoutLog: f.withoutLog, WithoutSCT: f.withoutSCT, MaxBytes: f.maxBytes,
	}
	for _, name := range f.keys {
		key, err := publicKey(ctx, env, name)
		if err != nil {
			return nil, err
		}
		opts.Keys = append(opts.Keys, key)
	}
	id := f.id
	id.Claims = f.claims
	if id.String() != "" || len(f.claims) > 0 {
		if err := id.Check(); err != nil {
			return nil, usageError{err}
		}
		if loose := id.Loose(); loose != "" {
			fmt.Fprintf(env.Stderr, "boltseal: note: %s\n", loose)
		}
		opts.Identities = []seal.Identity{id}
	}
	certificates := len(opts.Identities) > 0 || f.anyIdentity
	if err := f.notary.read(env, opts); err != nil {
		return nil, err
	}
	if !certificates && len(opts.Keys)+len(opts.Notary) == 0 {
		return nil, usagef("whose signature? Give --key FILE, or --certificate-identity with --certificate-oidc-issuer (anyone can get a certificate: --insecure-any-identity takes them all)")
	}
	if err := f.trust(ctx, env, opts, certificates || f.requireLog); err != nil {
		return nil, err
	}
	v, err := seal.NewVerifier(opts)
	if err != nil {
		return nil, usageError{err}
	}
	return v, nil
}

// staleTrust is how old the built-in trusted root may be before that is said.
const staleTrust = 180 * 24 * time.Hour

func (f *verifyFlags) trust(ctx context.Context, env *Env, opts *seal.VerifierOptions, needed bool) (err error) {
	switch {
	case f.fetchTrust:
		fetch := &seal.FetchOptions{URL: f.tufMirror}
		if f.tufRoot != "" {
			if fetch.Root, err = readSmall(env, f.tufRoot); err != nil {
				return usageError{fmt.Errorf("--tuf-root: %w", err)}
			}
		}
		if f.tufMirror != "" && f.tufRoot == "" {
			return usagef("--tuf-mirror needs --tuf-root: the keys that its metadata is signed with")
		}
		opts.Trust, err = seal.FetchTrust(ctx, fetch)
	case len(f.trustedRoot) > 0:
		opts.Trust, err = readTrust(env, f.trustedRoot)
	case needed:
		opts.Trust, err = seal.PublicGood()
		if age := seal.PublicGoodAge(env.Now()); age > staleTrust {
			fmt.Fprintf(env.Stderr, "boltseal: note: the built-in trusted root is %d days old; give --fetch-trusted-root or --trusted-root FILE\n", int(age.Hours()/24))
		}
	}
	return err
}

// want is what a signature has to be about.
func (f *verifyFlags) want() (seal.Want, error) {
	w := seal.Want{AnyPredicate: f.anyType, Annotations: f.annotations}
	for _, name := range f.types {
		types, err := seal.PredicateTypes(name)
		if err != nil {
			return w, usageError{fmt.Errorf("--type: %w", err)}
		}
		w.PredicateTypes = append(w.PredicateTypes, types...)
	}
	return w, nil
}

// outcome is what a verification came to, for people and for programs.
type outcome struct {
	Image    string           `json:"image,omitempty"`
	File     string           `json:"file,omitempty"`
	Digest   string           `json:"digest,omitempty"`
	OK       bool             `json:"ok"`
	Error    string           `json:"error,omitempty"`
	Verified []*seal.Verified `json:"verified"`
	Refused  []*seal.Refusal  `json:"refused,omitempty"`
	err      error
}

// write prints the outcomes and returns the exit status.
func (f *verifyFlags) write(env *Env, all []*outcome) error {
	code := statusClean
	for _, o := range all {
		if o.OK = o.err == nil; !o.OK {
			o.Error = o.err.Error()
			code = max(code, statusOf(o.err))
		}
		if o.Verified == nil {
			o.Verified = []*seal.Verified{}
		}
	}
	var err error
	switch f.format {
	case "json":
		e := json.NewEncoder(env.Stdout)
		e.SetIndent("", "  ")
		err = e.Encode(all)
	case "payload":
		err = writePayloads(env.Stdout, all)
	default:
		for _, o := range all {
			writeOutcome(env.Stdout, o)
		}
	}
	for _, o := range all {
		if o.err != nil && f.format != "text" {
			fmt.Fprintf(env.Stderr, "boltseal: %s\n", visible(o.Error, ""))
		}
	}
	if err == nil && code != statusClean {
		return status(code)
	}
	return err
}

// statusOf tells a signature that does not count from one that could not be
// looked at.
func statusOf(err error) int {
	_, all := errors.AsType[*seal.RefusedError](err)
	_, one := errors.AsType[*seal.Refusal](err)
	if all || one || errors.Is(err, seal.ErrNoSignature) {
		return statusBlock
	}
	return statusGap
}

func writePayloads(w io.Writer, all []*outcome) error {
	for _, o := range all {
		for _, v := range o.Verified {
			if _, err := w.Write(append(bytes.Clone(v.Payload), '\n')); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeOutcome(w io.Writer, o *outcome) {
	name := o.Image + o.File
	if o.Digest != "" && !strings.Contains(name, o.Digest) {
		name += " (" + o.Digest + ")"
	}
	fmt.Fprintf(w, "%s\n", visible(name, ""))
	for _, v := range o.Verified {
		what := "signature"
		if v.PredicateType != "" && v.PredicateType != seal.PredicateSignature {
			what = "attestation"
		}
		fmt.Fprintf(w, "  VERIFIED %s by %s\n", what, visible(v.Signer.String(), ""))
		fmt.Fprintf(w, "    %s", v.Form.Title())
		if v.Source != "" {
			fmt.Fprintf(w, ", %s", visible(v.Source, ""))
		}
		fmt.Fprintln(w)
		for _, s := range v.Steps {
			fmt.Fprintf(w, "    ok  %-11s %s\n", s.Name, visible(s.Text, ""))
		}
	}
	if o.err == nil {
		return
	}
	for _, r := range o.Refused {
		fmt.Fprintf(w, "  REFUSED %s", r.Form.Title())
		if r.Source != "" {
			fmt.Fprintf(w, ", %s", visible(r.Source, ""))
		}
		fmt.Fprintln(w)
		for _, s := range r.Steps {
			mark := "ok"
			if !s.OK {
				mark = "NO"
			}
			fmt.Fprintf(w, "    %s  %-11s %s\n", mark, s.Name, visible(s.Text, ""))
		}
	}
	if len(o.Refused) == 0 {
		fmt.Fprintf(w, "  NOT VERIFIED %s\n", visible(o.Error, ""))
	}
}
