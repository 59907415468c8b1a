#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ccp service with launchd: what it writes, what it asks launchctl for, and
that an agent made so serves.  tests/lib/launchd.py is the launchd.
"""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import plistlib
import re
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

# pylint: disable=wrong-import-position
import launchd
from ccp import BUILD, KEY, TAG_NAME, Env, chat_body, free_port, program
from http_client import Client
from tap import Skip, contains, eq, fail, lacks, main, ok, test, until

CANARY = "canary-of-the-launchd-test"
UID = os.getuid()
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


class Mac(contextlib.ExitStack):
    """A user's home and a launchd.  ccp's programs are copies: a stop ends
    all handlers of that path, which shall not be those of other tests."""

    def __init__(self, **config):
        super().__init__()
        if not shutil.which("pgrep"):
            raise Skip("pgrep is not installed")
        self.env = self.enter_context(Env())
        self.callback(self.env.wait_gone)
        self.home = pathlib.Path(self.env.home)
        self.tree = pathlib.Path(self.env.dir, "ccp & co")
        (self.tree / "launchd").mkdir(parents=True)
        for name in ("ccp", "ccp-handler", "ccp-demo-claude"):
            shutil.copy(program(name), self.tree)
        shutil.copy(BUILD / "launchd" / "ccp.plist", self.tree / "launchd")
        self.launchd = self.enter_context(launchd.Launchd(self.env.dir))
        self.port = free_port()
        self.configure(**config)
        self.environ = {
            "HOME": str(self.home), "LANG": "C.UTF-8", "TZ": "UTC",
            "PATH": f"{self.launchd.bin}:{SYSTEM_PATH}",
            "TMPDIR": self.env.environ["TMPDIR"], TAG_NAME: self.env.tag,
            "CCP_SERVICE": "launchd", **self.launchd.environ,
            **{n: v for n, v in self.env.environ.items() if "SAN_" in n}}
        self.plist = self.home / "Library" / "LaunchAgents" / "ccp.plist"
        self.log = self.home / ".ccp" / "logs" / "ccp.log"
        self.before = self.files()

    def configure(self, **config):
        self.env.write_config(json.dumps({
            "API_KEY": KEY, "ASK_WORKING_DIR": "never", "CLAUDE_PATH": "demo",
            "CLAUDE_LINGER_MS": 0,
            "CLAUDE_ENV": f"{TAG_NAME},CCP_DEMO_MODE,CCP_DEMO_DELAY_MS",
            "PORT": self.port, **config}))

    def files(self):
        return sorted(str(p.relative_to(self.home))
                      for p in self.home.rglob("*"))

    def ccp(self, *words, status=0, **variables):
        done = subprocess.run(
            [self.tree / "ccp", *words], check=False, text=True,
            capture_output=True, timeout=100, env={**self.environ, **variables},
            cwd=self.env.work)
        if done.returncode != status:
            fail(f"ccp {' '.join(words)}: {done.returncode}\n"
                 f"{done.stdout}\n{done.stderr}")
        return done.stderr if status == 1 else done.stdout

    def raw(self, *words, **variables):
        return subprocess.run(
            [self.tree / "ccp", "service", *words], check=False, text=True,
            capture_output=True, timeout=100, env={**self.environ, **variables})

    def refused(self, *words):
        """What is said of a command line that makes no sense."""
        done = self.raw(*words)
        eq((done.returncode, done.stdout), (2, ""))
        return done.stderr

    def run(self, *words, **options):
        return self.ccp("service", *words, **options)

    def client(self, port=None):
        return Client(socket.create_connection(
            ("127.0.0.1", port or self.port), 10), self.env.auth())

    def health(self, port=None):
        with self.client(port) as http:
            return http.get("/health").status

    def agent(self):
        with open(self.plist, "rb") as f:
            return plistlib.load(f)

    def put_old(self, name="com.example.proxy.plist"):
        old = self.plist.with_name(name)
        old.parent.mkdir(parents=True, exist_ok=True)
        old.write_bytes(plistlib.dumps({
            "Label": "proxy", "RunAtLoad": True, "KeepAlive": True,
            "ProgramArguments": ["/opt/node", "/opt/lib/ccp/index.js",
                                 "start"]}))
        return old


@test("install writes a valid agent and has launchd load it")
def _():
    with Mac(API_KEY=CANARY) as mac:
        said = mac.run("install")
        contains(said, f"launchd listens on http://127.0.0.1:{mac.port}/v1.")
        eq(mac.agent(), {
            "Label": "ccp",
            "ProgramArguments": [f"{mac.tree}/ccp-handler"],
            "Sockets": {"Listeners": [
                {"SockNodeName": "127.0.0.1",
                 "SockServiceName": str(mac.port), "SockFamily": "IPv4"}]},
            "inetdCompatibility": {"Wait": False},
            "StandardErrorPath": str(mac.log),
            "WorkingDirectory": str(mac.home),
            "EnvironmentVariables": {
                "PATH": f"{mac.environ['PATH']}:{mac.tree}"},
            "Umask": 0o077, "ExitTimeOut": 10,
            "SoftResourceLimits": {"NumberOfFiles": 1024}})
        eq(mac.launchd.calls(), [
            ["version"], ["print", f"gui/{UID}/ccp"],
            ["enable", f"gui/{UID}/ccp"],
            ["bootstrap", f"gui/{UID}", str(mac.plist)],
            ["print", f"gui/{UID}/ccp"], ["print", f"gui/{UID}/ccp"]])
        ok(CANARY not in mac.plist.read_text(encoding="utf-8"), "the key")
        eq(oct(mac.plist.stat().st_mode & 0o777), oct(0o644))
        eq(oct(mac.log.parent.stat().st_mode & 0o777), oct(0o700))
        eq(mac.health(), 200)


@test("50 requests, 8 at once")
def _():
    with Mac() as mac:
        mac.run("install")

        def ask(n):
            with mac.client() as http:
                response = http.post_json(
                    "/v1/chat/completions", chat_body(f"I am number {n}."),
                    {"X-Request-Id": f"number-{n}."})
            eq(response.status, 200)
            contains(response.json()["choices"][0]["message"]["content"],
                     f"I am number {n}.")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(50)))
        mac.env.wait_gone(*servers(mac))
        log = mac.log.read_text(encoding="utf-8")
        eq([n for n in range(50) if f"number-{n}." not in log], [])


GROWS = "Its log, ~/.ccp/logs/ccp.log, grows without end, unless LOG_FILE " \
    "is that file:\n  ccp config set LOG_FILE '~/.ccp/logs/ccp.log'\n"


@test("install says that the log grows, unless LOG_FILE is the log")
def _():
    with Mac() as mac:
        contains(mac.run("install"), GROWS)
        mac.configure(LOG_FILE="~/.ccp/logs/other.log")
        contains(mac.run("install"), GROWS)
        for file in "~/.ccp/logs/ccp.log", str(mac.log):
            mac.configure(LOG_FILE=file, LOG_MAX_SIZE="1kb", LOG_MAX_FILES=50)
            lacks(mac.run("install"), "LOG_FILE")
        for n in range(20):
            with mac.client() as http:
                eq(http.get("/v1/models", **{"X-Request-Id": f"n-{n}."}
                            ).status, 200)
            mac.env.wait_gone(*servers(mac))
        logs = [p.read_text(encoding="utf-8")
                for p in mac.log.parent.glob("ccp.log*")]
        ok(len(logs) > 1, logs)
        eq([n for n in range(20) if "".join(logs).count(f"n-{n}.") != 1], [])
        eq([log for log in logs if len(log) > 1024], [])


def servers(mac):
    """What listens, and is no handler."""
    return [p.pid for p in mac.env.left() if "serve" in p.command]


@test("a client that leaves takes claude with it")
def _():
    with Mac() as mac:
        mac.run("install")
        # launchd hands nothing of a shell on: so they go into the agent
        text = mac.plist.read_text(encoding="utf-8")
        mac.run("stop")
        mac.plist.write_text(text.replace(
            "\t\t<key>PATH</key>",
            "\t\t<key>CCP_DEMO_MODE</key><string>grandchild,long</string>\n"
            "\t\t<key>CCP_DEMO_DELAY_MS</key><string>20</string>\n"
            "\t\t<key>PATH</key>"), encoding="utf-8")
        mac.run("start")
        for _ in range(3):
            with mac.client() as http:
                begin(http)
                until(lambda: len(mac.env.left(*servers(mac))) >= 3,
                      what="three processes")
            mac.env.wait_gone(*servers(mac))
        with mac.client() as http:
            begin(http)
            contains(mac.run("stop"), "1 connection was ended.")
        mac.env.wait_gone()


def begin(http):
    response, events = http.stream("/v1/chat/completions",
                                   chat_body("Go on.", stream=True))
    eq(response.status, 200)
    for kind, data in events:
        if kind == "data" and '"content":""' not in data:
            return
    fail("the answer has ended")


GOLDEN = """\
service       listening, in the hands of launchd
address       http://127.0.0.1:PORT/v1
starts        when you log in; stops when you log out
connections   1 now
last request  TIME  POST /v1/chat/completions 200 Nms
last errors   TIME  the second
              TIME  the first
