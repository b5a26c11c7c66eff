package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// maxPolicy bounds a policy file, as policy.Load does.
const maxPolicy = 1 << 20

// policyFile is a policy file whose waivers are changed. What is written
// reads back as the policy that was wanted, or it is not written.
type policyFile struct {
	name    string
	missing bool // there is no such file yet
	mode    fs.FileMode
	before  []byte
	after   []byte
	policy  *policy.Policy // of after
}

// openPolicyFile reads a policy file, which need not be there.
func openPolicyFile(name string) (*policyFile, error) {
	f := &policyFile{name: name, mode: 0o644}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.missing = true
	case err != nil:
		return nil, usageError{fmt.Errorf("read policy: %w", err)}
	case !info.Mode().IsRegular():
		return nil, usagef("read policy: %s is no file", name)
	default:
		f.mode = info.Mode().Perm()
		if f.before, err = readWhole(name, maxPolicy); err != nil {
			return nil, usageError{fmt.Errorf("read policy: %w", err)}
		}
	}
	f.after = f.before
	if f.policy, err = policy.Load(name, f.before); err != nil {
		return nil, usageError{err}
	}
	return f, nil
}

// index finds the waiver of the same findings that is in force.
func (f *policyFile) index(w boltseal.Waiver, now time.Time) (int, bool) {
	i := slices.IndexFunc(f.policy.Waivers, func(has boltseal.Waiver) bool {
		return targetOf(has) == targetOf(w) && !now.After(has.Expires)
	})
	return i, i >= 0
}

// append adds waivers at the end of the list.
func (f *policyFile) append(waivers ...boltseal.Waiver) error {
	want := append(slices.Clone(f.policy.Waivers), waivers...)
	for len(waivers) > 0 {
		added, err := f.appendSome(waivers)
		if err != nil {
			return fmt.Errorf("add a waiver to %s: %w", f.name, err)
		}
		waivers = waivers[added:]
	}
	return f.reload(want)
}

// appendSome adds the first waivers, as many as go into one place.
func (f *policyFile) appendSome(waivers []boltseal.Waiver) (int, error) {
	doc, root, err := f.parse()
	if err != nil {
		return 0, err
	}
	if root == nil { // nothing but blanks and comments
		content := bytes.Clone(f.after)
		if len(content) > 0 && content[len(content)-1] != '\n' {
			content = append(content, '\n')
		}
		content = append(content, "waivers:\n"...)
		f.after = content
		if doc, root, err = f.parse(); err != nil {
			return 0, err
		}
	}
	whole, err := doc.Append(root, valuesOf(waivers[0]), "waivers")
	if err != nil {
		return 0, err
	}
	var text strings.Builder
	text.WriteString(whole.New)
	added := 1
	if list := root.Get("waivers"); list != nil && len(list.Items) > 0 {
		for ; added < len(waivers); added++ {
			next, err := doc.Append(root, valuesOf(waivers[added]), "waivers")
			if err != nil {
				return 0, err
			}
			if next.Span != whole.Span || next.Span.Start != next.Span.End {
				break
			}
			text.WriteString(next.New)
		}
	}
	whole.New = text.String()
	f.apply(whole)
	return added, nil
}

// valuesOf is a waiver as the file has it.
func valuesOf(w boltseal.Waiver) manifest.Fields {
	var values manifest.Fields
	for _, part := range []struct{ name, value string }{
		{"id", w.ID}, {"purl", w.PURL}, {"path", w.Path}, {"key", w.Key},
		{"reason", w.Reason}, {"owner", w.Owner}, {"expires", w.Expires.Format(time.DateOnly)}, {"justification", w.Justification},
	} {
		if part.value != "" {
			values = append(values, manifest.Field{Name: part.name, Value: part.value})
		}
	}
	return values
}

// remove takes the waivers with these indexes out, and the comments that
// stand directly above them. Those above the first waiver may speak of all,
// and stay.
func (f *policyFile) remove(indexes []int) error {
	want := slices.Clone(f.policy.Waivers)
	for _, i := range slices.Backward(indexes) {
		if err := f.removeOne(i, len(want)); err != nil {
			return fmt.Errorf("%s: remove a waiver: %w", f.name, err)
		}
		want = slices.Delete(want, i, i+1)
	}
	return f.reload(want)
}

