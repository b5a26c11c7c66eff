package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/watch"
	"github.com/boltseal/boltseal/watch/kubeaudit"
)

// kubeAuditFlags are where audit events of Kubernetes come from.
type kubeAuditFlags struct {
	listen, cert, key, clientCA string
	logs                        []string
}

func (f *kubeAuditFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.listen, "audit-listen", "", "take Kubernetes audit events over HTTP at HOST:PORT, as an API server's webhook sends them")
	fl.StringVar(&f.cert, "audit-cert", "", "PEM file of the certificate for --audit-listen")
	fl.StringVar(&f.key, "audit-key", "", "PEM file of its key")
	fl.StringVar(&f.clientCA, "audit-client-ca", "", "PEM file of the authorities that API servers must show a certificate of")
	fl.StringArrayVar(&f.logs, "audit-log", nil, "follow the audit log of an API server; may be repeated")
}

// feeds opens what the flags name. Rules about audit events that nothing
// brings are told.
func (f *kubeAuditFlags) feeds(ctx context.Context, env *Env, set *rule.Set) ([]watch.Feed, error) {
	tell := func(err error) { fmt.Fprintf(env.Stderr, "boltseal: not assessed: %v\n", err) }
	var feeds []watch.Feed
	if f.listen != "" {
		config, err := f.config()
		if err != nil {
			return nil, err
		}
		l, err := kubeaudit.Listen(ctx, f.listen, &kubeaudit.ListenOptions{TLS: config, Errors: tell})
		if err != nil {
			return nil, usageError{err}
		}
		fmt.Fprintf(env.Stderr, "boltseal: taking audit events at %s\n", l.Address())
		feeds = append(feeds, l)
	} else if f.cert != "" || f.key != "" || f.clientCA != "" {
		return nil, usagef("--audit-cert, --audit-key and --audit-client-ca need --audit-listen")
	}
	for _, name := range f.logs {
		l, err := kubeaudit.Follow(name, false, tell)
		if err != nil {
			return nil, usageError{err}
		}
		feeds = append(feeds, l)
	}
	if len(feeds) == 0 {
		if n := rulesOf(set, kubeaudit.Source); n > 0 {
			fmt.Fprintf(env.Stderr, "boltseal: not assessed: %s about audit events of Kubernetes: give --audit-listen or --audit-log\n", plural(n, "rule"))
		}
	}
	return feeds, nil
}

func (f *kubeAuditFlags) config() (*tls.Config, error) {
	if f.cert == "" && f.key == "" {
		if f.clientCA != "" {
			return nil, usagef("--audit-client-ca needs --audit-cert and --audit-key")
		}
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, usageError{fmt.Errorf("--audit-cert and --audit-key: %w", err)}
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if f.clientCA != "" {
		data, err := readWhole(f.clientCA, 1<<20)
		if err != nil {
			return nil, usageError{fmt.Errorf("--audit-client-ca: %w", err)}
		}
		config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !config.ClientCAs.AppendCertsFromPEM(data) {
			return nil, usagef("--audit-client-ca: %s holds no certificate", f.clientCA)
		}
	}
	return config, nil
}

// rulesOf counts the rules of a source that are on.
func rulesOf(set *rule.Set, source string) int {
	n := 0
	for _, r := range set.Rules() {
		if r.Source == source && r.Enabled {
			n++
		}
	}
	return n
}
