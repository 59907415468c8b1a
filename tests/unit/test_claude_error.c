/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_error.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "claude_version.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define INVALID      "invalid_request_error"
#define SERVER       "server_error"

/* What the CLI tells its user and a client shall not read. */
#define PRIVATE "Please run /login at gateway.example"

static const struct {
	struct claude_failure is;
	int status;
	const char *type, *code; /* NULL: none */
} rows[] = {
    /* the API's own verdicts */
    {{.status = 400, .error = "unknown", .text = "API Error: 400 bad thing"},
	400, INVALID, NULL},
    {{.status = 400,
	 .error = "invalid_request",
	 .terminal = "prompt_too_long",
	 .text = "Prompt is too long"},
	400, INVALID, "context_length_exceeded"},
    {{.status = 400, .error = "invalid_request", .text = "Prompt is too long"},
	400, INVALID, "context_length_exceeded"},
    {{.terminal = "prompt_too_long"}, 400, INVALID, "context_length_exceeded"},
    {{.status = 413,
	 .error = "invalid_request",
	 .text = "Request too large (max 32MB)."},
	413, INVALID, NULL},
    {{.status = 404, .error = "model_not_found", .text = PRIVATE}, 404, INVALID,
	"model_not_found"},
    {{.status = 404, .error = "unknown"}, 404, INVALID, "model_not_found"},
    {{.error = "model_not_found"}, 404, INVALID, "model_not_found"},
    /* this machine's login, not the client's key */
    {{.status = 401, .error = "authentication_failed", .text = PRIVATE}, 502,
	SERVER, "upstream_auth"},
    {{.status = 403, .error = "authentication_failed", .text = PRIVATE}, 502,
	SERVER, "upstream_auth"},
    {{.error = "authentication_failed", .text = PRIVATE}, 502, SERVER,
	"upstream_auth"},
    /* money */
    {{.status = 400, .error = "billing_error", .text = PRIVATE}, 429,
	"insufficient_quota", "insufficient_quota"},
    {{.status = 402, .error = "unknown", .text = "API Error: 402 pay"}, 429,
	"insufficient_quota", "insufficient_quota"},
    /* limits */
    {{.status = 429, .error = "rate_limit", .text = PRIVATE}, 429,
	"rate_limit_error", "rate_limit_exceeded"},
    {{.error = "rate_limit", .text = PRIVATE}, 429, "rate_limit_error",
	"rate_limit_exceeded"},
    {{.status = 529, .error = "server_error", .text = PRIVATE}, 503, SERVER,
	"overloaded"},
    {{.status = 529, .error = "overloaded"}, 503, SERVER, "overloaded"},
    {{.error = "overloaded"}, 503, SERVER, "overloaded"},
    /* the API or the way to it */
    {{.status = 500, .error = "server_error", .text = PRIVATE}, 502, SERVER,
	"upstream_error"},
    {{.status = 502, .error = "server_error"}, 502, SERVER, "upstream_error"},
    {{.status = 503, .error = "server_error"}, 502, SERVER, "upstream_error"},
    {{.error = "server_error",
	 .text = "API Error: Unable to connect to API (ConnectionRefused)"},
	502, SERVER, "upstream_error"},
    {{.error = "server_error",
	 .text = "API Error: Connection to the API was lost (ECONNRESET)"},
	502, SERVER, "upstream_error"},
    {{.error = "unknown", .text = "API Error: JSON Parse error"}, 502, SERVER,
	"upstream_error"},
    {{.text = NULL}, 502, SERVER, "upstream_error"},
    {{.status = 418}, 502, SERVER, "upstream_error"},
    {{.error = "server_error", .text = "Request timed out"}, 504, SERVER,
	"timeout"},
    /* limits of ours, when nothing was said */
    {{.subtype = "error_max_turns",
	 .terminal = "max_turns",
	 .text = "Reached maximum number of turns (1)"},
	500, SERVER, "max_turns"},
    {{.subtype = "error_max_budget_usd"}, 500, SERVER, "max_budget"},
    {{.subtype = "error_during_execution", .text = PRIVATE}, 502, SERVER,
	"upstream_error"},
    {{.subtype = "success", .status = 429}, 429, "rate_limit_error",
	"rate_limit_exceeded"},
};

static void
assert_text(const char *is, const char *wanted)
{
	if (wanted == NULL)
		ck_assert_ptr_null(is);
	else
		ck_assert_str_eq(is, wanted);
}

