package registry

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Credential is how a user is known to a registry. The zero value is nobody.
type Credential struct {
	Username, Password string
	IdentityToken      string // an OAuth 2 refresh token, as docker login keeps it
	RegistryToken      string // a bearer token ready for use
}

// login is what was agreed with a registry about one set of scopes.
type login struct {
	mu      sync.Mutex
	header  string // Authorization
	expires time.Time
	asked   bool
	cred    Credential
	err     error // why there is no credential
}

func (c *Client) loginFor(k *call) *login {
	key := k.ref.Host + "\n" + k.ref.Repository + "\n" + strings.Join(k.scopes, "\n")
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.auth[key]
	if l == nil {
		l = &login{}
		c.auth[key] = l
	}
	return l
}

// problem is why there is no credential, if that is known.
func (l *login) problem() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// current is the Authorization header to send, empty when there is none.
func (l *login) current(now time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.expires) {
		return l.header
	}
	return ""
}

// authorized sends the call with what was agreed before; when the registry
// wants to know more it logs in and sends it once more.
func (c *Client) authorized(ctx context.Context, k *call) (*http.Response, error) {
	l := c.loginFor(k)
	sent := ""
	decorate := func(req *http.Request) {
		if sent = l.current(c.opts.Now()); sent != "" {
			req.Header.Set("Authorization", sent)
		}
	}
	resp, err := c.begin(ctx, k, decorate)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || !strings.EqualFold(resp.Request.URL.Host, apiHost(k.ref.Host)) {
		return resp, err
	}
	renewed, err := c.logIn(ctx, k, l, sent, resp)
	if err != nil {
		closeBody(resp)
		return nil, err
	}
	if !renewed {
		return resp, nil
	}
	closeBody(resp)
	return c.begin(ctx, k, decorate)
}

// forever is longer than any run: a password does not run out.
const forever = 1000 * time.Hour

// logIn answers the challenge in resp. It is false when there is nothing
// better to send than what was sent.
func (c *Client) logIn(ctx context.Context, k *call, l *login, sent string, resp *http.Response) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := c.opts.Now()
	if l.header != "" && l.header != sent && now.Before(l.expires) {
		return true, nil // somebody else was faster
	}
	if !l.asked && c.opts.Credentials != nil {
		l.cred, l.err = c.opts.Credentials(ctx, k.ref)
		l.asked = true
	}
	challenges := parseChallenges(resp.Header.Values("WWW-Authenticate"))
	find := func(scheme string) *challenge {
		if i := slices.IndexFunc(challenges, func(ch challenge) bool { return ch.scheme == scheme }); i >= 0 {
			return &challenges[i]
		}
		return nil
	}
	header, expires := "", now.Add(forever)
	switch bearer := find("bearer"); {
	case bearer != nil && l.cred.RegistryToken != "":
		header = "Bearer " + l.cred.RegistryToken
	case bearer != nil:
		token, life, err := c.token(ctx, k, l.cred, bearer, resp.Request.URL)
		if err != nil {
			if refused, ok := errors.AsType[*StatusError](err); ok {
				refused.Cause = l.err
			}
			return false, err
		}
		// A token that runs out on its way is as good as none.
		header, expires = "Bearer "+token, now.Add(life-life/10)
	case find("basic") != nil && l.cred.Username != "":
		header = basic(l.cred)
	}
	if header == "" || header == sent {
		return false, nil
	}
	l.header, l.expires = header, expires
	return true, nil
}

func basic(cred Credential) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(cred.Username+":"+cred.Password))
}

// maxToken is far above what token servers answer.
const maxToken = 1 << 20

var (
	errRealm   = errors.New("the registry names a token server that may not be asked")
	errNoToken = errors.New("the token server gave no token")
)

