#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ccp test: one answer through the server, or why there is none."""
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import real_claude  # noqa: E402
from ccp import Env, Start, check_stderr, free_port, program  # noqa: E402
from mock_messages import Mock, answer, error  # noqa: E402
from tap import (add, contains, eq, lacks, main, ok, test,  # noqa: E402
                 until)

HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + "Transfer-Encoding: chunked\r\n\r\n"


def run(env, *arguments, status=0, seconds=60):
    done = subprocess.run([program("ccp"), "test", *arguments],
                          env=env.environ, cwd=env.work, check=False,
                          capture_output=True, text=True, timeout=seconds,
                          stdin=subprocess.DEVNULL)
    check_stderr(done.stderr)
    eq(done.returncode, status, done.stdout + done.stderr)
    return done


def why(env, *arguments):
    """What it says of a failure."""
    done = run(env, *arguments, status=1)
    ok(done.stderr.startswith("ccp: "), done.stderr)
    got = json.loads(run(env, "--json", *arguments, status=1).stdout)
    eq(got["ok"], False)
    contains(" ".join(done.stderr.split()),
             " ".join(re.sub("[\0-\x1f]", "?", got["error"]).split()))
    return done.stderr


@test("the demo backend's answer, its times, model and tokens")
def _():
    with Env() as env, Start(env) as server:
        done = run(env)
        eq(done.stderr, "")
        lacks(done.stdout, "\033")
        ok(re.fullmatch(
            rf"Asking http://127\.0\.0\.1:{server.port} for an answer of "
            r"claude-sonnet-4-5-20250929 \.\.\.\n\n"
            r"  This is the demo backend .* reached\.\n\n"
            r"first token   \d+\.\d\d s\nwhole answer  \d+\.\d\d s\n"
            r"model         claude-sonnet-4-5-20250929\n"
            r"tokens        \d+ in \(\d+ from the cache\), \d+ out\n",
            done.stdout, re.S), done.stdout)
        until(lambda: "/v1/chat/completions 200" in server.stderr(),
              what="the request in the log")


@test("--json")
def _():
    with Env() as env, Start(env) as server:
        got = json.loads(run(env, "--json").stdout)
        eq(sorted(got), ["answer", "cached_tokens", "completion_tokens",
                         "first_token_ms", "model", "ok", "prompt_tokens",
                         "server", "total_ms"])
        eq((got["ok"], got["server"]),
           (True, f"http://127.0.0.1:{server.port}"))
        ok(0 < got["first_token_ms"] <= got["total_ms"], got)
        ok(got["completion_tokens"] > 0, got)
        contains(got["answer"], "This is the demo backend")


@test("--model names the model")
def _():
    with Env() as env, Start(env):
        for arguments in (["--model", "haiku"], ["-m", "haiku"],
                          ["--model=haiku"]):
            got = json.loads(run(env, "--json", *arguments).stdout)
            eq(got["model"], "haiku")
        contains(why(env, "--model", "no/such model"), "model")


@test("a directory is not asked for")
def _():
    with Env(ASK_WORKING_DIR="always") as env, Start(env):
        lacks(run(env).stdout, "Which directory")


@test("a local socket, IPv6, and the first of several in HOST")
def _():
    with Env() as env:
        env.environ["HOST"] = f"unix:{env.dir}/ccp.sock"
        with Start(env, port=None) as server:
            until(lambda: "listens" in server.stdout(), what="its start")
            contains(run(env).stdout, f"Asking unix:{env.dir}/ccp.sock for")
    with Env(HOST="127.0.0.1,[::1]") as env, Start(env) as server:
        contains(run(env).stdout, f"http://127.0.0.1:{server.port} ")
    with Env(HOST="0.0.0.0") as env, Start(env) as server:
        contains(run(env).stdout, f"http://127.0.0.1:{server.port} ")


@test("command lines that make no sense")
def _():
    with Env() as env:
        for arguments, what in (
                (["now"], 'unexpected argument "now"'),
                (["--modell", "x"], "unknown option --modell"),
                (["--model"], "missing argument: a value for --model"),
                (["-m"], "missing argument: a value for -m"),
                (["-x"], "unknown option -x"),
                (["--json=1"], "--json takes no value"),
                (["-m", ""], "--model needs a name"),
                (["--model="], "--model needs a name")):
            done = run(env, *arguments, status=2)
            eq(done.stderr, f"ccp: {what}\nsee ccp test --help\n")
            eq(done.stdout, "")


@test("nobody listens: how it is started")
def _():
    with Env(PORT=str(free_port())) as env:
        text = why(env)
        contains(text, f"nobody listens on http://127.0.0.1:"
                       f"{env.environ['PORT']}")
        contains(text, "ccp start")
    with Env() as env:
        env.environ["HOST"] = f"unix:{env.dir}/none.sock"
        contains(why(env), "nobody listens on unix:")


@test("the wrong key")
def _():
    with Env() as env, Start(env):
        env.environ["API_KEY"] = "another-key-than-the-server"
        text = why(env)
        contains(text, "the server may have another API_KEY")
        lacks(text, "another-key")


