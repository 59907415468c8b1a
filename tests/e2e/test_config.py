#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ccp config: what a person sees and changes of ~/.ccp/config.json."""
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import pty
import re
import resource
import select
import signal
import stat
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import (SRC, Env, HandlerSocket, Start,  # noqa: E402
                 check_stderr, program)
from tap import (Skip, add, contains, eq, fail, lacks, main, ok,  # noqa: E402
                 test)

NAMES = ("API_KEY", "ASK_WORKING_DIR", "CLAUDE_LINGER_MS", "CLAUDE_PATH",
         "CLAUDE_WORKING_DIR", "LOG_LEVEL", "CLAUDE_ENV")
LONG_KEY = "a-key-that-nobody-will-guess"
SHORT = "ccp: {} is short: one of 16 characters or more is hard to guess\n"
SHORT_KEY = SHORT.format("API_KEY")
DIGESTS = "The file has the SHA-256 of each key, and not the key itself\n"
HUP = 'A "ccp start" that runs listens there after a HUP signal\n'


def digest(key):
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


@contextlib.contextmanager
def home(text=None):
    """An Env without any key in the environment, and with that file."""
    with Env(**dict.fromkeys(NAMES)) as env:
        env.file = pathlib.Path(env.home, ".ccp", "config.json")
        if text is not None:
            env.write_config(text)
        yield env


def run(env, *arguments, **options):
    done = subprocess.run([program("ccp"), "config", *arguments],
                          env=env.environ, cwd=env.work, check=False,
                          capture_output=True, timeout=240, **options)
    done.stdout = done.stdout.decode("utf-8", "surrogateescape")
    done.stderr = done.stderr.decode("utf-8", "surrogateescape")
    check_stderr(done.stderr)
    return done


def config(env, *arguments, err="", **options):
    """Runs it well: what it has printed."""
    done = run(env, *arguments, **options)
    eq(done.stderr, err)
    eq(done.returncode, 0)
    return done.stdout


def refused(env, *arguments, status=1, **options):
    """Runs it in vain: what it has complained of."""
    done = run(env, *arguments, **options)
    eq(done.stdout, "")
    eq(done.returncode, status, done.stderr)
    return done.stderr


def stored(env):
    return json.loads(env.file.read_text(encoding="utf-8"))


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


# --- list -----------------------------------------------------------------

SCREEN = """\
KEY                     VALUE                                        FROM
API_KEY                 my......                                     file
API_KEYS                laptop, phone                                file
PORT                    9999                                         file
HOST                    127.0.0.1                                    default
CORS_ORIGIN             *                                            default
ALLOWED_HOSTS           (none)                                       default
CLAUDE_PATH             claude                                       default
CLAUDE_WORKING_DIR      (none)                                       default
ASK_WORKING_DIR         never                                        environment
ALLOWED_DIRS            /a/very/long/path/that/does/not/fit/here...  file
CLAUDE_MODE             model                                        file
CLAUDE_PERMISSION_MODE  default                                      default
CLAUDE_MAX_TURNS        25                                           default
CLAUDE_MAX_PROCESSES    0                                            default
CLAUDE_TIMEOUT_MS       300000                                       default
CLAUDE_IDLE_TIMEOUT_MS  120000                                       default
CLAUDE_LINGER_MS        120000                                       default
CLAUDE_MAX_WARM         2                                            default
CLAUDE_SPARE            auto                                         default
SESSION_TTL_MS          3600000                                      default
SESSION_FILE            (none)                                       default
CLAUDE_ENV              (none)                                       default
CLAUDE_UMASK            077                                          default
SYSTEM_PROMPT_MODE      replace                                      default
DEFAULT_MODEL           claude-sonnet-4-5-20250929                   default
MODELS                  fast=haiku best=opus                         file
MAX_CONNECTIONS         256                                          default
LOG_LEVEL               info                                         default
LOG_FORMAT              text                                         default
LOG_FILE                (none)                                       default
LOG_MAX_SIZE            1mb                                          file
LOG_MAX_FILES           5                                            default
USAGE_LEDGER            on                                           default
"""

FILE = """\
{
  "API_KEY": "my-own-secret-key-1",
  "API_KEYS": {"secret-of-laptop": "laptop",
      "secret-of-phone": {"name": "phone", "directory": "/tmp"}},
  "PORT": "9999",
  "ASK_WORKING_DIR": "always",
  "CLAUDE_MODE": "MODEL",
  "MODELS": {"fast": "haiku", "best": "opus"},
  "LOG_MAX_SIZE": "1mb",
  "ALLOWED_DIRS": "/a/very/long/path/that/does/not/fit/here/and/goes/on/and/on"
}
"""


@test("list: the whole screen, 80 columns, no colour")
def _():
    with home(FILE) as env:
        env.environ["ASK_WORKING_DIR"] = "NEVER"
        eq(config(env, "list"), SCREEN)
        eq(config(env, "ls"), SCREEN)
        ok(max(map(len, SCREEN.splitlines())) <= 80)


@test("list --json: values with their types, nothing secret")
def _():
    with home(FILE) as env:
        env.environ["CLAUDE_MAX_TURNS"] = "7"
        out = config(env, "--json", "list")
        lacks(out, "secret")
        got = json.loads(out)
        eq(sorted(got), ["file", "settings", "warnings"])
        eq(got["file"], str(env.file))
        eq(got["warnings"], [])
        rows = {row["key"]: (row["value"], row["from"])
                for row in got["settings"]}
        eq(rows["API_KEY"], ("my......", "file"))
        eq(rows["API_KEYS"], (["laptop", "phone"], "file"))
        eq(rows["PORT"], (9999, "file"))
        eq(rows["CLAUDE_MAX_TURNS"], (7, "environment"))
        eq(rows["LOG_MAX_SIZE"], (1048576, "file"))
        eq(rows["CLAUDE_MODE"], ("model", "file"))
        eq(rows["MODELS"], ("fast=haiku best=opus", "file"))
        eq(rows["HOST"], ("127.0.0.1", "default"))


