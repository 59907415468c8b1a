#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Claude Code CLI behind ccp-handler and "ccp start", in front of a
strict mock of the Messages API on loopback."""
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import procs  # noqa: E402
import real_claude  # noqa: E402
from answers import PATH, ask, gone_after, streamed, whole  # noqa: E402
from ccp import (Env, HandlerSocket, Start, chat_body,  # noqa: E402
                 free_port)
from mock_messages import (BREAK, ERROR, Mock, answer,  # noqa: E402
                           early_error, error, hold, limit_reached)
from tap import (PATIENCE, add, contains, eq, lacks, main, ok,  # noqa: E402
                 test, until)

TEXT = "Hello from the mock."
MODEL = "claude-haiku-4-5-20251001"


def real(api, child=None, **settings):
    return Env(claude=real_claude.find(),
               child=real_claude.variables(api.url, **(child or {})),
               **settings)


def both(name, script, check, child=None, texts=("hello",), more=None,
         **settings):
    """A case for an answer in one piece and one for a stream.  check gets the
    Answer and the mock."""
    def case(stream):
        with Mock() as api, real(api, child, **settings) as env, \
                HandlerSocket(env) as handler:
            api.script(*(script() if callable(script) else script))
            answered = ask(handler.http, *texts, stream=stream,
                           **(more or {}))
            env.wait_gone(handler.pid)
            check(answered, api)

    add(name, lambda: case(False))
    add(f"{name}, streamed", lambda: case(True))


# --- answers ----------------------------------------------------------------

def check_first(answered, api):
    eq((answered.status, answered.text, answered.finish), (200, TEXT, "stop"))
    eq(answered.usage["prompt_tokens"], 11 + 3 + 7)
    eq(answered.usage["prompt_tokens_details"]["cached_tokens"], 7)
    eq(answered.usage["completion_tokens"], 20)
    eq(len(api.requests), 1, "API calls")
    eq(api.last().messages, [("user", ["hello"])])
    eq(api.last().body["model"], MODEL)
    eq(len(api.side), 0, "API calls beside the turn")


both("the first message", [], check_first)


HISTORY = [t for n in range(10)
           for t in (f"question {n}: “ü” \\ \t\n\n{{}}", f"answer {n}\n")]


def check_history(answered, api):
    eq((answered.status, answered.text), (200, TEXT))
    roles = ("user", "assistant")
    want = [(roles[n % 2], [t]) for n, t in enumerate(HISTORY + ["last"])]
    eq(api.last().messages, want)
    eq(len(api.requests), 1, "API calls")


both("a history of 20 messages keeps its roles and texts", [], check_history,
     texts=HISTORY + ["last"])


@test("the directory is asked for, and the exchange is not seen")
def _():
    with Mock() as api, real(api, ASK_WORKING_DIR=None) as env, \
            HandlerSocket(env) as handler:
        directory = os.path.join(os.path.realpath(env.dir), "chosen here")
        os.mkdir(directory)
        texts = []
        for text in ("Fix it.", "nowhere", f"'{directory}'"):
            answered = ask(handler.http, *texts, text, stream=bool(texts))
            eq((answered.status, answered.usage["total_tokens"]), (200, 0))
            texts += [text, answered.text]
        eq(len(api.requests), 0, "API calls")
        answered = ask(handler.http, *texts, "Go on.")
        eq((answered.status, answered.text), (200, TEXT))
        eq(api.last().messages, [("user", ["Fix it.", "Go on."])])
        contains(json.dumps(api.last().body), f"irectory: {directory}")
        answered = ask(handler.http, *texts, "Go on.", TEXT, "~")
        eq(api.last().messages, [("user", ["Fix it.", "Go on."]),
                                 ("assistant", [TEXT]), ("user", ["~"])])
        eq(answered.response.header("X-CCP-Session"), "resumed")


# ccp's own, since the API wants the user to begin
OPENING = "(The assistant begins the conversation.)"


@test("text parts, empty texts and a leading assistant message")
def _():
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": ""},
             {"type": "text", "text": "two"}]
    messages = [{"role": "assistant", "content": "Welcome."},
                {"role": "user", "content": parts},
                {"role": "assistant", "content": ""},
                {"role": "assistant", "content": None},
                {"role": "user", "content": "three"}]
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        eq(ask(handler.http, messages=messages).status, 200)
        texts = [t for _, blocks in api.last().messages for t in blocks]
        eq(texts, [OPENING, "Welcome.", "one", "two", "three"])
        eq(api.last().last_user(), ["one", "two", "three"])


SYSTEM = [{"role": "system", "content": "Be brief: ü."},
          {"role": "user", "content": "q"},
          {"role": "assistant", "content": "a"},
          {"role": "developer", "content": "Be kind."},
          {"role": "user", "content": "r"}]


def check_replaced(answered, api):
    eq(answered.status, 200)
    eq(api.last().system, ["Be brief: ü.\n\nBe kind."])
    eq(api.last().messages,
       [("user", ["q"]), ("assistant", ["a"]), ("user", ["r"])])


both("system text replaces the system prompt", [], check_replaced, texts=(),
     more={"messages": SYSTEM})


def check_appended(answered, api):
    eq(answered.status, 200)
    system = "\n".join(api.last().system)
    ok(system.rstrip().endswith("Be brief: ü.\n\nBe kind."), system[-200:])
    ok(len(system) > 5000, "the default prompt is gone")


both("SYSTEM_PROMPT_MODE=append keeps the default prompt", [],
     check_appended, texts=(), more={"messages": SYSTEM},
     SYSTEM_PROMPT_MODE="append")


@test("deltas are live: each is there before the next is sent")
def _():
    gates = [threading.Event() for _ in range(3)]
    words = ["one ", "two ", "three ", "four"]
    script = [words[0]]
    for gate, word in zip(gates, words[1:]):
        script += [gate, word]
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        api.script(answer(*script))

        def on_event(so_far):
            if so_far.deltas:
                eq(so_far.deltas, words[:len(so_far.deltas)])
                for gate in gates[:len(so_far.deltas)]:
                    gate.set()

        answered = streamed(handler.http, chat_body("go"), on_event)
        eq(answered.text, "".join(words))


def check_thinking(answered, _):
    eq(answered.reasoning, "let me think")
    eq(answered.text, "the answer")


both("thinking is reasoning_content",
     [answer("the ", "answer", thinking=["let me ", "think"])],
     check_thinking)

both("all text blocks are the answer",
     [answer(blocks=[("text", ["First. "]), ("thinking", ["hm"]),
                     ("text", ["Second."])])],
     lambda answered, _: eq(answered.text, "First. Second."))


def check_usage_of_two(answered, api):
    eq(answered.usage["prompt_tokens"], 2 * 21)
    eq(answered.usage["completion_tokens"], 40)
    eq(len(api.requests), 2, "API calls")
    contains(answered.text, "Looking. ")
    contains(answered.text, "Done.")
    lacks(answered.text, "TOOL-OUTPUT")
    eq(answered.finish, "stop")


LS = ("Bash", {"command": "echo TOOL-OUTPUT", "description": "say"})

both("a turn with a tool: text of both messages, usage of both",
     [answer("Looking. ", tools=[LS]), answer("Done.")], check_usage_of_two)


def asked_by(arguments, question, script):
    """A turn of a CLI that is made to ask its parent something: the log tells
    of the question, and the turn goes on to its end."""
    with Mock() as api, real(api) as env:
        path = os.path.join(env.dir, "asking-claude")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\nexec '{real_claude.find()}' "
                       f"{arguments} \"$@\"\n")
        os.chmod(path, 0o755)
        env.environ["CLAUDE_PATH"] = path
        with HandlerSocket(env) as handler:
            api.script(*script(env))
            answered = ask(handler.http, "hello")
            contains(handler.stderr(), f"claude asked for {question}")
        eq((answered.status, answered.finish), (200, "stop"))
        contains(answered.text, TEXT)
        return api.last().messages[-1]


@test("the CLI asks for leave to use a tool: it does not get it")
def _():
    told = asked_by(
        "--permission-prompt-tool stdio", "can_use_tool",
        lambda env: (answer("So be it. ", tools=[
            ("Write", {"file_path": os.path.join(env.work, "new"),
                       "content": "x"})]), answer(TEXT)))
    contains(repr(told), "This request is not served.")


@test("the CLI asks for tools of its parent: there are none")
def _():
    servers = {"mcpServers": {"client": {"type": "sdk", "name": "client"}}}
    asked_by(f"--mcp-config='{json.dumps(servers)}'", "mcp_message",
             lambda _: (answer(TEXT),))


def check_fallback(answered, api):
    eq((answered.status, answered.text, answered.finish), (200, TEXT, "stop"))
    eq(answered.usage["prompt_tokens"], 21)
    eq(answered.usage["completion_tokens"], 20)
    eq([r.body.get("stream", False) for r in api.requests], [True, False])


both("an answer that the CLI asks for again, without a stream",
     [error(404)], check_fallback, child={"CLAUDE_CODE_MAX_RETRIES": "0"})


# --- what it is started with ------------------------------------------------

def modes_of(umask):
    """Modes of what Write, Edit and Bash leave, and what a command says of
    its environment and umask."""
    with Mock() as api, real(api, CLAUDE_UMASK=umask,
                             CLAUDE_PERMISSION_MODE="bypassPermissions",
                             child={"CLAUDE_CODE_SESSION_ATTENDED": "x",
                                    "CLAUDE_CODE_OF_A_TEST": "x"}) as env, \
            HandlerSocket(env) as handler:
        old = os.path.join(env.work, "old")
        with open(old, "w", encoding="utf-8") as file:
            file.write("one")
        os.chmod(old, 0o754)
        tools = [("Write", {"file_path": f"{env.work}/d/new",
                            "content": "x"}),
                 ("Read", {"file_path": old}),
                 ("Edit", {"file_path": old, "old_string": "one",
                           "new_string": "two"}),
                 ("Bash", {"command": "umask >made; mkdir dir; env"})]
        api.script(*[answer("Now. ", tools=[t]) for t in tools])
        eq(ask(handler.http, "go").status, 200)
        env.wait_gone(handler.pid)
        with open(old, encoding="utf-8") as file:
            eq(file.read(), "two")
        said = repr(api.last().last_user())
        lacks(said, env.key)
        lacks(said, "CLAUDE_CODE_SESSION_ATTENDED=x")
        contains(said, "CLAUDE_CODE_OF_A_TEST=x")
        with open(os.path.join(env.work, "made"), encoding="ascii") as file:
            eq(int(file.read(), 8), int(umask or "077", 8))
        return [stat.S_IMODE(os.stat(os.path.join(env.work, name)).st_mode)
                for name in ("old", "d", "d/new", "made", "dir")]


@test("what Claude makes is private, or as CLAUDE_UMASK says")
def _():
    eq(modes_of(None), [0o754, 0o700, 0o600, 0o600, 0o700])
    eq(modes_of("022"), [0o754, 0o755, 0o644, 0o644, 0o755])


@test("odd names of models and directories are one word each")
def _():
    flag = "--dangerously-skip-permissions"
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        path = os.path.join(os.path.realpath(env.work), flag)
        os.mkdir(path)
        for model in ("@/etc/passwd", "x--y", "/x"):
            api.script(answer("Now. ", tools=[
                ("Write", {"file_path": f"{path}/new", "content": "x"})]))
            response = handler.http.post_json(
                PATH, chat_body("hello", model=model),
                {"X-CCP-Working-Dir": path})
            eq(response.status, 200)
            eq(api.last().body["model"], model)
            contains(json.dumps(api.last().body), f"irectory: {path}")
        # the permission mode is what it was
        eq(os.listdir(path), [])


# --- the end of an answer ---------------------------------------------------

def check_cut(answered, api):
    eq((answered.status, answered.finish, answered.text),
       (200, "length", "cut sho"))
    eq(answered.usage["completion_tokens"], 20)
    eq(len(api.requests), 1, "API calls")
    eq(api.last().body["max_tokens"], 100)
    eq(api.last().body.get("thinking", {}).get("type", "disabled"),
       "disabled")


# Without the linger the CLI's next call follows some 15 ms behind the
# message_delta, which leaves a loaded machine no time to prevent it.
for key_ in ("max_tokens", "max_completion_tokens"):
    both(f"{key_} ends the answer, after one API call",
         [answer("cut ", "sho", stop_reason="max_tokens",
                 linger=0.2 * PATIENCE)],
         check_cut, more={key_: 100})


@test("every maximum makes a request that the API takes")
def _():
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        for n in (1, 1024, 1025, 4096, 4097, 10000, 32000):
            eq(ask(handler.http, "x", max_tokens=n).status, 200, str(n))
            eq(api.last().body["max_tokens"], n)


def check_continued(answered, api):
    eq((answered.status, answered.finish), (200, "stop"))
    eq(answered.text, "cut short")
    eq(len(api.requests), 2, "API calls")


both("without a maximum the CLI has the model go on",
     [answer("cut ", "sho", stop_reason="max_tokens"), answer("rt")],
     check_continued)


def check_refusal(answered, _):
    eq((answered.status, answered.finish), (200, "content_filter"))
    lacks(answered.text, "API Error")


both("a refusal is content_filter",
     [answer("I ", "would", stop_reason="refusal")], check_refusal)


def check_max_turns(answered, api):
    eq((answered.status, answered.finish), (200, "length"))
    eq(answered.text, "Looking.")
    eq(len(api.requests), 1, "API calls")


both("CLAUDE_MAX_TURNS with text", [answer("Looking.", tools=[LS])],
     check_max_turns, CLAUDE_MAX_TURNS="1")


def check_max_turns_silent(answered, _):
    eq((answered.status, answered.error["type"]), (500, "server_error"))


both("CLAUDE_MAX_TURNS without text is a 500", [answer(tools=[LS])],
     check_max_turns_silent, CLAUDE_MAX_TURNS="1")


# --- errors -----------------------------------------------------------------

NO_RETRY = {"CLAUDE_CODE_MAX_RETRIES": "0"}
PRIVATE = ("/login", "--model", "127.0.0.1", "gateway", "sk-ant", "<html>")


def check_error(statuses, kind, code):
    def check(answered, _):
        ok(answered.status in statuses, repr(answered))
        eq(answered.error["type"], kind)
        if code:
            eq(answered.error["code"], code)
        for word in PRIVATE:
            lacks(answered.error["message"], word)
    return check


TOO_LONG = "prompt is too long: 250000 tokens > 200000 maximum"
NO_CREDIT = "Your credit balance is too low to access the Anthropic API."

OUTCOMES = [
    # newer than 2.1.197: more tries, each with something left out
    ("400", [error(400, "messages.0: something invalid")] * 9, [400],
     "invalid_request_error", None),
    ("400, prompt too long", [error(400, TOO_LONG)], [400],
     "invalid_request_error", "context_length_exceeded"),
    ("400, no credit", [error(400, NO_CREDIT)], [429], "insufficient_quota",
     "insufficient_quota"),
    ("401", [error(401, "invalid x-api-key")], [502, 503], "server_error",
     "upstream_auth"),
    ("402", [error(402)], [429], "insufficient_quota", "insufficient_quota"),
    ("403", [error(403)], [502, 503], "server_error", "upstream_auth"),
    ("404", [error(404, "model: x")] * 2, [404], "invalid_request_error",
     "model_not_found"),
    ("413", [error(413)], [413], "invalid_request_error", None),
    ("429", [error(429)], [429], "rate_limit_error", "rate_limit_exceeded"),
    ("500", [error(500)], [502], "server_error", None),
    ("502 with HTML", [error(502, raw="<html>Bad gateway</html>")], [502],
     "server_error", None),
    ("529", [error(529, "Overloaded")], [503], "server_error", "overloaded"),
    ("an error event before the message", [early_error()] * 5, [502, 503],
     "server_error", None),
]

for name_, script_, statuses_, kind_, code_ in OUTCOMES:
    both(f"API error {name_}", script_,
         check_error(statuses_, kind_, code_), child=NO_RETRY)


@test("the status is the same after the CLI's retries")
def _():
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        api.script(*[error(529, "Overloaded")] * 9)
        answered = ask(handler.http, "x", stream=True)
        eq((answered.status, answered.error["code"]), (503, "overloaded"))
        ok(1 < len(api.requests) < 6, f"{len(api.requests)} API calls")


@test("an error that passes is not seen by the client")
def _():
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        api.script(error(529, "Overloaded"))
        answered = ask(handler.http, "x", stream=True)
        eq((answered.status, answered.text), (200, TEXT))


@test("a retry-after beyond the hold-back is answered at once")
def _():
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        for stream in (False, True):
            api.script(error(429, "slow down", {"retry-after": "45"}))
            started = time.monotonic()
            answered = ask(handler.http, "x", stream=stream)
            ok(time.monotonic() - started < 30, "it was waited out")
            eq((answered.status, answered.error["code"]),
               (429, "rate_limit_exceeded"))
            # CLIs newer than 2.1.197 add up to a quarter, so that not all
            # come back at once
            ok(44 <= answered.retry_after() <= 58,
               f"Retry-After: {answered.retry_after()}")
            env.wait_gone(handler.pid)


@test("a subscription's limit is a 429 with the time of its end")
def _():
    child = {"ANTHROPIC_API_KEY": None,
             "CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-oat01-made-up"}
    with Mock() as api, real(api, child) as env, \
            HandlerSocket(env) as handler:
        api.script(*[limit_reached(int(time.time()) + 1800)] * 3)
        answered = ask(handler.http, "x", stream=True)
        eq((answered.status, answered.error["code"]),
           (429, "rate_limit_exceeded"))
        ok(1700 < answered.retry_after() <= 1800,
           f"Retry-After: {answered.retry_after()}")
        eq(len(api.requests), 1, "API calls")


@test("not logged in is the server's fault, not the client's")
def _():
    with Mock() as api, real(api, {"ANTHROPIC_API_KEY": None}) as env, \
            HandlerSocket(env) as handler:
        answered = ask(handler.http, "x")
        check_error([502, 503], "server_error", "upstream_auth")(answered, api)
        eq(len(api.requests), 0, "API calls")


@test("an API that refuses connections is a 502")
def _():
    with Mock() as api:
        child = {**NO_RETRY,
                 "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{free_port()}"}
        with real(api, child) as env, HandlerSocket(env) as handler:
            answered = ask(handler.http, "x", stream=True)
            check_error([502], "server_error", None)(answered, api)


@test("an API that does not answer is a 504")
def _():
    child = {**NO_RETRY, "API_TIMEOUT_MS": "2000"}
    with Mock() as api, real(api, child) as env, \
            HandlerSocket(env) as handler:
        api.script(hold())
        answered = ask(handler.http, "x")
        check_error([504], "server_error", "timeout")(answered, api)


def check_broken(answered, _):
    """Streamed it is an error event behind the text, else a 502."""
    eq(answered.error["type"], "server_error")
    for word in PRIVATE:
        lacks(answered.error["message"], word)
    if answered.broken:
        eq((answered.status, answered.text), (200, "half an "))
        ok(not answered.response.whole, "the stream ends as if it were whole")
    else:
        # newer CLIs tell what the event said, an overload
        ok(answered.status in (502, 503), repr(answered))


both("a connection that breaks in the answer",
     [answer("half ", "an ", 0.2, BREAK)], check_broken, child=NO_RETRY)
both("an error event in the answer",
     [answer("half ", "an ", 0.2, ERROR)], check_broken, child=NO_RETRY)


@test("silence of the API is a 504 by CLAUDE_IDLE_TIMEOUT_MS")
def _():
    with Mock() as api, real(api, CLAUDE_IDLE_TIMEOUT_MS="6000") as env, \
            HandlerSocket(env) as handler:
        api.script(hold())
        answered = ask(handler.http, "x")
        eq((answered.status, answered.error["code"]), (504, "timeout"))
        env.wait_gone(handler.pid)


# --- what is sent -----------------------------------------------------------

@test("prompts of 1 MiB and of 20 MiB arrive whole")
def _():
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        for size in (1 << 20, 20 << 20):
            text = ("0123456789 ü\n" * (size // 14 + 1))[:size - 1] + "."
            eq(ask(handler.http, text).status, 200, f"{size} bytes")
            sent = api.last().messages
            eq(len(sent), 1)
            ok(sent[0] == ("user", [text]), "the text has changed")


# The directory holds a file x, so that reading one would be seen.
HAZARDS = ["--help", "-p", "/compact", "/cost", "/config theme=light",
           "@/etc/hostname", "@~/x", "see @x and @\"x\"", "@agent-Explore go",
           "ultrathink", "please ultrathink now", "!touch pwned", "#note",
           "/review @x ultrathink"]


@test("client text is inert in live and in history lines", seconds=240)
def _():
    with Mock() as api, real(api) as env:
        for place in (env.home, env.work):
            with open(os.path.join(place, "x"), "w", encoding="utf-8") as f:
                f.write("CONTENT-OF-X")
        for hazard in HAZARDS:
            with HandlerSocket(env) as handler:
                answered = ask(handler.http, hazard, "fine", hazard)
            eq((answered.status, answered.text), (200, TEXT), hazard)
            eq(api.last().messages,
               [("user", [hazard]), ("assistant", ["fine"]),
                ("user", [hazard])])
            lacks(json.dumps(api.last().body), "CONTENT-OF-X", hazard)
        eq(len(api.requests), len(HAZARDS), "API calls")
        eq(sorted(os.listdir(env.work)), ["x"])


@test("the CLI does interpret bare text, so the case above can fail")
def _():
    with Mock() as api, real(api) as env:
        with open(os.path.join(env.work, "x"), "w", encoding="utf-8") as f:
            f.write("CONTENT-OF-X")
        line = {"type": "user",
                "message": {"role": "user", "content": "see @x"}}
        subprocess.run(
            [real_claude.find(), "-p", "--input-format", "stream-json",
             "--output-format", "stream-json", "--verbose", "--model",
             MODEL], input=json.dumps(line).encode(), cwd=env.work,
            env=env.environ, capture_output=True, check=True)
        contains(json.dumps(api.last().messages), "CONTENT-OF-X")


# --- several at once, and leaving -------------------------------------------

@test("two requests at once, each with its own answer")
def _():
    gate = threading.Event()
    with Mock() as api, real(api) as env, HandlerSocket(env) as one, \
            HandlerSocket(env) as two:
        def echo(request):
            return {**answer("you said ", request.last_user()[0]),
                    "hold": gate}
        api.script(echo, echo)
        one.http.send_json(PATH, chat_body("first"))
        two.http.send_json(PATH, chat_body("second"))
        api.wait_requests(2, 60)
        gate.set()
        eq(whole(two.http.read_response("POST")).text, "you said second")
        eq(whole(one.http.read_response("POST")).text, "you said first")


@test("the client leaves in the middle of a stream")
def _():
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        api.script(answer("one ", threading.Event(), "two"))
        gone_after(handler.http, chat_body("x"), 2)
        handler.http.close()
        env.wait_gone()
        ok(api.last().gone.wait(5), "the API call goes on")


@test("the client leaves while it waits")
def _():
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        api.script(hold())
        handler.http.send_json(PATH, chat_body("x"))
        request = api.wait_requests(1)
        handler.http.close()
        env.wait_gone()
        ok(request.gone.wait(5), "the API call goes on")


@test("the client leaves while the CLI starts")
def _():
    with Mock() as api, real(api) as env, HandlerSocket(env) as handler:
        handler.http.send_json(PATH, chat_body("x"))
        until(lambda: procs.children(handler.pid), what="the CLI")
        handler.http.close()
        env.wait_gone()


# --- stop and sweep ---------------------------------------------------------

BACKGROUND = ("Bash", {"command": "nohup sleep 600 >/dev/null 2>&1 &",
                       "description": "a background process"})
# newer CLIs refuse a command that only sleeps
FOREGROUND = ("Bash", {"command": "true | sleep 600", "timeout": 600000,
                       "description": "a command that takes long"})
BYPASS = {"CLAUDE_PERMISSION_MODE": "bypassPermissions"}


def sleeper(env):
    """The tool's process, once there is one."""
    def found():
        return [p for p in env.left() if p.command.startswith("sleep 600")]
    return until(found, seconds=30, what="sleep 600")[0]