// token asks the token server that the challenge names (distribution
// specification, "Token Authentication"; OAuth 2 for identity tokens).
func (c *Client) token(ctx context.Context, k *call, cred Credential, ch *challenge, from *url.URL) (string, time.Duration, error) {
	realm, err := url.Parse(ch.params["realm"])
	if err != nil || realm.Host == "" || realm.User != nil || realm.Scheme != "https" && realm.Scheme != "http" {
		return "", 0, fmt.Errorf("log in to %s: %w: %q", k.ref.Host, errRealm, printable(ch.params["realm"], 200))
	}
	if realm.Scheme == "http" && !c.mayBePlain(realm.Host) {
		return "", 0, fmt.Errorf("log in to %s: %w without TLS: %s", k.ref.Host, errRealm, plainURL(realm))
	}
	scopes := slices.Clone(k.scopes)
	if s := ch.params["scope"]; s != "" && !slices.Contains(scopes, s) {
		scopes = append(scopes, s)
	}
	req, err := tokenRequest(ctx, realm, cred, ch.params["service"], scopes)
	if err != nil {
		return "", 0, fmt.Errorf("log in to %s: %w", k.ref.Host, err)
	}
	resp, err := c.send(ctx, req, from.Scheme+"://"+from.Host)
	if err != nil {
		return "", 0, fmt.Errorf("log in to %s: %w", k.ref.Host, err)
	}
	if resp.StatusCode != http.StatusOK {
		e := statusError(resp)
		if errors.Is(e, ErrDenied) {
			e.Hint = "docker login " + k.ref.Host
		}
		return "", 0, fmt.Errorf("log in to %s: %w", k.ref.Host, e)
	}
	defer closeBody(resp)
	var doc struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxToken)).Decode(&doc); err != nil {
		return "", 0, fmt.Errorf("log in to %s: read token: %w", k.ref.Host, err)
	}
	token := cmp.Or(doc.Token, doc.AccessToken)
	if token == "" {
		return "", 0, fmt.Errorf("log in to %s: %w", k.ref.Host, errNoToken)
	}
	// A minute is what the specification says when nothing else is said.
	seconds := min(max(doc.ExpiresIn, 60), int64(forever/time.Second))
	return token, time.Duration(seconds) * time.Second, nil
}

// tokenRequest is the request for a token: a form with the refresh token
// where the user has one, a query with the password otherwise.
func tokenRequest(ctx context.Context, realm *url.URL, cred Credential, service string, scopes []string) (*http.Request, error) {
	if cred.IdentityToken != "" {
		form := url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {cred.IdentityToken},
			"service": {service}, "scope": {strings.Join(scopes, " ")}, "client_id": {"boltseal"},
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, realm.String(), strings.NewReader(form.Encode()))
		if err == nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return req, err
	}
	u := *realm
	q := u.Query()
	q["scope"] = scopes
	if service != "" {
		q.Set("service", service)
	}
	if cred.Username != "" {
		q.Set("account", cred.Username)
	}
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err == nil && cred.Username != "" {
		req.Header.Set("Authorization", basic(cred))
	}
	return req, err
}

// challenge is one way to log in that a registry offers.
type challenge struct {
	scheme string // in lower case
	params map[string]string
}

// parseChallenges reads WWW-Authenticate headers (RFC 9110, section 11.6.1).
// What cannot be read ends the header it stands in.
func parseChallenges(headers []string) []challenge {
	var out []challenge
	for _, h := range headers {
		for {
			h = strings.TrimLeft(h, " \t,")
			word, rest := cutToken(h)
			if word == "" {
				break
			}
			rest = strings.TrimLeft(rest, " \t")
			if value, ok := strings.CutPrefix(rest, "="); ok && len(out) > 0 {
				var v string
				if v, h, ok = cutValue(strings.TrimLeft(value, " \t")); !ok {
					break
				}
				out[len(out)-1].params[strings.ToLower(word)] = v
				continue
			}
			out = append(out, challenge{scheme: strings.ToLower(word), params: map[string]string{}})
			h = rest
		}
	}
	return out
}

func cutToken(s string) (token, rest string) {
	i := strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
	})
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i:]
}

// cutValue takes a token or a quoted string off s.
func cutValue(s string) (value, rest string, ok bool) {
	quoted, isQuoted := strings.CutPrefix(s, `"`)
	if !isQuoted {
		value, rest = cutToken(s)
		return value, rest, true
	}
	var b strings.Builder
	for i := 0; i < len(quoted); i++ {
		switch quoted[i] {
		case '"':
			return b.String(), quoted[i+1:], true
		case '\\':
			if i++; i == len(quoted) {
				return "", "", false
			}
		}
		b.WriteByte(quoted[i])
	}
	return "", "", false
}
