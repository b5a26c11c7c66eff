package advisory

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/atomicfile"
)

// Red Hat's documents of the VEX profile say what its errata do not: what is
// affected and will not be mended, and what is not affected. There is an
// archive of all, and a list of those that are newer.
var _ = add(Feed{
	Name: "redhat", Title: "Red Hat CSAF VEX", Vendor: true, Extra: true, Speaks: []string{"Red Hat"},
	Base:  "https://security.access.redhat.com/data/csaf/v2/vex",
	Terms: "CC-BY-4.0: https://redhatproductsecurity.github.io/security-data-guidelines/csaf-vex/",
	read:  readRedHat,
	fetch: fetchRedHat,
})

var redHatCSAF = csafDialect{by: "redhat", prefix: "REDHAT-", ecosystem: redHatProduct, part: redHatPart}

// redHatProduct is the product's CPE behind the vendor, as OSV names Red
// Hat's ecosystems. Only the streams of RHEL hold RPMs that an image can be
// asked about: what is layered on it (OpenShift and the like) has streams of
// its own.
func redHatProduct(p *csafProduct) string {
	_, rest, ok := strings.Cut(p.Helper.CPE, ":redhat:")
	if !ok || !strings.HasPrefix(p.Helper.CPE, "cpe:/") {
		return ""
	}
	if !strings.HasPrefix(rest, "enterprise_linux:") && !strings.HasPrefix(rest, "rhel_") {
		return ""
	}
	return "Red Hat:" + rest
}

// redHatPart reads a package from its purl, which has the epoch and the
// module, or from its name: "openssl", "nodejs:18/nodejs".
func redHatPart(id string, p *csafProduct) (csafPart, bool) {
	if p == nil {
		return csafPart{}, false
	}
	purl, err := boltseal.ParsePURL(p.Helper.PURL)
	if p.Helper.PURL != "" && err == nil {
		// The source package is in the list as well, under its own name.
		if purl.Type != "rpm" {
			return csafPart{}, false
		}
		part := csafPart{name: purl.Name, version: purl.Version}
		if epoch := purl.Qualifiers["epoch"]; epoch != "" && epoch != "0" && part.version != "" {
			part.version = epoch + ":" + part.version
		}
		if name, rest, ok := strings.Cut(purl.Qualifiers["rpmmod"], ":"); ok {
			stream, _, _ := strings.Cut(rest, ":")
			part.module = name + ":" + stream
		} else if module, _, ok := strings.Cut(id, "/"); ok && strings.Contains(module, ":") && part.version == "" {
			part.module = module
		}
		return part, part.name != ""
	}
	module, name, ok := strings.Cut(id, "/")
	if !ok {
		return csafPart{name: id}, id != "" && !strings.Contains(id, ":")
	}
	if !strings.Contains(module, ":") {
		return csafPart{}, false // a container image, or a Java artifact
	}
	return csafPart{name: name, module: module}, name != ""
}

const (
	redHatArchive = "archive.tar.zst"
	redHatChanges = 20_000 // documents fetched one by one; more is another archive
	redHatDeleted = "deleted"
)

// readRedHat reads the archive and the newer documents beside it, and leaves
// out what was deleted since.
func readRedHat(ctx context.Context, b *builder, s Source) error {
	info, err := os.Stat(s.At)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.Feed, err)
	}
	if info.IsDir() {
		for name := range strings.Lines(fileText(filepath.Join(s.At, redHatDeleted))) {
			b.deleted("REDHAT-" + canonicalID(strings.TrimSpace(name)))
		}
		if s.files == nil {
			_, names, err := s.listFiles()
			if err != nil {
				return fmt.Errorf("read %s: %w", s.Feed, err)
			}
			s.files = names
		}
		s.files = slices.DeleteFunc(slices.Clone(s.files), func(name string) bool {
			return !strings.HasSuffix(name, ".json") && !strings.Contains(name, ".tar")
		})
	}
	return readCSAF(&redHatCSAF)(ctx, b, s)
}

func fileText(name string) string {
	data, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(data)
}

// deleted forgets an id that is read later all the same.
func (b *builder) deleted(id string) {
	if b.gone == nil {
		b.gone = map[string]bool{}
	}
	b.gone[id] = true
}

// fetchRedHat brings the archive and the documents that are newer into the
// cache.
func fetchRedHat(ctx context.Context, u *updater, s Source) fetched {
	dir := filepath.Join(u.opts.CacheDir, s.Feed)
	c := loadCached(filepath.Join(dir, redHatArchive))
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = u.anyOf(s.Mirrors, func(base string) error {
			return u.redHat(ctx, strings.TrimRight(base, "/"), dir, c)
		})
	}
	state := boltseal.Feed{Name: s.Feed, Source: redactEmpty(c.URL), Fetched: c.Fetched}
	out := fetched{fresh: err == nil}
	if err != nil {
		state.Error = err.Error()
		out.errs = []error{fmt.Errorf("%s: %w", s.Feed, err)}
	}
	out.states = []boltseal.Feed{state}
	if c.there() {
		out.source = Source{Feed: s.Feed, At: dir}
		out.inputs = []string{s.Feed + " " + c.SHA256 + " " + c.Newest.Format(time.RFC3339Nano)}
	}
	return out
}

