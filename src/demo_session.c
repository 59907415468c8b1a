/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_session.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "demo.h"
#include "demo_context.h"
#include "demo_out.h"
#include "demo_transcript.h"
#include "limits.h"
#include "random.h"

#include "banned.h"

#define SAVE_MS   60
#define MAX_BYTES (LIMIT_CLAUDE_STDIN_BYTES * 4u)

static const char NO_RESPONSE[] =
    "{\"role\":\"assistant\",\"model\":\"<synthetic>\",\"content\":"
    "[{\"type\":\"text\",\"text\":\"No response requested.\"}]}";

/* For the signal handler, which looks at it only while the signals are not
 * blocked. */
static struct demo_session *the_session;

/* Only calls that a signal handler may make. */
static void
write_lines(struct demo_session *s)
{
	const char *bytes = buf_str(&s->lines);
	size_t len = s->lines.len;
	ssize_t n = 1;
	int fd;

	if (s->due == 0 || s->path == NULL)
		return;
	s->due = 0;
	fd = open(s->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	for (; len > 0 && n > 0; bytes += n, len -= (size_t)n)
		n = write(fd, bytes, len);
	(void)close(fd);
}

static void
on_signal(int number)
{
	write_lines(the_session);
	_exit(128 + number);
}

static void
block_signals(int how)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(how, &set, NULL);
}

static void
write_all(struct demo_session *s)
{
	block_signals(SIG_BLOCK);
	write_lines(s);
	buf_clear(&s->lines);
	block_signals(SIG_UNBLOCK);
}

/* --- the beginning -------------------------------------------------------- */

static bool
is_uuid(const char *text)
{
	size_t i;

	for (i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23
			? text[i] != '-'
			: text[i] == '\0' ||
			      strchr("0123456789abcdefABCDEF", text[i]) == NULL)
			return false;
	}
	return text[36] == '\0';
}

static void
check_options(const struct demo_session *s)
{
	if (s->at != NULL && s->resume == NULL)
		demo_die("Error: --resume-session-at requires --resume");
	if (s->wanted == NULL)
		return;
	if (s->resume != NULL && !s->fork)
		demo_die("Error: --session-id can only be used with --continue "
			 "or --resume if --fork-session is also specified.");
	if (!is_uuid(s->wanted))
		demo_die("Error: Invalid session ID. Must be a valid UUID.");
}

static void
choose_id(struct demo_session *s)
{
	CLEANUP_FREE char *path = NULL;
	const char *id = s->resume != NULL && !s->fork ? s->resume : s->wanted;

	if (id == NULL || !is_uuid(id)) {
		random_uuid(s->id);
		return;
	}
	memcpy(s->id, id, sizeof(s->id));
	path = demo_transcript_path(s->id);
	if (id == s->wanted && path != NULL && access(path, F_OK) == 0)
		demo_die("Error: Session ID %s is already in use.", id);
}

/* An old line, as something that was said and, in a fork, as the new session's
 * own. */
static void
recall(struct demo *d, const cJSON *line)
{
	struct demo_session *s = &d->session;
	const cJSON *message =
	    cJSON_GetObjectItemCaseSensitive(line, "message");
	CLEANUP_FREE char *text = cJSON_PrintUnformatted(message);
	const struct demo_line copy = {
	    .type = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(line, "type")),
	    .uuid = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(line, "uuid")),
	    .parent = s->last,
	    .session = s->id,
	    .version = d->version,
	    .message = text == NULL ? "null" : text,
	    .api_error = cJSON_IsTrue(
		cJSON_GetObjectItemCaseSensitive(line, "isApiErrorMessage"))};

	if (!copy.api_error)
		demo_context_add(d, copy.type,
		    cJSON_GetObjectItemCaseSensitive(message, "content"));
	if (s->fork)
		demo_transcript_add(&s->lines, &copy);
	(void)snprintf(s->last, sizeof(s->last), "%s", copy.uuid);
	s->unanswered = strcmp(copy.type, "user") == 0;
}

