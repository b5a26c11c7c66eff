package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
)

// Manifest is a manifest or an index as the registry stores it, verified.
type Manifest struct {
	MediaType string
	Digest    boltseal.Digest
	Data      []byte
}

// accept lists the manifests that we read, and last whatever else there is,
// so that an old registry says what it has.
var accept = []string{strings.Join([]string{
	ocispec.MediaTypeImageIndex, DockerIndex, ocispec.MediaTypeImageManifest, DockerManifest, "*/*;q=0.1",
}, ", ")}

// Manifest returns the manifest or index that ref names.
func (c *Client) Manifest(ctx context.Context, ref Ref) (*Manifest, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	var m *Manifest
	err := c.each(ctx, ref, func(at Ref) (err error) {
		m, err = c.manifest(ctx, at)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("pull %s: manifest: %w", ref, err)
	}
	return m, nil
}

func (c *Client) manifest(ctx context.Context, ref Ref) (*Manifest, error) {
	resp, err := c.do(ctx, &call{
		ref: ref, method: http.MethodGet, path: "manifests/" + ref.identifier(),
		header: http.Header{"Accept": accept}, scopes: pull(ref), ok: []int{http.StatusOK},
	})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	max := c.maxManifest()
	if resp.ContentLength > max {
		return nil, manifestLimit(max)
	}
	data, err := limit.ReadAll(resp.Body, max, manifestLimit(max))
	if err != nil {
		return nil, err
	}
	if resp.ContentLength >= 0 && int64(len(data)) != resp.ContentLength {
		return nil, io.ErrUnexpectedEOF
	}
	m := &Manifest{MediaType: mediaType(resp.Header.Get("Content-Type")), Data: data}
	if m.Digest, err = digestOf(ref, resp.Header.Get("Docker-Content-Digest"), data); err != nil {
		return nil, err
	}
	return m, nil
}

func (c *Client) maxManifest() int64 {
	if max := c.opts.Limits.JSONBytes; max > 0 && max < MaxManifest {
		return max
	}
	return MaxManifest
}

// mediaType is a Content-Type without its parameters.
func mediaType(s string) string {
	t, _, err := mime.ParseMediaType(s)
	if err != nil {
		return ""
	}
	return t
}

// digestOf is the digest of a manifest, which has to be the one that was
// asked for, or else the one that the registry claims.
func digestOf(ref Ref, claimed string, data []byte) (boltseal.Digest, error) {
	if ref.Digest != "" {
		return ref.Digest, Verify(ref.Digest, data)
	}
	if claimed == "" {
		return Sum(data), nil
	}
	d, err := boltseal.ParseDigest(claimed)
	if err != nil {
		return "", fmt.Errorf("the registry's %w", err)
	}
	return d, Verify(d, data)
}

// Resolve asks what ref names without reading it. The size is -1 when the
// registry does not say.
func (c *Client) Resolve(ctx context.Context, ref Ref) (ocispec.Descriptor, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	var desc ocispec.Descriptor
	err := c.each(ctx, ref, func(at Ref) (err error) {
		desc, err = c.resolve(ctx, at)
		return err
	})
	if err != nil {
		return desc, fmt.Errorf("resolve %s: %w", ref, err)
	}
	return desc, nil
}

func (c *Client) resolve(ctx context.Context, ref Ref) (ocispec.Descriptor, error) {
	resp, err := c.do(ctx, &call{
		ref: ref, method: http.MethodHead, path: "manifests/" + ref.identifier(),
		header: http.Header{"Accept": accept}, scopes: pull(ref), ok: []int{http.StatusOK, http.StatusMethodNotAllowed},
	})
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	closeBody(resp)
	d, err := boltseal.ParseDigest(resp.Header.Get("Docker-Content-Digest"))
	if err != nil || resp.StatusCode != http.StatusOK {
		m, err := c.manifest(ctx, ref) // the header is optional
		if err != nil {
			return ocispec.Descriptor{}, err
		}
		return Describe(m.MediaType, m.Data), nil
	}
	if ref.Digest != "" && d != ref.Digest {
		return ocispec.Descriptor{}, fmt.Errorf("%w: asked for %s, got %s", ErrDigest, ref.Digest, d)
	}
	return ocispec.Descriptor{MediaType: mediaType(resp.Header.Get("Content-Type")), Digest: Wire(d), Size: resp.ContentLength}, nil
}

// Blob opens a blob of ref's repository. The bytes are checked against the
// descriptor: a reader that comes to the end without an error has read what
// the digest names. A line that drops is taken up again where it dropped.
func (c *Client) Blob(ctx context.Context, ref Ref, desc ocispec.Descriptor) (io.ReadCloser, error) {
	r, err := c.Stream(ctx, ref, desc)
	if err != nil {
		return nil, err
	}
	d := boltseal.Digest(desc.Digest)
	return &verifier{ReadCloser: r, h: hasher(d), want: d}, nil
}

// Stream opens a blob as Blob does, but leaves the digest to the caller, who
// hashes the bytes anyway. The size is still checked.
func (c *Client) Stream(ctx context.Context, ref Ref, desc ocispec.Descriptor) (io.ReadCloser, error) {
	if err := CheckDescriptor(desc); err != nil {
		return nil, fmt.Errorf("pull %s: blob: %w", ref, err)
	}
	var r *blobReader
	err := c.each(ctx, ref, func(at Ref) error {
		r = &blobReader{ctx: ctx, c: c, ref: at, digest: boltseal.Digest(desc.Digest), size: desc.Size}
		return r.connect()
	})
	if err != nil {
		return nil, fmt.Errorf("pull %s: blob %s: %w", ref, desc.Digest, err)
	}
	return r, nil
}

// ReadBlob returns a small blob, verified.
func (c *Client) ReadBlob(ctx context.Context, ref Ref, desc ocispec.Descriptor) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	max := c.opts.Limits.JSONBytes
	tooLong := &limit.Error{What: "blob " + string(desc.Digest), Max: max, Unit: "bytes", Flag: "--max-json-bytes"}
	if max > 0 && desc.Size > max {
		return nil, fmt.Errorf("pull %s: %w", ref, tooLong)
	}
	r, err := c.Blob(ctx, ref, desc)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := limit.ReadAll(r, max, tooLong)
	if err != nil {
		return nil, fmt.Errorf("pull %s: blob %s: %w", ref, desc.Digest, err)
	}
	return data, nil
}

// HasBlob tells whether ref's repository has the blob.
func (c *Client) HasBlob(ctx context.Context, ref Ref, d boltseal.Digest) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	resp, err := c.do(ctx, &call{
		ref: ref, method: http.MethodHead, path: "blobs/" + string(d), scopes: pull(ref),
		ok: []int{http.StatusOK, http.StatusNotFound},
	})
	if err != nil {
		return false, fmt.Errorf("look for blob %s in %s: %w", d, ref, err)
	}
	closeBody(resp)
	return resp.StatusCode == http.StatusOK, nil
}

// each tries ref at its mirrors and then where it says.
func (c *Client) each(ctx context.Context, ref Ref, try func(Ref) error) error {
	var mirrored []error
	for _, host := range c.opts.Mirrors[ref.Host] {
		at := ref
		at.Host = host
		err := try(at)
		if err == nil || ctx.Err() != nil || errors.Is(err, ErrOffline) {
			return err
		}
		mirrored = append(mirrored, fmt.Errorf("mirror %s: %w", host, err))
	}
	err := try(ref)
	if err == nil || len(mirrored) == 0 {
		return err
	}
	return errors.Join(append([]error{err}, mirrored...)...)
}
