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
    """Nothing of Claude's own is there, and what the client asked for is."""
    names = tool_names(request)
    ok(names and all(n.startswith(PREFIX) for n in names), repr(names))


def check_prompt(request, prompt):
    """The client's words are the user's; some put more around them."""
    contains(json.dumps(request.messages[0]), prompt)
    eq(request.messages[0][0], "user")


# --- a plain answer ---------------------------------------------------------

def plain(client):
    prompt = "Say hello."
    with bed() as (api, desk, ask):
        api.default = answer("Hello, ", desk.words[0], "!")
        done = ask(client, prompt)
        contains(done.text, f"Hello, {desk.words[0]}!")
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
        return answer(*of_kind(parts, str),
                      tools=[called(c) for c in of_kind(parts, Call)],
                      thinking=[t.text for t in of_kind(parts, Thought)])
    return behave


def run_errand(client, notes):
    with bed() as (api, desk, ask):
        errand = clients.Errand(client, desk, notes)
        api.default = behaviour(errand)
        errand.check(ask(client, errand.PROMPT))
        requests = with_tools(api)
        eq(len(requests), 3, "requests with tools")
        for request in requests:
            check_tools(request)
            check_prompt(request, errand.PROMPT)
        check_steps(errand, desk.words[:notes], requests)


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
    eq(texts_before_calls(requests[-1]), [errand.ASIDE])


def texts_before_calls(request):
    """What the assistant said in messages with calls."""
    return [b for role, content in request.messages if role == "assistant"
            for b in content if isinstance(b, str)]


# --- structured output ------------------------------------------------------

def objectify(value, seen):
    """Behaviour of the mock: an object by Claude Code's own tool where it has
    one, which may want it wrapped, and else as text."""
    def behave(request):
        tools = {t["name"]: t["input_schema"]
                 for t in request.body.get("tools", [])}
        seen.append(tools)
        if SCHEMA_TOOL not in tools:
            return answer(json.dumps(value))
        properties = tools[SCHEMA_TOOL].get("properties", {})
        if len(properties) == 1 and not set(properties) & set(value):
            return answer(tools=[(SCHEMA_TOOL,
                                  dict.fromkeys(properties, value))])
        return answer(tools=[(SCHEMA_TOOL, value)])
    return behave


def run_object(case, schema):
    """An object, by the AI SDK."""
    client = clients.Script("ai", "ai_sdk.mjs", case,
                            supportsStructuredOutputs=schema)
    with bed() as (api, desk, ask):
        value, seen = {"word": desk.words[0]}, []
        api.default = objectify(value, seen)
        done = ask(client, "Which word is it, in JSON?")
        eq(json.loads(done.text)["object"], value)
        ok(all(set(tools) <= {SCHEMA_TOOL} for tools in seen), repr(seen))
        if schema:  # else the SDK does not send it
            contains(json.dumps(seen[0]), '"word"')


# --- cases ------------------------------------------------------------------

def add_cases(client):
    add(f"{client.name}: a plain answer", lambda: plain(client), CASE_SECONDS)
    add(f"{client.name}: a file read, one written",
        lambda: run_errand(client, 1), CASE_SECONDS)
    add(f"{client.name}: two files read at once",
        lambda: run_errand(client, 2), CASE_SECONDS)


for client_ in clients.ALL:
    add_cases(client_)

for case_ in ("generateObject", "streamObject"):
    add(f"ai, {case_}: with a schema",
        lambda case=case_: run_object(case, True), CASE_SECONDS)
    add(f"ai, {case_}: any JSON object",
        lambda case=case_: run_object(case, False), CASE_SECONDS)

if __name__ == "__main__":
    main()
