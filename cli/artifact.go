package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/boltseal/boltseal/source/registry"
)

// fetchArtifact opens the one file of an OCI artifact: the content of the
// only layer of the manifest that ref names.
func fetchArtifact(ctx context.Context, env *Env, ref string) (io.ReadCloser, error) {
	r, err := registry.ParseRef(ref)
	if err != nil {
		return nil, err
	}
	keys := &registry.Keychain{Files: registry.AuthFiles(env.Getenv)}
	client, err := registry.New(&registry.Options{
		Credentials: keys.Credential, Env: env.Getenv, UserAgent: "boltseal/" + Version(),
	})
	if err != nil {
		return nil, err
	}
	manifest, err := client.Manifest(ctx, r)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	doc, err := registry.Decode(manifest.MediaType, manifest.Data)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	if doc.Manifest == nil || len(doc.Manifest.Layers) != 1 {
		return nil, errors.Join(fmt.Errorf("%s: not an artifact of one file", ref), client.Close())
	}
	blob, err := client.Blob(ctx, r, doc.Manifest.Layers[0])
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &artifactBlob{ReadCloser: blob, client: client}, nil
}

// artifactBlob closes the client with the blob that it gave.
type artifactBlob struct {
	io.ReadCloser
	client *registry.Client
}

func (b *artifactBlob) Close() error {
	return errors.Join(b.ReadCloser.Close(), b.client.Close())
}
