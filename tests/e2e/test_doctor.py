#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ccp doctor: each thing that may be wrong, made so, and what it says."""
import contextlib
import http.server
import json
import os
import pathlib
import pty
import re
import socket
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import launchd  # noqa: E402
import real_claude  # noqa: E402
from ccp import Env, Start, check_stderr, free_port, program  # noqa: E402
from tap import (Skip, contains, eq, fail, lacks, main, ok,  # noqa: E402
                 test)

LEAST = re.search(r'CLAUDE_VERSION_LEAST "([\d.]+)"', pathlib.Path(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "src",
    "claude_version.h").read_text(encoding="ascii"))[1]
LONG_KEY = "0123456789abcdef"  # as short as is not too short

CLAUDE = """#!/bin/sh
case "$1 $2" in
"--version ") echo "{version} (Claude Code)" ;;
"auth status") echo '{status}'; exit {code} ;;
*) echo "unexpected: $*" >&2; exit 64 ;;
esac
"""
LOGGED_IN = ('{"loggedIn": true, "authMethod": "claude.ai", "email": '
             '"me@example.org", "subscriptionType": "max"}')
LOGGED_OUT = '{"loggedIn": false, "authMethod": "none"}'

# Whatever is not there is no success, as on a machine without systemd.
SYSTEMCTL = """#!/bin/sh
test -f "{place}/$1" || exit 1
case "$*" in
*"show -p Version --value") echo 257 ;;
*"show -p User --value ccp@"*) echo nobody ;;
*"show -p ExecStart --value ccp@"*) cat "{place}/$1.exec" ;;
*"show -p "*" ccp.socket") cat "{place}/$1" ;;
*show-environment) cat "{place}/$1.environment" ;;
*) exit 1 ;;
esac
"""
SHOWN = """LoadState=loaded
UnitFileState={enabled}
ActiveState={active}
Result={result}
NConnections=0
NAccepted=0
"""


def script(path, text, mode=0o755):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


def claude(env, version=LEAST, status=LOGGED_IN, code=0):
    return script(f"{env.dir}/bin/claude", CLAUDE.format(
        version=version, status=status, code=code))


@contextlib.contextmanager
def healthy(**settings):
    """An Env in which nothing is wrong."""
    with Env(path="/usr/bin:/bin", **{
            "API_KEY": LONG_KEY, "CLAUDE_ENV": None, **settings}) as env:
        if "CLAUDE_PATH" not in settings:
            env.environ["CLAUDE_PATH"] = claude(env)
        env.port = env.environ.setdefault("PORT", str(free_port()))
        script(f"{env.dir}/tools/systemctl",
               SYSTEMCTL.format(place=f"{env.dir}/systemd"))
        linger(env, "")
        env.environ["PATH"] = f"{env.dir}/tools:/usr/bin:/bin"
        yield env


def systemd(env, scope="--user", environment="", shown="LoadState=not-found",
            start=""):
    """A systemd that answers, and what it says of ccp's units."""
    place = f"{env.dir}/systemd"
    script(f"{place}/{scope}", shown, 0o644)
    script(f"{place}/{scope}.environment", environment, 0o644)
    script(f"{place}/{scope}.exec", start, 0o644)


def units(env, *, where=None, handler=None, enabled="enabled",
          active="active", result="success", path=None, scope="--user"):
    """The units of a service, as ccp service install makes them, and a
    loginctl."""
    handler = program("ccp-handler") if handler is None else handler
    systemd(env, scope, shown=SHOWN.format(
        enabled=enabled, active=active, result=result) + "".join(
            f"Listen={one} (Stream)\n" for one in
            where or [f"127.0.0.1:{env.port}"]),
            start=handler and f"{{ path={handler} ; argv[]={handler} ; }}\n")
    if scope == "--user":
        to = pathlib.Path(env.home, ".config/systemd/user")
        script(to / "ccp.socket", "[Socket]\n", 0o644)
        script(to / "ccp@.service", '[Service]\nEnvironment="PATH='
               f'{path or env.dir + "/bin"}:/usr/bin:/bin"\n', 0o644)
    linger(env, "yes")