@test("list of nothing: defaults, the well-known key as it is, no file made")
def _():
    with home() as env:
        out = config(env, "list")
        contains(out, "\nAPI_KEY                 CCP_API_KEY     ")
        ok(all(line.endswith("  default") for line in out.splitlines()[1:]))
        ok(not env.file.parent.exists())


@test("list says what is wrong, where, and shows it all the same")
def _():
    with home('{\n"PORT": "x\\u001b[31m",\n"LOG_LEVEL": "debug"}') as env:
        done = run(env, "list")
        eq(done.returncode, 1)
        contains(done.stdout, "\nPORT                    x?[31m   ")
        contains(done.stdout, "\nLOG_LEVEL               debug   ")
        contains(done.stderr, "ccp: config.json line 2: PORT=x")
        done = run(env, "list", "--json")
        row, = [r for r in json.loads(done.stdout)["settings"]
                if r["key"] == "PORT"]
        eq(row["must"], "be a number from 0 to 65535")
        env.write_config('{"API_KEYS": "hush-hush"}')
        done = run(env, "list")
        contains(done.stdout, "\nAPI_KEYS                (wrong) ")
        lacks(done.stdout + done.stderr, "hush")
        env.environ["API_KEY"] = "hush\x7f"
        done = run(env, "list", "--json")
        lacks(done.stdout + done.stderr, "hush")


@test("list warns of keys that are none, and of what others can read")
def _():
    with home('{\n"CLAUDE_MOD": 1,\n\n"x": {"PORTS": 2}, "API_KEY": "abcd"}'
              ) as env:
        want = ("config.json line 2: unknown key CLAUDE_MOD is ignored: did "
                "you mean CLAUDE_MODE?",
                "config.json line 4: unknown key x is ignored")
        config(env, "list", err="".join(f"ccp: {w}\n" for w in want))
        eq(json.loads(config(env, "list", "--json"))["warnings"], list(want))
        env.file.chmod(0o604)
        want += (f"others can read {env.file}, which holds an API key: "
                 "chmod 600 it",)
        config(env, "list", err="".join(f"ccp: {w}\n" for w in want))
        eq(json.loads(config(env, "list", "--json"))["warnings"], list(want))


@test("ccp start warns of the same, a request does not")
def _():
    with Env() as env:
        env.write_config('{"CLAUDE_MOD": 1, "API_KEY": "abcd"}').chmod(0o644)
        with Start(env) as server:
            with server.client() as http:
                eq(http.request("GET", "/health").status, 200)
            text = server.stop()
        eq(text.count("line 1: unknown key CLAUDE_MOD is ignored: did you "
                      "mean CLAUDE_MODE?"), 1)
        eq(text.count(", which holds an API key: chmod 600 it"), 1)


@test("the file of the Node.js version is read as it is")
def _():
    with home('{\n  "PORT": 3000,\n  "CLAUDE_PERMISSION_MODE": "plan",\n'
              '  "SESSION_TTL_MS": "7200000",\n  "HOST": "127.0.0.1",\n'
              '  "API_KEY": "CCP_API_KEY",\n  "LOG_MAX_SIZE": "10mb",\n'
              '  "LOG_MAX_FILES": 5\n}') as env:
        rows = {r["key"]: r for r in json.loads(
            config(env, "list", "--json"))["settings"]}
        eq(rows["PORT"]["value"], 3000)
        eq(rows["SESSION_TTL_MS"]["value"], 7200000)
        eq(rows["API_KEY"], {"key": "API_KEY", "value": "CCP_API_KEY",
                             "from": "file"})
        eq(rows["LOG_MAX_SIZE"]["value"], 10485760)
        before = env.file.read_text()
        config(env, "set", "log_max_files", "6")
        eq(env.file.read_text(), before.replace(": 5\n", ": 6\n"))


# --- get ------------------------------------------------------------------

@test("get: the value that counts, a key in any case")
def _():
    with home(FILE) as env:
        eq(config(env, "get", "port"), "9999\n")
        eq(config(env, "get", "Models"), "fast=haiku best=opus\n")
        eq(config(env, "get", "CLAUDE_WORKING_DIR"), "\n")
        eq(config(env, "get", "LOG_MAX_SIZE"), "1mb\n")
        env.environ["PORT"] = "1"
        eq(config(env, "get", "PORT"), "1\n")
        eq(json.loads(config(env, "get", "PORT", "--json")),
           {"key": "PORT", "value": 1, "from": "environment"})
        env.environ["PORT"] = "one"
        eq(refused(env, "get", "PORT"), "ccp: PORT in the environment: must "
           "be a number from 0 to 65535\n")


@test("get masks keys, unless they are asked for")
def _():
    with home(FILE) as env:
        eq(config(env, "get", "API_KEY"), "my......\n")
        eq(config(env, "get", "API_KEYS"), "laptop, phone\n")
        eq(config(env, "get", "API_KEY", "--reveal"), "my-own-secret-key-1\n")
        eq(json.loads(config(env, "get", "API_KEYS", "--reveal")),
           json.loads(FILE)["API_KEYS"])
        eq(json.loads(config(env, "get", "API_KEY", "--reveal", "--json")),
           {"key": "API_KEY", "value": "my-own-secret-key-1", "from": "file"})
        env.write_config('{"API_KEY": "abc"}')
        eq(config(env, "get", "API_KEY"), "......\n")  # would be half of it


# --- set ------------------------------------------------------------------

def sets(name, value, want, printed, err=""):
    def case():
        with home() as env:
            out = config(env, "set", name, *value, err=err)
            key = name.upper()
            kept = DIGESTS if key == "API_KEYS" and "empty" != printed else ""
            eq(out.removesuffix(HUP), f"{key} is now {printed}\n{kept}")
            eq(out.endswith(HUP), key in ("HOST", "PORT"), "HUP")
            eq(stored(env), {key: want})
            eq(mode(env.file), 0o600)
            eq(mode(env.file.parent), 0o700)
    add(f"set {name} {value}", case)


