package dashboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/sbom"
	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

// pageOf reads which page of a list is asked for.
func pageOf(q url.Values) store.PageQuery {
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 1 || limit > 500 {
		limit = 50
	}
	return store.PageQuery{After: q.Get("after"), Limit: limit}
}

func imageQuery(q url.Values) store.ImageQuery {
	is := func(name string) bool { return q.Get(name) == "true" }
	return store.ImageQuery{
		PageQuery: pageOf(q), Name: q.Get("name"), Kind: boltseal.Kind(q.Get("kind")),
		Running: is("running"), Denied: is("denied"), KEV: is("kev"), All: is("all"),
	}
}

func (d *dashboard) listImages(ctx context.Context, p *store.Project, q url.Values) (*store.Page[store.Image], error) {
	order := q.Get("sort")
	if order == "" || order == "risk" {
		return d.DB().Images(ctx, p, imageQuery(q))
	}
	return d.DB().ImagesBy(ctx, p, order, imageQuery(q))
}

func (d *dashboard) images(v *visit) error {
	list, err := d.listImages(v.r.Context(), v.p, v.r.URL.Query())
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "images", "Images", list)
}

func (v *visit) id() (int64, error) {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, &serve.Status{Code: http.StatusNotFound, Text: "not found"}
	}
	return id, nil
}

// portrait is the page of one image.
type portrait struct {
	store.Image
	Report    *boltseal.Report
	Layers    []heat
	Findings  *store.Page[store.Finding]
	History   *store.Page[store.Run]
	Workloads *store.Page[store.Workload]
	Names     []store.Image // other names of the digest
	Tallies   []boltseal.Tally
	Counted   int // findings that the layers were coloured by
}

// heat is a layer with what is wrong in it.
type heat struct {
	boltseal.Layer
	Index      int
	Components int
	Images     int // of the project that have it
	Open       store.Counts
	Width      float64 // 0 to 100, by its size
	Elsewhere  bool    // what is in the image and in none of its layers
}

func (d *dashboard) image(v *visit) error {
	ctx := v.r.Context()
	id, err := v.id()
	if err != nil {
		return err
	}
	img, err := d.DB().Image(ctx, v.p, id)
	if err != nil {
		return err
	}
	o := &portrait{Image: *img}
	if o.Report, err = d.DB().Report(ctx, v.p, img.Report); err != nil {
		return err
	}
	shared, err := d.DB().Layers(ctx, v.p, id)
	if err != nil {
		return err
	}
	open, err := d.openOf(ctx, v.p, id)
	if err != nil {
		return err
	}
	o.Counted = len(open)
	o.Layers = heatOf(o.Report, shared, open)
	if o.Findings, err = d.DB().Findings(ctx, v.p, store.FindingQuery{Image: id, PageQuery: store.PageQuery{Limit: 25}}); err != nil {
		return err
	}
	if o.History, err = d.DB().History(ctx, v.p, id, store.PageQuery{Limit: 20}); err != nil {
		return err
	}
	if o.Workloads, err = d.DB().Workloads(ctx, v.p, store.WorkloadQuery{Image: id, PageQuery: store.PageQuery{Limit: 100}}); err != nil {
		return err
	}
	same, err := d.DB().ByDigest(ctx, v.p, img.Digest)
	if err != nil {
		return err
	}
	o.Names = slices.DeleteFunc(same, func(i store.Image) bool { return i.ID == id })
	if o.Report.Scorecard != nil {
		o.Tallies = o.Report.Scorecard.Layers
	}
	return v.show(http.StatusOK, "image", img.Name, o)
}

// maxHeat bounds how many findings the layers of one image are coloured by;
// the page says when there are more.
const maxHeat = 5000

func (d *dashboard) openOf(ctx context.Context, p *store.Project, image int64) ([]store.Finding, error) {
	var list []store.Finding
	q := store.FindingQuery{Image: image, PageQuery: store.PageQuery{Limit: store.MaxLimit}}
	for {
		part, err := d.DB().Findings(ctx, p, q)
		if err != nil {
			return nil, err
		}
		list = append(list, part.Items...)
		if q.After = part.Next; q.After == "" || len(list) >= maxHeat {
			return list, nil
		}
	}
}

func heatOf(r *boltseal.Report, known []store.Layer, open []store.Finding) []heat {
	layers := r.Artifact.Layers
	list := make([]heat, 0, len(layers)+1)
	at := map[boltseal.Digest]int{}
	var most int64 = 1
	for i, l := range layers {
		list = append(list, heat{Layer: l, Index: i + 1})
		at[l.DiffID] = i
		most = max(most, l.Size)
	}
	list = append(list, heat{Elsewhere: true})
	of := func(diffID boltseal.Digest) *heat {
		if i, ok := at[diffID]; ok && diffID != "" {
			return &list[i]
		}
		return &list[len(list)-1]
	}
	for _, l := range known {
		h := of(l.DiffID)
		h.Components += l.Components
		h.Images = max(h.Images, l.Images)
	}
	where := places(r)
	for i := range open {
		countSeverity(&of(where(&open[i].Finding)).Open, open[i].Severity)
	}
	for i := range list {
		list[i].Width = float64(list[i].Size) / float64(most) * 100
	}
	if last := list[len(list)-1]; last.Open.Total() == 0 && last.Components == 0 {
		list = list[:len(list)-1]
	}
	return list
}

// places tells which layer a finding is in, by the newest report: lists of
// findings do not say. What a re-match found is where its component is.
func places(r *boltseal.Report) func(*boltseal.Finding) boltseal.Digest {
	first := func(list []boltseal.Location) boltseal.Digest {
		for _, l := range list {
			if l.Layer != "" {
				return l.Layer
			}
		}
		return ""
	}
	components, keys := map[string]boltseal.Digest{}, map[string]boltseal.Digest{}
	for i := range r.Components {
		components[r.Components[i].PURL] = first(r.Components[i].Locations)
	}
	for i := range r.Findings {
		keys[r.Findings[i].Key] = r.Findings[i].Location.Layer
	}
	return func(f *boltseal.Finding) boltseal.Digest {
		switch {
		case keys[f.Key] != "":
			return keys[f.Key]
		case f.Component != nil:
			return components[f.Component.PURL]
		}
		return f.Location.Layer
	}
}

func countSeverity(c *store.Counts, s boltseal.Severity) {
	switch s {
	case boltseal.Critical:
		c.Critical++
	case boltseal.High:
		c.High++
	case boltseal.Medium:
		c.Medium++
	case boltseal.Low:
		c.Low++
	case boltseal.Negligible:
		c.Negligible++
	default:
		c.Unknown++
	}
}

// sbom gives an image's newest report as a bill of materials.
func (d *dashboard) sbom(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	name := v.r.URL.Query().Get("format")
	if name == "" {
		name = "cyclonedx-json"
	}
	format, ok := sbom.Lookup(name)
	if !ok {
		return &serve.Status{Code: http.StatusUnprocessableEntity, Text: "there is no such format of bills of materials"}
	}
	img, err := d.DB().Image(v.r.Context(), v.p, id)
	if err != nil {
		return err
	}
	r, err := d.DB().Report(v.r.Context(), v.p, img.Report)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := format.Write(&buf, sbom.FromReport(r)); err != nil {
		return errors.Join(fmt.Errorf("image %d as %s", id, format.Name), err)
	}
	// The file is named by numbers of ours: nothing from outside is in a header.
	v.w.Header().Set("Content-Type", format.MediaType)
	v.w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="boltseal-image-%d.%s"`, id, format.Name))
	_, _ = v.w.Write(buf.Bytes())
	return nil
}
