#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every row of the other tables of doc/protocol.md is shown somewhere: here, by
what Claude is told, or by a case of another script or unit test, which has to
be there.  (The fields of a request are in test_protocol.py.)"""
import base64
import hashlib
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import real_claude  # noqa: E402
from protocol import Bed, table, tables  # noqa: E402
from shown_elsewhere import (ACCESS, CONTEXT, ENDPOINTS,  # noqa: E402
                             ENVIRONMENT, HTTP, OUTCOMES, TEXT, VERSIONS, In)
from tap import add, eq, fail, main, ok, test  # noqa: E402

TYPE, VALUE, MISSING = ("invalid_type", "invalid_value",
                        "missing_required_parameter")
NOT, CONTENT = "unsupported_value", "unsupported_content"


class Told:
    """These members of the request make this of the conversation, or of
    what a function finds."""

    def __init__(self, want, find=None, **members):
        self.members, self.want = members, want
        self.find = find or (lambda told: told.messages())

    def check(self, bed):
        eq(self.find(bed.ask(self.members)), self.want)


class Refused:
    def __init__(self, param, code, **members):
        self.members, self.param, self.code = members, param, code

    def check(self, bed):
        bed.refused(self.members, self.param, self.code)


# --- messages ---------------------------------------------------------------

def user(*content):
    return {"role": "user", "content": content[0] if len(content) == 1
            else list(content)}


def text(words, kind="text"):
    return {"type": kind, "text": words}


def says(content, **more):
    return {"role": "assistant", "content": content, **more}


PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
PDF = base64.b64encode(b"%PDF-1.4\n").decode()
URL = f"data:image/png;base64,{PNG}"
SHOWN_PNG = {"type": "image", "source": {
    "type": "base64", "media_type": "image/png", "data": PNG}}
SHOWN_PDF = {"type": "document", "source": {
    "type": "base64", "media_type": "application/pdf", "data": PDF}}
AUDIO = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}


def image(url, **more):
    return {"type": "image_url", "image_url": {"url": url, **more}}


def file(kind="file", **members):
    return {"type": kind, kind: members} if kind == "file" \
        else {"type": kind, **members}


def part_of(first):
    """messages of one message of the user's with this part behind a text."""
    return {"messages": [user(text("a"), first)]}


def told_part(first, shown):
    return Told([("user", ["a", shown])], **part_of(first))


def refused_part(first, path, code):
    return Refused(f"messages[0].content[1]{path}", code, **part_of(first))


SYSTEM = {"messages": [{"role": "system", "content": "a"}, user("b"),
                       {"role": "developer", "content": "c"}]}

MESSAGE = {
    "`role`": [
        Told([("user", ["b"])], **SYSTEM),
        Told("a\n\nc", lambda told: told.first["systemPrompt"], **SYSTEM),
        Told([("user", ["a"]), ("assistant", ["b"]), ("user", ["c"])],
             messages=[user("a"), says("b"), user("c")]),
        Refused("messages[0].role", VALUE,
                messages=[{"role": "model", "content": "a"}]),
        Refused("messages[0].role", MISSING, messages=[{"content": "a"}])],
    "`content`": [
        Told([("user", ["a", "b", "c"])],
             lambda told: [("user", sum((b for _, b in told.messages()),
                                        []))],
             messages=[user("a"), user(text("b"), text(" \n"), text("c")),
                       says(None), says(""), user(""), user(" ")]),
        Refused("messages[0].content", TYPE, messages=[user(1)]),
        Refused("messages[0].content[0]", TYPE, messages=[user(["a"])])],
    "parts": [
        Told([("user", ["a", "b"])], messages=[
            user(text("a"), text("b", "input_text"))]),
        Told([("user", ["a"]), ("assistant", ["b", "c", "d"]),
              ("user", ["e"])],
             messages=[user("a"), says([
                 text("b"), text("c", "output_text"),
                 {"type": "refusal", "refusal": "d"}]), user("e")]),
        refused_part(AUDIO, ".type", CONTENT),
        refused_part({"type": "video"}, ".type", CONTENT),
        refused_part({"type": "refusal", "refusal": "a"}, ".type", CONTENT),
        refused_part(text("a", "output_text"), ".type", CONTENT)],
    "`tool_calls`, `function_call`": [
        Refused("messages[1].function_call", VALUE, messages=[
            user("a"), says(None, tool_calls=[{
                "id": "1", "function": {"name": "f"}}],
                function_call={"name": "f"}), user("b")])],
    "`name`, `refusal`, others": [
        Told([("user", ["a"]), ("assistant", ["b"]), ("user", ["c"])],
             messages=[{**user("a"), "name": "Ada", "other": [1]},
                       says("b", refusal=None, audio=None), user("c")])],
}