def start_sleeper(env, api, http, tool, stream=False):
    """A request whose turn has started a process and goes on."""
    api.script(answer("Working. ", tools=[tool]), hold())
    http.send_json(PATH, chat_body("x", stream=stream))
    return sleeper(env)


for tool_name, tool_ in (("in the background", BACKGROUND),
                         ("in the foreground", FOREGROUND)):
    def _case(tool=tool_):
        for stream in (False, True):
            with Mock() as api, real(api, **BYPASS) as env, \
                    HandlerSocket(env) as handler:
                start_sleeper(env, api, handler.http, tool, stream)
                handler.http.close()
                env.wait_gone()
    add(f"the client leaves, a command of the Bash tool {tool_name}", _case)


def finished_turn(env, api, http):
    """A turn that leaves a background process, and is over."""
    api.forget()
    api.script(answer("Working. ", tools=[BACKGROUND]),
               lambda _: (sleeper(env), answer("Done."))[1])
    answered = ask(http, "x")
    eq((answered.status, answered.finish), (200, "stop"))
    ours = [p.pid for p in env.left()
            if os.path.basename(p.command.split()[0]) in ("ccp", "ccp-handler")]
    env.wait_gone(*ours)


@test("a finished turn leaves no background process; the next one neither")
def _():
    with Mock() as api, real(api, **BYPASS) as env, \
            HandlerSocket(env) as handler:
        finished_turn(env, api, handler.http)
        eq(ask(handler.http, "again").text, TEXT)
        start_sleeper(env, api, handler.http, BACKGROUND)
        handler.http.close()
        env.wait_gone()


