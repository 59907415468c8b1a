#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claude as a model, with the real Claude Code CLI: answers in the form of a
schema, parameters, modes."""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from choices import Choices  # noqa: E402
from mock_messages import answer  # noqa: E402
from tap import contains, eq, lacks, main, ok, test  # noqa: E402
from test_tools import (PREFIX, WEATHER, ask, both, calls_of,  # noqa: E402
                        only_client_tools, talking, user)
import tap  # noqa: E402

tap.keep([])

FORM = "StructuredOutput"


def schema(value, **more):
    return {"response_format": {"type": "json_schema", "json_schema": {
        "name": "answer", "schema": value, **more}}}


PERSON = {"type": "object", "properties": {
    "name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"], "additionalProperties": False}


@both("an answer in the form of a schema, prose around it left out")
def _(handler, api, stream):
    api.script(answer("Here it is:", tools=[
        (FORM, {"name": "Ada", "age": 36})]))
    got = ask(handler, [user("who?")], stream, **schema(PERSON, strict=True))
    eq((got.status, got.finish), (200, "stop"))
    eq(json.loads(got.text), {"name": "Ada", "age": 36})
    tool, = api.last().body["tools"]
    eq(tool["input_schema"]["properties"], PERSON["properties"])
    eq(len(api.requests), 1, "API calls")


ROOTS = [("an array", {"type": "array", "items": {"type": "integer"}},
          [1, 2, 3]),
         ("a string", {"type": "string"}, "a } \" b"),
         ("a choice", {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/p"}],
                       "$defs": {"p": PERSON}}, {"name": "Bo", "age": 1})]

for _name, _schema, _value in ROOTS:
    @both(f"a schema whose root is {_name}")
    def _(handler, api, stream, form=_schema, value=_value):
        api.script(answer(tools=[(FORM, {"value": value})]))
        got = ask(handler, [user("go")], stream, **schema(form))
        eq((got.status, got.finish), (200, "stop"))
        eq(json.loads(got.text), value)


@both("json_object")
def _(handler, api, stream):
    api.script(answer(tools=[(FORM, {"anything": [1]})]))
    got = ask(handler, [user("go")], stream,
              response_format={"type": "json_object"})
    eq((got.status, json.loads(got.text)), (200, {"anything": [1]}))


@both("a model that never complies is an error, not prose")
def _(handler, api, stream):
    api.script(answer("No."), answer("Never."), answer("Not at all."))
    got = ask(handler, [user("go")], stream, **schema(PERSON))
    eq(got.error["code"], "format_not_met")
    eq(got.text, "")


@both("tools and a schema together")
def _(handler, api, stream):
    api.script(answer("I look.", tools=[(PREFIX + "get_weather",
                                         {"city": "Oslo"})]))
    got = ask(handler, [user("go")], stream, tools=[WEATHER],
              **schema(PERSON))
    eq((got.status, got.finish), (200, "tool_calls"))
    eq(calls_of(got), [("get_weather", {"city": "Oslo"})])


@both("stop sequences end an answer, across deltas")
def _(handler, api, stream):
    api.script(answer("one ", "two E", "N", "D three ", "four"))
    got = ask(handler, [user("go")], stream, stop=["END", "never"],
              tools=[WEATHER])
    eq((got.status, got.text, got.finish), (200, "one two ", "stop"))
    eq(api.last().body["stop_sequences"], ["END", "never"])


@both("a stop sequence of white space alone, which the API refuses")
def _(handler, api, stream):
    api.script(answer("one\n", "\ntwo"))
    got = ask(handler, [user("go")], stream, stop="\n\n", tools=[WEATHER])
    eq((got.status, got.text, got.finish), (200, "one", "stop"))
    eq(api.last().body.get("stop_sequences"), None)


@both("temperature and top_p reach the API, without thinking")
def _(handler, api, stream):
    api.script(answer("ok"))
    eq(ask(handler, [user("go")], stream, temperature=0.25,
           tools=[WEATHER]).status, 200)
    eq(api.last().body["temperature"], 0.25)
    eq(api.last().body.get("thinking", {"type": "disabled"})["type"],
       "disabled")


@both("reasoning_effort none: no thinking, which there is without it")
def _(handler, api, stream):
    for model in ("haiku", "sonnet"):
        for more in ({}, {"tools": [WEATHER]}):
            api.script(answer("ok"), answer("ok"))
            eq(ask(handler, [user("go")], stream, model=model,
                   **more).status, 200)
            ok(api.last().body["thinking"]["type"] in ("adaptive", "enabled"),
               "no thinking by itself")
            eq(ask(handler, [user("go")], stream, model=model,
                   reasoning_effort="none", **more).status, 200)
            eq(api.last().body.get("thinking", {"type": "disabled"}),
               {"type": "disabled"})
            lacks(api.last().body.get("output_config", {}), "effort")


@test("modes: CLAUDE_MODE, the end of the name, the header")
def _():
    with talking(CLAUDE_MODE="model") as (handler, api, _):
        api.script(answer("ok"))
        eq(ask(handler, [user("go")]).status, 200)
        eq(api.last().body.get("tools", []), [])
        api.script(answer("ok"))
        got = handler.http.post_json("/v1/chat/completions", {
            "model": "haiku:agent", "messages": [user("go")]})
        eq((got.status, got.json()["model"]), (200, "haiku:agent"))
        contains(str([t["name"] for t in api.last().body["tools"]]), "Bash")
    with talking() as (handler, api, _):
        for more in ({"model": "haiku:model"}, {}):
            api.script(answer("ok"))
            got = handler.http.post_json(
                "/v1/chat/completions",
                {"model": "haiku", "messages": [user("go")], **more},
                {} if more else {"X-CCP-Mode": "model"})
            eq(got.status, 200)
            eq(api.last().body.get("tools", []), [])
            lacks(str(api.last().body["model"]), ":")
        got = handler.http.post_json(
            "/v1/chat/completions", {"model": "haiku",
                                     "messages": [user("go")]},
            {"X-CCP-Mode": "wizard"})
        eq((got.status, got.json()["error"]["param"]), (400, "X-CCP-Mode"))


@test("a model is never asked for a directory, and leaves no session")
def _():
    with talking(ASK_WORKING_DIR="always") as (handler, api, env):
        api.script(answer("ok"))
        got = ask(handler, [user("go")], tools=[WEATHER])
        eq((got.status, got.text, got.session), (200, "ok", None))
        only_client_tools(api.last(), "get_weather")
        ok(not os.path.exists(os.path.join(env.runtime, "ccp",
                                           "sessions.db")), "a store")


@test("three answers are three runs, each with its own call")
def _():
    for stream in (False, True):
        with talking() as (handler, api, env):
            cities = ["Oslo", "Rome", "Paris"]
            api.script(*(answer(f"To {c}.", tools=[
                (PREFIX + "get_weather", {"city": c})]) for c in cities))
            got = Choices(handler.http, stream, 3, text="weather?",
                          tools=[WEATHER])
            eq((got.status, got.all("finish")), (200, ["tool_calls"] * 3))
            eq(got.all("calls"), [["get_weather"]] * 3)
            eq(sorted(got.all("text")), sorted(f"To {c}." for c in cities))
            eq([r.messages for r in api.requests],
               [[("user", ["weather?"])]] * 3)
            env.wait_gone(handler.pid)


@test("two answers to a conversation: each can be gone on with")
def _():
    with talking() as (handler, api, _):
        said = [user("one?")]
        api.script(answer("One."))
        eq(ask(handler, said).session, "new")
        said += [{"role": "assistant", "content": "One."}, user("two?")]
        api.script(answer("Two."), answer("Deux."))
        got = Choices(handler.http, False, 2, messages=said)
        eq(sorted(got.all("text")), ["Deux.", "Two."])
        for text in ("Two.", "Deux."):
            api.script(answer("ok"))
            more = ask(handler, said + [
                {"role": "assistant", "content": text}, user("three?")])
            ok(more.session in ("resumed", "forked"), more.session)
            eq([m for _, m in api.last().messages],
               [["one?"], ["One."], ["two?"], [text], ["three?"]])


if __name__ == "__main__":
    main()
