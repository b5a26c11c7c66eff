package seal

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/common"

	"github.com/boltseal/boltseal/internal/strictjson"
)

// RunPlugin starts a program with arguments and standard input, and returns
// what it prints. This package starts none itself.
type RunPlugin func(ctx context.Context, program string, args []string, stdin []byte) ([]byte, error)

// PluginPrefix is what the names of programs that keep keys begin with. The
// scheme of a key's URI is the rest, as cosign has it: the key awskms:///alias/a
// is asked of sigstore-kms-awskms.
const PluginPrefix = "sigstore-kms-"

var (
	errPluginURI    = errors.New("a key that a program keeps is named NAME://KEY")
	errPluginSilent = errors.New("its answer does not say what was asked")
	errRemoteKey    = errors.New("the key never leaves where it is kept")

	errRemotePrehash = errors.New("logs want another variant of Ed25519 (Ed25519ph) than programs that keep keys sign with; use an ECDSA key, or no log")
)

// IsPluginURI tells whether a key's name asks for a program.
func IsPluginURI(name string) bool {
	scheme, rest, ok := strings.Cut(name, "://")
	return ok && scheme != "" && rest != "" && strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// plugin is a program that keeps a key: in a key management service, on a
// card, in a module (sigstore's protocol "v1" for command line plugins).
type plugin struct {
	program, key string
	run          RunPlugin
}

func newPlugin(uri string, run RunPlugin) (*plugin, error) {
	if !IsPluginURI(uri) {
		return nil, fmt.Errorf("key %s: %w", clip(uri, 80), errPluginURI)
	}
	scheme, key, _ := strings.Cut(uri, "://")
	return &plugin{program: PluginPrefix + scheme, key: key, run: run}, nil
}

// ask calls one method. What the plugin says is checked by whoever asks: a
// signature is verified before anyone gets it.
func (p *plugin) ask(ctx context.Context, h crypto.Hash, args *common.MethodArgs, stdin []byte) (*common.PluginResp, error) {
	init := &common.InitOptions{ProtocolVersion: common.ProtocolVersion, KeyResourceID: p.key, HashFunc: h, RPCOptions: &common.RPCOptions{}}
	if deadline, ok := ctx.Deadline(); ok {
		init.CtxDeadline = &deadline
	}
	doc, err := json.Marshal(&common.PluginArgs{InitOptions: init, MethodArgs: args})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.program, err)
	}
	out, err := p.run(ctx, p.program, []string{common.ProtocolVersion, string(doc)}, stdin)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", p.key, err)
	}
	var answer common.PluginResp
	if err := strictjson.Unmarshal(out, &answer); err != nil {
		return nil, fmt.Errorf("%s: answer: %w", p.program, err)
	}
	if answer.ErrorMessage != "" {
		return nil, fmt.Errorf("%s: %s", p.program, clip(answer.ErrorMessage, 500))
	}
	return &answer, nil
}

// PluginKey is a key that a program keeps. Its private half is not here: the
// program is started for every signature.
func PluginKey(ctx context.Context, uri string, run RunPlugin) (*PrivateKey, error) {
	p, err := newPlugin(uri, run)
	if err != nil {
		return nil, err
	}
	answer, err := p.ask(ctx, crypto.SHA256, &common.MethodArgs{
		MethodName: common.PublicKeyMethodName, PublicKey: &common.PublicKeyArgs{PublicKeyOptions: &common.PublicKeyOptions{}},
	}, nil)
	if err != nil {
		return nil, err
	}
	if answer.PublicKey == nil {
		return nil, fmt.Errorf("%s: %w", p.program, errPluginSilent)
	}
	return p.known(answer.PublicKey.PublicKeyPEM)
}

// GeneratePluginKey lets a program make a key, of the algorithm that it takes
// by default unless one is named.
func GeneratePluginKey(ctx context.Context, uri, algorithm string, run RunPlugin) (*PrivateKey, error) {
	p, err := newPlugin(uri, run)
	if err != nil {
		return nil, err
	}
	if algorithm == "" {
		answer, err := p.ask(ctx, crypto.SHA256, &common.MethodArgs{MethodName: common.DefaultAlgorithmMethodName, DefaultAlgorithm: &common.DefaultAlgorithmArgs{}}, nil)
		if err != nil {
			return nil, err
		}
		if answer.DefaultAlgorithm == nil {
			return nil, fmt.Errorf("%s: %w", p.program, errPluginSilent)
		}
		algorithm = answer.DefaultAlgorithm.DefaultAlgorithm
	}
	answer, err := p.ask(ctx, crypto.SHA256, &common.MethodArgs{MethodName: common.CreateKeyMethodName, CreateKey: &common.CreateKeyArgs{Algorithm: algorithm}}, nil)
	if err != nil {
		return nil, err
	}
	if answer.CreateKey == nil {
		return nil, fmt.Errorf("%s: %w", p.program, errPluginSilent)
	}
	return p.known(answer.CreateKey.PublicKeyPEM)
}

func (p *plugin) known(pem []byte) (*PrivateKey, error) {
	public, err := ParsePublicKey(pem)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.program, err)
	}
	return &PrivateKey{public: public, remote: p}, nil
}

// sign lets the program sign content, and checks that it did.
func (p *plugin) sign(ctx context.Context, public *PublicKey, c content, h crypto.Hash) ([]byte, error) {
	message, err := c.all()
	if err != nil {
		return nil, err
	}
	options := &common.SignOptions{}
	if h != 0 {
		options.MessageOptions.HashFunc = &h
	}
	answer, err := p.ask(ctx, h, &common.MethodArgs{MethodName: common.SignMessageMethodName, SignMessage: &common.SignMessageArgs{SignOptions: options}}, message)
	if err != nil {
		return nil, err
	}
	if answer.SignMessage == nil {
		return nil, fmt.Errorf("%s: %w", p.program, errPluginSilent)
	}
	if err := public.verify(c, answer.SignMessage.Signature); err != nil {
		return nil, fmt.Errorf("%s: what it signed: %w", p.program, err)
	}
	return answer.SignMessage.Signature, nil
}
