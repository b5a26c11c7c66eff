package inventory

import (
	"errors"
	"fmt"
	"io"
)

// The ceilings of one package database lie well above the largest
// distributions (Debian has some 70,000 packages in all, with half a million
// dependencies) and keep a hostile database from becoming many times its size
// in memory.
const (
	maxPackages  = 100_000
	maxRelations = 2_000_000
)

// ceiling counts what one database has given so far.
type ceiling struct {
	packages, relations int
}

// next counts a package, and fails when there are too many.
func (c *ceiling) next() error {
	if c.packages++; c.packages > maxPackages {
		return fmt.Errorf("database of more than %d packages", maxPackages)
	}
	return nil
}

var errRelations = fmt.Errorf("packages with more than %d dependencies in all", maxRelations)

// relate counts n dependencies or names that a package provides, and says
// whether they may be kept.
func (c *ceiling) relate(n int) bool {
	c.relations += n
	return c.relations <= maxRelations
}

// err says that dependencies were left out.
func (c *ceiling) err() error {
	if c.relations > maxRelations {
		return errRelations
	}
	return nil
}

var errTooLong = errors.New("file is longer than any of its kind")

// readShort reads a file that is never longer than max bytes.
func readShort(r io.Reader, max int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, max+1))
	if err == nil && int64(len(data)) > max {
		return nil, errTooLong
	}
	return data, err
}
