/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_launch.h"

#include <stdlib.h>

#include "claude_error.h"
#include "claude_find.h"
#include "cleanup.h"
#include "log.h"

#include "banned.h"

static char *
find(const struct exchange *x, struct api_error *e)
{
	char why[512];
	char *path = claude_find(x->settings, x->env, why, sizeof(why));

	if (path != NULL)
		return path;
	log_error("%s %s", x->id, why);
	api_error_set(e, 503, "server_error", "claude_unavailable",
	    "Claude Code was not found on this machine: see ccp's log.");
	return NULL;
}

struct claude *
chat_launch(const struct exchange *x, const struct chat_request *r,
    const struct claude_origin *from, struct api_error *e)
{
	CLEANUP_FREE char *path = find(x, e);
	struct claude_launch launch;
	struct child_error error;
	struct claude *claude;

	if (path == NULL)
		return NULL;
	if (claude_launch_make(&launch, path, from, x->settings, r, x->env) ==
	    -1) {
		api_error_set(e, 500, "server_error", NULL, "Out of memory.");
		log_error("%s %s", x->id, e->message);
		return NULL;
	}
	claude = claude_start(&launch, &error);
	if (claude == NULL) {
		claude_error_start(&error, e);
		log_error("%s %s", x->id, e->message);
	}
	claude_launch_clear(&launch);
	return claude;
}