@contextlib.contextmanager
def agent():
    """An Env with a launchd, which has ccp's agent."""
    with healthy() as env:
        with launchd.Launchd(env.dir) as mac:
            env.environ.update(mac.environ, CCP_SERVICE="launchd")
            env.environ["PATH"] = f"{mac.bin}:{env.environ['PATH']}"
            subprocess.run([program("ccp"), "service", "install"], check=True,
                           env=env.environ, capture_output=True, timeout=240)
            yield env
        env.wait_gone()


def linger(env, answer):
    script(f"{env.dir}/tools/loginctl", f"""#!/bin/sh
test "$*" = "show-user {os.getuid()} --property=Linger --value" && echo {answer}
""")


def run(env, *arguments, status=0):
    done = subprocess.run([program("ccp"), "doctor", *arguments],
                          env=env.environ, cwd=env.work, check=False,
                          capture_output=True, text=True, timeout=240,
                          stdin=subprocess.DEVNULL)
    check_stderr(done.stderr)
    eq(done.returncode, status, done.stdout + done.stderr)
    if status != 2:
        eq(done.stderr, "")
    return done.stdout


def finding(env, check, level, text, fix=""):
    """The report has that line, and everything else is as it was: of other
    checks there is none but "ok".  The exit status follows."""
    got = json.loads(run(env, "--json", status=int(level == "failure")))
    eq(got["ok"], level != "failure")
    for one in got["findings"]:
        if one["check"] != check and one["level"] != "ok":
            fail(f"also {one}")
    found = [f for f in got["findings"] if f["check"] == check
             and f["level"] == level and text in f["text"]]
    if len(found) != 1:
        fail(f"{level} of {check}: {text!r} is not once in\n"
             + json.dumps(got["findings"], indent=1))
    contains(found[0].get("fix", ""), fix)
    # A person is told the same.
    lines = run(env, status=int(level == "failure"))
    word = {"ok": "ok  ", "warning": "warn", "failure": "FAIL"}[level]
    contains(lines, f"{word}  {check}  ")
    told = "".join(lines.split())  # long paths are broken
    contains(told, "".join(found[0]["text"].split()))
    if fix:
        contains(told, "fix:" + "".join(found[0]["fix"].split()))
    for line in lines.splitlines():
        ok(len(line) <= 80, line)
    eq([line for line in lines.splitlines()
        if len(line) > 80 and " " in line[20:].strip()], [])
    lacks(lines, "\033")
    return found[0]


def healthy_but(check, level, text, fix="", **settings):
    with healthy(**settings) as env:
        finding(env, check, level, text, fix)


GOLDEN = """\
ok    configuration  config.json is valid
ok    claude         /tmp/ccp-test-xxxxxxxx/bin/claude, version {least}
ok    claude         logged in: claude.ai, max, me@example.org
ok    billing        no key in the environment takes the place of the login
ok    API key        it is one of your own
ok    browsers       a page of any origin may use ccp, if it has the key
ok    permissions    CLAUDE_PERMISSION_MODE is default
ok    directories    all that are needed can be written, by you alone
ok    sessions       none is remembered
ok    address        http://127.0.0.1:18888 is free
ok    service        systemd listens on http://127.0.0.1:18888/v1

All is well.
"""


@test("the screen where all is well")
def _():
    tempfile.tempdir = "/tmp"  # the width of its name shapes the screen
    try:
        with healthy(PORT=str(free_port())) as env:
            env.write_config("{}")
            units(env)
            eq(run(env).replace(env.dir, "/tmp/ccp-test-xxxxxxxx")
               .replace(env.port, "18888"), GOLDEN.format(least=LEAST))
    finally:
        tempfile.tempdir = None


@test("--json is one value with every finding")
def _():
    with healthy() as env:
        got = json.loads(run(env, "--json"))
        eq((got["ok"], got["failures"], got["warnings"]), (True, 0, 0))
        eq({f["level"] for f in got["findings"]}, {"ok"})
        eq([f["check"] for f in got["findings"]],
           ["configuration", "claude", "claude", "billing", "API key",
            "browsers", "permissions", "directories", "sessions", "address",
            "service"])


