#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients of tests/lib/clients.py against "ccp start" with the real CLI:
a plain answer, and errands on which the client runs its own tools."""
import contextlib
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import clients  # noqa: E402
import real_claude  # noqa: E402
from ccp import Env, Start  # noqa: E402
from fake_openai import Call, Thought  # noqa: E402
from mock_messages import Mock, answer  # noqa: E402
from tap import add, contains, eq, main, ok  # noqa: E402

PREFIX = "mcp__client__"
SCHEMA_TOOL = "StructuredOutput"

# Two runs of a program that may take 15 s to start, and Claude for each step
CASE_SECONDS = 240


@contextlib.contextmanager
def bed():
    """A mock of the API, a ccp as it is by default, which asks people for the
    directory, and a desk for the client: (api, ask)."""
    with Mock() as api, clients.Desk() as desk, Env(
            claude=real_claude.find(), ASK_WORKING_DIR=None,
            child=real_claude.variables(
                api.url, CLAUDE_CODE_MAX_RETRIES="0")) as env:
        with Start(env) as server:
            url = f"http://127.0.0.1:{server.port}/v1"
            yield api, desk, lambda client, prompt: client.ask(
                desk, url, env.key, prompt)
        env.wait_gone()


def tool_names(request):
    return [t["name"] for t in request.body.get("tools", [])]


def with_tools(api):
    """The requests of turns with the client's tools.  opencode asks for a
    title besides, without."""
    return [r for r in api.requests
            if any(n.startswith(PREFIX) for n in tool_names(r))]


def blocks(request, kind):
    """All blocks of a kind, in their order."""
    return [b for _, content in request.messages for b in content
            if isinstance(b, dict) and b["type"] == kind]


def text_of(result):
    content = result["content"]
    return content if isinstance(content, str) else "".join(
        b["text"] for b in content)


def check_tools(request):
    """Nothing of Claude's own is there, unless the client wants an object."""
    names = [n for n in tool_names(request) if not n.startswith(PREFIX)]
    ok(names in ([], [SCHEMA_TOOL]), repr(names))


def check_prompt(request, prompt):
    """The client's words are the user's; some put more around them."""
    contains(json.dumps(request.messages[0]), prompt)
    eq(request.messages[0][0], "user")


def said(request, texts):
    """The last answer of a turn: the texts, or, where an object is wanted,
    what Claude Code's own tool for it is called with, behind them."""
    schema = next((t["input_schema"] for t in request.body.get("tools", [])
                   if t["name"] == SCHEMA_TOOL), None)
    if schema is None:
        return answer(*texts)
    value = {"word": "".join(texts)}
    properties = schema.get("properties", {})
    if len(properties) == 1 and "word" not in properties:  # wrapped
        value = dict.fromkeys(properties, value)
    return answer("Here it is.", tools=[(SCHEMA_TOOL, value)])


# --- a plain answer ---------------------------------------------------------

def plain(client):
    prompt = "Say hello."
    with bed() as (api, desk, ask):
        text = f"Hello, {desk.words[0]}!"
        api.default = lambda request: said(request, [text[:9], text[9:]])
        done = ask(client, prompt)
        contains(done.text, text)
        request, = with_tools(api)
        check_tools(request)
        check_prompt(request, prompt)


# --- an errand --------------------------------------------------------------

def called(call):
    return PREFIX + call.name, call.arguments


def of_kind(parts, kind):
    return [p for p in parts if isinstance(p, kind)]


def behaviour(errand):
    """Of the mock: it does what the model of the errand does."""
    def behave(request):
        if not any(n.startswith(PREFIX) for n in tool_names(request)):
            return answer("A title")
        parts = errand.next([text_of(b) for b in
                             blocks(request, "tool_result")])
        texts, calls = of_kind(parts, str), of_kind(parts, Call)
        if not calls:
            return said(request, texts)
        return answer(*texts, tools=[called(c) for c in calls],
                      thinking=[t.text for t in of_kind(parts, Thought)])
    return behave


def run_errand(client):
    with bed() as (api, desk, ask):
        errand = clients.Errand(client, desk)
        api.default = behaviour(errand)
        errand.check(ask(client, errand.PROMPT))
        requests = with_tools(api)
        eq(len(requests), 3, "requests with tools")
        for request in requests:
            check_tools(request)
            check_prompt(request, errand.PROMPT)
        check_steps(errand, desk.words, requests)


def check_steps(errand, words, requests):
    """Calls and results came back as true blocks, in their order and with the
    arguments that the model had written."""
    reads = [called(c) for c in errand.reads()]
    results = [text_of(b) for b in blocks(requests[-1], "tool_result")]
    written = called(errand.writes(results[:-1]))
    eq(len(results), len(reads) + 1, "results")
    for word, result in zip(words, results):
        contains(result, word)
    for request, calls in zip(requests, ([], reads, reads + [written])):
        uses = blocks(request, "tool_use")
        eq([(b["name"], b["input"]) for b in uses], calls)
        eq([b["tool_use_id"] for b in blocks(request, "tool_result")],
           [b["id"] for b in uses])
    # Where the answer is to have a form no prose is told.
    formed = any(t["name"] == "StructuredOutput"
                 for t in requests[-1].body["tools"])
    eq(texts_before_calls(requests[-1]), [] if formed else [errand.ASIDE])


def texts_before_calls(request):
    """What the assistant said in messages with calls."""
    return [b for role, content in request.messages if role == "assistant"
            for b in content if isinstance(b, str)]


# --- structured output ------------------------------------------------------

def run_object(case, schema):
    """An object, by the AI SDK, without tools."""
    client = clients.Script("ai", "ai_sdk.mjs", case,
                            supportsStructuredOutputs=schema)
    with bed() as (api, desk, ask):
        word = desk.words[0]

        def behave(request):
            if SCHEMA_TOOL in tool_names(request):
                return said(request, [word])
            return answer(json.dumps({"word": word}))
        api.default = behave
        done = ask(client, "Which word is it, in JSON?")
        eq(json.loads(done.text)["object"], {"word": word})
        for request in api.requests:
            check_tools(request)
        if schema:  # else the SDK does not send it
            tool, = api.requests[0].body["tools"]
            contains(json.dumps(tool["input_schema"]), '"word"')


# --- cases ------------------------------------------------------------------

for client_ in clients.ALL:
    add(f"{client_.name}: a plain answer", lambda c=client_: plain(c),
        CASE_SECONDS)
    add(f"{client_.name}: files read and written",
        lambda c=client_: run_errand(c), CASE_SECONDS)

for case_ in ("generateObject", "streamObject"):
    add(f"ai, {case_}: with a schema",
        lambda case=case_: run_object(case, True), CASE_SECONDS)
    add(f"ai, {case_}: any JSON object",
        lambda case=case_: run_object(case, False), CASE_SECONDS)

if __name__ == "__main__":
    main()
