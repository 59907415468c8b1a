/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "directory_talk.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "limits.h"
#include "utf8.h"

#include "banned.h"

/*
 * These sentences are found again in conversations that clients have kept, so
 * a change of one of them ends the talk of those.
 */
static const char question[] =
    "Which directory shall I work in? Please answer with its path and nothing "
    "else, like ~/projects/website or /srv/data. It has to be there already, "
    "on the machine that ccp runs on; everything in this conversation will "
    "then happen there.\n\n"
    "(This is ccp asking, not Claude. A request can name the directory in its "
    "X-CCP-Working-Dir header; ASK_WORKING_DIR=never ends the question.)";
static const char refused[] = "I cannot work there: ";
static const char gone_now[] =
    "The directory of this conversation cannot be used any more: ";
static const char confirmed[] = "From now on I work in this directory: ";
static const char after[] =
    "\n\nPlease go on. What you asked for before is not forgotten.";

/* Saying it */

void
directory_talk_question(struct buf *to)
{
	buf_addstr(to, question);
}

void
directory_talk_refusal(struct buf *to, enum work_dir_problem problem, bool gone)
{
	buf_addf(to, "%s%s.\n\n%s", gone ? gone_now : refused,
	    work_dir_problem_text(problem), question);
}

/* In quotes, on one line and as UTF-8, whatever bytes it has: no client
 * changes any of that. */
static void
quote(struct buf *to, const char *text)
{
	size_t left = strlen(text), n;

	buf_addch(to, '"');
	for (; left > 0; text += n, left -= n) {
		n = utf8_sequence(text, left);
		if (n == 0 || (unsigned char)*text < 0x20 || *text == 0x7F) {
			buf_addf(to, "\\x%02X", (unsigned char)*text);
			n = 1;
			continue;
		}
		if (*text == '"' || *text == '\\')
			buf_addch(to, '\\');
		buf_add(to, text, n);
	}
	buf_addch(to, '"');
}

void
directory_talk_confirmation(struct buf *to, const char *directory)
{
	buf_addstr(to, confirmed);
	quote(to, directory);
	buf_addstr(to, after);
}

/* Finding it again */

enum answer { OTHER, QUESTION, REFUSAL, CONFIRMATION };

static bool
space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Is it the same text, white space at its end aside? */
static bool
same(const char *text, const char *ours)
{
	size_t len = strlen(ours);

	if (strncmp(text, ours, len) != 0)
		return false;
	for (text += len; space(*text); text++)
		continue;
	return *text == '\0';
}