@test("the sum: how many problems and warnings there are")
def _():
    with healthy(API_KEY=None) as env:
        contains(run(env), "\n0 problems to fix, 1 warning.\n")
        env.environ["CLAUDE_PATH"] = "no-such-claude"
        contains(run(env, status=1), "\n1 problem to fix, 1 warning.\n")
        env.environ["CLAUDE_WORKING_DIR"] = "/nonexistent"
        env.environ["CLAUDE_PERMISSION_MODE"] = "bypassPermissions"
        contains(run(env, status=1), "\n2 problems to fix, 2 warnings.\n")


@test("a command line that makes no sense")
def _():
    with healthy() as env:
        for arguments in (["--jason"], ["all"], ["--json", "all"]):
            eq(run(env, *arguments, status=2), "")


@test("on a terminal: colours, and what takes a while; NO_COLOR")
def _():
    with healthy() as env:
        colour, plain = "\033[32mok  \033[0m", "\rok    claude"
        env.environ["TERM"] = "xterm"
        for none, want, unwanted in (("", colour, plain),
                                     ("1", plain, "\033")):
            env.environ["NO_COLOR"] = none
            out = on_terminal(env)
            contains(out, want)
            lacks(out, unwanted)
            contains(out, "asking claude for its version and login ...")


def on_terminal(env):
    ours, theirs = pty.openpty()
    with subprocess.Popen([program("ccp"), "doctor"], env=env.environ,
                          stdin=theirs, stdout=theirs,
                          start_new_session=True) as process:
        os.close(theirs)
        out = b""
        with contextlib.suppress(OSError):
            while some := os.read(ours, 4096):
                out += some
        os.close(ours)
        eq(process.wait(60), 0)
    return out.decode()


# --- claude ---------------------------------------------------------------

@test("no claude")
def _():
    with Env() as place:
        healthy_but("claude", "failure", "no executable \"no-such-claude\" "
                    "was found on PATH", "CLAUDE_PATH",
                    CLAUDE_PATH="no-such-claude", HOST="127.0.0.1")
        healthy_but("claude", "failure", f"{place.dir}/claude, which is not an "
                    "executable file", CLAUDE_PATH=f"{place.dir}/claude")


@test("a claude that is not executable, and one that cannot be run")
def _():
    with Env() as place:
        file = script(f"{place.dir}/claude", "#!/bin/sh\n", 0o644)
        healthy_but("claude", "failure", "which is not an executable file",
                    CLAUDE_PATH=file)
        script(file, "#!/no/such/interpreter\n")
        healthy_but("claude", "failure", "cannot be run: No such file",
                    "install Claude Code", CLAUDE_PATH=file)


@test("a claude that fails, and one that is something else")
def _():
    with Env() as place:
        file = script(f"{place.dir}/claude",
                      "#!/bin/sh\nprintf 'no \\033node\\nx' >&2; exit 3\n")
        healthy_but("claude", "failure",
                    "--version failed (exit 3): no ?node", CLAUDE_PATH=file)
        script(file, "#!/bin/sh\necho usage: claude\n")
        healthy_but("claude", "failure",
                    'prints no version: "usage: claude"', CLAUDE_PATH=file)


@test("a claude that is too old")
def _():
    with healthy() as env:
        claude(env, version="2.0.0")
        finding(env, "claude", "failure",
                f"version 2.0.0: it is older than {LEAST}", "claude update")


@test("a claude that hangs is ended", seconds=90)
def _():
    with healthy() as env:
        script(f"{env.dir}/bin/claude",
               f"#!/bin/sh\necho $$ >>{env.dir}/pids; sleep 60 & wait\n")
        got = json.loads(run(env, "--json", status=1))
        contains([f["text"] for f in got["findings"]],
                 f"{env.dir}/bin/claude --version did not end within 10 s")
        for pid in pathlib.Path(env.dir, "pids").read_text().split():
            ok(not os.path.exists(f"/proc/{pid}"), pid)


