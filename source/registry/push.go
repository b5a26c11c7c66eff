package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
)

// Wire is the digest in the type that descriptors have.
func Wire(d boltseal.Digest) digest.Digest { return digest.Digest(d) }

// Describe is the descriptor of data.
func Describe(mediaType string, data []byte) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: mediaType, Digest: Wire(Sum(data)), Size: int64(len(data))}
}

// PutBlob uploads a blob to ref's repository unless it is there. open is
// called for every attempt.
func (c *Client) PutBlob(ctx context.Context, ref Ref, desc ocispec.Descriptor, open func() (io.ReadCloser, error)) error {
	if err := CheckDescriptor(desc); err != nil {
		return fmt.Errorf("push %s: %w", ref, err)
	}
	d := boltseal.Digest(desc.Digest)
	if there, err := c.HasBlob(ctx, ref, d); err != nil || there {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := c.upload(ctx, ref, desc, open)
		if err == nil {
			return nil
		}
		// An upload that broke is begun anew: its session is spent.
		if attempt >= c.opts.Attempts || ctx.Err() != nil || !worthRepeating(err) {
			return fmt.Errorf("push %s: blob %s: %w", ref, d, err)
		}
		if serr := c.opts.Sleep(ctx, time.Duration(attempt)*500*time.Millisecond); serr != nil {
			return fmt.Errorf("push %s: blob %s: %w: %w", ref, d, err, serr)
		}
	}
}

func worthRepeating(err error) bool {
	if status, ok := errors.AsType[*StatusError](err); ok {
		return tryLater(status.Status) || status.Status == http.StatusNotFound
	}
	return transient(err)
}

var errNoSession = errors.New("the registry names no place to upload to")

// upload sends the blob in one piece ("POST then PUT").
func (c *Client) upload(ctx context.Context, ref Ref, desc ocispec.Descriptor, open func() (io.ReadCloser, error)) error {
	resp, err := c.do(ctx, &call{
		ref: ref, method: http.MethodPost, path: "blobs/uploads/", scopes: push(ref), ok: []int{http.StatusAccepted},
	})
	if err != nil {
		return err
	}
	closeBody(resp)
	session, err := sessionOf(resp)
	if err != nil {
		return err
	}
	if err := c.mayFollow(resp.Request.URL, session); err != nil {
		return err
	}
	q := session.Query()
	q.Set("digest", string(desc.Digest))
	session.RawQuery = q.Encode()
	resp, err = c.do(ctx, &call{
		ref: ref, method: http.MethodPut, url: session, scopes: push(ref), body: open, size: desc.Size, once: true,
		header: http.Header{"Content-Type": {"application/octet-stream"}}, ok: []int{http.StatusCreated},
	})
	if err != nil {
		return err
	}
	closeBody(resp)
	return nil
}

func sessionOf(resp *http.Response) (*url.URL, error) {
	location := resp.Header.Get("Location")
	if location == "" {
		return nil, errNoSession
	}
	u, err := resp.Request.URL.Parse(location)
	if err != nil {
		return nil, errNoSession
	}
	return u, nil
}

// MountBlob makes a blob of another repository on the same host one of ref's
// too, without sending it. It is false where the registry cannot do that.
func (c *Client) MountBlob(ctx context.Context, ref Ref, from string, d boltseal.Digest) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	resp, err := c.do(ctx, &call{
		ref: ref, method: http.MethodPost, path: "blobs/uploads/",
		query:  url.Values{"mount": {string(d)}, "from": {from}},
		scopes: append(push(ref), pull(Ref{Repository: from})...),
		ok:     []int{http.StatusCreated, http.StatusAccepted},
	})
	if err != nil {
		return false, fmt.Errorf("push %s: mount blob %s: %w", ref, d, err)
	}
	closeBody(resp)
	return resp.StatusCode == http.StatusCreated, nil
}

// PutManifest stores a manifest or an index under ref's tag, or under its
// digest alone when there is none. A manifest with a subject becomes a
// referrer of it, also where the registry has no referrers API.
func (c *Client) PutManifest(ctx context.Context, ref Ref, mediaType string, data []byte) (boltseal.Digest, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	d, err := c.putManifest(ctx, ref, mediaType, data)
	if err != nil {
		return "", fmt.Errorf("push %s: manifest: %w", ref, err)
	}
	return d, nil
}

func (c *Client) putManifest(ctx context.Context, ref Ref, mediaType string, data []byte) (boltseal.Digest, error) {
	doc, err := Decode(mediaType, data)
	if err != nil {
		return "", err
	}
	d := Sum(data)
	if ref.Digest != "" {
		if err := Verify(ref.Digest, data); err != nil {
			return "", err
		}
		d = ref.Digest
	}
	name := ref.Tag
	if name == "" {
		name = string(d)
	}
	resp, err := c.do(ctx, &call{
		ref: ref, method: http.MethodPut, path: "manifests/" + name, scopes: push(ref),
		header: http.Header{"Content-Type": {mediaType}}, size: int64(len(data)),
		body: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
		ok:   []int{http.StatusCreated, http.StatusOK},
	})
	if err != nil {
		return "", err
	}
	closeBody(resp)
	if got := resp.Header.Get("Docker-Content-Digest"); got != "" && got != string(d) && ref.Digest == "" {
		return "", fmt.Errorf("%w: sent %s, the registry stored %s", ErrDigest, d, printable(got, 150))
	}
	about, config := doc.subject()
	if about == nil || resp.Header.Get("OCI-Subject") != "" {
		return d, nil
	}
	desc := ocispec.Descriptor{MediaType: mediaType, Digest: Wire(d), Size: int64(len(data)),
		ArtifactType: config, Annotations: doc.annotations()}
	return d, c.addFallback(ctx, ref, boltseal.Digest(about.Digest), desc)
}

// subject is what the document is about, and the artifact type that its
// referrers list entry has.
func (doc *Document) subject() (*ocispec.Descriptor, string) {
	if doc.Index != nil {
		return doc.Index.Subject, doc.Index.ArtifactType
	}
	if doc.Manifest.ArtifactType != "" {
		return doc.Manifest.Subject, doc.Manifest.ArtifactType
	}
	return doc.Manifest.Subject, doc.Manifest.Config.MediaType
}

func (doc *Document) annotations() map[string]string {
	if doc.Index != nil {
		return doc.Index.Annotations
	}
	return doc.Manifest.Annotations
}

// addFallback lists desc at the tag that stands in for the referrers API. Two
// writers at once can lose one entry; the specification knows no remedy.
func (c *Client) addFallback(ctx context.Context, ref Ref, about boltseal.Digest, desc ocispec.Descriptor) error {
	listed, err := c.fallback(ctx, ref.At(about))
	if err != nil {
		return err
	}
	if slices.ContainsFunc(listed, func(d ocispec.Descriptor) bool { return d.Digest == desc.Digest }) {
		return nil
	}
	data, err := json.Marshal(ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageIndex, Manifests: append(listed, desc),
	})
	if err != nil {
		return err
	}
	_, err = c.putManifest(ctx, ref.WithTag(fallbackTag(about)), ocispec.MediaTypeImageIndex, data)
	return err
}
