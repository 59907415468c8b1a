/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "directory_talk.h"
#include "limits.h"
#include "log.h"
#include "runtime_dir.h"
#include "work_dir.h"

#include "banned.h"

#define HEADER       "X-CCP-Working-Dir"
#define ANSWER_BYTES 65536

struct deciding {
	struct chat_directory *d;
	const struct exchange *x;
	struct chat_request *r;
	struct work_dir_rules rules; /* for what comes from outside */
	struct directory_talk talk;
	bool named; /* by the header or the key: d->path */
	bool first; /* nothing has been said before */
	struct api_error *e;
};

static bool
out_of_memory(struct deciding *q)
{
	api_error_set(q->e, 500, "server_error", NULL, "Out of memory.");
	return false;
}

static bool
use(struct deciding *q, const char *path)
{
	q->d->path = strdup(path);
	return q->d->path != NULL || out_of_memory(q);
}

/* Takes the answer over from a buffer. */
static bool
answer(struct deciding *q, struct buf *text)
{
	free(q->d->path);
	q->d->path = NULL;
	q->d->answer = buf_steal(text);
	return q->d->answer != NULL || out_of_memory(q);
}

static bool
ask(struct deciding *q)
{
	CLEANUP_BUF struct buf text = BUF_INIT(ANSWER_BYTES);

	directory_talk_question(&text);
	return answer(q, &text);
}

static bool
refuse(struct deciding *q, enum work_dir_problem problem, bool gone)
{
	CLEANUP_BUF struct buf text = BUF_INIT(ANSWER_BYTES);

	directory_talk_refusal(&text, problem, gone);
	return answer(q, &text);
}

static bool
confirm(struct deciding *q, const char *path)
{
	CLEANUP_BUF struct buf text = BUF_INIT(ANSWER_BYTES);

	directory_talk_confirmation(&text, path);
	return answer(q, &text);
}

/* The header, which wins, and where it is wrong the client's mistake. */
static bool
from_header(struct deciding *q)
{
	CLEANUP_FREE char *text = NULL;
	enum work_dir_problem problem;
	const struct http_field *field;
	char path[PATH_MAX];
	size_t n;

	field = http_field(http_conn_head(q->x->conn), HEADER, &n);
	if (n == 0)
		return true;
	if (n > 1) {
		api_error_param(
		    q->e, HEADER, "invalid_value", HEADER " is given twice.");
		return false;
	}
	text = strndup(field->value.at, field->value.len);
	if (text == NULL)
		return out_of_memory(q);
	problem = work_dir_find(text, &q->rules, path);
	if (problem != WORK_DIR_OK) {
		api_error_param(q->e, HEADER, "invalid_value",
		    HEADER " cannot be used: %s.",
		    work_dir_problem_text(problem));
		return false;
	}
	q->named = true;
	return use(q, path);
}

/* A directory that the user has set, which ALLOWED_DIRS does not bind. */
static bool
from_setting(struct deciding *q, const char *what, const char *text)
{
	struct work_dir_rules rules = {q->rules.home, "", .relative = true};
	enum work_dir_problem problem;
	char path[PATH_MAX];

	problem = work_dir_find(text, &rules, path);
	if (problem == WORK_DIR_OK)
		return use(q, path);
	log_error("%s %s is %s: %s", q->x->id, what, text,
	    work_dir_problem_text(problem));
	api_error_set(q->e, 500, "server_error", "working_directory",
	    "%s cannot be used: %s.", what, work_dir_problem_text(problem));
	return false;
}

static bool
from_key(struct deciding *q)
{
	char what[LIMIT_KEY_NAME_BYTES + 64];

	if (q->x->key_directory == NULL)
		return true;
	(void)snprintf(
	    what, sizeof what, "API_KEYS: the directory of %s", q->x->key_name);
	q->named = true;
	return from_setting(q, what, q->x->key_directory);
}

static bool
from_default(struct deciding *q)
{
	const char *text = q->x->settings->claude_working_dir;

	return from_setting(
	    q, "CLAUDE_WORKING_DIR", text[0] == '\0' ? "." : text);
}

/* The directory that was confirmed, if it still is one. */
static bool
from_talk(struct deciding *q)
{
	enum work_dir_problem problem;
	char path[PATH_MAX];

	problem = work_dir_check(q->talk.directory, &q->rules, path);
	return problem == WORK_DIR_OK ? use(q, path) : refuse(q, problem, true);
}

/* The answer to a question of ours. */
static bool
take_reply(struct deciding *q, bool must)
{
	const struct chat_message *last = &q->r->messages[q->r->nmessages - 1];
	enum work_dir_problem problem;
	char path[PATH_MAX];

	problem = work_dir_find(directory_talk_reply(last), &q->rules, path);
	if (problem == WORK_DIR_OK)
		return confirm(q, path);
	return must ? refuse(q, problem, false) : from_default(q);
}

/* The first message may be the path itself; if it is none that can be used,
 * who knows what it is. */
static bool
take_first(struct deciding *q)
{
	const struct chat_message *first = &q->r->messages[0];
	char path[PATH_MAX];

	if (q->r->nmessages == 1 && directory_talk_only_path(first) &&
	    work_dir_find(first->parts[0].text, &q->rules, path) == WORK_DIR_OK)
		return confirm(q, path);
	return ask(q);
}

static bool
decide(struct deciding *q)
{
	const char *when = q->x->settings->ask_working_dir;
	bool never = strcmp(when, "never") == 0;
	bool talked = q->talk.open || q->talk.directory != NULL;

	if (q->named && (strcmp(when, "always") != 0 || (!talked && !q->first)))
		return true;
	free(q->d->path);
	q->d->path = NULL;
	if (q->talk.open)
		return take_reply(q, !never);
	if (q->talk.directory != NULL)
		return from_talk(q);
	return never || !q->first ? from_default(q) : take_first(q);
}

bool
chat_directory_find(struct chat_directory *d, const struct exchange *x,
    struct chat_request *r, struct api_error *e)
{
	struct deciding q = {.d = d, .x = x, .r = r, .e = e};
	bool ok;

	*d = (struct chat_directory){NULL, NULL};
	q.rules.home = settings_getenv(x->env, "HOME");
	q.rules.allowed = x->settings->allowed_dirs;
	ok = directory_talk_take(r, &q.talk) || out_of_memory(&q);
	q.first = !q.talk.answered;
	ok = ok && from_header(&q) && (q.named || from_key(&q)) && decide(&q);
	free(q.talk.directory);
	return ok;
}

bool
chat_directory_empty(
    struct chat_directory *d, const struct exchange *x, struct api_error *e)
{
	char path[PATH_MAX];

	if (runtime_dir_empty(path, sizeof path, x->env))
		d->path = strdup(path);
	if (d->path != NULL)
		return true;
	log_error("%s the runtime directory cannot be used: %s", x->id,
	    strerror(errno));
	api_error_set(e, 500, "server_error", "working_directory",
	    "The runtime directory cannot be used: see ccp's log.");
	return false;
}

void
chat_directory_clear(struct chat_directory *d)
{
	free(d->path);
	free(d->answer);
	*d = (struct chat_directory){NULL, NULL};
}
