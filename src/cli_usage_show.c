/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_usage_show.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "cli_style.h"
#include "screen_text.h"

#include "banned.h"

#define BRIEF_ROWS 15 /* of a table that is not of days */
#define CELL_BYTES 1024
#define GAP        2
#define LEAST_NAME 10
#define LEAST_BAR  8
#define MOST_BAR   40

enum { NAME, REQUESTS, IN, OUT, CACHE, COST, ERRORS, FIRST, COLUMNS };

static const char *const headings[COLUMNS] = {
    "", "REQS", "IN", "OUT", "CACHE", "COST", "ERRS", "FIRST"};

struct screen {
	size_t widths[COLUMNS];
	size_t bar;
	bool utf8;
	bool brief;
};

/* --- numbers as people read them ---------------------------------------- */

/* 999, 1.0k, 99.9k, 100k, 999k, 1.0M */
static void
add_count(struct buf *to, double n)
{
	static const char units[] = "kMGT";
	size_t unit = 0;

	if (n < 999.5) {
		buf_addf(to, "%.0f", n);
		return;
	}
	for (n /= 1000; n >= 999.5 && unit + 2 < sizeof(units); unit++)
		n /= 1000;
	buf_addf(to, n < 99.95 ? "%.1f%c" : "%.0f%c", n, units[unit]);
}

static void
add_cost(struct buf *to, double usd)
{
	if (usd > 0 && usd < 0.005) {
		buf_addstr(to, "<$0.01");
	} else if (usd < 99.995) {
		buf_addf(to, "$%.2f", usd);
	} else {
		buf_addch(to, '$');
		add_count(to, usd);
	}
}

static void
add_time(struct buf *to, int64_t ms)
{
	double s = (double)ms / 1000;

	if (ms < 0)
		buf_addch(to, '-');
	else if (ms < 1000)
		buf_addf(to, "%d ms", (int)ms);
	else if (s < 99.5)
		buf_addf(to, s < 9.95 ? "%.1f s" : "%.0f s", s);
	else
		buf_addf(to, "%.0f min", s / 60);
}

static void
add_share(struct buf *to, double share)
{
	if (share < 0)
		buf_addch(to, '-');
	else
		buf_addf(to, "%.0f%%", share * 100);
}

static void
add_name(struct buf *to, unsigned by, const struct usage_group *g)
{
	switch (by) {
	case USAGE_BY_DAY:
		buf_addstr(to, g->day);
		break;
	case USAGE_BY_MODEL:
		screen_text_add(to, g->model[0] == '\0' ? "(none)" : g->model);
		break;
	default:
		screen_text_add(to, g->key[0] == '\0' ? "API_KEY" : g->key);
		break;
	}
}

static void
add_cell(struct buf *to, unsigned by, const struct usage_group *g, int column)
{
	buf_clear(to);
	switch (column) {
	case NAME:
		add_name(to, by, g);
		break;
	case REQUESTS:
		add_count(to, (double)g->requests);
		break;
	case IN:
		add_count(to, (double)g->prompt_tokens);
		break;
	case OUT:
		add_count(to, (double)g->completion_tokens);
		break;
	case CACHE:
		add_share(to, usage_cache_share(g));
		break;
	case COST:
		add_cost(to, g->cost_usd);
		break;
	case ERRORS:
		add_count(to, (double)g->errors);
		break;
	default:
		add_time(to, histogram_median(&g->first_ms));
		break;
	}
}

/* --- tables ------------------------------------------------------------ */

static int
by_tokens(const void *a, const void *b)
{
	const struct usage_group *x = *(const struct usage_group *const *)a;
	const struct usage_group *y = *(const struct usage_group *const *)b;

	if (usage_tokens(x) != usage_tokens(y))
		return usage_tokens(x) < usage_tokens(y) ? 1 : -1;
	if (x->requests != y->requests)
		return x->requests < y->requests ? 1 : -1;
	return strcmp(x->model, y->model) != 0 ? strcmp(x->model, y->model)
	                                       : strcmp(x->key, y->key);
}

static size_t
rows_of(const struct screen *c, const struct usage_sum *s)
{
	if (c->brief && s->by != USAGE_BY_DAY && s->n > BRIEF_ROWS)
		return BRIEF_ROWS;
	return s->n;
}

static void
widen(struct screen *c, const struct usage_sum *s)
{
	CLEANUP_BUF struct buf cell = BUF_INIT(CELL_BYTES);
	size_t i, width;
	int column;

	for (i = 0; i < rows_of(c, s); i++) {
		for (column = 0; column < COLUMNS; column++) {
			add_cell(&cell, s->by, s->groups[i], column);
			width = screen_text_width(buf_str(&cell));
			if (width > c->widths[column])
				c->widths[column] = width;
		}
	}
}

/* All tables have the same columns.  The names get what the bars can spare. */
static void
lay_out(struct screen *c, const struct usage_report *r)
{
	size_t columns = (size_t)style_columns(stdout), used = 0, i;

	for (i = 0; i < COLUMNS; i++)
		c->widths[i] = strlen(headings[i]);
	c->widths[NAME] = LEAST_NAME;
	for (i = 0; i < r->n; i++)
		widen(c, &r->sums[i]);
	for (i = 1; i < COLUMNS; i++)
		used += GAP + c->widths[i];
	i = used + LEAST_NAME + GAP + LEAST_BAR;
	i = LEAST_NAME + (columns > i ? columns - i : 0);
	if (c->widths[NAME] > i)
		c->widths[NAME] = i;
	used += c->widths[NAME] + GAP;
	c->bar = columns > used ? columns - used : 0;
	if (c->bar < LEAST_BAR)
		c->bar = 0;
	if (c->bar > MOST_BAR)
		c->bar = MOST_BAR;
}