func (f *policyFile) removeOne(i, count int) error {
	doc, item, err := f.item(i, count)
	if err != nil {
		return err
	}
	var above []boltseal.Edit
	if i > 0 {
		for _, c := range doc.About(item.Span) {
			if c.Own && c.Span.End <= item.Span.Start {
				above = append(above, boltseal.Edit{Span: wholeLine(f.after, c.Span)})
			}
		}
	}
	if len(above) > 0 {
		for _, e := range slices.Backward(above) {
			f.apply(e)
		}
		if doc, item, err = f.item(i, count); err != nil {
			return err
		}
	}
	edit, err := doc.Remove(item)
	if err == nil {
		f.apply(edit)
	}
	return err
}

// item finds a waiver in the file.
func (f *policyFile) item(i, count int) (*manifest.File, *manifest.Node, error) {
	doc, root, err := f.parse()
	if err != nil {
		return nil, nil, err
	}
	list := root.Get("waivers")
	if list == nil || len(list.Items) != count {
		return nil, nil, errors.New("they are not written as a plain list")
	}
	return doc, list.Items[i], nil
}

// wholeLine widens a comment's span to its line, with the line break.
func wholeLine(content []byte, at boltseal.Span) boltseal.Span {
	at.Start = bytes.LastIndexByte(content[:at.Start], '\n') + 1
	if end := bytes.IndexByte(content[at.End:], '\n'); end >= 0 {
		at.End += end + 1
	}
	return at
}

func (f *policyFile) parse() (*manifest.File, *manifest.Node, error) {
	doc := manifest.Parse(f.name, f.after)
	switch {
	case len(doc.Errors) > 0:
		return nil, nil, doc.Errors[0]
	case len(doc.Docs) > 1:
		return nil, nil, errors.New("it has several documents")
	case len(doc.Docs) == 0:
		return doc, nil, nil
	}
	return doc, doc.Docs[0].Root, nil
}

func (f *policyFile) apply(e boltseal.Edit) {
	f.after = slices.Concat(f.after[:e.Span.Start], []byte(e.New), f.after[e.Span.End:])
}

// reload reads the content back, and compares it with what is wanted.
func (f *policyFile) reload(want []boltseal.Waiver) error {
	p, err := policy.Load(f.name, f.after)
	if err != nil {
		return usageError{fmt.Errorf("the changed policy cannot be used: %w", err)}
	}
	same := len(p.Waivers) == len(want)
	for i := 0; same && i < len(want); i++ {
		same = sameWaiver(p.Waivers[i], want[i])
	}
	if !same {
		return fmt.Errorf("%s: the change would not read back as it is meant; edit the file by hand", f.name)
	}
	f.policy = p
	return nil
}

func sameWaiver(a, b boltseal.Waiver) bool {
	terms := func(w boltseal.Waiver) [3]string {
		return [3]string{strings.TrimSpace(w.Reason), strings.TrimSpace(w.Owner), w.Justification}
	}
	return targetOf(a) == targetOf(b) && terms(a) == terms(b) && a.Expires.Equal(b.Expires)
}

func (f *policyFile) diff() []byte { return diff.Diff(f.name, f.before, f.name, f.after) }

func (f *policyFile) write() error {
	if bytes.Equal(f.before, f.after) {
		return nil
	}
	return atomicfile.WriteBytes(f.name, f.mode, f.after)
}

// targetOf is what a waiver accepts, without its terms.
func targetOf(w boltseal.Waiver) boltseal.Waiver {
	return boltseal.Waiver{ID: w.ID, PURL: w.PURL, Path: w.Path, Key: w.Key}
}

// describeWaiver says in short what a waiver accepts.
func describeWaiver(w boltseal.Waiver) string {
	var parts []string
	for _, part := range []struct{ before, value string }{{"", w.ID}, {"", w.PURL}, {"at ", w.Path}, {"finding ", w.Key}} {
		if part.value != "" {
			parts = append(parts, part.before+part.value)
		}
	}
	return strings.Join(parts, " ")
}

// strangeCheck notes that nothing here goes by a check's name.
func strangeCheck(id string) string {
	if !strings.ContainsAny(id, "/:") || strings.Contains(id, "*") {
		return ""
	}
	for _, c := range allChecks() {
		if c.ID == id || slices.Contains(c.Aliases, id) {
			return ""
		}
	}
	return fmt.Sprintf("no check of boltseal's own goes by %s; run: boltseal checks", id)
}