@test("not logged in, and a login that is not understood")
def _():
    with healthy() as env:
        claude(env, status=LOGGED_OUT, code=1)
        finding(env, "claude", "failure", "claude is not logged in", "/login")
        claude(env, status="Logged in.")
        finding(env, "claude", "warning", "no answer that is understood",
                "ccp test")


@test("a login with odd names is shown without what a terminal obeys")
def _():
    with healthy() as env:
        # sh's echo makes a backslash of two
        claude(env, status=json.dumps(
            {"loggedIn": True, "authMethod": "x\033[31m",
             "email": None}).replace("\\", "\\\\"))
        finding(env, "claude", "ok", "logged in: x?[31m")


@test("a stray key of the API in the environment")
def _():
    for name in "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN":
        with healthy() as env:
            env.environ[name] = "sk-ant-secret"
            found = finding(env, "billing", "warning",
                            f"{name} is in the environment", f"unset {name}")
            lacks(json.dumps(found), "secret")
            env.environ[name] = ""
            finding(env, "billing", "ok", "no key in the environment")


@test("the demo backend")
def _():
    healthy_but("claude", "warning", "answers come from a stand-in",
                "ccp config reset CLAUDE_PATH", CLAUDE_PATH="demo")


@test("the real claude: its version, and whether it is logged in")
def _():
    real = real_claude.find()
    with Env(claude=real, API_KEY=LONG_KEY, PORT=str(free_port()),
             CLAUDE_ENV="DISABLE_TELEMETRY") as env:
        env.environ.update(
            real_claude.variables(f"http://127.0.0.1:{free_port()}"))
        del env.environ["ANTHROPIC_API_KEY"]
        version = re.search(r"2\.\d+\.\d+", subprocess.run(
            [real, "--version"], env=env.environ, capture_output=True,
            text=True, check=True, timeout=240).stdout)[0]
        got = run(env, status=1)
        contains(got.replace("\n" + 21 * " ", " "), f"version {version}\n")
        contains(got, "FAIL  claude         claude is not logged in")
        env.environ["ANTHROPIC_API_KEY"] = "sk-ant-made-up-for-tests"
        got = run(env)
        contains(got, "logged in: api_key, ANTHROPIC_API_KEY")
        contains(got, "warn  billing        ANTHROPIC_API_KEY is in the env")
        lacks(got, "made-up")


# --- the configuration ----------------------------------------------------

@test("config.json that is no JSON: the line, and nothing that depends on it")
def _():
    with healthy() as env:
        env.write_config('{\n "PORT": "8888",\n "HOST" 1\n}\n')
        found = finding(env, "configuration", "failure",
                        "config.json line 3", f"{env.home}/.ccp/config.json")
        ok(found)
        out = run(env, status=1)
        contains(out, "The configuration comes first")
        lacks(out, "sessions")


@test("a value that is wrong: its line, or that the environment has it")
def _():
    with healthy() as env:
        env.write_config('{\n "LOG_FORMAT": "xml"\n}\n')
        finding(env, "configuration", "failure",
                "config.json line 2: LOG_FORMAT=xml: must be one of text")
    healthy_but("configuration", "failure",
                "CLAUDE_MAX_TURNS=x in the environment: must be a number",
                CLAUDE_MAX_TURNS="x")


@test("a key that does not exist, and one in lower case")
def _():
    with healthy() as env:
        env.write_config('{"CLAUDE_PAHT": "/x"}')
        finding(env, "configuration", "warning", "CLAUDE_PAHT",
                "write it as CLAUDE_PATH")
        env.write_config('{"COLOUR": "/x"}')
        finding(env, "configuration", "warning", "COLOUR", "ccp-config(5)")
        env.write_config('{"port": 1}')
        finding(env, "configuration", "warning", "port", "write it as PORT")


@test("config.json that others can read, or write")
def _():
    with healthy() as env:
        for text, level, words in (
                ("{}", "ok", "config.json is valid"),
                ('{"API_KEY": "CCP_API_KEY"}', "ok", "config.json is valid"),
                (json.dumps({"API_KEY": LONG_KEY}), "warning",
                 "can be read by others, with the key in it")):
            file = env.write_config(text)
            file.chmod(0o644)
            finding(env, "configuration", level, words,
                    f"chmod 600 {file}" if level == "warning" else "")
        file = env.write_config("{}")
        file.chmod(0o620)
        finding(env, "configuration", "failure", "can be written by others",
                f"chmod 600 {file}")


