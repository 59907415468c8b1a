#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests' own tools are strict: what they accept proves something."""
import json
import os
import sys
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from http_client import (BadResponse, parse_responses,  # noqa: E402
                         sse_events)
from mock_messages import Mock, answer, error, refusal  # noqa: E402
from named import Name, Wrong, check  # noqa: E402
from tap import Skip, add, contains, eq, fail, main, ok, test  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "mutants"))
import run as mutants  # noqa: E402
from table import Mutation  # noqa: E402


# --- the client -------------------------------------------------------------

GOOD = (b"HTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX:\r\n\r\nhi"
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"a\r\n0123456789\r\n2\r\nab\r\n0\r\n\r\n"
        b"HTTP/1.1 204 No Content\r\n\r\n"
        b"HTTP/1.1 404 \r\nConnection: close\r\n\r\nto the end")

BAD = [
    b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    b"HTTP/1.1 200\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx",
    b"HTTP/1.1 200 OK\r\n\r\nx",
    b"HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5"
    b"\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
]


@test("the client reads what is right")
def _():
    got = parse_responses(GOOD)
    eq([r.status for r in got], [100, 200, 200, 204, 404])
    eq([r.body for r in got], [b"", b"hi", b"0123456789ab", b"",
                               b"to the end"])
    eq(got[2].chunks, [10, 2])


@test("the client refuses what is only nearly right")
def _():
    for data in BAD:
        try:
            got = parse_responses(data)
        except BadResponse:
            continue
        fail(f"{data!r} was read as {got}")


@test("so does the reader of events")
def _():
    eq(sse_events(b"data: a\n\n: b\n\ndata: {}\n\n"),
       [("data", "a"), ("comment", "b"), ("data", "{}")])
    for data in (b"data: a\n", b"data:a\n\n", b"data: a\r\n\r\n", b"\n\n",
                 b"data: a\ndata: b\n\n", b"event: x\ndata: a\n\n"):
        try:
            got = sse_events(data)
        except BadResponse:
            continue
        fail(f"{data!r} was read as {got}")


# --- the Messages API -------------------------------------------------------

def request(**changes):
    body = {"model": "m", "max_tokens": 2000, "stream": True,
            "messages": [{"role": "user", "content": "hi"}], **changes}
    return {k: v for k, v in body.items() if v is not None}


TOOL = {"name": "n", "input_schema": {"type": "object"}}


def use(ident="t1", name="n", **more):
    return {"type": "tool_use", "id": ident, "name": name, "input": {}, **more}


def result(ident="t1", content="r"):
    return {"type": "tool_result", "tool_use_id": ident, "content": content}


def schema(**more):
    """A tool whose schema has more in it."""
    return {**TOOL, "input_schema": {"type": "object", **more}}


def talk(*messages):
    """Messages that alternate, the user first."""
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": c}
            for n, c in enumerate(messages)]


def text(value, **more):
    return [{"type": "text", "text": value, **more}]


MARKED = text("x", cache_control={"type": "ephemeral"})
ENABLED = {"type": "enabled", "budget_tokens": 1024}

TAKEN = [
    request(),
    request(thinking=ENABLED, temperature=1),
    request(thinking={"type": "disabled"}, temperature=0.2,
            tool_choice={"type": "any"}, tools=[TOOL]),
    request(thinking=ENABLED, top_p=0.95, stop_sequences=["END"],
            tool_choice={"type": "none"}, tools=[TOOL], context_management={
                "edits": [{"type": "clear_thinking_20251015",
                           "keep": "all"}]}),
    request(tools=[schema(properties={"a.b-C_1": {"anyOf": [{}]}})],
            tool_choice={"type": "tool", "name": "n",
                         "disable_parallel_tool_use": True},
            messages=talk("q", [use()], [result(content=text("r"))]
                          + text("and"))),
    request(messages=talk("q", [use()], [result(content=[])])),
    request(messages=talk("q", [use("a"), use("b")],
                          [result("b"), result("a")], "a", "q")),
    request(messages=talk("q", "a") + [{"role": "system", "content": "s"}]),
    request(system=MARKED, messages=talk(MARKED * 3)),
]

