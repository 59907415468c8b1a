/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One line of Claude's stream-json output as a typed event.  Pure.  Facts are
 * as measured with CLI 2.1.197; unknown lines and members are ignored.
 */
#ifndef CCP_CLAUDE_EVENT_H
#define CCP_CLAUDE_EVENT_H

#include <stdbool.h>
#include <stddef.h>

enum claude_event_type {
	CLAUDE_OTHER,      /* a sign of life, nothing more */
	CLAUDE_BAD_LINE,   /* not a JSON object */
	CLAUDE_NO_MEMORY,  /* lost: memory is out */
	CLAUDE_INIT,       /* system/init: session, version, model */
	CLAUDE_REQUESTING, /* system/status requesting: an API call begins */
	CLAUDE_RETRY,      /* system/api_retry: status, retry_delay_ms */
	CLAUDE_COMPLETED, /* command_lifecycle, behind the result of the line of
	                   * ours that began the turn (CLI 2.1.330) */
	CLAUDE_COMPACTING, /* it puts a summary in the conversation's place */
	CLAUDE_RATE_LIMIT, /* rate_limit_event rejected: resets_at */
	CLAUDE_MESSAGE_START, /* the API accepted: id */
	CLAUDE_TEXT,          /* text: a delta */
	CLAUDE_THINKING,      /* text: a delta */
	CLAUDE_TOOL_START, /* a tool_use block: tool, id of the call, block */
	CLAUDE_TOOL_INPUT, /* text: a fragment of its input, block */
	CLAUDE_MESSAGE_DELTA, /* stop_reason, usage of this API call */
	CLAUDE_ASSISTANT,     /* a finished block: uuid; error if synthetic;
	                       * of a tool_use tool, input */
	CLAUDE_TOOL_RESULT,   /* a user line the CLI made */
	CLAUDE_RESULT,        /* the last line of a run */
	CLAUDE_CONTROL_RESPONSE,
	CLAUDE_TOOL_CALL, /* it waits for the client to run a tool; all blocks
	                   * of a message that is not streamed came before */
	CLAUDE_CONTROL_REQUEST, /* subtype; of mcp_message: method, rpc_id */
};

enum claude_stop {       /* stop_reason */
	CLAUDE_STOP_END, /* end_turn, stop_sequence, and any unknown one */
	CLAUDE_STOP_TOOL,
	CLAUDE_STOP_LENGTH, /* max_tokens, model_context_window_exceeded */
	CLAUDE_STOP_REFUSAL,
};

struct claude_usage {
	long long input, cache_creation, cache_read, output;
};

struct claude_event {
	enum claude_event_type type;
	bool nested;     /* of a sub-agent: parent_tool_use_id is set */
	bool synthetic;  /* ASSISTANT: model "<synthetic>", not an answer */
	bool is_error;   /* RESULT, CONTROL_RESPONSE */
	bool lost;       /* a part of it: NO_MEMORY */
	bool structured; /* RESULT: it has a structured_output */
	bool own;        /* RESULT: of a turn that the CLI began by itself */
	int block;       /* TOOL_START, TOOL_INPUT: index in the message; -1:
	                  * it has none */
	int status;      /* RESULT, RETRY: HTTP status of the API, 0: none */
	double retry_delay_ms;
	long long resets_at; /* seconds since 1970 */
	/* MESSAGE_DELTA; ASSISTANT, right only if it was not streamed. */
	enum claude_stop stop;
	struct claude_usage usage; /* the same, and RESULT */
	long turns;      /* RESULT: 1, and each user line that the CLI made */
	double cost_usd; /* RESULT: of the whole process */
	bool in_line;    /* text is not owned, but a part of the line */
	/* Owned by the event; NULL where the line has none. */
	char *text;  /* delta; ASSISTANT: its text; RESULT: result or errors */
	char *error; /* ASSISTANT.error, RETRY.error */
	char *subtype; /* RESULT, CONTROL_REQUEST */
	char *id;      /* message id; request_id of control lines; TOOL_START:
	                 * of the call */
	char *uuid;    /* ASSISTANT */
	char *session; /* INIT, RESULT */
	char *version; /* INIT: claude_code_version; CONTROL_REQUEST mcp_message
	                 * initialize: the protocolVersion it asks for */
	char *terminal; /* RESULT: terminal_reason */
	char *tool;  /* TOOL_START, ASSISTANT: the tool as the model calls it */
	char *input; /* ASSISTANT: what for, a JSON text */
	char *server; /* CONTROL_REQUEST mcp_message: to which it goes */
	char *method; /* CONTROL_REQUEST mcp_message: of JSON-RPC */
	char *call;   /* the same, tools/call: id of the tool_use */
	char *rpc_id; /* the same: its id as JSON text; NULL: none */
};

struct claude_stencil;

/* Parses len bytes, which may be changed, and have to stay for as long as the
 * event's text is read (in_line).  The caller frees with claude_event_clear().
 * s, which may be NULL, is of the lines before, and makes those that are like
 * them quicker (claude_delta.h). */
void claude_event_parse(
    char *line, size_t len, struct claude_stencil *s, struct claude_event *ret);
void claude_event_clear(struct claude_event *e);

#endif