@test("no HOME")
def _():
    with healthy() as env:
        del env.environ["HOME"]
        finding(env, "configuration", "failure", "HOME is not set")


# --- who gets in ----------------------------------------------------------

@test("the default key: a warning, and a failure where others reach it")
def _():
    healthy_but("API key", "warning", "every program and user of this machine",
                "ccp config set API_KEY", API_KEY=None)
    healthy_but("API key", "failure", "other machines can reach HOST 0.0.0.0",
                "ccp config set API_KEY", API_KEY=None, HOST="0.0.0.0",
                CORS_ORIGIN="http://localhost")


@test("a key that is short")
def _():
    found = None
    with healthy(API_KEY="S3cretly") as env:
        found = finding(env, "API key", "warning", "only 8 characters")
    lacks(json.dumps(found), "S3cret")
    with healthy(API_KEYS='{"S3cretly": "phone"}') as env:
        found = finding(env, "API key", "warning", "called phone has fewer "
                        "than 16 characters")
    lacks(json.dumps(found), "S3cret")


@test("any origin's page, from other machines")
def _():
    healthy_but("browsers", "warning", "a page of any origin may use ccp",
                "CORS_ORIGIN", HOST="0.0.0.0")
    healthy_but("browsers", "ok", "CORS_ORIGIN is https://my.page",
                HOST="0.0.0.0", CORS_ORIGIN="https://my.page")


@test("bypassPermissions")
def _():
    healthy_but("permissions", "warning", "can run any command as you",
                "ccp config reset CLAUDE_PERMISSION_MODE",
                CLAUDE_PERMISSION_MODE="bypassPermissions")


# --- directories and the store --------------------------------------------

@test("a runtime directory that is open to others, and one that is a file")
def _():
    with healthy() as env:
        path = pathlib.Path(env.runtime, "ccp")
        path.mkdir()
        path.chmod(0o755)
        got = json.loads(run(env, "--json", status=1))["findings"]
        eq([(f["check"], f["fix"]) for f in got if f["level"] == "failure"],
           [("directories", f"chmod 700 {path}, or remove it if it is not "
                            "yours"),
            ("sessions", "ccp config set SESSION_FILE to another path, or ccp "
                         "config reset SESSION_FILE")])
        path.rmdir()
        path.write_text("")
        contains(run(env, status=1).replace("\n" + 21 * " ", " "),
                 f"FAIL  directories    runtime directory {path} cannot be "
                 "used: Not a directory")


@test("~/.ccp that is open to others")
def _():
    with healthy() as env:
        file = env.write_config("{}")
        file.parent.chmod(0o750)
        finding(env, "directories", "warning",
                f"{file.parent} is open to others", "chmod 700")


@test("a working directory that is missing, and one of a key")
def _():
    healthy_but("directories", "failure", "CLAUDE_WORKING_DIR /nonexistent is "
                "not usable: it does not exist",
                "ccp config set CLAUDE_WORKING_DIR",
                CLAUDE_WORKING_DIR="/nonexistent")


@test("a directory of LOG_FILE in which nothing can be written")
def _():
    healthy_but("directories", "failure", "directory of LOG_FILE /proc: "
                "nothing can be written there", "mkdir -p /proc",
                LOG_FILE="/proc/ccp.log")
    with healthy(LOG_FILE="~/logs/ccp.log") as env:
        finding(env, "directories", "ok", "all that are needed")
        ok(not os.path.exists(f"{env.home}/logs"))
        os.mkdir(f"{env.home}/logs")
        finding(env, "directories", "ok", "all that are needed")
        eq(os.listdir(f"{env.home}/logs"), [])
        env.environ["LOG_FILE"] = "/proc/not/there/ccp.log"
        finding(env, "directories", "failure", "directory of LOG_FILE /proc: "
                "nothing can be written there", "mkdir -p /proc")
        env.environ["LOG_FILE"] = "~/file/logs/ccp.log"
        script(f"{env.home}/file", "")
        finding(env, "directories", "failure",
                f"directory of LOG_FILE {env.home}/file")


