package seal

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/boltseal/boltseal/internal/strictjson"
)

// A bundle says some things twice, and some that nobody signed. What follows
// refuses bundles in which such things contradict each other or are spelled
// in an unusual way, so that two bundles that differ never say the same: what
// was verified is exactly what is there.

// bundleTypes are the media types of bundles (protobuf-specs, "Bundle").
var bundleTypes = []string{
	MediaTypeBundle, bundlePrefix + "+json;version=0.3", bundlePrefix + "+json;version=0.2", legacyBundle,
}

var (
	errBundleType  = errors.New("not the media type of a sigstore bundle of version 0.1, 0.2 or 0.3")
	errBase64      = errors.New("base64 with bits that say nothing")
	errEntryKind   = errors.New("a log entry says that it is of another kind than it is")
	errEntryProof  = errors.New("a log entry's proof is of another entry")
	errCheckpoint  = errors.New("a log entry's checkpoint is not signed in the log's own name")
	errStampFormat = errors.New("a timestamp that contradicts itself")
)

// How many JSON values documents may hold. What lies around a payload is
// small; a payload may be the bill of materials of a whole distribution.
// Without a bound, megabytes of empty objects decode to gigabytes.
const (
	maxBundleValues    = 20_000
	maxStatementValues = 4_000_000
	maxSubjectValues   = 200_000
)

// checkJSON returns an error unless data is one JSON value of at most max
// values, with no name twice in an object.
func checkJSON(data []byte, max int) error {
	n, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && (c == ',' || c == '[' || c == '{'):
			if n++; n > max {
				return fmt.Errorf("more than %d JSON values", max)
			}
		}
	}
	return strictjson.Check(data)
}

// canonical returns an error if the bundle in data, decoded as pb, has a part
// that could be changed without a signature telling.
func canonical(data []byte, pb *protobundle.Bundle) error {
	if !slices.Contains(bundleTypes, pb.GetMediaType()) {
		return fmt.Errorf("%w: %q", errBundleType, clip(pb.GetMediaType(), 80))
	}
	if err := canonical64(data, pb); err != nil {
		return err
	}
	return consistent(pb)
}

// consistent compares what the bundle says twice.
func consistent(pb *protobundle.Bundle) error {
	for _, entry := range pb.GetVerificationMaterial().GetTlogEntries() {
		if err := consistentEntry(entry); err != nil {
			return err
		}
	}
	for _, stamp := range pb.GetVerificationMaterial().GetTimestampVerificationData().GetRfc3161Timestamps() {
		if err := consistentStamp(stamp.GetSignedTimestamp()); err != nil {
			return err
		}
	}
	return nil
}

// consistentEntry tells whether the entry is of the kind that it claims, and
// the one that its proof is about.
func consistentEntry(entry *protorekor.TransparencyLogEntry) error {
	var kind struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := strictjson.Unmarshal(entry.GetCanonicalizedBody(), &kind); err != nil {
		return fmt.Errorf("log entry: %w", err)
	}
	if claimed := entry.GetKindVersion(); claimed.GetKind() != kind.Kind || claimed.GetVersion() != kind.APIVersion {
		return fmt.Errorf("%w: %s %s and %s %s", errEntryKind, clip(claimed.GetKind(), 40), clip(claimed.GetVersion(), 40), clip(kind.Kind, 40), clip(kind.APIVersion, 40))
	}
	p := entry.GetInclusionProof()
	if p == nil {
		return nil
	}
	if p.GetLogIndex() < 0 || p.GetTreeSize() <= 0 {
		return errEntryProof
	}
	if !signedByOrigin(p.GetCheckpoint().GetEnvelope()) {
		return errCheckpoint
	}
	leaf := rfc6962.DefaultHasher.HashLeaf(entry.GetCanonicalizedBody())
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(p.GetLogIndex()), uint64(p.GetTreeSize()), leaf, p.GetHashes(), p.GetRootHash()); err != nil {
		return fmt.Errorf("%w: %w", errEntryProof, err)
	}
	return nil
}

// signedByOrigin tells whether a checkpoint has a signature under the name
// that it begins with, which logs of Rekor 1 put the tree's number behind
// (C2SP, "signed note" and "tlog-checkpoint"). Witnesses may sign it besides.
func signedByOrigin(checkpoint string) bool {
	text, signatures, ok := strings.Cut(checkpoint, "\n\n")
	origin, _, _ := strings.Cut(text, "\n")
	if !ok || origin == "" {
		return false
	}
	own := false
	for line := range strings.Lines(signatures) {
		dash, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		name, sig, _ := strings.Cut(rest, " ")
		if _, err := decode64(sig); err != nil || dash != "\u2014" || name == "" {
			return false
		}
		own = own || name == origin || strings.HasPrefix(origin, name+" - ")
	}
	return own
}

