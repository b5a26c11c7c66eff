package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

// State is where a finding is in its life.
type State int8

// The states. Those below StateWaived are open.
const (
	StateNew        State = iota // seen for the first time
	StateOpen                    // seen again
	StateReappeared              // it was fixed before
	StateWaived                  // accepted on purpose
	StateFixed                   // the newest report does not have it
)

var stateNames = [...]string{"new", "open", "reappeared", "waived", "fixed"}

// States lists them all.
func States() []State {
	return []State{StateNew, StateOpen, StateReappeared, StateWaived, StateFixed}
}

// String is the state's name.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return "state " + strconv.Itoa(int(s))
	}
	return stateNames[s]
}

// MarshalText writes the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a state's name.
func (s *State) UnmarshalText(text []byte) error {
	i := slices.Index(stateNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("state %.20q: want %s", text, strings.Join(stateNames[:], ", "))
	}
	*s = State(i)
	return nil
}

// The flags of a finding.
const (
	flagFix  = 1
	flagKEV  = 2
	flagBase = 4
)

// wordsOf takes a finding apart: into what is its own, and what is said of
// every such finding.
func wordsOf(f *boltseal.Finding) (said, word, error) {
	var s said
	key, err := hex.DecodeString(f.Key)
	if err != nil || len(key) != len(s.key) {
		sum := sha256.Sum256([]byte(f.Key)) // of a tool that names findings in its own way
		key = sum[:len(s.key)]
	}
	s.key = [16]byte(key)
	s.rank = rankOf(f)
	s.waived = f.Waived != nil
	if f.Waived != nil {
		s.waiver = waiverOf(f.Waived.Source)
	}
	if len(f.FixedIn) > 0 {
		s.flags |= flagFix
	}
	if f.Advisory != nil && f.Advisory.KEV != nil {
		s.flags |= flagKEV
	}
	if f.Origin == boltseal.OriginBase {
		s.flags |= flagBase
	}
	b := boltseal.Finding{
		Check: f.Check, Title: f.Title, Message: clip(f.Message, 1000), Severity: f.Severity, Rating: f.Rating, Status: f.Status,
		FixedIn: f.FixedIn, Origin: f.Origin, Score: f.Score, Reasons: f.Reasons, Location: boltseal.Location{File: f.Location.File, Line: f.Location.Line},
	}
	var advisory, component string
	if f.Advisory != nil {
		b.Advisory = &boltseal.Advisory{ID: f.Advisory.ID}
		advisory = clip(f.Advisory.ID, 200)
	}
	if f.Component != nil {
		b.Component = &boltseal.Component{PURL: f.Component.PURL, Name: f.Component.Name, Version: f.Component.Version, Source: f.Component.Source, Basis: f.Component.Basis, FoundBy: f.Component.FoundBy}
		component = fold(f.Component.Name)
	}
	data, err := json.Marshal(&b)
	if err != nil {
		return s, word{}, fmt.Errorf("finding %s: %w", clip(f.Check, 100), err)
	}
	// The rank is part of the words, so that one issue has one rank.
	return s, word{hashOf([]byte{byte(s.rank >> 8), byte(s.rank)}, data), []any{clip(f.Check, 200), advisory, component, s.rank, data}}, nil
}

func rankOf(f *boltseal.Finding) int64 {
	severity := max(boltseal.Unknown, min(boltseal.Critical, f.Severity))
	return int64(severity)*128 + int64(max(0, min(127, f.Score)))
}

func hashOf(parts ...[]byte) hash {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
		h.Write([]byte{0})
	}
	return hash(h.Sum(nil))
}

func sortBy[T any](list []T, key func(T) string) {
	slices.SortFunc(list, func(a, b T) int { return strings.Compare(key(a), key(b)) })
}

// had is a finding as the table has it.
type had struct {
	id, image, issue, rank, flags int64
	state                         State
	waiver                        int64
}

// change is what a report made of an image's findings.
type change struct {
	appeared, fixed int
	news            []int64 // the worst of those that appeared, at most newsKept
	worst           boltseal.Severity
	fresh           []freshFinding
}

type freshFinding struct{ id, rank int64 }

