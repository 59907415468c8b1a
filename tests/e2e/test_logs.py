#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log: a line for each request, LOG_FILE with many processes, ccp logs."""
import collections
import glob
import json
import os
import pathlib
import re
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
import recorded  # noqa: E402
from answers import PATH, ask  # noqa: E402
from ccp import (  # noqa: E402
    Env, HandlerSocket, Running, Start, chat_body, check_stderr, program,
    run_handler_pipe)
from tap import (  # noqa: E402
    contains, eq, fail, lacks, main, ok, test, until)

CANARY_KEY = "sk-canary-key-4711"
CANARY = "canary-of-a-prompt-0815"
MODEL = "claude-haiku-4-5-20251001"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
HEAD = TIME + r" \w+\[\d+\]: \w+: "
MEMBERS = ["time", "level", "name", "pid", "message", "id", "method", "path",
           "status", "model", "mode", "session", "turns", "prompt_tokens",
           "cached_tokens", "cache_write_tokens", "completion_tokens",
           "cost_usd", "first_byte_ms", "total_ms", "key_name", "client",
           "error"]
GET = (b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: %s\r\n"
       b"Connection: close\r\n\r\n")


def demo(mode="", child=None, **settings):
    return Env(child={"CCP_DEMO_MODE": mode, "CCP_DEMO_DELAY_MS": "0",
                      **(child or {})},
               **{"LOG_LEVEL": "info", **settings})


def replaying(name, **settings):
    """The stand-in writes what the real CLI was seen to write."""
    env = demo(**settings)
    path = pathlib.Path(env.dir, "out")
    recorded.write(name, path)
    env.environ["CCP_DEMO_MODE"] = f"replay={path}"
    return env


def files_of(path):
    return sorted(p for p in glob.glob(glob.escape(path) + "*"))


def lines_of(path):
    """All lines, the oldest first."""
    files = files_of(path)
    files.sort(key=lambda p: -int(p[len(path) + 1:] or 0))
    return [line for p in files
            for line in pathlib.Path(p).read_text("utf-8").splitlines(True)]


def requests_of(text):
    """The lines about requests in a log of JSON, by id."""
    every = [json.loads(line) for line in text.splitlines()]
    return {each["id"]: each for each in every if "method" in each}


def await_requests(read, *ids):
    until(lambda: set(ids) <= set(requests_of(read())), what=f"lines of {ids}")
    return requests_of(read())


# --- one line for each request ----------------------------------------------

@test("a line of JSON has every field as the answer has it")
def _():
    keys = json.dumps({"key-of-laptop": "laptop"})
    for stream in False, True:
        with replaying("agentic_bash", LOG_FORMAT="json", API_KEY="",
                       API_KEYS=keys) as env:
            env.key = "key-of-laptop"
            with Start(env) as start:
                with start.client() as http:
                    answer = ask(http, "hello", stream=stream)
                    eq(answer.status, 200)
                    name = answer.response.header("X-Request-Id")
                    line = await_requests(start.stderr, name)[name]
                for each in start.stderr().splitlines():
                    json.loads(each)
        eq(list(line), MEMBERS)
        ok(re.fullmatch(TIME, line["time"]), line["time"])
        ok(0 <= line["first_byte_ms"] <= line["total_ms"] < 100000, str(line))
        ok(line["pid"] > 1, str(line))
        usage = answer.usage
        want = {
            "level": "info", "name": "ccp", "message": "request",
            "id": name, "method": "POST", "path": PATH, "status": 200,
            "model": MODEL, "mode": "agent", "session": answer.session,
            "turns": 2, "prompt_tokens": usage["prompt_tokens"],
            "cached_tokens": usage["prompt_tokens_details"]["cached_tokens"],
            "cache_write_tokens": 2 * recorded.USAGE[1],
            "completion_tokens": usage["completion_tokens"],
            "cost_usd": 0.001, "key_name": "laptop", "client": "127.0.0.1",
            "error": None}
        eq({n: line[n] for n in want}, want)
        eq(usage["completion_tokens"], 2 * recorded.USAGE[3])