var redHatName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^csaf_vex_([0-9]{4}-[0-9]{2}-[0-9]{2})\.tar\.zst$`)
})

// redHat fetches the archive when there is none or ours is a week old, and
// then what its lists name.
func (u *updater) redHat(ctx context.Context, base, dir string, c *cached) error {
	if !c.there() || u.opts.Full || u.opts.Now.Sub(c.Whole) >= wholeEvery {
		if err := u.redHatArchive(ctx, base, dir, c); err != nil {
			return err
		}
	}
	changes, err := u.csvList(ctx, base+"/changes.csv")
	if err != nil {
		return err
	}
	newest, alive := c.Newest, map[string]time.Time{}
	for _, one := range changes {
		alive[one.id] = one.when
	}
	changes = slices.DeleteFunc(changes, func(one change) bool { return !one.when.After(c.Newest) })
	if len(changes) > redHatChanges {
		return fmt.Errorf("%d newer documents: %w", len(changes), errTooManyChanges)
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(downloads)
	for _, one := range changes {
		if one.when.After(newest) {
			newest = one.when
		}
		group.Go(func() error { return u.redHatDocument(inner, base, dir, one.id) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := u.redHatDeletions(ctx, base, dir, alive); err != nil {
		return err
	}
	c.Newest, c.Fetched = newest, u.opts.Now
	return c.save()
}

func (u *updater) redHatArchive(ctx context.Context, base, dir string, c *cached) error {
	data, err := u.small(ctx, "redhat", base+"/archive_latest.txt")
	if err != nil {
		return err
	}
	name := strings.TrimSpace(string(data))
	date := redHatName().FindStringSubmatch(name)
	if date == nil {
		return fmt.Errorf("archive_latest.txt: %w: %q", errShape, clip(name))
	}
	day, err := time.Parse(time.DateOnly, date[1])
	if err != nil {
		return fmt.Errorf("archive_latest.txt: %w", err)
	}
	address := base + "/" + name
	resp, err := u.client.get(ctx, "redhat", address, c.condition(address, u.opts.Full))
	if err != nil {
		return err
	}
	if resp.same {
		c.Whole = u.opts.Now
		return nil
	}
	defer resp.body.Close()
	check := func(path string) error {
		return readCSAFArchive(path, func([]document) error { return ctx.Err() })
	}
	if err := c.take(resp, address, u.opts.Now, check); err != nil {
		return err
	}
	c.Newest = day
	return os.RemoveAll(filepath.Join(dir, "changed"))
}

// csvList reads lines of a path and a date.
func (u *updater) csvList(ctx context.Context, address string) ([]change, error) {
	data, err := u.small(ctx, "redhat", address)
	if err != nil {
		return nil, err
	}
	lines := csv.NewReader(bufio.NewReader(strings.NewReader(string(data))))
	lines.FieldsPerRecord = 2
	rows, err := lines.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(address), err)
	}
	out := make([]change, 0, len(rows))
	for _, row := range rows {
		when, err := time.Parse(time.RFC3339, row[1])
		if err != nil || !redHatPath().MatchString(row[0]) {
			return nil, fmt.Errorf("%s: %w: %q", filepath.Base(address), errShape, clip(strings.Join(row, ",")))
		}
		out = append(out, change{id: row[0], when: when})
	}
	return out, nil
}

var redHatPath = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{4}/cve-[0-9]{4}-[0-9]{4,}\.json$`) })

func (u *updater) redHatDocument(ctx context.Context, base, dir, name string) error {
	resp, err := u.client.get(ctx, "redhat", base+"/"+(&url.URL{Path: name}).EscapedPath(), condition{})
	if missing(err) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	defer resp.body.Close()
	data, err := appendAll(nil, resp.body)
	if err != nil {
		return err
	}
	r, err := redHatCSAF.parser()(data)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if want := strings.TrimSuffix(filepath.Base(name), ".json"); r != nil && !strings.EqualFold(r.ID, "REDHAT-"+want) {
		return fmt.Errorf("%s: it is the document of %s", name, clip(r.ID))
	}
	to := filepath.Join(dir, "changed", safeName(filepath.Base(name)))
	return errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), atomicfile.WriteBytes(to, 0o644, data))
}

// redHatDeletions keeps the list of what is no more, which is not what was
// written again since.
func (u *updater) redHatDeletions(ctx context.Context, base, dir string, alive map[string]time.Time) error {
	list, err := u.csvList(ctx, base+"/deletions.csv")
	if err != nil && !missing(err) {
		return err
	}
	var names strings.Builder
	for _, one := range list {
		if alive[one.id].After(one.when) {
			continue
		}
		fmt.Fprintln(&names, strings.ToUpper(strings.TrimSuffix(filepath.Base(one.id), ".json")))
	}
	return atomicfile.WriteBytes(filepath.Join(dir, redHatDeleted), 0o644, []byte(names.String()))
}
