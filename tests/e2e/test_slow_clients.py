#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that take their time: 64 in each phase of a request, for so long as
ccp lets them.  Meanwhile others are served; at its deadline each is dropped,
its Claude stopped; and none makes its handler hold more than it may.

All of them do so at the same time, the first case waits for it."""
import contextlib
import functools
import os
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import limits  # noqa: E402
import procs  # noqa: E402
from answers import PATH, check_error  # noqa: E402
from ccp import Env, Start, chat_body, dumps  # noqa: E402
from crowd import request, room_for  # noqa: E402
from http_client import parse_responses  # noqa: E402
from load import check_clean, handlers  # noqa: E402
from tap import (PATIENCE, Failed, add, contains, eq, main,  # noqa: E402
                 ok)

CLIENTS = 64
TICK_SECONDS = 1
# Within which others are served, on a busy machine.
PROMPT_SECONDS = 10 * PATIENCE
# Beyond a deadline: lingering, stopping Claude, and that.
LATE_SECONDS = 10 + 5 * PATIENCE
BUFFER_BYTES = 4096  # of a client that does not read
PIPELINED = 2000
KIB = 1024

HEAD = limits.HEAD_MS / 1000
BODY = limits.BODY_MS / 1000
KEEPALIVE = limits.KEEPALIVE_MS / 1000
STALL = limits.WRITE_STALL_MS / 1000

# A handler of its own, and what it holds of an answer that nobody takes: the
# queue up to where Claude is read no further and one reading more in the words
# of the protocol, once as text to remember; each in a buffer that has grown
# by doubling.
HANDLER_KIB = 1024
UNREAD_KIB = HANDLER_KIB + 2 * 2 * (
    limits.OUT_SOFT_BYTES + 4 * limits.READ_BYTES) // KIB

CHAT = request(PATH, "KEY", "POST", b"x", close=False).split(b"\r\n\r\n")[0]


def chat_head(key, *fields):
    """Of a chat request, with these fields in place of Content-Length."""
    lines = [x for x in CHAT.replace(b"KEY", key.encode()).split(b"\r\n")
             if not x.startswith(b"Content-Length")]
    return b"\r\n".join([*lines, *fields, b"", b""])


class Phase:
    """Clients that stop at one point of a request, before a ccp start of
    their own.  seconds: when they are dropped; last: at the latest."""

    n = CLIENTS
    seconds = last = 0.0
    status = None  # of the answer they get before that; None: none
    bound_kib = HANDLER_KIB
    reads = True

    def __init__(self, stack):
        self.env = stack.enter_context(Env(
            child={"CCP_DEMO_MODE": "endless", "CCP_DEMO_DELAY_MS": "0"},
            MAX_CONNECTIONS=self.n + 16, CLAUDE_MAX_PROCESSES=self.n))
        self.start = stack.enter_context(Start(self.env))
        self.socks = []
        self.data = []
        self.most_kib = 0
        self.slowest = 0.0
        self.others = 0
        self.freed = None
        self.stack = stack

    def first(self):
        """What each sends at once."""
        return b""

    def tick(self, n):
        """What each sends in second n."""
        del n
        return b""

    def connect(self):
        for _ in range(self.n):
            sock = self.stack.enter_context(socket.socket())
            if not self.reads:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                BUFFER_BYTES)
            sock.settimeout(20)
            sock.connect(("127.0.0.1", self.start.port))
            sock.setblocking(False)
            self.socks.append(sock)
            self.data.append(bytearray())
        self.began = time.monotonic()
        for sock in self.socks:
            self.send(sock, self.first())

    @staticmethod
    def send(sock, data):
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while data:
                data = data[sock.send(data):]

    def read(self, sock, data):
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while piece := sock.recv(65536):
                data += piece

    def second(self, n):
        for sock, data in zip(self.socks, self.data):
            self.send(sock, self.tick(n))
            self.read(sock, data)
        self.ask_beside()
        there = handlers(self.env, self.start)
        for process in there:
            self.most_kib = max(self.most_kib, procs.memory(
                process.pid).get("Written", 0))
        if not self.env.left(self.start.pid):
            self.freed = time.monotonic() - self.began

    def ask_beside(self):
        """Another client, in the meantime."""
        asked = time.monotonic()
        with self.start.client() as http:
            eq(http.get("/v1/models").status, 200)
        self.slowest = max(self.slowest, time.monotonic() - asked)
        self.others += 1

    def check_answers(self):
        for data in self.data:
            found = parse_responses(bytes(data))
            eq([r.status for r in found],
               [self.status] if self.status else [])
            if self.status and self.status >= 400:
                check_error(found[0].json())

    def check(self):
        ok(self.freed, "never freed")
        print(f"# {self.n} clients {self.name}: freed after "
              f"{self.freed:.0f} s; a handler had at most {self.most_kib} "
              f"KiB; {self.others} others were served, each within "
              f"{self.slowest:.2f} s")
        ok(self.seconds - 3 < self.freed < self.last + LATE_SECONDS,
           f"freed after {self.freed:.0f} s")
        ok(self.slowest < PROMPT_SECONDS, "others were not served promptly")
        ok(self.most_kib <= self.bound_kib,
           f"{self.most_kib} KiB are more than {self.bound_kib}")
        self.check_answers()
        check_clean(self.env)


class Silent(Phase):
    name = "say nothing"
    seconds = last = HEAD


class SlowHead(Phase):
    name = "send a head byte by byte"
    seconds = last = HEAD
    status = 408

    def first(self):
        return b"GET /health HTTP/1.1\r\nHost: localhost\r\n"

    def tick(self, n):
        return b"X"


class SlowBody(Phase):
    name = "send a body byte by byte"
    seconds = last = BODY
    status = 408

    def first(self):
        return chat_head(self.env.key, b"Content-Length: 1000")

    def tick(self, n):
        return b" "


class SlowChunks(SlowBody):
    name = "send a chunked body byte by byte"

    def first(self):
        return chat_head(self.env.key, b"Transfer-Encoding: chunked")

    def tick(self, n):
        return (b"1\r\n \r\n")[n % 6:n % 6 + 1]


class Idle(Phase):
    name = "ask once and keep the connection"
    seconds = last = KEEPALIVE
    status = 200

    def first(self):
        return request("/health", self.env.key, close=False)


class Hello(Phase):
    name = "speak TLS"
    last = limits.LINGER_MS / 1000
    status = 400

    def first(self):
        return b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xa5" * 500


class Unread(Phase):
    """Nobody reads: what came is of no interest."""
    reads = False
    seconds = last = STALL
    bound_kib = UNREAD_KIB

    def read(self, sock, data):
        pass

    def check_answers(self):
        pass


class UnreadAnswers(Unread):
    name = "ask on and on and read nothing"

    def first(self):
        return PIPELINED * request("/v1/models", self.env.key, close=False)


class UnreadStream(Unread):
    name = "do not read a stream without end"
    last = 2 * STALL  # a window begins anew while the system takes some

    def first(self):
        body = dumps(chat_body("Go on.", stream=True))
        return request(PATH, self.env.key, "POST", body)

    def check_answers(self):
        contains(self.start.stderr(), "error=client_left")


class SlowStream(UnreadStream):
    name = "read a byte of it a second"
    n = 8

    def read(self, sock, data):
        with contextlib.suppress(BlockingIOError, ConnectionError):
            data += sock.recv(1)


PHASES = [Silent, SlowHead, SlowBody, SlowChunks, Idle, Hello, UnreadAnswers,
          UnreadStream, SlowStream]


def all_done(phases, until):
    return all(p.freed for p in phases) or time.monotonic() > until


@functools.cache
def run_all():
    """Each Phase when it is over, or what went wrong in it."""
    room_for(len(PHASES) * CLIENTS)
    results = {}
    with contextlib.ExitStack() as stack:
        phases = [kind(stack) for kind in PHASES]
        for phase in phases:
            phase.connect()
        end = time.monotonic() + max(p.last for p in phases) \
            + 2 * LATE_SECONDS
        n = 0
        while not all_done(phases, end):
            for phase in [p for p in phases if not p.freed]:
                phase.second(n)
            n += 1
            time.sleep(TICK_SECONDS)
        for phase in phases:
            try:
                phase.check()
                results[type(phase)] = None
            except Failed as error:
                results[type(phase)] = error
    return results


def add_phase(kind):
    def case():
        error = run_all()[kind]
        if error:
            raise error

    add(f"{kind.n} clients {kind.name}", case, 240)


for one in PHASES:
    add_phase(one)

if __name__ == "__main__":
    main()