// consistentStamp looks at what surrounds the signed parts of a timestamp and
// is not signed itself (RFC 3161, section 2.4.2; RFC 5652, sections 5.1 to
// 5.4): that each part has the tag that it has to have, and that the hash that
// is named first is the signer's. What stands inside is for those who know the
// authority.
func consistentStamp(der []byte) error {
	response, err := tagged(der, tagSequence)
	if err != nil {
		return err
	}
	parts, err := tagged(response[0].Bytes, tagSequence, tagSequence) // status, token
	if err != nil {
		return err
	}
	token, err := tagged(parts[1].Bytes, tagOID, tagContext0)
	if err != nil {
		return err
	}
	data, err := tagged(token[1].Bytes, tagSequence)
	if err != nil {
		return err
	}
	return consistentSigned(data[0].Bytes)
}

// consistentSigned looks at the signed data of a timestamp.
func consistentSigned(der []byte) error {
	data, err := elements(der) // version, hashes, content, …, signers
	if err != nil || len(data) < 4 {
		return errors.Join(errStampFormat, err)
	}
	hashes, err1 := tagged(data[1].Bytes, tagSequence)
	content, err2 := tagged(data[2].Bytes, tagOID, tagContext0)
	signers, err3 := tagged(data[len(data)-1].Bytes, tagSequence)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	if _, err := tagged(content[1].Bytes, tagOctets); err != nil || !bytes.Equal(content[0].FullBytes, timeStampInfo) {
		return errors.Join(errStampFormat, err)
	}
	// version, who, hash, signed attributes, algorithm, signature
	signer, err := tagged(signers[0].Bytes, tagInteger, tagSequence, tagSequence, tagContext0, tagSequence, tagOctets)
	if err != nil {
		return err
	}
	// The versions follow from the rest (RFC 5652, sections 5.1 and 5.3).
	if !bytes.Equal(data[0].FullBytes, []byte{tagInteger, 1, 3}) || !bytes.Equal(signer[0].FullBytes, []byte{tagInteger, 1, 1}) {
		return errStampFormat
	}
	if !bytes.Equal(signer[2].FullBytes, hashes[0].FullBytes) {
		return errStampFormat
	}
	attributes, err := elements(signer[3].Bytes)
	if err != nil {
		return errors.Join(errStampFormat, err)
	}
	for _, a := range attributes {
		if _, err := tagged(a.Bytes, tagOID, tagSet); err != nil || a.FullBytes[0] != tagSequence {
			return errors.Join(errStampFormat, err)
		}
	}
	return nil
}

// The first bytes of values in DER.
const (
	tagInteger  = 0x02
	tagOctets   = 0x04
	tagOID      = 0x06
	tagSequence = 0x30
	tagSet      = 0x31
	tagContext0 = 0xa0
)

// tagged splits DER into values that have exactly these tags.
func tagged(der []byte, tags ...byte) ([]asn1.RawValue, error) {
	list, err := elements(der)
	if err != nil || len(list) != len(tags) {
		return nil, errors.Join(errStampFormat, err)
	}
	for i, tag := range tags {
		if list[i].FullBytes[0] != tag {
			return nil, errStampFormat
		}
	}
	return list, nil
}

// timeStampInfo is the type of what is signed (id-ct-TSTInfo) in DER.
var timeStampInfo = []byte{0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04}

// maxElements is more than any structure here has parts.
const maxElements = 64

// elements splits DER into the values that stand side by side in it.
func elements(der []byte) ([]asn1.RawValue, error) {
	var out []asn1.RawValue
	for len(der) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil {
			return nil, err
		}
		if out = append(out, v); len(out) > maxElements {
			return nil, errStampFormat
		}
		der = rest
	}
	return out, nil
}

// canonical64 returns an error if one of the bundle's byte strings stands in
// data in a spelling of base64 that leaves bits unused: two bundles that
// differ must not say the same.
func canonical64(data []byte, pb *protobundle.Bundle) error {
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	spelled := map[string]bool{}
	collect(doc, spelled)
	return checkBytes(pb.ProtoReflect(), spelled)
}

func collect(v any, into map[string]bool) {
	switch v := v.(type) {
	case string:
		into[v] = true
	case []any:
		for _, item := range v {
			collect(item, into)
		}
	case map[string]any:
		for _, item := range v {
			collect(item, into)
		}
	}
}

func checkBytes(m protoreflect.Message, spelled map[string]bool) error {
	var err error
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
		case f.IsList():
			list := v.List()
			for i := range list.Len() {
				if err = checkValue(f, list.Get(i), spelled); err != nil {
					return false
				}
			}
		default:
			err = checkValue(f, v, spelled)
		}
		return err == nil
	})
	return err
}

func checkValue(f protoreflect.FieldDescriptor, v protoreflect.Value, spelled map[string]bool) error {
	switch f.Kind() {
	case protoreflect.MessageKind:
		return checkBytes(v.Message(), spelled)
	case protoreflect.BytesKind:
		encodings := []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding}
		if !slices.ContainsFunc(encodings, func(e *base64.Encoding) bool { return spelled[e.EncodeToString(v.Bytes())] }) {
			return fmt.Errorf("%s: %w", f.JSONName(), errBase64)
		}
	}
	return nil
}