IMAGES = {
    "`image_url`, `input_image`": [
        told_part(image(URL, detail="high"), SHOWN_PNG),
        told_part({"type": "image_url", "image_url": URL}, SHOWN_PNG),
        told_part({"type": "input_image", "image_url": URL}, SHOWN_PNG),
        told_part(image("https://example.com/a.png"), {
            "type": "image", "source": {
                "type": "url", "url": "https://example.com/a.png"}}),
        refused_part(image("http://example.com/a.png"), ".image_url.url",
                     "invalid_image_url"),
        refused_part(image("ftp://example.com/a.png"), ".image_url.url",
                     "invalid_image_url")],
    "`file`, `input_file`": [
        told_part(file(file_data=PDF), SHOWN_PDF),
        told_part(file(file_data=PDF, filename="a.pdf"),
                  {**SHOWN_PDF, "title": "a.pdf"}),
        told_part(file("input_file",
                       file_data=f"data:application/pdf;base64,{PDF}"),
                  SHOWN_PDF),
        refused_part(file(file_id="file-1"), ".file.file_id", CONTENT),
        refused_part(file("input_file", file_url="https://a.test/a"),
                     ".file_url", CONTENT),
        refused_part(file(file_data=PDF, filename="x" * 256),
                     ".file.filename", VALUE)],
    "type": [
        told_part(image(f"data:image/jpeg;base64,{PNG}"), SHOWN_PNG),
        In("test_media.c", "bytes_tell_what_they_are",
           "text_is_utf8_without_nul"),
        In("test_openai_parts.c", "images_and_files_are_read"),
        In("test_images.py", "other types of image are refused",
           "a file that is neither PDF nor text is refused",
           "text in another encoding is refused")],
    "base64": [
        told_part(image(URL[:40] + "\r\n " + URL[40:].rstrip("=")),
                  SHOWN_PNG),
        refused_part(image(URL + "_"), ".image_url.url", "invalid_base64"),
        In("test_media.c", "base64_is_strict_and_made_canonical")],
    "limits": [
        In("test_images.py", "101 images are refused",
           "5 MB and 20 MB arrive byte for byte"),
        In("test_openai_parts.c", "an_image_has_a_greatest_size"),
        In("test_http_length.py",
           "RFC 9110 15.5.14: 413 before the body comes")],
}

# --- tools ------------------------------------------------------------------


def tool(**function):
    return {"tools": [{"type": "function", "function": function}]}


def listed(told):
    """The tools as the CLI is told of them."""
    for line in told.lines:
        rpc = line.get("response", {}).get("response", {})
        found = rpc.get("mcp_response", {}).get("result", {}).get("tools")
        if found is not None:
            return [(t["name"], t["description"], t["inputSchema"])
                    for t in found]
    return fail("no list of tools")


def told_tool(want, **function):
    return Told([want], listed, **tool(**function))


def told_schema(want, parameters):
    return told_tool(("f", "", want), name="f", parameters=parameters)


def refused_tool(param, code, **function):
    return Refused(f"tools[0].function{param}", code, **tool(**function))


EMPTY = {"type": "object", "properties": {}}
PARAMETERS = ".parameters"
CITY = {"properties": {"b": {"const": 1}, "a": True, "c": False}}

