package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// Upload says who brings a report.
type Upload struct {
	Who string // "token:ci", "user:anna"
	Key string // Idempotency-Key; may be empty

	// Then is called in the transaction that keeps a report which was not
	// there before, for work that follows from it; nil leaves it at that.
	Then func(context.Context, *Tx, *Receipt) error
}

// Receipt is what became of an upload.
type Receipt struct {
	Report   int64           `json:"report"`
	Image    int64           `json:"image"`
	Digest   boltseal.Digest `json:"digest"` // of the report
	Repeated bool            `json:"repeated,omitempty"`
	Stale    bool            `json:"stale,omitempty"` // there is a newer report of the same thing: this one is history
	New      int             `json:"new"`
	Fixed    int             `json:"fixed"`
	Allow    bool            `json:"allow"` // the project's own verdict
}

// ErrKeyReused says that an idempotency key came with another report before.
var ErrKeyReused = errors.New("the idempotency key was used for another report")

// maxFindings and maxComponents bound what one report may say.
const (
	maxFindings   = 200_000
	maxComponents = 500_000
)

// Ingest puts a report into a project, once: the same report again is the
// same record and changes nothing. When it returns without an error, the
// report is on the disk.
func (d *DB) Ingest(ctx context.Context, p *Project, r *boltseal.Report, by *Upload) (*Receipt, error) {
	if err := acceptable(r); err != nil {
		return nil, err
	}
	asked, err := takeApart(r)
	if err != nil {
		return nil, err
	}
	in := &ingest{db: d, project: p, by: by, report: r, parts: asked}
	if again, err := in.before(ctx); again != nil || err != nil {
		return again, err
	}
	if err := in.judge(ctx); err != nil {
		return nil, err
	}
	if err := in.prepare(ctx); err != nil {
		return nil, fmt.Errorf("keep the report about %s: %w", clip(r.Artifact.Name, 200), err)
	}
	var receipt *Receipt
	err = d.Update(ctx, func(tx *Tx) error {
		var err error
		receipt, err = in.commit(ctx, tx)
		if err != nil || receipt.Repeated || by.Then == nil {
			return err
		}
		return by.Then(ctx, tx, receipt)
	})
	if err != nil {
		return nil, fmt.Errorf("keep the report about %s: %w", clip(r.Artifact.Name, 200), err)
	}
	return receipt, nil
}

func acceptable(r *boltseal.Report) error {
	switch {
	case r == nil || r.Schema != boltseal.ReportSchema:
		return fmt.Errorf("%w: no report of boltseal, or of another version", ErrInvalid)
	case r.Artifact.Name == "" || len(r.Artifact.Name) > 1000:
		return fmt.Errorf("%w: the report must name its artifact in at most 1000 bytes", ErrInvalid)
	case clip(r.Artifact.Name, 1000) != r.Artifact.Name:
		return fmt.Errorf("%w: the artifact's name has bytes that are no text", ErrInvalid)
	case r.Time.IsZero() || r.Time.Year() < 2000 || r.Time.Year() > 9999:
		return fmt.Errorf("%w: the report must say when it was made", ErrInvalid)
	case len(r.Findings) > maxFindings || len(r.Components) > maxComponents:
		return fmt.Errorf("%w: more than %d findings or %d components", ErrInvalid, maxFindings, maxComponents)
	}
	if r.Artifact.Digest != "" {
		if _, err := boltseal.ParseDigest(string(r.Artifact.Digest)); err != nil {
			return fmt.Errorf("%w: the artifact's %w", ErrInvalid, err)
		}
	}
	return nil
}

// ingest is one report on its way in.
type ingest struct {
	db      *DB
	project *Project
	by      *Upload
	report  *boltseal.Report // as judged; the parts are as uploaded
	parts   *parts
	layers  []int64
	said    []said // of each finding
	line    line
	strict  bool // without a policy of the project, the default one judges
}

// said is a finding as the tables have it.
type said struct {
	key    [16]byte
	issue  int64
	rank   int64
	flags  int64
	waived bool
	waiver int64 // of the server's, 0 where the report or its policy waived it
}

// line is what stays the same when an image is built anew.
type line struct {
	kind, name, platform, digest string
	pinned                       bool // the name says which digest it means, and so nothing of where its tag points
}

