#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd texts through the real Claude Code CLI: what reached the API, and what
came back of its answer.  (What reached the CLI is in test_text.py.)"""
import json
import os
import sys
import unicodedata

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import real_claude  # noqa: E402
from answers import ask, whole, PATH  # noqa: E402
from ccp import Env, HandlerSocket  # noqa: E402
from mock_messages import Mock, answer  # noqa: E402
from tap import add, contains, eq, main, ok, test  # noqa: E402
from texts import TEXTS  # noqa: E402

HERE = [json.loads(f'"{t}x{t}"') for t in TEXTS]
# JavaScript's strings are of 16-bit units, and may hold half a pair
LONE = ["\ud800", "a\udfffb", "\udc00\ud800", "\x00", "a\x00b", "😀\ud83d"]
MADE = ["\ufffd", "a\ufffdb", "\ufffd\ufffd", "\ufffd", "a\ufffdb",
        "😀\ufffd"]


def real(api, **settings):
    return Env(claude=real_claude.find(),
               child=real_claude.variables(api.url), **settings)


def seen(text):
    """What Claude Code leaves of a text about a tool: it takes out what cannot
    be seen, by which a foreign tool could tell the model things."""
    return "".join(c for c in unicodedata.normalize("NFKC", text)
                   if unicodedata.category(c) not in ("Cf", "Co", "Cn"))


def texts_of(content):
    return [b["text"] for b in content if b["type"] == "text"]


@test(f"texts reach the API as they are ({3 * len(HERE)})")
def _():
    parts = [{"type": "text", "text": t} for t in HERE]
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        answered = whole(handler.http.post_json(PATH, {"messages": [
            {"role": "system", "content": "\n".join(HERE)},
            {"role": "user", "content": parts},
            {"role": "assistant", "content": parts},
            {"role": "user", "content": parts}]}))
        eq(answered.status, 200, str(answered))
        eq([(role, texts) for role, texts in api.last().messages],
           [("user", HERE), ("assistant", HERE), ("user", HERE)])
        contains("\n".join(b["text"] for b in api.last().body["system"]),
                 "\n".join(HERE))


@test(f"so do arguments, results and schemas ({len(HERE)})")
def _():
    arguments = {f"k{n}": t for n, t in enumerate(HERE)}
    schema = {"type": "object", "properties": {
        "a": {"type": "string", "enum": HERE}}}
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        answered = whole(handler.http.post_json(PATH, {
            "tools": [{"type": "function", "function": {
                "name": "f", "description": "".join(HERE),
                "parameters": schema}}],
            "messages": [
                {"role": "user", "content": "a"},
                {"role": "assistant", "tool_calls": [
                    {"id": "a", "function": {
                        "name": "f", "arguments": json.dumps(
                            arguments, ensure_ascii=False)}}]},
                {"role": "tool", "tool_call_id": "a", "content": [
                    {"type": "text", "text": t} for t in HERE]}]}))
        eq(answered.status, 200, str(answered))
        body = api.last().body
        blocks = [b for m in body["messages"] for b in m["content"]
                  if not isinstance(m["content"], str)]
        call, = [b for b in blocks if b["type"] == "tool_use"]
        result, = [b for b in blocks if b["type"] == "tool_result"]
        eq(call["input"], arguments)
        eq(texts_of(result["content"]), HERE)
        tool, = [t for t in body["tools"] if t["name"].endswith("__f")]
        eq(tool["input_schema"]["properties"]["a"]["enum"],
           [seen(t) for t in HERE])
        eq(tool["description"], seen("".join(HERE)))


for text in ('{"a":1,"a":2}', '{"a":9007199254740993}', '{"a":1e999}',
             '{"a":"\\ud800"}', '{"a":"\\u0000"}', "{", '{"a":NaN}'):
    def arguments_case(text=text):
        """What is JSON to both is the last of two names, and a number of
        JavaScript's; the rest is text."""
        want = {'{"a":1,"a":2}': {"a": 2},
                '{"a":9007199254740993}': {"a": 9007199254740992}}.get(
                    text, {"__unparsedToolInput": {"raw": text}})
        with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
            answered = whole(handler.http.post_json(PATH, {"messages": [
                {"role": "user", "content": "a"},
                {"role": "assistant", "tool_calls": [
                    {"id": "a", "function": {"name": "f",
                                             "arguments": text}}]},
                {"role": "tool", "tool_call_id": "a", "content": "b"}]}))
            eq(answered.status, 200, str(answered))
            call, = [b for m in api.last().body["messages"]
                     if not isinstance(m["content"], str)
                     for b in m["content"] if b["type"] == "tool_use"]
            eq(call["input"], want)

    add(f"arguments that are {text}", arguments_case)


def back(stream):
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        api.script(answer(*[f"x{t}y" for t in LONE + HERE]))
        answered = ask(handler.http, "hello", stream=stream)
        eq(answered.status, 200, str(answered))
        eq(answered.text, "".join(f"x{t}y" for t in MADE + HERE))


add(f"what the model says comes back ({len(LONE + HERE)})",
    lambda: back(False))
add(f"what the model says comes back, streamed ({len(LONE + HERE)})",
    lambda: back(True))


@test("so do the arguments of its calls, escaped or not")
def _():
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        value = {f"k{n}": t for n, t in enumerate(HERE + LONE)}
        api.script(answer(tools=[("mcp__client__f", value)]))
        answered = whole(handler.http.post_json(PATH, {
            "messages": [{"role": "user", "content": "a"}],
            "tools": [{"type": "function", "function": {"name": "f"}}]}))
        eq(answered.status, 200, str(answered))
        call, = answered.calls
        ok(json.loads(call["function"]["arguments"]) == value,
           call["function"]["arguments"][:1000])


if __name__ == "__main__":
    main()
