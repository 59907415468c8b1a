/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_test_explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "json_text.h"

#include "banned.h"

/* By the error's code, or else by the status. */
static const struct {
	const char *code;
	int status;
	const char *fix;
} fixes[] = {
    {"busy", 0, "try again in a moment, or raise CLAUDE_MAX_PROCESSES"},
    {"too_many_connections", 0,
	"try again in a moment, or raise MAX_CONNECTIONS"},
    {"overloaded", 0, "try again in a moment"},
    {NULL, 401,
	"the server may have another API_KEY, of its own environment or file"},
    {NULL, 403, "see API_KEY, CORS_ORIGIN and ALLOWED_HOSTS in ccp-config(5)"},
    {NULL, 404, "is it ccp that listens there? ccp doctor tells"},
    {NULL, 429, "wait until the limit of the account is over"},
    {NULL, 0, "ccp doctor looks for the reason; the server's log has more"},
};
#define NFIXES (sizeof(fixes) / sizeof(fixes[0]))

static void
because(struct test_failure *f, const char *why, const char *fix)
{
	if (f->why[0] == '\0')
		(void)snprintf(f->why, sizeof(f->why), "%s", why);
	if (f->fix[0] == '\0')
		(void)snprintf(f->fix, sizeof(f->fix), "%s", fix);
}

bool
test_failure_told(struct test_failure *f, const cJSON *root)
{
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(root, "error");
	const cJSON *message =
	    cJSON_GetObjectItemCaseSensitive(error, "message");
	const cJSON *code = cJSON_GetObjectItemCaseSensitive(error, "code");

	if (!cJSON_IsString(message))
		return false;
	(void)snprintf(f->why, sizeof(f->why), "%s", message->valuestring);
	if (cJSON_IsString(code))
		(void)snprintf(
		    f->code, sizeof(f->code), "%s", code->valuestring);
	return true;
}

static const char *
fix_of(const char *code, int status)
{
	size_t i;

	for (i = 0; i < NFIXES - 1; i++) {
		if (fixes[i].code != NULL ? strcmp(fixes[i].code, code) == 0
					  : fixes[i].status == status)
			break;
	}
	return fixes[i].fix;
}

static void
of_status(struct test_failure *f, const struct client *c)
{
	struct json_text_error e;
	cJSON *root = NULL;
	char why[64];

	if (json_text_check(buf_str(&c->content), c->content.len, &e))
		root = cJSON_Parse(buf_str(&c->content));
	(void)test_failure_told(f, root);
	cJSON_Delete(root);
	(void)snprintf(
	    why, sizeof(why), "the server answers with status %d", c->status);
	because(f, why, fix_of(f->code, c->status));
}

static void
unreached(struct test_failure *f, const struct client *c, const char *name)
{
	char why[512];

	if (c->error == ECONNREFUSED || c->error == ENOENT) {
		(void)snprintf(why, sizeof(why), "nobody listens on %s", name);
		because(f, why, "start it: ccp start, or ccp service install");
		return;
	}
	(void)snprintf(why, sizeof(why), "%s cannot be reached: %s", name,
	    strerror(c->error));
	because(f, why, "ccp doctor looks at HOST and PORT");
}

void
test_explain(struct test_failure *f, const struct client *c, const char *name)
{
	switch (c->failure) {
	case CLIENT_NO_ADDRESS:
		because(f, "HOST is no address that is known here",
		    "ccp doctor looks at HOST and PORT");
		return;
	case CLIENT_UNREACHED:
		unreached(f, c, name);
		return;
	case CLIENT_TIMEOUT:
		because(f, "the answer did not come in time", fix_of("", 0));
		return;
	case CLIENT_GARBLED:
		because(f, "what answers there does not speak HTTP as ccp does",
		    "another program may have that port: ccp doctor says "
		    "which");
		return;
	case CLIENT_FINE:
	case CLIENT_CUT:
		break;
	}
	if (c->status != 200 && c->status != 0)
		of_status(f, c);
	else
		because(f, "the connection ended before the answer did",
		    fix_of(f->code, 0));
}
