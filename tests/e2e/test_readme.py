#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The curl lines of README.md against "ccp start" with the demo backend, and
what doc/protocol.md lists against the sources.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

# pylint: disable=wrong-import-position
from ccp import SRC, Env, Start
from tap import Skip, add, eq, main, ok, test

README = (SRC / "README.md").read_text(encoding="utf-8")

# A command and the answer that stands right below it.
EXAMPLE = re.compile(
    r"^```sh\n(curl .*?)\n```\n```(json|text)\n(.*?)```$", re.M | re.S)


def masked_json(text):
    value = json.loads(text)
    if value.get("object", "").startswith("chat.completion"):
        ok(re.fullmatch("chatcmpl-[0-9a-f]{24}", value["id"]), value["id"])
        ok(value["created"] > 1700000000, "created")
        value.update(id="ID", created="DATE")
    return value


def compare_stream(got, want):
    """want has a line "..." for any number of further text chunks."""
    got, want = ([line for line in text.split("\n") if line]
                 for text in (got, want))
    gap = want.index("...")
    tail = len(want) - gap - 1
    ok(len(got) > len(want), "too few events")
    middle = got[gap:-tail]
    for head, line in (("begin", (got[:gap], want[:gap])),
                       ("end", (got[-tail:], want[-tail:]))):
        eq(*["\n".join(map(normal_event, part)) for part in line], head)
    for line in middle:
        delta = json.loads(line.removeprefix("data: "))["choices"][0]["delta"]
        eq(list(delta), ["content"])


def normal_event(line):
    data = line.removeprefix("data: ")
    if data == "[DONE]":
        return line
    return json.dumps(masked_json(data), indent=1)


def run_example(number, command, kind, want):
    curl = shutil.which("curl")
    if not curl:
        raise Skip("curl is not installed")
    with Env(claude="demo", API_KEY=None, ASK_WORKING_DIR=None) as env, \
            Start(env) as server:
        ok("127.0.0.1:8888" in command, "another address")
        command = command.replace("127.0.0.1:8888",
                                  f"127.0.0.1:{server.port}", 1)
        done = subprocess.run(
            ["sh", "-c", command.replace("curl", f"{curl} -sS", 1)],
            env=env.environ, capture_output=True, text=True, timeout=240,
            check=False)
        eq(done.stderr, "", f"example {number}")
        eq(done.returncode, 0)
    if kind == "json":
        eq(json.dumps(masked_json(done.stdout), indent=1),
           json.dumps(masked_json(want), indent=1))
    else:
        compare_stream(done.stdout, want)


EXAMPLES = EXAMPLE.findall(README)
for n, example in enumerate(EXAMPLES, 1):
    add(f"README: {example[0].splitlines()[0]} ({n})",
        lambda n=n, e=example: run_example(n, *e))


@test("README shows health, models, the question, both kinds of answer")
def _():
    eq(len(EXAMPLES), 5)
    eq(README.count("\ncurl "), 5, "every curl line has its answer")


def codes():
    """Every code of an error that the sources can make."""
    for path in sorted((SRC / "src").glob("*.c")):
        text = path.read_text(encoding="utf-8")
        for call in re.findall(
                r"\b(?:api_error_set|api_error_param|refuse)\(([^;]*);", text):
            yield from re.findall(r'"([a-z]+(?:_[a-z]+)+)"', call)
        # rows of the table of outcomes
        yield from re.findall(
            r'\{\d+, (?:NULL|"\w+"), \d+, [^,]+,\s*"(\w+)"', text)


@test("doc/protocol.md has every code of an error")
def _():
    text = (SRC / "doc" / "protocol.md").read_text(encoding="utf-8")
    found = set(codes())
    ok(len(found) > 25, f"errors are made in another way now: {found}")
    eq(sorted(c for c in found if f"`{c}`" not in text), [])


@test("doc/protocol.md has every parameter of a chat request")
def _():
    text = (SRC / "doc" / "protocol.md").read_text(encoding="utf-8")
    params = re.findall(
        r'^    \{"(\w+)", \w+\},$',
        (SRC / "src" / "openai_params.c").read_text(encoding="utf-8"), re.M)
    ok(len(params) > 25, "the table of src/openai_params.c has another form")
    fields = text[text.index("## Fields"):text.index("| in a message")]
    named = re.findall(r"`(\w+)(?:\.\w+)?`", "\n".join(
        line.split("|")[1] for line in fields.splitlines()
        if line.startswith("|")))
    eq(sorted(set(named)), sorted(params))


if __name__ == "__main__":
    main()
