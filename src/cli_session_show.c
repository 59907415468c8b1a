/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_session_show.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "cleanup.h"
#include "cli_style.h"
#include "json_text.h"
#include "screen_text.h"

#include "banned.h"

#define CELL_BYTES (4 * PATH_MAX)

/* About how long. */
static void
add_span(struct buf *to, int64_t seconds)
{
	if (seconds < 0)
		seconds = 0;
	if (seconds < 120)
		buf_addf(to, "%" PRId64 " s", seconds);
	else if (seconds < 2 * 3600)
		buf_addf(to, "%" PRId64 " min", seconds / 60);
	else if (seconds < 2 * 86400)
		buf_addf(to, "%" PRId64 " h", seconds / 3600);
	else
		buf_addf(to, "%" PRId64 " d", seconds / 86400);
}

/* --- the table --------------------------------------------------------- */

enum {
	COLUMN_ID,
	COLUMN_AGE,
	COLUMN_TURNS,
	COLUMN_DIRECTORY,
	COLUMN_TITLE,
	COLUMNS
};

static const char *const headings[COLUMNS] = {
    "ID", "AGE", "TURNS", "DIRECTORY", "FIRST WORDS"};

#define GAP 2 /* between columns */

struct table {
	const struct sessions *sessions;
	int64_t now;
	const char *home;
	size_t id_chars;
	size_t widths[COLUMNS];
};

static void
add_cell(struct buf *to, const struct table *t, size_t row, int column)
{
	const struct session_state *s = &t->sessions->all[row].state;

	buf_clear(to);
	switch (column) {
	case COLUMN_ID:
		buf_add(to, s->session, t->id_chars);
		break;
	case COLUMN_AGE:
		add_span(to, t->now - s->used);
		if (t->sessions->all[row].warm)
			buf_addstr(to, ", warm");
		break;
	case COLUMN_TURNS:
		buf_addf(to, "%" PRIu32, s->turns);
		break;
	case COLUMN_DIRECTORY:
		screen_text_path(to, s->cwd, t->home);
		break;
	default:
		screen_text_add(to, s->title);
		break;
	}
}

/* The two that may be long share what the others leave of the screen. */
static void
fit_widths(struct table *t, size_t columns)
{
	size_t *directory = &t->widths[COLUMN_DIRECTORY];
	size_t *title = &t->widths[COLUMN_TITLE];
	size_t least =
	    strlen(headings[COLUMN_DIRECTORY]) + strlen(headings[COLUMN_TITLE]);
	size_t room = columns, half;
	int c;

	for (c = 0; c < COLUMN_DIRECTORY; c++)
		room -= t->widths[c] + GAP < room ? t->widths[c] + GAP : room;
	room = room > least + GAP ? room - GAP : least;
	half = room / 2;
	if (*directory + *title <= room)
		return;
	if (*directory <= half)
		*title = room - *directory;
	else if (*title <= half)
		*directory = room - *title;
	else {
		*directory = half;
		*title = room - half;
	}
}

static void
find_widths(struct table *t, struct buf *cell)
{
	size_t i, width;
	int c;

	for (c = 0; c < COLUMNS; c++) {
		t->widths[c] = strlen(headings[c]);
		for (i = 0; i < t->sessions->n; i++) {
			add_cell(cell, t, i, c);
			width = screen_text_width(buf_str(cell));
			if (width > t->widths[c])
				t->widths[c] = width;
		}
	}
	fit_widths(t, (size_t)style_columns(stdout));
}

/* Of a directory the end tells more than the beginning. */
static void
print_cell(const struct table *t, const char *text, int column)
{
	CLEANUP_BUF struct buf cut = BUF_INIT(CELL_BYTES);
	size_t wide = t->widths[column], have;

	if (column == COLUMN_DIRECTORY)
		screen_text_cut_front(&cut, text, wide);
	else
		screen_text_cut(&cut, text, wide);
	(void)fputs(buf_str(&cut), stdout);
	if (column == COLUMNS - 1)
		(void)putchar('\n');
	for (have = screen_text_width(buf_str(&cut));
	     column < COLUMNS - 1 && have < wide + GAP; have++)
		(void)putchar(' ');
}

static void
print_table(struct table *t)
{
	CLEANUP_BUF struct buf cell = BUF_INIT(CELL_BYTES);
	size_t i;
	int c;

	find_widths(t, &cell);
	for (c = 0; c < COLUMNS; c++)
		print_cell(t, headings[c], c);
	for (i = 0; i < t->sessions->n; i++) {
		for (c = 0; c < COLUMNS; c++) {
			add_cell(&cell, t, i, c);
			print_cell(t, buf_str(&cell), c);
		}
	}
}