@test("a line of text has them too")
def _():
    with replaying("agentic_bash") as env, HandlerSocket(env) as handler:
        answer = ask(handler.http, "hello")
        name = answer.response.header("X-Request-Id")
        until(lambda: name in handler.stderr(), what="the log's line")
        usage = answer.usage
        pattern = (
            rf"^{TIME} ccp\[\d+\]: info: {name} POST {PATH} 200 \d+ms new "
            rf"model={MODEL} mode=agent turns=2 "
            rf"prompt={usage['prompt_tokens']} "
            rf"cached={usage['prompt_tokens_details']['cached_tokens']} "
            rf"written={2 * recorded.USAGE[1]} "
            rf"completion={usage['completion_tokens']} cost=\$0\.001000 "
            r"first=\d+ms client=127\.0\.0\.1$")
        ok(re.search(pattern, handler.stderr(), re.M), handler.stderr())


TIMES = (r"debug: (req_\w+) microseconds since the handler began: "
         r"head=(\d+) told=(\d+) word=(\d+) out=(\d+)$")


@test("at debug it is told where the time until the first word went")
def _():
    with demo("slow=30", LOG_LEVEL="debug", CLAUDE_LINGER_MS="30000") as env, \
            HandlerSocket(env) as handler:
        answers = [ask(handler.http, "one", stream=True),
                   ask(handler.http, "two", stream=False)]
        handler.http.request("GET", "/health")
        until(lambda: "/health" in handler.stderr(), what="the log")
        told = re.findall(TIMES, handler.stderr(), re.M)
        handler.signal(signal.SIGTERM)
        handler.wait()
    eq([name for name, *_ in told],
       [a.response.header("X-Request-Id") for a in answers])
    head, begun, word, out = map(int, told[0][1:])
    ok(0 < head < begun < word < out < 60 * 1000000, told)
    later, begun, word, never = map(int, told[1][1:])
    ok(out < later < begun < word, told)
    eq(never, 0)  # its answer is whole at once


@test("several answers to a request are added up")
def _():
    with replaying("plain_text", LOG_FORMAT="json") as env:
        with HandlerSocket(env) as handler:
            answer = handler.http.post_json(PATH, chat_body("hello", n=2))
            eq(answer.status, 200)
            name = answer.header("X-Request-Id")
            line = await_requests(handler.stderr, name)[name]
    usage = answer.json()["usage"]
    eq((line["turns"], line["cost_usd"], line["completion_tokens"],
        line["prompt_tokens"], line["cache_write_tokens"]),
       (2, 0.002, usage["completion_tokens"], usage["prompt_tokens"],
        2 * recorded.USAGE[1]))


@test("an answer that ends in a call of the client's tool has its tokens")
def _():
    tool = {"type": "function", "function": {
        "name": "look", "parameters": {"type": "object", "properties": {}}}}
    with demo("tool=look", LOG_FORMAT="json") as env:
        with HandlerSocket(env) as handler:
            answer = ask(handler.http, "hello", tools=[tool])
            eq(answer.status, 200)
            name = answer.response.header("X-Request-Id")
            line = await_requests(handler.stderr, name)[name]
    eq((line["mode"], line["session"], line["turns"]), ("model", None, 1))
    eq(line["completion_tokens"], answer.usage["completion_tokens"])
    ok(line["first_byte_ms"] is not None, str(line))


@test("what failed says how")
def _():
    def failed(line):
        return line["status"], line["error"], line["first_byte_ms"]

    bad_key = {"Authorization": "Bearer wrong"}
    with demo("error=429", LOG_FORMAT="json") as env, HandlerSocket(env) as h:
        h.http.request("GET", "/nowhere", headers={"X-Request-Id": "one"})
        h.http.request("GET", "/v1/models",
                       headers={"X-Request-Id": "two", **bad_key})
        h.http.post_json(PATH, {"messages": 1}, {"X-Request-Id": "three"})
        answer = h.http.post_json(PATH, chat_body("x"),
                                  {"X-Request-Id": "four"})
        lines = await_requests(h.stderr, "one", "two", "three", "four")
    eq(failed(lines["one"]), (404, "not_found", None))
    eq(failed(lines["two"]), (401, "invalid_api_key", None))
    eq(lines["three"]["status"], 400)
    ok(lines["three"]["error"], "no reason")
    error = answer.json()["error"]
    eq(failed(lines["four"]),
       (answer.status, error["code"] or error["type"], None))
    eq((lines["one"]["model"], lines["four"]["model"]), (None, MODEL))