sets("PORT", ["09999"], 9999, "9999")
sets("host", ["127.0.0.1,", "::1"], "127.0.0.1, ::1", "127.0.0.1, ::1")
sets("Claude_Mode", ["MODEL"], "model", "model")
sets("ALLOWED_HOSTS", [""], "", "empty")
sets("API_KEY", ["-x", "--json", "--", "y-and-z"], "-x --json -- y-and-z",
     "-x......")
sets("LOG_FILE", ["~/a  b", 'c"\\'], '~/a  b c"\\', '~/a  b c"\\')
sets("LOG_FILE", ["~/Zürich,€"], "~/Zürich,€", "~/Zürich,€")
sets("HOST", ["[::1],unix:/tmp/s", "localhost"],
     "[::1],unix:/tmp/s localhost", "[::1],unix:/tmp/s localhost")
sets("CORS_ORIGIN", ["https://a.example,", "app://."],
     "https://a.example, app://.", "https://a.example, app://.")
sets("CORS_ORIGIN", ["*"], "*", "*")
sets("ALLOWED_HOSTS", ["my_host,", "b.example."], "my_host, b.example.",
     "my_host, b.example.")
sets("CLAUDE_ENV", ["FOO,", "bar_2"], "FOO, bar_2", "FOO, bar_2")
sets("API_KEY", [LONG_KEY], LONG_KEY, "a-......")
sets("API_KEY", ["abc"], "abc", "......", SHORT_KEY)
sets("API_KEYS", ['{"k":\n {"name": "n", "directory": "/tmp"}}'],
     {digest("k"): {"name": "n", "directory": "/tmp"}}, "n",
     SHORT.format("API_KEYS: the key of n"))
sets("API_KEYS", [json.dumps({LONG_KEY: "one", digest("x").upper().replace(
    "SHA256", "sha256"): {"name": "two"}})],
     {digest(LONG_KEY): "one", digest("x"): "two"}, "one, two")
sets("API_KEYS", ["{}"], {}, "empty")
sets("API_KEYS", [" "], " ", "empty")
sets("MODELS", ['["a",', '"b"]'], ["a", "b"], "a b")
sets("MODELS", ["a=b,", "c"], "a=b, c", "a=b c")
sets("LOG_MAX_SIZE", ["512", "kb"], "512 kb", "512 kb")
sets("CLAUDE_WORKING_DIR", ["/tmp"], "/tmp", "/tmp")
sets("CLAUDE_WORKING_DIR", ["~"], "~", "~")
sets("ALLOWED_DIRS", ["/tmp:~/,", "/"], "/tmp:~/, /", "/tmp:~/, /")
sets("CLAUDE_PATH", ["sh"], "sh", "sh")
sets("CLAUDE_PATH", ["demo"], "demo", "demo")
sets("SESSION_FILE", ["~/x y.db"], "~/x y.db", "~/x y.db")
sets("LOG_FILE", [""], "", "empty")


def refuses(name, value, want):
    def case():
        with home() as env:
            pathlib.Path(env.home, "file").touch()
            value_now = [v.replace("HOME", env.home) if isinstance(v, str)
                         else v for v in value]
            got = refused(env, "set", name, *value_now)
            eq(got.replace(env.home, "HOME"), f"ccp: {want}\n")
            ok(not env.file.exists())
    add(f"set {name} {value} is refused", case)


NUMBER = "PORT={}: must be a number from 0 to 65535"
USABLE = "{}: must name a directory that can be used, which {} is not: {}"
for bad in "65536", "-1", "x", "", " 1", "8888 8889", "1e3", "0x10":
    refuses("PORT", [bad], NUMBER.format(bad).replace("PORT=:", "PORT:"))
refuses("CLAUDE_MAX_TURNS", ["0"],
        "CLAUDE_MAX_TURNS=0: must be a number from 1 to 1000")
refuses("SESSION_TTL_MS", ["999"],
        "SESSION_TTL_MS=999: must be a number from 1000 to 2147483647")
refuses("LOG_MAX_SIZE", ["2gb"], "LOG_MAX_SIZE=2gb: must be a size from 1kb "
        "to 1024mb, as in 512kb or 10mb")
refuses("LOG_LEVEL", ["loud"],
        "LOG_LEVEL=loud: must be one of error, warn, info, debug")
refuses("ASK_WORKING_DIR", [""],
        "ASK_WORKING_DIR: must be one of auto, always, never")
refuses("DEFAULT_MODEL", ["--help me"], "DEFAULT_MODEL=--help me: must hold "
        "only letters, digits and ._:@/[]-, a letter or digit first")
refuses("HOST", [""], "HOST: must not be empty")
refuses("HOST", ["a\nb"],
        "HOST=a?b: must not contain control characters")
refuses("HOST", [b"a\xffb"], "HOST=a?b: must be a text in UTF-8")
refuses("HOST", ["x" * 4097], "HOST=" + "x" * 61 + "...: must not be longer "
        "than 4096 bytes")
ADDRESSES = "be IP addresses, host names and unix:/absolute/path, " \
    "separated by commas"
NONE_OF = '{}={}: must {}, and "{}" is none of them'
for bad in "999.1.1.1", "unix:x", "localhost:80", "a@b":
    refuses("HOST", [f"::1,{bad}"],
            NONE_OF.format("HOST", f"::1,{bad}", ADDRESSES, bad))
for bad in "foo", "https://a.example/", "*,*":
    refuses("CORS_ORIGIN", [bad], NONE_OF.format(
        "CORS_ORIGIN", bad, "be * alone, or origins like "
        "https://example.org:8443, separated by commas", bad.split(",")[0]))
