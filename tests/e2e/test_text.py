#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that others stumble over: a 400 that says where, or carried to Claude
to the byte, and back.  What reached Claude is what the stand-in has read."""
import base64
import json
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import cli_lines  # noqa: E402
import recorded  # noqa: E402
from answers import PATH, ask  # noqa: E402
from ccp import (KEY, Env, HandlerSocket, check_stderr,  # noqa: E402
                 dumps, program)
from protocol import BLANK, Bed  # noqa: E402
from tap import add, contains, eq, lacks, main, ok, test, until  # noqa: E402
from texts import BACK, TEXTS, joined  # noqa: E402

# --- what is refused, and where it is ---------------------------------------

UTF8, NUL, LONE = ("invalid UTF-8", "\\u0000 in a string",
                   "unpaired surrogate in a string")
ESCAPE, HEX = "invalid escape in a string", "invalid \\u escape"
# What stands in a string, what is said of it, and at which of its bytes
STRINGS = [
    (rb"\u0000", NUL, 0), (rb"ab\u0000", NUL, 2), (rb"\\\u0000z", NUL, 2),
    (b"\0", "NUL byte in a string", 0), (b"a\0b", "NUL byte in a string", 1),
    (rb"\ud800", LONE, 0), (rb"\uD800", LONE, 0), (rb"a\udbffz", LONE, 1),
    (rb"\udc00", LONE, 0), (rb"\udfff", LONE, 0), (rb"\udc00\ud800", LONE, 0),
    (rb"\ud83d\ud83d\ude00", LONE, 0), (rb"\ud83d\ude00\ude00", LONE, 12),
    (rb"\ud83d \ude00", LONE, 0), (rb"\ud83d\\ude00", LONE, 0),
    (rb"\ud83d\u0041", LONE, 0), (rb"\ud83d\n", LONE, 0),
    # a pair of which half is raw
    (b"\\ud83d\xed\xb8\x80", LONE, 0),
    # cut off, at the end and before another character
    *[(b"a" + "é€😀"[n].encode()[:m] + end, UTF8, 1)
      for n in range(3) for m in range(1, n + 2) for end in (b"", b"z", b"\xc3"
                                                             b"\xa9")],
    # overlong: U+0000, "/", the last of each length
    *[(b"ab" + text, UTF8, 2) for text in (
        b"\xc0\x80", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\x80",
        b"\xe0\x80\xaf", b"\xe0\x9f\xbf", b"\xf0\x80\x80\x80",
        b"\xf0\x80\x80\xaf", b"\xf0\x8f\xbf\xbf", b"\xf8\x88\x80\x80\x80",
        b"\xfc\x84\x80\x80\x80\x80")],
    # surrogates, alone and as pairs (CESU-8)
    *[(text, UTF8, 0) for text in (
        b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf",
        b"\xed\xb0\x80", b"\xed\xbf\xbf", b"\xed\xa0\xbd\xed\xb8\x80")],
    # beyond U+10FFFF, and bytes that are never there
    *[(b"\xc3\xa9" + text, UTF8, 2) for text in (
        b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf7\xbf\xbf\xbf",
        b"\x80", b"\xbf", b"\xc0", b"\xc1", b"\xf5", b"\xfe", b"\xff",
        b"\xff\xfe", b"\xe9t\xe9")],
    *[(b"a" + bytes([c]), "control character in a string", 1)
      for c in range(1, 0x20)],
    *[(text, ESCAPE, 0) for text in (
        rb"\x41", rb"\'", rb"\0", rb"\a", rb"\v", rb"\e", rb"\U0041", b"\\\n",
        b"\\\xc3\xa9")],
    *[(text, HEX, 0) for text in (
        rb"\u", rb"\u12", rb"\u123g", rb"\u{41}", rb"\u+041", rb"\u 041")],
]


def quoted(text):
    return b'"' + text + b'"'


# Where a string may stand
PLACES = {
    "a message": lambda s:
        b'{"messages":[{"role":"user","content":' + s + b'}]}',
    "a part": lambda s: b'{"messages":[\n{"role":"user","content":[{"type":'
        b'"text","text":' + s + b'}]}]}',
    "what the model called": lambda s: b'{"messages":[{"role":"assistant",'
        b'"tool_calls":[{"id":"a","function":{"name":"f","arguments":' + s
        + b'}}]},{"role":"tool","tool_call_id":"a","content":"b"}]}',
    "a schema": lambda s: b'{"messages":[{"role":"user","content":"a"}],\n\n'
        b'"tools":[{"type":"function","function":{"name":"f","parameters":'
        b'{"description":' + s + b'}}}]}',
    "what is ignored": lambda s: b'{"messages":[{"role":"user","content":"a"'
        b'}],"unknown":[[' + s + b']]}',
    "a key": lambda s: b'{"messages":[{"role":"user","content":"a"}],'
        b'"metadata":{' + s + b':1}}',
}


def refused(bed, body, what, at):
    """A 400 that says where; nobody asked Claude."""
    bed.refused(body, None, "invalid_json")
    answer = bed.post(body)
    eq(answer.error["message"],
       f"The request body is not valid JSON: {what} at byte {at} "
       f"(line {1 + body[:at].count(10)}).", str(body[:200]))


def strings_refused(place):
    def case():
        with Bed() as bed:
            for text, what, at in STRINGS:
                body = place(quoted(text))
                refused(bed, body, what, body.index(quoted(text)) + 1 + at)
    return case


for place_ in PLACES:
    add(f"strings that are none, in {place_} ({len(STRINGS)})",
        strings_refused(PLACES[place_]))

VALUE, KEYS, COMMA = ("a value was expected", "a key in quotes was expected",
                      "a comma or closing bracket was expected")
END, BEHIND = "unexpected end of the text", "something follows the value"
DEEP, RANGE, LONG = ("nested too deeply", "number out of range",
                     "number too long")
OK = dumps({"messages": [{"role": "user", "content": "é"}]})
# In place of a value: what is said, at which of its bytes
VALUES = [
    *[(t, VALUE, 0) for t in (
        b"NaN", b"Infinity", b"+1", b".5", b"'a'", b"`a`", b"undefined",
        b"True", b"None", b"/**/1", b"// a\n1", b"#1", b"\f1", b"\v1",
        b"\xc2\xa01", b"\xe2\x80\xa81", b"\xef\xbb\xbf1", b"(1)", b"=1",
        b"\0", b"]", b"\x801", b"\xff")],
    *[(b"-" + t, "a digit is missing in a number", 1)
      for t in (b"Infinity", b"NaN", b"-1", b".5", b"x")],
    *[(t, "invalid literal", 0) for t in (
        b"nan", b"tru", b"nulL", b"falsy", b"nul\0")],
    *[(t, COMMA, at) for t, at in (
        (b"01", 1), (b"0x10", 1), (b"1_000", 1), (b"1.5.5", 3),
        (b"1e5e5", 3), (b"truex", 4), (b"nullnull", 4), (b"1n", 1),
        (b"1 2", 2), (b"-01", 2), (b"00", 1), (b"1\0", 1), (b"1/**/", 1),
        (b"1//", 1), (b"[1]2", 3), (b'"a""b"', 3))],
    *[(t, "a digit is missing in a number", at) for t, at in (
        (b"1.", 2), (b"1.e5", 2), (b"1e", 2), (b"1e+", 3), (b"-", 1),
        (b"1.x", 2))],
    *[(t, RANGE, 0) for t in (
        b"1e999", b"-1e999", b"1E+309", b"1.8e308", b"-1.8e308",
        b"9" * 40 + b"e300", b"1e99999999999999999999")],
    *[(t, LONG, 0) for t in (
        b"1" * 400, b"-" + b"9" * 400, b"0." + b"3" * 400, b"1" * 64,
        b"1e" + b"0" * 400 + b"1", b"1" * 1000000)],
    (b"[1,]", VALUE, 3), (b"[,1]", VALUE, 1), (b"[1,,2]", VALUE, 3),
    (b"[1;2]", COMMA, 2), (b"[1}", COMMA, 2), (b"{]", KEYS, 1),
    (b'{"a":1,}', KEYS, 7), (b"{,}", KEYS, 1), (b"{a:1}", KEYS, 1),
    (b"{'a':1}", KEYS, 1), (b"{1:1}", KEYS, 1), (b"{null:1}", KEYS, 1),
    (b'{"a"}', "':' was expected", 4), (b'{"a"=1}', "':' was expected", 4),
    (b'{"a":1;"b":2}', COMMA, 6), (b'{"a":1 /* b */}', COMMA, 7),
    (b'{"' + b"k" * 1025 + b'":1}', "key too long", 2),
    (b'{"' + b"\xc3\xa9" * 513 + b'":1}', "key too long", 2),
    (b"[" * 10000 + b"]" * 10000, DEEP, 127),
    (b'{"a":' * 10000 + b"1" + b"}" * 10000, DEEP, 5 * 127),
    (b"[" * 128 + b"]" * 128, DEEP, 127),
]


@test(f"values that are none ({len(VALUES)})")
def _():
    for fields in (b'{"messages":[{"role":"user","content":"a"}],\n"x":',
                   b'{"x":\n'):
        with Bed() as bed:
            for text, what, at in VALUES:
                refused(bed, fields + text + b',"y":1}', what,
                        len(fields) + at)


# All of the body
BODIES = [
    ("nothing but white space", b" \r\n\t", END, 4),
    ("10 MB of brackets", b"[" * 10_000_000, DEEP, 128),
    ("10 MB of objects", b'{"a":' * 2_000_000, DEEP, 5 * 128),
    ("10 MB of brackets that close", b"]" * 10_000_000, VALUE, 0),
    ("10 MB of a string without an end", b'"' + b"a" * 10_000_000, END,
     10_000_001),
    ("200,001 values", b"[" + b"0," * 200_000 + b"0]", "too many values",
     1 + 2 * 199_999),
    ("a byte order mark", b"\xef\xbb\xbf" + OK, "byte order mark", 0),
    *[(name, OK.decode().encode(name), what, at) for name, what, at in (
        ("utf-16", VALUE, 0), ("utf-16-le", KEYS, 1), ("utf-16-be", VALUE, 0),
        ("utf-32", VALUE, 0), ("utf-32-le", KEYS, 1), ("utf-32-be", VALUE, 0),
        ("cp037", VALUE, 0))],
    ("Latin-1", OK.decode().encode("latin-1"), UTF8, OK.index(b"\xc3")),
    ("two texts", OK + OK, BEHIND, len(OK)),
    ("a line of JSON Lines", OK + b"\n" + OK, BEHIND, len(OK) + 1),
    ("a comma behind it", OK + b",", BEHIND, len(OK)),
    ("a NUL behind it", OK + b"\0", BEHIND, len(OK)),
    ("a NUL and more", OK + b'\0{"model":"x"}', BEHIND, len(OK)),
    ("a comment before it", b"// a\n" + OK, VALUE, 0),
    ("a comment behind it", OK + b"// a", BEHIND, len(OK)),
    ("a record separator", b"\x1e" + OK, VALUE, 0),
    ("a form", b"messages=" + OK, VALUE, 0),
    ("a guard against scripts", b")]}',\n" + OK, VALUE, 0),
    *[(f"{n} bytes of it", OK[:n], END, n) for n in range(1, len(OK))
      if OK[n - 1:n] != b"\xc3"],
    ("half a character", OK[:OK.index(b"\xc3") + 1], UTF8, OK.index(b"\xc3")),
]


@test(f"bodies that are none ({len(BODIES)})")
def _():
    with Bed() as bed:
        for _, body, what, at in BODIES:
            refused(bed, body, what, at)


# --- names that are given twice ---------------------------------------------

TWICE = [
    ('{"model":"a",%s,"model":"b"}', "model"),
    ('{%s,"messages":[]}', "messages"),
    ('{%s,"unknown":1,"unknown":1}', "unknown"),
    ('{%s,"unknown":1,"unknow\\u006e":1}', "unknown"),
    ('{%s,"metadata":{"a":"1","a":"1"}}', "metadata.a"),
    ('{%s,"stream_options":{"include_usage":true,"include_usage":false}}',
     "stream_options.include_usage"),
    ('{%s,"x":[1,[{"a":{"é":1,"b":2,"é":3}}]]}', "x[1][0].a.é"),
    ('{%s,"x":{"":1,"":2}}', "x."),
    ('{"messages":[{"role":"user","content":"a"},{"role":"user","content":'
     '"b","role":"system"}]}', "messages[1].role"),
    ('{"messages":[{"role":"user","content":"a","name":"b","name":"c"}]}',
     "messages[0].name"),
    ('{"messages":[{"role":"user","content":[{"type":"text","text":"a",'
     '"text":"b"}]}]}', "messages[0].content[0].text"),
    ('{%s,"tools":[{"type":"function","function":{"name":"f","parameters":'
     '{"type":"object","properties":{"a":{},"a":{"type":"string"}}}}}]}',
     "tools[0].function.parameters.properties.a"),
    ('{%s,"response_format":{"type":"json_schema","json_schema":{"name":"n",'
     '"schema":{"type":"object","$defs":{"x":{"enum":[{"k":1,"k":2}]}}}}}}',
     "response_format.json_schema.schema.$defs.x.enum[0].k"),
    ('{%s,"x":{' + ",".join(f'"{n}":0' for n in range(1000)) + ',"77":0}}',
     "x.77"),
]


@test(f"a name that is given twice is refused, wherever ({len(TWICE)})")
def _():
    with Bed() as bed:
        for text, where in TWICE:
            body = text.replace(
                "%s", '"messages":[{"role":"user","content":"a"}]')
            bed.refused(body, where, "invalid_value")
            eq(bed.post(body).error["message"], f"{where} is given twice.")


@test("a name of 1024 bytes is named as far as there is room, in whole letters")
def _():
    with Bed() as bed:
        name = "é" * 512
        error = bed.post(dumps({"messages": [
            {"role": "user", "content": "a"}]})[:-1]
            + f',"{name}":1,"{name}":2}}'.encode()).error
        ok(name.startswith(error["param"]) and len(error["param"]) > 40,
           error["param"])
        eq(error["message"], f"{name} is given twice.")


# --- what is carried --------------------------------------------------------

LONG_TEXT = ("é\\n😀 \\u2028x" * 100_000)


def conversation(text):
    """text in all places where a text goes to Claude: as JSON has it, and as
    it is."""
    here = json.loads(f'"{text}"')
    arguments = json.dumps({"k": here, here: 1}, ensure_ascii=False)
    file = base64.b64encode(here.encode()).decode()
    body = (
        f'{{"messages":[{{"role":"system","content":"{text}"}},'
        f'{{"role":"user","content":"{text}"}},'
        f'{{"role":"assistant","content":"{text}","tool_calls":[{{"id":"a",'
        f'"function":{{"name":"f","arguments":{json.dumps(arguments)}}}}}]}},'
        f'{{"role":"tool","tool_call_id":"a","content":"{text}"}},'
        f'{{"role":"user","content":[{{"type":"text","text":"{text}"}},'
        f'{{"type":"file","file":{{"file_data":"{file}","filename":'
        f'"{text if len(here.encode()) < 256 else "x"}"}}}}]}}]}}')
    return here, body.encode()


def texts_told(told):
    """The system prompt, and what each block has to say, in order."""
    found = [told.first["systemPrompt"]]
    for line in told.lines:
        for block in line.get("message", {}).get("content", []):
            if block == BLANK:
                continue
            if block["type"] == "text":
                found.append(block["text"])
            elif block["type"] == "tool_use":
                found.append(block["input"])
            elif block["type"] == "tool_result":
                found += [b["text"] for b in block["content"]]
            else:
                found += [block["source"]["data"], block["title"]]
    return found


def check_carried(bed, text):
    here, body = conversation(text)
    told = bed.ask(body)
    short = here if len(here.encode()) < 256 else "x"
    key = here if len(here.encode()) <= 1024 else None
    got = texts_told(told)
    eq(got[3], {"k": here, key: 1} if key else {"__unparsedToolInput": {
        "raw": json.dumps({"k": here, here: 1}, ensure_ascii=False)}})
    eq(got[:3] + got[4:], [here] * 6 + [short], ascii(text)[:100])


@test(f"texts reach Claude as they are, in eight places ({len(TEXTS)})")
def _():
    with Bed() as bed:
        for text in TEXTS:
            text = text if len(text) > 100 else f"{text}x{text}"
            check_carried(bed, text)


@test("so does one of 1 MB")
def _():
    with Bed() as bed:
        check_carried(bed, LONG_TEXT)


@test("a stop sequence")
def _():
    with Bed() as bed:
        for text in TEXTS:
            here = json.loads(f'"{text}x"')
            told = bed.ask(f'{{"messages":[{{"role":"user","content":"a"}}],'
                           f'"stop":["{text}x"]}}')
            eq(told.body["stop_sequences"], [here])


# Numbers, where they are passed on as text
NUMBERS = ("0", "-0", "-0.0", "9007199254740993", "-9007199254740993",
           "18446744073709551616", "1.10", "1e2", "1E+2", "1.0e-05", "1e308",
           "1e-400", "-1.7976931348623157e308", "0.1000000000000000055511151",
           "1" * 63, "0." + "3" * 61, "1e" + "0" * 60 + "1")


@test(f"numbers are passed on as they were written ({len(NUMBERS)})")
def _():
    with Bed() as bed:
        for number in NUMBERS:
            schema = f'{{"type":"object","const":{number}}}'
            told = bed.ask(
                '{"messages":[{"role":"user","content":"a"},{"role":'
                '"assistant","tool_calls":[{"id":"a","function":{"name":"f",'
                f'"arguments":"{{\\"n\\": {number} }}"}}}}]}},'
                '{"role":"tool","tool_call_id":"a","content":"b"}],'
                '"tools":[{"type":"function","function":{"name":"f",'
                f'"parameters":{schema}}}}}],"response_format":{{"type":'
                f'"json_schema","json_schema":{{"name":"n","schema":{schema}'
                '}}}')
            raw = "\n".join(told.raw)
            contains(raw, f'"input":{{"n":{number}}}')
            contains(raw, f'"jsonSchema":{schema}')
            contains(raw, f'"inputSchema":{schema}')


# The arguments of a call, which the model once wrote: as they are, or as text
AS_TEXT = [
    "{", "}", "[]", "1", "null", '"a"', "a", '{"a":1}}', '{"a":1} x',
    '{"a":NaN}', '{"a":1e999}', '{"a":01}', '{"a":1,}', "{'a':1}", "{a:1}",
    '{"a":"\\u0000"}', '{"a":"\\ud800"}', '{"\\udc00":1}', '{"a":"\t"}',
    '\ufeff{"a":1}', '{"a":/**/1}', '{"a":' + "1" * 400 + "}",
    '{"a":' + "[" * 10000 + "]" * 10000 + "}", '{"a":"\\x41"}', "\u2028{}",
    '{"' + "k" * 1025 + '":1}', '{"a":"b' + "c" * 100000]
AS_THEY_ARE = [
    '{"a":1,"a":2}', '{"a":{"b":1,"b":2},"a":3}', '{"__proto__":{"a":1}}',
    '{"a":"\\u2028\\uffff"}', '{"a":"\u2028\uffff"}', '{"":""}',
    '{"a":"\\ud83d\\ude00\\/"}', '{"a":9007199254740993}', "{}", '{"a":-0.0}',
    '{"a":' + "[" * 100 + "]" * 100 + "}", '{"constructor":null}',
    '{"' + "k" * 1024 + '":1}', '{"a":"' + "c" * 100000 + '"}']


def called(arguments):
    return {"messages": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "tool_calls": [{"id": "a", "function": {
            "name": "f", "arguments": arguments}}]},
        {"role": "tool", "tool_call_id": "a", "content": "b"}]}


@test(f"arguments that are no JSON object are carried as text "
      f"({len(AS_TEXT)})")
def _():
    with Bed() as bed:
        for text in AS_TEXT:
            found = texts_told_calls(bed.ask(called(text)))
            eq(found, [{"__unparsedToolInput": {"raw": text}}])


def texts_told_calls(told):
    return [block["input"] for line in told.lines
            for block in line.get("message", {}).get("content", [])
            if block["type"] == "tool_use"]


@test(f"others to the letter, names that come twice too ({len(AS_THEY_ARE)})")
def _():
    with Bed() as bed:
        for text in AS_THEY_ARE:
            contains("\n".join(bed.ask(called(text)).raw), f'"input":{text}}}')


@test("a schema to the letter: names, escapes, an order of its own")
def _():
    schema = ('{"type":"object","properties":{"__proto__":{"enum":["\\ud83d'
              '\\ude00","😀","\\u2028","\u2028","\\/"]},"10":{},"9":{},"":{},'
              '"' + "k" * 1024 + '":{"const":9007199254740993}},"x":[1.0,-0]}')
    with Bed() as bed:
        told = bed.ask('{"messages":[{"role":"user","content":"a"}],"tools":'
                       '[{"type":"function","function":{"name":"f",'
                       f'"parameters":{schema}}}}}]}}')
        contains("\n".join(told.raw), f'"inputSchema":{schema}')


# --- what comes back --------------------------------------------------------

MARK = "<HERE>"


def replay(env, lines, text):
    """The stand-in says these lines, with text in the place of MARK."""
    path = pathlib.Path(env.dir, "out")
    path.write_bytes(b"".join(dumps(line).replace(MARK.encode(), text) + b"\n"
                              for line in lines))
    env.environ["CCP_DEMO_MODE"] = f"replay={path}"


def said(text, want, stream):
    child = {"CCP_DEMO_MODE": "", "CCP_DEMO_DELAY_MS": "0"}
    with Env(child=child) as env:
        replay(env, recorded.answered(f"x{MARK}y"), text)
        with HandlerSocket(env) as handler:
            answer = ask(handler.http, "hello", stream=stream)
            eq((answer.status, answer.text), (200, f"x{want}y"), str(text))


def argued(text, want, stream):
    child = {"CCP_DEMO_MODE": "", "CCP_DEMO_DELAY_MS": "0"}
    lines = cli_lines.tool_message("I ask.", "mcp__client__f", a=MARK)
    for line in lines:  # in one piece, as its text
        delta = line.get("event", {}).get("delta", {})
        if "partial_json" in delta:
            delta["partial_json"] = ""
    pieces = [li for li in lines if "partial_json" in
              li.get("event", {}).get("delta", {})]
    pieces[0]["event"]["delta"]["partial_json"] = f'{{"a": "{MARK}"}}'
    with Env(child=child) as env:
        replay(env, [*recorded.client_start(), *lines,
                     *recorded.client_end(2)], text)
        with HandlerSocket(env) as handler:
            answer = ask(handler.http, "hello", stream=stream, tools=[
                {"type": "function", "function": {"name": "f"}}])
            eq(answer.status, 200, str(answer))
            call, = answer.calls
            eq(call["function"]["arguments"], f'{{"a": "{want}"}}', str(text))


# A piece of JSON is a text too: what has an escape in it, or needs one, would
# be another
ARGUED = [(text, want) for text, want in BACK
          if not set(want) & set('"\\') and min(want) >= " "]

for streams in (False, True):
    @test(f"what Claude says comes back{', streamed' * streams} "
          f"({len(BACK)})")
    def _(stream=streams):
        said(*joined(BACK), stream)

    @test(f"so do the arguments of its calls{', streamed' * streams} "
          f"({len(ARGUED)})")
    def _(stream=streams):
        argued(*joined(ARGUED), stream)
        argued(rb"\\u0000\\ud800\\n\\\"", r"\u0000\ud800\n\"", stream)


# --- the configuration ------------------------------------------------------

CONFIGS = [
    (b"\xef\xbb\xbf{}", 1, "byte order mark"),
    ('{\n}'.encode("utf-16"), 1, VALUE), ("{}".encode("utf-16-le"), 1, KEYS),
    (b'{"API_KEY":\n"\xff"}', 2, UTF8), (b'{"x":"\xc3"}', 1, UTF8),
    (b'{"API_KEY":"a\\u0000b"}', 1, NUL),
    (b'{"API_KEY":"a\0b"}', 1, "NUL byte in a string"),
    (b'{"x":\n\n"\\ud800"}', 3, LONE), (b'{"\\udc00":1}', 1, LONE),
    (b'{"PORT":1e999}', 1, RANGE), (b'{"x":NaN}', 1, VALUE),
    (b'{"PORT":' + b"1" * 400 + b"}", 1, LONG),
    (b'{\n// a port\n"PORT":1}', 2, KEYS), (b'{"PORT":1,}', 1, KEYS),
    (b'{"PORT":1} x', 1, BEHIND), (b"{}\0", 1, BEHIND),
    (b'{"x":' + b"[" * 10000, 1, DEEP), (b"[" * 200000, 1, DEEP),
    (b'{"API_KEY":"a\tb"}', 1, "control character in a string"),
    (b'{"PORT":1,\n"PORT":1}', 2, "PORT: must not be given twice"),
    (b'{"API_KEYS":{"k":"n","k":"m"}}', 1, "API_KEYS: must not have a key "
     "twice (key 2)"),
    (b'{"MODELS":{"a":"b","a":"c"}}', 1, 'MODELS: must not give "a" twice'),
    (b'{"API_KEY":"a\\nb"}', 1, "API_KEY: must not contain control "
     "characters"),
    (b"[]", 1, "must be a JSON object"), (b"", 1, END), (b'{"x":"', 1, END),
]


@test(f"a configuration that is no JSON: its line is named ({len(CONFIGS)})")
def _():
    with Env(API_KEY=None) as env:
        path = env.write_config("")
        for text, line, what in CONFIGS:
            path.write_bytes(text)
            with HandlerSocket(env) as handler:
                got = handler.http.get("/health")
                eq((got.status, got.json()["error"]["code"]),
                   (500, "configuration"), str(text[:99]))
                contains(handler.stderr(), f"config.json line {line}: {what}")


@test("a key of the API in any letters")
def _():
    for key in ("schlüssel-zum-glück", "ключ\u2028\ufeff😀", "a" * 4096):
        with Env(API_KEY=None) as env:
            env.write_config(json.dumps({"API_KEY": key}))
            with HandlerSocket(env) as handler:
                for sent, status in ((key, 200), (key[:-1], 401)):
                    field = f"Bearer {sent}".encode().decode("latin-1")
                    eq(handler.http.get("/v1/models", Authorization=field)
                       .status, status)


# --- header fields and the list of sessions ---------------------------------

@test("the client's id of a request is one of plain letters, or another")
def _():
    with Env() as env, HandlerSocket(env) as handler:
        for ident, kept in (
                ("a-Z_0.:/+=@", True), ("x" * 128, True), ("x" * 129, False),
                ("", False), ("a b", False), ("é", False), ("\xff", False),
                ('a"b', False), ("a\\b", False), ("a,b", False),
                ("a;b", False), ("<a>", False), ("%0d%0a", False),
                ("a\tb", False), ("{a}", False), ("a\x80", False)):
            got = handler.http.get("/health", **{"X-Request-Id": ident})
            eq(got.status, 200)
            eq(got.header("X-Request-Id") == ident, kept, ascii(ident))


@test("a directory is the bytes of the header, whatever they are")
def _():
    names = ["Zürich".encode(), b"caf\xe9", b"\xff\xfe", b"a\xc0\xafb",
             "\u2028😀".encode(), b"\xed\xa0\x80"]
    child = {"CCP_DEMO_RECORD": "", "CCP_DEMO_DELAY_MS": "0"}
    with Env(child=child) as env:
        record = os.path.join(env.dir, "record")
        env.environ["CCP_DEMO_RECORD"] = record
        for name in names:
            path = os.path.join(os.path.realpath(env.work).encode(), name)
            os.mkdir(path)
            with HandlerSocket(env) as handler:
                for there in (True, False):
                    field = path if there else path + b"-no"
                    got = handler.http.post_json(PATH, {"messages": [
                        {"role": "user", "content": "a"}]}, {
                            "X-CCP-Working-Dir": field.decode("latin-1")})
                    eq(got.status, 200 if there else 400, repr(name))
                    if not there:  # a text in UTF-8, all the same
                        eq(got.json()["error"]["param"], "X-CCP-Working-Dir")
                env.wait_gone(handler.pid)
            with open(record, "rb") as lines:
                contains(lines.read(), b'"cwd":"' + path + b'"')
            os.remove(record)
        check_sessions(env, len(names))


def check_sessions(env, count):
    """What they were about, and where: valid JSON, and plain on a screen."""
    for form in ([], ["--json"]):
        done = subprocess.run(
            [program("ccp"), "session", "list", *form], env=env.environ,
            cwd=env.work, capture_output=True, timeout=240, check=True)
        check_stderr(done.stderr.decode())
        text = done.stdout.decode("utf-8")
        if form:
            eq(len(json.loads(text)), count)
        else:
            eq([c for c in text if c != "\n" and (
                ord(c) < 0x20 or 0x7f <= ord(c) < 0xa0
                or c in "\u2028\u2029\u202e")], [])


@test("what a conversation is about is cut between letters, and plain")
def _():
    texts = ["é" * 500, "😀" * 500, "x" + "é" * 500, "xy" + "😀" * 300,
             "a\x01\x1b[31mb\x7f", "\u202eabc", "a\u2028b\u2029c", "\ufffe\uffff",
             "\x85\x9b31m", "a\r\nb\tc", "'\"\\/"]
    with Env(child={"CCP_DEMO_DELAY_MS": "0"}) as env:
        for text in texts:
            with HandlerSocket(env) as handler:
                answer = ask(handler.http, text)
                eq(answer.status, 200)
                env.wait_gone(handler.pid)
        check_sessions(env, len(texts))


@test("the log has neither bytes of terminals nor broken lines")
def _():
    with Env(LOG_FORMAT="json") as env, HandlerSocket(env) as handler:
        for target in ("/%00%1b", "/a%0Ab", "/%e2%80%ae", '/"\\'):
            handler.http.get(target)
        for text, _, _ in STRINGS[:20]:
            handler.http.request("POST", PATH, quoted(text), {
                "Content-Type": "application/json"})
        # A line may come behind its answer.
        until(lambda: handler.stderr().count("\n") >= 24, what="24 lines")
        lines = handler.stderr().splitlines()
    for line in lines:
        json.loads(line)
        lacks(line, "\x1b")
        lacks(line, KEY)


if __name__ == "__main__":
    main()