@test("a state directory that is open to others, or a file; no ledger")
def _():
    with healthy() as env:
        path = pathlib.Path(env.home, ".local/state/ccp")
        finding(env, "directories", "ok", "all that are needed")
        ok(not path.parent.parent.exists(), "it was made")
        path.mkdir(parents=True)
        path.chmod(0o777)
        finding(env, "directories", "failure", f"state directory {path} "
                "cannot be used: it must be yours, and closed to others",
                f"chmod 700 {path}")
        path.chmod(0o700)
        finding(env, "directories", "ok", "all that are needed")
        path.rmdir()
        path.write_text("")
        finding(env, "directories", "failure",
                f"state directory {path} cannot be used: Not a directory",
                f"XDG_STATE_HOME: ls -ld {path}")
        env.environ["USAGE_LEDGER"] = "off"
        finding(env, "directories", "ok", "all that are needed")
        env.environ["USAGE_LEDGER"] = "on"
        env.environ["XDG_STATE_HOME"] = "/proc"
        finding(env, "directories", "failure", "state directory /proc: "
                "nothing can be written there")


@test("SESSION_FILE in a directory that is missing, and cannot be made")
def _():
    with healthy() as env:
        env.environ["SESSION_FILE"] = "~/one/sessions.db"
        finding(env, "sessions", "ok", "none is remembered")
        env.environ["SESSION_FILE"] = "~/one/two/sessions.db"
        finding(env, "sessions", "failure",
                f"{env.home}/one/two/sessions.db cannot be used: No such file",
                "make its directory, or ccp config reset SESSION_FILE")
        os.mkdir(f"{env.home}/one")
        finding(env, "sessions", "ok", "none is remembered")
        eq(os.listdir(f"{env.home}/one"), [])


@test("a store of sessions that is damaged is put aside, and told once")
def _():
    with healthy() as env:
        store = os.path.join(env.home, "sessions.db")
        env.environ["SESSION_FILE"] = store
        subprocess.run([program("tests/store/store_tool"), "session", store,
                        "0d3ae5d0-9b0e-4c0a-8f3b-1c2d3e4f5a6b", "/tmp", "T",
                        "1", "1", "2", "9999999999", "1"], check=True,
                       timeout=240)
        finding(env, "sessions", "ok", "the store is whole")
        with open(store, "r+b") as file:
            file.write(b"damaged ")
        got = json.loads(run(env, "--json"))["findings"]
        bad = [f for f in got if f["level"] != "ok"]
        eq([(f["check"], f["level"]) for f in bad], [("sessions", "warning")])
        contains(bad[0]["text"], f"has been put aside as {store}.bad")
        finding(env, "sessions", "ok", "none is remembered")


@test("SESSION_FILE that is not ccp's is left alone")
def _():
    with healthy() as env:
        file = pathlib.Path(env.home, "notes")
        file.write_text("my notes")
        env.environ["SESSION_FILE"] = str(file)
        finding(env, "sessions", "failure", "is not a file of ccp's",
                "SESSION_FILE")
        eq(file.read_text(), "my notes")


# --- the address ----------------------------------------------------------

@test("a port that ccp answers on")
def _():
    with healthy() as env, Start(env):
        finding(env, "address", "ok",
                f"ccp answers on http://127.0.0.1:{env.port}")


@test("a local socket: free, ours, somebody else's")
def _():
    with healthy() as env:
        path = f"{env.dir}/ccp.sock"
        env.environ["HOST"] = f"unix:{path}"
        finding(env, "address", "ok", f"unix:{path} is free")
        ok(not os.path.exists(path))
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
            s.listen(5)
            with closing_all(s):
                finding(env, "address", "failure",
                        f"unix:{path} is taken by another program")


@contextlib.contextmanager
def closing_all(listener):
    """Accepts, and closes at once."""
    def loop():
        with contextlib.suppress(OSError):
            while True:
                listener.accept()[0].close()
    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    yield
    listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


