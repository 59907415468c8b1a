#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What claude is started with, as /proc shows it: whatever stands in a
request, a header, the configuration, the session store or in Claude's own
words, none of it becomes an option; its environment is what doc/protocol.md
says; nothing else of the process around it reaches it."""
import fnmatch
import hashlib
import json
import os
import pathlib
import pty
import re
import signal
import socket
import stat
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from answers import PATH, ask  # noqa: E402
from ccp import (SRC, Client, Env, HandlerSocket, Start,  # noqa: E402
                 chat_body, free_port, program)
from protocol import variables  # noqa: E402
from recorder import Recorder  # noqa: E402
from tap import add, eq, lacks, main, ok, test, until  # noqa: E402

DEFAULT = "claude-sonnet-4-5-20250929"
FIXED = ["-p", "--input-format", "stream-json", "--output-format",
         "stream-json", "--verbose", "--include-partial-messages"]
AS_MODEL = ["--permission-mode", "default", "--tools=", "--strict-mcp-config",
            "--setting-sources=", "--no-session-persistence",
            "--disable-slash-commands", "--allowedTools=mcp__client__*"]
FLAG = "--dangerously-skip-permissions"
UUID = "0a1b2c3d-0000-4000-8000-00000000000f"

if not os.path.isdir("/proc/self"):
    print(f"1..0 # SKIP no /proc on {sys.platform}")
    sys.exit(0)


def argv(model=DEFAULT, turns="25", more=("--permission-mode", "default")):
    return [*FIXED, "--model", model, "--max-turns", turns, *more]


class Bed:
    """A handler whose claude is a recorder."""

    def __init__(self, recorder=None, file=None, **settings):
        self.recorder = recorder or Recorder()
        self.env = Env(claude=self.recorder.path,
                       **{"child": {"CCP_DEMO_DELAY_MS": "0"}, **settings})
        if file is not None:
            self.env.write_config(file if isinstance(file, str)
                                  else json.dumps(file))

    def __enter__(self):
        self.handler = HandlerSocket(self.env)
        self.http = self.handler.http
        return self

    def __exit__(self, *why):
        self.handler.__exit__(*why)
        self.env.__exit__(*why)
        self.recorder.__exit__(*why)

    def post(self, body, **headers):
        return self.http.post_json(PATH, body, headers)

    def refused(self, body, param, **headers):
        response = self.post(body, **headers)
        eq((response.status, response.json()["error"]["param"]),
           (400, param), str(body)[:200])
        eq(self.recorder.starts(), [], "it was started")

    def started(self, body, **headers):
        """What claude was started with for a request that is answered."""
        response = self.post(body, **headers)
        eq(response.status, 200, f"{body} {response.body[:500]}")
        return self.recorder.only()


# --- of a request -----------------------------------------------------------

NOT_MODELS = [
    "", "-", "-p", "--", FLAG, "--model=x", "--add-dir", "-p --x",
    "haiku --x", "a b", " haiku", "haiku ", "haiku\n--x", "haiku\t-p",
    "haiku\r", "haiku\x01", "haiku\x7f", "a=b", "a,b", "a;b", "a'b", 'a"b',
    "a\\b", "$(id)", "`id`", "a|b", "a&b", "a*", "a?", "~", "a#b", "\u00e4",
    "\ufeffhaiku", "a\u2028b", "\uff0d\uff0dx", "x" * 129, "-:model",
    FLAG + ":agent"]

ODD_MODELS = ["x", "x--y", "x-", ".", "/etc/passwd", "@/etc/passwd", ":x",
              "[1m]", "]", "us.anthropic.claude-x:0", "x" * 128]


@test("names of models that are none are refused")
def _():
    with Bed() as bed:
        for name in NOT_MODELS:
            bed.refused(chat_body("hi", model=name), "model")
        # of a NUL JSON itself is refused
        response = bed.post(chat_body("hi", model="haiku\0--x"))
        eq((response.status, bed.recorder.starts()), (400, []))


@test("odd names of models are one argument, which is no option")
def _():
    with Bed() as bed:
        for name in ODD_MODELS:
            eq(bed.started(chat_body("hi", model=name)).argv, argv(name))
        for name in ("x:agent", "x--y:agent"):
            eq(bed.started(chat_body("hi", model=name)).argv,
               argv(name.removesuffix(":agent")))


@test("a reasoning_effort is one of five words")
def _():
    with Bed() as bed:
        for effort in ("", "-", FLAG, "low --x", "low\n--x", " low", "LOW",
                       "low,high", "low\0"):
            response = bed.post(chat_body("hi", reasoning_effort=effort))
            eq((response.status, bed.recorder.starts()), (400, []), effort)
        for effort, want in (("low", "low"), ("minimal", "low"),
                             ("max", "max")):
            body = chat_body("hi", reasoning_effort=effort)
            eq(bed.started(body).flag("--effort"), want)


@test("headers do not reach the command line")
def _():
    with Bed() as bed:
        for value in (FLAG, "-p", "agent --x", "model,--x"):
            bed.refused(chat_body("hi"), "X-CCP-Mode", **{"X-CCP-Mode": value})
        for name in ("X-Request-Id", "User-Agent", "Origin-Of-It", "Accept"):
            for value in (FLAG, "-p", "a --x"):
                started = bed.started(chat_body("hi"), **{name: value})
                eq(started.argv, argv("claude-haiku-4-5-20251001"))
                lacks("\n".join(started.environ.values()), value)


def folded(bed, name, value):
    """A field that tries to be two lines."""
    body = json.dumps(chat_body("hi")).encode()
    bed.http.send(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n"
                  f"Authorization: Bearer {bed.env.key}\r\n"
                  f"Content-Type: application/json\r\n{name}: {value}\r\n"
                  f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return bed.http.read_response("POST").status


@test("a working directory of a header is where claude is, and no argument")
def _():
    field = "X-CCP-Working-Dir"
    with Bed() as bed:
        for value in ("--add-dir", "-x", "--add-dir=/", "--add-dir /", ".",
                      "~x", "$HOME", "/proc/self", "/nowhere --x"):
            bed.refused(chat_body("hi"), field, **{field: value})
        for name in (FLAG, "-p", "a b", "a\tb", "'", "$(id)", "\u00e4"):
            path = os.path.join(os.path.realpath(bed.env.work), name)
            os.mkdir(path)
            latin = path.encode().decode("latin-1")
            started = bed.started(chat_body("hi"), **{field: latin})
            eq((started.cwd, started.argv),
               (path, argv("claude-haiku-4-5-20251001")))
            lacks("\n".join(started.environ.values()), path)
    for value in ("/tmp\n --add-dir", "/tmp\r--add-dir", "/tmp\0--add-dir"):
        with Bed() as bed:
            eq(folded(bed, field, value), 400, value)
            eq(bed.recorder.starts(), [])


@test("a directory that a conversation names is no argument either")
def _():
    with Bed(ASK_WORKING_DIR=None) as bed:
        path = os.path.join(os.path.realpath(bed.env.work), FLAG)
        os.mkdir(path)
        texts = []
        for text in ("hi", FLAG, "--add-dir /", path):
            answered = ask(bed.http, *texts, text)
            texts += [text, answered.text]
            eq(bed.recorder.starts(), [])
        answered = ask(bed.http, *texts, "Go on.")
        eq(answered.status, 200)
        started = bed.recorder.only()
        eq((started.cwd, started.argv),
           (path, argv("claude-haiku-4-5-20251001")))


# What a client may write anywhere; none of it may be seen in /proc.
MARK = "--mark-of-a-text"


def full_of_texts():
    call = {"id": MARK, "type": "function",
            "function": {"name": "--tool", "arguments": json.dumps(
                {MARK: MARK})}}
    return {
        "model": "haiku", "user": MARK, "metadata": {MARK: MARK},
        "store": True, "seed": 7, "parallel_tool_calls": False,
        "messages": [
            {"role": "system", "content": MARK, "name": MARK},
            {"role": "user", "content": f"{MARK} /config @{MARK}"},
            {"role": "assistant", "content": MARK, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": MARK, "content": MARK},
            {"role": "user", "content": [{"type": "text", "text": MARK}]}],
        "tools": [{"type": "function", "function": {
            "name": name, "description": MARK, "parameters": {
                "type": "object", "properties": {MARK: {"const": MARK}}}}}
            for name in ("--tool", "-p", "Bash", "..")],
    }


@test("texts, tools and schemas are in neither arguments nor environment")
def _():
    form = {"type": "json_schema", "json_schema": {
        "name": "form", "description": MARK,
        "schema": {"type": "object", "title": MARK}}}
    with Bed() as bed:
        for body in (full_of_texts(),
                     chat_body("hi", response_format=form)):
            bed.post(body)
            started = bed.recorder.only()
            eq(started.argv, argv("claude-haiku-4-5-20251001",
                                  more=AS_MODEL))
            lacks(json.dumps(started.environ), MARK)
        for name in ("a,b", "a b", "*", "Bash(*)", "a=b", "a\nb", ""):
            body = full_of_texts()
            body["tools"][0]["function"]["name"] = name
            bed.refused(body, "tools[0].function.name")


@test("what parameters become is JSON in one variable")
def _():
    stops = ["--x", "\nAPI_KEY=x", '"}', "$(id)", "\\", "\u00e4\u2028"]
    with Bed() as bed:
        started = bed.started(chat_body("hi", stop=stops, temperature=0.5,
                                        max_tokens=100))
        eq(started.argv, argv("claude-haiku-4-5-20251001"))
        eq(json.loads(started.environ["CLAUDE_CODE_EXTRA_BODY"])
           ["stop_sequences"], stops)
        lacks(started.environ, "API_KEY")


# --- of the configuration ---------------------------------------------------

# Each is a mistake, in the file and in the environment.
WRONG = {
    "DEFAULT_MODEL": ["-p", FLAG, "a b", "haiku\n--x", "a=b", "x" * 129],
    "MODELS": [f"fast={FLAG}", "fast=-p", f"{FLAG}=haiku", "-p=haiku",
               "fast=a;b", "fast=", "=haiku", FLAG, "fast=$(id)",
               f'{{"fast": "{FLAG}"}}', '{"fast": "haiku --x"}',
               '{"fast": "haiku\\n--x"}', '{"fast": "haiku\\u0000--x"}',
               '{"fast": ""}', '{"": "haiku"}', f'["{FLAG}"]', '["a b"]'],
    "CLAUDE_PERMISSION_MODE": [FLAG, "-p", "default --x", "plan\n--x",
                               "all"],
    "CLAUDE_MAX_TURNS": [FLAG, "-1", "1 --x", "0x10", "1e3", "+1", "1\n2",
                         "99999999999999999999"],
    "CLAUDE_UMASK": ["0", "77", "0777", "-022", "777", "022 --x", "022\n"],
    "CLAUDE_ENV": ["A=B", "A=--x", "a-b", "A;B", "$A", "A\nB"],
    "CLAUDE_MODE": [FLAG, "model --x"],
    "CLAUDE_PATH": ["claude\n--x", "claude\x01"],
    "CLAUDE_WORKING_DIR": ["/tmp\n--x"],
}


def broken(**options):
    with Bed(**options) as bed:
        response = bed.post(chat_body("hi", model=DEFAULT))
        eq((response.status, response.json()["error"]["code"]),
           (500, "configuration"), options)
        eq(bed.recorder.starts(), [])


def is_mistake(key, values):
    for value in values:
        broken(file={key: value}, **{key: None})
        broken(**{key: value})


for _key, _values in WRONG.items():
    add(f"{_key}: what could be more than a value is a mistake",
        lambda k=_key, v=_values: is_mistake(k, v))


@test("aliases lead to one argument")
def _():
    models = {"fast": "haiku", "odd": "@x/y:z[1m]", "a.b": "odd"}
    with Bed(file={"MODELS": models}, DEFAULT_MODEL="a.b",
             CLAUDE_MAX_TURNS="7", CLAUDE_PERMISSION_MODE="PLAN") as bed:
        more = ("--permission-mode", "plan")
        for name, want in (("fast", "claude-haiku-4-5-20251001"),
                           ("odd", "@x/y:z[1m]"), ("a.b", "@x/y:z[1m]")):
            eq(bed.started(chat_body("hi", model=name)).argv,
               argv(want, "7", more))
        body = chat_body("hi")
        del body["model"]
        eq(bed.started(body).argv, argv("@x/y:z[1m]", "7", more))


@test("CLAUDE_PATH: spaces, a dash and quotes are of the name")
def _():
    for name in ("-p", FLAG, "a b", "$(id)", "'\"", "\u00e4"):
        with Bed(Recorder(name)) as bed:
            eq(bed.started(chat_body("hi", model="x")).argv, argv("x"))
    # and of a name that is looked for
    with Recorder(FLAG) as recorder:
        where = os.path.dirname(recorder.path)
        with Bed(Recorder(), CLAUDE_PATH=FLAG,
                 path=f"relative:{where}:/usr/bin:/bin") as bed:
            eq(bed.post(chat_body("hi", model="x")).status, 200)
            eq(recorder.only().argv, argv("x"))


# --- of sessions ------------------------------------------------------------

def two_turns(bed):
    """A conversation's second turn: what became of the session, and how
    claude was started for it."""
    first = ask(bed.http, "one", model="x")
    eq(first.status, 200, repr(first))
    bed.recorder.only()
    bed.env.wait_gone(bed.handler.pid)
    return again(bed, first.text)


def again(bed, text, http=None):
    second = ask(http or bed.http, "one", text, "two", model="x")
    eq(second.status, 200, repr(second))
    return second.session, bed.recorder.only()


@test("a session goes on, by two UUIDs")
def _():
    with Bed() as bed:
        outcome, started = two_turns(bed)
        eq(outcome, "resumed")
        eq(started.argv[:-4], argv("x"))
        eq(started.argv[-4::2], ["--resume", "--resume-session-at"])
        for ident in started.argv[-3::2]:
            ok(re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                            ident), ident)


# In the place of ids: as long as one, too short, too long, with more behind
NOT_IDS = [FLAG, (FLAG + "x" * 36)[:36], "-" + UUID[1:], "-p", "", UUID + "-",
           UUID[:-1], UUID.replace("-", "_"), UUID + "\\n--x",
           UUID + "\\u0000--x", " " + UUID[1:], "../../" + UUID[6:],
           "\u00e4" * 18]


def says_instead(member, value):
    """A claude that says this for each of its ids."""
    value = value.replace("\\", "\\\\")
    return Recorder(edit=["-E", f's|("{member}":)"[^"]*"|\\1"{value}"|g'])


def never_resumed(member):
    for value in NOT_IDS:
        with Bed(says_instead(member, value)) as bed:
            outcome, started = two_turns(bed)
            eq((outcome, started.argv), ("replayed", argv("x")), value)


add("a claude that says options for its session's id",
    lambda: never_resumed("session_id"))
add("a claude that says options for its answers' ids",
    lambda: never_resumed("uuid"))


@test("so the cases above can fail")
def _():
    with Bed(says_instead("session_id", UUID)) as bed:
        first = ask(bed.http, "one", model="x")
        bed.recorder.only()
        bed.env.wait_gone(bed.handler.pid)
        # which that claude does not know, so it is told all anew
        eq(ask(bed.http, "one", first.text, "two").session, "replayed")
        eq([s.flag("--resume") for s in bed.recorder.starts()],
           [UUID, None])


HEAD = struct.Struct(">4s16sQII")  # src/store_value.c


def change_values(path, change):
    """Each value of the store becomes what change makes of it, of the same
    length, with the right checksum.  How many were changed."""
    data = bytearray(path.read_bytes())
    count = 0
    for found in re.finditer(b"ccp1", bytes(data)):
        at = found.start()
        form, _, expires, keylen, length = HEAD.unpack_from(data, at)
        begin, end = at + HEAD.size + keylen, at + HEAD.size + keylen + length
        old = bytes(data[begin:end])
        new = change(old)
        count += new != old
        data[begin:end] = new
        total = hashlib.sha256(data[at + 20:end]).digest()[:16]
        HEAD.pack_into(data, at, form, total, expires, keylen, length)
    path.write_bytes(data)
    return count


ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f-]{27}")


def store_says(*values):
    with Bed() as bed:
        with HandlerSocket(bed.env) as handler:
            first = ask(handler.http, "one", model="x")
        bed.recorder.only()
        store = pathlib.Path(bed.env.runtime, "ccp", "sessions.db")
        untouched = store.read_bytes()
        for value in values:
            for nth in (0, 1):
                store.write_bytes(untouched)
                ok(change_values(store, lambda v, n=nth: put(v, n, value)),
                   "nothing was changed")
                # whose end is that of its work with the store
                with HandlerSocket(bed.env) as handler:
                    outcome, started = again(bed, first.text, handler.http)
                eq((outcome, started.argv), ("replayed", argv("x")),
                   (value, nth))
        store.write_bytes(untouched)
        eq(change_values(store, lambda v: v), 0)
        eq(again(bed, first.text)[0], "resumed")


def put(value, nth, ident):
    """Another id in the place of the nth."""
    found = list(ID.finditer(value))
    if value[:1] not in b"cp" or len(found) <= nth:
        return value
    at = found[nth].start()
    return value[:at] + ident + value[at + len(ident):]


add("a store that has options in the place of ids, and the right checksums",
    lambda: store_says(*[(i + "x" * 36)[:36].encode() for i in (
        FLAG, "-p ", "--resume=", "-" + UUID[1:], UUID[:35] + "g")],
        UUID[:35].encode() + b"\0", b"\0" * 36, b"\xff" * 36))


# --- environment ------------------------------------------------------------

def of_source(array):
    text = (SRC / "src" / "claude_args.c").read_text(encoding="utf-8")
    found = re.search(rf"\b{array}\[\] = \{{(.*?)NULL\}};", text, re.S)
    return re.findall(r'"([^"]*)"', found[1])


KEYS = re.findall(r'\.name = "(\w+)"',
                  (SRC / "src" / "settings.c").read_text(encoding="utf-8"))


@test("the environment is documented as it is in the code")
def _():
    eq(variables("passed on"), of_source("allowed"))
    eq([n for n in variables("never") if n not in ("API_KEY", "API_KEYS")],
       of_source("refused"))
    eq(variables("set where they are not"), of_source("preset"))


def example(name):
    """A variable of this name, or of one that the pattern stands for."""
    return name.replace("*", "OF_A_TEST")


# What surrounds a process, and must not get any further.
STRANGERS = [
    "LD_PRELOAD_X", "LD_LIBRARY_PATH", "LD_AUDIT_X", "NODE_OPTIONS",
    "BUN_OPTIONS", "BASH_ENV", "ENV", "IFS", "PS4", "SHELLOPTS",
    "BASHOPTS", "GIT_DIR", "GIT_SSH_COMMAND", "GIT_CONFIG_PARAMETERS",
    "GIT_ASKPASS", "SSH_ASKPASS", "PYTHONPATH", "PERL5OPT", "EDITOR",
    "CREDENTIALS_DIRECTORY", "INVOCATION_ID", "MAINPID", "REMOTE_ADDR",
    "REMOTE_PORT", "SYSTEMD_EXEC_PID", "MEMORY_PRESSURE_WATCH", "PWD",
    "OLDPWD", "SHLVL", "_", "SUDO_USER", "OPENAI_API_KEY", "GITHUB_TOKEN",
    "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "CCP_SERVICE", "HTTP_PROX",
    "CLAUDE_EFFORT", "AI_AGENT", "BASH_FUNC_ls%%", "ccp", "x.y"]

VALUE = "value of a test, with = and\nlines"


def surrounded(env):
    """env, with all that could be in an environment."""
    allowed = [example(n) for n in variables("passed on")]
    never = [example(n) for n in variables("never")]
    env.environ["API_KEYS"] = '{"key-of-a-test": "laptop"}'
    for name in STRANGERS + allowed + never:
        env.environ.setdefault(name, VALUE)
    del env.environ["NOTIFY_SOCKET"]  # means something to ccp start
    env.environ["CLAUDE_ENV"] += ",PERL5OPT,API_KEY,CLAUDECODE," \
        "CLAUDE_CODE_ENTRYPOINT,NOTIFY_SOCKET,CLAUDE_PATH"
    return env


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, p) for p in patterns)


def expected(env):
    """Name and value of everything that claude is to have."""
    allowed = variables("passed on") + env.environ["CLAUDE_ENV"].split(",")
    never = variables("never") + KEYS
    want = {n: v for n, v in env.environ.items()
            if matches(n, allowed) and not matches(n, never)}
    for line in of_source("preset"):
        name, value = line.split("=")
        want.setdefault(name, value)
    return want


def compare(started, want):
    # the shell of the recorder is asked before it could add something
    eq({n: v for n, v in started.environ.items() if want.get(n) != v}, {},
       "too much")
    eq(sorted(set(want) - set(started.environ)), [], "missing")


@test("a handler's claude has exactly the environment that is documented")
def _():
    bed = Bed()
    want = expected(surrounded(bed.env))
    ok(len(want) > 30, want)
    with bed:
        compare(bed.started(chat_body("hi")), want)


@test("and so has that of ccp start")
def _():
    with Recorder() as recorder, \
            Env(claude=recorder.path,
                child={"CCP_DEMO_DELAY_MS": "0"}) as env:
        want = expected(surrounded(env))
        with Start(env) as start, start.client() as http:
            eq(ask(http, "hi").status, 200)
            compare(recorder.only(), want)


@test("no key of ccp's is in it, nor on a command line")
def _():
    keys = {"key-of-the-test-1": {"name": "laptop", "directory": "/tmp"}}
    bed = Bed(file={"API_KEYS": keys}, API_KEY="key-of-the-test-2")
    bed.env.environ["CLAUDE_ENV"] += ",API_KEY,API_KEYS"
    with bed:
        for key in ("key-of-the-test-1", "key-of-the-test-2"):
            bed.http.fields["Authorization"] = f"Bearer {key}"
            started = bed.started(chat_body("hi"))
            lacks(repr((started.argv, started.environ)), "key-of-the-test")
        lacks(bed.handler.stderr(), "key-of-the-test")


# --- the process ------------------------------------------------------------

def status_of(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return dict(re.findall(r"^(\w+):\s*(.*)$", text, re.M))


def stat_of(pid):
    """ppid, pgrp, session, tty_nr."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return [int(n) for n in text[text.rindex(")") + 2:].split()[1:5]]


