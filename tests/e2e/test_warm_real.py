#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Warm processes of the real Claude Code CLI, measured and newest version: what
reaches the API is the client's conversation, no more and no less, whichever
connection it comes from.

CCP_PARK_SECONDS: how long a call waits for its result (make check-long)."""
import contextlib
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import real_claude  # noqa: E402
from answers import PATH, ask  # noqa: E402
from ccp import chat_body  # noqa: E402
from mock_messages import Mock, answer, error, hold  # noqa: E402
from tap import contains, eq, main, ok, test, until  # noqa: E402
from warm import Handlers, WarmEnv  # noqa: E402

VERSIONS = ("measured", "newest")
PARK = int(os.environ.get("CCP_PARK_SECONDS")
           or ("600" if os.environ.get("CCP_TEST_LONG") else "0"))
WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "the weather", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}}}}
CALLED = "mcp__client__get_weather"


@contextlib.contextmanager
def bed(version, **settings):
    settings.setdefault("CLAUDE_PERMISSION_MODE", "bypassPermissions")
    with Mock() as api, WarmEnv(
            claude=real_claude.find(version),
            child=real_claude.variables(api.url), **settings) as env, \
            Handlers(env) as handlers:
        yield api, env, handlers


class Talk:
    """A client's conversation and what the API has to see of it."""

    def __init__(self, api, **more):
        self.api = api
        self.more = more
        self.messages = []
        self.seen = []

    def send(self, handler, script, want):
        """Sends all messages; the model does as the script says."""
        self.api.script(script)
        got = ask(handler.http, messages=self.messages, **self.more)
        eq(got.status, 200, repr(got))
        ok(got.session == want or isinstance(want, tuple)
           and got.session in want, f"X-CCP-Session: {got.session}")
        eq(self.api.last().messages, self.seen, "what the model saw")
        return got

    def say(self, handler, text, reply, want):
        self.messages.append({"role": "user", "content": text})
        self.seen.append(("user", [text]))
        got = self.send(handler, answer(reply), want)
        eq(got.text, reply)
        self.messages.append({"role": "assistant", "content": reply})
        self.seen.append(("assistant", [reply]))

    def call(self, handler, want, *cities, text="Let me see."):
        """A turn that ends with calls."""
        got = self.send(handler, answer(
            text, tools=[(CALLED, {"city": c}) for c in cities]), want)
        eq([c["function"]["name"] for c in got.calls],
           ["get_weather"] * len(cities))
        self.messages.append({"role": "assistant", "content": text,
                              "tool_calls": got.calls})
        return got.calls

    def results(self, calls, *texts):
        for call, text in zip(calls, texts):
            self.messages.append({"role": "tool", "content": text,
                                  "tool_call_id": call["id"]})


def each_version(name, **options):
    def add(function):
        for version in VERSIONS:
            test(f"{name}, {version}", **options)(
                lambda version=version: function(version))
    return add


@each_version("follow-ups go on in one process, from any connection")
def _(version):
    for mode, first in ("agent", "new"), ("model", None):
        with bed(version, CLAUDE_MODE=mode) as (api, env, handlers):
            talk, keeper = Talk(api), handlers.new()
            talk.say(keeper, "one", "1", first)
            claudes = env.claudes()
            talk.say(keeper, "two", "2", "warm")
            env.wait_records(1)
            talk.say(handlers.new(), "three", "3", "warm")
            talk.say(handlers.all[-1], "four", "4", "warm")
            env.wait_records(1)  # it is back some moments behind the answer
            talk.say(keeper, "five", "5", "warm")
            keeper.http.close()
            env.wait_records(1)
            talk.say(handlers.new(), "six", "6", "warm")
            eq(env.claudes(), claudes)


@each_version("another model is another process: the CLI would tell of it")
def _(version):
    with bed(version) as (api, env, handlers):
        talk, keeper = Talk(api), handlers.new()
        talk.say(keeper, "one", "1", "new")
        env.wait_saved()
        talk.more["model"] = "sonnet"
        talk.say(keeper, "two", "2", "forked")


def tool_results(api):
    """Of the last message, by the city of the call that each is of."""
    *_, calls, results = api.last().body["messages"]
    cities = {b["id"]: b["input"]["city"] for b in calls["content"]
              if b["type"] == "tool_use"}
    found = {}
    for block in results["content"]:
        if block["type"] == "tool_result":
            content = block["content"]
            found[cities[block["tool_use_id"]]] = content \
                if isinstance(content, str) else content[0]["text"]
    return found


