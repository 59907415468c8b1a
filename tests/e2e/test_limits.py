#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""CLAUDE_MAX_PROCESSES: how many Claude processes run at once over all
handlers of a user, who waits, who is refused."""
import contextlib
import os
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import Env, HandlerSocket, Start, chat, chat_body  # noqa: E402
from http_client import BadResponse  # noqa: E402
from tap import contains, eq, fail, main, ok, test, until  # noqa: E402


def limited(processes, delay, **settings):
    """An Env with that limit, whose stand-in takes delay ms for a word."""
    return Env(child={"CCP_DEMO_DELAY_MS": str(delay)},
               CLAUDE_MAX_PROCESSES=str(processes), MAX_CONNECTIONS="200",
               **settings)


def claudes(env):
    """Claude processes that lived at one and the same moment: looking through
    all of /proc takes a while, in which one ends and the next begins.  At its
    end the leak sanitizer clones a process, to look at it from outside; that
    is not another one."""
    seen = [p for p in env.left() if "ccp-handler" not in p.command
            and " start" not in p.command]
    still = {p.pid for p in env.left()}
    pids = {p.pid for p in seen}
    return [p for p in seen if p.pid in still and p.ppid not in pids]


class Crowd:
    """Requests at once, each on a connection of its own."""

    def __init__(self, start, n):
        self.responses = []
        self.threads = [threading.Thread(target=self._ask, args=(start,),
                                         daemon=True) for _ in range(n)]
        for thread in self.threads:
            thread.start()

    def _ask(self, start):
        # Some cases end the connection on purpose.
        with contextlib.suppress(OSError, BadResponse):
            with start.client() as http:
                self.responses.append(chat(http, "hello"))

    def peak(self, env):
        """Waits for the last; the most Claude processes seen at once."""
        most = 0
        while any(t.is_alive() for t in self.threads):
            most = max(most, len(claudes(env)))
            time.sleep(0.005)
        return most


@test("40 requests at once, two processes: all are answered, never more run")
def _():
    with limited(2, 5) as env, Start(env) as start:
        crowd = Crowd(start, 40)
        most = crowd.peak(env)
        eq(len(crowd.responses), 40)
        for response in crowd.responses:
            if response.status == 503:
                ok(int(response.header("Retry-After")) > 0)
            else:
                eq(response.status, 200)
        ok(1 <= most <= 2, f"{most} at once")
        print(f"# {sum(r.status == 200 for r in crowd.responses)} x 200, "
              f"at most {most} at once")
        env.wait_gone(start.pid)


@test("who finds the queue full gets 503, busy and Retry-After")
def _():
    with limited(1, 200) as env, Start(env) as start:
        crowd = Crowd(start, 70)
        until(lambda: len(crowd.responses) >= 5, what="five refusals")
        for response in list(crowd.responses):
            eq(response.status, 503)
            eq(response.json()["error"]["code"], "busy")
            eq(response.header("Retry-After"), "10")
        start.signal(signal.SIGTERM)
        time.sleep(0.2)
        env.wait_gone(seconds=25)


@test("a request that waits and leaves gives up its place in the queue")
def _():
    with limited(1, 60) as env, Start(env) as start:
        first = Crowd(start, 1)
        until(lambda: claudes(env), what="the first runs")
        second = start.client()
        second.send_json("/v1/chat/completions", chat_body("i must wait"))
        folder = os.path.join(env.runtime, "ccp")
        until(lambda: queued(folder), what="the second waits")
        second.close()
        until(lambda: not queued(folder), what="the second has left")
        first.peak(env)
        eq(first.responses[0].status, 200)


def queued(folder):
    if not os.path.isdir(folder):
        return []
    return [n for n in os.listdir(folder) if n.startswith("running.q.")]


@test("a handler that is killed gives back its place and its ticket")
def _():
    with limited(1, 60) as env, Start(env) as start:
        Crowd(start, 2)
        folder = os.path.join(env.runtime, "ccp")
        until(lambda: queued(folder), what="one runs, one waits")
        for process in env.left(start.pid):
            if "ccp-handler" in process.command:
                os.kill(process.pid, signal.SIGKILL)
        env.wait_gone(start.pid)
        with start.client() as http:
            eq(chat(http, "hello").status, 200)


@test("MAX_CONNECTIONS holds over handlers that nobody counts")
def _():
    with Env(MAX_CONNECTIONS="2") as env, HandlerSocket(env) as first:
        eq(first.http.get("/health").status, 200)
        with HandlerSocket(env) as second:
            eq(second.http.get("/health").status, 200)
            with HandlerSocket(env) as third:
                response = third.http.get("/health")
                eq(response.status, 503)
                eq(response.json()["error"]["code"], "too_many_connections")
                eq(response.header("Retry-After"), "1")
                eq(response.header("Connection"), "close")
        with HandlerSocket(env) as third:
            eq(third.http.get("/health").status, 200)


@test("a runtime directory of somebody else is not used, and that is said")
def _():
    with limited(1, 0) as env:
        os.mkdir(os.path.join(env.runtime, "ccp"), 0o755)
        os.chmod(os.path.join(env.runtime, "ccp"), 0o755)
        with Start(env) as start:
            with start.client() as http:
                eq(chat(http, "hello").status, 200)
            contains(start.stderr(), "CLAUDE_MAX_PROCESSES cannot be kept")


@test("with another HOME for temporary files the limit holds as well")
def _():
    with limited(1, 5) as env:
        del env.environ["XDG_RUNTIME_DIR"]
        with Start(env) as start:
            crowd = Crowd(start, 4)
            eq(crowd.peak(env), 1)
            eq([r.status for r in crowd.responses], [200] * 4)
        names = os.listdir(env.environ["TMPDIR"])
        if f"ccp-{os.getuid()}" not in names:
            fail(f"no directory of ours in {names}")


if __name__ == "__main__":
    main()
