package store

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Page is a part of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`  // where the next page begins; empty at the end
	Total int    `json:"total,omitempty"` // -1 where counting would cost a walk over everything
}

// PageQuery says which part of a list.
type PageQuery struct {
	After string // Page.Next of the page before; empty for the first
	Limit int    // 1 to 1000; 0 is 50
}

// MaxLimit is how many things one page may have.
const MaxLimit = 1000

func (q PageQuery) limit() int {
	if q.Limit <= 0 {
		return 50
	}
	return min(q.Limit, MaxLimit)
}

// cursor reads n numbers out of After. Without it, they are above all ids.
func (q PageQuery) cursor(n int) ([]int64, error) {
	out := make([]int64, n)
	if q.After == "" {
		for i := range out {
			out[i] = math.MaxInt64
		}
		return out, nil
	}
	parts := strings.Split(q.After, ".")
	if len(parts) != n {
		return nil, fmt.Errorf("page after %.40q: %w", q.After, ErrInvalid)
	}
	for i, part := range parts {
		var err error
		if out[i], err = strconv.ParseInt(part, 10, 64); err != nil {
			return nil, fmt.Errorf("page after %.40q: %w", q.After, ErrInvalid)
		}
	}
	return out, nil
}

func cursorOf(numbers ...int64) string {
	parts := make([]string, len(numbers))
	for i, n := range numbers {
		parts[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(parts, ".")
}

// cut takes off the one item that was read to know whether there is more.
func (p *Page[T]) cut(q PageQuery, position func(*T) string) {
	if n := q.limit(); len(p.Items) > n {
		p.Items = p.Items[:n]
		p.Next = position(&p.Items[n-1])
	}
}
