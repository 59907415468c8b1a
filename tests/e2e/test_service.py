#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ccp service under a real systemd, as an ordinary user.  This script starts
itself again in the container of tests/systemd/bed.
"""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import uuid

SRC = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SRC / "tests" / "lib"))

# pylint: disable=wrong-import-position
import bed
import http_client
import procs
from ccp import chat_body
from tap import contains, eq, fail, lacks, main, ok, test, until

SECONDS = 240
PORT = 8888
KEY = "canary-of-the-service-test"
TAG = "CCP_TEST_TAG"
HOME = pathlib.Path.home()
UNITS = HOME / ".config" / "systemd" / "user"


# --- inside ----------------------------------------------------------------

def systemctl(*arguments):
    return subprocess.run(["systemctl", "--user", *arguments], text=True,
                          capture_output=True, check=False,
                          timeout=240).stdout.strip()


def configure(**settings):
    path = HOME / ".ccp" / "config.json"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(json.dumps({
        "API_KEY": KEY, "ASK_WORKING_DIR": "never", "CLAUDE_PATH": "demo",
        "CLAUDE_LINGER_MS": 0,
        "CLAUDE_ENV": f"{TAG},CCP_DEMO_MODE,CCP_DEMO_DELAY_MS", **settings}),
        encoding="utf-8")


def ccp(*words, status=0, **variables):
    done = subprocess.run(
        ["ccp", *words], text=True, capture_output=True, check=False,
        timeout=100, env={**os.environ, "TZ": "UTC", **variables})
    if done.returncode != status:
        fail(f"ccp {' '.join(words)}: {done.returncode}\n{done.stdout}\n"
             f"{done.stderr}")
    return done.stderr if status == 1 else done.stdout


def service(*words, **options):
    return ccp("service", *words, **options)


def connect(port=PORT):
    return http_client.Client(socket.create_connection(("127.0.0.1", port), 30),
                              {"Authorization": f"Bearer {KEY}"})


def health(port=PORT):
    with connect(port) as http:
        return http.get("/health").status


# Of claude, of the requests, of "ccp config": no service has made them.
OTHERS = (".claude", ".local", ".ccp/config.json.lock")


def tree():
    """What is in the home directory that a service might have left there."""
    names = sorted(str(p.relative_to(HOME)) for p in HOME.rglob("*"))
    return [n for n in names if not n.startswith(OTHERS)]


def units_known():
    return systemctl("list-units", "--all", "--plain", "--no-legend",
                     "ccp.*", "ccp@*")


@contextlib.contextmanager
def installed(**config):
    """Installed, and at last not any more, with nothing left."""
    configure(**config)
    before = tree()
    service("install")
    try:
        yield
    finally:
        configure()
        service("uninstall")
    eq((tree(), units_known()), (before, ""))


@contextlib.contextmanager
def environment(**variables):
    systemctl("set-environment", *[f"{n}={v}" for n, v in variables.items()])
    try:
        yield
    finally:
        systemctl("unset-environment", *variables)


def begin(http):
    response, events = http.stream("/v1/chat/completions",
                                   chat_body("Go on.", stream=True))
    eq(response.status, 200)
    for kind, data in events:
        if kind == "data" and '"content":""' not in data:
            return
    fail("the answer has ended")


@test("install, 50 requests, uninstall leaves no file")
def _():
    with installed():
        eq(systemctl("is-enabled", "ccp.socket"), "enabled")

        def ask(n):
            with connect() as http:
                response = http.post_json("/v1/chat/completions",
                                          chat_body(f"I am number {n}."))
            eq(response.status, 200)
            contains(response.json()["choices"][0]["message"]["content"],
                     f"I am number {n}.")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(50)))
        eq(json.loads(service("status", "--json"))["accepted"], 50)


@test("the units: no complaint of systemd's, PATH, no key")
def _():
    with installed():
        instance = HOME / "ccp@1.service"
        shutil.copy(UNITS / "ccp@.service", instance)
        done = subprocess.run(
            ["systemd-analyze", "--user", "--man=no", "verify",
             UNITS / "ccp.socket", instance],
            capture_output=True, text=True, check=False)
        instance.unlink()
        eq((done.stderr, done.returncode), ("", 0))
        text = (UNITS / "ccp@.service").read_text(encoding="utf-8")
        path = re.search('^Environment="PATH=(.*)"$', text, re.M)[1]
        ok(path.startswith(os.environ["PATH"]), path)
        for name in ("ccp.socket", "ccp@.service"):
            text = (UNITS / name).read_text(encoding="utf-8")
            ok(KEY not in text, text)
            contains(text, '# Written by "ccp service install"')
            eq(oct((UNITS / name).stat().st_mode & 0o777), oct(0o644))
        with connect() as http:
            eq(http.get("/health").status, 200)
            shown = systemctl("show", "ccp.socket", "ccp@*")
            ok(KEY not in shown, shown)


GOLDEN = """\
service       listening, in the hands of systemd
address       http://127.0.0.1:8888/v1
starts        with the machine; stops when that does
connections   1 now, 2 since it listens
last request  TIME  POST /v1/chat/completions 200 Nms
last errors   TIME  CLAUDE_MAX_TURNS=many in config.json
claude        LIBEXEC/ccp-demo-claude
              2.1.197, logged in (demo)