class _Other(http.server.BaseHTTPRequestHandler):
    text = b"Hello, I am not ccp."

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.text)

    def log_message(self, *_):
        pass


@test("a port that another program has: which one")
def _():
    with healthy() as env, http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), _Other) as server:
        env.environ["PORT"] = str(server.server_port)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        found = finding(env, "address", "failure", "is taken by",
                        "ccp config set PORT")
        server.shutdown()
        if sys.platform == "linux":
            contains(found["text"], f"(process {os.getpid()})")


class _Node(_Other):
    text = b'{"status":"ok"}'


@test("a port that the Node.js version has, which answers as ccp does")
def _():
    if sys.platform != "linux":
        raise Skip("no /proc/self/comm")
    comm = pathlib.Path("/proc/self/comm")
    before = comm.read_text()
    comm.write_text("node")
    try:
        with healthy() as env, http.server.ThreadingHTTPServer(
                ("127.0.0.1", 0), _Node) as server:
            env.environ["PORT"] = str(server.server_port)
            threading.Thread(target=server.serve_forever,
                             daemon=True).start()
            finding(env, "address", "failure", f"is taken by node (process "
                    f"{os.getpid()}), perhaps the Node.js version of ccp")
            server.shutdown()
    finally:
        comm.write_text(before.strip())


@test("a port that is taken by something that never answers")
def _():
    with healthy() as env, socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(5)
        env.environ["PORT"] = str(s.getsockname()[1])
        finding(env, "address", "failure", "which is not this ccp")


@test("HOST that is not of this machine, and one that is no name")
def _():
    healthy_but("address", "failure", "cannot listen on 192.0.2.1",
                "ccp config set HOST", HOST="192.0.2.1",
                CORS_ORIGIN="http://localhost")
    healthy_but("address", "failure", "HOST not.a.name.invalid: ",
                "ccp config set HOST", HOST="not.a.name.invalid",
                CORS_ORIGIN="http://localhost")


# --- the service ----------------------------------------------------------

@test("a service of the Node.js version: the units")
def _():
    with healthy() as env:
        unit = f"{env.home}/.config/systemd/user/ccp.service"
        script(unit, "[Service]\nExecStart=/usr/bin/ccp start\n", 0o644)
        finding(env, "service", "warning", unit,
                "ccp service install --replace puts ccp's own in its place; "
                "without one: systemctl --user disable --now ccp.service; "
                f"mv {unit} {unit}.bak; systemctl --user daemon-reload")


@test("a service of the Node.js version: any agent that runs it")
def _():
    with agent() as env:
        plist = f"{env.home}/Library/LaunchAgents/com.example.proxy.plist"
        script(plist, "<string>/x/ccp/index.js</string>"
               "<string>start</string>\n", 0o644)
        finding(env, "service", "warning", plist,
                f"launchctl bootout gui/{os.getuid()} {plist}; mv {plist}")


@test("a key of the API that a service gets from its manager")
def _():
    for name in "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN":
        with healthy() as env:
            systemd(env, environment=f"{name}=\nX=y\n")
            finding(env, "billing", "ok", "no key in the environment")
            systemd(env, environment=f"X=y\n{name}=sk-ant-secret\nZ=z\n")
            found = finding(
                env, "billing", "warning",
                f"systemd hands {name} to every service of yours: claude uses",
                f"systemctl --user unset-environment {name}")
            lacks(json.dumps(found), "secret")
    with agent() as env:
        finding(env, "billing", "ok", "no key in the environment")
        env.environ[f"{launchd.PLACE}_ANTHROPIC_API_KEY"] = "sk-ant-secret"
        finding(env, "billing", "warning", "launchd hands ANTHROPIC_API_KEY",
                "launchctl unsetenv ANTHROPIC_API_KEY")


@test("no service, with a systemd and without")
def _():
    with healthy() as env:
        finding(env, "service", "ok", "none is installed: ccp start serves")
        systemd(env)
        finding(env, "service", "ok", "none is installed: ccp start serves")
        units(env)
        os.remove(f"{env.dir}/systemd/--user")
        finding(env, "service", "warning", f"{env.home}/.config/systemd/user/"
                "ccp.socket is there, but no systemd of this user answers",
                "XDG_RUNTIME_DIR")