refuses("CORS_ORIGIN", ["https://a,null"], "CORS_ORIGIN: must not hold null, "
        "which every page can have for its origin")
refuses("ALLOWED_HOSTS", ["@@", "??"], NONE_OF.format(
    "ALLOWED_HOSTS", "@@ ??", "be host names, without a port, separated by "
    "commas", "@@"))
refuses("CLAUDE_ENV", ["a=b"], NONE_OF.format(
    "CLAUDE_ENV", "a=b", "be names of letters, digits and _, separated by "
    "commas", "a=b"))
refuses("API_KEY", [""], "API_KEY: must not be empty")
refuses("API_KEY", ["hush\thush"],
        "API_KEY: must not contain control characters")
refuses("API_KEYS", ["hush"],
        "API_KEYS: must be valid JSON: a value was expected")
refuses("API_KEYS", ['{"hush": 1}'], "API_KEYS: must have a name or an object "
        "for each key (key 1)")
refuses("API_KEYS", ['{"hush": {"name": "n", "directory": "/nowhere"}}'],
        USABLE.format("API_KEYS", "n's /nowhere", "it does not exist"))
refuses("MODELS", ['{"a": "b"'], 'MODELS={"a": "b": must be valid JSON: '
        'unexpected end of the text')
refuses("MODELS", ["a=b,a=c"], 'MODELS=a=b,a=c: must not give "a" twice')
refuses("CLAUDE_WORKING_DIR", ["/nowhere"],
        USABLE.format("CLAUDE_WORKING_DIR", "/nowhere", "it does not exist"))
refuses("CLAUDE_WORKING_DIR", ["HOME/file"], USABLE.format(
    "CLAUDE_WORKING_DIR", "HOME/file", "it is a file, not a directory"))
refuses("CLAUDE_WORKING_DIR", ["."], USABLE.format(
    "CLAUDE_WORKING_DIR", ".", "a path has to begin with / or with ~/"))
refuses("CLAUDE_WORKING_DIR", ["/proc"], USABLE.format(
    "CLAUDE_WORKING_DIR", "/proc", "/proc, /sys and /dev belong to the system"))
refuses("ALLOWED_DIRS", ["/tmp:~/nowhere"],
        USABLE.format("ALLOWED_DIRS", "~/nowhere", "it does not exist"))
refuses("CLAUDE_PATH", ["HOME/file"], "CLAUDE_PATH is HOME/file, which is not "
        "an executable file")
refuses("CLAUDE_PATH", ["./sh"], "CLAUDE_PATH: must be an absolute path, begin "
        "with ~/, or be the name of a program")
refuses("CLAUDE_PATH", ["no-such-claude"], 'no executable "no-such-claude" was '
        'found on PATH or in the usual places: install Claude Code, or set '
        'CLAUDE_PATH to the absolute path of it')
refuses("SESSION_FILE", ["x.db"],
        "SESSION_FILE: must be an absolute path, or begin with ~/")
refuses("LOG_FILE", ["~x/log"],
        "LOG_FILE: must be an absolute path, or begin with ~/")
for file_key in "LOG_FILE", "SESSION_FILE":
    for bad in "/etc", "/tmp/", "~/", "/nowhere/", "/dev/null":
        refuses(file_key, [bad], f"{file_key}: must name a regular file, or "
                f"one that is not there yet, which {bad} is not")
refuses("CLAUDE_MOD", ["model"],
        "unknown key CLAUDE_MOD: did you mean CLAUDE_MODE?")
refuses("prot", ["1"], "unknown key prot: did you mean PORT?")
refuses("TELEMETRY\x1b", ["1"],
        "unknown key TELEMETRY?: see ccp config help")


@test("set takes a value that looks like an option, after -- even --help")
def _():
    with home() as env:
        for arguments, want in (
                (["API_KEY", "--json-abcdefghijk"], "--json-abcdefghijk"),
                (["API_KEY", "--", "--help"], "--help"),
                (["--", "API_KEY", "x", "--"], "x --"),
                (["--", "API_KEY", "--", "-h"], "-h")):
            run(env, "set", *arguments)
            eq(stored(env)["API_KEY"], want)
        contains(config(env, "set", "API_KEY", "--help"), "usage: ccp config")
        eq(stored(env)["API_KEY"], "-h")


@test("set HOST refuses a name that has no address, as the listener would")
def _():
    with home() as env:
        env.environ["RES_OPTIONS"] = "timeout:1 attempts:1"
        for value in ("foo.invalid bar baz", "::1,[foo.invalid]"):
            contains(refused(env, "set", "HOST", value), "ccp: HOST: no "
                     "address is known for the name foo.invalid: ")
        ok(not env.file.exists())


@test("the origin null is loaded where it stands, but not set any more")
def _():
    with home('{"CORS_ORIGIN": "null"}') as env:
        eq(config(env, "get", "CORS_ORIGIN"), "null\n")
        refused(env, "set", "CORS_ORIGIN", "null")


@test("set API_KEY - reads a line of a pipe; only of keys, and not after --")
def _():
    with home() as env:
        eq(config(env, "set", "API_KEY", "-", input=f"{LONG_KEY}\nno\n"
                  .encode()), "API_KEY is now a-......\n")
        eq(stored(env), {"API_KEY": LONG_KEY})
        config(env, "set", "--", "api_keys", "-", input=b'{"k": "n"}',
               err=SHORT.format("API_KEYS: the key of n"))
        eq(stored(env)["API_KEYS"], {digest("k"): "n"})
        config(env, "set", "LOG_FILE", "--", "/tmp/-", input=b"x\n")
        config(env, "set", "API_KEY", "--", "-", input=b"x\n", err=SHORT_KEY)
        eq(stored(env)["API_KEY"], "-")
        before = env.file.read_text()
        for text, want in (
                (b"", "the standard input has no line"),
                (b"\n", "must not be empty"),
                (b"a\tb\n", "must not contain control characters"),
                (b"a\xff\n", "must be a text in UTF-8"),
                (b"a\0b\n", "the line is too long, or has a NUL in it"),
                (b"x" * 300000, "the line is too long, or has a NUL in it")):
            eq(refused(env, "set", "API_KEY", "-", input=text),
               f"ccp: API_KEY: {want}\n")
        contains(refused(env, "set", "LOG_LEVEL", "-", input=b"warn\n"),
                 "LOG_LEVEL=-: must be one of")
        eq(env.file.read_text(), before)


