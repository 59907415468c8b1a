#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a chat request: each row of the table of doc/protocol.md does
what it says, and the program's table has the same rows."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from choices import Choices  # noqa: E402
from protocol import Bed, documented, programmed  # noqa: E402
from tap import add, contains, eq, main, ok, test  # noqa: E402

TYPE, VALUE = "invalid_type", "invalid_value"
OFF = "unsupported_parameter"
SELF = object()  # the field itself is the one that is named


class Field:
    """good: (value, check of what Claude was told); plain: values that change
    nothing; bad: (value, code[, param]).  beside: other fields that it
    needs; mode: of the stand-in."""

    def __init__(self, good=(), plain=(), bad=(), beside=None, mode=""):
        self.good = list(good)
        self.plain = list(plain)
        self.bad = [(v, code, *(more or [SELF])) for v, code, *more in bad]
        self.beside = beside or {}
        self.mode = mode


# --- what is to be seen of a field ------------------------------------------

def option(name, value):
    return lambda told: eq(told.option(name), value, name)


def variable(**wanted):
    def check(told):
        eq({n: told.environ.get(n) for n in wanted}, wanted)
    return check


def body(**wanted):
    """Members of the API's request."""
    def check(told):
        eq({n: told.body.get(n) for n in wanted}, wanted)
    return check


def raw_body(text):
    return lambda told: contains(
        told.environ["CLAUDE_CODE_EXTRA_BODY"], text)


def schema(value):
    return lambda told: eq(told.first["jsonSchema"], value)


def tools(told):
    eq(told.first["sdkMcpServers"], ["client"])
    ok("--allowedTools=mcp__client__*" in told.argv, str(told.argv))


def limit(text, thinking):
    def check(told):
        eq(told.environ["CLAUDE_CODE_MAX_OUTPUT_TOKENS"], text)
        eq(told.body.get("thinking"),
           None if thinking else {"type": "disabled"})
    return check


def thoughtless(told):
    eq(told.environ["MAX_THINKING_TOKENS"], "0")
    eq(told.body["thinking"], {"type": "disabled"})
    eq(told.option("--effort"), None)


def streams(told):
    ok(told.answer.deltas, "no deltas")


# --- the fields -------------------------------------------------------------

def tool(name):
    return {"type": "function", "function": {"name": name}}


def form(**members):
    return {"type": "json_schema", "json_schema": members}


TOOLS = {"tools": [tool("f"), tool("g.h")]}
FUNCTIONS = {"functions": [{"name": "f"}]}
STRING = {"type": "string"}
OBJECT = {"type": "object", "properties": {"a": STRING}}
MAXIMUM = Field(
    [(1, limit("1", False)), (4096, limit("4096", False)),
     (4097, limit("4097", True)), (10000000, limit("10000000", True))],
    bad=[(0, VALUE), (-1, VALUE), (10000001, VALUE), (1.5, TYPE),
         ("5", TYPE), ([], TYPE)])
PENALTY = Field(plain=[0, -2, 2, 1.5],
                bad=[(2.1, VALUE), (-2.1, VALUE), ("0", TYPE)])
TEXT = Field(plain=["", "a"], bad=[(1, TYPE), ({}, TYPE), (True, TYPE)])
OBJECTS = Field(plain=[{}, {"a": "b"}], bad=[([], TYPE), ("a", TYPE)])


def wrapped(inner):
    return {"type": "object", "properties": {"value": inner},
            "required": ["value"], "additionalProperties": False}


