# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that answer with the stand-in, and what they do under load: ccp under
"ccp start" or under systemd, and beside it the npm package
claude-max-api-proxy.

Both call the program claude of this directory, which is ccp-demo-claude behind
one more exec: it gives the other one what it calls for.
"""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

# pylint: disable=import-error
from figures import (
    MS, US, cpu, load, memory, named, need, program, request, row,
    runtime_in_memory)
import ccp
import npm

PATH = "/v1/chat/completions"
PEER = "claude-max-api-proxy"
KEY = "key-of-the-benchmark-0123"
WAIT_SECONDS = 30
PACE_MS = 200      # between two words of streams that are to overlap
FLOOD_WORDS = 1000  # of an answer that comes as fast as it can

BODY = {"model": "haiku", "stream": True,
        "messages": [{"role": "user", "content": "hello"}]}


def paced_words(at_once):
    """So that the first of so many streams goes on when the last begins."""
    return 20 if at_once <= 50 else 40 + at_once // 6


def modes(words, delay_ms):
    """Of the stand-in: an answer of so many words."""
    return {"CCP_DEMO_MODE": f"long={words}",
            "CCP_DEMO_DELAY_MS": str(delay_ms)}


class Server:
    """name, port; handlers() are the processes that serve connections, and
    main those that serve all, if there are any: what the stand-in takes is not
    theirs."""
    key = KEY
    main = ()

    def handlers(self):
        return []

    def rest(self):
        """Until nobody is served."""
        end = time.monotonic() + WAIT_SECONDS
        while self.handlers():
            need(time.monotonic() < end, f"{self.name}: handlers stay")
            time.sleep(0.02)

    def cpu(self):
        return sum(map(cpu, [*self.main, *self.handlers()]))

    def memory(self):
        """KiB private, of all of its processes, and of each handler."""
        each = [memory(pid)[0] for pid in self.handlers()]
        return sum(each) + sum(memory(pid)[0] for pid in self.main), each


def wait_for(server, process):
    """Until it listens."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        need(process.poll() is None and time.monotonic() < end,
             f"{server.name} does not start")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", server.port), 1).close()
            return
        time.sleep(0.05)


class CcpStart(Server):
    """One with warm and spare processes as they are by default, or none."""

    def __init__(self, stack, words, delay_ms, **settings):
        self.name = "ccp"
        env = stack.enter_context(ccp.Env(
            claude=program("claude"), API_KEY=KEY, LOG_LEVEL="info",
            child={"CCP_BENCH_CLAUDE": ccp.program("ccp-demo-claude"),
                   **modes(words, delay_ms)},
            CLAUDE_MAX_PROCESSES="1000", MAX_CONNECTIONS="2000",
            **{"CLAUDE_LINGER_MS": "0", "CLAUDE_SPARE": "0", **settings}))
        runtime_in_memory(stack, env)
        start = stack.enter_context(ccp.Start(env))
        self.port, self.main = start.port, (start.pid,)

    def handlers(self):
        return named("ccp-handler", self.main[0])


class Peer(Server):
    def __init__(self, stack, words, delay_ms):
        self.name = PEER
        self.port = ccp.free_port()
        home = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="ccp-bench-"))
        script = npm.modules(PEER) / PEER / "dist" / "server" / "standalone.js"
        # pylint: disable=consider-using-with
        log = stack.enter_context(open(os.path.join(home, "log"), "wb"))
        process = subprocess.Popen(
            [shutil.which("node"), str(script), str(self.port)], cwd=home,
            stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            env={"PATH": f"{os.path.dirname(program('claude'))}:/usr/bin:/bin",
                 "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8",
                 "CCP_BENCH_CLAUDE": ccp.program("ccp-demo-claude"),
                 **ccp.closed_proxy(), **modes(words, delay_ms)})
        stack.callback(self._end, process)
        self.main = (process.pid,)
        wait_for(self, process)

    @staticmethod
    def _end(process):
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:  # it waits for kept connections
            process.kill()
            process.wait()


class Relay(Server):
    """A process for each connection that does what it must, and no more."""

    def __init__(self, stack, words, delay_ms):
        self.name = "a bare relay"
        self.port = ccp.free_port()
        # pylint: disable=consider-using-with
        process = subprocess.Popen(
            [program("relay"), str(self.port), program("claude")],
            env={"CCP_BENCH_CLAUDE": ccp.program("ccp-demo-claude"),
                 **modes(words, delay_ms)})
        stack.callback(process.wait)
        stack.callback(process.kill)
        self.main = (process.pid,)
        wait_for(self, process)

    def handlers(self):
        return named("relay", self.main[0])