@test("under ccp start: the client leaves, and a finished turn")
def _():
    with Mock() as api, real(api, **BYPASS) as env, Start(env) as server:
        with server.client() as http:
            start_sleeper(env, api, http, BACKGROUND, stream=True)
        env.wait_gone(server.pid)
        with server.client() as http:
            finished_turn(env, api, http)


@test("under ccp start: the handler is killed")
def _():
    for tool in (BACKGROUND, FOREGROUND):
        with Mock() as api, real(api, **BYPASS) as env, Start(env) as server:
            with server.client() as http:
                start_sleeper(env, api, http, tool)
                handlers = [p for p in procs.children(server.pid)
                            if "ccp-handler" in p.command]
                eq(len(handlers), 1)
                os.kill(handlers[0].pid, signal.SIGKILL)
                env.wait_gone(server.pid)
            with server.client() as http:
                eq(http.request("GET", "/health").status, 200)


@test("under ccp start: streaming, two connections, then it is stopped")
def _():
    with Mock() as api, real(api, **BYPASS) as env, Start(env) as server:
        with server.client() as one, server.client() as two:
            eq(ask(one, "a", stream=True).text, TEXT)
            eq(ask(two, "b").text, TEXT)
            api.script(answer("Working. ", tools=[BACKGROUND]), hold())
            one.send_json(PATH, chat_body("x"))
            sleeper(env)
            server.stop()
        env.wait_gone()


if __name__ == "__main__":
    main()
