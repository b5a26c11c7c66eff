package dashboard

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
)

//go:embed static
var staticFiles embed.FS

// file is one of the files that pages load.
type file struct {
	kind string
	data []byte
	sum  string
}

func readStatic() map[string]file {
	list, err := staticFiles.ReadDir("static")
	if err != nil {
		panic(err)
	}
	files := map[string]file{}
	for _, e := range list {
		data, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			panic(err)
		}
		kind := mime.TypeByExtension(path.Ext(e.Name()))
		switch path.Ext(e.Name()) {
		case ".js":
			kind = "text/javascript; charset=utf-8"
		case ".css":
			kind = "text/css; charset=utf-8"
		case ".svg":
			kind = "image/svg+xml"
		case ".LICENSE":
			kind = "text/plain; charset=utf-8"
		}
		sum := sha256.Sum256(data)
		files[e.Name()] = file{kind, data, hex.EncodeToString(sum[:8])}
	}
	return files
}

// asset is the address of a file, which changes when the file does, so that
// browsers may keep it for good.
func (d *dashboard) asset(name string) string { return "/static/" + name + "?" + d.files[name].sum }

func (d *dashboard) static(w http.ResponseWriter, r *http.Request) {
	f, ok := d.files[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", `"`+f.sum+`"`)
	h.Set("Cache-Control", "public, no-cache")
	if r.URL.RawQuery == f.sum {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if r.Header.Get("If-None-Match") == `"`+f.sum+`"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(f.data)
}
