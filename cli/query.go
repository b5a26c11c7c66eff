package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/store"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	to := &clientFlags{}
	var format string
	var limit int
	cmd := &cobra.Command{
		Use:   "query QUESTION",
		Short: "Ask a server about all that it knows",
		Long: `Ask a server about all that it knows.

QUESTION is of one of these forms; OP is one of < <= > >= = !=, and versions are
ordered as their ecosystem does:

  where is COMPONENT [OP VERSION]…
  where is ADVISORY
  [running] images [named TEXT] [with FINDINGS]
  findings FINDINGS
  changed|new|fixed|reappeared|waived since WHEN

FINDINGS are words such as critical, kev, fixable, running, CVE-2021-44228,
"in openssl", "check vuln/known". WHEN is a date, a day of the week, yesterday,
or "3 days".`,
		Example: `  boltseal query 'where is log4j-core < 2.17' --server http://127.0.0.1:7077
  boltseal query running images with kev findings with a fix
  boltseal query changed since friday -o csv`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("want a question, such as: %s", strings.Join(store.Questions(), "; "))
			}
			if to.server == "" {
				return usagef("query needs --server")
			}
			write, ok := map[string]func(*Env, *store.Answer) error{"table": answerTable, "csv": answerCSV, "json": answerJSON}[format]
			if !ok {
				return usagef("-o %s: no such format; there are table, csv, json", format)
			}
			return runQuery(cmd.Context(), env, to, strings.Join(args, " "), limit, write)
		},
	}
	to.register(cmd)
	cmd.Flags().StringVarP(&format, "output", "o", "table", "table, csv or json")
	cmd.Flags().IntVar(&limit, "limit", 100, "at most so many lines; 0 is all")
	return cmd
})

func runQuery(ctx context.Context, env *Env, to *clientFlags, question string, limit int, write func(*Env, *store.Answer) error) error {
	c, err := to.client(env)
	if err != nil {
		return err
	}
	var whole store.Answer
	query := url.Values{"q": {question}}
	for {
		n := store.MaxLimit
		if limit > 0 {
			n = min(n, limit-len(whole.Rows))
		}
		query.Set("limit", strconv.Itoa(n))
		var a store.Answer
		if err := c.Get(ctx, "query", query, &a); err != nil {
			return err
		}
		a.Rows = append(whole.Rows, a.Rows...)
		whole = a
		if a.Next == "" || limit > 0 && len(a.Rows) >= limit {
			break
		}
		query.Set("after", a.Next)
	}
	if err := write(env, &whole); err != nil {
		return err
	}
	if whole.Next != "" {
		fmt.Fprintf(env.Stderr, "boltseal: there is more than these %d; --limit 0 gives all\n", len(whole.Rows))
	}
	return nil
}

func answerTable(env *Env, a *store.Answer) error {
	if len(a.Rows) == 0 {
		fmt.Fprintln(env.Stdout, "nothing")
		return nil
	}
	w := tabwriter.NewWriter(env.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(a.Columns, "\t")))
	for _, row := range a.Rows {
		cells := make([]string, len(row.Cells))
		for i, cell := range row.Cells {
			cells[i] = plain(cell)
			if strings.HasPrefix(cell, "sha256:") && len(cell) > 19 {
				cells[i] = cell[:19]
			}
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

// plain keeps what an image says of itself from speaking to the terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

func answerCSV(env *Env, a *store.Answer) error {
	w := csv.NewWriter(env.Stdout)
	_ = w.Write(a.Columns) // Flush keeps the error
	for _, row := range a.Rows {
		cells := make([]string, len(row.Cells))
		for i, cell := range row.Cells {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				cell = "'" + cell // a spreadsheet would run it
			}
			cells[i] = cell
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return w.Error()
}

func answerJSON(env *Env, a *store.Answer) error {
	e := json.NewEncoder(env.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(a)
}