func lineOf(a *boltseal.Artifact) line {
	l := line{kind: string(a.Kind), name: a.Name, digest: string(a.Digest)}
	if a.Platform != nil {
		l.platform = clip(a.Platform.String(), 100)
	}
	if name, digest, ok := strings.Cut(a.Name, "@"); ok && strings.HasPrefix(digest, "sha") && name != "" {
		l.name, l.pinned = name, true
	}
	l.kind = clip(l.kind, 40)
	return l
}

// before answers for a report that is there already.
func (in *ingest) before(ctx context.Context) (*Receipt, error) {
	var receipt *Receipt
	err := in.db.View(ctx, func(tx *Tx) error {
		var err error
		receipt, err = in.repeated(ctx, tx)
		return err
	})
	return receipt, err
}

func (in *ingest) repeated(ctx context.Context, tx *Tx) (*Receipt, error) {
	if in.by.Key != "" {
		var digest []byte
		err := tx.Get(ctx, []any{&digest}, "SELECT digest FROM once WHERE project = ? AND key = ?", in.project.ID, in.by.Key)
		switch {
		case err == nil && string(digest) != string(in.parts.digest[:]):
			return nil, ErrKeyReused
		case err != nil && !errors.Is(err, ErrNotFound):
			return nil, err
		}
	}
	receipt := &Receipt{Digest: digestOf(in.parts.digest), Repeated: true}
	var allow int
	err := tx.Get(ctx, []any{&receipt.Report, &receipt.Image, &allow}, "SELECT id, image, allow FROM report WHERE project = ? AND digest = ?", in.project.ID, in.parts.digest[:])
	if errors.Is(err, ErrNotFound) {
		return nil, nil //nolint:nilnil // it is new
	}
	receipt.Allow = allow != 0
	return receipt, err
}

func digestOf(h hash) boltseal.Digest { return boltseal.Digest(fmt.Sprintf("sha256:%x", h[:])) }

// judge lays the project's waivers and policy over a copy of the report.
func (in *ingest) judge(ctx context.Context) error {
	waivers, err := in.db.Waivers(ctx, in.project)
	if err != nil {
		return err
	}
	var policy []byte
	doc, err := in.db.Document(ctx, in.project, KindPolicy, "default")
	switch {
	case err == nil:
		policy = []byte(doc.Body)
	case !errors.Is(err, ErrNotFound):
		return err
	}
	judged := *in.report
	judged.Findings = append([]boltseal.Finding(nil), in.report.Findings...)
	for i := range judged.Findings { // that a waiver is the server's is for the server to say
		if w := judged.Findings[i].Waived; w != nil && waiverOf(w.Source) != 0 {
			own := *w
			own.Source = ""
			judged.Findings[i].Waived = &own
		}
	}
	list := make([]boltseal.Waiver, len(waivers))
	for i := range waivers {
		list[i] = waivers[i].Waiver
		list[i].Source = sourceOf(waivers[i].ID)
	}
	if policy == nil && in.strict {
		policy = []byte{}
	}
	if in.db.opts.Judge != nil {
		if err := in.db.opts.Judge(&judged, list, policy); err != nil {
			return fmt.Errorf("judge by the policy of %s: %w", in.project.Name, err)
		}
	}
	in.report = &judged
	return nil
}

// prepare writes the words that the report needs.
func (in *ingest) prepare(ctx context.Context) error {
	in.line = lineOf(&in.report.Artifact)
	if _, err := in.db.putChunks(ctx, append(in.parts.chunks, in.parts.skeleton)...); err != nil {
		return err
	}
	var err error
	if in.layers, err = in.db.layerIDs(ctx, in.parts.layers, distroOf(in.report)); err != nil {
		return err
	}
	if in.said, err = in.db.say(ctx, in.report.Findings); err != nil {
		return err
	}
	return in.db.advisories(ctx, in.report.Findings, in.parts.words)
}

// say interns what is said of findings. Two of one key are one finding, and
// the worse one counts.
func (d *DB) say(ctx context.Context, findings []boltseal.Finding) ([]said, error) {
	list := make([]word, 0, len(findings))
	out := make([]said, 0, len(findings))
	at := map[[16]byte]int{}
	for i := range findings {
		f := &findings[i]
		s, w, err := wordsOf(f)
		if err != nil {
			return nil, err
		}
		if j, ok := at[s.key]; ok {
			if s.rank > out[j].rank {
				out[j], list[j] = s, w
			}
			continue
		}
		at[s.key] = len(out)
		out, list = append(out, s), append(list, w)
	}
	ids, err := d.intern(ctx, &d.words.issues, "issue", "check_id, advisory, component, rank, body", list)
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].issue = ids[i]
	}
	return out, nil
}

