/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_error.h"

#include <string.h>

#include "claude_version.h"

#include "banned.h"

#define INVALID "invalid_request_error"
#define SERVER  "server_error"

struct outcome {
	int api_status;    /* 0: any */
	const char *error; /* NULL: any */
	int http_status;
	const char *type, *code, *message;
};

/*
 * The first row that fits.  The CLI's own words ("Please run /login", names
 * of hosts) are for its user at a terminal; these are for whoever reads an
 * API client's error.  401 and 403 of the API are about this machine's login,
 * not about the client's key, so the client does not get a 401.
 */
static const struct outcome outcomes[] = {
    {0, "model_not_found", 404, INVALID, "model_not_found",
	"Claude does not know this model, or this account may not use it."},
    {404, NULL, 404, INVALID, "model_not_found",
	"Claude does not know this model, or this account may not use it."},
    {0, "billing_error", 429, "insufficient_quota", "insufficient_quota",
	"The Claude account of this machine has no credit left."},
    {402, NULL, 429, "insufficient_quota", "insufficient_quota",
	"The Claude account of this machine has no credit left."},
    {413, NULL, 413, INVALID, NULL,
	"The request is too large for the Claude API."},
    {400, NULL, 400, INVALID, NULL, "The Claude API refused the request."},
    {401, NULL, 502, SERVER, "upstream_auth",
	"Claude Code on this machine is not logged in, or its key is not "
	"valid: run 'claude' there and log in."},
    {403, NULL, 502, SERVER, "upstream_auth",
	"Claude Code on this machine may not use the API: check its login."},
    {0, "authentication_failed", 502, SERVER, "upstream_auth",
	"Claude Code on this machine is not logged in: run 'claude' there "
	"and log in."},
    {429, NULL, 429, "rate_limit_error", "rate_limit_exceeded",
	"The limit of the Claude account is reached: wait, then try again."},
    {529, NULL, 503, SERVER, "overloaded",
	"The Claude API is overloaded: try again in a while."},
    /* Without a status: a limit or an overload told in another way. */
    {0, "rate_limit", 429, "rate_limit_error", "rate_limit_exceeded",
	"The limit of the Claude account is reached: wait, then try again."},
    {0, "overloaded", 503, SERVER, "overloaded",
	"The Claude API is overloaded: try again in a while."},
    {0, "timeout", 504, SERVER, "timeout",
	"The Claude API did not answer in time."},
    {0, NULL, 502, SERVER, "upstream_error",
	"The Claude API failed or could not be reached: try again."},
};

static bool
fits(const struct outcome *o, const struct claude_failure *f)
{
	if (o->api_status != 0 && o->api_status != f->status)
		return false;
	return o->error == NULL ||
	       (f->error != NULL && strcmp(o->error, f->error) == 0);
}

static bool
says(const struct claude_failure *f, const char *words)
{
	return f->text != NULL && strstr(f->text, words) != NULL;
}

static bool
prompt_too_long(const struct claude_failure *f)
{
	return (f->terminal != NULL &&
		   strcmp(f->terminal, "prompt_too_long") == 0) ||
	       says(f, "Prompt is too long");
}

/* It ended by a limit of ours or of the user's, and said nothing. */
static bool
used_up(const struct claude_failure *f, struct api_error *e)
{
	if (f->subtype == NULL)
		return false;
	if (strcmp(f->subtype, "error_max_turns") == 0)
		api_error_set(e, 500, SERVER, "max_turns",
		    "Claude took as many turns as it may (CLAUDE_MAX_TURNS) "
		    "without an answer.");
	else if (strcmp(f->subtype, "error_max_budget_usd") == 0)
		api_error_set(e, 500, SERVER, "max_budget",
		    "Claude used up its budget without an answer.");
	else
		return false;
	return true;
}

/* A 400 is about the request itself, so its author needs to read it. */
static void
add_api_words(const struct claude_failure *f, struct api_error *e)
{
	static const char prefix[] = "API Error: 400 ";

	if (f->status == 400 && f->text != NULL &&
	    strncmp(f->text, prefix, sizeof(prefix) - 1) == 0)
		api_error_set(e, e->status, e->type, e->code,
		    "The Claude API refused the request: %s",
		    f->text + sizeof(prefix) - 1);
}

static long
seconds_to_wait(const struct claude_failure *f, int status)
{
	if (f->retry_delay_ms > 0 && f->retry_delay_ms < 1e10)
		return (long)(f->retry_delay_ms / 1000) + 1;
	if (f->resets_at > f->now)
		return (long)(f->resets_at - f->now);
	return status == 503 ? 5 : 0;
}

void
claude_error_of(const struct claude_failure *f, struct api_error *ret)
{
	struct claude_failure use = *f;
	const struct outcome *o = outcomes;

	if (used_up(f, ret))
		return;
	if (prompt_too_long(f)) {
		api_error_set(ret, 400, INVALID, "context_length_exceeded",
		    "The conversation is too long for this model's context.");
		return;
	}
	/* The CLI has no error code for this one, only its words. */
	if (f->status == 0 && says(f, "timed out"))
		use.error = "timeout";
	while (!fits(o, &use))
		o++;
	api_error_set(ret, o->http_status, o->type, o->code, "%s", o->message);
	add_api_words(f, ret);
	if (ret->status == 429 || ret->status == 503)
		ret->retry_after = seconds_to_wait(f, ret->status);
}

void
claude_error_start(const struct child_error *e, struct api_error *ret)
{
	if (e->stage == CHILD_CHDIR)
		api_error_set(ret, 500, SERVER, "working_directory",
		    "The working directory cannot be entered: %s",
		    strerror(e->error));
	else
		api_error_set(ret, 503, SERVER, "claude_unavailable",
		    "Claude Code could not be started: %s", strerror(e->error));
}

void
claude_error_ended(
    const char *what, const char *said, bool begun, struct api_error *ret)
{
	if (strstr(said, "unknown option") != NULL)
		claude_error_old("", ret);
	else
		api_error_set(ret, 502, SERVER, "claude_ended",
		    "Claude Code ended without an answer (%s): see ccp's "
		    "log.%s",
		    what,
		    begun ? ""
			  : " ccp needs Claude Code " CLAUDE_VERSION_LEAST
			    " or newer.");
}

void
claude_error_old(const char *version, struct api_error *ret)
{
	api_error_set(ret, 502, SERVER, "claude_too_old",
	    "Claude Code %s%sis too old: ccp needs " CLAUDE_VERSION_LEAST
	    " or newer. Run 'claude update' on this machine.",
	    version, version[0] == '\0' ? "" : " ");
}

void
claude_error_timeout(const char *setting, long ms, struct api_error *ret)
{
	api_error_set(ret, 504, SERVER, "timeout",
	    "Claude Code did not finish within %ld ms (%s).", ms, setting);
}