@test("an error behind the 200 is one in the log")
def _():
    with replaying("stream_drop_nofallback", LOG_FORMAT="json") as env:
        with HandlerSocket(env) as handler:
            answer = ask(handler.http, "hello", stream=True)
            ok(answer.broken, repr(answer))
            name = answer.response.header("X-Request-Id")
            line = await_requests(handler.stderr, name)[name]
    eq((line["status"], line["error"]),
       (200, answer.error["code"] or answer.error["type"]))


@test("a client that leaves is an error, with what was used until then")
def _():
    with demo(child={"CCP_DEMO_DELAY_MS": "1000"}, LOG_FORMAT="json") as env:
        with HandlerSocket(env) as handler:
            handler.http.send_json(PATH, chat_body("x", stream=True),
                                   {"X-Request-Id": "gone"})
            response, pieces = handler.http.start_response("POST")
            eq(response.status, 200)
            next(pieces)
            handler.http.close()
            line = await_requests(handler.stderr, "gone")["gone"]
    eq((line["status"], line["error"], line["model"], line["turns"]),
       (200, "client_left", MODEL, 1))
    ok(0 <= line["first_byte_ms"] <= line["total_ms"], str(line))


@test("whatever a client sends, a line is one line of valid JSON")
def _():
    odd = [b"/%00%0a\"\\", b"/\"quoted\"\\", b"/" + b"a" * 5000, b"/a?k=\xff",
           b"/\xc3\xa9", b"/\xff\xfe", b"/\x01"]
    with demo(LOG_FORMAT="json", LOG_FILE="~/log") as env:
        for path in odd:
            run_handler_pipe(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n"
                             b"X-Request-Id: \"\xff\r\n\r\n", env)
        lines = lines_of(env.home + "/log")
    eq(len(lines), len(odd))
    for line in lines:
        eq(list(json.loads(line)), MEMBERS)
        ok(len(line) < 4096, "too long")


# --- secrets -----------------------------------------------------------------

def talk_with_canaries(env):
    """Requests that are answered, refused and failed; all that is logged."""
    texts = (CANARY, f"{CANARY} answer", CANARY)
    json_type = {"Content-Type": "application/json"}
    bad_key = {"Authorization": f"Bearer {CANARY_KEY}x"}
    talk = [
        lambda http: ask(http, *texts),
        lambda http: ask(http, *texts, stream=True),
        lambda http: http.post_json(PATH, chat_body(CANARY, top_p=CANARY)),
        lambda http: http.post_json(PATH, {"messages": CANARY}),
        lambda http: http.request("POST", f"{PATH}?key={CANARY_KEY}",
                                  b'{"' + CANARY.encode(), json_type),
        lambda http: http.request("GET", "/v1/models", headers=bad_key)]
    logged = ""
    for say in talk:
        with HandlerSocket(env) as handler:
            say(handler.http)
            handler.http.close()
            handler.wait()
            logged += handler.stderr()
    ok(len(logged.splitlines()) >= len(talk), "nothing was logged:\n" + logged)
    return logged + "".join(lines_of(env.home + "/log"))


@test("no key, prompt or answer is in the log, in either form")
def _():
    for log_format in "text", "json":
        for mode in "", "transcript", "error=400", "error=529", "die-midway", "max-turns":
            with demo(mode, API_KEY=CANARY_KEY, LOG_FORMAT=log_format,
                      LOG_FILE="~/log") as env:
                text = talk_with_canaries(env)
                lacks(text, CANARY_KEY)
                lacks(text, CANARY)


# Begins, and writes to stderr what it is told.
TELLTALE = """#!/bin/sh
%s
timeout 1 cat >&2
exit 3
"""
INIT = ("echo '" + json.dumps({
    "type": "system", "subtype": "init", "session_id": "s",
    "claude_code_version": "2.1.197"}) + "'")