void
show_table(const struct sessions *s, int64_t now, const char *home)
{
	struct table t = {.sessions = s,
	    .now = now,
	    .home = home,
	    .id_chars = sessions_id_chars(s)};

	if (s->n > 0)
		print_table(&t);
	else
		(void)printf("No session is remembered.\n");
	if (s->legacy > 0)
		(void)printf("%zu conversation%s of the Node.js version can "
			     "be continued.\n",
		    s->legacy, s->legacy == 1 ? "" : "s");
}

/* --- one session ------------------------------------------------------- */

static void
print_line(const char *name, const char *text)
{
	CLEANUP_BUF struct buf clean = BUF_INIT(CELL_BYTES);

	screen_text_add(&clean, text);
	(void)printf("%-14s%s\n", name, buf_str(&clean));
}

/* The time, and how long ago or from now that is. */
static void
print_time(const char *name, int64_t when, int64_t now)
{
	CLEANUP_BUF struct buf text = BUF_INIT(256);
	time_t t = (time_t)when;
	char date[64] = "";
	struct tm tm;

	if (localtime_r(&t, &tm) != NULL)
		(void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	buf_addf(&text, "%s (%s", date, when > now ? "in " : "");
	add_span(&text, when > now ? when - now : now - when);
	buf_addf(&text, "%s)", when > now ? "" : " ago");
	print_line(name, buf_str(&text));
}

void
show_session(
    const struct listed_session *one, const struct contexts *c, int64_t now)
{
	const struct session_state *s = &one->state;
	size_t i;

	print_line("session", s->session);
	print_line("directory", s->cwd);
	print_line("first words", s->title);
	print_line("API key", s->key_name[0] == '\0' ? "API_KEY" : s->key_name);
	(void)printf("%-14s%" PRIu32 "\n", "turns", s->turns);
	print_time("created", s->created, now);
	print_time("last used", s->used, now);
	print_time("expires", one->expires, now);
	print_line("last answer", s->head);
	(void)printf("%-14s%zu\n", "answers", c->n);
	for (i = 0; i < c->n; i++)
		(void)printf("  %s%s\n",
		    c->all[i].uuid[0] == '\0' ? "of the Node.js version"
					      : c->all[i].uuid,
		    c->all[i].pending ? " (not saved yet)" : "");
}

/* --- JSON -------------------------------------------------------------- */

static void
print_member(const char *name, const char *text)
{
	CLEANUP_BUF struct buf clean = BUF_INIT(CELL_BYTES),
			       quoted = BUF_INIT((size_t)2 * CELL_BYTES);

	screen_text_add(&clean, text);
	json_text_quote_str(&quoted, buf_str(&clean));
	(void)printf("\"%s\": %s, ", name, buf_str(&quoted));
}

static void
print_json_session(const struct listed_session *one)
{
	const struct session_state *s = &one->state;

	(void)printf("{");
	print_member("id", s->session);
	print_member("directory", s->cwd);
	print_member("title", s->title);
	print_member("key", s->key_name);
	print_member("head", s->head);
	(void)printf("\"turns\": %" PRIu32 ", \"created\": %" PRId64
		     ", \"used\": %" PRId64 ", \"expires\": %" PRId64
		     ", \"warm\": %s",
	    s->turns, s->created, s->used, one->expires,
	    one->warm ? "true" : "false");
}

void
show_json_list(const struct sessions *s)
{
	size_t i;

	(void)printf("[");
	for (i = 0; i < s->n; i++) {
		(void)printf(i == 0 ? "\n  " : ",\n  ");
		print_json_session(&s->all[i]);
		(void)printf("}");
	}
	(void)printf(s->n == 0 ? "]\n" : "\n]\n");
}

void
show_json_session(const struct listed_session *one, const struct contexts *c)
{
	size_t i;

	print_json_session(one);
	(void)printf(", \"answers\": [");
	for (i = 0; i < c->n; i++) {
		(void)printf(i == 0 ? "{" : ", {");
		print_member("id", c->all[i].uuid);
		(void)printf("\"saved\": %s, \"expires\": %" PRId64 "}",
		    c->all[i].pending ? "false" : "true", c->all[i].expires);
	}
	(void)printf("]}\n");
}
