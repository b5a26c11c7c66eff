package seal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DeviceOptions are the parameters of [DeviceToken].
type DeviceOptions struct {
	Issuer   string // of the sigstore instance
	ClientID string // empty means "sigstore"
	// Show tells the person where to go and which code to enter there.
	Show  func(address, code string)
	HTTP  http.RoundTripper // nil means the default transport
	Sleep func(context.Context, time.Duration) error
}

// DeviceToken gets an identity token for the person at the terminal, who
// opens an address in any browser (RFC 8628).
func DeviceToken(ctx context.Context, opts *DeviceOptions) (string, error) {
	token, err := deviceToken(ctx, opts)
	if err != nil {
		return "", fmt.Errorf("sign in with %s: %w", opts.Issuer, err)
	}
	return token, nil
}

func deviceToken(ctx context.Context, opts *DeviceOptions) (string, error) {
	var provider struct {
		Issuer string `json:"issuer"`
		Device string `json:"device_authorization_endpoint"`
		Token  string `json:"token_endpoint"`
	}
	issuer, err := safeURL(opts.Issuer)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer.JoinPath(".well-known", "openid-configuration").String(), nil)
	if err != nil {
		return "", err
	}
	if err := ask(req, opts.HTTP, &provider); err != nil {
		return "", err
	}
	if provider.Issuer != opts.Issuer {
		return "", fmt.Errorf("it calls itself %q", clip(provider.Issuer, 200))
	}
	if provider.Device == "" {
		return "", errors.New("it has no sign-in for devices; give a token (--identity-token)")
	}
	clientID := opts.ClientID
	if clientID == "" {
		clientID = "sigstore"
	}
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	var device struct {
		Code     string `json:"device_code"`
		UserCode string `json:"user_code"`
		Address  string `json:"verification_uri"`
		Complete string `json:"verification_uri_complete"`
		Interval int    `json:"interval"`
		Expires  int    `json:"expires_in"`
	}
	err = post(ctx, provider.Device, opts.HTTP, url.Values{
		"client_id": {clientID}, "scope": {"openid email"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}, &device)
	if err != nil {
		return "", err
	}
	address := device.Complete
	if address == "" {
		address = device.Address
	}
	opts.Show(printable(address), printable(device.UserCode))
	return poll(ctx, opts, provider.Token, url.Values{
		"client_id": {clientID}, "grant_type": {"urn:ietf:params:oauth:grant-type:device_code"},
		"device_code": {device.Code}, "code_verifier": {verifier},
	}, time.Duration(min(max(device.Interval, 5), 60))*time.Second, time.Duration(min(max(device.Expires, 60), 1800))*time.Second)
}

var errSignInTime = errors.New("nobody signed in in time")

// poll asks until the person has signed in.
func poll(ctx context.Context, opts *DeviceOptions, address string, form url.Values, interval, most time.Duration) (string, error) {
	for waited := time.Duration(0); waited < most; waited += interval {
		if err := opts.Sleep(ctx, interval); err != nil {
			return "", err
		}
		var answer struct {
			Token string `json:"id_token"`
		}
		err := post(ctx, address, opts.HTTP, form, &answer)
		no, refused := errors.AsType[*oauthError](err)
		switch {
		case refused && no.Code == "authorization_pending":
		case refused && no.Code == "slow_down":
			interval += 5 * time.Second
		case err != nil:
			return "", err
		case answer.Token == "":
			return "", errors.New("the answer has no identity token")
		default:
			return answer.Token, nil
		}
	}
	return "", errSignInTime
}

func post(ctx context.Context, address string, transport http.RoundTripper, form url.Values, into any) error {
	u, err := safeURL(address)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return ask(req, transport, into)
}

// printable is s without bytes that could steer a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f {
			return -1
		}
		return r
	}, s)
}