static bool
resume(struct demo *d, struct buf *why)
{
	struct demo_session *s = &d->session;
	CLEANUP_FREE char *path = demo_transcript_path(s->resume);
	cJSON *lines, *line;

	if (!is_uuid(s->resume)) {
		buf_addstr(why,
		    "Error: --resume requires a valid session ID or session "
		    "title when used with --print.");
		return false;
	}
	lines = path == NULL ? NULL : demo_transcript_read(path);
	if (lines == NULL) {
		buf_addf(why, "No conversation found with session ID: %s",
		    s->resume);
		return false;
	}
	if (s->at != NULL && !demo_transcript_cut(lines, s->at)) {
		buf_addf(
		    why, "No message found with message.uuid of: %s", s->at);
		cJSON_Delete(lines);
		return false;
	}
	cJSON_ArrayForEach(line, lines) recall(d, line);
	cJSON_Delete(lines);
	return true;
}

bool
demo_session_begin(struct demo *d, struct buf *why)
{
	struct demo_session *s = &d->session;
	const struct sigaction action = {.sa_handler = on_signal};
	const char *save = getenv("CCP_DEMO_SAVE_MS");

	buf_init(&s->lines, MAX_BYTES);
	s->save_ms = save == NULL ? SAVE_MS : strtol(save, NULL, 10);
	check_options(s);
	choose_id(s);
	if (s->resume != NULL && !resume(d, why))
		return false;
	if (!s->unkept)
		s->path = demo_transcript_path(s->id);
	the_session = s;
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	return true;
}

/* --- the lines ------------------------------------------------------------ */

static void
add(struct demo *d, const struct demo_line *line)
{
	struct demo_session *s = &d->session;

	if (s->path != NULL) {
		block_signals(SIG_BLOCK);
		demo_transcript_add(&s->lines, line);
		if (!buf_ok(&s->lines))
			demo_die("out of memory");
		if (s->due == 0) {
			s->due = clock_ms() + s->save_ms;
			demo_transcript_place(s->path);
		}
		block_signals(SIG_UNBLOCK);
	}
	(void)snprintf(s->last, sizeof(s->last), "%s", line->uuid);
}

/* What the real CLI answers, by itself, where a turn was aborted. */
static void
answer_aborted(struct demo *d)
{
	char uuid[37];
	cJSON *message = cJSON_Parse(NO_RESPONSE);

	random_uuid(uuid);
	demo_context_add(d, "assistant",
	    cJSON_GetObjectItemCaseSensitive(message, "content"));
	cJSON_Delete(message);
	add(d, &(struct demo_line){.type = "assistant",
		   .uuid = uuid,
		   .parent = d->session.last,
		   .session = d->session.id,
		   .version = d->version,
		   .message = NO_RESPONSE});
}

void
demo_session_add(struct demo *d, const char *type, const char *uuid,
    const char *message, bool api_error)
{
	cJSON *value = cJSON_Parse(message);

	if (d->session.unanswered)
		answer_aborted(d);
	d->session.unanswered = false;
	if (!api_error)
		demo_context_add(d, type,
		    cJSON_GetObjectItemCaseSensitive(value, "content"));
	cJSON_Delete(value);
	add(d, &(struct demo_line){.type = type,
		   .uuid = uuid,
		   .parent = d->session.last,
		   .session = d->session.id,
		   .version = d->version,
		   .message = message,
		   .api_error = api_error});
}

int
demo_session_wait(const struct demo *d, int ms)
{
	int64_t left = d->session.due - clock_ms();

	if (d->session.due == 0)
		return ms;
	if (left < 0)
		left = 0;
	return ms < 0 || left < ms ? (int)left : ms;
}

void
demo_session_write_due(struct demo *d)
{
	if (d->session.due != 0 && d->session.due <= clock_ms())
		write_all(&d->session);
}

void
demo_session_end(struct demo *d)
{
	write_all(&d->session);
}
