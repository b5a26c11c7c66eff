package inventory_test

import "testing"

func FuzzCargoLock(f *testing.F)  { fuzzReader(f, "rust", "Cargo.lock") }
func FuzzRustBinary(f *testing.F) { fuzzDecoded(f, "rust", "usr/bin/app") }