def echoes(fd):
    return bool(termios.tcgetattr(fd)[3] & termios.ECHO)


def hidden(env, typed):
    """ccp config set API_KEY - on a terminal: what is seen, and the
    status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(program("ccp"), ["ccp", "config", "set", "API_KEY", "-"],
                  env.environ)
    seen = b""
    while b"(not shown): " not in seen:
        seen += os.read(fd, 4096)
    ok(not echoes(fd), "what is typed is shown")
    os.write(fd, typed)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    ok(echoes(fd), "what is typed later is not shown")
    with contextlib.suppress(OSError):
        while more := os.read(fd, 4096):
            seen += more
    os.close(fd)
    return seen.decode(), status


@test("set API_KEY - shows nothing on a terminal, which then shows it again")
def _():
    with home() as env:
        seen, status = hidden(env, f"{LONG_KEY}\n".encode())
        eq(status, 0, seen)
        lacks(seen, LONG_KEY)
        contains(seen, "API_KEY is now a-......")
        eq(stored(env), {"API_KEY": LONG_KEY})
        seen, status = hidden(env, b"other\x03")
        eq(status, -signal.SIGINT)
        lacks(seen, "other")
        eq(stored(env), {"API_KEY": LONG_KEY})


@test("set changes its own value only, letter by letter")
def _():
    text = ('{ "big" : 9007199254740993.10,\n\t"PORT": 1 ,\r\n "esc":"\\u00e9'
            '\\/",\n "n":{"PORT":[1E3, null]}\n}\n\n')
    with home(text) as env:
        config(env, "set", "PORT", "2")
        eq(env.file.read_bytes().decode(),
           text.replace('"PORT": 1', '"PORT": 2'))
        config(env, "set", "LOG_LEVEL", "warn")
        config(env, "reset", "PORT")
        config(env, "reset", "LOG_LEVEL")
        eq(env.file.read_bytes().decode(),
           text.replace(',\n\t"PORT": 1', ''))


@test("set mends a value that is wrong, and says what else is")
def _():
    with home('{\n"PORT": "x",\n"LOG_LEVEL": "y"}') as env:
        contains(config(env, "set", "PORT", "1",
                        err="ccp: config.json line 3: LOG_LEVEL=y: must be "
                        "one of error, warn, info, debug\n"), "PORT is now 1")
        config(env, "set", "log_level", "warn")
        eq(stored(env), {"PORT": 1, "LOG_LEVEL": "warn"})
        env.write_config('{"PORT": 1, "PORT": 2}')
        config(env, "set", "PORT", "3")
        eq(env.file.read_text(), '{"PORT": 3}')


@test("set says when the environment wins, and when ccp would not start")
def _():
    with home() as env:
        env.environ["CLAUDE_MODE"] = "agent"
        config(env, "set", "CLAUDE_MODE", "model",
               err="ccp: CLAUDE_MODE is set in the environment too, which "
               "wins over the file\n")
        config(env, "reset", "CLAUDE_MODE",
               err="ccp: CLAUDE_MODE is set in the environment too, which "
               "wins over the file\n")
        weak = ("ccp: other machines can reach {} (HOST), so ccp does not "
                "start before API_KEY is one of your own\n")
        for host in "0.0.0.0", "127.0.0.1,192.0.2.1", "[::]":
            config(env, "set", "HOST", host, err=weak.format(host))
        for host in ("localhost, [::1],unix:/tmp/x", "127.9.9.9", "::1"):
            config(env, "set", "HOST", host)
        config(env, "set", "API_KEY", LONG_KEY)
        config(env, "set", "HOST", "0.0.0.0")
        config(env, "reset", "API_KEY", err=weak.format("0.0.0.0"))


@test("a file that is no JSON is refused with its line, and left alone")
def _():
    for text, line in (('{\n"PORT": 1,\n}\n', "3: a key in quotes was "
                        "expected"), ("", "1: unexpected end of the text"),
                       ("[]", "1: must be a JSON object")):
        with home(text) as env:
            for arguments in (("set", "PORT", "1"), ("reset", "PORT"),
                              ("get", "PORT"), ("list",), ("list", "--json")):
                eq(refused(env, *arguments),
                   f"ccp: config.json line {line}\n")
            eq(env.file.read_text(), text)


@test("20 at once lose nothing")
def _():
    names = [r["key"] for r in json.loads(help_json())
             if r["kind"] == "number" and r["max"] > 1001]
    names += ["ALLOWED_HOSTS", "CORS_ORIGIN", "CLAUDE_ENV"]
    with home('{"kept": [1.0]}\n') as env, contextlib.ExitStack() as stack:
        running = [stack.enter_context(subprocess.Popen(
            [program("ccp"), "config", "set", names[i % len(names)],
             str(1000 + i // len(names))],
            env=env.environ, cwd=env.work, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)) for i in range(20)]
        for process in running:
            process.communicate(timeout=240)
        good = [i for i, p in enumerate(running) if p.returncode == 0]
        ok(len(good) >= 15, f"only {len(good)} were set")
        got = stored(env)
        eq(got.pop("kept"), [1.0])
        eq(set(got), {names[i % len(names)] for i in good})
        eq(sorted(os.listdir(env.file.parent)),
           ["config.json", "config.json.lock"])


@test("one that waits for a lock is told when it takes too long")
def _():
    with home("{}") as env:
        lock = env.file.with_name("config.json.lock")
        with open(lock, "wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            eq(refused(env, "set", "PORT", "1"), f"ccp: {lock} has been held "
               "by another process for too long\n")
        eq(env.file.read_text(), "{}")


# --- faults ---------------------------------------------------------------

@test("a full disk leaves the old file, and nothing else")
def _():
    with home() as env:
        directory = env.file.parent
        directory.mkdir(mode=0o700)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o",
                               "size=16k,mode=700", "none", str(directory)],
                              check=False, capture_output=True, text=True)
        if done.returncode:
            raise Skip(f"no tmpfs can be mounted: {done.stderr.strip()}")
        try:
            env.write_config('{"PORT": 1}\n')
            (directory / "full").write_bytes(b"x" * 8192)
            with contextlib.suppress(OSError), \
                    open(directory / "more", "wb", 0) as more:
                while True:
                    more.write(b"x" * 512)
            got = refused(env, "set", "MODELS", ",".join(
                f"alias-{i}=name" for i in range(200)))
            eq(got, f"ccp: cannot write {env.file}: No space left on device\n")
            eq(env.file.read_text(), '{"PORT": 1}\n')
            eq(sorted(os.listdir(directory)),
               ["config.json", "config.json.lock", "full", "more"])
        finally:
            subprocess.run(["umount", "-l", str(directory)], check=True)


@test("a limit on the size of files leaves the old file, and nothing else")
def _():
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))
    with home('{"PORT": 1}\n') as env:
        done = run(env, "set", "LOG_LEVEL", "warn", preexec_fn=limit)
        eq(done.returncode, 1)
        eq(env.file.read_text(), '{"PORT": 1}\n')
        eq(sorted(os.listdir(env.file.parent)),
           ["config.json", "config.json.lock"])


@test("a directory that may not be written to leaves the old file")
def _():
    if os.getuid() == 0:
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if subprocess.run([*user, "test", "-x", program("ccp")],
                          check=False).returncode:
            raise Skip("another user cannot run the programs here")
    else:
        user = []
    with home('{"PORT": 1}\n') as env:
        if user:
            for top, directories, files in os.walk(env.dir):
                for name in [top] + [os.path.join(top, n)
                                     for n in directories + files]:
                    os.chown(name, 65534, 65534)
        env.file.parent.chmod(0o500)
        done = subprocess.run([*user, program("ccp"), "config", "set", "PORT",
                               "2"], env=env.environ, check=False,
                              capture_output=True, text=True, timeout=240)
        eq(done.stderr,
           f"ccp: cannot write {env.file}: Permission denied\n")
        eq((done.returncode, done.stdout), (1, ""))
        eq(env.file.read_text(), '{"PORT": 1}\n')


@test("what root sets in a user's home is that user's")
def _():
    if os.getuid() != 0:
        raise Skip("only root can")
    with home() as env:
        os.chown(env.home, 65534, 65534)
        config(env, "set", "PORT", "1")
        for path in (env.file.parent, env.file,
                     env.file.with_name("config.json.lock")):
            eq(os.stat(path).st_uid, 65534, str(path))


@test("a symbolic link stays, and the file behind it is changed")
def _():
    with home() as env:
        target = pathlib.Path(env.work, "dotfiles.json")
        target.write_text('{"x": 1}\n')
        env.file.parent.mkdir(mode=0o700)
        env.file.symlink_to(target)
        config(env, "set", "PORT", "1")
        ok(env.file.is_symlink())
        eq(target.read_text(), '{"x": 1,"PORT": 1}\n')
        eq(mode(target), 0o600)


@test("without HOME there is no place for the file")
def _():
    with home() as env:
        del env.environ["HOME"]
        eq(refused(env, "path"),
           "ccp: HOME is not set, so there is no place for config.json\n")


@test("an output that cannot be written is an error")
def _():
    with home() as env, open("/dev/full", "wb") as full:
        done = subprocess.run([program("ccp"), "config", "list"],
                              env=env.environ, stdout=full, check=False,
                              stderr=subprocess.PIPE, timeout=240)
        eq((done.returncode, done.stderr),
           (1, b"ccp: standard output: cannot be written\n"))


# --- reset, path, help ----------------------------------------------------

@test("reset: back to the default, a key that is none too")
def _():
    with home('{\n  "PORT": 1,\n  "CLAUDE_MOD": 2,\n  "x\\ty": 3\n}\n') as env:
        eq(config(env, "reset", "port"),
           "PORT has its default now: 8888\n" + HUP)
        eq(config(env, "reset", "PORT"), "PORT was not in the file\n")
        eq(config(env, "reset", "CLAUDE_MOD"),
           "CLAUDE_MOD is not in the file any more\n")
        eq(refused(env, "reset", "CLAUDE_MOD"),
           "ccp: unknown key CLAUDE_MOD: did you mean CLAUDE_MODE?\n")
        eq(config(env, "reset", "x\ty"),
           "x?y is not in the file any more\n")
        eq(env.file.read_text(), "{\n}\n")


@test("path")
def _():
    with home() as env:
        eq(config(env, "path"), f"{env.file}\n")
        eq(json.loads(config(env, "path", "--json")),
           {"path": str(env.file), "exists": False})
        env.write_config("{}")
        eq(json.loads(config(env, "path", "--json"))["exists"], True)


def help_json():
    with home() as env:
        return config(env, "help", "--json")


@test("help: every key with default, what is allowed and its line")
def _():
    rows = json.loads(help_json())
    ok(len(rows) > 25)
    with home() as env:
        out = config(env, "help")
        lines = out.splitlines()
        ok(max(map(len, lines)) <= 80)
        eq([line for line in lines if not line.startswith(" ")],
           [row["key"] for row in rows])
        flat = " ".join(out.split())
        for row in rows:
            text = f'{row["key"]} {row["help"]} ' + (
                f'default: {row["default"]}' if row["default"]
                else "no default") + (
                f'; allowed: {row["allowed"]}' if row["allowed"] else "")
            contains(flat, text)
        eq(config(env, "help", "max_connections"),
           "MAX_CONNECTIONS\n    the most connections that are served at "
           "once\n    default: 256; allowed: a number from 1 to 10000\n")
        eq(json.loads(config(env, "help", "port", "--json")),
           [row for row in rows if row["key"] == "PORT"][0])
        eq(refused(env, "help", "ports"),
           "ccp: unknown key ports: did you mean PORT?\n")


@test("command lines that make no sense")
def _():
    with home("{}") as env:
        for arguments, what in (
                ([], "missing argument: COMMAND"),
                ([""], "missing argument: COMMAND"),
                (["bogus"], 'unknown command "config bogus"'),
                (["sett"], 'unknown command "config sett": '
                           'did you mean "config set"?'),
                (["get"], "missing argument: KEY"),
                (["reset"], "missing argument: KEY"),
                (["set"], "missing argument: KEY"),
                (["set", "--"], "missing argument: KEY"),
                (["set", "PORT"], "missing argument: VALUE"),
                (["set", "PORT", "--"], "missing argument: VALUE"),
                (["set", "--json", "PORT", "1"], "unknown option --json"),
                (["list", "PORT"], 'unexpected argument "PORT"'),
                (["get", "a", "b"], 'unexpected argument "b"'),
                (["path", "x"], 'unexpected argument "x"'),
                (["get", ""], 'unexpected argument ""'),
                (["list", "-x"], "unknown option -x"),
                (["edit", "--json"], "config edit takes no --json"),
                (["reset", "PORT", "--json"], "config reset takes no --json"),
                (["list", "--reveal"], "config list takes no --reveal")):
            eq(refused(env, *arguments, status=2),
               f"ccp: {what}\nsee ccp config --help\n", str(arguments))
        eq(env.file.read_text(), "{}")


# --- edit -----------------------------------------------------------------

def editor(env, script, name="EDITOR"):
    """A shell script that gets the draft as $1, and what it has seen."""
    path = pathlib.Path(env.dir, "an editor")
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o700)
    env.environ[name] = f"'{path}'"


def drafts(env):
    return [n for n in os.listdir(env.file.parent)
            if n not in ("config.json", "config.json.lock")]


@test("edit: a draft, an editor, the new file")
def _():
    with home('{"PORT": 1}\n') as env:
        editor(env, 'ls -l "$1" >"$HOME/seen"; cat "$1" >>"$HOME/seen"\n'
               'echo "{\\"PORT\\": 2, \\"x\\": 1}" >"$1"\n')
        eq(config(env, "edit", err="ccp: config.json line 1: unknown key x is "
                  "ignored\n"), f"{env.file} is changed\n" + HUP)
        eq(env.file.read_text(), '{"PORT": 2, "x": 1}\n')
        eq(mode(env.file), 0o600)
        seen = pathlib.Path(env.home, "seen").read_text().splitlines()
        contains(seen[0], "-rw------- ")
        ok(re.search(r" \S+/\.ccp/config-\w{6}\.json$", seen[0]), seen[0])
        eq(seen[1], '{"PORT": 1}')
        eq(drafts(env), [])
        editor(env, 'sed -i "s/x/LOG_LEVEL/; s/: 1}/: \\"warn\\"}/" "$1"\n',
               "VISUAL")  # which comes first
        eq(config(env, "edit"), f"{env.file} is changed\n")
        eq(stored(env), {"PORT": 2, "LOG_LEVEL": "warn"})


@test("edit: keys that are short")
def _():
    with home(json.dumps({"API_KEYS": {LONG_KEY: "long"}})) as env:
        editor(env, 'echo \'{"API_KEY": "abc", "API_KEYS": {"k": "n", '
               f'"{digest("x")}": "m"}}}}\' >"$1"\n')
        eq(config(env, "edit", err=SHORT_KEY + SHORT.format(
            "API_KEYS: the key of n")), f"{env.file} is changed\n")


@test("a key that was set in API_KEYS opens, and is not in the file")
def _():
    with home() as env:
        config(env, "set", "API_KEYS", json.dumps({LONG_KEY: "phone"}))
        lacks(env.file.read_text(), LONG_KEY)
        with HandlerSocket(env) as handler:
            eq(handler.http.get("/v1/models", Authorization="Bearer "
                                + LONG_KEY).status, 200)
            eq(handler.http.get("/v1/models", Authorization="Bearer "
                                + digest(LONG_KEY)).status, 401)


@test("edit: EDITOR with options, a file that is not there, no change")
def _():
    with home() as env:
        env.environ["EDITOR"] = "sed -i s/^{/{'\"PORT\":5'/"
        eq(config(env, "edit"), f"{env.file} is changed\n" + HUP)
        eq(stored(env), {"PORT": 5})
        env.environ["EDITOR"] = "true"
        eq(config(env, "edit"), "Nothing is changed\n")
        eq(drafts(env), [])


@test("edit: without a terminal and an editor of one's own it is refused")
def _():
    with home('{"PORT": 1}\n') as env:
        bed = pathlib.Path(env.dir, "vi")
        bed.write_text(f"#!/bin/sh\necho '{{}}' >{env.file}\n")
        bed.chmod(0o700)
        env.environ["PATH"] = f"{env.dir}:{os.environ['PATH']}"
        for names in ((), ("EDITOR",), ("VISUAL", "EDITOR")):
            env.environ.pop("EDITOR", None)
            env.environ.update({name: "" for name in names})
            eq(refused(env, "edit"),
               "ccp: the standard input is no terminal, and neither VISUAL "
               "nor EDITOR is set: set one, or use ccp config set\n")
        eq((env.file.read_text(), drafts(env)), ('{"PORT": 1}\n', []))


@test("edit: an editor that fails changes nothing")
def _():
    with home('{"PORT": 1}\n') as env:
        editor(env, 'echo "{}" >"$1"; exit 3\n')
        contains(refused(env, "edit"), "has failed (exit 3): nothing is "
                 "changed")
        env.environ["EDITOR"] = "no-such-editor"
        contains(refused(env, "edit"), "has failed (exit 127)")
        eq(env.file.read_text(), '{"PORT": 1}\n')
        eq(drafts(env), [])


@test("edit: a mistake, and nobody to ask: the draft stays")
def _():
    with home('{"PORT": 1}\n') as env:
        for text, why in (('{"PORT": 99999}', "line 1: PORT=99999: must be a "
                           "number"), ('{\n"PORT": 1,\n}', "line 3: a key"),
                          ('{"PORT": 1, "PORT": 2}', "given twice")):
            pathlib.Path(env.home, "new").write_text(text)
            editor(env, 'cp "$HOME/new" "$1"\n')
            got = refused(env, "edit", stdin=subprocess.DEVNULL)
            contains(got, why)
            draft, = drafts(env)
            contains(got, "nothing is changed; the draft is "
                     f"{env.file.parent}/{draft}\n")
            eq((env.file.parent / draft).read_text(), text)
            eq(mode(env.file.parent / draft), 0o600)
            (env.file.parent / draft).unlink()
        eq(env.file.read_text(), '{"PORT": 1}\n')


@test("edit mends what is no JSON")
def _():
    with home('{"PORT": 1,}\n') as env:
        editor(env, 'sed -i s/,// "$1"\n')
        eq(config(env, "edit"), f"{env.file} is changed\n")
        eq(env.file.read_text(), '{"PORT": 1}\n')


@test("edit overwrites nobody else's change")
def _():
    with home('{"PORT": 1}\n') as env:
        editor(env, f"'{program('ccp')}' config set LOG_LEVEL warn\n"
               'echo "{}" >"$1"\n')
        done = run(env, "edit")
        eq(done.returncode, 1)
        draft, = drafts(env)
        contains(done.stderr, "config.json has been changed in the meantime; "
                 f"the draft is {env.file.parent}/{draft}")
        eq(stored(env), {"PORT": 1, "LOG_LEVEL": "warn"})
        eq((env.file.parent / draft).read_text(), "{}\n")


def on_terminal(env, arguments, replies):
    """Runs it on a terminal of its own; replies: (what to wait for, what is
    typed then).  What it has written, and its status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(program("ccp"), ["ccp", "config", *arguments], env.environ)
    seen, end = b"", time.monotonic() + 60
    replies = list(replies)
    while True:
        if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
            os.kill(pid, signal.SIGKILL)
            fail("it waits: " + seen.decode())
        try:
            more = os.read(fd, 4096)
        except OSError:
            more = b""
        if not more:
            break
        seen += more
        if replies and seen.count(b"[e/d] ") >= 3 - len(replies):
            os.write(fd, replies.pop(0))
    os.close(fd)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return seen.decode().replace("\r\n", "\n"), status