REFUSED = {
    "no model": request(model=None),
    "no max_tokens": request(max_tokens=None),
    "max_tokens 0": request(max_tokens=0),
    "no messages": request(messages=[]),
    "first message not the user's": request(messages=talk("q", "a")[1:]),
    "unknown role": request(messages=[{"role": "tool", "content": "x"}]),
    "empty content": request(messages=talk("q", "", "q")),
    "no blocks": request(messages=talk([])),
    "empty text": request(messages=talk(text(""))),
    "blank text": request(messages=talk(text(" \n"))),
    "empty text beside a tool_use": request(
        messages=talk("q", text("") + [use()], [result()])),
    "empty system text": request(system=text("")),
    "budget below 1024": request(
        thinking={"type": "enabled", "budget_tokens": 1023}),
    "budget not below max_tokens": request(
        thinking={"type": "enabled", "budget_tokens": 2000}),
    "thinking and temperature": request(thinking=ENABLED, temperature=0.5),
    "thinking and a forced tool": request(
        thinking=ENABLED, tools=[TOOL],
        tool_choice={"type": "tool", "name": "n"}),
    "adaptive thinking and any tool": request(
        thinking={"type": "adaptive"}, tools=[TOOL],
        tool_choice={"type": "any"}),
    "tool_use id": request(
        messages=talk("q", [use("functions.x:0")], [result("functions.x:0")])),
    "tool_use name": request(
        messages=talk("q", [use(name="a b")], [result()])),
    "adaptive thinking and temperature": request(
        thinking={"type": "adaptive"}, temperature=0.5),
    "thinking and a low top_p": request(thinking=ENABLED, top_p=0.9),
    "edits of thinking without thinking": request(context_management={
        "edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}),
    "temperature above 1": request(temperature=1.1),
    "temperature as text": request(temperature="0.5"),
    "top_p below 0": request(top_p=-0.1),
    "blank stop sequence": request(stop_sequences=["END", "\n"]),
    "stop sequence as text": request(stop_sequences="END"),
    "choice without tools": request(tool_choice={"type": "auto"}),
    "choice of another tool": request(
        tools=[TOOL], tool_choice={"type": "tool", "name": "other"}),
    "choice of an unknown kind": request(
        tools=[TOOL], tool_choice={"type": "required"}),
    "choice of none, and serial": request(
        tools=[TOOL], tool_choice={"type": "none",
                                   "disable_parallel_tool_use": True}),
    "tool without a schema": request(tools=[{"name": "n"}]),
    "schema of no object": request(tools=[schema(type="array")]),
    "schema without a type": request(
        tools=[{"name": "n", "input_schema": {"properties": {}}}]),
    "anyOf at the root of a schema": request(tools=[schema(anyOf=[])]),
    "name of a property": request(tools=[schema(properties={"a b": {}})]),
    "text before a result": request(
        messages=talk("q", [use()], text("no") + [result()])),
    "blank text in a result": request(
        messages=talk("q", [use()], [result(content=text(" "))])),
    "tool_use in a result": request(
        messages=talk("q", [use()], [result(content=[use()])])),
    "long tool_use id": request(
        messages=talk("q", [use("i" * 65)], [result("i" * 65)])),
    "long tool name": request(tools=[{**TOOL, "name": "n" * 129}]),
    "empty tool name": request(tools=[{**TOOL, "name": ""}]),
    "tool twice": request(tools=[TOOL, TOOL]),
    "duplicate ids": request(
        messages=talk("q", [use()], [result()], [use()], [result()])),
    "tool_use without result": request(messages=talk("q", [use()], "no")),
    "one of two results": request(
        messages=talk("q", [use("a"), use("b")], [result("a")])),
    "result too late": request(
        messages=talk("q", [use()], "wait", "what", [result()])),
    "tool_use at the end": request(messages=talk("q", [use()])),
    "result without tool_use": request(messages=talk([result()])),
    "result twice": request(
        messages=talk("q", [use()], [result(), result()])),
    "tool_use of the user": request(messages=talk([use()], "a", [result()])),
    "five cache_control": request(system=MARKED, messages=talk(MARKED * 4)),
    "five cache_control, one in a tool": request(
        tools=[{**TOOL, "cache_control": {}}],
        messages=talk(MARKED * 4)),
}


def post(api, body, path="/v1/messages?beta=true"):
    """Status, headers, text."""
    sent = urllib.request.Request(api.url + path, json.dumps(body).encode(),
                                  {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(sent, timeout=20) as got:
            return got.status, got.headers, got.read().decode()
    except urllib.error.HTTPError as got:
        return got.code, got.headers, got.read().decode()


@test("the mock takes what the API takes")
def _():
    for body in TAKEN:
        eq(refusal(body), None, json.dumps(body))


def refused(body):
    def case():
        why = refusal(body)
        ok(why, "it was taken")
        with Mock() as api:
            status, _, got = post(api, body)
            eq((status, json.loads(got)["error"]["type"]),
               (400, "invalid_request_error"))
            eq(api.refused, [why])
            eq(api.requests, [])
            api.refused.clear()
    return case


for name_, body_ in REFUSED.items():
    add(f"the mock refuses: {name_}", refused(body_))


@test("a test that did not expect a refusal fails")
def _():
    try:
        with Mock() as api:
            post(api, request(max_tokens=0))
    except AssertionError as why:
        contains(str(why), "max_tokens")
        return
    fail("it did not")


@test("the mock streams, follows its script, and shows what was asked")
def _():
    with Mock() as api:
        api.script(answer("a", "b", thinking=["t"], tools=[("n", {"k": 1})]),
                   error(429, "slow", {"retry-after": "7"}),
                   lambda r: answer("you said " + r.last_user()[0]))
        status, headers, got = post(api, request())
        eq((status, headers["Content-Type"].split(";")[0]),
           (200, "text/event-stream"))
        kinds = [line[7:] for line in got.split("\n")
                 if line.startswith("event: ")]
        eq((kinds[0], kinds[-2:]),
           ("message_start", ["message_delta", "message_stop"]))
        eq(kinds.count("content_block_start"), 3)
        contains(got, '"stop_reason": "tool_use"')
        status, headers, _ = post(api, request())
        eq((status, headers["retry-after"]), (429, "7"))
        _, _, got = post(api, request(
            messages=talk("q", "a", text("last", cache_control={}))
            + [{"role": "system", "content": "late"}]))
        contains(got, "you said last")
        eq(api.last().messages,
           [("user", ["q"]), ("assistant", ["a"]), ("user", ["last"])])
        status, _, got = post(api, request(stream=None))
        eq(json.loads(got)["content"][0]["text"], "Hello from the mock.")
        api.script(answer("a ", "b", thinking=["t"], tools=[("n", {"k": 1})]))
        status, _, got = post(api, request(stream=None))
        whole = json.loads(got)["content"]
        eq([block["type"] for block in whole],
           ["thinking", "text", "tool_use"])
        eq((whole[1]["text"], whole[2]["name"], whole[2]["input"]),
           ("a b", "n", {"k": 1}))


# --- names of tests, and mutations ------------------------------------------

@test("a test is found by its name, and what is none is not")
def _():
    for name in ("test_lib.py", "test_lib.py: a test is found", "fuzz http_head",
                 "unit session_store_damage/damage: an_end", "mutant obs-fold",
                 "unit http_parse: nul_bytes", "tests/lint/run: shellcheck"):
        check(Name(name))
    for name in ("test_none.py", "test_lib.py: no such case", "fuzz none",
                 "unit http_parse/none", "unit none", "mutant none",
                 "unit http_parse: no_such_test", "tests/lint/none",
                 "tests/lint/run: nothing like it", "a test", "unit"):
        try:
            check(Name(name))
        except Wrong:
            continue
        fail(f"{name} is found")


BROKEN = ("	if (memcmp(sum, head + SUM_AT, sizeof(sum)) != 0)\n"
          "		return false;\n", "")
SUM = "unit store_value: one_wrong_bit"
OTHER = "unit store_value: it_comes_back"


def caught(old, new, *tests):
    """What became of a mutation: what caught it, or why nothing did."""
    mutation = Mutation("a mutation", "src/store_value.c", old, new,
                        [Name(name) for name in tests], "to be seen")
    if not (mutants.BUILD / mutants.UNIT).is_file():
        raise Skip("there are no unit tests")
    unbroken = mutants.run_all(mutants.BUILD, mutation.tests)
    try:
        return mutants.catch(mutants.Builder(), mutation, unbroken)
    except mutants.NotCaught as why:
        return str(why)


@test("a mutation is caught where each of its tests fails, and only there")
def _():
    eq([name for name, _ in caught(*BROKEN, SUM)], [SUM])
    contains(caught(*BROKEN, SUM, OTHER), f"{OTHER}: ok")


@test("a row that is stale, or does not build, has caught nothing")
def _():
    contains(caught("no such text", "", SUM), "stale")
    contains(caught("return false;", "return true;", SUM), "stale")
    contains(caught(BROKEN[0], "	no_such_type sum;\n", SUM),
             "does not build")


if __name__ == "__main__":
    main()