TOOLS = {
    "`type`": [
        Refused("tools[0].type", NOT, tools=[{"type": "custom", "custom": {
            "name": "f"}}]),
        Refused("tools[0].type", NOT, tools=[{"type": "web_search"}]),
        Refused("tools[0].type", MISSING, tools=[{"function": {
            "name": "f"}}])],
    "`function.name`": [
        told_tool(("Bash", "", EMPTY), name="Bash"),
        told_tool(("x" * 64, "", EMPTY), name="x" * 64),
        refused_tool(".name", VALUE, name="x" * 65),
        refused_tool(".name", VALUE, name="a b"),
        refused_tool(".name", VALUE, name=""),
        refused_tool(".name", MISSING, description="d"),
        Refused("tools[1].function.name", VALUE,
                tools=tool(name="f")["tools"] * 2),
        Told(["a_b__"], lambda told: [listed(told)[0][0][:5]],
             **tool(name="a.b"))],
    "`function.description`": [
        told_tool(("f", "d\n\u00e9", EMPTY), name="f",
                  description="d\n\u00e9"),
        refused_tool(".description", TYPE, name="f", description=1),
        In("test_tools.py", "forty tools of 60 kB, and long descriptions")],
    "`function.parameters`": [
        told_schema(EMPTY, None), told_schema(EMPTY, {}),
        told_schema({"type": "object", "properties": {
            "b": {"const": 1}, "a": {}, "c": {"not": {}}}}, CITY),
        told_schema({"type": "object"}, {
            "type": None, "properties": None, "required": None}),
        Told(True, lambda told: '"anyOf"' in listed(told)[0][1],
             **tool(name="f", parameters={
                 "type": "object", "anyOf": [{"required": ["a"]}]})),
        refused_tool(PARAMETERS + ".type", VALUE, name="f",
                     parameters={"type": "string"}),
        refused_tool(PARAMETERS + ".properties", TYPE, name="f",
                     parameters={"properties": []}),
        refused_tool(PARAMETERS + ".properties", TYPE, name="f",
                     parameters={"properties": {"a": 1}}),
        refused_tool(PARAMETERS + ".required", TYPE, name="f",
                     parameters={"required": [1]}),
        In("test_openai_tools.c", "schemas_are_verbatim",
           "alternatives_are_described")],
    "`function.strict`": [
        told_tool(("f", "", EMPTY), name="f", strict=True),
        refused_tool(".strict", TYPE, name="f", strict="yes")],
    "limits": [
        Told(128, lambda told: len(listed(told)), tools=[
            tool(name=f"f{n}")["tools"][0] for n in range(128)]),
        Refused("tools", VALUE, tools=[
            tool(name=f"f{n}")["tools"][0] for n in range(129)]),
        Refused("tools[0]", "content_too_large",
                **tool(name="f", description="d" * (4 << 20)))],
}


def call(ident="1", name="f", arguments="{}", **more):
    return {"id": ident, "type": "function", **more,
            "function": {"name": name, "arguments": arguments}}


def done(ident="1", content="r"):
    return {"role": "tool", "tool_call_id": ident, "content": content}


def use(number=0, name="f", **given):
    return {"type": "tool_use", "id": f"toolu_{number}",
            "name": "mcp__client__" + name, "input": given}


def result(number=0, *blocks):
    return {"type": "tool_result", "tool_use_id": f"toolu_{number}",
            "content": [text(b) if isinstance(b, str) else b
                        for b in blocks]}


def told_calls(calls, results, *shown):
    """shown: of the assistant's message and the one behind it."""
    return Told([("user", ["a"]), ("assistant", shown[0]),
                 ("user", shown[1])],
                messages=[user("a"), says(None, tool_calls=calls), *results])


def told_arguments(arguments, **given):
    return told_calls([call(arguments=arguments)], [done()], [use(**given)],
                      [result(0, "r")])


def refused_call(path, code, **members):
    return Refused(f"messages[1].tool_calls[0]{path}", code, messages=[
        user("a"), says(None, tool_calls=[members]), done()])