def descriptors(pid):
    top = f"/proc/{pid}/fd"
    return {int(n): os.readlink(f"{top}/{n}").split(":")[0]
            for n in os.listdir(top)}


def claude_of(env):
    """The stand-in, once it has begun to answer."""
    found = [p for p in env.left() if "ccp-demo-claude" in
             os.readlink(f"/proc/{p.pid}/exe")]
    eq(len(found), 1, "claudes")
    return found[0].pid


def check_process(pid, started):
    """What must hold of every claude, whoever started its handler.  (The
    stand-in ignores PIPE.)"""
    eq(descriptors(pid), {0: "pipe", 1: "pipe", 2: "pipe"})
    status = started.status
    # 32 and 33 are the C library's own: nobody can reset them.
    ignored = int(status["SigIgn"], 16) & ~(3 << 31)
    eq((status["SigBlk"], ignored), ("0" * 16, 0))
    eq(status["Umask"], "0077")
    eq(stat_of(pid)[1:], [pid, pid, 0], "group, session, terminal")


def answering(http):
    """Begins an answer that goes on."""
    response, events = http.stream(PATH, {**chat_body("go on"),
                                          "stream": True})
    eq(response.status, 200)
    for _, data in events:
        if '"content":"' in data and '"content":""' not in data:
            return