"""


def masked(text):
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", text)
    text = re.sub(r"/\S*/ccp-demo-claude", "LIBEXEC/ccp-demo-claude", text)
    text = re.sub(r"TIME  .*(CLAUDE_MAX_TURN).*",
                  "TIME  CLAUDE_MAX_TURNS=many in config.json", text)
    return re.sub(r"(POST \S+ 200) .*", r"\1 Nms", text)


def with_journal(look):
    """What look() returns, when the journal has it."""
    until(lambda: look() is not None, what="the journal")
    return look()


@test("status on one screen, and as JSON")
def _():
    eq(service("status", status=4),
       "service       not installed\n"
       "              ccp service install does that\n")
    with installed():
        configure(CLAUDE_MAX_TURNS="many")
        with connect() as http:
            eq(http.get("/health").status, 500)
        configure()
        with connect() as http:
            eq(http.post_json("/v1/chat/completions",
                              chat_body("Hello!")).status, 200)

            def screen():
                text = service("status")
                return text if "CLAUDE_MAX" in text and "POST" in text \
                    and "1 now" in text else None
            text = with_journal(screen)
            eq(masked(text), GOLDEN)
            lacks(text, "\x1b")
            for line in text.splitlines():
                ok(len(line) <= 80, line)
        shown = json.loads(service("status", "--json"))
        eq((shown["manager"], shown["scope"], shown["installed"],
            shown["enabled"], shown["listening"], shown["linger"],
            shown["addresses"]),
           ("systemd", "user", True, True, True, True,
            ["http://127.0.0.1:8888/v1"]))
        ok(abs(shown["last_request"]["time"] - time.time()) < 100, shown)
        contains(shown["last_errors"][0]["text"], "CLAUDE_MAX_TURNS")
        service("stop")
        contains(service("status", status=3), "not listening")
        eq(json.loads(service("status", "--json", status=3))["listening"],
           False)


@test("another PORT moves the socket")
def _():
    with installed():
        with connect() as there:
            eq(there.get("/health").status, 200)
            if "  config " in ccp("help"):
                ccp("config", "set", "PORT", "9999")
            else:
                configure(PORT=9999)
                service("install")
            eq(health(9999), 200)
            eq(there.get("/health").status, 200)
        with contextlib.suppress(ConnectionRefusedError):
            connect()
            fail("it still listens on the old one")
        contains(service("status"), "http://127.0.0.1:9999/v1")


@test("a systemctl of 2020 will do")
def _():
    with bed.old_systemctl() as path:
        configure()
        service("install", PATH=path)
        ccp("config", "set", "PORT", "9999", PATH=path)
        eq(health(9999), 200)
        contains(service("status", PATH=path), "listening")
        configure()
        service("uninstall", PATH=path)


@test("HOST is a list; a local socket is the user's alone")
def _():
    path = pathlib.Path(os.environ["XDG_RUNTIME_DIR"], "100%c.sock")
    with installed(HOST=f"127.0.0.1,::1,unix:{path}"):
        eq(health(), 200)
        with socket.create_connection(("::1", PORT), 10) as s:
            eq(http_client.Client(s).get("/health").status, 200)
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(path))
            eq(http_client.Client(s).get("/health").status, 200)
        eq(oct(path.stat().st_mode & 0o777), oct(0o600))
        eq(sorted(json.loads(service("status", "--json"))["addresses"]),
           ["http://127.0.0.1:8888/v1", "http://[::1]:8888/v1",
            f"unix:{path}"])
    ok(not path.exists(), path)


@test("stop, start, restart; each twice")
def _():
    for verb in ("start", "stop", "restart"):
        contains(service(verb, status=1), "not installed")
    with installed():
        tag = uuid.uuid4().hex
        with environment(CCP_DEMO_MODE="grandchild,long",
                         CCP_DEMO_DELAY_MS=20, **{TAG: tag}):
            for verb in ("restart", "stop"):
                with connect() as http:
                    begin(http)
                    until(lambda: len(procs.with_variable(TAG, tag)) >= 3,
                          what="three processes")
                    contains(service(verb), "1 connection was ended.")
                    eq(procs.with_variable(TAG, tag), [])
                    eq(systemctl("list-units", "--all", "--plain",
                                 "--no-legend", "ccp@*"), "")
                eq(systemctl("is-active", "ccp.socket"),
                   "active" if verb == "restart" else "inactive")
        service("stop")
        for _ in range(2):
            service("start")
            eq(health(), 200)


@test("installing twice, over an older copy, and over the package's unit")
def _():
    configure()
    before = tree()
    systemctl("enable", "--now", "ccp.socket")  # of make install
    eq(health(), 200)
    contains(service("status"), "listening")
    service("install")
    first = (UNITS / "ccp.socket").read_text(encoding="utf-8")
    for text in (first, "[Socket]\nListenStream=127.0.0.1:7777\nAccept=yes\n"
                        "[Install]\nWantedBy=sockets.target\n"):
        (UNITS / "ccp.socket").write_text(text, encoding="utf-8")
        systemctl("daemon-reload")
        service("install")
        eq((UNITS / "ccp.socket").read_text(encoding="utf-8"), first)
        eq(health(), 200)
    service("uninstall")
    eq((tree(), units_known()), (before, ""))
    eq(service("uninstall"), "Nothing is installed.\n")


@test("a failed install leaves nothing behind")
def _():
    configure()
    before = tree()

    def fails(why, **variables):
        contains(service("install", status=1, **variables), why)
        eq((tree(), units_known()), (before, ""))
    with socket.create_server(("127.0.0.1", PORT)):
        fails("port 8888 of 127.0.0.1 is in use")
    configure(CLAUDE_PATH="claude")
    fails('no executable "claude" was found on PATH')
    fails("CLAUDE_PATH=/path/of/claude ccp service install")
    configure(HOST="0.0.0.0", API_KEY="CCP_API_KEY")
    fails("set an API_KEY of your own")
    fails("set an API_KEY of your own", API_KEY="only-in-this-shell")
    configure()
    UNITS.parent.mkdir(0o500)
    before = tree()
    fails("Permission denied")
    UNITS.parent.rmdir()


@test("a failed reinstall leaves what was there, and listens")
def _():
    with installed():
        before = {n: (UNITS / n).read_bytes()
                  for n in ("ccp.socket", "ccp@.service")}
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            configure(PORT=port)
            contains(service("install", status=1), f"port {port} of")
        eq({n: (UNITS / n).read_bytes() for n in before}, before)
        eq(systemctl("is-enabled", "ccp.socket"), "enabled")
        eq(health(), 200)


OLD = """\
[Service]
ExecStart=/usr/bin/env python3 -m http.server -b 127.0.0.1 8888
[Install]
WantedBy=default.target
"""


@test("the unit of the Node.js version is explained, or set aside")
def _():
    configure()
    old = UNITS / "ccp.service"
    old.parent.mkdir(parents=True)
    old.write_text(OLD, encoding="utf-8")
    systemctl("daemon-reload")
    systemctl("enable", "--now", "ccp.service")
    before = tree()
    said = service("install", status=1)
    for line in ("systemctl --user disable --now ccp.service",
                 f"mv {old} {old}.bak", "--replace"):
        contains(said, line)
    eq((tree(), systemctl("is-active", "ccp.service")), (before, "active"))
    contains(service("status", status=4), str(old))
    # what follows fails: all is as it was
    with socket.create_server(("127.0.0.1", 9999)):
        configure(PORT=9999)
        service("install", "--replace", status=1)
    configure()
    eq((tree(), systemctl("is-active", "ccp.service"),
        systemctl("is-enabled", "ccp.service")), (before, "active", "enabled"))
    contains(service("install", "--replace"), f"{old} is now {old}.bak")
    eq(health(), 200)
    eq(systemctl("is-active", "ccp.service"), "inactive")
    eq(old.with_name("ccp.service.bak").read_text(encoding="utf-8"), OLD)
    service("uninstall")
    old.with_name("ccp.service.bak").unlink()
    old.parent.rmdir()
    old.parents[1].rmdir()


@test("what only this shell has is said, or written down")
def _():
    configure(CLAUDE_PATH="no-such-claude")
    said = service("install", CLAUDE_PATH="demo", API_KEY="another",
                   PORT="9999")
    contains(said, "http://127.0.0.1:9999/v1")
    contains(said, "only this shell's environment sets:\n  API_KEY\n")
    with connect(9999) as http:
        response = http.post_json("/v1/chat/completions", chat_body("Hello!"))
    eq(response.status, 200)
    contains(service("status"), "ccp-demo-claude")
    configure()
    service("uninstall")


@test("what systemctl edit has changed is mentioned and left alone")
def _():
    drop_in = UNITS / "ccp.socket.d" / "override.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Socket]\nListenStream=127.0.0.1:9999\n",
                       encoding="utf-8")
    configure()
    contains(service("install"), str(drop_in.parent))
    eq((health(), health(9999)), (200, 200))
    contains(service("uninstall"), str(drop_in.parent))
    ok(drop_in.exists(), "it is gone")
    shutil.rmtree(UNITS.parent)


@test("without a systemd it says so, and what to do")
def _():
    said = service("status", status=1, XDG_RUNTIME_DIR="/nonexistent",
                   DBUS_SESSION_BUS_ADDRESS="")
    contains(said, "no systemd of this user answers here")
    contains(said, "ccp start")
    contains(service("install", "--system", status=1), "root")


if __name__ == "__main__":
    if sys.argv[1:2] != ["--inside"]:
        bed.run_inside("test_service.py", sys.argv[1:], SECONDS)
    del sys.argv[1]
    (HOME / ".config").mkdir()  # no uninstall removes it
    main()