@test("an agent of launchd: it is there, and what of it does not fit")
def _():
    with agent() as env:
        where = f"launchd listens on http://127.0.0.1:{env.port}/v1"
        finding(env, "service", "ok", where)
        finding(env, "address", "ok", "ccp answers on")
        env.environ["PORT"] = str(free_port())
        finding(env, "service", "failure", f"{where}, but HOST and PORT say "
                f"http://127.0.0.1:{env.environ['PORT']}/v1",
                "ccp service install")
        env.environ["PORT"] = env.port
        plist = pathlib.Path(env.home, "Library/LaunchAgents/ccp.plist")
        text = plist.read_text(encoding="utf-8")
        plist.write_text(text.replace(program("ccp-handler"), "/no/handler"),
                         encoding="utf-8")
        finding(env, "service", "failure", "it starts /no/handler, which is "
                "not there", "ccp service install")
        plist.write_text(text.replace(env.environ["CLAUDE_PATH"],
                                      "/no/such/claude"), encoding="utf-8")
        finding(env, "service", "failure", "as it is set up, it cannot "
                "answer: CLAUDE_PATH", "in a shell where claude is found")


@test("units that do not fit HOST and PORT")
def _():
    with healthy(HOST="127.0.0.1, ::1") as env:
        four, six = f"127.0.0.1:{env.port}", f"[::1]:{env.port}"
        units(env, where=[four, six])
        finding(env, "service", "ok", f"systemd listens on http://{four}/v1, "
                f"http://{six}/v1")
        units(env, where=["127.0.0.1:1", six])
        finding(env, "service", "failure", "systemd listens on "
                f"http://127.0.0.1:1/v1, http://{six}/v1, but HOST and PORT "
                f"say http://{four}/v1", "ccp service install")


@test("units that start what is not there, or nothing")
def _():
    with healthy() as env:
        units(env, handler="/nonexistent/ccp-handler")
        finding(env, "service", "failure", "it starts "
                "/nonexistent/ccp-handler, which is not there",
                "ccp service install")
        units(env, handler="")
        finding(env, "service", "failure", "it has no program to start",
                "ccp service install")


@test("units whose PATH leads to no claude; the manager's PATH")
def _():
    with healthy() as env:
        units(env, path="/nonexistent")
        finding(env, "service", "failure", "as it is set up, it cannot "
                'answer: no executable "claude" was found', "ccp service "
                "install, in a shell where claude is found")
        script(f"{env.home}/.config/systemd/user/ccp@.service", "", 0o644)
        finding(env, "service", "failure", "it cannot answer: no executable")
        script(f"{env.dir}/systemd/--user.environment",
               f"PATH={env.dir}/bin:/usr/bin:/bin\n", 0o644)
        finding(env, "service", "ok", "systemd listens on")


@test("units that do not listen, or are not enabled")
def _():
    with healthy() as env:
        units(env, active="inactive")
        finding(env, "service", "warning", "it does not listen",
                "ccp service start")
        units(env, active="failed", result="service-start-limit-hit")
        finding(env, "service", "failure", "it does not listen: systemd says: "
                "service-start-limit-hit", "ccp service start")
        units(env, enabled="disabled")
        finding(env, "service", "warning", "it is not enabled",
                "ccp service install")


@test("a service of the system")
def _():
    with healthy() as env:
        units(env, scope="--system")
        finding(env, "service", "ok", "of the system: systemd listens on "
                f"http://127.0.0.1:{env.port}/v1")
        lacks(run(env), "none is installed")
        units(env, scope="--system", handler="/nonexistent")
        finding(env, "service", "failure", "of the system: it starts "
                "/nonexistent", "sudo ccp service install --system")


@test("an enabled unit that ends with the login")
def _():
    with healthy() as env:
        units(env)
        linger(env, "no")
        finding(env, "service", "warning", "only while you are logged in",
                "loginctl enable-linger")
        linger(env, "who?")
        finding(env, "service", "ok", "systemd listens on")


if __name__ == "__main__":
    main()
