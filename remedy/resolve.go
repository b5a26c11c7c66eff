package remedy

import (
	"maps"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// resolving asks each reference once.
type resolving struct {
	ask    Resolver
	known  map[string]boltseal.Digest
	failed map[string]error
}

// resolve adds digests to the edits of a fix; false when one is not known.
func (r *resolving) resolve(fix boltseal.Fix) (boltseal.Fix, bool) {
	if r.ask == nil {
		return fix, false
	}
	fix.Edits = slices.Clone(fix.Edits)
	for i, e := range fix.Edits {
		digest, ok := r.digest(e.New)
		if !ok {
			return fix, false
		}
		fix.Edits[i].New = e.New + "@" + string(digest)
	}
	return fix, true
}

func (r *resolving) digest(ref string) (boltseal.Digest, bool) {
	if digest, ok := r.known[ref]; ok {
		return digest, true
	}
	if _, ok := r.failed[ref]; ok {
		return "", false
	}
	digest, err := r.ask(ref)
	if err == nil {
		digest, err = boltseal.ParseDigest(string(digest))
	}
	if err != nil {
		r.failed[ref] = err
		return "", false
	}
	r.known[ref] = digest
	return digest, true
}

// gaps are the references that could not be told.
func (r *resolving) gaps() []boltseal.Gap {
	var out []boltseal.Gap
	for _, ref := range slices.Sorted(maps.Keys(r.failed)) {
		why := strings.TrimSpace(r.failed[ref].Error())
		out = append(out, boltseal.Gap{Kind: "unresolved-image", What: "image " + ref, Why: why})
	}
	return out
}