@test("edit: a mistake on a terminal can be edited again, or discarded")
def _():
    with home('{"PORT": 1}\n') as env:
        editor(env, 'if grep -q x "$1"; then echo "{\\"PORT\\": 2}" >"$1"; '
               'else echo "{\\"PORT\\": \\"x\\"}" >"$1"; fi\n')
        seen, status = on_terminal(env, ["edit"], [b"?\n", b"e\n"])
        eq(status, 0, seen)
        contains(seen, "PORT=x: must be a number from 0 to 65535\n"
                 "Edit it again, or discard it? [e/d] ")
        eq(stored(env), {"PORT": 2})
        seen, status = on_terminal(env, ["edit"], [b"?\n", b"d\n"])
        eq(status, 1, seen)
        contains(seen, "Nothing is changed\n")
        eq(stored(env), {"PORT": 2})
        eq(drafts(env), [])


@test("list on a terminal has colours, unless NO_COLOR is set")
def _():
    with home() as env:
        env.environ["TERM"] = "xterm"
        contains(on_terminal(env, ["list"], [])[0], "\x1b[1mKEY")
        env.environ["NO_COLOR"] = "1"
        lacks(on_terminal(env, ["list"], [])[0], "\x1b")


# --- the manual -----------------------------------------------------------

def manual():
    """key: its entry in ccp-config(5)"""
    text = (SRC / "man" / "ccp-config.5").read_text(encoding="utf-8")
    items = re.split(r"^\.It Cm ", text.split("The keys are:")[1].split(
        ".Sh FILES")[0], flags=re.M)[1:]
    return {item.split("\n", 1)[0]: item for item in items}


