#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients of tests/lib/clients.py without ccp: that they work, and that
they send what is said of them there."""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import clients  # noqa: E402
from fake_openai import FakeOpenAI  # noqa: E402
from tap import Failed, add, contains, eq, fail, main, test  # noqa: E402

KEY = "some-key"


def results(request):
    return [m["content"] for m in request["messages"] if m["role"] == "tool"]


# The fields of a request with tools, and the forms of the messages (role,
# content, other members), tools and calls in it.  ccp has to take all of them.
BOTH = {"tool text tool_call_id", "user text", "assistant text tool_calls",
        "function: description name parameters", "call: function id type"}
STREAM = "messages model stream stream_options tools"
AI = BOTH | {"assistant null reasoning_content tool_calls"}
SENT = {
    "openai, runTools": (
        "messages model stream tool_choice tools",
        BOTH | {"developer text", "assistant null tool_calls"}),
    "openai, streamed": (
        STREAM + " tool_choice",
        BOTH | {"developer text", "assistant empty tool_calls"}),
    "ai, generateText": ("messages model tool_choice tools", AI),
    "ai, streamText": (STREAM + " tool_choice", AI),
    "ai, output": ("messages model response_format tool_choice tools", AI),
    "continue": (STREAM,
                 BOTH | {"system text", "assistant empty tool_calls"}),
    "cline": (STREAM + " tool_choice", AI | {"system text"}),
    "opencode": (
        STREAM + " max_tokens tool_choice",
        BOTH | {"system text cache_control", "user text cache_control",
                "tool text cache_control tool_call_id",
                "assistant empty reasoning_content tool_calls",
                "call: cache_control function id type"}),
}


def kind(content):
    if isinstance(content, str):
        return "text" if content else "empty"
    return "null" if content is None else "parts"


def words(*texts):
    return " ".join(texts)


def forms(request):
    return {words(m["role"], kind(m.get("content")),
                  *sorted(set(m) - {"role", "content"}))
            for m in request["messages"]} \
        | {words(t["type"] + ":", *sorted(t["function"]))
           for t in request["tools"]} \
        | {words("call:", *sorted(c)) for m in request["messages"]
           for c in m.get("tool_calls", [])}


def check_sent(client, requests):
    fields, want = SENT[client.name]
    for request in requests:
        eq(set(request), set(fields.split()))
        eq(request.get("tool_choice", "auto"), "auto")
    eq(set().union(*map(forms, requests)), want)


def said(request, text):
    """As text, or as the object that is asked for."""
    return json.dumps({"word": text}) if "response_format" in request else text


def add_plain(client):
    def case():
        with clients.Desk() as desk, FakeOpenAI(
                lambda r: [said(r, f"Hello, {desk.words[0]}")]) as api:
            done = client.ask(desk, api.url, KEY, "Say hello.")
            contains(done.text, f"Hello, {desk.words[0]}")
            for head in api.heads:
                eq(head["authorization"], f"Bearer {KEY}")
            eq(api.other, [])
    add(f"{client.name}: a plain answer", case)


def add_errand(client):
    def case():
        with clients.Desk() as desk:
            errand = clients.Errand(client, desk)

            def model(request):
                if not request.get("tools"):
                    return ["A title"]
                parts = errand.next(results(request))
                return parts if len(parts) > 1 else [said(request, parts[0])]
            with FakeOpenAI(model) as api:
                errand.check(client.ask(desk, api.url, KEY, errand.PROMPT))
                check_sent(client, [r for r in api.requests if r.get("tools")])
    add(f"{client.name}: files read and written", case)


@test("a client without an end is killed, with what it has started")
def _():
    with clients.Desk() as desk:
        try:
            desk.run(["/bin/sh", "-c", "(sleep 99 &); sleep 99"], 1)
        except Failed as why:
            contains(str(why), "no end after 1 s")
        else:
            fail("it has ended")
        eq(desk.running(), [])


@test("a client that fails is a failure, and what it has started is killed")
def _():
    with clients.Desk() as desk:
        try:
            desk.run(["/bin/sh", "-c", "sleep 99 & echo why >&2; exit 3"])
        except Failed as why:
            contains(str(why), "status 3")
            contains(str(why), "why")
        else:
            fail("it has succeeded")
        eq(desk.running(), [])


for client_ in clients.ALL:
    add_plain(client_)
    add_errand(client_)

if __name__ == "__main__":
    main()
