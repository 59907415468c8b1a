/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp-demo-claude, the stand-in for the Claude Code CLI: what its parts share.
 * demo_claude.c describes the protocol that it speaks.
 */
#ifndef CCP_DEMO_H
#define CCP_DEMO_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

#include "buf.h"
#include "demo_session.h"

#define DEMO_VERSION "2.1.197"

struct demo {
	/* The command line */
	const char *model;
	const char *permission_mode;
	const char *allowed_tools;
	const char *effort; /* NULL: not said */
	long max_turns;

	/* What it has been told, for a turn to look at */
	struct demo_session session;
	char *system;       /* initialize.systemPrompt, or NULL */
	char *append;       /* initialize.appendSystemPrompt, or NULL */
	cJSON *messages;    /* the last included, see demo_context.h */
	cJSON *interpreted; /* texts that the real CLI would not have left
	                       * as they are */
	bool serves;        /* initialize.sdkMcpServers has the parent */
	cJSON *tools;       /* its tools, see demo_mcp.h; NULL: not asked */
	cJSON *schema;      /* initialize.jsonSchema, or NULL */
	char *last;         /* text of the last user message, or NULL */

	/* stdin */
	struct buf input; /* bytes, not yet lines */
	cJSON *waiting;   /* parsed lines that wait for their turn */
	cJSON *asked;     /* members: control requests without an answer */
	cJSON *answers;   /* members: answers of the parent's MCP server */
	int rpc_id;       /* of the next request to it */
	bool ended;       /* end of file */
	int record;       /* copies of what came go here; -1: nowhere */

	/* The turn under way */
	bool busy;
	bool interrupted;
	char message_id[64];
	struct buf said; /* text of the last block */
	bool open;       /* it is under way */
	int calls;       /* API calls it would have taken */
	long words;      /* of the message under way, counted as tokens */
	long all_words;  /* of all finished messages */
	bool failed;     /* the last result was an error: exit 1 */

	/* Behaviour, see demo_modes.c */
	long delay_ms; /* between two words */
	bool noise;    /* unknown lines in between */
	bool deaf;     /* interrupt and end of file change nothing */
	bool hang;     /* stays after its work is done */
	const struct demo_mode *mode; /* instead of the usual answer, or NULL */
	int turns;                    /* that have begun */
	const char *second, *after;   /* see demo_warm.h; NULL: nothing */
	const char *version;          /* as told by init; "": none is told */
	const char *mode_arg;         /* points into modes */
	FILE *replay;                 /* what is left of its lines, or NULL */
	char *modes;
};

#endif