@each_version("results of calls go to the process that waits for them")
def _(version):
    with bed(version) as (api, env, handlers):
        talk, keeper = Talk(api, tools=[WEATHER]), handlers.new()
        talk.messages.append({"role": "user", "content": "And?"})
        talk.seen = [("user", ["And?"])]
        calls = talk.call(keeper, None, "Oslo")
        claudes = env.claudes()
        env.wait_records(1)
        talk.results(calls, "rain")
        talk.seen = api.last().messages  # and what comes behind is looked at
        api.script(answer("Let me see.", tools=[
            (CALLED, {"city": "Rome"}), (CALLED, {"city": "Bari"})]))
        got = ask(handlers.new().http, messages=talk.messages, tools=[WEATHER])
        eq(got.session, "warm")
        eq(tool_results(api), {"Oslo": "rain"})
        talk.messages.append({"role": "assistant", "content": "Let me see.",
                              "tool_calls": got.calls})
        env.wait_records(1)
        # In whichever order; and a long one comes whole.
        long = "sun " * 8000
        talk.results(reversed(got.calls), "wind", long)
        api.script(answer("Sun and rain."))
        got = ask(handlers.new().http, messages=talk.messages, tools=[WEATHER])
        eq((got.text, got.session), ("Sun and rain.", "warm"))
        eq(tool_results(api), {"Rome": long, "Bari": "wind"})
        eq(len(api.last().messages), 5)
        env.wait_records(1)
        talk.messages.append({"role": "assistant", "content": got.text})
        talk.messages.append({"role": "user", "content": "Thanks."})
        api.script(answer("Not at all."))
        got = ask(keeper.http, messages=talk.messages, tools=[WEATHER])
        eq((got.text, got.session), ("Not at all.", "warm"))
        eq(env.claudes(), claudes)
        eq(got.usage["prompt_tokens"], 21, "of this call alone")


@each_version("what cannot be told to it is told anew")
def _(version):
    with bed(version, CLAUDE_MAX_WARM="1") as (api, env, handlers):
        for extra in ({"content": "x" * 40000}, {"content": ""},
                      {"content": "sun", "then": "And now?"}):
            talk, keeper = Talk(api, tools=[WEATHER]), handlers.new()
            talk.messages.append({"role": "user", "content": "And?"})
            talk.seen = [("user", ["And?"])]
            calls = talk.call(keeper, None, "Oslo")
            talk.results(calls, extra["content"])
            if "then" in extra:
                talk.messages.append(
                    {"role": "user", "content": extra["then"]})
            api.script(answer("Well."))
            got = ask(keeper.http, messages=talk.messages, tools=[WEATHER])
            eq((got.text, got.session), ("Well.", None))
            keeper.http.close()
        until(lambda: len(env.claudes()) <= 1, 6, "the end of the others")


@each_version("a spare one is told everything", seconds=120)
def _(version):
    system = {"role": "system", "content": "Be brief."}
    with bed(version, CLAUDE_SPARE="1", CLAUDE_MAX_WARM="6",
             CLAUDE_MODE="model") as (api, env, handlers):
        Talk(api).say(handlers.new(), "one", "1", None)
        env.wait_records(2)
        spares = set(env.claudes())
        api.script(answer("Let me see.", tools=[(CALLED, {"city": "Oslo"})]))
        got = ask(handlers.new().http, tools=[WEATHER], messages=[
            system, {"role": "user", "content": "q1"},
            {"role": "assistant", "content": "a1"},
            {"role": "user", "content": "q2"}])
        eq(len(got.calls), 1, repr(got))
        eq(api.last().messages, [("user", ["q1"]), ("assistant", ["a1"]),
                                 ("user", ["q2"])])
        contains(api.last().system, "Be brief.")
        env.wait_records(3)
        ok(spares <= set(env.claudes()), "it was the spare one")


@each_version("an error of the API, a cut answer: told as ever, and not kept")
def _(version):
    with bed(version) as (api, env, handlers):
        talk, keeper = Talk(api), handlers.new()
        talk.say(keeper, "one", "1", "new")
        claudes = env.claudes()
        api.script(error(400, "Your credit balance is too low to access it"))
        got = ask(keeper.http, "one", "1", "two")
        eq((got.status, got.session), (429, "warm"))
        env.wait_ended(*claudes)
        talk.say(keeper, "two", "2", "resumed")
        talk.say(keeper, "three", "3", "warm")


@each_version("a client that leaves in a borrowed turn ends it")
def _(version):
    with bed(version) as (api, env, handlers):
        talk, keeper = Talk(api), handlers.new()
        talk.say(keeper, "one", "1", "new")
        env.wait_saved()
        borrower = handlers.new()
        api.script(hold())
        borrower.http.send_json(PATH, chat_body("one", "1", "two"))
        api.wait_requests(2)
        borrower.http.close()
        until(lambda: not env.claudes(), 6, "its end")
        talk.say(keeper, "two", "2", ("resumed", "forked"))


if PARK:
    @each_version(f"a call that waits for {PARK} s", seconds=PARK + 300)
    def _(version):
        with bed(version, CLAUDE_LINGER_MS=str((PARK + 60) * 1000)) as (
                api, env, handlers):
            talk, keeper = Talk(api, tools=[WEATHER]), handlers.new()
            talk.messages.append({"role": "user", "content": "And?"})
            talk.seen = [("user", ["And?"])]
            calls = talk.call(keeper, None, "Oslo")
            claudes = env.claudes()
            keeper.http.close()
            time.sleep(PARK)
            talk.results(calls, "rain")
            api.script(answer("Rain."))
            got = ask(handlers.new().http, messages=talk.messages,
                      tools=[WEATHER])
            eq((got.text, got.session), ("Rain.", "warm"))
            eq(tool_results(api), {"Oslo": "rain"})
            eq(env.claudes(), claudes)


if __name__ == "__main__":
    main()
