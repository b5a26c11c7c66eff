package manifest

import "strings"

// Object is a Kubernetes object in a file.
type Object struct {
	APIVersion, Kind, Namespace, Name string
	Node                              *Node
	File                              *File
}

// Objects lists the Kubernetes objects of a file in order. The items of a
// List are objects by themselves, and the list is none.
func (f *File) Objects() []*Object {
	var out []*Object
	for _, d := range f.Docs {
		out = f.objects(out, d.Root, "", "", 0)
	}
	return out
}

// maxLists bounds how deep lists stand in lists.
const maxLists = 8

func (f *File) objects(out []*Object, n *Node, apiVersion, kind string, depth int) []*Object {
	n = n.Resolve()
	if n == nil || n.Kind != Mapping || depth > maxLists {
		return out
	}
	o := &Object{APIVersion: n.Get("apiVersion").Str(), Kind: n.Get("kind").Str(), Node: n, File: f}
	// The items of a PodList need not say that they are pods.
	if o.APIVersion == "" && o.Kind == "" {
		o.APIVersion, o.Kind = apiVersion, kind
	}
	if o.APIVersion == "" || o.Kind == "" {
		return out
	}
	if item, isList := strings.CutSuffix(o.Kind, "List"); isList {
		if items := n.Get("items"); items != nil && items.Kind == Sequence {
			version := o.APIVersion
			if item == "" {
				version = ""
			}
			for _, it := range items.Items {
				out = f.objects(out, it, version, item, depth+1)
			}
			return out
		}
	}
	o.Namespace, o.Name = n.Get("metadata", "namespace").Str(), n.Get("metadata", "name").Str()
	if o.Name == "" {
		o.Name = n.Get("metadata", "generateName").Str()
	}
	return append(out, o)
}