# --- what is measured --------------------------------------------------------

def models(server, total, at_once, keep):
    """Seconds of each request, and how many a second."""
    data = request("GET", "/v1/models", server.key, keep=keep)
    got = load(server.port, data, total, at_once, keep)
    return [t / US for t in got["end"]], total / (got["wall"] / US)


def chats(server, total, at_once=1):
    """Seconds to the first word, to the end, and how many a second; each on a
    connection of its own."""
    data = request("POST", PATH, server.key, BODY, keep=False)
    got = load(server.port, data, total, at_once, False)
    return ([t / US for t in got["word"]], [t / US for t in got["end"]],
            total / (got["wall"] / US))


class Streams:
    """So many at once: deltas a second, and a second of the server's
    processor; KiB of each while all are under way."""

    def __init__(self, server, at_once, words):
        self.private, self.each = None, []
        self.cpu = 0

        def begun():
            self.private, self.each = server.memory()

        def ended():
            self.cpu = server.cpu() - before

        server.rest()
        idle = server.memory()[0]
        data = request("POST", PATH, server.key, BODY)
        before = server.cpu()
        got = load(server.port, data, at_once, at_once, True, begun, ended,
                   may_fail=server.name == PEER)
        # The role alone is no delta with text; each word is one.
        self.deltas = got["deltas"]
        self.lost = at_once * words - self.deltas
        need(not self.lost or server.name == PEER,
             f"{server.name}: {self.lost} deltas are missing")
        self.wall = got["wall"] / US
        self.word = [MS * t / US for t in got["word"]]
        self.added = ((self.private or idle) - idle) / at_once


def together(servers, rounds, measure):
    """Server: what was measured, in turns."""
    taken = {server: [] for server in servers}
    order = list(servers)
    for _ in range(rounds):
        for server in order:
            taken[server].append(measure(server))
        order.reverse()
    return taken


def flat(lists):
    return [value for values in lists for value in values]


class Rows:
    """The same figure of several servers: each compared with the first."""

    def __init__(self, servers):
        self.servers, self.rows = servers, []

    def add(self, what, unit, values):
        """values: server: list."""
        first = None
        for server in self.servers:
            self.rows.append(row(f"{server.name}: {what}", values[server],
                                 unit, first))
            first = first or self.rows[-1]


def requests(rows, servers, rounds, total):
    for keep, what in (False, "fresh"), (True, "kept"):
        for at_once in (1, 8):
            got = together(servers, rounds, lambda s, a=at_once, k=keep:
                           models(s, total, a, k))
            words = f"GET /v1/models, {what}, {at_once} at once"
            rows.add(words, "ms", {s: [MS * t for t in flat(
                [g[0] for g in got[s]])] for s in servers})
            rows.add(words, "/s", {s: [g[1] for g in got[s]]
                                   for s in servers})


def latencies(rows, servers, rounds, total):
    for at_once in (1, 4):
        got = together(servers, rounds,
                       lambda s, a=at_once: chats(s, total, a))
        words = f"a chat, {at_once} at once"
        rows.add(f"{words}, first word", "ms", {s: [MS * t for t in flat(
            [g[0] for g in got[s]])] for s in servers})
        rows.add(f"{words}, end", "ms", {s: [MS * t for t in flat(
            [g[1] for g in got[s]])] for s in servers})
        rows.add(words, "/s", {s: [g[2] for g in got[s]] for s in servers})


def streams(rows, servers, rounds, at_once, words, what):
    got = together(servers, rounds, lambda s: Streams(s, at_once, words))
    name = f"{at_once} stream{'s' if at_once > 1 else ''}, {what}"
    rows.add(f"{name}: deltas", "/s",
             {s: [g.deltas / g.wall for g in got[s]] for s in servers})
    rows.add(f"{name}: processor per delta", "us",
             {s: [US * g.cpu / g.deltas for g in got[s]] for s in servers})
    rows.add(f"{name}: deltas per processor second", "/s",
             {s: [g.deltas / g.cpu for g in got[s]] for s in servers})
    rows.rows += [row(f"{s.name}: {name}: deltas lost",
                      sum(g.lost for g in got[s]), "")
                  for s in servers if any(g.lost for g in got[s])]
    if what != "paced":
        return
    rows.add(f"{name}: first word", "ms",
             {s: flat([g.word for g in got[s]]) for s in servers})
    rows.add(f"{name}: memory on top, each", "KiB",
             {s: [g.added for g in got[s]] for s in servers})
    rows.rows += [row(f"{s.name}: {name}: a handler's private memory",
                      flat([g.each for g in got[s]]), "KiB")
                  for s in servers if any(g.each for g in got[s])]