// advisories keeps the newest words about each advisory, where they differ
// from those that are there.
func (d *DB) advisories(ctx context.Context, findings []boltseal.Finding, words [][]byte) error {
	type row struct {
		id    string
		chunk []byte
		body  []byte
		sum   hash
	}
	var list []row
	seen := map[string]bool{}
	now := d.now()
	for i := range findings {
		a := findings[i].Advisory
		if a == nil || i >= len(words) || words[i] == nil || seen[a.ID] || a.ID == "" {
			continue
		}
		seen[a.ID] = true
		brief := boltseal.Advisory{ID: a.ID, Aliases: a.Aliases, Summary: a.Summary, EPSS: a.EPSS, KEV: a.KEV, Feed: a.Feed, Kind: a.Kind, Modified: a.Modified, Published: a.Published}
		data, err := json.Marshal(&brief)
		if err != nil {
			return fmt.Errorf("advisory %s: %w", a.ID, err)
		}
		sum := hashOf(words[i], data)
		if _, ok := d.words.advisories.get(now, sum); !ok {
			list = append(list, row{clip(a.ID, 200), words[i], data, sum})
		}
	}
	if len(list) == 0 {
		return nil
	}
	sortBy(list, func(r row) string { return r.id })
	err := d.write(ctx, func(tx *Tx) error {
		r := rows{tx: tx, insert: "INSERT INTO advisory (id, chunk, body) VALUES", after: "ON CONFLICT (id) DO UPDATE SET chunk = excluded.chunk, body = excluded.body", columns: 3}
		for i := range list {
			r.add(list[i].id, list[i].chunk, list[i].body)
		}
		return r.flush(ctx)
	})
	if err != nil {
		return fmt.Errorf("write advisories: %w", err)
	}
	for i := range list {
		d.words.advisories.put(now, list[i].sum, 1)
	}
	return nil
}

// commit makes the report true.
func (in *ingest) commit(ctx context.Context, tx *Tx) (*Receipt, error) {
	if err := tx.lock(ctx, in.project.ID, in.line); err != nil {
		return nil, err
	}
	if again, err := in.repeated(ctx, tx); again != nil || err != nil {
		return again, err
	}
	img, err := tx.place(ctx, in)
	if err != nil {
		return nil, err
	}
	receipt := &Receipt{Image: img.id, Digest: digestOf(in.parts.digest), Allow: in.report.Verdict.Allow, Stale: img.stale}
	receipt.Report, err = tx.addReport(ctx, in, img.id)
	if err != nil {
		return nil, err
	}
	if in.by.Key != "" {
		if _, err := tx.Exec(ctx, "INSERT INTO once (project, key, digest, at) VALUES (?, ?, ?, ?)", in.project.ID, in.by.Key, in.parts.digest[:], in.db.now()); err != nil {
			return nil, err
		}
	}
	if img.stale {
		return receipt, nil
	}
	if err := tx.setLayers(ctx, img.id, in); err != nil {
		return nil, err
	}
	change, err := tx.settle(ctx, in, img, receipt.Report)
	if err != nil {
		return nil, err
	}
	receipt.New, receipt.Fixed = change.appeared, change.fixed
	if err := tx.refresh(ctx, in, img, receipt.Report); err != nil {
		return nil, err
	}
	return receipt, in.tell(ctx, tx, img, change)
}