@test("what Claude says on stderr is logged, of a conversation at debug only")
def _():
    for begins, level, shown in (
            (INIT, "info", False), (INIT, "debug", True),
            ("echo helpless >&2; exit 1", "error", False)):
        with demo(LOG_LEVEL=level) as env:
            script = pathlib.Path(env.dir, "claude")
            script.write_text(TELLTALE % begins, "utf-8")
            script.chmod(0o700)
            env.environ["CLAUDE_PATH"] = str(script)
            with HandlerSocket(env) as handler:
                eq(ask(handler.http, CANARY).status, 502)
                handler.http.close()
                handler.wait()
            contains(handler.stderr(), "claude ended without a result (exit ")
            eq(CANARY in handler.stderr(), shown, handler.stderr())
            eq("helpless" in handler.stderr(), level == "error")


@test("at debug there is no key either")
def _():
    for mode in "", "error=400":
        with demo(mode, API_KEY=CANARY_KEY, LOG_LEVEL="debug",
                  LOG_FILE="~/log") as env:
            lacks(talk_with_canaries(env), CANARY_KEY)


@test("neither key nor prompt is in argv or the environment of Claude")
def _():
    with demo(API_KEY=CANARY_KEY, LOG_FILE="~/log",
              API_KEYS=json.dumps({CANARY_KEY + "-2": "laptop"})) as env:
        seen = pathlib.Path(env.dir, "seen")
        script = pathlib.Path(env.dir, "claude")
        script.write_text(
            "#!/bin/sh\n"
            f"{{ printf '%s\\n' \"$@\"; env; }} >>'{seen}'\n"
            f"exec '{program('ccp-demo-claude')}' \"$@\"\n", "utf-8")
        script.chmod(0o700)
        env.environ["CLAUDE_PATH"] = str(script)
        talk_with_canaries(env)
        text = seen.read_text("utf-8")
    contains(text, "stream-json")
    contains(text, "HOME=")
    lacks(text, CANARY_KEY)
    lacks(text, CANARY)


# --- LOG_FILE ----------------------------------------------------------------

def log_tool(path, size, files, processes, lines):
    subprocess.run([program("tests/logs/log_tool"), path, str(size),
                    str(files), str(processes), str(lines)],
                   check=True, stderr=subprocess.DEVNULL, timeout=100)


LINE = re.compile(HEAD + r"line (\d+) (\d+) 0*(\d+)\.\n")


def numbers_of(lines):
    """What each process has logged, in order."""
    found = collections.defaultdict(list)
    for line in lines:
        match = LINE.fullmatch(line)
        ok(match and match[2] == match[3], f"not whole: {line!r}")
        found[int(match[1])].append(int(match[2]))
    return found


@test("50 processes and 1,000 lines of each: all there, once and whole")
def _():
    with Env() as env:
        path = env.home + "/logs/ccp.log"
        log_tool(path, 65536, 100, 50, 1000)
        found = numbers_of(lines_of(path))
        files = files_of(path)
        eq(sorted(found), list(range(50)))
        for process, numbers in found.items():
            eq(numbers, list(range(1000)), f"process {process}")
        ok(40 < len(files) <= 101, f"{len(files)} files")
        for each in files:
            ok(os.stat(each).st_size <= 65536, f"{each} is too large")
            eq(stat.S_IMODE(os.stat(each).st_mode), 0o600)
        eq(sorted(os.listdir(os.path.dirname(path))),
           [os.path.basename(p) for p in files])


