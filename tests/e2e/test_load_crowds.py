#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ccp start with room for a thousand: connections, streams, clients that
vanish, also in front of the real Claude Code CLI."""
import contextlib
import os
import pathlib
import signal
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import limits  # noqa: E402
import procs  # noqa: E402
import real_claude  # noqa: E402
from ccp import Env, Start  # noqa: E402
from crowd import Crowd, request, room_for  # noqa: E402
from load import (Steady, ask_stream, handlers, responses,  # noqa: E402
                  said, statuses)
from mock_messages import Mock, answer  # noqa: E402
from tap import PATIENCE, eq, main, ok, test, until  # noqa: E402

CROWD = 1000
AT_ONCE = 100  # that have no answer yet: the rest comes as these get one
VANISHING = 200
REAL = 8
SAMPLE = 20
KIB = 1024


def roomy(**more):
    return Env(CLAUDE_MAX_PROCESSES=CROWD, MAX_CONNECTIONS=CROWD + 100,
               LOG_LEVEL="warn", **more)


class Peak:
    """Counts processes in the background; the most that there were."""

    def __init__(self, count):
        self.most = 0
        self._count = count
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._end.wait(0.02):
            self.most = max(self.most, self._count())

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(20)


def print_memory(what, pids):
    """Of one of them, and of the one that has most."""
    found = [m for m in map(procs.memory, pids[:SAMPLE]) if m]
    ok(found, f"no {what} to measure")
    mean = {k: sum(m[k] for m in found) // len(found)
            for k in ("Rss", "Pss", "Private")}
    most = max(m["Private"] for m in found)
    print(f"# a {what}: {mean['Rss']} KiB of RSS, {mean['Pss']} of PSS, "
          f"{mean['Private']} its own; at most {most}")
    return most


@test(f"{CROWD} connections in 2 s, each one served")
def _():
    with roomy() as env, Start(env) as start:
        sent = [request("/v1/models", env.key)] * CROWD
        with Steady(env, start), \
                Peak(lambda: procs.count_children(start.pid)) as peak, \
                Crowd(start.port, sent, 2) as crowd:
            crowd.wait("an answer for each")
            found = responses(crowd)
            took = sorted(v.took for v in crowd.all)
        print(f"# {CROWD} connections in {crowd.connecting:.1f} s: "
              f"{statuses(found)}; at most {peak.most} handlers; half of them "
              f"within {took[CROWD // 2]:.2f} s, all within {took[-1]:.2f} s")
        eq([r.status for r in found], [200] * CROWD)


def allowed():
    """Connections that the kernel lets wait for an accept()."""
    return int(pathlib.Path("/proc/sys/net/core/somaxconn").read_text())


@test(f"{CROWD} connections while none is accepted: served as soon as one is")
def _():
    with roomy() as env, Start(env) as start, contextlib.ExitStack() as stack:
        crowd = min(CROWD, allowed())
        room_for(crowd)
        start.signal(signal.SIGSTOP)
        try:  # one that finds no place to wait at is not answered at all
            socks = [stack.enter_context(socket.create_connection(
                ("127.0.0.1", start.port), 5 * PATIENCE))
                for _ in range(crowd)]
        finally:
            start.signal(signal.SIGCONT)
        for sock in socks:
            sock.sendall(request("/health", env.key))
        for sock in socks:
            sock.settimeout(60 * PATIENCE)
            eq(sock.recv(12), b"HTTP/1.1 200")


# What a handler that streams needs of its own: its image, and buffers that do
# not grow as long as the client reads.
STREAMING_KIB = 2 * limits.READ_BYTES // KIB + 2048


@test(f"{CROWD} streams at once, each with its own whole answer", seconds=300)
def _():
    with roomy(child={"CCP_DEMO_DELAY_MS": "0"}) as env:
        gate = pathlib.Path(env.runtime, "gate")
        env.environ["CCP_DEMO_MODE"] = f"gate={gate}"
        env.environ["CLAUDE_ENV"] += ",CCP_DEMO_MODE"
        sent = [ask_stream(env.key, f"Say {n * 7919}.") for n in range(CROWD)]
        with Start(env) as start, Steady(env, start), \
                Crowd(start.port, sent, mark=b"Wait: ",
                      unmarked=AT_ONCE) as crowd:
            crowd.wait("all stream", 200, of=lambda v: v.marked)
            serving = handlers(env, start)
            eq(len(serving), CROWD, "handlers")
            most = print_memory("handler", [p.pid for p in serving])
            ok(most < STREAMING_KIB, f"{most} KiB")
            with start.client() as http:
                eq(http.get("/health").status, 200, "one more")
            gate.touch()
            crowd.wait("an answer for each", 60)
            gate.unlink()
            for number, response in enumerate(responses(crowd)):
                eq(said(response), f"Wait: Say {number * 7919}.")
            took = max(v.took for v in crowd.all)
            print(f"# {CROWD} streams begun within {crowd.connecting:.1f} s, "
                  f"all answered; the longest took {took:.1f} s")


def vanish(env, start, number, streaming, each, at_once):
    """So many clients stream and go, at once; nothing of it is left in time.
    each: how many processes there are for one of them; at_once: how many
    have no answer yet, while they come."""
    sent = [ask_stream(env.key, "Go on.")] * number
    with Steady(env, start):
        with Crowd(start.port, sent, mark=streaming,
                   unmarked=at_once) as crowd:
            crowd.wait("all stream", 200, of=lambda v: v.marked)
            until(lambda: len(env.left(start.pid)) >= each * number, 30,
                  "all commands run")
            there = env.left(start.pid)
            left = time.monotonic()
        env.wait_gone(start.pid)
        print(f"# {number} clients, {len(there)} processes: gone "
              f"{time.monotonic() - left:.1f} s after they had left")


@test(f"{VANISHING} clients vanish from their streams", seconds=240)
def _():
    child = {"CCP_DEMO_MODE": "endless=command", "CCP_DEMO_DELAY_MS": "500"}
    with roomy(child=child) as env, Start(env) as start:
        vanish(env, start, VANISHING, b"xxx", 3, AT_ONCE)


@test(f"{REAL} clients vanish from streams of the real claude", seconds=300)
def _():
    command = {"command": "nohup sleep 600 >/dev/null 2>&1 & echo begun"}

    def behave(asked):
        """First the command, then words; each on a conversation of its
        own."""
        if "tool_result" not in str(asked.body["messages"][-1]):
            return answer("One. ", tools=[("Bash", command)])
        return answer("Two. ", 300, "never")

    with Mock() as api, Env(
            claude=real_claude.find(),
            child=real_claude.variables(api.url), LOG_LEVEL="warn",
            CLAUDE_MAX_PROCESSES=REAL, CLAUDE_IDLE_TIMEOUT_MS=300000,
            CLAUDE_PERMISSION_MODE="bypassPermissions") as env, \
            Start(env) as start:
        api.default = behave
        vanish(env, start, REAL, b'"Two. "', 3, 2)


if __name__ == "__main__":
    main()