@test("ccp-config(5) has each key, its default, choices and range")
def _():
    rows, items = json.loads(help_json()), manual()
    eq(list(items), [row["key"] for row in rows])
    for row in rows:
        item = items[row["key"]]
        default = re.findall(r"^Default:( none|\n\.Cm (\S+))", item, re.M)
        eq([d[1] for d in default], [row["default"]], row["key"])
        for choice in row.get("choices", []):
            ok(re.search(rf"^\.Cm {choice}\b", item, re.M),
               f'{row["key"]} lacks {choice}')
        if row["kind"] == "number":
            contains(item, f'\nFrom {row["min"]} to {row["max"]}.\n')
        if row["kind"] == "size":
            contains(item, f'\nFrom {row["min"] // 1024}kb to '
                     f'{row["max"] // 1048576}mb.\n')


@test("README has each key, its default and choices")
def _():
    table = re.findall(
        r"^\| ([A-Z_]+) \| (.*?) ?\| (.*) \|$",
        (SRC / "README.md").read_text(encoding="utf-8"), re.M)
    rows = json.loads(help_json())
    eq([r[:2] for r in table], [(r["key"], r["default"]) for r in rows])
    for (_, _, text), row in zip(table, rows):
        for choice in row.get("choices", []):
            contains(text, f"`{choice}`")


if __name__ == "__main__":
    main()