START_TEST(outcomes)
{
	struct api_error e;

	claude_error_of(&rows[_i].is, &e);
	ck_assert_int_eq(e.status, rows[_i].status);
	assert_text(e.type, rows[_i].type);
	assert_text(e.code, rows[_i].code);
	ck_assert_str_ne(e.message, "");
	ck_assert_str_eq(e.param, "");
	/* The CLI's words are for its own user. */
	ck_assert_ptr_null(strstr(e.message, "login at"));
	ck_assert_ptr_null(strstr(e.message, "example"));
	ck_assert_ptr_null(strstr(e.message, "ECONN"));
}
END_TEST

START_TEST(a_400_says_what_the_api_said)
{
	struct claude_failure f = {.status = 400,
	    .error = "unknown",
	    .text = "API Error: 400 messages.0: too odd"};
	struct api_error e;

	claude_error_of(&f, &e);
	ck_assert_ptr_nonnull(strstr(e.message, ": messages.0: too odd"));
	f.text = "Something else with API Error: 400 inside " PRIVATE;
	claude_error_of(&f, &e);
	ck_assert_ptr_null(strstr(e.message, "Something"));
	f.text = "API Error: 400 ";
	claude_error_of(&f, &e);
	ck_assert_int_eq(e.status, 400);
}
END_TEST

START_TEST(a_long_400_is_cut_at_a_character)
{
	static char text[3 * LIMIT_ERROR_TEXT_BYTES] = "API Error: 400 ";
	struct claude_failure f = {.status = 400, .text = text};
	struct api_error e;
	size_t n = strlen(text), len;

	while (n + 4 < sizeof text) {
		memcpy(text + n, "\xE2\x82\xAC", 4);
		n += 3;
	}
	claude_error_of(&f, &e);
	len = strlen(e.message);
	ck_assert_uint_lt(len, LIMIT_ERROR_TEXT_BYTES);
	ck_assert_uint_gt(len, LIMIT_ERROR_TEXT_BYTES - 8);
	ck_assert_str_eq(e.message + len - 3, "\xE2\x82\xAC");
}
END_TEST

static long
wait_of(const struct claude_failure *f)
{
	struct api_error e;

	claude_error_of(f, &e);
	return e.retry_after;
}

START_TEST(retry_after_of_a_limit)
{
	struct claude_failure f = {.status = 429, .now = 1000};

	ck_assert_int_eq(wait_of(&f), 0); /* not known: not said */
	f.resets_at = 1090;
	ck_assert_int_eq(wait_of(&f), 90);
	f.resets_at = 1000;
	ck_assert_int_eq(wait_of(&f), 0);
	f.resets_at = 900; /* over already */
	ck_assert_int_eq(wait_of(&f), 0);
	f.resets_at = 0;
	f.retry_delay_ms = 58500.7; /* rounded up: not too early */
	ck_assert_int_eq(wait_of(&f), 59);
	f.resets_at = 5000;
	ck_assert_int_eq(wait_of(&f), 59);
	f.retry_delay_ms = 0.5;
	ck_assert_int_eq(wait_of(&f), 1);
}
END_TEST

START_TEST(absurd_delays_are_no_delays)
{
	struct claude_failure f = {.status = 429, .now = 1000};

	f.retry_delay_ms = 1e300;
	ck_assert_int_eq(wait_of(&f), 0);
	f.retry_delay_ms = -1e300;
	ck_assert_int_eq(wait_of(&f), 0);
	f.retry_delay_ms = 0;
	f.resets_at = LLONG_MAX;
	f.now = 0;
	ck_assert_int_ge(wait_of(&f), 0);
}
END_TEST

START_TEST(an_overload_names_a_time)
{
	struct claude_failure f = {.status = 529, .now = 1000};

	ck_assert_int_gt(wait_of(&f), 0);
	f.retry_delay_ms = 20000;
	ck_assert_int_eq(wait_of(&f), 21);
}
END_TEST

START_TEST(only_429_and_503_say_when)
{
	struct claude_failure f = {
	    .now = 1000, .resets_at = 2000, .retry_delay_ms = 9000};
	static const int statuses[] = {0, 400, 401, 404, 413, 500, 502};
	size_t i;

	for (i = 0; i < COUNT(statuses); i++) {
		f.status = statuses[i];
		ck_assert_int_eq(wait_of(&f), 0);
	}
}
END_TEST