@test("no more files than LOG_MAX_FILES and one are kept")
def _():
    with Env() as env:
        for most in 0, 1, 3:
            path = f"{env.home}/{most}/ccp.log"
            log_tool(path, 65536, most, 50, 1000)
            eq(sorted(os.listdir(os.path.dirname(path))),
               ["ccp.log", *(f"ccp.log.{i + 1}" for i in range(most))])
            found = numbers_of(lines_of(path))
            # What is kept of a process is the end, without a gap.
            for numbers in found.values():
                eq(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
            ok(any(numbers[-1] == 999 for numbers in found.values()))


@test("what is logged is in LOG_FILE as well, and it is private")
def _():
    with demo(LOG_FILE="~/a/b/log") as env:
        with HandlerSocket(env) as handler:
            ask(handler.http, "hello")
            handler.http.request("GET", "/health")
            handler.http.close()
            handler.wait()
            eq("".join(lines_of(env.home + "/a/b/log")), handler.stderr())
        for name, mode in ("a", 0o700), ("a/b", 0o700), ("a/b/log", 0o600):
            eq(stat.S_IMODE(os.stat(f"{env.home}/{name}").st_mode), mode)


@test("ccp start and its handlers log to one file")
def _():
    with demo(LOG_FILE="~/log", LOG_MAX_SIZE="1kb", LOG_MAX_FILES=100) as env:
        with Start(env) as start:
            def work(n):
                with start.client() as http:
                    for i in range(10):
                        http.request("GET", "/health", headers={
                                         "X-Request-Id": f"r-{n}-{i}"})
            threads = [threading.Thread(target=work, args=(n,))
                       for n in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            start.stop()
        lines = lines_of(env.home + "/log")
        found = re.findall(r"r-\d-\d", "".join(lines))
        eq(sorted(found), [f"r-{n}-{i}" for n in range(8) for i in range(10)])
        ok(any("info: claude is " in line for line in lines), "of ccp start")
        for each in files_of(env.home + "/log"):
            ok(os.stat(each).st_size <= 1024, each)


@test("a log that cannot be written fails no request, and says so once")
def _():
    for file in "/proc/nothing/log", "~", "~/link", "relative":
        with demo(LOG_FILE=file) as env:
            os.symlink("target", env.home + "/link")
            with HandlerSocket(env) as handler:
                for _ in range(3):
                    eq(handler.http.request("GET", "/health").status, 200)
                handler.http.close()
                handler.wait()
                eq(handler.stderr().count("LOG_FILE"), 1, handler.stderr())
                eq(handler.stderr().count("/health"), 3)
            eq(sorted(os.listdir(env.home)), ["link"])


@test("where stderr is that file already a line is written once")
def _():
    with demo(LOG_FILE="~/log") as env:
        path = env.home + "/log"
        for name in b"one", b"two":
            with open(path, "ab") as err:
                subprocess.run([program("ccp-handler")], input=GET % name,
                               stdout=subprocess.DEVNULL, stderr=err,
                               env=env.environ, check=True, timeout=240)
        eq(re.findall("one|two", "".join(lines_of(path))), ["one", "two"])


# --- ccp logs ----------------------------------------------------------------

def logs(env, *arguments, status=0):
    """Its output, and what it says on stderr."""
    done = subprocess.run([program("ccp"), "logs", *arguments],
                          env=env.environ, cwd=env.work, check=False,
                          capture_output=True, text=True, timeout=240)
    check_stderr(done.stderr)
    eq(done.returncode, status, done.stderr or "status")
    return done.stdout, done.stderr


def line(n, level="info", text=None):
    return (f"2026-11-22T10:00:{n:02}.000Z ccp[7]: {level}: "
            f"{text or f'message {n}'}\n")


def written(env, *contents):
    """Files of the log, the newest first."""
    for i, content in enumerate(contents):
        path = pathlib.Path(env.home, f"log.{i}" if i else "log")
        path.write_text(content, "utf-8")


@test("ccp logs shows the last lines, over all files")
def _():
    with demo(LOG_FILE="~/log") as env:
        every = [line(n) for n in range(9)]
        written(env, *("".join(every[i:i + 3]) for i in (6, 3, 0)))
        eq(logs(env), ("".join(every), ""))
        for n in 1, 2, 3, 4, 7, 9, 20:
            eq(logs(env, "-n", str(n)), ("".join(every[-n:]), ""))
        eq(logs(env, "--lines=all"), ("".join(every), ""))
        eq(logs(env, "-n0"), ("", ""))
        many = "".join(line(n % 60) for n in range(150))
        written(env, many, "".join(every))
        eq(len(logs(env)[0].splitlines()), 100)


@test("--level leaves out what is less important, in either form")
def _():
    levels = ["debug", "info", "warn", "error"]
    for log_format in "text", "json":
        with demo(LOG_FILE="~/log") as env:
            if log_format == "text":
                every = [line(n, level) for n, level in enumerate(levels)]
            else:
                every = [json.dumps({"time": "t", "level": level, "pid": 1,
                                     "name": "ccp", "message": level}) + "\n"
                         for level in levels]
            written(env, "".join(every))
            for n, level in enumerate(levels):
                got = logs(env, "--level", level, "--json")[0].splitlines()
                eq([json.loads(each)["level"] for each in got], levels[n:])
            eq(len(logs(env, "--level=warn", "-n1")[0].splitlines()), 1)


@test("a line is shown as text or as JSON, whichever it is")
def _():
    shown = []
    for log_format in "text", "json":
        with replaying("plain_text", LOG_FORMAT=log_format,
                       LOG_FILE="~/log") as env:
            with HandlerSocket(env, unix=True) as handler:
                ask(handler.http, "hello", stream=False)
                handler.http.request("GET", "/health",
                                     headers={"X-Request-Id": "b"})
                handler.http.close()
            text, as_json = logs(env)[0], logs(env, "--json")[0]
            if log_format == "text":
                eq(text, "".join(lines_of(env.home + "/log")))
            else:
                eq(as_json, "".join(lines_of(env.home + "/log")))
            got = [json.loads(each) for each in as_json.splitlines()]
            eq([(g["level"], g["name"]) for g in got], [("info", "ccp")] * 2)
            varying = rf"{TIME}|\[\d+\]|req_\w+|\d+ms"
            shown.append(re.sub(varying, "*", text))
    eq(shown[0], shown[1])
    eq(shown[0], f"* ccp*: info: * POST {PATH} 200 * new model={MODEL} "
       "mode=agent turns=1 prompt=26 cached=8 written=5 completion=21 "
       "cost=$0.001000 first=* client=unix\n"
       "* ccp*: info: b GET /health 200 * client=unix\n")


@test("lines of others are shown, and made JSON")
def _():
    with demo(LOG_FILE="~/log") as env:
        odd = 'launchd says "no\\"\n\n{not json}\n' + "x" * 9000 + "\n"
        written(env, odd + line(1) + "half a line")
        eq(logs(env)[0], odd + line(1))
        got = [json.loads(each)
               for each in logs(env, "--json")[0].splitlines()]
        eq([g["message"][:20] for g in got],
           ['launchd says "no\\"', "", "{not json}", "x" * 20, "message 1"])
        eq(got[-1], {"time": "2026-11-22T10:00:01.000Z", "level": "info",
                     "name": "ccp", "pid": 7, "message": "message 1"})


class Follow(Running):
    """ccp logs -f; its output goes to a file."""

    def __init__(self, env, *arguments):
        self.out = pathlib.Path(env.dir, "followed")
        with open(self.out, "wb") as out:
            super().__init__(env, [program("ccp"), "logs", "-f", *arguments],
                             stdout=out)

    def text(self):
        return self.out.read_text("utf-8")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        check_stderr(self.stderr())


@test("ccp logs -f goes on over files that are set aside")
def _():
    with demo(LOG_FILE="~/log", LOG_MAX_FILES=100) as env:
        path = env.home + "/log"
        log_tool(path, 65536, 100, 1, 10)
        with Follow(env, "-n3") as follow:
            until(lambda: follow.text().count("\n") == 3, what="the last 3")
            log_tool(path, 16384, 100, 20, 200)
            until(lambda: follow.text().count("\n") >= 4003, what="the rest")
            time.sleep(0.5)
            found = numbers_of(follow.text().splitlines(True)[3:])
        eq(sorted(found), list(range(20)))
        for numbers in found.values():
            eq(numbers, list(range(200)))
        ok(len(files_of(path)) > 10, "was not set aside")


@test("ccp logs -f waits for a file that is not there yet")
def _():
    with demo(LOG_FILE="~/log") as env:
        with Follow(env, "--level", "warn") as follow:
            until(lambda: "nothing has been logged yet" in follow.stderr(),
                  what="the message")
            written(env, line(1) + line(2, "warn"))
            until(lambda: follow.text() == line(2, "warn"), what="the line")


@test("it says where there is nothing")
def _():
    with demo(LOG_FILE="~/none") as env:
        eq(logs(env), ("", "ccp: nothing has been logged yet: there is no "
                       f"{env.home}/none\n"))
        env.environ["LOG_FILE"] = "/dev/null"
        contains(logs(env, status=1)[1], "/dev/null")
        env.environ["LOG_FILE"] = "relative"
        contains(logs(env, status=1)[1], "LOG_FILE must be an absolute path")
        env.environ["LOG_FILE"] = "~/log"
        written(env, line(1))
        eq(logs(env, "--level", "warn"),
           ("", f"ccp: {env.home}/log has no such lines\n"))
        del env.environ["LOG_FILE"]
        env.environ["PATH"] = env.work
        contains(logs(env, status=1)[1], "set LOG_FILE")


@test("without LOG_FILE and a journal it is the file of launchd")
def _():
    with demo() as env:
        env.environ["PATH"] = env.work
        path = pathlib.Path(env.home, ".ccp/logs/ccp.log")
        path.parent.mkdir(parents=True)
        path.write_text(line(1) + line(2, "error"), "utf-8")
        eq(logs(env)[0], line(1) + line(2, "error"))
        eq(logs(env, "--level", "error")[0], line(2, "error"))


JOURNALCTL = """#!/bin/sh
printf '%s\\n' "$@" >"$0.arguments"
/bin/cat "$0.entries"
"""


def entry(message, priority=6, pid=7):
    return json.dumps({"__REALTIME_TIMESTAMP": "1763805600123456",
                       "PRIORITY": str(priority), "_PID": str(pid),
                       "MESSAGE": message}) + "\n"


def journal(env, *entries):
    script = pathlib.Path(env.work, "journalctl")
    script.write_text(JOURNALCTL, "utf-8")
    script.chmod(0o755)
    pathlib.Path(env.work, "journalctl.entries").write_text(
        "".join(entries), "utf-8")
    env.environ["PATH"] = env.work
    return pathlib.Path(env.work, "journalctl.arguments")


@test("without LOG_FILE it is the journal, by its tag")
def _():
    with demo() as env:
        as_json = '{"time":"t","level":"warn","name":"ccp","pid":7,' \
                  '"message":"as JSON"}'
        arguments = journal(
            env, entry("info: req_1 GET /health 200 1ms"), entry("odd", 3),
            entry(as_json, 4), entry(list(b"warn: bytes \xff")), "junk\n",
            entry(None))
        head = "2025-11-22T10:00:00.123Z ccp[7]: "
        eq(logs(env)[0],
           f"{head}info: req_1 GET /health 200 1ms\n{head}error: odd\n"
           f"t ccp[7]: warn: as JSON\n{head}warn: bytes \\xFF\n{head}info: \n")
        eq(arguments.read_text().split(),
           "--user -t ccp -o json -q --no-pager -n100 -p7".split())
        logs(env, "-f", "--level", "warn", "-nall")
        eq(arguments.read_text().split(),
           "--user -t ccp -o json -q --no-pager -nall -p4 -f".split())
        got = [json.loads(each)
               for each in logs(env, "--json")[0].splitlines()]
        eq([g["message"] for g in got],
           ["req_1 GET /health 200 1ms", "odd", "as JSON", "bytes \ufffd", ""])
        eq([g["level"] for g in got],
           ["info", "error", "warn", "warn", "info"])
        journal(env)
        contains(logs(env)[1], "the journal of this user has no such lines")


@test("a command line that makes no sense")
def _():
    with demo(LOG_FILE="~/log") as env:
        written(env, line(1))
        for arguments, said in (
                (["-n", "x"], "--lines takes a number of lines, or all"),
                (["-n", "-1"], "--lines takes a number of lines, or all"),
                (["-n"], "missing argument: a value for -n"),
                (["more"], 'unexpected argument "more"'),
                (["--level", "loud"],
                 "--level takes error, warn, info or debug"),
                (["-fx"], "unknown option -x"),
                (["--what=x"], "unknown option --what")):
            out, err = logs(env, *arguments, status=2)
            eq((out, err), ("", f"ccp: {said}\nsee ccp logs --help\n"))
        contains(logs(env, "--help")[0], "--level LEVEL")


if __name__ == "__main__":
    main()