static void
print_spaces(size_t n)
{
	while (n-- > 0)
		(void)putchar(' ');
}

/* To the left, cut where it is too long. */
static void
print_name(const struct screen *c, const char *text)
{
	size_t wide = c->widths[NAME], have = screen_text_width(text);
	size_t keep = have > wide ? wide - 1 : have, n = 0;

	while (text[n] != '\0' &&
	       (keep > 0 || ((unsigned char)text[n] & 0xC0) == 0x80)) {
		keep -= ((unsigned char)text[n] & 0xC0) != 0x80;
		n++;
	}
	(void)printf("%.*s", (int)n, text);
	if (have > wide)
		(void)fputs(c->utf8 ? "\xE2\x80\xA6" : "~", stdout);
	else
		print_spaces(wide - have);
}

static void
print_bar(const struct screen *c, int64_t tokens, int64_t most)
{
	/* U+2588 is a whole block, U+258F an eighth of one. */
	int eighths;

	if (tokens <= 0 || c->bar == 0)
		return;
	eighths =
	    (int)((double)tokens / (double)most * (double)c->bar * 8 + 0.5);
	if (!c->utf8)
		eighths = (eighths + 4) / 8 * 8;
	if (eighths == 0)
		eighths = c->utf8 ? 1 : 8;
	print_spaces(GAP);
	(void)fputs(style(STYLE_GOOD), stdout);
	for (; eighths >= 8; eighths -= 8)
		(void)fputs(c->utf8 ? "\xE2\x96\x88" : "#", stdout);
	if (eighths > 0)
		(void)printf("\xE2\x96%c", 0x90 - eighths);
	(void)fputs(style(STYLE_PLAIN), stdout);
}

static void
print_row(const struct screen *c, unsigned by, const struct usage_group *g,
    int64_t most)
{
	CLEANUP_BUF struct buf cell = BUF_INIT(CELL_BYTES);
	bool bad;
	int column;

	add_cell(&cell, by, g, NAME);
	print_name(c, buf_str(&cell));
	for (column = 1; column < COLUMNS; column++) {
		add_cell(&cell, by, g, column);
		print_spaces(GAP + c->widths[column] - cell.len);
		bad = column == ERRORS && g->errors > 0;
		(void)printf("%s%s%s", bad ? style(STYLE_BAD) : "",
		    buf_str(&cell), bad ? style(STYLE_PLAIN) : "");
	}
	print_bar(c, usage_tokens(g), most);
	(void)putchar('\n');
}

static void
print_table(const struct screen *c, const struct usage_sum *s)
{
	const char *name = s->by == USAGE_BY_DAY     ? "DAY"
	                   : s->by == USAGE_BY_MODEL ? "MODEL"
	                                             : "KEY";
	size_t i, rows = rows_of(c, s);
	int64_t most = 0;

	(void)printf("\n%s%-*s", style(STYLE_BOLD), (int)c->widths[NAME], name);
	for (i = 1; i < COLUMNS; i++)
		(void)printf("%*s", (int)(GAP + c->widths[i]), headings[i]);
	(void)printf(
	    "%s%s\n", c->bar > 0 ? "  TOKENS" : "", style(STYLE_PLAIN));
	for (i = 0; i < s->n; i++) {
		if (usage_tokens(s->groups[i]) > most)
			most = usage_tokens(s->groups[i]);
	}
	for (i = 0; i < rows; i++)
		print_row(c, s->by, s->groups[i], most);
	if (rows < s->n)
		(void)printf("and %zu more: ccp usage --by %s\n", s->n - rows,
		    s->by == USAGE_BY_MODEL ? "model" : "key");
}

/* --- the screen -------------------------------------------------------- */

static void
print_head(const struct usage_report *r)
{
	CLEANUP_BUF struct buf text = BUF_INIT(CELL_BYTES);
	const struct usage_group *g = r->total.groups[0];
	int64_t tokens = usage_tokens(g);

	if (r->since[0] == '\0')
		buf_addstr(&text, "Of all time: ");
	else
		buf_addf(&text, "Since %s: ", r->since);
	add_count(&text, (double)g->requests);
	buf_addf(&text, " request%s, ", g->requests == 1 ? "" : "s");
	add_count(&text, (double)tokens);
	buf_addstr(&text, " tokens, ");
	add_cost(&text, g->cost_usd);
	(void)printf("%s\n", buf_str(&text));
}

static void
print_foot(const struct usage_report *r, const char *home)
{
	CLEANUP_BUF struct buf path = BUF_INIT(4 * PATH_MAX);

	screen_text_path(&path, r->directory, home);
	(void)printf("\n%sIN and OUT are tokens, CACHE is the part of IN that "
		     "came from the cache, FIRST\n"
		     "the median time to the first token.  The ledger is "
		     "%s.%s\n",
	    style(STYLE_DIM), buf_str(&path), style(STYLE_PLAIN));
	if (r->reading.damaged > 0)
		(void)printf("Passed over as damaged: %lld line%s.\n",
		    (long long)r->reading.damaged,
		    r->reading.damaged == 1 ? "" : "s");
}

void
usage_show(struct usage_report *r, bool brief, const char *home)
{
	struct screen c = {.utf8 = style_utf8(), .brief = brief};
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (r->sums[i].by != USAGE_BY_DAY)
			qsort(r->sums[i].groups, r->sums[i].n,
			    sizeof(struct usage_group *), by_tokens);
	}
	lay_out(&c, r);
	print_head(r);
	for (i = 0; i < r->n; i++)
		print_table(&c, &r->sums[i]);
	print_foot(r, home);
}
