package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/layer"
	"github.com/boltseal/boltseal/source/registry"
)

var _ = add(Scheme{
	Name: "registry", Aliases: []string{"remote"}, Usage: "registry:NAME", Title: "an image in a registry (the default for names)",
	open: func(ctx context.Context, o *opener, where string) (*Subject, error) {
		return o.openRegistry(ctx, where)
	},
})

// NewRegistry returns a client for registries as the options say, with the
// credentials, certificates and proxies that docker and podman would use. The
// user and password in the options are for ref's host and no other.
func NewRegistry(opts *Options, ref registry.Ref) (*registry.Client, error) {
	o := newOpener(opts)
	if o.Client != nil {
		return o.Client, nil
	}
	keychain := &registry.Keychain{}
	if o.AuthFile != "" {
		keychain.Files = append(keychain.Files, o.AuthFile)
	}
	keychain.Files = append(keychain.Files, registry.AuthFiles(o.Getenv)...)
	return registry.New(&registry.Options{
		Credentials: func(ctx context.Context, asked registry.Ref) (registry.Credential, error) {
			if o.Username != "" && asked.Host == ref.Host {
				return registry.Credential{Username: o.Username, Password: o.Password}, nil
			}
			return keychain.Credential(ctx, asked)
		},
		Offline: o.Offline, PlainHTTP: o.PlainHTTP, Insecure: o.Insecure,
		CAFile: o.CAFile, CertFile: o.CertFile, KeyFile: o.KeyFile, CertDirs: registry.CertDirs(o.Getenv),
		Mirrors: o.Mirrors, Env: o.Getenv, IdleTimeout: o.IdleTimeout,
		Limits: o.Limits, UserAgent: o.UserAgent, Now: o.Now,
	})
}

func (o *opener) openRegistry(ctx context.Context, name string) (*Subject, error) {
	ref, err := registry.ParseRef(name)
	if err != nil {
		return nil, fmt.Errorf("%w (there is no such file either)", err)
	}
	if o.Offline {
		return nil, fmt.Errorf("%w: it is in a registry (pipe docker save into the target - for an image on this machine)", ErrOffline)
	}
	client, err := NewRegistry(&o.Options, ref)
	if err != nil {
		return nil, err
	}
	if o.Client == nil {
		o.keep(client)
	}
	m, err := client.Manifest(ctx, ref)
	if err != nil {
		return nil, explain(ref, name, err)
	}
	desc := registry.Describe(m.MediaType, m.Data)
	desc.Digest = registry.Wire(m.Digest)
	c := &remote{client: client, ref: ref, top: m}
	return o.descend(ctx, c, desc, name)
}

// explain adds what a user may have meant.
func explain(ref registry.Ref, name string, err error) error {
	if errors.Is(err, registry.ErrNotFound) || errors.Is(err, registry.ErrDenied) {
		if ref.Host == "docker.io" {
			return fmt.Errorf("%w; docker:%s and podman:%s read images on this machine", err, name, name)
		}
	}
	return err
}

// remote is an image in a registry.
type remote struct {
	client *registry.Client
	ref    registry.Ref
	top    *registry.Manifest // what the reference itself names
}

func (r *remote) manifest(ctx context.Context, desc ocispec.Descriptor) ([]byte, error) {
	if boltseal.Digest(desc.Digest) == r.top.Digest {
		return r.top.Data, nil
	}
	m, err := r.client.Manifest(ctx, r.ref.At(boltseal.Digest(desc.Digest)))
	if err != nil {
		return nil, err
	}
	if int64(len(m.Data)) != desc.Size {
		return nil, fmt.Errorf("manifest %s: %w", desc.Digest, sizeError(desc.Size, int64(len(m.Data))))
	}
	return m.Data, nil
}

func (r *remote) config(ctx context.Context, desc ocispec.Descriptor) ([]byte, error) {
	return r.client.ReadBlob(ctx, r.ref, desc)
}

func (r *remote) layer(ctx context.Context, desc ocispec.Descriptor) (layer.Blob, error) {
	if isForeign(desc) {
		there, err := r.client.HasBlob(ctx, r.ref, boltseal.Digest(desc.Digest))
		if err != nil {
			return layer.Blob{}, err
		}
		if !there {
			return layer.Blob{}, registry.ErrNotFound
		}
	}
	return layer.Blob{
		Layer: boltseal.Layer{Digest: boltseal.Digest(desc.Digest), MediaType: desc.MediaType, Size: desc.Size},
		// Whoever reads the layer hashes it; hashing it here too would be
		// the second time.
		Open: func(ctx context.Context) (io.ReadCloser, error) { return r.client.Stream(ctx, r.ref, desc) },
	}, nil
}

// share makes blobs that several images have one blob each, which is fetched
// once however often it is read.
func (o *opener) share(images []*Subject) {
	count := map[boltseal.Digest]int{}
	for _, im := range images {
		seen := map[boltseal.Digest]bool{}
		for _, b := range im.Blobs {
			if !seen[b.Digest] {
				count[b.Digest]++
			}
			seen[b.Digest] = true
		}
	}
	shared := map[boltseal.Digest]*sharedBlob{}
	for _, im := range images {
		for i := range im.Blobs {
			b := &im.Blobs[i]
			if b.At != nil || b.Digest == "" || count[b.Digest] < 2 {
				continue
			}
			if shared[b.Digest] == nil {
				shared[b.Digest] = &sharedBlob{o: o, digest: b.Digest, size: b.Size, fetch: b.Open}
			}
			b.Open = shared[b.Digest].open
		}
	}
}

// sharedBlob is fetched into a temporary file when it is first opened.
type sharedBlob struct {
	o      *opener
	digest boltseal.Digest
	size   int64
	fetch  func(context.Context) (io.ReadCloser, error)

	mu   sync.Mutex
	kept *archive
}

func (b *sharedBlob) open(ctx context.Context) (io.ReadCloser, error) {
	if !b.fits() {
		return b.fetch(ctx)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		r, err := b.fetch(ctx)
		if err != nil {
			return nil, err
		}
		kept, err := b.o.spool(ctx, r, "layer "+string(b.digest))
		if err = errors.Join(err, r.Close()); err != nil {
			return nil, err
		}
		b.kept = &kept
	}
	return io.NopCloser(b.kept.section()), nil
}

// fits tells whether the quota for temporary files leaves room; where it does
// not, the blob is fetched again.
func (b *sharedBlob) fits() bool {
	b.mu.Lock()
	kept := b.kept != nil
	b.mu.Unlock()
	b.o.mu.Lock()
	defer b.o.mu.Unlock()
	max := b.o.Limits.Spool
	return kept || max <= 0 || b.o.spooled+b.size <= max
}
