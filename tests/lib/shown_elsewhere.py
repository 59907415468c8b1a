# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of doc/protocol.md and the cases that show them: tables of In, by the
first cell of each row."""
import re

from ccp import SRC
from tap import ok


class In:
    """A case elsewhere: the beginning of its name in a script of tests/e2e, or
    the name of a unit test."""

    def __init__(self, script, *names):
        self.script, self.names = script, names

    def check(self, _):
        e2e = self.script.endswith(".py")
        path = SRC / "tests" / ("e2e" if e2e else "unit") / self.script
        text = path.read_text(encoding="utf-8")
        for name in self.names:
            sign = '["(]?"' + re.escape(name) if e2e \
                else rf"START_TEST\({name}\)"
            ok(re.search(sign, text), f"{self.script} has no {name}")


REAL = "test_real_cli.py"
ENDPOINTS = {
    "`GET /health`": [In("test_http.py", "RFC 9110 9.3.1: GET")],
    "`GET /v1/models`": [
        In("test_models.py", "GET /v1/models lists the aliases"),
        In("test_access.py", "RFC 9110 15.5.2: 401 without a key")],
    "`GET /v1/models/{name}`": [
        In("test_models.py", "GET /v1/models/NAME is each of the listed",
           "GET /v1/models/NAME of another name is a 404")],
    "`POST /v1/chat/completions`": [
        In("test_demo.py", "the demo backend says what it is"),
        In("test_http_pipeline.py", "RFC 9112 9.3: a refused body ends")],
}
CONTEXT = {
    "counts": [In("test_session_key.c", "all_else_counts",
                  "place_and_key_count", "images_and_files_count",
                  "calls_and_results_count")],
    "does not count": [In("test_session_key.c", "the_form_does_not_count",
                          "ids_of_calls_do_not_count")],
    "system texts": [
        In("test_session.c", "system_texts",
           "the_system_text_of_a_later_turn"),
        In("test_sessions.py", "the system text is the request's")],
}
BUSY = "who finds the queue full gets 503, busy and Retry-After"
OUTCOMES = {
    "the API says 400": [In(REAL, "400"), In(
        "test_claude_error.c", "a_400_says_what_the_api_said")],
    "prompt too long": [In(REAL, "400, prompt too long")],
    "413": [In(REAL, "413")],
    "404, unknown model": [In(REAL, "404")],
    "401, 403, not logged in": [
        In(REAL, "401", "403", "not logged in is the server's fault")],
    "402, no credit left": [In(REAL, "402", "400, no credit")],
    "429": [In(REAL, "429", "a retry-after beyond the hold-back",
               "a subscription's limit is a 429")],
    "529": [In(REAL, "529"), In("test_claude_error.c",
                                "an_overload_names_a_time")],
    "other 5xx, refused, reset, stream broken": [
        In(REAL, "500", "an API that refuses connections is a 502"),
        In("test_demo.py", "a stream that breaks")],
    "no answer in time (the API's, CLAUDE_TIMEOUT_MS, "
    "CLAUDE_IDLE_TIMEOUT_MS)": [
        In(REAL, "an API that does not answer is a 504"),
        In("test_demo.py", "silence is a 504", "too long a turn is a 504")],
    "refusal": [In(REAL, "a refusal is content_filter")],
    "output limit": [In("test_chat_turn.c", "the_models_own_maximum"),
                     In(REAL, "every maximum makes a request")],
    "CLAUDE_MAX_TURNS reached": [
        In(REAL, "CLAUDE_MAX_TURNS with text",
           "CLAUDE_MAX_TURNS without text is a 500")],
    "the user's budget used up": [
        In("test_chat_turn.c", "used_up_turns_and_budget")],
    "claude does not take the system prompt": [
        In("test_chat_turn.c", "a_refused_system_prompt_is_an_error")],
    "claude is older than 2.1.153, and fails": [
        In("test_real_cli_oldest.py", "Claude Code 2.0.0 fails"),
        In("test_demo.py", "an option that claude does not know")],
    "claude ended without an answer": [
        In("test_demo.py", "an exit with status 0 and no word is a 502"),
        In("test_claude_error.c", "an_end_without_a_result")],
    "claude not found or not to be started": [
        In("test_demo.py", "no claude is a 503"),
        In("test_claude_error.c", "a_failed_start")],
    "its directory (CLAUDE_WORKING_DIR, the key's) cannot be used": [
        In("test_directory.py",
           "a CLAUDE_WORKING_DIR that cannot be used is a 500")],
    "CLAUDE_MAX_PROCESSES run, and 64 requests wait, or this one has waited "
    "a minute": [In("test_limits.py", BUSY),
                 In("test_slots.c", "a_full_queue_refuses")],
    "ccp is shutting down": [
        In("test_serve.c", "term_while_a_body_is_on_its_way"),
        In("test_start.py", "a second TERM tells who waits")],
    "its configuration is broken": [In("test_serve.c",
                                       "a_broken_configuration_is_told")],
}
NONE = "strings that are none, in"
TEXT = {
    "encoding": [In("test_text.py", NONE, "bodies that are none")],
    "grammar": [In("test_text.py", NONE, "values that are none",
                   "bodies that are none")],
    "`\\u0000`, a surrogate without its other half": [
        In("test_text.py", NONE)],
    "U+2028, noncharacters, U+FEFF in a text, control characters as escapes, "
    "DEL": [In("test_text.py", "texts reach Claude as they are"),
            In("test_real_text.py", "texts reach the API as they are")],
    "a name that an object has twice": [
        In("test_text.py", "a name that is given twice is refused"),
        In("test_json_twice.c", "given_twice", "the_deepest")],
    "numbers": [In("test_text.py", "values that are none",
                   "numbers are passed on as they were written")],
    "sizes": [In("test_text.py", "values that are none",
                 "bodies that are none"),
              In("test_json_text.c", "depth_is_limited", "values_are_counted",
                 "keys_are_limited_strings_are_not")],
}
ACCESS = {
    "`Authorization: Bearer KEY`": [
        In("test_access.c", "bearer_keys", "keys_with_names",
           "a_missing_key_says_how")],
    "a wrong key": [
        In("test_serve.c", "wrong_keys_are_answered_late",
           "who_leaves_a_late_answer_keeps_its_place"),
        In("test_access.py", "a wrong key is logged with who sent it",
           "a missing key is no guess",
           "the third wrong key of a connection is its last",
           "guesses count as connections do")],
    "the default key": [
        In("test_access.c", "the_default_key_counts_on_loopback_only",
           "the_default_key_counts_under_names_of_loopback_only"),
        In("test_access.py", "the default key under another name")],
    "`Host`": [In("test_access.c", "hosts", "allowed_hosts"),
               In("test_access.py", "no Host", "a name that has come to mean "
                  "this machine")],
    "`Access-Control-Request-Private-Network`": [
        In("test_access.py", "a page asks for leave to reach a private")],
    "`Origin`": [In("test_access.c",
                    "with_the_default_key_only_loopback_origins",
                    "with_an_own_key_cors_origin_decides")],
    "`Content-Type`": [
        In("test_http_fields.py", "RFC 9110 15.5.16"),
        In("test_access.py", "a form of a page on this machine")],
    "`Content-Encoding`": [In("test_http_fields.py", "RFC 9110 8.4: 415")],
}
HTTP = {
    "bad grammar, bare CR, folded lines, white space before a colon, no or "
    "two `Host`, bad or repeated `Content-Length`, it and "
    "`Transfer-Encoding` together, bad chunks": [
        In("test_http.py", "RFC 9112 3.2: two Host fields",
           "RFC 9112 3.2: HTTP/1.1 without Host"),
        In("test_http_fields.py", "RFC 9112 2.2: a bare CR in a value",
           "RFC 9112 5.2: a folded line"),
        In("test_http_length.py", "RFC 9112 6.3: two lengths in different",
           "RFC 9112 6.1: Transfer-Encoding and Content-Length"),
        In("test_http_chunks.py", "more data than the size says",
           "more extensions than that")],
    "a head not whole after 10 s, a body after 60 s": [
        In("test_http_ends.py", "RFC 9110 15.5.9: 408 for half a head"),
        In("test_http_conn_time.c", "a_body_has_one_running_deadline")],
    "a POST without a body": [In("test_http_length.py",
                                  "RFC 9110 15.5.12: 411")],
    "a body over 32 MiB": [In("test_http_length.py",
                                 "RFC 9110 15.5.14: 413")],
    "a target over 8 KiB": [In("test_http.py",
                               "RFC 9112 3: a longer target")],
    "another expectation than 100-continue": [
        In("test_http_pipeline.py", "RFC 9110 15.5.18: 417")],
    "over 100 fields or 32 KiB of head, over 8 KiB of trailers": [
        In("test_http_fields.py", "RFC 6585 5: 431, one field more",
           "RFC 6585 5: 431, one byte more"),
        In("test_http_chunks.py", "RFC 6585 5: 431, endless trailers")],
    "CONNECT, a method too long to be one, another transfer coding than "
    "chunked": [
        In("test_http.py", "RFC 9110 9.3.6: CONNECT",
           "RFC 9112 3: an overlong method"),
        In("test_http_length.py", "RFC 9112 6.1: 501, another coding")],
    "more than MAX_CONNECTIONS (`too_many_connections`)": [
        In("test_limits.py", "MAX_CONNECTIONS holds over handlers")],
    "`ccp start` could not start a process for the connection "
    "(`no_handler`)": [In("test_start.py",
                          "a connection that no process can be started")],
    "another major version": [In("test_http.py",
                                 "RFC 9113 3.4: the preface")],
}
TRIED = [In("test_demo.py", "an old claude that works is a warning"),
         In("test_claude_version.c", "older", "not_older")]
CHILD = "test_child.py"
EXACTLY = In(CHILD, "the environment is documented as it is in the code",
             "a handler's claude has exactly the environment")
ENVIRONMENT = {
    "passed on": [EXACTLY],
    "never, whatever CLAUDE_ENV names": [
        EXACTLY, In(CHILD, "no key of ccp's is in it"),
        In("test_claude_args.c", "some_pass_not_even_by_claude_env")],
    "set where they are not": [
        EXACTLY, In("test_claude_args.c", "presets_yield_to_the_user")],
    "of parameters": [
        In(CHILD, "what parameters become is JSON in one variable"),
        In("test_claude_args.c", "parameters_reach_the_body",
           "max_tokens_is_the_clients", "the_environment_of_a_model")],
    "left behind": [EXACTLY,
                    In("test_claude_args.c", "all_else_stays_behind")],
}
VERSIONS = {
    "up to 2.1.150, tried: 2.0.0, 2.0.77, 2.1.0, 2.1.100, 2.1.123, 2.1.150":
        [In("test_real_cli_oldest.py", "Claude Code 2.0.0 fails"), *TRIED],
    "2.1.152": TRIED,
    "2.1.153": [In("test_real_cli_oldest.py", "the oldest is the one")],
    "2.1.154, 2.1.156, 2.1.158, 2.1.163, 2.1.168, 2.1.174, 2.1.187": TRIED,
    "2.1.197": [In(REAL, "an error that passes is not seen")],
    "2.1.330": [In("test_real_cli_newest.py")],
}