DIGEST = hashlib.sha256(b"gone.tool").hexdigest()[:24]
CALLS = {
    "`tool_calls`": [
        told_calls([call("x:0 \u00e9"), call("", "gone.tool")],
                   [done("x:0 \u00e9"), done("")],
                   [use(0), use(1, "gone_tool__" + DIGEST)],
                   [result(0, "r"), result(1, "r")]),
        refused_call(".type", NOT, **call(type="custom")),
        refused_call(".id", MISSING, function={"name": "f"}),
        refused_call(".function.name", VALUE, **call(name="")),
        In("test_openai_calls.c", "number_of_calls_is_limited",
           "what_is_no_call_or_result")],
    "`function.arguments`": [
        told_arguments('{"a": 1.50}', a=1.5), told_arguments(""),
        told_arguments(None),
        told_arguments("[1]", __unparsedToolInput={"raw": "[1]"}),
        told_arguments("{", __unparsedToolInput={"raw": "{"}),
        refused_call(".function.arguments", TYPE, **call(arguments={}))],
    "`function_call`": [
        Told([("user", ["a"]), ("assistant", [use(0, a=1)]),
              ("user", [result(0, "r")])],
             messages=[user("a"), says(None, function_call={
                 "name": "f", "arguments": '{"a":1}'}),
                 {"role": "function", "name": "f", "content": "r"}])],
    "role `tool`": [
        told_calls([call()], [done(content=None)], [use()], [result()]),
        told_calls([call()], [done(content=[text("a"), image(URL)])],
                   [use()], [result(0, "a", SHOWN_PNG)]),
        In("test_openai_calls.c", "calls_have_their_results")],
    "role `function`": [In("test_openai_calls.c",
                           "calls_have_their_results")],
    "order": [
        told_calls([call("1"), call("2")],
                   [user("b"), done("2", "y"), done("1", "x"), user("c")],
                   [use(0), use(1)],
                   [result(0, "x"), result(1, "y"), "b", "c"])],
    "a result without its call, or a second one": [
        Refused("messages[1].tool_call_id", VALUE,
                messages=[user("a"), done("no")]),
        Refused("messages[3].tool_call_id", VALUE, messages=[
            user("a"), says(None, tool_calls=[call()]), done(), done()]),
        Refused("messages[1].name", VALUE, messages=[
            user("a"), {"role": "function", "name": "f",
                        "content": "r"}])],
    "a call without a result": [
        told_calls([call()], [user("b")], [use()], [
            result(0, "No result: the user went on without it."), "b"]),
        Refused("messages", VALUE, messages=[
            user("a"), says(None, tool_calls=[call()])])],
}

SHOWN = {"Endpoints": ENDPOINTS, "in a message": MESSAGE,
         "images and files": IMAGES,
         "in `tools` (of `functions` likewise, without `type`)": TOOLS,
         "in messages": CALLS, "what makes a context": CONTEXT,
         "environment": ENVIRONMENT, "outcome": OUTCOMES, "Access": ACCESS,
         "in a body": TEXT, "refused": HTTP, "version": VERSIONS}


@test("each table of the document is here, with each of its rows")
def _():
    eq(sorted(t.title for t in tables()), sorted([*SHOWN, "field"]))
    for title, shown in SHOWN.items():
        eq(sorted(first for first, _ in table(title).rows), sorted(shown),
           title)
        ok(all(shown.values()), "a row without a case")


@test("the versions of the tests are the document's")
def _():
    rows = [first for first, _ in table("version").rows]
    for name in ("oldest", "measured", "newest"):
        ok(real_claude.VERSIONS[name] in rows, name)
    ok(real_claude.VERSIONS["old"] in rows[0], "old")


def row_case(cases):
    with Bed() as bed:
        for case in cases:
            case.check(bed)


for title_, shown_ in SHOWN.items():
    for row_, cases_ in shown_.items():
        add(f"{title_}: {row_}"[:100].replace("#", ""),
            lambda cases=cases_: row_case(cases))


if __name__ == "__main__":
    main()