// lock lets one report of a line in at a time. SQLite has one writer anyway.
func (t *Tx) lock(ctx context.Context, project int64, l line) error {
	if t.db.dialect != Postgres {
		return nil
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d\x00%s\x00%s\x00%s", project, l.kind, l.name, l.platform)
	_, err := t.Exec(ctx, "SELECT pg_advisory_xact_lock(?)", int64(h.Sum64()))
	return err
}

// placed is the image that a report is about.
type placed struct {
	id      int64
	running int
	stale   bool
	first   bool  // there was no report of this digest before
	allowed bool  // by the verdict before
	older   int64 // the image that had the name before, 0 for none
	runs    bool  // and it still runs
}

// place finds or makes the image that the report is about, and says whose
// name it takes over.
func (t *Tx) place(ctx context.Context, in *ingest) (*placed, error) {
	l, at := in.line, in.report.Time.UnixMilli()
	img := &placed{}
	var reported, allow, current int64
	err := t.Get(ctx, []any{&img.id, &img.running, &reported, &allow, &current},
		"SELECT id, running, reported, allow, is_current FROM image WHERE project = ? AND kind = ? AND name = ? AND platform = ? AND digest = ?",
		in.project.ID, l.kind, l.name, l.platform, l.digest)
	switch {
	case errors.Is(err, ErrNotFound):
		img.first = true
	case err != nil:
		return nil, err
	default:
		img.allowed = allow != 0
		img.stale = at < reported
	}
	var newest, running int64
	err = t.Get(ctx, []any{&img.older, &newest, &running},
		"SELECT id, reported, running FROM image WHERE project = ? AND kind = ? AND name = ? AND platform = ? AND is_current = 1",
		in.project.ID, l.kind, l.name, l.platform)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	img.runs = running > 0
	takes := err != nil || img.older == img.id || !l.pinned && at >= newest
	if img.older == img.id || !takes {
		img.older = 0
	}
	if img.first {
		now := in.db.now()
		digest := l.digest
		if err := t.Get(ctx, []any{&img.running}, "SELECT COUNT(*) FROM workload WHERE project = ? AND digest = ? AND digest <> ''", in.project.ID, digest); err != nil {
			return nil, err
		}
		img.id, err = t.Insert(ctx, "INSERT INTO image (project, kind, name, platform, digest, is_current, running, reported, first_seen, changed) VALUES (?, ?, ?, ?, ?, 0, ?, 0, ?, ?)",
			in.project.ID, l.kind, l.name, l.platform, digest, img.running, now, now)
		if err != nil {
			return nil, err
		}
		// What neither has the name nor runs is history from the start.
		img.stale = !takes && img.running == 0
	}
	if takes && !img.stale && current == 0 {
		if img.older != 0 {
			if _, err := t.Exec(ctx, "UPDATE image SET is_current = 0, changed = ? WHERE id = ?", in.db.now(), img.older); err != nil {
				return nil, err
			}
		}
		if _, err := t.Exec(ctx, "UPDATE image SET is_current = 1 WHERE id = ?", img.id); err != nil {
			return nil, err
		}
	}
	return img, nil
}

func (t *Tx) addReport(ctx context.Context, in *ingest, image int64) (int64, error) {
	r, n := in.report, countsOf(in.report.Count())
	return t.Insert(ctx, `INSERT INTO report (project, image, digest, at, received, who, tool, snapshot, allow, gaps, score, components,
		critical, high, medium, low, negligible, unknown) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		in.project.ID, image, in.parts.digest[:], r.Time.UnixMilli(), in.db.now(), clip(in.by.Who, 200), clip(r.Tool.Name+" "+r.Tool.Version, 100),
		snapshotOf(r), bit(r.Verdict.Allow), len(r.Gaps), scoreOf(r), len(r.Components), n.Critical, n.High, n.Medium, n.Low, n.Negligible, n.Unknown)
}

func (t *Tx) setLayers(ctx context.Context, image int64, in *ingest) error {
	if _, err := t.Exec(ctx, "DELETE FROM image_layer WHERE image = ?", image); err != nil {
		return err
	}
	places := placesOf(in.report)
	r := rows{tx: t, insert: "INSERT INTO image_layer (layer, image, platform, base) VALUES", after: "ON CONFLICT DO NOTHING", columns: 4}
	for i, layer := range in.layers {
		at := places[in.parts.layers[i].diffID]
		if len(at) == 0 {
			at = []layerPlace{{}}
		}
		for _, p := range at {
			r.add(layer, image, p.platform, bit(p.base))
		}
	}
	return r.flush(ctx)
}

// layerPlace is where in a report's artifact a layer is.
type layerPlace struct {
	platform string
	base     bool
}

// placesOf finds the layers in the artifact and in the images of an index.
func placesOf(r *boltseal.Report) map[boltseal.Digest][]layerPlace {
	out := map[boltseal.Digest][]layerPlace{}
	for _, a := range append([]boltseal.Artifact{r.Artifact}, r.Children...) {
		p := layerPlace{}
		if a.Platform != nil {
			p.platform = clip(a.Platform.String(), 100)
		}
		for _, l := range a.Layers {
			if l.DiffID != "" {
				out[l.DiffID] = append(out[l.DiffID], layerPlace{p.platform, l.FromBase})
			}
		}
	}
	return out
}

// distroOf is the distribution of an artifact, or of the first image of an
// index that has one.
func distroOf(r *boltseal.Report) *boltseal.Distro {
	if r.Artifact.Distro != nil {
		return r.Artifact.Distro
	}
	for i := range r.Children {
		if r.Children[i].Distro != nil {
			return r.Children[i].Distro
		}
	}
	return nil
}

// refresh writes what the newest report says of the image itself.
func (t *Tx) refresh(ctx context.Context, in *ingest, img *placed, report int64) error {
	a := &in.report.Artifact
	var distro, base string
	if known := distroOf(in.report); known != nil {
		data, err := json.Marshal(known)
		if err != nil {
			return fmt.Errorf("distribution: %w", err)
		}
		distro = string(data)
	}
	if a.Base != nil {
		base = clip(a.Base.Name, 300)
	}
	if _, err := t.Exec(ctx, `UPDATE image SET report = ?, reported = ?, changed = ?, created = ?, size = ?, distro = ?, base = ?, snapshot = ?, allow = ?, gaps = ?, score = ?, components = ?, unjudged = 0 WHERE id = ?`,
		report, in.report.Time.UnixMilli(), in.db.now(), stamp(a.Created), a.Size, distro, base, snapshotOf(in.report), bit(in.report.Verdict.Allow), len(in.report.Gaps),
		scoreOf(in.report), len(in.report.Components), img.id); err != nil {
		return err
	}
	if img.older != 0 {
		if err := t.count(ctx, img.older); err != nil {
			return err
		}
	}
	return t.count(ctx, img.id)
}

// count writes an image's counters anew from its findings.
func (t *Tx) count(ctx context.Context, image int64) error {
	var c Counts
	var fixable, kev, waived int64
	err := t.Each(ctx, func(scan func(...any) error) error {
		var severity, flags, state, n int64
		if err := scan(&severity, &flags, &state, &n); err != nil {
			return err
		}
		switch State(state) {
		case StateFixed:
			return nil
		case StateWaived:
			waived += n
			return nil
		}
		c.add(boltseal.Severity(severity), int(n))
		if flags&flagFix != 0 {
			fixable += n
		}
		if flags&flagKEV != 0 {
			kev += n
		}
		return nil
	}, "SELECT rank / 128, flags, state, COUNT(*) FROM finding WHERE image = ? GROUP BY rank / 128, flags, state", image)
	if err != nil {
		return err
	}
	risk := kev<<40 + int64(c.Critical)<<28 + int64(c.High)<<14 + int64(c.Medium)
	_, err = t.Exec(ctx, "UPDATE image SET critical = ?, high = ?, medium = ?, low = ?, negligible = ?, unknown = ?, fixable = ?, kev = ?, waived = ?, risk = ? WHERE id = ?",
		c.Critical, c.High, c.Medium, c.Low, c.Negligible, c.Unknown, fixable, kev, waived, risk, image)
	return err
}

// tell leaves a notice where people may want to know: of an image that runs,
// and of one that was allowed and is not any more.
func (in *ingest) tell(ctx context.Context, tx *Tx, img *placed, c *change) error {
	denied := !img.first && img.allowed && !in.report.Verdict.Allow
	if (img.running == 0 || c.appeared == 0) && !denied {
		return nil
	}
	kind := NoticeFindings
	if denied {
		kind = NoticeDenied
	}
	return tx.AddNotice(ctx, in.project.ID, fmt.Sprintf("%s/%s", kind, digestOf(in.parts.digest)), kind, &NoticeBody{
		Image: img.id, Name: in.line.name, Digest: boltseal.Digest(in.line.digest), Running: img.running, Findings: c.news, New: c.appeared, Worst: c.worst, Why: "report",
	})
}

func snapshotOf(r *boltseal.Report) string {
	if r.Snapshot == nil {
		return ""
	}
	return clip(r.Snapshot.ID, 200)
}

func scoreOf(r *boltseal.Report) int {
	if r.Scorecard == nil || r.Scorecard.Tally.Assessed() == 0 {
		return -1
	}
	return max(0, min(100, r.Scorecard.Tally.Score))
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// longAgo is the age beyond which idempotency keys are forgotten.
const longAgo = 14 * 24 * time.Hour
