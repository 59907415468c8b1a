/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_claude.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "buf.h"
#include "claude_args.h"
#include "claude_find.h"
#include "claude_version.h"
#include "cleanup.h"
#include "json_text.h"
#include "limits.h"
#include "openai_request.h"
#include "program_run.h"

#include "banned.h"

static char claude[] = "claude";

/* "2.1.197 (Claude Code)" */
static void
ask_version(struct claude_facts *f, char *const *env)
{
	static char word[] = "--version";
	char *argv[] = {f->path, word, NULL};
	CLEANUP_BUF struct buf out = BUF_INIT(LIMIT_PROGRAM_BYTES);
	CLEANUP_BUF struct buf err = BUF_INIT(LIMIT_PROGRAM_BYTES);
	struct program_result r;
	const char *text;

	if (!program_run(argv, env, LIMIT_PROGRAM_MS, &out, &err, &r)) {
		(void)snprintf(f->why, sizeof(f->why),
		    r.error != 0 ? "%s cannot be run: %s"
		    : r.late     ? "%s --version did not end"
				 : "%s --version failed",
		    f->path, strerror(r.error));
		return;
	}
	text = buf_str(&out);
	(void)snprintf(f->version, sizeof(f->version), "%.*s",
	    (int)strspn(text, "0123456789."), text);
	f->too_old = claude_version_older(f->version, CLAUDE_VERSION_LEAST);
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

	if (more == NULL)
		more = source;
	(void)snprintf(f->account, sizeof(f->account), "%.60s%s%.60s%s%.100s",
	    method == NULL ? "" : method, more == NULL ? "" : ", ",
	    more == NULL ? "" : more, email == NULL ? "" : ", ",
	    email == NULL ? "" : email);
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
