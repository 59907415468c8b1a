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

static void
add_cell(struct buf *to, const struct listed_session *one, int column,
    size_t id_chars, int64_t now, const char *home)
{
	switch (column) {
	case COLUMN_ID:
		buf_add(to, one->state.session, id_chars);
		break;
	case COLUMN_AGE:
		add_span(to, now - one->state.used);
		break;
	case COLUMN_TURNS:
		buf_addf(to, "%" PRIu32, one->state.turns);
		break;
	case COLUMN_DIRECTORY:
		screen_text_path(to, one->state.cwd, home);
		break;
	default:
		screen_text_add(to, one->state.title);
		break;
	}
}

static void
print_cell(const char *text, size_t wide, bool last)
{
	size_t have = screen_text_width(text);

	(void)fputs(text, stdout);
	if (last)
		(void)putchar('\n');
	for (; !last && have < wide + 2; have++)
		(void)putchar(' ');
}

void
show_table(const struct sessions *s, int64_t now, const char *home)
{
	CLEANUP_BUF struct buf cell = BUF_INIT(CELL_BYTES);
	size_t widths[COLUMNS], id_chars = sessions_id_chars(s), i;
	int c;

	for (c = 0; s->n > 0 && c < COLUMNS; c++) {
		widths[c] = strlen(headings[c]);
		for (i = 0; i < s->n; i++) {
			buf_clear(&cell);
			add_cell(&cell, &s->all[i], c, id_chars, now, home);
			if (screen_text_width(buf_str(&cell)) > widths[c])
				widths[c] = screen_text_width(buf_str(&cell));
		}
	}
	for (c = 0; s->n > 0 && c < COLUMNS; c++)
		print_cell(headings[c], widths[c], c == COLUMNS - 1);
	for (i = 0; i < s->n; i++) {
		for (c = 0; c < COLUMNS; c++) {
			buf_clear(&cell);
			add_cell(&cell, &s->all[i], c, id_chars, now, home);
			print_cell(buf_str(&cell), widths[c], c == COLUMNS - 1);
		}
	}
	if (s->n == 0)
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
		     ", \"used\": %" PRId64 ", \"expires\": %" PRId64,
	    s->turns, s->created, s->used, one->expires);
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