FIELDS = {
    "model": Field(
        [("opus", lambda told: contains(told.option("--model"), "opus")),
         ("a.b-c_9:@/[]", option("--model", "a.b-c_9:@/[]")),
         ("x" * 128, option("--model", "x" * 128))],
        bad=[("", VALUE), ("a b", VALUE), ("--help", VALUE), ("é", VALUE),
             ("x" * 129, VALUE), (1, TYPE)]),
    "messages": Field(
        [([{"role": "user", "content": "a"},
           {"role": "assistant", "content": "b"},
           {"role": "user", "content": "c"}],
          lambda told: eq(told.messages(), [
              ("user", ["a"]), ("assistant", ["b"]), ("user", ["c"])])),
         ([{"role": "user", "content": "a"}] * 10000,
          lambda told: eq(sum(len(b) for _, b in told.messages()), 10000))],
        bad=[(None, "missing_required_parameter"), ([], VALUE), ({}, TYPE),
             ("a", TYPE), ([{"role": "user", "content": "a"}] * 10001, VALUE),
             ([{"role": "assistant", "content": "a"}], VALUE),
             ([{"role": "user", "content": " "}], VALUE),
             ([1], TYPE, "messages[0]")]),
    "stream": Field([(True, streams)], plain=[False],
                    bad=[("true", TYPE), (1, TYPE)]),
    # What comes of it: streamed() in answers.py, of each stream
    "stream_options.include_usage": Field(
        [(True, streams), (False, streams)], beside={"stream": True},
        bad=[(1, TYPE), ("true", TYPE)]),
    "max_completion_tokens": MAXIMUM,
    "max_tokens": MAXIMUM,
    "temperature": Field(
        [(0, body(temperature=0)), (0.25, raw_body('"temperature":0.25')),
         (0.5, body(thinking={"type": "disabled"}))],
        plain=[1, 1.0], bad=[(1.5, "unsupported_value"),
                             (2, "unsupported_value"), (2.1, VALUE),
                             (-0.1, VALUE), ("1", TYPE)]),
    "top_p": Field(
        [(0.5, body(top_p=0.5, thinking={"type": "disabled"})),
         (0.99, body(top_p=0.99))],
        plain=[1], bad=[(1.1, VALUE), (-0.1, VALUE), ("1", TYPE)]),
    "stop": Field(
        [("END", body(stop_sequences=["END"])),
         (["a", "\n"], body(stop_sequences=["a"])),
         (["x" * 1024] * 16, body(stop_sequences=["x" * 1024] * 16))],
        plain=[[]], bad=[("", VALUE), (["a", ""], VALUE), (["a"] * 17, VALUE),
                         ("x" * 1025, VALUE), (1, TYPE), ([1], TYPE)]),
    "reasoning_effort": Field(
        [(word, option("--effort", told)) for word, told in (
            ("low", "low"), ("medium", "medium"), ("high", "high"),
            ("xhigh", "xhigh"), ("max", "max"), ("minimal", "low"))]
        + [("none", thoughtless)], bad=[("much", VALUE), (1, TYPE)]),
    "n": Field(plain=[1], bad=[(0, VALUE), (9, VALUE), (-1, VALUE),
                               (1.5, TYPE), ("1", TYPE)]),
    "presence_penalty": PENALTY,
    "frequency_penalty": PENALTY,
    "seed": Field(plain=[0, -5, 1e9], bad=[("1", TYPE), (True, TYPE)]),
    "verbosity": TEXT,
    "service_tier": TEXT,
    "prediction": OBJECTS,
    "store": Field(plain=[False, True], bad=[("no", TYPE), (1, TYPE)]),
    "metadata": OBJECTS,
    "user": TEXT,
    "safety_identifier": TEXT,
    "prompt_cache_key": TEXT,
    "prompt_cache_retention": TEXT,
    "tools": Field([(TOOLS["tools"], tools)], plain=[[]],
                   bad=[({}, TYPE), ([1], TYPE, "tools[0]")]),
    "functions": Field([(FUNCTIONS["functions"], tools)], plain=[[]],
                       bad=[({}, TYPE), ([1], TYPE, "functions[0]")]),
    "tool_choice": Field(
        [("none", body(tool_choice={"type": "none"})),
         ("required", body(tool_choice={"type": "any"},
                           thinking={"type": "disabled"})),
         (tool("f"), body(tool_choice={"type": "tool",
                                       "name": "mcp__client__f"}))],
        plain=["auto"], beside=TOOLS,
        bad=[("any", VALUE), (1, TYPE),
             (tool("no"), VALUE, "tool_choice.function.name"),
             ({"type": "function"}, "missing_required_parameter",
              "tool_choice.function.name"),
             ({"type": "allowed_tools"}, "unsupported_value",
              "tool_choice.type"),
             ({"type": "custom", "custom": {"name": "f"}},
              "unsupported_value", "tool_choice.type")]),
    "function_call": Field(
        [("none", body(tool_choice={"type": "none"})),
         ({"name": "f"}, body(tool_choice={
             "type": "tool", "name": "mcp__client__f",
             "disable_parallel_tool_use": True}))],
        plain=["auto"], beside=FUNCTIONS,
        bad=[("required", VALUE), (1, TYPE),
             ({"name": "no"}, VALUE, "function_call.name"),
             ({}, "missing_required_parameter", "function_call.name")]),
    "parallel_tool_calls": Field(
        [(False, body(tool_choice={"type": "auto",
                                   "disable_parallel_tool_use": True}))],
        plain=[True], beside=TOOLS, bad=[("no", TYPE), (0, TYPE)]),
    "response_format": Field(
        [({"type": "json_object"}, schema({"type": "object"})),
         (form(schema=OBJECT), schema(OBJECT)),
         (form(schema=OBJECT, description="d", name="n", strict=True),
          schema({"description": "d", **OBJECT})),
         (form(schema={**OBJECT, "description": "own"}, description="d"),
          schema({**OBJECT, "description": "own"})),
         (form(schema=STRING), schema(wrapped(STRING))),
         (form(), schema(wrapped({})))],
        plain=[{"type": "text"}], mode="form",
        bad=[(1, TYPE), ({}, "missing_required_parameter",
                         "response_format.type"),
             ({"type": "grammar"}, "unsupported_value",
              "response_format.type"),
             ({"type": "json_schema"}, "missing_required_parameter",
              "response_format.json_schema"),
             (form(name=1), TYPE, "response_format.json_schema.name"),
             (form(strict=1), TYPE, "response_format.json_schema.strict"),
             (form(schema=[]), TYPE, "response_format.json_schema.schema")]),
    "logprobs": Field(plain=[False], bad=[(True, OFF), (0, TYPE)]),
    "top_logprobs": Field(plain=[0], bad=[(1, OFF), ("0", TYPE)]),
    "logit_bias": Field(plain=[{}], bad=[({"1": 2}, OFF), ([], TYPE)]),
    "modalities": Field(plain=[["text"], []],
                        bad=[(["text", "audio"], OFF), ([1], TYPE),
                             ("text", TYPE)]),
    "audio": Field(bad=[({}, OFF), ({"voice": "a", "format": "wav"}, OFF)]),
    "web_search_options": Field(bad=[({}, OFF)]),
}


