#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ccp.socket under a real systemd, installed by "make install", as an ordinary
user.  This script starts itself again in the container of tests/systemd/bed.
"""
import collections
import concurrent.futures
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid

SRC = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SRC / "tests" / "lib"))

# pylint: disable=wrong-import-position
import bed
import crowd
import http_client
import mock_messages
import procs
import real_claude
from ccp import chat_body
from tap import PATIENCE, Skip, contains, eq, fail, main, ok, test, until
from user_systemd import environment, handler_pids, systemctl

SECONDS = 300
PORT = 8888
KEY = "key-of-the-systemd-test"
TAG = "CCP_TEST_TAG"


# --- inside ----------------------------------------------------------------

def configure(**settings):
    path = pathlib.Path.home() / ".ccp" / "config.json"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(json.dumps({
        "API_KEY": KEY, "ASK_WORKING_DIR": "never", "CLAUDE_PATH": "demo",
        "CLAUDE_LINGER_MS": 0,
        "CLAUDE_ENV": f"{TAG},CCP_DEMO_MODE,CCP_DEMO_DELAY_MS", **settings}),
        encoding="utf-8")


def health():
    with connect() as http:
        return http.get("/health").status


def connect():
    return http_client.Client(
        socket.create_connection(("127.0.0.1", PORT), 30),
        {"Authorization": f"Bearer {KEY}"})


def log_of_ccp():
    subprocess.run(["journalctl", "--user", "--sync"], check=False,
                   capture_output=True)
    return subprocess.run(
        ["journalctl", "--user", "-q", "-o", "cat", "-t", "ccp"], text=True,
        capture_output=True, check=True).stdout


def socket_state():
    return systemctl("is-active", "ccp.socket", check=False)


def wait_gone(tag):
    """Nothing with this tag, and no unit of a connection, is left."""
    until(lambda: not procs.with_variable(TAG, tag), 6,
          "end of all processes of the connection")
    until(lambda: not systemctl("list-units", "--all", "--plain",
                                "--no-legend", "ccp@*"), 6, "end of its unit")


def begin_answer(body, text=""):
    """Connects, streams until this text, or any, has come; the
    connection."""
    http = connect()
    response, events = http.stream("/v1/chat/completions",
                                   dict(body, stream=True))
    eq(response.status, 200)
    for kind, data in events:
        if kind == "data" and f'"content":"{text}' in data \
                and '"content":""' not in data:
            return http
    fail("the answer has ended")
    return None


@test("systemd has no complaint about the units")
def _():
    place = systemctl("show", "-P", "FragmentPath", "ccp.socket")
    ok(place, "ccp.socket is not found by systemd")
    service = pathlib.Path(place).with_name("ccp@.service")
    instance = pathlib.Path.home() / "ccp@1.service"
    instance.write_text(service.read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "verify", place, instance],
        capture_output=True, text=True, check=False)
    eq((done.stderr, done.returncode), ("", 0))


@test("systemctl --user enable --now ccp.socket, and it answers")
def _():
    configure()
    systemctl("enable", "--now", "ccp.socket")
    eq(socket_state(), "active")
    with connect() as http:
        eq(http.get("/health").json(), {"status": "ok"})
        response = http.post_json("/v1/chat/completions", chat_body("Hello!"))
    eq(response.status, 200)
    contains(response.json()["choices"][0]["message"]["content"], "Hello!")


def turns_of(title):
    done = subprocess.run(["ccp", "session", "list", "--json"], check=True,
                          capture_output=True, text=True)
    return [s["turns"] for s in json.loads(done.stdout)
            if s["title"] == title]


@test("a conversation goes on, each turn on a connection of its own")
def _():
    texts = []
    for n in range(4):
        with connect() as http:
            response = http.post_json("/v1/chat/completions",
                                      chat_body(*texts, f"question {n}"))
        eq((response.status, response.header("X-CCP-Session")),
           (200, "resumed" if n else "new"))
        texts += [f"question {n}",
                  response.json()["choices"][0]["message"]["content"]]
    # The last one counts once its Claude has ended, behind the answer.
    end = time.monotonic() + 10
    while turns_of("question 0") != [4] and time.monotonic() < end:
        time.sleep(0.1)
    eq(turns_of("question 0"), [4])


def instances():
    return systemctl("list-units", "--all", "--plain", "--no-legend",
                     "--state=active", "ccp@*").splitlines()


def warm_files():
    there = pathlib.Path(os.environ["XDG_RUNTIME_DIR"], "ccp", "warm")
    return sorted(os.listdir(there)) if there.exists() else []


def claudes():
    done = subprocess.run(["pgrep", "-c", "-x", "claude|ccp-demo-claude"],
                          capture_output=True, text=True, check=False)
    return int(done.stdout or 0)


def warm_turns(count):
    """A conversation of so many turns, each on a connection of its own."""
    texts = []
    for n in range(count):
        with connect() as http:
            response = http.post_json("/v1/chat/completions",
                                      chat_body(*texts, f"turn {n}"))
        eq((response.status, response.header("X-CCP-Session")),
           (200, "warm" if n else "new"))
        texts += [f"turn {n}",
                  response.json()["choices"][0]["message"]["content"]]


def nothing_warm():
    return not instances() and not claudes() and not warm_files()


@test("a Claude waits in the instance that began it, and goes by itself")
def _():
    configure(CLAUDE_LINGER_MS=5000 * PATIENCE)
    warm_turns(4)
    started = time.monotonic()
    # The units of the borrowers go a little later than their connections.
    until(lambda: len(instances()) == 1, 4, "the keeper alone")
    eq((claudes(), len(warm_files())), (1, 2))
    until(nothing_warm, 20, "no ccp, no claude, no socket")
    print(f"# gone {time.monotonic() - started:.1f} s behind the last answer")
    configure(CLAUDE_LINGER_MS=60000)
    warm_turns(2)
    until(lambda: len(instances()) == 1, what="the keeper alone")
    eq(claudes(), 1)
    systemctl("stop", "ccp@*")
    until(nothing_warm, 15, "nothing behind systemctl stop")
    configure()


def ask(name, count):
    ids = []
    for n in range(count):
        with connect() as http:
            ids.append(f"{name}-{n}")
            response = http.post_json(
                "/v1/chat/completions", chat_body(f"I am {ids[-1]}."),
                {"X-Request-Id": ids[-1]})
        eq(response.status, 200, ids[-1])
        eq(response.header("X-Request-Id"), ids[-1])
        contains(response.json()["choices"][0]["message"]["content"],
                 f"I am {ids[-1]}.")
    return ids


@test("200 requests from 8 clients, each one in the journal", 180)
def _():
    with environment(CCP_DEMO_DELAY_MS=0), \
            concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = [pool.submit(ask, f"client{n}-{uuid.uuid4().hex}", 25)
                for n in range(8)]
        ids = [i for d in done for i in d.result()]
    eq(len(set(ids)), 200)

    def missing():
        log = log_of_ccp()
        return [i for i in ids if i not in log]
    until(lambda: not missing(), 10, "every request in journalctl -t ccp")
    eq(socket_state(), "active")


CROWD = 1000
MOST = 512  # MaxConnections of the unit


def outcome(visitor):
    """The status that it got; systemd resets those beyond MOST."""
    if not visitor.data:
        return "reset"
    response, = http_client.parse_responses(bytes(visitor.data))
    if response.status == 503:
        eq(response.json()["error"]["code"], "too_many_connections")
    return response.status


@test(f"{CROWD} connections in two seconds leave the socket active", 180)
def _():
    sent = [crowd.request("/v1/models", KEY)] * CROWD
    with crowd.Crowd(PORT, sent, 2) as clients:
        clients.wait("the end of all", 150)
        took = max(v.took for v in clients.all)
    found = collections.Counter(map(outcome, clients.all))
    print(f"# {CROWD} connections in {clients.connecting:.1f} s: {found}; "
          f"the last was over after {took:.0f} s")
    # else this would not be the burst that trips systemd's own limit
    ok(clients.connecting < 8, f"it took {clients.connecting} s")
    eq(found[200] + found[503] + found["reset"], CROWD)
    ok(found["reset"] <= CROWD - MOST, "resets below MaxConnections")
    eq(socket_state(), "active")
    until(lambda: health() == 200, what="it serves again")
    until(lambda: not systemctl("list-units", "--all", "--plain",
                                "--no-legend", "ccp@*"), 20, "no units")


@test("more clients than MAX_CONNECTIONS: all are told, the rest is served")
def _():
    sent = [crowd.request("/health", KEY, close=False)] * 300
    with crowd.Crowd(PORT, sent, 1, stay=True) as clients:
        clients.wait("an answer for each", 60)
        found = collections.Counter(map(outcome, clients.all))
    print(f"# 300 connections: {found}")
    eq(found, {200: 256, 503: 44})
    until(lambda: health() == 200, what="it serves again")


@test("more than MAX_CONNECTIONS are told so before systemd resets them")
def _():
    configure(MAX_CONNECTIONS=4)
    try:
        with contextlib.ExitStack() as stack:
            for _ in range(4):
                http = stack.enter_context(connect())
                eq(http.get("/health").status, 200)
            with connect() as http:
                response = http.get("/health")
                eq(response.status, 503)
                eq(response.json()["error"]["code"], "too_many_connections")
                eq(response.header("Retry-After"), "1")
                ok(http.at_end(), "it stays open")
        until(lambda: health() == 200, what="their places are free again")
    finally:
        configure()


@test("connections leave no units behind, failed ones neither")
def _():
    # a handler that is killed is a failed unit
    with connect() as http:
        eq(http.get("/health").status, 200)
        pids = handler_pids()
        ok(pids, "no unit of the connection")
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        ok(http.at_end(), "the connection outlives its handler")
    until(lambda: not systemctl("list-units", "--all", "--plain",
                                "--no-legend", "ccp@*"), 6, "no units")


@test("a configuration change counts for the next connection")
def _():
    configure(API_KEY="another")
    try:
        with connect() as http:
            eq(http.get("/v1/models").status, 401)
            eq(http.get("/v1/models",
                        Authorization="Bearer another").status, 200)
    finally:
        configure()


@test("a client that leaves mid-answer leaves no process")
def _():
    tag = uuid.uuid4().hex
    with environment(CCP_DEMO_MODE="grandchild,long",
                     CCP_DEMO_DELAY_MS=20, **{TAG: tag}):
        with begin_answer(chat_body("Go on.")):
            # handler, Claude, and the command that Claude began
            until(lambda: len(procs.with_variable(TAG, tag)) >= 3,
                  what="three processes")
        wait_gone(tag)


@test("the real claude, and a command it left behind, end with the client")
def _():
    claude = real_claude.find()
    tag = uuid.uuid4().hex
    command = {"command": "nohup sleep 600 >/dev/null 2>&1 & echo begun"}
    with mock_messages.Mock() as api:
        api.script(mock_messages.answer("One. ", tools=[("Bash", command)]),
                   mock_messages.answer("Two. ", 60, "never"))
        configure(CLAUDE_PATH=claude,
                  CLAUDE_PERMISSION_MODE="bypassPermissions")
        try:
            with environment(ANTHROPIC_BASE_URL=api.url,
                             ANTHROPIC_API_KEY="made-up", **{TAG: tag}):
                with begin_answer(chat_body("Go on."), "Two. "):
                    commands = [p.command for p in
                                procs.with_variable(TAG, tag)]
                    ok("sleep 600" in commands, commands)
                wait_gone(tag)
        finally:
            configure()


@test("a handler killed mid-answer leaves no process")
def _():
    tag = uuid.uuid4().hex
    with environment(CCP_DEMO_MODE="grandchild,long,ignore-term",
                     CCP_DEMO_DELAY_MS=20, **{TAG: tag}):
        with begin_answer(chat_body("Go on.")):
            handlers = [p for p in procs.with_variable(TAG, tag)
                        if "ccp-handler" in p.command]
            eq(len(handlers), 1)
            os.kill(handlers[0].pid, signal.SIGKILL)
            until(lambda: not procs.with_variable(TAG, tag), 15,
                  "end of all processes of the connection")


def run_start(unit, *options):
    """ccp start as a unit of Type=notify."""
    ccp = shutil.which("ccp")
    linked = subprocess.run(["ldd", ccp], capture_output=True, text=True,
                            check=True).stdout
    if "libsystemd" not in linked:
        raise Skip("ccp was built without libsystemd")
    configure()
    done = subprocess.run(
        ["systemd-run", "--user", f"--unit={unit}", "-p", "Type=notify",
         "-p", "TimeoutStartSec=20",
         "-p", "ExecReload=/bin/kill -HUP $MAINPID", *options, ccp, "start"],
        capture_output=True, text=True, check=False)
    eq(done.returncode, 0, done.stderr)


def status_text(unit):
    return systemctl("show", "-P", "StatusText", unit)


@test("ccp start tells a unit of Type=notify when it listens")
def _():
    run_start("ccp-start", "-E", "PORT=0")
    eq(systemctl("is-active", "ccp-start.service", check=False), "active")
    systemctl("stop", "ccp-start.service")
    eq(systemctl("is-failed", "ccp-start.service", check=False), "inactive")


@test("ccp start takes the socket of its unit, and is reloaded by it")
def _():
    unit = "ccp-activated.service"
    run_start("ccp-activated", "--socket-property=ListenStream=127.0.0.1:8889",
              "-E", "HOST=192.0.2.1")  # which nobody has
    eq(systemctl("is-active", unit, check=False), "inactive")
    with contextlib.ExitStack() as stack:
        stack.callback(systemctl, "stop", "ccp-activated.socket", unit)
        stack.callback(configure)
        http = stack.enter_context(http_client.Client(
            socket.create_connection(("127.0.0.1", 8889), 30)))
        eq(http.get("/health").status, 200)
        eq(status_text(unit), "Listening on http://127.0.0.1:8889/v1")
        systemctl("reload", unit)
        until(lambda: "info: reloaded" in log_of_ccp(), what="the reload")
        eq(systemctl("is-active", unit), "active")
        configure(MAX_CONNECTIONS="many")
        systemctl("reload", unit)
        until(lambda: "Not reloaded" in status_text(unit), what="the refusal")
        contains(status_text(unit), "MAX_CONNECTIONS=many")
        eq(http.get("/health").status, 200)


@test("stopping leaves nothing")
def _():
    tag = uuid.uuid4().hex
    with environment(CCP_DEMO_MODE="long", CCP_DEMO_DELAY_MS=20,
                     **{TAG: tag}):
        with begin_answer(chat_body("Go on.")):
            systemctl("stop", "ccp.socket", "ccp@*")
            eq(socket_state(), "inactive")
            wait_gone(tag)
    systemctl("start", "ccp.socket")


if __name__ == "__main__":
    if sys.argv[1:2] != ["--inside"]:
        bed.run_inside("test_systemd.py", sys.argv[1:], SECONDS, claude=True)
    del sys.argv[1]
    main()
