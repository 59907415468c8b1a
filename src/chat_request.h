/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a client wants of a chat, in the terms of Claude's API: a request that
 * was found valid, whoever read it.
 */
#ifndef CCP_CHAT_REQUEST_H
#define CCP_CHAT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum chat_role { CHAT_USER, CHAT_ASSISTANT };
enum chat_part_kind {
	CHAT_TEXT,
	CHAT_IMAGE,       /* media is an image type */
	CHAT_DOCUMENT,    /* media is application/pdf or text/plain */
	CHAT_TOOL_USE,    /* of the assistant: a call of a tool */
	CHAT_TOOL_RESULT, /* of the user: what came of it */
};

struct chat_part {
	enum chat_part_kind kind;
	/* TEXT: valid UTF-8, never empty or only white space.  Else base64,
	 * except for text/plain, which is as it is; where media is NULL the
	 * https URL of an image.  TOOL_USE: the arguments, a JSON object as
	 * text on one line.  TOOL_RESULT: NULL. */
	char *text;
	char *media; /* NULL: text, or a URL */
	char *name;  /* DOCUMENT: its file name, or NULL; TOOL_USE: the tool,
	              * as the client calls it */
	/* TOOL_USE, TOOL_RESULT: which call; made here, not the client's, and
	 * unique in the request, [A-Za-z0-9_-].  The same call has the same
	 * one when the conversation has gone on: what the API has cached of it
	 * stays of use. */
	char *id;
	struct chat_part *parts; /* TOOL_RESULT: texts and images */
	size_t nparts;           /* may be 0 */
};

/*
 * The rules of Claude's API hold: a message of the assistant that has calls
 * ends with them, and the next message is the user's and begins with their
 * results, all of them and in their order.
 */
struct chat_message {
	enum chat_role role;
	struct chat_part *parts;
	size_t nparts; /* at least 1 */
};

/* A tool of the client's. */
struct chat_tool {
	char *name;        /* as the client calls it, 1 to 64 bytes */
	char *description; /* NULL: none */
	char *schema;      /* of its arguments: JSON text on one line, an object
	               * whose "type" is "object", otherwise as the client
	               * wrote it */
};

enum chat_choice {
	CHAT_CHOICE_AUTO,
	CHAT_CHOICE_NONE,
	CHAT_CHOICE_REQUIRED,
	CHAT_CHOICE_NAMED, /* choice_tool */
};

enum chat_format {
	CHAT_FORMAT_TEXT,
	CHAT_FORMAT_JSON,   /* json_object: any JSON object */
	CHAT_FORMAT_SCHEMA, /* json_schema: schema */
};

struct chat_request {
	char *model;  /* as sent; NULL where there is none */
	char *system; /* all system and developer texts, a blank line between
	               * messages; NULL: none */
	struct chat_message *messages; /* in order, empty ones dropped */
	size_t nmessages;              /* at least 1; the last is the user's */
	bool stream;
	bool include_usage; /* stream_options.include_usage */
	long max_tokens; /* max_completion_tokens, else max_tokens; 0: none */

	/* Claude as a model */
	struct chat_tool *tools; /* or functions */
	size_t ntools;
	bool functions; /* the client speaks of functions, not of tools: the
	                 * answer has a function_call */
	enum chat_choice choice;
	size_t choice_tool; /* NAMED: index of tools */
	bool serial;        /* parallel_tool_calls is false: one call at most */
	enum chat_format format;
	char *schema;      /* SCHEMA: JSON text on one line, an object as the
	                    * client wrote it, of a value of any type */
	char *temperature; /* JSON text of a number from 0 to 1; NULL: 1 */
	char *top_p;       /* likewise */
	char **stop;       /* sequences that end the answer; maybe only white
	                    * space, which the API does not take */
	size_t nstop;
	const char *effort; /* "low", "medium", "high", "xhigh", "max": static,
	                     * or NULL */
	bool no_thinking;   /* reasoning_effort is none; effort is NULL */
	long n;             /* answers, at least 1 */
};

/* NULL is no request, and fine. */
void chat_request_free(struct chat_request *r);

/* Is Claude to be a model and nothing else?  It is where the client has tools,
 * now or before, or wants a structured answer. */
bool chat_request_wants_model(const struct chat_request *r);

/* It is to be an agent: what only a model could do for it is taken away. */
void chat_request_no_model(struct chat_request *r);

/* What a part owns; not itself. */
void chat_part_clear(struct chat_part *part);

/* Takes message i out of the request. */
void chat_request_drop(struct chat_request *r, size_t i);

#endif