LONG = {"CCP_DEMO_MODE": "long", "CCP_DEMO_DELAY_MS": "20"}


@test("descriptors, signals, umask, group and directory are its own")
def _():
    def odd():
        os.umask(0)
        signal.pthread_sigmask(signal.SIG_BLOCK, {
            signal.SIGUSR1, signal.SIGTERM, signal.SIGRTMIN})
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT,
                       signal.SIGPIPE, signal.SIGUSR2, signal.SIGTSTP):
            signal.signal(number, signal.SIG_IGN)

    with Recorder() as recorder, \
            Env(claude=recorder.path, child=LONG) as env:
        ours, theirs = socket.socketpair()
        secret = os.open(env.dir, os.O_RDONLY)
        high = os.dup2(secret, 200, inheritable=True)
        os.set_inheritable(secret, True)
        with theirs, subprocess.Popen(
                [program("ccp-handler")], env=env.environ, cwd=env.dir,
                stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL,
                pass_fds=(secret, high), preexec_fn=odd) as handler:
            theirs.close()
            with Client(ours, env.auth()) as http:
                answering(http)
                ok({secret, high} <= set(descriptors(handler.pid)),
                   "the handler does not have them itself")
                pid = claude_of(env)
                check_process(pid, recorder.only())
                eq(os.readlink(f"/proc/{pid}/cwd"),
                   os.path.realpath(env.work))
        os.close(secret)
        os.close(high)
        env.wait_gone()


