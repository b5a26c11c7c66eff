package secret_test

import (
	"math/rand/v2"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/secret"
)

// Where a key stands decides how bad it is: the test keys of packages that
// everybody can download are no finding, and those of one's own tests are a
// mild one.
func TestPlaces(t *testing.T) {
	e := &expander{rand.New(rand.NewPCG(1, 2))}
	key := e.expand(t, `{pem:RSA PRIVATE KEY}`)
	password := e.expand(t, `db_password: Xk3{b62:10}`)
	const none = boltseal.Unknown
	for _, c := range []struct {
		path          string
		key, password boltseal.Severity
	}{
		{"srv/app/tls.yaml", boltseal.High, boltseal.Medium},
		{"etc/nginx/latest_site.conf", boltseal.High, boltseal.Medium},
		{"root/.ssh/id_rsa", boltseal.High, none},
		{"srv/app/test/tls.yaml", boltseal.Low, boltseal.Low},
		{"srv/app/tls_test.yaml", boltseal.Low, boltseal.Low},
		{"srv/app/config.example.yaml", boltseal.Low, boltseal.Low},
		{"srv/app/node_modules/https/tls.yaml", boltseal.Low, none},
		{"srv/app/node_modules/https/test/tls.yaml", none, none},
		{"usr/lib/python3/dist-packages/tornado/test/tls.yaml", none, none},
		{"usr/lib/python3/dist-packages/tornado/tls.yaml", boltseal.Low, none},
		{"usr/local/lib/python3.12/site-packages/trustme/README.md", none, none},
		{"usr/share/doc/openssl/demo.yaml", none, none},
		{"usr/share/nginx/html/app.yaml", boltseal.High, boltseal.Medium},
		{"usr/src/app/tls.yaml", boltseal.High, boltseal.Medium},
		{"usr/local/etc/tls.yaml", boltseal.High, boltseal.Medium},
		{"home/app/go/pkg/mod/a/b@v1/tls.yaml", boltseal.Low, none},
	} {
		for text, want := range map[string]boltseal.Severity{key: c.key, password: c.password} {
			got := none
			for _, m := range secret.Scan(c.path, []byte(text)) {
				got = m.Severity
			}
			if got != want {
				t.Errorf("%s: got %s, want %s for %.20q", c.path, got, want, text)
			}
		}
	}
}
