package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/boltseal/boltseal/watch"
	"github.com/boltseal/boltseal/watch/sink"
)

// sinkFlags are the flags of verbs that send alerts.
type sinkFlags struct {
	outputs []string
	spool   string
	size    int64
	ca      string
}

func (f *sinkFlags) register(fl *pflag.FlagSet) {
	fl.StringArrayVarP(&f.outputs, "output", "o", []string{"text"}, "FORMAT or FORMAT=DESTINATION, may be repeated")
	fl.StringVar(&f.spool, "spool", "", "folder where alerts wait for receivers that are away (default: they wait in memory)")
	fl.Int64Var(&f.size, "spool-bytes", 64<<20, "most that waits in the spool of one receiver")
	fl.StringVar(&f.ca, "output-ca", "", "PEM file of the authorities that receivers' certificates are held to, instead of the system's")
}

func outputHelp() string { return "  " + strings.Join(sink.Formats(), "\n  ") }

// drain is how long the end of a watch waits for receivers.
const drain = 5 * time.Second

// open opens what alerts are sent to.
func (f *sinkFlags) open(env *Env) (outs []watch.Output, closeAll func(), err error) {
	o := &sink.Options{
		Stdout: env.Stdout, Spool: f.spool, SpoolBytes: f.size, UserAgent: "boltseal/" + Version(), Now: env.Now,
		Errors: func(err error) { fmt.Fprintf(env.Stderr, "boltseal: %v\n", err) },
	}
	if f.ca != "" {
		data, err := readWhole(f.ca, 1<<20)
		if err != nil {
			return nil, nil, usageError{fmt.Errorf("--output-ca: %w", err)}
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(data) {
			return nil, nil, usagef("--output-ca: %s holds no certificate", f.ca)
		}
		o.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	var sinks []sink.Sink
	closeAll = func() {
		ctx, stop := context.WithTimeout(context.Background(), drain)
		defer stop()
		for _, s := range sinks {
			if err := s.Close(ctx); err != nil {
				fmt.Fprintf(env.Stderr, "boltseal: %v\n", err)
			}
		}
	}
	for _, value := range f.outputs {
		s, err := sink.Open(value, o)
		if err != nil {
			closeAll()
			name, _, _ := strings.Cut(value, "=") // what follows may be a secret
			return nil, nil, usageError{fmt.Errorf("-o %s: %w", name, err)}
		}
		sinks = append(sinks, s)
		outs = append(outs, s)
	}
	return outs, closeAll, nil
}
