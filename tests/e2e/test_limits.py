#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""CLAUDE_MAX_PROCESSES: how many Claude processes run at once over all
handlers of a user, who waits, who is refused; and how many start at once."""
import contextlib
import json
import os
import pathlib
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
from tap import add, contains, eq, fail, main, ok, test, until  # noqa: E402


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


def queued(folder, name="running"):
    folder = os.path.join(folder, f"{name}.queue")
    return os.listdir(folder) if os.path.isdir(folder) else []


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


# --- cold starts ------------------------------------------------------------

CORES = os.sysconf("SC_NPROCESSORS_ONLN")


def cold(ms, mode="", delay=0):
    """An Env whose stand-in takes that long until it reads.  Four times as
    many processes may run as may start."""
    child = {"CCP_DEMO_MODE": f"slow-start={ms},{mode}".rstrip(","),
             "CCP_DEMO_DELAY_MS": str(delay), "CCP_DEMO_RECORD": ""}
    env = Env(child=child, CLAUDE_MAX_PROCESSES=str(4 * CORES),
              MAX_CONNECTIONS=str(4 * CORES + 8))
    env.environ["CCP_DEMO_RECORD"] = os.path.join(env.dir, "record")
    return env


def starts(env):
    """(pid, True) as one begins to start, (pid, False) as it has started, in
    the order in which it happened: all write to the end of one file.  ccp has
    given leave before the first, and takes it back after the second."""
    path = pathlib.Path(env.environ["CCP_DEMO_RECORD"])
    seen = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines(True):
            event = json.loads(line) if line.endswith("\n") else {}
            if "argv" in event:
                seen.append((event["pid"], True))
            elif "started" in event:
                seen.append((event["started"], False))
    return seen


def begun(env):
    return [pid for pid, begins in starts(env) if begins]


def wait_begun(env, number):
    until(lambda: len(begun(env)) >= number, seconds=20,
          what=f"{number} have begun to start")
    eq(len(begun(env)), number, "have begun to start")


@test("many requests at once: no more start than there are cores")
def _():
    with cold(250, delay=25) as env, Start(env) as start:
        crowd = Crowd(start, 4 * CORES)
        running = crowd.peak(env)
        eq([r.status for r in crowd.responses], [200] * (4 * CORES))
        now = most = 0
        for _, begins in starts(env):
            now += 1 if begins else -1
            most = max(most, now)
        eq((len(begun(env)), now), (4 * CORES, 0), "starts, unfinished")
        ok(most <= CORES, f"{most} started at once")
        ok(running > CORES, f"only {running} ran at once")
        print(f"# at most {most} started at once, {running} ran")
        env.wait_gone(start.pid)


@test("starters that end before they answer give their place back")
def _():
    with cold(20, "exit-at-once") as env, HandlerSocket(env) as handler:
        for _ in range(CORES + 2):
            eq(chat(handler.http, "hello").status, 502)
        eq(len(begun(env)), CORES + 2)


def kill_starter(_env, client, pid):
    os.kill(pid, signal.SIGKILL)
    eq(client.read_response("POST").status, 502)


def kill_handler(env, _client, pid):
    (handler,) = [p.ppid for p in env.left() if p.pid == pid]
    os.kill(handler, signal.SIGKILL)


def leave(_env, client, _pid):
    client.close()


def add_given_back(what, end):
    """All places are taken and two requests wait for one; the first starter
    ends, and one of the two gets its place.  The connections stay."""
    def case():
        with cold(600000) as env, Start(env) as start:
            clients = [start.client() for _ in range(CORES + 2)]
            for number, client in enumerate(clients, 1):
                client.send_json("/v1/chat/completions", chat_body("hello"))
                if number <= CORES:
                    wait_begun(env, number)
            folder = os.path.join(env.runtime, "ccp")
            until(lambda: len(queued(folder, "starting")) == 2,
                  what="two wait")
            eq(len(begun(env)), CORES)
            end(env, clients[0], begun(env)[0])
            wait_begun(env, CORES + 1)
            eq(len(queued(folder, "starting")), 1)
            for client in clients:
                client.close()
            if end is kill_handler:
                env.wait_orphans_gone(start.pid)
            env.wait_gone(start.pid)

    add(f"a place to start is given back: {what}", case)


add_given_back("the starter is killed", kill_starter)
add_given_back("its handler is killed", kill_handler)
add_given_back("its client leaves", leave)

# --- connections and directories --------------------------------------------


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


@test("why there is no runtime directory is said, whatever failed since")
def _():
    with limited(1, 0, SESSION_FILE="/nonexistent/here/s.db") as env:
        file = pathlib.Path(env.dir, "file")
        file.touch()
        env.environ["XDG_RUNTIME_DIR"] = str(file)
        with HandlerSocket(env) as handler:
            eq(chat(handler.http, "hello", "so?", "on").status, 200)
            contains(handler.stderr(), "s.db cannot be used: No such file")
            contains(handler.stderr(),
                     "the runtime directory: Not a directory")


@test("with another HOME for temporary files the limit holds as well")
def _():
    with limited(1, 60) as env:
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