@test("beside API_KEYS one of them has to be named")
def _():
    with Env(API_KEY=None, API_KEYS='{"key-of-mine": "me"}',
             PORT=str(free_port())) as env:
        done = run(env, status=1)
        contains(done.stderr, "API_KEY=... ccp test")
        with Start(env):
            env.environ["API_KEY"] = "key-of-mine"
            contains(run(env).stdout, "demo backend")


@test("PORT 0 and a configuration with a mistake")
def _():
    with Env(PORT="0") as env:
        contains(run(env, status=1).stderr, "PORT is 0")
    with Env(PORT="x") as env:
        contains(run(env, status=1).stderr, "PORT=x in the environment")


@test("claude is gone: the server's words, and where to look")
def _():
    with Env() as env:
        gone = env.environ["CLAUDE_PATH"] = f"{env.dir}/claude"
        os.symlink(program("ccp-demo-claude"), gone)
        with Start(env):
            os.remove(gone)
            text = why(env)
            contains(text, "Claude Code was not found")
            contains(text, "ccp doctor")


@test("too many connections: try again")
def _():
    with Env(MAX_CONNECTIONS="1") as env, Start(env) as server:
        def taken():
            http = stack.enter_context(server.client())
            return http.get("/health").status == 200
        with contextlib.ExitStack() as stack:
            until(taken, what="the only connection")
            text = why(env)
        contains(text, "as many connections as it may have")
        contains(text, "or raise MAX_CONNECTIONS")


# --- servers that are none ------------------------------------------------

@contextlib.contextmanager
def served(text, hold=False, seconds=1):
    """An Env whose server says that to every request."""
    with socket.socket() as s, contextlib.ExitStack() as stack:
        s.bind(("127.0.0.1", 0))
        s.listen(5)
        held = []

        def loop():
            with contextlib.suppress(OSError):
                while True:
                    conn = s.accept()[0]
                    conn.recv(65536)
                    conn.sendall(text.encode())
                    held.append(conn)
                    if not hold:
                        conn.close()
        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        env = stack.enter_context(Env(PORT=str(s.getsockname()[1]),
                                      CLAUDE_TIMEOUT_MS=str(seconds * 1000)))
        yield env
        s.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for conn in held:
            conn.close()


def chunk(text):
    return f"{len(text.encode()):x}\r\n{text}\r\n"


def event(value):
    return chunk(f"data: {json.dumps(value)}\n\n")


TEXT = event({"choices": [{"delta": {"content": "Half an ans"}}]})

for name, sent, said in (
        ("no HTTP", "SSH-2.0-OpenSSH\r\n", "does not speak HTTP"),
        ("a status that is none", "HTTP/1.1 abc\r\n\r\n", "not speak HTTP"),
        ("a head without end", "HTTP/1.1 200 OK\r\nX: " + 40000 * "x",
         "does not speak HTTP"),
        ("nothing", "", "the connection ended before the answer did"),
        ("half a head", "HTTP/1.1 200 OK\r\nX: ", "ended before the answer"),
        ("half an answer", CHUNKED + TEXT, "ended before the answer"),
        ("an answer without its end", CHUNKED + TEXT + "0\r\n\r\n",
         "ended before the answer did"),
        ("a chunk that is none", CHUNKED + "zz\r\n", "does not speak HTTP"),
        ("an event that is no JSON", CHUNKED + chunk("data: {\"a\n"),
         "an event of the answer is no JSON"),
        ("an error in the middle",
         CHUNKED + TEXT + event({"error": {"message": "It b\033roke."}}),
         "It b?roke."),
        ("an empty answer", CHUNKED + chunk("data: [DONE]\n\n"),
         "the answer is empty"),
        ("too long an answer", HEAD + f"Content-Length: {2 ** 40}\r\n\r\n",
         "does not speak HTTP"),
        ("an error that is not ccp's",
         "HTTP/1.1 500 Oops\r\n\r\n<html>", "answers with status 500"),
        ("404", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
         "is it ccp that listens there?")):
    def case(sent=sent, said=said):
        with served(sent) as env:
            text = why(env)
            contains(" ".join(text.split()), said)
            lacks(text, "\033")
    add(f"a server that sends {name}", case)


@test("an answer that ends with its connection is one")
def _():
    events = "".join(f"data: {json.dumps(v)}\r\n\r\n" for v in (
        {"choices": [{"delta": {"content": "Two\nlines\033."}}],
         "model": "m"},))
    with served(HEAD + "\r\n: comment\n\n" + events
                + "data: [DONE]\n\n") as env:
        done = run(env)
        contains(done.stdout, "\n  Two\n  lines?.\n\nfirst token ")
        contains(done.stdout, "model         m\n")
        lacks(done.stdout, "tokens ")


@test("a server that hangs, before and within its answer", seconds=90)
def _():
    for text in "", CHUNKED + TEXT:
        with served(text, hold=True) as env:
            contains(run(env, status=1).stderr,
                     "the answer did not come in time")


# --- the real claude ------------------------------------------------------

@test("the real claude's answer, and its error")
def _():
    with Mock() as api, Env(
            claude=real_claude.find(), child=real_claude.variables(api.url),
            ) as env, Start(env):
        api.script(answer("I am here."))
        done = run(env)
        contains(done.stdout, "\n  I am here.\n")
        api.script(*[error(401, "made-up reason")] * 8)
        contains(why(env), "not logged in, or its key is not valid")


if __name__ == "__main__":
    main()