static bool
is_refusal(const char *text)
{
	CLEANUP_BUF struct buf ours = BUF_INIT(LIMIT_ERROR_TEXT_BYTES);
	int problem, gone;

	if (strncmp(text, refused, strlen(refused)) != 0 &&
	    strncmp(text, gone_now, strlen(gone_now)) != 0)
		return false;
	for (problem = 0; problem < WORK_DIR_PROBLEMS; problem++) {
		for (gone = 0; gone < 2; gone++) {
			buf_clear(&ours);
			directory_talk_refusal(
			    &ours, (enum work_dir_problem)problem, gone == 1);
			if (same(text, buf_str(&ours)))
				return true;
		}
	}
	return false;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The quoted text at *at, which moves behind it.  False if it is none. */
static bool
unquote(struct buf *to, const char **at)
{
	const char *p = *at;

	if (*p++ != '"')
		return false;
	for (; *p != '"'; p++) {
		if (*p == '\0')
			return false;
		if (*p != '\\') {
			buf_addch(to, *p);
			continue;
		}
		p++;
		if (*p == '"' || *p == '\\') {
			buf_addch(to, *p);
		} else if (*p == 'x' && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
			buf_addch(to, (char)(hex(p[1]) * 16 + hex(p[2])));
			p += 2;
		} else {
			return false;
		}
	}
	*at = p + 1;
	return true;
}

static bool
is_confirmation(const char *text, struct buf *directory)
{
	CLEANUP_BUF struct buf ours = BUF_INIT(8 * PATH_MAX);
	const char *at = text + strlen(confirmed);

	buf_clear(directory);
	if (strncmp(text, confirmed, strlen(confirmed)) != 0 ||
	    !unquote(directory, &at) || !same(at, after))
		return false;
	/* A byte NUL, or what is quoted in another way than ours. */
	directory_talk_confirmation(&ours, buf_str(directory));
	return buf_ok(directory) && buf_ok(&ours) && same(text, buf_str(&ours));
}

static enum answer
answer_of(const struct chat_message *m, struct buf *directory)
{
	const char *text = m->parts[0].text;

	if (m->nparts != 1 || m->parts[0].kind != CHAT_TEXT)
		return OTHER;
	if (same(text, question))
		return QUESTION;
	if (is_refusal(text))
		return REFUSAL;
	return is_confirmation(text, directory) ? CONFIRMATION : OTHER;
}

const char *
directory_talk_reply(const struct chat_message *m)
{
	const char *first = "";
	size_t i;

	for (i = 0; i < m->nparts; i++) {
		if (m->parts[i].kind != CHAT_TEXT)
			continue;
		if (work_dir_like_path(m->parts[i].text))
			return m->parts[i].text;
		if (first[0] == '\0')
			first = m->parts[i].text;
	}
	return first;
}

bool
directory_talk_only_path(const struct chat_message *m)
{
	return m->nparts == 1 && m->parts[0].kind == CHAT_TEXT &&
	       work_dir_like_path(m->parts[0].text);
}

struct reading {
	const struct chat_request *r;
	struct directory_talk *talk;
	bool *drop;
	bool asked;           /* by the last answer */
	struct buf directory; /* of the last confirmation */
};

/* Would we have given this answer here?  A client that sends only the end of
 * a conversation may have cut off what was before it. */
static bool
stands_right(const struct reading *rd, enum answer kind, size_t i)
{
	bool begun = rd->talk->answered || rd->talk->directory != NULL;

	if (kind == OTHER)
		return false;
	if (rd->asked)
		return kind != QUESTION;
	if (i == 0)
		return true;
	if (kind == REFUSAL)
		return rd->talk->directory != NULL;
	if (kind == CONFIRMATION)
		return i == 1 && !begun &&
		       directory_talk_only_path(&rd->r->messages[0]);
	return !begun;
}

static bool
take_answer(struct reading *rd, size_t i)
{
	enum answer kind = answer_of(&rd->r->messages[i], &rd->directory);
	bool path = rd->asked || kind == CONFIRMATION;

	if (!stands_right(rd, kind, i)) {
		rd->talk->answered = true;
		rd->asked = false;
		return true;
	}
	rd->drop[i] = true;
	if (path && i > 0 && rd->r->messages[i - 1].role == CHAT_USER)
		rd->drop[i - 1] = true;
	rd->asked = kind != CONFIRMATION;
	if (rd->asked)
		return true;
	free(rd->talk->directory);
	rd->talk->directory = strdup(buf_str(&rd->directory));
	return rd->talk->directory != NULL;
}

bool
directory_talk_take(struct chat_request *r, struct directory_talk *ret)
{
	CLEANUP_FREE bool *drop = calloc(r->nmessages, sizeof *drop);
	struct reading rd = {.r = r, .talk = ret, .drop = drop};
	bool ok = drop != NULL;
	size_t i;

	*ret = (struct directory_talk){.directory = NULL};
	buf_init(&rd.directory, PATH_MAX);
	for (i = 0; ok && i < r->nmessages; i++) {
		if (r->messages[i].role == CHAT_ASSISTANT)
			ok = take_answer(&rd, i);
	}
	ret->open = rd.asked;
	for (i = r->nmessages; ok && i-- > 0;) {
		if (drop[i])
			chat_request_drop(r, i);
	}
	buf_free(&rd.directory);
	return ok;
}