START_TEST(a_failed_start)
{
	static const enum child_stage stages[] = {
	    CHILD_FORK, CHILD_SETUP, CHILD_EXEC};
	struct child_error error = {.stage = CHILD_CHDIR, .error = ENOENT};
	struct api_error e;
	size_t i;

	claude_error_start(&error, &e);
	ck_assert_int_eq(e.status, 500);
	ck_assert_str_eq(e.type, SERVER);
	ck_assert_ptr_nonnull(strstr(e.message, "working directory"));
	ck_assert_ptr_nonnull(strstr(e.message, strerror(ENOENT)));
	for (i = 0; i < COUNT(stages); i++) {
		error.stage = stages[i];
		error.error = EACCES;
		claude_error_start(&error, &e);
		ck_assert_int_eq(e.status, 503);
		ck_assert_str_eq(e.type, SERVER);
		ck_assert_ptr_nonnull(strstr(e.message, strerror(EACCES)));
	}
}
END_TEST

START_TEST(an_end_without_a_result)
{
	struct api_error e;

	claude_error_ended("signal 9", "panic: a secret", true, &e);
	ck_assert_int_eq(e.status, 502);
	ck_assert_str_eq(e.type, SERVER);
	ck_assert_str_eq(e.code, "claude_ended");
	ck_assert_ptr_nonnull(strstr(e.message, "signal 9"));
	ck_assert_ptr_null(strstr(e.message, CLAUDE_VERSION_LEAST));
	ck_assert_ptr_null(strstr(e.message, "secret"));
}
END_TEST

START_TEST(an_end_without_a_beginning)
{
	struct api_error e;

	claude_error_ended("exit 1", "", false, &e);
	ck_assert_str_eq(e.code, "claude_ended");
	ck_assert_ptr_nonnull(
	    strstr(e.message, "needs Claude Code " CLAUDE_VERSION_LEAST));
	claude_error_ended("exit 1", "error: unknown option '--x'", false, &e);
	ck_assert_int_eq(e.status, 502);
	ck_assert_str_eq(e.type, SERVER);
	ck_assert_str_eq(e.code, "claude_too_old");
	ck_assert_ptr_nonnull(strstr(e.message,
	    "Claude Code is too old: ccp needs " CLAUDE_VERSION_LEAST));
}
END_TEST

START_TEST(an_old_version)
{
	struct api_error e;

	claude_error_old("2.0.77", &e);
	ck_assert_int_eq(e.status, 502);
	ck_assert_str_eq(e.type, SERVER);
	ck_assert_str_eq(e.code, "claude_too_old");
	ck_assert_ptr_nonnull(strstr(e.message,
	    "Claude Code 2.0.77 is too old: ccp needs " CLAUDE_VERSION_LEAST));
}
END_TEST

START_TEST(a_timer_of_ours)
{
	struct api_error e;

	claude_error_timeout("CLAUDE_TIMEOUT_MS", 1234, &e);
	ck_assert_int_eq(e.status, 504);
	ck_assert_str_eq(e.type, SERVER);
	ck_assert_str_eq(e.code, "timeout");
	ck_assert_ptr_nonnull(strstr(e.message, "1234"));
	ck_assert_ptr_nonnull(strstr(e.message, "CLAUDE_TIMEOUT_MS"));
}
END_TEST

Suite *
suite_claude_error(void)
{
	Suite *s = suite_create("claude_error");
	TCase *t = tcase_create("claude_error");

	tcase_add_loop_test(t, outcomes, 0, (int)COUNT(rows));
	tcase_add_test(t, a_400_says_what_the_api_said);
	tcase_add_test(t, a_long_400_is_cut_at_a_character);
	tcase_add_test(t, retry_after_of_a_limit);
	tcase_add_test(t, absurd_delays_are_no_delays);
	tcase_add_test(t, an_overload_names_a_time);
	tcase_add_test(t, only_429_and_503_say_when);
	tcase_add_test(t, a_failed_start);
	tcase_add_test(t, an_end_without_a_result);
	tcase_add_test(t, an_end_without_a_beginning);
	tcase_add_test(t, an_old_version);
	tcase_add_test(t, a_timer_of_ours);
	suite_add_tcase(s, t);
	return s;
}