claude        TREE/ccp-demo-claude
              2.1.197, logged in (demo)
"""


def masked(mac, text):
    text = text.replace(str(mac.port), "PORT").replace(str(mac.tree), "TREE")
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", text)
    return re.sub(r"(POST \S+ 200) .*", r"\1 Nms", text)


def fits(screen):
    lacks(screen, "\x1b")
    for line in screen.splitlines():
        ok(len(line) <= 80, line)


@test("status on one screen, and as JSON")
def _():
    with Mac() as mac:
        eq(mac.run("status", status=4),
           "service       not installed\n"
           "              ccp service install does that\n")
        mac.run("install")
        with mac.client() as http:
            eq(http.post_json("/v1/chat/completions",
                              chat_body("Hello!")).status, 200)
            until(lambda: "POST" in mac.log.read_text(encoding="utf-8"),
                  what="the line of the log")
            with open(mac.log, "a", encoding="utf-8") as f:
                f.write("2026-11-22T21:00:00.000Z ccp[1]: error: the first\n"
                        "2026-11-22T21:00:01.000Z ccp[1]: error: the second\n"
                        "2026-11-22T21:00:02.000Z ccp[1]: warn: GET / not\n")
            screen = mac.run("status")
            eq(masked(mac, screen), GOLDEN)
            contains(screen, "2026-11-22 21:00:01  the second")
            fits(screen)
            shown = json.loads(mac.run("status", "--json"))
        eq((shown["manager"], shown["installed"], shown["listening"],
            shown["connections"], shown["addresses"], shown["linger"]),
           ("launchd", True, True, 1, [f"http://127.0.0.1:{mac.port}/v1"],
            None))
        eq(shown["claude"], {
            "path": f"{mac.tree}/ccp-demo-claude", "problem": None,
            "version": "2.1.197", "logged_in": "yes", "account": "demo"})
        eq([e["text"] for e in shown["last_errors"]],
           ["the second", "the first"])
        eq(shown["last_errors"][0]["time"], 1795381201)
        ok(abs(shown["last_request"]["time"] - time.time()) < 300, shown)
        mac.run("stop")
        contains(mac.run("status", status=3), "not listening")


@test("status fits 80 columns, whatever stands in it, and obeys no log")
def _():
    with Mac() as mac:
        path = f"{mac.env.runtime}/{'long-' * 30}"[:100]
        mac.configure(HOST=f"127.0.0.1,unix:{path}")
        mac.run("install")
        mac.log.write_text("".join(json.dumps({
            "time": "2026-11-22T21:00:00.000Z", "name": "ccp", "pid": 1,
            "level": "error", "message": message}) + "\n" for message in
            ("Gr\u00f6\u00dfe " * 30, "a \x1b[31mred one")),
            encoding="utf-8")
        name = "/no/such/" + "directory/" * 12 + "claude"
        mac.configure(HOST=f"127.0.0.1,unix:{path}", CLAUDE_PATH=name)
        screen = mac.run("status")
        fits(screen)
        whole = re.sub("\n +", "", screen)
        contains(whole, f"unix:{path}")
        contains(whole, name)
        contains(screen, "  a ?[31mred one\n")
        contains(screen, "Gr\u00f6\u00dfe Gr\u00f6\u00dfe Gr\u00f6")
        contains(screen, "...\n")


@test("status reads the lines of LOG_FORMAT=json too")
def _():
    with Mac() as mac:
        mac.run("install")
        lines = [{"time": f"2026-11-22T21:00:0{n}.000Z", "name": "ccp",
                  **line} for n, line in enumerate([
                      {"level": "error", "message": "the one"},
                      {"level": "info", "message": "request", "status": 429,
                       "method": "POST", "path": "/v1/chat/completions"},
                      {"level": "debug", "message": "request", "status": 200,
                       "method": "GET", "path": "/none"}])]
        mac.log.write_text("".join(json.dumps(line) + "\n" for line in lines),
                           encoding="utf-8")
        shown = json.loads(mac.run("status", "--json"))
        eq(shown["last_request"], {"time": 1795381201,
                                   "text": "POST /v1/chat/completions 429"})
        eq(shown["last_errors"], [{"time": 1795381200, "text": "the one"}])


@test("status --json without a launchd is JSON, too")
def _():
    with Mac() as mac:
        nothing = {"PATH": "/nonexistent"}
        said = "there is no launchctl here\nccp start serves without it, " \
               "until it is stopped."
        done = mac.raw("status", "--json", **nothing)
        eq((json.loads(done.stdout), done.stderr, done.returncode),
           ({"manager": None, "problem": said}, "", 1))
        done = mac.raw("status", **nothing)
        eq((done.stdout, done.stderr, done.returncode),
           ("", f"ccp: {said}\n", 1))
        mac.env.write_config('{"PORT": "many"}')
        done = mac.raw("status", "--json")
        shown = json.loads(done.stdout)
        contains(shown.pop("problem"), "PORT")
        eq((shown, done.stderr, done.returncode), ({"manager": None}, "", 1))


@test("stop, start, restart; each twice")
def _():
    with Mac() as mac:
        for verb in ("start", "stop", "restart"):
            contains(mac.run(verb, status=1), "not installed")
        mac.run("install")
        with mac.client() as http:
            eq(http.get("/health").status, 200)
            mac.run("restart")
            ok(http.at_end(), "the connection is still open")
        eq(mac.health(), 200)
        for verb, loaded in (("stop", []), ("start", ["ccp"])):
            for _ in range(2):
                mac.run(verb)
                eq(mac.launchd.loaded(), loaded)
        eq(mac.health(), 200)


@test("uninstall leaves nothing but the log, and is done twice")
def _():
    with Mac() as mac:
        mac.run("install")
        mac.run("install")
        eq(mac.health(), 200)
        until(mac.log.exists, what="the log")
        contains(mac.run("uninstall"), str(mac.log))
        eq(mac.launchd.loaded(), [])
        eq(sorted(set(mac.files()) - set(mac.before)),
           [".ccp/logs", ".ccp/logs/ccp.log", "Library",
            "Library/LaunchAgents"])
        eq(mac.run("uninstall"), "Nothing is installed.\n")


@test("HOST is a list; a local socket is the user's alone")
def _():
    with Mac() as mac:
        mac.configure(HOST=f"127.0.0.1,::1,unix:{mac.env.runtime}/ccp.sock")
        mac.run("install")
        eq(mac.agent()["Sockets"]["Listeners"], [
            {"SockNodeName": "127.0.0.1", "SockServiceName": str(mac.port),
             "SockFamily": "IPv4"},
            {"SockNodeName": "::1", "SockServiceName": str(mac.port),
             "SockFamily": "IPv6"},
            {"SockPathName": f"{mac.env.runtime}/ccp.sock",
             "SockPathMode": 0o600}])
        eq(json.loads(mac.run("status", "--json"))["addresses"],
           [f"http://127.0.0.1:{mac.port}/v1", f"http://[::1]:{mac.port}/v1",
            f"unix:{mac.env.runtime}/ccp.sock"])


@test("a failed install leaves nothing behind")
def _():
    with Mac() as mac:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", mac.port))
            taken.listen(1)
            contains(mac.run("install", status=1), "is in use")
        eq((mac.files(), mac.launchd.loaded()), (mac.before, []))
        mac.launchd.refuse(True)
        contains(mac.run("install", status=1), "Bootstrap failed: 125")
        eq((mac.files(), mac.launchd.loaded()), (mac.before, []))
        mac.configure(CLAUDE_PATH="no-such-claude")
        contains(mac.run("install", status=1), "CLAUDE_PATH=")
        mac.configure(HOST="0.0.0.0", API_KEY="CCP_API_KEY")
        contains(mac.run("install", status=1), "set an API_KEY of your own")
        mac.configure(PORT=0)
        contains(mac.run("install", status=1), "PORT is 0")
        eq((mac.files(), mac.launchd.loaded()), (mac.before, []))


@test("a failed reinstall leaves what was there")
def _():
    with Mac() as mac:
        mac.run("install")
        before = mac.plist.read_bytes()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen(1)
            mac.configure(PORT=taken.getsockname()[1])
            contains(mac.run("install", status=1), "is in use")
        eq(mac.plist.read_bytes(), before)
        eq(mac.health(), 200)
        port = free_port()
        mac.configure(PORT=port)
        mac.run("install")
        eq(mac.health(port), 200)


@test("an agent that cannot be read is left alone")
def _():
    with Mac() as mac:
        large = b"<!-- " + 70000 * b"x" + b" -->"
        mac.plist.parent.mkdir(parents=True)
        mac.plist.write_bytes(large)
        contains(mac.run("install", status=1), "File too large")
        eq(mac.plist.read_bytes(), large)
        mac.plist.unlink()
        # a link is taken back as one, wherever it leads
        mac.plist.symlink_to("nowhere")
        mac.launchd.refuse(True)
        mac.run("install", status=1)
        eq(os.readlink(mac.plist), "nowhere")


@test("config set PORT moves it: the new one answers, the old one not")
def _():
    with Mac() as mac:
        mac.run("install")
        eq(mac.health(), 200)
        before, port = mac.agent(), free_port()
        contains(mac.ccp("config", "set", "PORT", str(port)),
                 f"launchd listens on http://127.0.0.1:{port}/v1.")
        eq(mac.health(port), 200)
        with contextlib.suppress(ConnectionRefusedError):
            mac.health()
            fail("it still listens on the old one")
        before["Sockets"]["Listeners"][0]["SockServiceName"] = str(port)
        eq(mac.agent(), before)
        contains(mac.run("status"), f"http://127.0.0.1:{port}/v1")
        # of one that is stopped, the next start counts
        mac.run("stop")
        contains(mac.ccp("config", "set", "PORT", str(mac.port)),
                 "ccp service start")
        mac.run("start")
        eq(mac.health(), 200)


@test("the agent of the Node.js version is explained, or set aside")
def _():
    with Mac() as mac:
        old = mac.put_old()
        before = old.read_bytes()
        said = mac.run("install", status=1)
        contains(said, f"launchctl bootout gui/{UID} {old}")
        contains(said, f"mv {old} {old}.bak")
        contains(said, "--replace")
        ok(not mac.plist.exists(), "it was written")
        mac.launchd.refuse(True)
        mac.run("install", "--replace", status=1)
        eq(old.read_bytes(), before)
        mac.launchd.refuse(False)
        contains(mac.run("install", "--replace"), f"{old} is now {old}.bak")
        ok(not old.exists(), "it is still there")
        eq(old.with_name(old.name + ".bak").read_bytes(), before)
        eq(mac.health(), 200)


@test("what cannot be set aside leaves the agent listening")
def _():
    with Mac() as mac:
        mac.run("install")
        mac.put_old(f"{'x' * 246}.plist")
        before = mac.files()
        contains(mac.run("install", "--replace", status=1), "name too long")
        eq((mac.files(), mac.launchd.loaded()), (before, ["ccp"]))
        eq(mac.health(), 200)


@test("what was set aside earlier is kept")
def _():
    with Mac() as mac:
        old = mac.put_old()
        there = old.read_bytes()
        first = old.with_name(old.name + ".bak")
        first.write_bytes(b"of last year")
        old.chmod(0o640)
        before = mac.files()
        contains(mac.run("install", status=1), f"mv {old} {first}.1")
        mac.launchd.refuse(True)
        mac.run("install", "--replace", status=1)
        eq((mac.files(), old.read_bytes(), first.read_bytes(),
            old.stat().st_mode & 0o777),
           (before, there, b"of last year", 0o640))
        mac.launchd.refuse(False)
        contains(mac.run("install", "--replace"), f"{old} is now {first}.1")
        eq((first.read_bytes(), pathlib.Path(f"{first}.1").read_bytes()),
           (b"of last year", there))


@test("one of that version under our own name is set aside as well")
def _():
    with Mac() as mac:
        old = mac.put_old("ccp.plist")
        before = old.read_bytes()
        contains(mac.run("status", status=4), str(old))
        mac.run("install", status=1)
        mac.run("install", "--replace")
        eq(old.with_name("ccp.plist.bak").read_bytes(), before)
        eq(mac.health(), 200)


@test("what only this shell has is said, or written down")
def _():
    with Mac() as mac:
        said = mac.run("install", API_KEY=CANARY, LOG_LEVEL="debug")
        contains(said, "only this shell's environment sets:\n"
                       "  API_KEY, LOG_LEVEL\n")
        ok(CANARY not in said, said)
        ok(CANARY not in mac.plist.read_text(encoding="utf-8"), "the key")
        mac.configure(CLAUDE_PATH="no-such-claude")
        mac.run("install", CLAUDE_PATH=f"{mac.tree}/ccp-demo-claude")
        eq(mac.agent()["EnvironmentVariables"]["CLAUDE_PATH"],
           f"{mac.tree}/ccp-demo-claude")
        contains(mac.run("status"), f"{mac.tree}/ccp-demo-claude")


@test("command lines that make no sense")
def _():
    with Mac() as mac:
        for words, what in (
                ((), "missing argument: COMMAND"),
                (("instal",), 'unknown command "service instal": '
                              'did you mean "service install"?'),
                (("status", "more"), 'unexpected argument "more"'),
                (("start", "--json"), "service start takes no --json"),
                (("stop", "--replace"), "service stop takes no --replace"),
                (("install", "--user", "me"), "--user goes with --system only"),
                (("install", "--user"), "missing argument: a value for --user"),
                (("status", "--jso n"), "unknown option --jso n")):
            eq(mac.refused(*words), f"ccp: {what}\nsee ccp service --help\n")


if __name__ == "__main__":
    main()
