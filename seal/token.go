package seal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/boltseal/boltseal/internal/limit"
)

// Audience is whom identity tokens are made out to.
const Audience = "sigstore"

// TokenFile is where clusters put a token for signing, as a projected volume.
const TokenFile = "/var/run/sigstore/cosign/oidc-token"

// maxToken bounds a token and the answers around it.
const maxToken = 1 << 20

// TokenOptions say where identity tokens may come from.
type TokenOptions struct {
	Getenv   func(string) string
	ReadFile func(string) ([]byte, error)
	HTTP     http.RoundTripper // nil means the default transport
}

// ErrNoToken says that nobody around us vouches for an identity.
var ErrNoToken = errors.New("no identity token here: not in a CI job that is allowed to ask for one (GitHub: permissions: id-token: write; GitLab: id_tokens: SIGSTORE_ID_TOKEN), not in a pod with " + TokenFile)

// AmbientToken returns the identity token that the surroundings give: the
// variable SIGSTORE_ID_TOKEN (GitLab's id_tokens), a GitHub Actions job that
// may ask for one, or the file of a cluster's projected volume. It also says
// which of them it was.
func AmbientToken(ctx context.Context, opts *TokenOptions) (token, from string, err error) {
	if t := strings.TrimSpace(opts.Getenv("SIGSTORE_ID_TOKEN")); t != "" {
		return t, "SIGSTORE_ID_TOKEN", nil
	}
	if address := opts.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"); address != "" {
		token, err := githubToken(ctx, address, opts.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN"), opts.HTTP)
		if err != nil {
			return "", "", fmt.Errorf("ask GitHub for an identity token: %w", err)
		}
		return token, "GitHub Actions", nil
	}
	if opts.ReadFile != nil {
		data, err := opts.ReadFile(TokenFile)
		switch {
		case err == nil:
			return strings.TrimSpace(string(data)), TokenFile, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", "", fmt.Errorf("read identity token: %w", err)
		}
	}
	return "", "", ErrNoToken
}

var errInsecureURL = errors.New("a token would go over a line without TLS")

// safeURL returns an error for addresses that secrets may not be sent to.
func safeURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("not an address")
	}
	if u.Scheme == "https" {
		return u, nil
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()) {
		return u, nil
	}
	return nil, fmt.Errorf("%s://%s: %w", u.Scheme, u.Host, errInsecureURL)
}

func githubToken(ctx context.Context, address, secret string, transport http.RoundTripper) (string, error) {
	u, err := safeURL(address)
	if err != nil {
		return "", err
	}
	q := u.Query()
	q.Set("audience", Audience)
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "bearer "+secret)
	var doc struct {
		Value string `json:"value"`
	}
	if err := ask(req, transport, &doc); err != nil {
		return "", err
	}
	if doc.Value == "" {
		return "", errors.New("the answer has no token")
	}
	return doc.Value, nil
}

// oauthError is how an OAuth server says no (RFC 6749, section 5.2).
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
	status      string
}

func (e *oauthError) Error() string {
	return strings.TrimSpace(e.status + " " + clip(e.Code, 80) + " " + clip(e.Description, 200))
}

// ask sends a request that may carry a secret, and follows no redirect.
func ask(req *http.Request, transport http.RoundTripper, into any) error {
	client := &http.Client{Transport: transport, Timeout: serviceTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		// The address may hold a secret in its query.
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err
		}
		return fmt.Errorf("%s: %w", req.URL.Host, err)
	}
	defer resp.Body.Close()
	body, err := limit.ReadAll(resp.Body, maxToken, &limit.Error{What: "answer of " + req.URL.Host, Max: maxToken, Unit: "bytes"})
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		e := &oauthError{}
		_ = json.Unmarshal(body, e) // the status says enough otherwise
		e.status = fmt.Sprintf("%s: %s", req.URL.Host, resp.Status)
		return e
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s: %w", req.URL.Host, err)
	}
	return nil
}
