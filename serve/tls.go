package serve

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"
)

// reloadEvery is how often a certificate's files are looked at, and by no
// more than one connection.
const reloadEvery = 10 * time.Second

// TLS makes a configuration whose certificate is read anew when its files
// change. read gives the PEM of the certificates and of their key. A new pair
// that cannot be used leaves the old one in use, and told is told why.
func TLS(read func() (cert, key []byte, err error), now func() time.Time, told func(error)) (*tls.Config, error) {
	r := &reloader{read: read, now: now, told: told}
	if err := r.load(); err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: r.certificate, NextProtos: []string{"h2", "http/1.1"}}, nil
}

type reloader struct {
	read func() (cert, key []byte, err error)
	now  func() time.Time
	told func(error)

	mu     sync.Mutex
	looked time.Time
	sum    [sha256.Size]byte
	pair   *tls.Certificate
}

func (r *reloader) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now().Sub(r.looked) >= reloadEvery {
		if err := r.load(); err != nil {
			r.told(fmt.Errorf("read the certificate anew: %w", err))
		}
	}
	if r.pair == nil {
		return nil, errors.New("there is no certificate")
	}
	return r.pair, nil
}

func (r *reloader) load() error {
	r.looked = r.now()
	cert, key, err := r.read()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(append(append([]byte{}, cert...), key...))
	if r.pair != nil && sum == r.sum {
		return nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return err
	}
	r.pair, r.sum = &pair, sum
	return nil
}
