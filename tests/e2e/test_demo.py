#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ccp-handler in front of the stand-in for claude: every fault that a child
process can have, and what the child is given."""
import json
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import procs  # noqa: E402
from answers import PATH, ask, gone_after, streamed  # noqa: E402
from ccp import (Env, HandlerSocket, chat_body, orphans_end,  # noqa: E402
                 program)
from tap import (PATIENCE, add, contains, eq, lacks, main, ok,  # noqa: E402
                 test, until)

CACHED = 7   # tokens that the stand-in calls cached
CREATED = 3  # and cache creation


def demo(mode="", delay=0, child=None, **settings):
    """An Env whose stand-in runs in a mode."""
    child = {"CCP_DEMO_MODE": mode, "CCP_DEMO_DELAY_MS": str(delay),
             **(child or {})}
    return Env(child=child, **settings)


def both(name, mode, check, seconds=120, **settings):
    """A case for an answer in one piece and one for a stream: check gets the
    Answer and the handler.  Nothing may be left of the child."""
    body = settings.pop("body", chat_body("hello"))

    def case(stream):
        with demo(mode, **settings) as env, HandlerSocket(env) as handler:
            check(ask(handler.http, stream=stream, **body), handler)
            env.wait_gone(handler.pid)

    add(name, lambda: case(False), seconds)
    add(f"{name}, streamed", lambda: case(True), seconds)


def transcript(env, http, **body):
    """What the stand-in says it was told."""
    answer = ask(http, **{"model": "haiku", **body})
    eq(answer.status, 200, repr(answer))
    return json.loads(answer.text)


# --- answers ----------------------------------------------------------------

def check_usual(answer, _):
    eq(answer.status, 200)
    contains(answer.text, "This is the demo backend of ccp: no Claude is")
    ok(answer.text.endswith("You said: hello"), answer.text)
    eq(answer.finish, "stop")
    words = len(answer.text.split())
    eq(answer.usage["prompt_tokens"], 1 + CREATED + CACHED)
    eq(answer.usage["prompt_tokens_details"]["cached_tokens"], CACHED)
    eq(answer.usage["completion_tokens"], 1 + words)


both("the demo backend says what it is and repeats the question", "",
     check_usual)


@test("deltas are passed on as they come")
def _():
    with demo("long=6,slow=300") as env, HandlerSocket(env) as handler:
        times = []
        answer = streamed(handler.http, chat_body("hi"),
                          lambda a: times.append((len(a.deltas),
                                                  time.monotonic())))
        eq(answer.text, "word1 word2 word3 word4 word5 word6 ")
        first = next(t for n, t in times if n == 1)
        last = next(t for n, t in times if n == 6)
        ok(last - first > 0.5, f"all six within {last - first:.3f} s")


@test("usage comes in a last chunk where it is asked for")
def _():
    with demo("long=3") as env, HandlerSocket(env) as handler:
        body = chat_body("one two", stream_options={"include_usage": True})
        answer = streamed(handler.http, body)
        eq(answer.usage["prompt_tokens"], 2 + CREATED + CACHED)
        eq(answer.usage["completion_tokens"], 4)
        last = answer.response.events()[-2][1]
        eq(json.loads(last)["choices"], [])


def check_thinking(answer, _):
    eq(answer.reasoning, "let me think about it.")
    eq(answer.text, "First block. Second block.")
    eq(answer.finish, "stop")


both("thinking is reasoning_content, all blocks are the answer", "thinking",
     check_thinking)


def check_tool(answer, _):
    contains(answer.text, "Let me look.")
    contains(answer.text, "All is well.")
    lacks(answer.text, "TOOL OUTPUT")
    eq(answer.finish, "stop")
    eq(answer.usage["prompt_tokens"], 2 * (1 + CREATED + CACHED))


both("text around a tool is the answer, usage adds up", "tool", check_tool)


def check_noise(answer, _):
    eq(answer.text, "word1 word2 word3 ")
    eq(answer.finish, "stop")


both("unknown lines and a sub-agent's words are passed over",
     "unknown-lines,long=3", check_noise)


@test("a long answer arrives whole at a client that reads late")
def _():
    with demo("long=60000") as env, HandlerSocket(env) as handler:
        handler.http.send_json(PATH, chat_body("go", stream=True))
        time.sleep(1.5)
        response = handler.http.read_response("POST")
        deltas = [json.loads(d)["choices"][0]["delta"].get("content", "")
                  for _, d in response.events()[:-1]]
        eq("".join(deltas), "".join(f"word{n} " for n in range(1, 60001)))


def written(env, handler):
    """How many bytes Claude has written."""
    claude = until(lambda: env.left(handler.pid), what="Claude runs")[0]
    with open(f"/proc/{claude.pid}/io", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines
                    if line.startswith("wchar:"))


@test("Claude waits for a client that does not read")
def _():
    with demo("long=1000000") as env, HandlerSocket(env) as handler:
        handler.http.send_json(PATH, chat_body("go", stream=True))
        until(lambda: written(env, handler) > 1 << 20, 30, "it answers")
        before, now = -1, written(env, handler)
        while now != before:
            ok(now < 16 << 20, f"Claude has written {now} bytes")
            time.sleep(1)
            before, now = now, written(env, handler)
        until(lambda: handler.http.sock.recv(1 << 16)
              and written(env, handler) > now,
              what="Claude goes on when the client reads", pause=0)
        handler.http.close()
        env.wait_gone(handler.pid)


def check_fallback(answer, _):
    eq((answer.status, answer.text, answer.finish),
       (200, "All at once.", "stop"))
    eq(answer.usage["prompt_tokens"], 1 + CREATED + CACHED)


both("an answer that the CLI got without a stream", "fallback",
     check_fallback)


# --- what reaches the CLI ---------------------------------------------------

@test("a history keeps its roles and texts; empty texts are dropped")
def _():
    messages = []
    for n in range(10):
        messages += [{"role": "user", "content": f"question {n} – ü"},
                     {"role": "assistant", "content": f"answer {n}\n\n\"x\""}]
    messages[4]["content"] = [{"type": "text", "text": "part one"},
                              {"type": "text", "text": ""},
                              {"type": "text", "text": "part two"}]
    messages[7]["content"] = None
    messages.append({"role": "user", "content": "last"})
    with demo("transcript") as env, HandlerSocket(env) as handler:
        told = transcript(env, handler.http, messages=messages)
        want = [{"role": m["role"], "texts": [m["content"]]}
                for m in messages if m["content"] is not None]
        want[4]["texts"] = ["part one", "part two"]
        eq(told["messages"], want)
        eq(told["interpreted"], [])
        lacks(told, "system")


SYSTEM = [{"role": "system", "content": "Be brief."},
          {"role": "user", "content": "q"},
          {"role": "assistant", "content": "a"},
          {"role": "developer", "content": [{"type": "text",
                                             "text": "Be kind."}]},
          {"role": "user", "content": "r"}]


@test("all system and developer text is the system prompt")
def _():
    with demo("transcript") as env, HandlerSocket(env) as handler:
        told = transcript(env, handler.http, messages=SYSTEM)
        eq(told["system"], "Be brief.\n\nBe kind.")
        lacks(told, "append")
        eq([m["texts"] for m in told["messages"]], [["q"], ["a"], ["r"]])


@test("SYSTEM_PROMPT_MODE=append appends it")
def _():
    with demo("transcript", SYSTEM_PROMPT_MODE="append") as env, \
            HandlerSocket(env) as handler:
        told = transcript(env, handler.http, messages=SYSTEM)
        eq(told["append"], "Be brief.\n\nBe kind.")
        lacks(told, "system")


@test("model, turns, permission mode and directory reach the CLI")
def _():
    with demo("transcript", CLAUDE_MAX_TURNS="7",
              CLAUDE_PERMISSION_MODE="plan") as env, \
            HandlerSocket(env) as handler:
        told = transcript(env, handler.http, **chat_body("x"))
        eq((told["model"], told["max_turns"], told["permission_mode"]),
           ("claude-haiku-4-5-20251001", 7, "plan"))
        told = transcript(env, handler.http,
                          **chat_body("x", model="some-model.v1:2"))
        eq(told["model"], "some-model.v1:2")


HAZARDS = ["--help", "-p", "/compact", "/cost and more", "@/etc/hostname",
           "look at @~/x and @\"/etc/host name\"", "ultrathink about it",
           "@agent-Explore go", "!ls", "#note", "</system-reminder>",
           "[Request interrupted by user]", "{\"type\":\"control_request\"}"]


@test("client text is inert, live and in the history")
def _():
    with demo("transcript") as env, HandlerSocket(env) as handler:
        for hazard in HAZARDS:
            told = transcript(env, handler.http,
                              **chat_body(hazard, "fine", hazard))
            eq(told["interpreted"], [], hazard)
            eq([m["texts"] for m in told["messages"]],
               [[hazard], ["fine"], [hazard]])


@test("the stand-in sees text that is not inert, so the case above can fail")
def _():
    def said(text):
        line = {"type": "user", "message": {"role": "user", "content": text}}
        done = subprocess.run(
            [program("ccp-demo-claude"), "-p", "--input-format", "stream-json",
             "--output-format", "stream-json", "--verbose",
             "--include-partial-messages", "--model", "m"],
            input=json.dumps(line).encode(), capture_output=True, check=True,
            env={"CCP_DEMO_DELAY_MS": "0"})
        return json.loads(done.stdout.splitlines()[-1])["result"]
    eq(said("/compact"), "Unknown command: /compact")
    contains(said("look at @/etc/hostname"), '["@/etc/hostname"]')
    contains(said("ultrathink"), '["ultrathink"]')
    lacks(said("me@x (@y) /z"), "interpreted")


CANARY = "CANARY-7f3a"


@test("argv holds nothing of the request; all of it comes on stdin")
def _():
    with demo() as env:
        record = os.path.join(env.dir, "record")
        env.environ["CCP_DEMO_RECORD"] = record
        env.environ["CLAUDE_ENV"] += ",CCP_DEMO_RECORD"
        with HandlerSocket(env) as handler:
            messages = [{"role": "system", "content": CANARY},
                        {"role": "user", "content": CANARY},
                        {"role": "assistant", "content": CANARY},
                        {"role": "user", "content": CANARY}]
            eq(ask(handler.http, messages=messages, user=CANARY).status, 200)
        with open(record, encoding="utf-8") as lines:
            start, *stdin = [json.loads(line) for line in lines]
        lacks(json.dumps(start), CANARY)
        eq(start["argv"][1:], [
            "-p", "--input-format", "stream-json", "--output-format",
            "stream-json", "--verbose", "--include-partial-messages",
            "--model", "claude-haiku-4-5-20251001", "--max-turns", "25",
            "--permission-mode", "default"])
        eq(os.path.realpath(start["cwd"]), os.path.realpath(env.work))
        eq([CANARY in line["stdin"] for line in stdin], [True] * 4)


@test("a model name that could be an option is refused")
def _():
    with demo() as env, HandlerSocket(env) as handler:
        for name in ("--help", "-p", "a b", "a\nb", "x" * 300, "é", ""):
            answer = ask(handler.http, "x", model=name)
            eq((answer.status, answer.error["param"]), (400, "model"), name)
        eq(procs.descendants(handler.pid), [])


PASSED = {"LC_TIME": "C", "TZ": "UTC", "TMPDIR": "/tmp", "XDG_DATA_HOME": "/x",
          "HTTPS_PROXY": "http://127.0.0.1:9", "no_proxy": "localhost",
          "NODE_EXTRA_CA_CERTS": "/c", "SSL_CERT_FILE": "/s",
          "SSH_AUTH_SOCK": "/a", "AWS_REGION": "r", "GOOGLE_CLOUD_PROJECT":
          "g", "AZURE_X": "z", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
          "CLAUDE_CODE_USE_BEDROCK": "1", "ASKED_FOR": "yes"}
KEPT = {"CLAUDECODE": "1", "CLAUDE_CODE_ENTRYPOINT": "cli",
        "CLAUDE_CODE_SSE_PORT": "1", "SECRET_TOKEN": CANARY,
        "GITHUB_TOKEN": CANARY, "LD_PRELOAD_X": CANARY, "NODE_OPTIONS": "",
        "REMOTE_ADDR": "127.0.0.1", "LISTEN_FDS": "1", "INVOCATION_ID": "x"}


@test("the child gets the allowed variables and no others")
def _():
    with demo() as env:
        record = os.path.join(env.dir, "record")
        env.environ.update(PASSED, **KEPT, CCP_DEMO_RECORD=record)
        env.environ["CLAUDE_ENV"] += " CCP_DEMO_RECORD, ASKED_FOR,API_KEY,PORT"
        env.environ["PORT"] = "8888"
        with HandlerSocket(env) as handler:
            eq(ask(handler.http, "x").status, 200)
        with open(record, encoding="utf-8") as lines:
            got = dict(v.split("=", 1)
                       for v in json.loads(lines.readline())["environ"])
        eq({n: got.get(n) for n in PASSED}, PASSED)
        for name in ("HOME", "PATH", "USER", "SHELL", "LANG",
                     "XDG_RUNTIME_DIR"):
            eq(got.get(name), env.environ[name], name)
        eq([n for n in KEPT if n in got], [], "kept from the child")
        own = [n for n in env.environ
               if n in ("API_KEY", "PORT", "CLAUDE_PATH", "CLAUDE_ENV",
                        "CLAUDE_WORKING_DIR", "ASK_WORKING_DIR", "LOG_LEVEL")]
        eq([n for n in own if n in got], [], "ccp's own")
        lacks("\n".join(got.values()), env.key)


@test("descriptors of the handler are not the child's")
def _():
    with demo("silent") as env, HandlerSocket(env) as handler:
        handler.http.send_json(PATH, chat_body("x"))
        child = until(lambda: procs.children(handler.pid), what="the child")[0]
        until(lambda: "ccp-demo" in os.readlink(f"/proc/{child.pid}/exe"))
        fds = sorted(os.listdir(f"/proc/{child.pid}/fd"))
        eq(fds[:3], ["0", "1", "2"])
        links = [os.readlink(f"/proc/{child.pid}/fd/{n}") for n in fds]
        eq([x for x in links if not x.startswith("pipe:")], [])


# --- errors of the API ------------------------------------------------------

# mode, status, type, code; None: whatever it is
OUTCOMES = [
    ("error=400", 400, "invalid_request_error", None),
    ("error=too-long", 400, "invalid_request_error",
     "context_length_exceeded"),
    ("error=413", 413, "invalid_request_error", None),
    ("error=404", 404, "invalid_request_error", "model_not_found"),
    ("error=401", (502, 503), "server_error", "upstream_auth"),
    ("error=403", (502, 503), "server_error", "upstream_auth"),
    ("error=login", (502, 503), "server_error", "upstream_auth"),
    ("error=credit", 429, "insufficient_quota", "insufficient_quota"),
    ("error=402", 429, "insufficient_quota", "insufficient_quota"),
    ("error=429", 429, "rate_limit_error", "rate_limit_exceeded"),
    ("error=529", 503, "server_error", "overloaded"),
    ("error=500", 502, "server_error", None),
    ("error=502", 502, "server_error", None),
    ("error=refused", 502, "server_error", None),
    ("error=timeout", 504, "server_error", "timeout"),
]

PRIVATE = ("/login", "--model", "127.0.0.1", "gateway", "API key ·",
           "SECRET-OF-STDERR")


def check_private(answer):
    for word in PRIVATE:
        lacks(answer.error["message"], word)


def check_outcome(status, kind, code):
    def check(answer, _):
        allowed = status if isinstance(status, tuple) else (status,)
        ok(answer.status in allowed, repr(answer))
        eq(answer.error["type"], kind)
        if code:
            eq(answer.error["code"], code)
        check_private(answer)
        if answer.status == 503 and code == "overloaded":
            ok(answer.retry_after() > 0, "no Retry-After")
    return check


for mode_, status_, kind_, code_ in OUTCOMES:
    both(f"{mode_} is a {status_}", mode_,
         check_outcome(status_, kind_, code_))


def check_limit(answer, _):
    eq((answer.status, answer.error["type"], answer.error["code"]),
       (429, "rate_limit_error", "rate_limit_exceeded"))
    ok(3500 < answer.retry_after() <= 3600, str(answer.retry_after()))


both("a subscription's limit is a 429 with Retry-After", "limit=3600",
     check_limit)


def check_retry(answer, _):
    eq((answer.status, answer.error["code"]), (429, "rate_limit_exceeded"))
    ok(59 <= answer.retry_after() <= 62, str(answer.retry_after()))


both("a long wait that the CLI announces is answered at once",
     "retry=60000", check_retry, seconds=15)


def check_retried(answer, _):
    eq((answer.status, answer.text), (200, "Got through at last."))


both("a short wait is waited out", "retry=300", check_retried)


def check_refusal(answer, _):
    eq((answer.status, answer.finish), (200, "content_filter"))
    eq(answer.text, "I would")


both("a refusal is content_filter", "refusal", check_refusal)


def check_cut(answer, _):
    eq((answer.status, answer.finish), (200, "length"))
    eq(answer.text, "Cut short here")
    eq(answer.usage["prompt_tokens"], 1 + CREATED + CACHED)


both("max_tokens cuts the answer off", "max-tokens", check_cut,
     body=chat_body("hello", max_tokens=50))
both("max_completion_tokens cuts the answer off", "max-tokens", check_cut,
     body=chat_body("hello", max_completion_tokens=50))


def check_not_cut(answer, _):
    eq((answer.status, answer.finish), (200, "stop"))
    eq(answer.text, "Cut short here BEYOND THE LIMIT")


both("without a maximum the CLI's continuation is joined without a seam",
     "max-tokens", check_not_cut)


def check_max_turns(answer, _):
    eq((answer.status, answer.finish), (200, "length"))
    eq(answer.text, "Let me look.")


both("the text before the last turn is kept", "max-turns", check_max_turns)


def check_no_turns(answer, _):
    eq((answer.status, answer.error["type"]), (500, "server_error"))


both("no turns left and no text is a 500", "max-turns=silent",
     check_no_turns)


# --- faults of the program --------------------------------------------------

def check_502(answer, handler):
    eq((answer.status, answer.error["type"]), (502, "server_error"))
    check_private(answer)
    contains(handler.stderr(), "claude")


both("an exit at once is a 502", "exit-at-once", check_502)
both("an exit with status 0 and no word is a 502", "exit-silently",
     check_502)


LEAST = "ccp needs 2.1.153 or newer"


def check_old(version):
    def check(answer, handler):
        eq((answer.status, answer.error["code"]), (502, "claude_too_old"))
        contains(answer.error["message"], LEAST)
        contains(answer.error["message"], version)
        check_private(answer)
        eq(handler.stderr().count("and not supported"), 1 if version else 0)
    return check


both("an option that claude does not know: it is too old", "unknown-option",
     check_old(""))
both("an API error of an old claude names its version",
     "old=2.1.152,error=500", check_old("2.1.152"))


def check_works(answer, handler):
    eq((answer.status, answer.finish), (200, "stop"))
    eq(handler.stderr().count("and not supported"), 1)


both("an old claude that works is a warning", "old=2.1.152", check_works)
both("so is one that does not tell its version", "old=", check_works)
both("a limit is a limit with an old claude too", "old=2.1.152,error=429",
     lambda answer, _: eq(answer.status, 429))


def check_stderr_in_log(answer, handler):
    check_502(answer, handler)
    contains(handler.stderr(), "the demo backend was told to fail")
    lacks(answer.error["message"], "told to fail")


both("stderr of a failed start is in the log only", "exit-at-once=3",
     check_stderr_in_log)


def check_broken(text):
    """Streamed the error stands behind the text, else it is the status."""
    def check(answer, _):
        eq(answer.error["type"], "server_error")
        check_private(answer)
        if answer.broken:
            eq((answer.status, answer.text), (200, text))
            ok(answer.finish is None, "a finish chunk before the error")
        else:
            eq(answer.status, 502)
    return check


both("a stream that breaks", "broken-stream", check_broken("This breaks "))
both("a death midway", "die-midway", check_broken("This ends "))
both("an end within a line", "partial-line", check_broken("This ends "))


@test("an error behind the 200 closes the connection")
def _():
    with demo("broken-stream") as env, HandlerSocket(env) as handler:
        answer = ask(handler.http, "x", stream=True)
        ok(answer.broken, repr(answer))
        ok(handler.http.at_end(), "the connection is still open")


def check_repaired(answer, _):
    eq(answer.text, "a\ufffdb c\ufffdd e\ufffdf")


both("NUL and bytes that are no UTF-8 are replaced", "nul-bytes",
     check_repaired)


def check_bad_lines(answer, handler):
    eq((answer.status, answer.text), (200, "Said after two bad lines."))
    contains(handler.stderr(), "not JSON")


both("lines that are not JSON are logged and passed over", "bad-json",
     check_bad_lines)


def check_huge(answer, _):
    eq((answer.status, len(answer.text)), (200, 8 << 20))
    eq(answer.text.strip("x"), "")


both("a line of 8 MiB", "huge-line=8", check_huge)


def check_too_huge(answer, _):
    eq(answer.error["type"], "server_error")
    ok(answer.broken or answer.status == 502, repr(answer))


both("a line beyond the limit is an error", "huge-line=66", check_too_huge)


def check_flood(answer, handler):
    eq((answer.status, answer.text), (200, "word1 word2 "))
    ok(len(handler.stderr()) < 100000, "stderr of the child fills the log")


both("4 MiB on stderr do not block", "flood-stderr,long=2", check_flood)


def check_two(answer, _):
    eq((answer.status, answer.text), (200, "word1 word2 "))


both("a child that stays after its result", "hang-after-result,long=2",
     check_two)
both("a child that ignores TERM", "ignore-term,long=2", check_two)
both("a background process", "grandchild,long=2", check_two)
both("a background process that holds the pipes",
     "grandchild=hold,long=2", check_two)


def check_504(answer, _):
    eq((answer.status, answer.error["type"], answer.error["code"]),
       (504, "server_error", "timeout"))


both("silence is a 504 (CLAUDE_IDLE_TIMEOUT_MS)", "silent", check_504,
     CLAUDE_IDLE_TIMEOUT_MS="1000")
both("too long a turn is a 504 (CLAUDE_TIMEOUT_MS)", "retry=9000", check_504,
     CLAUDE_TIMEOUT_MS="1500")
both("a child that never reads is a 504", "never-read", check_504,
     CLAUDE_IDLE_TIMEOUT_MS="1500", body=chat_body("x" * (4 << 20)))
both("silence of one that ignores TERM and left a background process",
     "silent,ignore-term,grandchild=hold", check_504,
     CLAUDE_IDLE_TIMEOUT_MS="1000")


@test("too long a turn that has begun ends with an error event")
def _():
    with demo("long=100,slow=300",
              CLAUDE_TIMEOUT_MS=str(1500 * PATIENCE)) as env, \
            HandlerSocket(env) as handler:
        answer = ask(handler.http, "x", stream=True)
        ok(answer.broken and answer.text.startswith("word1 "), repr(answer))
        eq(answer.error["code"], "timeout")
        env.wait_gone(handler.pid)


@test("after 10 s of silence the 200 goes out, comments follow")
def _():
    with demo("silent", CLAUDE_IDLE_TIMEOUT_MS="23000") as env, \
            HandlerSocket(env) as handler:
        answer = ask(handler.http, "x", stream=True)
        ok(answer.broken, repr(answer))
        ok(answer.comments >= 1, "no comment")
        eq(answer.error["code"], "timeout")


@test("no claude is a 503")
def _():
    for path in ("/nonexistent/claude", "/etc/hostname", "/"):
        with demo(CLAUDE_PATH=path) as env, HandlerSocket(env) as handler:
            answer = ask(handler.http, "x")
            eq((answer.status, answer.error["type"]), (503, "server_error"))


@test("a working directory that is gone is an error")
def _():
    with demo(CLAUDE_WORKING_DIR="/nonexistent") as env, \
            HandlerSocket(env) as handler:
        answer = ask(handler.http, "x")
        ok(answer.status in (500, 503), repr(answer))
        contains(answer.error["message"], "CLAUDE_WORKING_DIR")


# --- the client leaves ------------------------------------------------------

def leaves(name, mode, how, stream, unix=False, **options):
    """The client goes away in the middle; nothing may be left within 6 s."""
    def case():
        with demo(mode, **options) as env, \
                HandlerSocket(env, unix=unix) as handler:
            if stream:
                gone_after(handler.http, chat_body("x"), 2)
            else:
                handler.http.send_json(PATH, chat_body("x"))
            until(lambda: len(env.left(handler.pid)) > mode.count("grand"),
                  what="the child")
            how(handler.http)
            env.wait_gone()
    add(name, case)


for how_name, how_ in (("closes", lambda h: h.close()),
                       ("resets", lambda h: h.reset()),
                       ("ends its side", lambda h: h.sock.shutdown(1))):
    leaves(f"the client {how_name} in a stream", "long=100,slow=200", how_,
           True)
    leaves(f"the client {how_name} while it waits", "silent", how_, False)
leaves("the client closes a socketpair", "silent", lambda h: h.close(), False,
       unix=True)
leaves("the client leaves one that ignores TERM",
       "silent,ignore-term", lambda h: h.close(), False)
leaves("the client leaves one with a background process",
       "silent,grandchild", lambda h: h.close(), False)
leaves("the client leaves one whose background process holds the pipes",
       "long=100,slow=200,grandchild=hold", lambda h: h.close(), True)
leaves("the client leaves one that ignores all, with a background process",
       "silent,ignore-term,grandchild=hold", lambda h: h.close(), False)
if orphans_end():  # elsewhere such a one is not found
    leaves("the client leaves one with an orphan",
           "silent,grandchild=orphan", lambda h: h.close(), False)
leaves("the client leaves one that never reads", "never-read",
       lambda h: h.close(), False)


@test("a handler that is told to end takes all with it")
def _():
    with demo("silent,grandchild=hold") as env:
        with HandlerSocket(env) as handler:
            handler.http.send_json(PATH, chat_body("x"))
            until(lambda: len(env.left(handler.pid)) >= 2)
            handler.signal(signal.SIGTERM)
            env.wait_gone(seconds=15)


# --- one connection ---------------------------------------------------------

@test("a handler that is killed takes Claude with it, deaf as that may be")
def _():
    with demo("silent,ignore-term") as env, HandlerSocket(env) as handler:
        handler.http.send_json(PATH, chat_body("hello"))
        until(lambda: env.left(handler.pid), what="Claude runs")
        time.sleep(0.5)  # it hears nothing any more
        handler.kill()
        env.wait_orphans_gone()


@test("requests follow one another on one connection, each with its process")
def _():
    with demo("grandchild") as env, HandlerSocket(env) as handler:
        for n in range(3):
            answer = ask(handler.http, f"number {n}", stream=n == 1)
            ok(answer.text.endswith(f"You said: number {n}"), answer.text)
            env.wait_gone(handler.pid)


@test("a request behind one whose child hangs is served soon")
def _():
    with demo("hang-after-result,long=1") as env, \
            HandlerSocket(env) as handler:
        for _ in range(2):
            eq(ask(handler.http, "x").text, "word1 ")


@test("pipelined requests are answered in order")
def _():
    with demo() as env, HandlerSocket(env) as handler:
        for n in range(3):
            handler.http.send_json(PATH, chat_body(f"number {n}"))
        handler.http.send_request("GET", "/health")
        for n in range(3):
            answer = handler.http.read_response("POST").json()
            text = answer["choices"][0]["message"]["content"]
            ok(text.endswith(f"You said: number {n}"), text)
        eq(handler.http.read_response().status, 200)


@test("each response has the client's request id, or one of its own")
def _():
    with demo() as env, HandlerSocket(env) as handler:
        handler.http.send_json(PATH, chat_body("x"),
                               {"X-Request-Id": "abc-1.2_3"})
        response = handler.http.read_response("POST")
        eq(response.header("X-Request-Id"), "abc-1.2_3")
        until(lambda: "abc-1.2_3" in handler.stderr(), what="the log's line")
        ids = {ask(handler.http, "x").response.header("X-Request-Id")
               for _ in range(2)}
        ok(len(ids) == 2 and all(ids), str(ids))


@test("neither key, prompt nor answer is in the log")
def _():
    with demo("transcript") as env, HandlerSocket(env) as handler:
        eq(ask(handler.http, CANARY, "x", CANARY).status, 200)
        until(handler.stderr, what="a line in the log")
        lacks(handler.stderr(), CANARY)
        lacks(handler.stderr(), env.key)


if __name__ == "__main__":
    main()
