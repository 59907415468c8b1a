#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the CLI has been seen to write, and what ccp makes of it: each turn of
tests/lib/recorded.py through ccp-handler, answered whole and streamed."""
import json
import os
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import recorded  # noqa: E402
from answers import ask  # noqa: E402
from ccp import Env, HandlerSocket  # noqa: E402
from tap import add, contains, eq, lacks, main, ok, test  # noqa: E402

CHECKED = set()

# Words of the CLI for a user at a terminal
PRIVATE = (recorded.NEVER_SHOWN, "/login", "--model", "127.0.0.1", "gateway",
           "API key ·", "session limit", "<html>", "ECONNRESET")


def check_refusals(lines, record):
    """What the CLI asked for was refused, each at once: it waits for that."""
    asked = [each["request_id"] for each in lines
             if each["type"] == "control_request"]
    said = [json.loads(json.loads(each).get("stdin", "{}"))
            for each in record.read_text(encoding="utf-8").splitlines()]
    answers = [each["response"] for each in said
               if each.get("type") == "control_response"]
    eq([each["request_id"] for each in answers], asked)
    for each in answers:
        eq((each["subtype"], sorted(each)),
           ("error", ["error", "request_id", "subtype"]))
        ok(isinstance(each["error"], str) and each["error"], "no reason")


def both(name, check, what="", texts=("hello",), **body):
    """The recording answered in one piece and as a stream."""
    CHECKED.add(name)

    def case(stream):
        child = {"CCP_DEMO_MODE": "", "CCP_DEMO_RECORD": "",
                 "CCP_DEMO_DELAY_MS": "0"}
        with Env(child=child) as env:
            path, record = (pathlib.Path(env.dir, n) for n in ("out", "in"))
            lines = recorded.write(name, path)
            env.environ["CCP_DEMO_MODE"] = f"replay={path}"
            env.environ["CCP_DEMO_RECORD"] = str(record)
            with HandlerSocket(env) as handler:
                answer = ask(handler.http, *texts, stream=stream, **body)
                for word in PRIVATE:
                    lacks(answer.response.body.decode(), word)
                lacks(answer.text, "API Error")
                check(answer)
                env.wait_gone(handler.pid)
            check_refusals(lines, record)

    title = f"{name}{what}"
    add(title, lambda: case(False))
    add(f"{title}, streamed", lambda: case(True))


def answer_is(text, finish="stop", calls=1, reasoning=""):
    """calls: so many API calls are in the usage."""
    def check(answer):
        eq((answer.status, answer.error), (200, None))
        eq(answer.text, text)
        eq(answer.reasoning, reasoning)
        eq(answer.finish, finish)
        given, created, cached, said = recorded.times(calls)
        eq(answer.usage["prompt_tokens"], given + created + cached)
        eq(answer.usage["prompt_tokens_details"]["cached_tokens"], cached)
        eq(answer.usage["completion_tokens"], said)
    return check


def error_is(status, kind, code=None, wait=None):
    """wait: what Retry-After may be."""
    def check(answer):
        eq(answer.status, status, repr(answer))
        eq(answer.error["type"], kind)
        if code:
            eq(answer.error["code"], code)
        if wait is not None:
            ok(answer.retry_after() in wait, f"{answer.retry_after()}")
    return check


def broken_is(text, status, kind):
    """An error behind some text: what was sent stays; there is no finish, and
    (answers.py sees to it) no [DONE]."""
    def check(answer):
        eq(answer.error["type"], kind)
        if answer.broken:
            eq((answer.status, answer.text, answer.finish), (200, text, None))
        else:
            eq(answer.status, status)
    return check


# --- answers ----------------------------------------------------------------

both("plain_text", answer_is("Good day to you."))
both("unicode", answer_is(recorded.UNICODE.replace("\0", "\ufffd")))
both("thinking_multiblock", answer_is("One block, and another.",
                                      reasoning="first this, then"))
both("redacted_thinking", answer_is("Behind the curtain."))
both("agentic_bash", answer_is("I look around.\n\nTwo files.", calls=2))
both("permission_denied", answer_is("I write it.\n\nI may not.", calls=2))
both("max_turns", answer_is("I look around.", "length"))
both("max_tokens_autocontinue",
     answer_is("The first half and the second.", calls=2))
both("max_tokens_autocontinue", answer_is("The first half", "length"),
     " with a maximum", max_tokens=100)
both("max_tokens_exhausted",
     answer_is("part 1 part 2 part 3 part 4 ", "length", calls=4))
both("max_tokens_exhausted", answer_is("part 1 ", "length"),
     " with a maximum", max_tokens=100)
both("stop_sequence", answer_is("Up to here"))
both("refusal", answer_is("I begin", "content_filter"))
both("empty_output_nudge", answer_is("Now then.", calls=2))
both("retry_then_ok", answer_is("Got through."))
both("rate_limit_warning", answer_is("Still allowed."))
both("model_fallback", answer_is("Another model."))
both("compact", answer_is("Where were we?"))
# Commands never reach the CLI as such; their words are no answer all the same.
both("compact_by_hand", answer_is("", calls=0))
both("slash_disabled", answer_is("", calls=0))
both("slash_command_hazard", answer_is("", calls=0), texts=("/cost",))
both("at_file_hazard", answer_is("It is a list of names."),
     texts=("@a.txt what is in it",))
both("image", answer_is("A single red dot."))
both("replayed_history", answer_is("As I said."),
     texts=("one", "two", "three", "four", "five", "six", "seven"))
both("history_ends_in_tool_result", answer_is("So it rains."),
     texts=("one", "two", "three"))
# Behind the result of the turn that was asked for is nothing of this answer.
both("two_turns", answer_is("The first."))

# --- nobody has asked for this ----------------------------------------------

both("json_schema", answer_is("Here you are."))
both("permission_prompt_stdio", answer_is("I write it.\n\nI may not.",
                                          calls=2))
both("client_tool", answer_is("I ask.\n\nIt rains at noon.", calls=2,
                              reasoning="who knows?"))
for each_way in "client_tools_parallel", "client_tools_serial":
    both(each_way, answer_is("I ask.\n\nIt rains at noon.", calls=2))


def check_fallback(answer):
    """What was sent of the broken stream cannot be taken back; ccp switches
    this off, so only a user who switches it on again sees it."""
    eq((answer.status, answer.finish), (200, "stop"))
    ok(answer.text.endswith("This stops in the end."), answer.text)
    eq(answer.usage["completion_tokens"], recorded.USAGE[3])


both("stream_drop_fallback", check_fallback)

# --- errors -----------------------------------------------------------------

INVALID = "invalid_request_error"
SERVER = "server_error"
QUOTA = "insufficient_quota"
LIMITED = (429, "rate_limit_error", "rate_limit_exceeded")
AUTH = (502, SERVER, "upstream_auth")

both("stream_drop_nofallback", broken_is("This stops in the ", 502, SERVER))
both("stream_overloaded_nofallback",
     broken_is("This stops in the ", 502, SERVER))
both("interrupt", broken_is("word word word ", 502, SERVER))


def check_400(answer):
    error_is(400, INVALID)(answer)
    contains(answer.error["message"], "messages.0: made up")


both("error_400", check_400)
both("error_400_credit", error_is(429, QUOTA, QUOTA))
both("error_400_prompt_too_long",
     error_is(400, INVALID, "context_length_exceeded"))
both("error_401", error_is(*AUTH))
both("error_402", error_is(429, QUOTA, QUOTA))
both("error_403", error_is(*AUTH))
both("error_404_model", error_is(404, INVALID, "model_not_found"))
both("error_413", error_is(413, INVALID))
both("error_429", error_is(*LIMITED))
both("error_429_retry_after", error_is(*LIMITED))
both("error_429_subscription_limit", error_is(
    *LIMITED, wait=range(recorded.LIMIT_SECONDS - 120,
                         recorded.LIMIT_SECONDS + 1)))
both("error_500", error_is(502, SERVER))
both("error_502_html", error_is(502, SERVER))
both("error_529", error_is(503, SERVER, "overloaded", wait=range(1, 61)))
both("error_connection_refused", error_is(502, SERVER))
both("error_connection_reset", error_is(502, SERVER))
both("error_not_logged_in", error_is(*AUTH))
both("error_timeout", error_is(504, SERVER, "timeout"))
both("error_resume_unknown", error_is(502, SERVER))


@test("every recording is here")
def _():
    eq(set(recorded.RECORDINGS) - CHECKED, set())


if __name__ == "__main__":
    main()
