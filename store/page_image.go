package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// imageOrders are the orders that a list of images may have besides the risk,
// with the column and whether it rises.
var imageOrders = map[string]struct {
	column string
	rises  bool
}{
	"name":       {"image.name", true},
	"reported":   {"image.reported", false},
	"created":    {"image.created", true},
	"score":      {"image.score", true},
	"findings":   {"(image.critical + image.high + image.medium + image.low + image.negligible + image.unknown)", false},
	"components": {"image.components", false},
}

// ImagesBy lists images in another order than [DB.Images]: by name, reported
// (the newest first), created (the oldest first), score (the worst first),
// findings or components (the most first). Its cursor is the last image of
// the page before.
func (d *DB) ImagesBy(ctx context.Context, p *Project, order string, q ImageQuery) (*Page[Image], error) {
	by, ok := imageOrders[order]
	if !ok {
		return nil, fmt.Errorf("images by %.40q: %w: want name, reported, created, score, findings or components", order, ErrInvalid)
	}
	where, args := []string{"image.project = ?"}, []any{p.ID}
	cond := func(ok bool, clause string, values ...any) {
		if ok {
			where, args = append(where, clause), append(args, values...)
		}
	}
	cond(!q.All, live)
	cond(q.Name != "", "image.name LIKE ? ESCAPE '!'", "%"+like(q.Name)+"%")
	cond(q.Kind != "", "image.kind = ?", string(q.Kind))
	cond(q.Running, "image.running > 0")
	cond(q.Denied, "image.allow = 0")
	cond(q.KEV, "image.kev > 0")
	cond(order == "created", "image.created > 0") // of the others it is not known
	cond(order == "score", "image.score >= 0")
	sign, direction := "<", "DESC"
	if by.rises {
		sign, direction = ">", "ASC"
	}
	count, countArgs := "SELECT COUNT(*) FROM image WHERE "+strings.Join(where, " AND "), args
	if q.After != "" {
		last, err := strconv.ParseInt(q.After, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("page after %.40q: %w", q.After, ErrInvalid)
		}
		cond(true, "("+by.column+", image.id) "+sign+" (SELECT "+strings.ReplaceAll(by.column, "image.", "last.")+", last.id FROM image AS last WHERE last.id = ? AND last.project = ?)", last, p.ID)
	}
	page := &Page[Image]{Items: []Image{}, Total: -1}
	err := d.View(ctx, func(tx *Tx) error {
		if q.After == "" {
			if err := tx.Get(ctx, []any{&page.Total}, count, countArgs...); err != nil {
				return err
			}
		}
		return tx.Each(ctx, func(scan func(...any) error) error {
			i, err := scanImage(scan)
			page.Items = append(page.Items, i)
			return err
		}, "SELECT "+imageColumns+" FROM image WHERE "+strings.Join(where, " AND ")+" ORDER BY "+by.column+" "+direction+", image.id "+direction+" LIMIT ?", append(args, q.limit()+1)...)
	})
	if err != nil {
		return nil, fmt.Errorf("list images by %s: %w", order, err)
	}
	page.cut(q.PageQuery, func(i *Image) string { return strconv.FormatInt(i.ID, 10) })
	return page, nil
}