def members(name, value):
    """{"a": {"b": value}} of "a.b"."""
    for part in reversed(name.split(".")):
        value = {part: value}
    return value


def check_field(name, field):
    question = {"messages": [{"role": "user", "content": '{"value":"x"}'}]}

    def with_(value):
        return {**question, **field.beside, **members(name, value)}

    with Bed() as bed, Bed(field.mode) as formed:
        other = formed if field.mode else bed
        plain = bed.ask({**question, **field.beside})
        for value in field.plain + [None] * (name != "messages"):
            eq(bed.ask(with_(value)).launch(), plain.launch(), str(value))
        for value, check in field.good:
            asked = with_(value)
            told = other.ask(asked)
            check(told)
            ok(name.startswith("stream") or told.launch() != plain.launch(),
               f"{str(value)[:99]} changes nothing")
        for value, code, param in field.bad:
            other.refused(with_(value), name if param is SELF else param,
                          code)


# Whatever the document calls a field, that it has to be.
def check_kind(name, kind):
    field = FIELDS[name]
    ok(field.bad, "no value is refused")
    ok(kind == "refused" or field.plain or field.good, "none is accepted")
    if kind == "ignored":
        ok(field.plain and not field.good, "it is told to Claude")
    if kind == "refused":
        ok(not field.good, "it is told to Claude")
        ok(any(code == OFF for _, code, _ in field.bad), "it is not refused")


@test("the program's table and the document's have the same fields")
def _():
    documented_ = {name.split(".")[0]: kind
                   for name, kind in documented().items()}
    eq(documented_, programmed())


@test("each field of the document has its values here")
def _():
    eq(sorted(FIELDS), sorted(documented()))


for name_, kind_ in documented().items():
    def _case(name=name_, kind=kind_):
        check_kind(name, kind)
        check_field(name, FIELDS[name])
    add(f"{name_} is {kind_}", _case)


@test("a field that is given twice is refused, an unknown one ignored")
def _():
    with Bed() as bed:
        for name in programmed():
            bed.refused(f'{{"{name}":null,"{name}":null}}', name, VALUE)
        eq(bed.ask({"unheard_of": [1]}).launch(), bed.ask({}).launch())


@test("what is no JSON is refused")
def _():
    with Bed() as bed:
        for text in ("", "{", '{"messages":[]} x', '{"model":"\\ud800"}'):
            answer = bed.post(text or " ")
            eq((answer.status, answer.error["code"]), (400, "invalid_json"))
        bed.refused("[]", None, TYPE)


@test("max_completion_tokens wins over max_tokens")
def _():
    with Bed() as bed:
        for order in (("max_tokens", "max_completion_tokens"),
                      ("max_completion_tokens", "max_tokens")):
            asked = {n: 5000 if n == "max_tokens" else 6000 for n in order}
            eq(bed.ask(asked).environ["CLAUDE_CODE_MAX_OUTPUT_TOKENS"],
               "6000")


@test("n is so many runs, each told the same")
def _():
    with Bed() as bed:
        plain = bed.ask({"model": "haiku"})
        for n in (2, 8):
            for stream in (False, True):
                got = Choices(bed.handler.http, stream, n, text="hi")
                eq((got.status, got.done, sorted(got.by_index)),
                   (200, True, list(range(n))))
        eq(bed.runs(), [plain.argv] * (2 + 2 + 8 + 8 + 1))


@test("what goes with tools and what with functions")
def _():
    with Bed() as bed:
        bed.refused({**TOOLS, **FUNCTIONS}, "functions", VALUE)
        bed.refused({**FUNCTIONS, **TOOLS}, "tools", VALUE)
        bed.refused({**FUNCTIONS, "tool_choice": "auto"}, "tool_choice",
                    VALUE)
        bed.refused({**TOOLS, "function_call": "auto"}, "function_call",
                    VALUE)
        bed.refused({"tool_choice": "required"}, "tool_choice", VALUE)
        bed.refused({"tool_choice": tool("f")}, "tool_choice.function.name",
                    VALUE)
        eq(bed.ask({"tool_choice": "none"}).launch(), bed.ask({}).launch())


if __name__ == "__main__":
    main()