@test("without a terminal a handler of ccp start has a group of its own")
def _():
    with Recorder() as recorder, \
            Env(claude=recorder.path, child=LONG) as env, \
            Start(env) as start, start.client() as http:
        answering(http)
        pid = claude_of(env)
        check_process(pid, recorder.only())
        handler = stat_of(pid)[0]
        eq(stat_of(handler)[:3], [start.pid, handler, os.getsid(start.pid)])


@test("a claude of ccp start has no terminal, and its handler neither")
def _():
    with Recorder() as recorder, \
            Env(claude=recorder.path, child=LONG) as env:
        ours, theirs = pty.openpty()

        def own_terminal():
            os.setsid()
            os.close(os.open(os.ttyname(0), os.O_RDWR))  # becomes it

        port = free_port()
        env.environ["PORT"] = str(port)
        with subprocess.Popen([program("ccp"), "start"], env=env.environ,
                              cwd=env.work, stdin=theirs, stdout=theirs,
                              stderr=theirs, preexec_fn=own_terminal) as start:
            os.close(theirs)
            try:
                until(lambda: b"listens on" in os.read(ours, 65536),
                      what="its first line")
                ok(stat_of(start.pid)[3], "ccp start has no terminal")
                with Client(socket.create_connection(
                        ("127.0.0.1", port), 10), env.auth()) as http:
                    answering(http)
                    pid = claude_of(env)
                    check_process(pid, recorder.only())
                    handler = stat_of(pid)[0]
                    eq(stat_of(handler)[1:], [handler, handler, 0])
            finally:
                start.terminate()
                start.wait(20)
                os.close(ours)
        env.wait_gone()


def umask_of(**options):
    with Env(claude=program("ccp-demo-claude"), child=LONG,
             **options) as env, HandlerSocket(env) as handler:
        answering(handler.http)
        umask = status_of(claude_of(env))["Umask"]
        own = status_of(handler.pid)["Umask"]
        handler.http.close()
        env.wait_gone(handler.pid)
        return umask, own


@test("CLAUDE_UMASK is claude's alone")
def _():
    eq(umask_of(), ("0077", "0077"))
    eq(umask_of(CLAUDE_UMASK="022"), ("0022", "0077"))
    with Bed(CLAUDE_UMASK="002") as bed:
        eq(bed.post(chat_body("hi")).status, 200)
        bed.env.wait_gone(bed.handler.pid)
        for place in (bed.env.runtime, bed.env.home):
            for top, names, files in os.walk(os.path.join(place)):
                for name in names + files:
                    path = os.path.join(top, name)
                    if "/.claude" in path:  # claude's own
                        continue
                    mode = stat.S_IMODE(os.lstat(path).st_mode)
                    eq(mode & 0o077, 0, f"{path} is {mode:o}")


if __name__ == "__main__":
    main()
