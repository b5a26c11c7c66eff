package advisory_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/advisory"
)

// records gives what is known of a package, all of it or what want accepts.
func records(t testing.TB, db *advisory.DB, k advisory.Key, want func(*advisory.Record) bool) []advisory.Record {
	t.Helper()
	var all []advisory.Record
	for r, err := range db.LookupWhere(k.Ecosystem, k.Name, want) {
		if err != nil {
			t.Error(err)
		}
		all = append(all, r)
	}
	return all
}

// TestLookupWhere gives the records that are wanted as Lookup gives them, by
// several goroutines at once, with look-ups inside of look-ups and such as end
// early; and what was given out stays as it was.
func TestLookupWhere(t *testing.T) {
	db, _ := build(t, t.TempDir(), advisory.Source{Feed: "osv", At: "../examples/advisories"})
	var keys []advisory.Key
	for k, err := range db.Keys() {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	whole := map[advisory.Key][]advisory.Record{}
	for _, k := range keys {
		for r, err := range db.Lookup(k.Ecosystem, k.Name) {
			if err != nil {
				t.Fatal(err)
			}
			whole[k] = append(whole[k], r)
		}
		if len(whole[k]) != k.Records {
			t.Fatalf("%v: %d records", k, len(whole[k]))
		}
	}
	kept := map[advisory.Key][]advisory.Record{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i, k := range keys {
				n := -1
				got := records(t, db, k, func(r *advisory.Record) bool {
					if n++; n%3 == 0 {
						other := keys[(i+1)%len(keys)]
						for range db.LookupWhere(other.Ecosystem, other.Name, func(*advisory.Record) bool { return true }) {
							break
						}
					}
					return n%2 == 0
				})
				var want []advisory.Record
				for n, r := range whole[k] {
					if n%2 == 0 {
						want = append(want, r)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%v (-want +got):\n%s", k, diff)
				}
				if none := records(t, db, k, func(*advisory.Record) bool { return false }); len(none) > 0 {
					t.Errorf("%v: got %v, want none", k, none)
				}
				mu.Lock()
				kept[k] = slices.Clone(got)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for k, got := range kept {
		for n, r := range got {
			if diff := cmp.Diff(whole[k][2*n], r); diff != "" {
				t.Errorf("%v changed later (-want +got):\n%s", k, diff)
			}
		}
	}
}
