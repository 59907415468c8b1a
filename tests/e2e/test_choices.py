#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several answers to one request (n): each is a run of its own."""
import contextlib
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from answers import PATH  # noqa: E402
from ccp import Env, HandlerSocket, program  # noqa: E402
from choices import Choices  # noqa: E402
from tap import add, contains, eq, main, ok, test  # noqa: E402

SEE = {"type": "function", "function": {
    "name": "see", "parameters": {"type": "object"}}}


# Each process takes the next line of a list as its mode.
PICK = """#!/bin/sh
n=1
while ! mkdir "{dir}/$n" 2>/dev/null; do n=$((n + 1)); done
CCP_DEMO_MODE=$(sed -n "${{n}}p" "{dir}/modes")
export CCP_DEMO_MODE
exec "{demo}" "$@"
"""


@contextlib.contextmanager
def talking(*modes, **settings):
    with Env(**settings) as env:
        script = os.path.join(env.dir, "claude")
        picks = os.path.join(env.dir, "picks")
        os.mkdir(picks)
        with open(os.path.join(picks, "modes"), "w", encoding="ascii") as file:
            file.write("\n".join(modes) + "\n")
        with open(script, "w", encoding="ascii") as file:
            file.write(PICK.format(dir=picks,
                                   demo=program("ccp-demo-claude")))
        os.chmod(script, 0o700)
        env.environ["CLAUDE_PATH"] = script
        env.environ["CCP_DEMO_DELAY_MS"] = "1"
        env.environ["CLAUDE_ENV"] += ",CCP_DEMO_DELAY_MS"
        with HandlerSocket(env) as handler:
            yield handler, env
            env.wait_gone(handler.pid)


def both(name, *modes, **settings):
    def collect(function):
        def case(stream):
            with talking(*modes, **settings) as (handler, env):
                function(handler, env, stream)
        add(name, lambda: case(False))
        add(f"{name}, streamed", lambda: case(True))
    return collect


def lengths(got):
    return sorted(len(text) for text in got.all("text"))


for _n in (1, 2, 3, 8):
    @both(f"{_n} answers, each its own",
          *(f"long={i + 1}" for i in range(_n)))
    def _(handler, _env, stream, n=_n):
        got = Choices(handler.http, stream, n)
        eq((got.status, sorted(got.by_index)), (200, list(range(n))))
        eq(got.all("finish"), ["stop"] * n)
        eq(len(set(lengths(got))), n, "different answers")
        ok(got.done, "it has no end")
        ok(got.usage["completion_tokens"] >= n, f"usage {got.usage}")


@test("the usage is that of all")
def _():
    def usage(n):
        with talking(*["long=3"] * n) as (handler, _):
            return Choices(handler.http, False, n).usage
    one, three = usage(1), usage(3)
    eq(three["prompt_tokens"], 3 * one["prompt_tokens"])
    eq(three["completion_tokens"], 3 * one["completion_tokens"])


@test("include_usage: once, behind all of them")
def _():
    with talking("long=3", "long=1") as (handler, _):
        got = Choices(handler.http, True, 2,
                      stream_options={"include_usage": True})
        eq((got.all("finish"), got.done), (["stop"] * 2, True))
        ok(got.usage, "no usage")


@test("they stream at the same time")
def _():
    with talking("long=20,slow=20", "long=20,slow=20") as (handler, _):
        got = Choices(handler.http, True, 2)
        changes = sum(a != b for a, b in zip(got.order, got.order[1:]))
        ok(changes > 5, f"one behind the other: {got.order}")


@both("more answers than places", "long=1", "long=2", "long=3", "long=4",
      CLAUDE_MAX_PROCESSES="1")
def _(handler, _env, stream):
    got = Choices(handler.http, stream, 4)
    eq((got.status, len(set(lengths(got))), got.done), (200, 4, True))


@both("tools: each calls its own", "tool=see", "tool=see")
def _(handler, _env, stream):
    got = Choices(handler.http, stream, 2, text="see {}", tools=[SEE])
    eq((got.status, got.all("finish")), (200, ["tool_calls"] * 2))
    eq(got.all("calls"), [["see"]] * 2)


@both("one that fails at once is the error of all", "slow=300,long=100",
      "error=429", "slow=300,long=100")
def _(handler, env, stream):
    got = Choices(handler.http, stream, 3)
    ok(got.error, f"{got.status}, and no error")
    if not got.by_index:
        eq(got.status, 429)
    eq(got.done, not stream, "an end")
    env.wait_gone(handler.pid)


@test("one that dies in the middle ends the stream of all")
def _():
    with talking("die-midway", "slow=300,long=100") as (handler, env):
        got = Choices(handler.http, True, 2)
        eq((got.status, got.done), (200, False))
        eq(got.error["type"], "server_error")
        env.wait_gone(handler.pid)


@both("what two of them leave running is gone", "grandchild,long=1",
      "grandchild,long=2", "long=3")
def _(handler, env, stream):
    got = Choices(handler.http, stream, 3)
    eq((got.status, got.all("finish")), (200, ["stop"] * 3))
    env.wait_gone(handler.pid)


@test("a client that leaves ends them all")
def _():
    with talking(*["slow=300,long=200"] * 3) as (handler, env):
        _, events = handler.http.stream(PATH, {
            "model": "haiku", "n": 3, "stream": True,
            "messages": [{"role": "user", "content": "go"}]})
        ok(next(iter(events)), "nothing came")
        handler.http.close()
        env.wait_gone()


@both("the question for a directory is asked in each",
      ASK_WORKING_DIR="always")
def _(handler, _env, stream):
    got = Choices(handler.http, stream, 2)
    eq((got.status, got.all("finish")), (200, ["stop"] * 2))
    one, two = got.all("text")
    contains(one, "directory")
    eq(one, two)


@test("a follow-up goes on with the answer it shows")
def _():
    with talking("long=1", "long=2", "transcript") as (handler, _):
        first = Choices(handler.http, False, 2)
        chosen = max(first.all("text"), key=len)
        said = [{"role": "user", "content": "hello"},
                {"role": "assistant", "content": chosen},
                {"role": "user", "content": "and?"}]
        got = handler.http.post_json(PATH, {"model": "haiku",
                                            "messages": said})
        eq((got.status, got.header("X-CCP-Session")), (200, "resumed"))
        contains(got.json()["choices"][0]["message"]["content"],
                 chosen.split()[0])


@test("9 are too many, 0 too few")
def _():
    with talking() as (handler, _):
        for n in (0, 9):
            got = Choices(handler.http, False, n)
            eq((got.status, got.error["param"]), (400, "n"))


if __name__ == "__main__":
    main()
