package kube

import (
	_ "embed" // images.txt
	"strconv"
	"strings"
	"sync"
)

// image is a reference to an image in its parts.
type image struct {
	text     string
	registry string // "docker.io" when the reference has none
	path     string // "library/nginx" for nginx
	name     string // as people write it: "nginx", "quay.io/x/y"
	tag      string
	digest   string
}

// imageOf takes a reference apart (the distribution project's grammar).
func imageOf(text string) image {
	im := image{text: text}
	rest, digest, _ := strings.Cut(text, "@")
	im.digest = digest
	if colon := strings.LastIndexByte(rest, ':'); colon > strings.LastIndexByte(rest, '/') {
		rest, im.tag = rest[:colon], rest[colon+1:]
	}
	im.registry, im.path = "docker.io", rest
	if first, other, ok := strings.Cut(rest, "/"); ok && (strings.ContainsAny(first, ".:") || first == "localhost") {
		im.registry, im.path = first, other
	}
	if im.registry == "index.docker.io" || im.registry == "registry-1.docker.io" {
		im.registry = "docker.io"
	}
	if im.registry == "docker.io" && !strings.Contains(im.path, "/") {
		im.path = "library/" + im.path
	}
	im.name = im.path
	if im.registry != "docker.io" {
		im.name = im.registry + "/" + im.path
	}
	im.name = strings.TrimPrefix(im.name, "library/")
	return im
}

// unfilled tells whether a reference is one that a tool fills in later.
func unfilled(text string) bool {
	return strings.Contains(text, "://") || strings.ContainsAny(text, "${}<>") || strings.TrimSpace(text) == ""
}

// Users that an image may be known to have besides numbers.
const (
	userUnknown = -1
	userNamed   = -2
)

// known is what is known of a public image.
type known struct {
	user   int64
	writes []string
}

//go:embed images.txt
var imagesText string

// knownImages are the entries of images.txt by name.
var knownImages = sync.OnceValue(func() map[string]known {
	all := map[string]known{}
	for line := range strings.Lines(imagesText) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0][0] == '#' {
			continue
		}
		k := known{user: userNamed, writes: words[2:]}
		if n, err := strconv.ParseInt(words[1], 10, 64); err == nil {
			k.user = n
		} else if words[1] == "?" {
			k.user = userUnknown
		}
		all[words[0]] = k
	}
	return all
})

// known looks the image up: by its name, then by the folders around it.
func (im image) known() known {
	all := knownImages()
	if k, ok := all[im.name+":"+im.tag]; ok {
		return k
	}
	if im.registry == "gcr.io" && strings.HasPrefix(im.path, "distroless/") {
		if strings.Contains(im.tag, "nonroot") {
			return known{user: 65532}
		}
		return known{user: 0}
	}
	for name := im.name; name != ""; {
		if k, ok := all[name]; ok {
			return k
		}
		slash := strings.LastIndexByte(name, '/')
		if slash < 0 {
			break
		}
		name = name[:slash]
	}
	return known{user: userUnknown}
}

// user is the user that the image runs as when nobody says otherwise: a
// number, userNamed or userUnknown.
func (im image) user() int64 {
	return im.known().user
}

// writes are the paths that the image's program writes, apart from /tmp.
func (im image) writes() []string {
	return im.known().writes
}