const newsKept = 20

func (c *change) appear(id, rank int64) {
	c.appeared++
	c.fresh = append(c.fresh, freshFinding{id, rank})
}

func (c *change) finish() {
	slices.SortFunc(c.fresh, func(a, b freshFinding) int { return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(a.id, b.id)) })
	for _, f := range c.fresh[:min(newsKept, len(c.fresh))] {
		c.news = append(c.news, f.id)
		c.worst = max(c.worst, boltseal.Severity(f.rank/128))
	}
}

// settle brings the findings of an image in line with what a report says,
// and those of the image that had the name before.
func (t *Tx) settle(ctx context.Context, in *ingest, img *placed, report int64) (*change, error) {
	mine, err := t.had(ctx, img.id)
	if err != nil {
		return nil, err
	}
	var theirs map[[16]byte]had
	if img.older != 0 {
		if theirs, err = t.had(ctx, img.older); err != nil {
			return nil, err
		}
	}
	s := &settler{tx: t, project: in.project.ID, image: img.id, now: t.db.now(), who: fmt.Sprintf("report:%d", report), copies: img.runs}
	for _, list := range []map[[16]byte]had{mine, theirs} {
		for _, h := range list {
			s.last = max(s.last, h.id)
		}
	}
	for i := range in.said {
		f := &in.said[i]
		was, ok := mine[f.key]
		if !ok {
			if was, ok = theirs[f.key]; ok {
				err = s.inherit(ctx, f, was)
				delete(theirs, f.key)
			} else {
				err = s.add(ctx, f, s.now, StateNew)
			}
		} else {
			err = s.again(ctx, f, was)
			delete(mine, f.key)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, gone := range []struct {
		list map[[16]byte]had
		keep bool
	}{{mine, false}, {theirs, img.runs}} {
		if gone.keep {
			continue // what runs is not mended by a build
		}
		if err := s.fix(ctx, gone.list); err != nil {
			return nil, err
		}
	}
	return s.finish(ctx)
}

func (t *Tx) had(ctx context.Context, image int64) (map[[16]byte]had, error) {
	out := map[[16]byte]had{}
	err := t.Each(ctx, func(scan func(...any) error) error {
		var h had
		var key []byte
		if err := scan(&h.id, &h.image, &key, &h.issue, &h.rank, &h.flags, &h.state, &h.waiver); err != nil {
			return err
		}
		out[[16]byte(key)] = h
		return nil
	}, "SELECT id, image, key, issue, rank, flags, state, waiver FROM finding WHERE image = ?", image)
	return out, err
}

// settler collects the writes of one settling.
type settler struct {
	tx             *Tx
	project, image int64
	now            int64
	last           int64 // the highest id of the findings that were there
	who            string
	copies         bool // the image that had the name before still runs: its findings stay with it
	change         change
	inserts        []insert
	events         []happened
}

type insert struct {
	said
	state State
	first int64
}

type happened struct {
	finding  int64
	was, now State
	why      string
}

func (s *settler) add(_ context.Context, f *said, first int64, state State) error {
	if f.waived {
		state = StateWaived
	}
	s.inserts = append(s.inserts, insert{*f, state, first})
	return nil
}

// again is a finding that the image had before.
func (s *settler) again(ctx context.Context, f *said, was had) error {
	state := next(was.state, f.waived)
	if state == was.state && was.issue == f.issue && was.rank == f.rank && was.flags == f.flags && was.waiver == f.waiver {
		return nil
	}
	return s.write(ctx, f, was, state)
}

// inherit is a finding that the image that had the name before has too.
func (s *settler) inherit(ctx context.Context, f *said, was had) error {
	if !s.copies {
		return s.write(ctx, f, was, next(was.state, f.waived))
	}
	var first int64
	if err := s.tx.Get(ctx, []any{&first}, "SELECT first_seen FROM finding WHERE id = ?", was.id); err != nil {
		return err
	}
	return s.add(ctx, f, first, next(was.state, f.waived))
}

func (s *settler) write(ctx context.Context, f *said, was had, state State) error {
	if state == was.state {
		_, err := s.tx.Exec(ctx, "UPDATE finding SET image = ?, issue = ?, rank = ?, flags = ?, waiver = ? WHERE id = ?", s.image, f.issue, f.rank, f.flags, f.waiver, was.id)
		return err
	}
	s.events = append(s.events, happened{was.id, was.state, state, ""})
	if state == StateReappeared {
		s.change.appear(was.id, f.rank)
	}
	_, err := s.tx.Exec(ctx, "UPDATE finding SET image = ?, issue = ?, rank = ?, flags = ?, waiver = ?, state = ?, changed = ? WHERE id = ?",
		s.image, f.issue, f.rank, f.flags, f.waiver, int64(state), s.now, was.id)
	return err
}

// next is the state of a finding that is seen again.
func next(was State, waived bool) State {
	switch {
	case waived:
		return StateWaived
	case was == StateFixed:
		return StateReappeared
	case was == StateReappeared:
		return StateReappeared
	}
	return StateOpen
}

// fix ends findings that are not there any more. They stay with the newest
// image of the name, which knows them again should they come back.
func (s *settler) fix(ctx context.Context, gone map[[16]byte]had) error {
	var move, end []int64
	for _, was := range gone {
		switch {
		case was.state != StateFixed:
			end = append(end, was.id)
			s.change.fixed++
			s.events = append(s.events, happened{was.id, was.state, StateFixed, ""})
		case was.image != s.image:
			move = append(move, was.id)
		}
	}
	if len(end) > 0 {
		if _, err := s.tx.Exec(ctx, "UPDATE finding SET state = ?, changed = ?, image = ?, waiver = 0 WHERE "+s.tx.db.list("id"), int64(StateFixed), s.now, s.image, s.tx.db.listArg(end)); err != nil {
			return err
		}
	}
	if len(move) > 0 {
		if _, err := s.tx.Exec(ctx, "UPDATE finding SET image = ? WHERE "+s.tx.db.list("id"), s.image, s.tx.db.listArg(move)); err != nil {
			return err
		}
	}
	return nil
}

func (s *settler) finish(ctx context.Context) (*change, error) {
	r := rows{tx: s.tx, insert: "INSERT INTO finding (project, image, key, issue, rank, flags, state, first_seen, changed, waiver) VALUES", columns: 10}
	fresh := false
	for i := range s.inserts {
		f := &s.inserts[i]
		r.add(s.project, s.image, f.key[:], f.issue, f.rank, f.flags, int64(f.state), f.first, s.now, f.waiver)
		fresh = fresh || f.state == StateNew
	}
	if err := r.flush(ctx); err != nil {
		return nil, err
	}
	if err := s.tx.happen(ctx, s.project, s.now, s.who, s.events); err != nil {
		return nil, err
	}
	if fresh {
		if err := s.named(ctx); err != nil {
			return nil, err
		}
	}
	s.change.finish()
	return &s.change, nil
}

// named finds the ids of the findings that were added just now: a line's
// findings get theirs one report after the other.
func (s *settler) named(ctx context.Context) error {
	return s.tx.Each(ctx, func(scan func(...any) error) error {
		var id, rank int64
		if err := scan(&id, &rank); err != nil {
			return err
		}
		s.change.appear(id, rank)
		return nil
	}, "SELECT id, rank FROM finding WHERE image = ? AND state = ? AND id > ?", s.image, int64(StateNew), s.last)
}

func (t *Tx) happen(ctx context.Context, project, now int64, who string, events []happened) error {
	r := rows{tx: t, insert: "INSERT INTO finding_event (project, finding, at, who, was, now, why) VALUES", columns: 7}
	for _, e := range events {
		r.add(project, e.finding, now, who, int64(e.was), int64(e.now), clip(e.why, 1000))
	}
	return r.flush(ctx)
}

// keyOf is a finding's key as the table has it.
func keyOf(key string) ([]byte, error) {
	raw, err := hex.DecodeString(key)
	if err != nil || len(raw) != 16 {
		return nil, fmt.Errorf("%w: key %.40q: want 32 hexadecimal digits", ErrInvalid, key)
	}
	return raw, nil
}
