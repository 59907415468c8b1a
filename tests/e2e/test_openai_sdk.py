#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The openai package of npm against "ccp start": what a program that uses it
gets, and that its ways of leaving end Claude."""
import contextlib
import json
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import npm  # noqa: E402
import real_claude  # noqa: E402
from ccp import Env, Start, program  # noqa: E402
from mock_messages import ERROR, Mock, answer, error  # noqa: E402
from tap import (add, contains, eq, fail, lacks, main, ok, test,  # noqa: E402
                 until)

ID = re.compile("req_[0-9a-f]{24}")


class Script:
    """A running case of openai_sdk.mjs, in front of a ccp."""

    def __init__(self, case, base, key, body=None, options=None, model=""):
        self.node = npm.run(base[1], case, CCP_URL=base[0], CCP_KEY=key,
                            CCP_BODY=json.dumps(body or {}), CCP_MODEL=model,
                            CCP_OPTIONS=json.dumps(options or {}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.node.kill()
        self.node.communicate()

    def told(self):
        """What it says, while it stays."""
        line = self.node.stdout.readline()
        if not line:
            _, err = self.node.communicate()
            fail(f"openai_sdk.mjs: status {self.node.returncode}\n{err}")
        return json.loads(line)


class Bed:
    """A ccp and the scripts."""

    def __init__(self, env):
        self.env = env
        self.scripts = npm.place(env.dir)
        self.server = Start(env)

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *why):
        self.server.__exit__(*why)

    def start(self, case, body=None, key=None, path="/v1", **more):
        url = f"http://127.0.0.1:{self.server.port}{path}"
        return Script(case, (url, self.scripts / "openai_sdk.mjs"),
                       self.env.key if key is None else key, body, **more)

    def run(self, case, body=None, **more):
        with self.start(case, body, **more) as script:
            return script.told()

    def claudes(self):
        return [p for p in self.env.left(self.server.pid)
                if "ccp-handler" not in p.command]


@contextlib.contextmanager
def bed(mode="", child=None, delay=0, **settings):
    """In front of the stand-in; nothing of it may be left."""
    child = {"CCP_DEMO_MODE": mode, "CCP_DEMO_DELAY_MS": str(delay),
             **(child or {})}
    with Env(child=child, **settings) as env:
        with Bed(env) as here:
            yield here
        env.wait_gone()


def content(completion):
    return completion["choices"][0]["message"]["content"]


def check_chunks(chunks):
    """The text, of a stream that is as it should be."""
    eq({c["object"] for c in chunks}, {"chat.completion.chunk"})
    eq(len({c["id"] for c in chunks}), 1, "ids")
    choices = [c["choices"][0] for c in chunks if c["choices"]]
    eq(choices[0]["delta"]["role"], "assistant")
    finished = [c["finish_reason"] for c in choices]
    eq([f for f in finished if f], ["stop"])
    eq(finished[-1], "stop", "the finish chunk is not the last")
    return "".join(c["delta"].get("content") or "" for c in choices)


# --- answers ----------------------------------------------------------------

@test("create")
def _():
    with bed() as ccp:
        got = ccp.run("create")
        contains(content(got), "You said: hello")
        eq(got["choices"][0]["finish_reason"], "stop")
        eq(got["usage"]["total_tokens"],
           got["usage"]["prompt_tokens"]
           + got["usage"]["completion_tokens"])


@test("create tells the request's id")
def _():
    with bed() as ccp:
        raw = ccp.run("create_raw")
        ok(ID.fullmatch(raw["request_id"]), raw)
        eq((raw["same"], raw["header"]), (True, raw["request_id"]))
        until(lambda: raw["request_id"] in ccp.server.stderr(),
              what="the id in the log")


@test("create, four at once from one client")
def _():
    with bed(delay=50) as ccp:
        texts = ccp.run("at_once")
        eq([t.rsplit(": ", 1)[1] for t in texts],
           ["one", "two", "three", "four"])


@test("create with developer text and parts, as newer programs send them")
def _():
    with bed("transcript") as ccp:
        told = json.loads(content(ccp.run("create", {
            "store": False, "reasoning_effort": "low", "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": [
                    {"type": "text", "text": "one"},
                    {"type": "text", "text": "two – ü"}]}]})))
        eq(told["system"], "Be brief.")
        eq([m["texts"] for m in told["messages"]], [["one", "two – ü"]])


@test("a stream")
def _():
    with bed("long=20") as ccp:
        chunks = ccp.run("stream")
        eq(check_chunks(chunks),
           "".join(f"word{n} " for n in range(1, 21)))
        ok(all(c["choices"] for c in chunks), "a chunk without choices")


@test("a stream with include_usage")
def _():
    with bed("long=5") as ccp:
        *chunks, last = ccp.run(
            "stream", {"stream_options": {"include_usage": True}})
        check_chunks(chunks)
        eq([c.get("usage") for c in chunks], [None] * len(chunks))
        eq(last["choices"], [])
        eq(last["usage"]["completion_tokens"], 6)
        eq(last["usage"]["total_tokens"],
           last["usage"]["prompt_tokens"] + 6)


@test("a stream with thinking")
def _():
    with bed("thinking") as ccp:
        chunks = ccp.run("stream")
        eq(check_chunks(chunks), "First block. Second block.")
        eq("".join(c["choices"][0]["delta"].get("reasoning_content", "")
                   for c in chunks), "let me think about it.")


@test("the stream helper puts the answer together")
def _():
    with bed("long=5") as ccp:
        text = "".join(f"word{n} " for n in range(1, 6))
        got = ccp.run("helper", {"stream_options": {"include_usage": True}})
        eq(got["content"], text)
        eq(content(got["completion"]), text)
        eq(got["completion"]["choices"][0]["finish_reason"], "stop")
        eq(got["usage"]["completion_tokens"], 6)
        eq(got["usage"]["total_tokens"],
           got["usage"]["prompt_tokens"] + 6)
        seen = got["seen"]
        ok(seen["content.delta"] > 1, seen)
        for name in ("connect", "content.done", "message", "finalContent",
                     "totalUsage", "end"):
            eq(seen.get(name), 1, name)
        for name in ("error", "abort"):
            lacks(seen, name)


@test("the list of models")
def _():
    with bed() as ccp:
        models = ccp.run("models")
        eq({m["object"] for m in models}, {"model"})
        names = [m["id"] for m in models]
        eq([n for n in ("sonnet", "opus", "haiku") if n not in names], [])


@test("each model of the list, and one that is not on it")
def _():
    with bed(MODELS="mine=some/model.v1:2") as ccp:
        models = {m["id"]: m for m in ccp.run("models")}
        for name in ("haiku", "mine", "some/model.v1:2"):
            eq(ccp.run("model", model=name), models[name])
        check_error(ccp.run("model", model="no/such model"), "NotFoundError",
                    404, "model_not_found", INVALID, "model")


# --- the directory ----------------------------------------------------------

def check_talk(answers, *begins):
    """Answers in their order: those of ccp begin so, None is Claude's, whose
    messages are returned."""
    told = []
    eq(len(answers), len(begins))
    for answer, begin in zip(answers, begins):
        eq(answer["finish"], "stop")
        if begin:
            ok(answer["text"].startswith(begin), answer)
            eq(answer["tokens"], 0)
        else:
            ok(answer["tokens"] > 0, answer)
            told.append([m["texts"][0] if m["role"] == "user" else "..."
                         for m in json.loads(answer["text"])["messages"]])
    return told


QUESTION = "Which directory shall I work in?"
REFUSAL = "I cannot work there: it does not exist."
CONFIRMATION = 'From now on I work in this directory: "{}"'


def add_directory(how, stream):
    @test(f"the directory is asked for, {how}")
    def _():
        with bed("transcript", ASK_WORKING_DIR=None) as ccp:
            home, work = map(os.path.realpath, (ccp.env.home, ccp.env.work))
            steps = [["say", "Fix it."], ["say", "/no/such"], ["say", "~"],
                     ["regenerate"], ["say", "Go on."], ["regenerate"],
                     ["edit", 2, work], ["say", "So?"], ["say", "~"],
                     ["edit", 0, work], ["say", "Well?"]]
            told = check_talk(
                ccp.run("talk", {"steps": steps, "stream": stream}),
                QUESTION, REFUSAL, CONFIRMATION.format(home),
                CONFIRMATION.format(home), None, None,
                CONFIRMATION.format(work), None, None,
                CONFIRMATION.format(work), None)
            eq(told, [["Fix it.", "Go on."], ["Fix it.", "Go on."],
                      ["Fix it.", "So?"], ["Fix it.", "So?", "...", "~"],
                      ["Well?"]])


add_directory("whole", False)
add_directory("streamed", True)


@test("the directory in a header of the client")
def _():
    with bed("transcript", ASK_WORKING_DIR=None) as ccp:
        steps = {"steps": [["say", "Fix it."]]}
        told = check_talk(ccp.run("talk", steps, options={
            "defaultHeaders": {"X-CCP-Working-Dir": "~"}}), None)
        eq(told, [["Fix it."]])
        check_error(ccp.run("error", options={
            "defaultHeaders": {"X-CCP-Working-Dir": "/no/such"}}),
            "BadRequestError", 400, "invalid_value", INVALID,
            "X-CCP-Working-Dir")


# --- leaving ----------------------------------------------------------------

def leaves(case):
    """The program leaves in the middle and stays alive itself."""
    def leave():
        with bed("long=1000,slow=100") as ccp, ccp.start(case) as script:
            got = script.told()
            if isinstance(got, dict):
                eq(got["classes"][0], "APIUserAbortError")
                got = got["n"]
            ok(got >= 2, f"left after {got}")
            until(lambda: not ccp.claudes(), 6, "the end of Claude")
            ok(script.node.poll() is None, "node has ended")
    add(f"{case.replace('_', ' ')}: Claude is gone", leave)


for name_ in ("leave_by_break", "leave_by_controller", "leave_by_signal",
              "leave_helper"):
    leaves(name_)


@test("abort of a request that waits: Claude is gone")
def _():
    with bed("silent") as ccp, ccp.start("leave_waiting") as script:
        until(ccp.claudes, what="Claude")
        script.node.stdin.write("now\n")
        script.node.stdin.flush()
        eq(script.told()["classes"][0], "APIUserAbortError")
        until(lambda: not ccp.claudes(), 6, "the end of Claude")
        ok(script.node.poll() is None, "node has ended")


for case_ in ("error", "stream_error"):
    @test(f"the client's timeout is an {case_}: Claude is gone")
    def _(case=case_):
        with bed("silent") as ccp, \
                ccp.start(case, options={"timeout": 1500}) as script:
            until(ccp.claudes, what="Claude")
            eq(script.told()["classes"][:2],
               ["APIConnectionTimeoutError", "APIConnectionError"])
            until(lambda: not ccp.claudes(), 6, "the end of Claude")
            ok(script.node.poll() is None, "node has ended")


# --- errors -----------------------------------------------------------------

def check_error(got, kind, status, code, etype, param=None):
    """An error as the package threw it."""
    ok(got.get("known"), repr(got))
    eq(got["classes"][0], kind)
    eq((got["status"], got["code"], got["type"], got["param"]),
       (status, code, etype, param))
    ok(got["request"] and ID.fullmatch(got["request"]), repr(got))
    ok(got["message"].startswith(f"{status} "), got["message"])


INVALID, SERVER = "invalid_request_error", "server_error"

# name, mode, members of the body, error, other arguments
ERRORS = [
    ("a wrong key", "", {},
     ("AuthenticationError", 401, "invalid_api_key", INVALID),
     {"key": "wrong"}),
    ("a wrong value", "", {"temperature": 9},
     ("BadRequestError", 400, "invalid_value", INVALID, "temperature"), {}),
    ("a wrong type", "", {"messages": "hello"},
     ("BadRequestError", 400, "invalid_type", INVALID, "messages"), {}),
    ("nine answers at once", "", {"n": 9},
     ("BadRequestError", 400, "invalid_value", INVALID, "n"), {}),
    ("too long a conversation", "error=too-long", {},
     ("BadRequestError", 400, "context_length_exceeded", INVALID), {}),
    ("a 400 of the API", "error=400", {},
     ("BadRequestError", 400, None, INVALID), {}),
    ("a model that is not known", "error=404", {"model": "no-such-model"},
     ("NotFoundError", 404, "model_not_found", INVALID), {}),
    ("a path that is not there", "", {},
     ("NotFoundError", 404, "not_found", INVALID), {"path": "/v9"}),
    ("a page that may not ask", "", {},
     ("PermissionDeniedError", 403, "origin_not_allowed",
      "permission_error"),
     {"options": {"defaultHeaders": {"Origin": "https://evil.example"}}}),
    ("a limit", "limit=3600", {},
     ("RateLimitError", 429, "rate_limit_exceeded", "rate_limit_error"), {}),
    ("no credit", "error=credit", {},
     ("RateLimitError", 429, "insufficient_quota", "insufficient_quota"),
     {}),
    ("too large for the API", "error=413", {},
     ("APIError", 413, None, INVALID), {}),
    ("an error of the API", "error=500", {},
     ("InternalServerError", 502, "upstream_error", SERVER), {}),
    ("no login", "error=login", {},
     ("InternalServerError", 502, "upstream_auth", SERVER), {}),
    ("an overload", "error=529", {},
     ("InternalServerError", 503, "overloaded", SERVER), {}),
    ("no answer in time", "error=timeout", {},
     ("InternalServerError", 504, "timeout", SERVER), {}),
    ("a Claude that ends at once", "exit-at-once", {},
     ("InternalServerError", 502, "claude_ended", SERVER), {}),
]


def add_error(name, mode, body, want, more):
    def case(script):
        with bed(mode, CORS_ORIGIN="https://page.example") as ccp:
            got = ccp.run(script, body, **more)
            check_error(got, *want)
            if mode.startswith("limit"):
                ok(3500 < int(got["retry"]) <= 3600, got["retry"])
            if script == "stream_error":
                eq(got["sofar"], "")
    add(f"{name} is {want[0]}", lambda: case("error"))
    add(f"{name} is {want[0]}, streamed", lambda: case("stream_error"))


for row in ERRORS:
    add_error(*row)


@test("no claude is InternalServerError")
def _():
    with tempfile.TemporaryDirectory() as directory:
        claude = os.path.join(directory, "claude")
        os.symlink(program("ccp-demo-claude"), claude)
        with bed(CLAUDE_PATH=claude) as ccp:
            os.unlink(claude)  # an update, or its end
            check_error(ccp.run("error"), "InternalServerError", 503,
                        "claude_unavailable", SERVER)


@test("an endpoint that ccp does not have is NotFoundError")
def _():
    with bed() as ccp:
        check_error(ccp.run("embedding"), "NotFoundError", 404, "not_found",
                    INVALID)


def check_broken(got, code, text):
    """An error in the middle: the package has no status for it."""
    eq((got.get("known"), got["status"], got["code"], got["type"]),
       (True, None, code, SERVER), repr(got))
    eq(got["classes"][0], "APIError")
    ok(ID.fullmatch(got["request"] or ""), repr(got))
    ok(len(got["message"]) > 20, got["message"])
    eq(got["sofar"], text)


for mode_, code_, text_ in (
        ("broken-stream", "upstream_error", "This breaks "),
        ("die-midway", "claude_ended", "This ends ")):
    for case_ in ("stream_error", "helper_error"):
        @test(f"{mode_} is APIError in the {case_.split('_', maxsplit=1)[0]}")
        def _(mode=mode_, case=case_, code=code_, text=text_):
            with bed(mode) as ccp:
                got = ccp.run(case)
                if case == "helper_error":
                    # It wraps what it cannot name, and keeps no more of it
                    eq((got["classes"][0], got["sofar"]), ("APIError", text))
                    ok(got["message"], "no message")
                else:
                    check_broken(got, code, text)


# --- the real CLI -----------------------------------------------------------

@contextlib.contextmanager
def real():
    with Mock() as api, Env(
            claude=real_claude.find(), child=real_claude.variables(
                api.url, CLAUDE_CODE_MAX_RETRIES="0")) as env:
        with Bed(env) as here:
            yield here, api
        env.wait_gone()


TEXT = "Hello from the mock."


@test("the real CLI: create")
def _():
    with real() as (ccp, api):
        got = ccp.run("create")
        eq(content(got), TEXT)
        eq((got["usage"]["prompt_tokens"],
            got["usage"]["completion_tokens"]), (21, 20))
        eq(api.last().messages, [("user", ["hello"])])


@test("the real CLI: a stream, and the helper")
def _():
    with real() as (ccp, api):
        eq(check_chunks(ccp.run("stream")), TEXT)
        got = ccp.run("helper", {"stream_options": {"include_usage": True}})
        eq((got["content"], got["usage"]["total_tokens"]), (TEXT, 41))
        eq(len(api.requests), 2, "API calls")


@test("the real CLI: errors before and within a stream")
def _():
    with real() as (ccp, api):
        # It asks twice, the second time without a stream
        api.script(*[error(404, "model: no-such-model")] * 2)
        got = ccp.run("stream_error", {"model": "no-such-model"})
        check_error(got, "NotFoundError", 404, "model_not_found", INVALID)
        api.script(answer("half ", 0.2, ERROR))
        got = ccp.run("stream_error")
        eq((got["classes"][0], got["status"], got["sofar"]),
           ("APIError", None, "half "))


if __name__ == "__main__":
    main()
