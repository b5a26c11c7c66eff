package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
)

// maxPages bounds lists that a registry cuts into pages.
const maxPages = 1000

var errPages = fmt.Errorf("a list of more than %d pages", maxPages)

// Referrers lists the manifests whose subject is the one with ref's digest:
// signatures, attestations, SBOMs. An empty artifactType lists them all. Where
// the registry has no referrers API it reads the fall-back tag (distribution
// specification 1.1, "Listing Referrers").
func (c *Client) Referrers(ctx context.Context, ref Ref, artifactType string) ([]ocispec.Descriptor, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	all, err := c.referrers(ctx, ref, artifactType)
	if err != nil {
		return nil, fmt.Errorf("list referrers of %s: %w", ref, err)
	}
	var out []ocispec.Descriptor
	for _, d := range all {
		if artifactType == "" || d.ArtifactType == artifactType {
			out = append(out, d)
		}
	}
	return out, nil
}

var errNoDigest = errors.New("referrers are known by digest")

func (c *Client) referrers(ctx context.Context, ref Ref, artifactType string) ([]ocispec.Descriptor, error) {
	if ref.Digest == "" {
		return nil, errNoDigest
	}
	k := &call{ref: ref, method: http.MethodGet, path: "referrers/" + string(ref.Digest), query: url.Values{},
		header: http.Header{"Accept": {ocispec.MediaTypeImageIndex}}, scopes: pull(ref), ok: []int{http.StatusOK}}
	if artifactType != "" {
		k.query.Set("artifactType", artifactType)
	}
	var out []ocispec.Descriptor
	for page, err := range c.pages(ctx, k) {
		if err == nil {
			var doc *Document
			if doc, err = Decode(ocispec.MediaTypeImageIndex, page); err == nil {
				if doc.Index == nil {
					return nil, errNeither
				}
				out = append(out, doc.Index.Manifests...)
				continue
			}
		}
		if errors.Is(err, ErrNotFound) && len(out) == 0 {
			return c.fallback(ctx, ref)
		}
		return nil, err
	}
	return out, nil
}

// fallback reads the index at the tag that stands in for the referrers API.
func (c *Client) fallback(ctx context.Context, ref Ref) ([]ocispec.Descriptor, error) {
	m, err := c.manifest(ctx, ref.WithTag(fallbackTag(ref.Digest)))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	doc, err := Decode(m.MediaType, m.Data)
	if err != nil {
		return nil, err
	}
	if doc.Index == nil {
		return nil, errNeither
	}
	return doc.Index.Manifests, nil
}

func fallbackTag(d boltseal.Digest) string {
	return d.Algorithm() + "-" + d.Hex()[:min(len(d.Hex()), 64)]
}

// Tags lists the tags of ref's repository, page by page.
func (c *Client) Tags(ctx context.Context, ref Ref) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		k := &call{ref: ref, method: http.MethodGet, path: "tags/list", query: url.Values{"n": {"1000"}},
			scopes: pull(ref), ok: []int{http.StatusOK}}
		for page, err := range c.pages(ctx, k) {
			var doc struct {
				Tags []string `json:"tags"`
			}
			if err == nil {
				err = json.Unmarshal(page, &doc)
			}
			if err != nil {
				yield("", fmt.Errorf("list tags of %s: %w", ref, err))
				return
			}
			for _, tag := range doc.Tags {
				if !yield(tag, nil) {
					return
				}
			}
		}
	}
}

// pages gives a list's documents. The next page is where the Link header of
// the last one says.
func (c *Client) pages(ctx context.Context, k *call) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for range maxPages {
			resp, err := c.do(ctx, k)
			if err != nil {
				yield(nil, err)
				return
			}
			data, err := limit.ReadAll(resp.Body, MaxManifest, manifestLimit(MaxManifest))
			if err == nil && resp.ContentLength >= 0 && int64(len(data)) < resp.ContentLength {
				err = io.ErrUnexpectedEOF
			}
			_ = resp.Body.Close()
			if err != nil {
				yield(nil, err)
				return
			}
			next := nextPage(resp)
			if !yield(data, nil) || next == nil {
				return
			}
			further := *k
			further.url = next
			k = &further
		}
		yield(nil, errPages)
	}
}

// nextPage reads `Link: <URL>; rel="next"` (RFC 8288).
func nextPage(resp *http.Response) *url.URL {
	for _, header := range resp.Header.Values("Link") {
		for link := range strings.SplitSeq(header, ",") {
			target, params, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(link), "<"), ">")
			if !ok || !strings.Contains(strings.ReplaceAll(params, `"`, ""), "rel=next") {
				continue
			}
			// Pages of another host would be another registry's word.
			if u, err := resp.Request.URL.Parse(target); err == nil && sameOrigin(u, resp.Request.URL) {
				return u
			}
		}
	}
	return nil
}
