/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_claude.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "buf.h"
#include "chat_request.h"
#include "child.h"
#include "claude_args.h"
#include "claude_find.h"
#include "claude_version.h"
#include "cleanup.h"
#include "json_text.h"
#include "limits.h"
#include "program_run.h"

#include "banned.h"

static char claude[] = "claude";

/* The first line of what a program says, fit for a terminal. */
static void
first_line(char *to, size_t size, const struct buf *from)
{
	char *c;

	(void)snprintf(to, size, "%.*s", (int)strcspn(buf_str(from), "\r\n"),
	    buf_str(from));
	for (c = to; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7F)
			*c = '?';
	}
}

static void
tell_failure(struct claude_facts *f, const struct program_result *r,
    const struct buf *err)
{
	char status[32], line[160];

	if (r->error != 0) {
		(void)snprintf(f->why, sizeof(f->why), "%s cannot be run: %s",
		    f->path, strerror(r->error));
		return;
	}
	if (r->late) {
		(void)snprintf(f->why, sizeof(f->why),
		    "%s --version did not end within %d s", f->path,
		    LIMIT_PROGRAM_MS / 1000);
		return;
	}
	child_status_text(r->status, status, sizeof(status));
	first_line(line, sizeof(line), err);
	(void)snprintf(f->why, sizeof(f->why), "%s --version failed (%s)%s%s",
	    f->path, status, line[0] == '\0' ? "" : ": ", line);
}

/* "2.1.197 (Claude Code)" */
static void
ask_version(struct claude_facts *f, char *const *env)
{
	static char word[] = "--version";
	char *argv[] = {f->path, word, NULL};
	CLEANUP_BUF struct buf out = BUF_INIT(LIMIT_PROGRAM_BYTES);
	CLEANUP_BUF struct buf err = BUF_INIT(LIMIT_PROGRAM_BYTES);
	struct program_result r;
	char line[160];

	if (!program_run(argv, env, LIMIT_PROGRAM_MS, &out, &err, &r)) {
		tell_failure(f, &r, &err);
		return;
	}
	first_line(line, sizeof(line), &out);
	(void)snprintf(f->version, sizeof(f->version), "%.*s",
	    (int)strspn(line, "0123456789."), line);
	f->too_old = claude_version_older(f->version, CLAUDE_VERSION_LEAST);
	if (f->version[0] == '\0')
		(void)snprintf(f->why, sizeof(f->why),
		    "%s --version prints no version: \"%s\"", f->path, line);
}

static const char *
member(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : NULL;
}

static void
read_account(struct claude_facts *f, const cJSON *status)
{
	const char *method = member(status, "authMethod");
	const char *source = member(status, "apiKeySource");
	const char *more = member(status, "subscriptionType");
	const char *email = member(status, "email");
	CLEANUP_BUF struct buf line = BUF_INIT(LIMIT_PROGRAM_BYTES);

	if (more == NULL)
		more = source;
	buf_addf(&line, "%s%s%s%s%s", method == NULL ? "" : method,
	    more == NULL ? "" : ", ", more == NULL ? "" : more,
	    email == NULL ? "" : ", ", email == NULL ? "" : email);
	first_line(f->account, sizeof(f->account), &line);
}

static void
ask_login(struct claude_facts *f, char *const *env)
{
	static char auth[] = "auth", status[] = "status";
	char *argv[] = {f->path, auth, status, NULL};
	CLEANUP_BUF struct buf out = BUF_INIT(LIMIT_PROGRAM_BYTES);
	CLEANUP_BUF struct buf err = BUF_INIT(LIMIT_PROGRAM_BYTES);
	struct program_result r;
	struct json_text_error e;
	const cJSON *yes;
	cJSON *root;

	(void)program_run(argv, env, LIMIT_PROGRAM_MS, &out, &err, &r);
	if (r.error != 0 || r.late || !WIFEXITED(r.status) ||
	    !json_text_check(buf_str(&out), out.len, &e))
		return;
	root = cJSON_Parse(buf_str(&out));
	yes = cJSON_GetObjectItemCaseSensitive(root, "loggedIn");
	if (cJSON_IsBool(yes))
		f->login =
		    cJSON_IsTrue(yes) ? CLAUDE_LOGIN_YES : CLAUDE_LOGIN_NO;
	if (f->login == CLAUDE_LOGIN_YES)
		read_account(f, root);
	cJSON_Delete(root);
}

void
claude_facts_find(
    struct claude_facts *ret, const struct settings *s, char *const *env)
{
	const struct claude_origin from = {.cwd = NULL};
	const struct chat_request nothing = {.model = claude};
	struct claude_launch launch;

	memset(ret, 0, sizeof(*ret));
	ret->path = claude_find(s, env, ret->why, sizeof(ret->why));
	if (ret->path == NULL)
		return;
	/* For its environment. */
	if (claude_launch_make(&launch, ret->path, &from, s, &nothing, env) ==
	    -1) {
		(void)snprintf(ret->why, sizeof(ret->why), "out of memory");
		return;
	}
	ask_version(ret, launch.envp);
	if (ret->version[0] != '\0')
		ask_login(ret, launch.envp);
	claude_launch_clear(&launch);
}

void
claude_facts_clear(struct claude_facts *f)
{
	free(f->path);
	memset(f, 0, sizeof(*f));
}
