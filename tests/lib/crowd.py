# SPDX-License-Identifier: GPL-3.0-or-later
"""Many clients at once, from one thread: each sends the bytes it is given and
keeps what comes, whatever becomes of its connection.
"""
import asyncio
import contextlib
import re
import resource
import socket
import threading
import time

from tap import Skip, fail, until

SPARE_FDS = 200
RESET = b"\1\0\0\0\0\0\0\0"  # struct linger: on, for no time
LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.I)


def room_for(sockets):
    """Sees to it that this process may have so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = sockets + SPARE_FDS
    if hard != resource.RLIM_INFINITY and hard < need:
        raise Skip(f"only {hard} descriptors for {sockets} connections")
    if soft < need:
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, hard))


def request(target, key, method="GET", body=b"", close=True):
    """The bytes of one."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost",
             f"Authorization: Bearer {key}"]
    if body:
        lines += ["Content-Type: application/json",
                  f"Content-Length: {len(body)}"]
    if close:
        lines.append("Connection: close")
    return "\r\n".join(lines + ["", ""]).encode() + body


def _is_whole(data):
    """Has a response come whole, as its Content-Length says?"""
    end = data.find(b"\r\n\r\n")
    length = LENGTH.search(data, 0, end + 2)
    return end >= 0 and length and len(data) >= end + 4 + int(length[1])


class Visitor:
    """data: what it has got; marked: the mark is in it; ended: the server has
    closed; error: what it met instead; done: it expects nothing more."""

    def __init__(self, number, sent):
        self.number = number
        self.sent = sent
        self.sock = None
        self.data = bytearray()
        self.marked = self.ended = self.done = False
        self.error = None
        self.began = self.took = 0.0


class Crowd:
    """Connects once for each of the requests, within so many seconds.  It
    reads to the end, or, to stay, only until a response is whole, and the
    connection stays open.  mark: what to look out for in the responses; at
    most unmarked visitors at a time have not seen it yet."""

    def __init__(self, port, requests, within=0.0, stay=False, mark=None,
                 unmarked=None):
        room_for(len(requests))
        self.address = "127.0.0.1", port
        self.all = [Visitor(n, r) for n, r in enumerate(requests)]
        self.within = within
        self.stay = stay
        self.mark = mark
        self.unmarked = asyncio.Semaphore(unmarked or len(requests))
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave()

    def _run(self):
        with contextlib.suppress(asyncio.CancelledError):
            self.loop.run_until_complete(self._visit_all())

    async def _visit_all(self):
        began = time.monotonic()
        tasks = []
        for visitor in self.all:
            due = began + self.within * visitor.number / len(self.all)
            await self.unmarked.acquire()
            await asyncio.sleep(max(0, due - time.monotonic()))
            tasks.append(asyncio.create_task(self._visit(visitor)))
        self.connecting = time.monotonic() - began
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _visit(self, visitor):
        visitor.began = time.monotonic()
        visitor.sock = socket.socket()
        visitor.sock.setblocking(False)
        try:
            await self.loop.sock_connect(visitor.sock, self.address)
            await self._send(visitor)
            await self._read(visitor)
        except OSError as error:
            visitor.error = error
        visitor.took = time.monotonic() - visitor.began
        visitor.done = True
        if not visitor.marked:
            self.unmarked.release()
        if not self.stay:
            visitor.sock.close()

    async def _send(self, visitor):
        try:
            await self.loop.sock_sendall(visitor.sock, visitor.sent)
        except ConnectionError:
            pass  # refused before it could ask: the answer is there

    async def _read(self, visitor):
        while not (self.stay and _is_whole(visitor.data)):
            piece = await self.loop.sock_recv(visitor.sock, 65536)
            if not piece:
                visitor.ended = True
                return
            visitor.data += piece
            if self.mark and not visitor.marked \
                    and self.mark in visitor.data:
                visitor.marked = True
                self.unmarked.release()

    def wait(self, what="the end of all", seconds=60, of=None):
        """Until each of them is (done, or of says so)."""
        of = of or (lambda v: v.done)
        until(lambda: all(map(of, self.all)) or not self._alive(), seconds,
              what, 0.05)
        if not all(map(of, self.all)):
            fail(f"{what}: the crowd is gone")

    def _alive(self):
        return self.thread.is_alive() or all(v.done for v in self.all)

    def leave(self):
        """All close at once, every other one with a reset."""
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self._close_all)
            self.thread.join(20)
        self._close_all()

    def _close_all(self):
        for task in asyncio.all_tasks(self.loop) \
                if self.loop.is_running() else ():
            task.cancel()
        for visitor in self.all:
            if visitor.sock and visitor.sock.fileno() >= 0:
                if visitor.number % 2:
                    visitor.sock.setsockopt(socket.SOL_SOCKET,
                                            socket.SO_LINGER, RESET)
                visitor.sock.close()
