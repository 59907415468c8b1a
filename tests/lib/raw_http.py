# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of raw HTTP requests and the responses that they must get.

Each case is sent three times: in one piece and byte by byte over TCP, and
through pipes; the answers must be the same.  One that is not malformed is sent
once more for each of its bytes, split there.  With CCP_TEST_TARGET they go to a
server that runs already, and not through pipes.
"""
import contextlib
import json
import os
import pathlib
import re
import socket
import time

from answers import PATH, check_error
from ccp import KEY, Env, HandlerSocket, run_handler_pipe
from http_client import Client, parse_responses
from tap import CASE_SECONDS, add, contains, eq, ok

DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|"
                  r"Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT")
# HOST:PORT of a server to be asked, instead of handlers of our own
TARGET = os.environ.get("CCP_TEST_TARGET")
names = []  # of all cases made here

# Data longer than this, and all that ends its connection, goes to so many
# handlers at once: they need not wait for one another.
LONG = 1000
LANES = 4
UNREAD_SECONDS = 0.001

HOST = "Host: localhost"
AUTH = f"Authorization: Bearer {KEY}"
JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"


class R:
    """A response that is wanted: status, method of its request, fields it
    must have (None: must not), and the param of its error object."""

    def __init__(self, status, method="GET", param=None, body=None, **fields):
        self.status = status
        self.method = method
        self.param = param
        self.body = body
        self.fields = {n.replace("_", "-"): v for n, v in fields.items()}

    def check(self, got):
        eq(got.status, self.status, repr(got))
        ok(DATE.fullmatch(got.header("Date") or ""), "no good Date")
        ok(got.header("X-Request-Id"), "no X-Request-Id")
        for name, value in self.fields.items():
            eq(got.header(name), value, name)
        if got.body:
            contains(got.header("Content-Type"), "application/json")
        if self.status >= 400 and self.method != "HEAD":
            eq(check_error(got.json())["param"], self.param, "param")
        if self.body is not None:
            eq(got.body, self.body)


def reaches(**more):
    """The body came whole to the endpoint, which misses something in it."""
    return R(400, param="messages", **more)


def text(*lines, body=b""):
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def get(target="/health", *fields, method="GET", version="HTTP/1.1",
        host=HOST):
    return text(f"{method} {target} {version}", *([host] if host else []),
                *fields)


def post(*fields, body=b"", kind=JSON, auth=AUTH, target=PATH):
    return text(f"POST {target} HTTP/1.1", HOST,
                *[f for f in (kind, auth) if f], *fields, body=body)


def chunks(*pieces, last=b"0\r\n\r\n"):
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + last


def same(response):
    """What must not depend on how the request came."""
    return (response.status, response.reason, response.body,
            [(n, v) for n, v in response.headers
             if n not in ("Date", "X-Request-Id")])


def send_pieces(http, data, step):
    http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        for i in range(0, len(data), step):
            http.send(data[i:i + step])
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused before its end


class Target:
    """Instead of an Env: a server that runs already, as this user, and reads
    the configuration anew for each connection."""

    def __init__(self, address, **settings):
        host, port = address.rsplit(":", 1)
        self.address = host, int(port)
        self.settings = {"API_KEY": KEY, "ASK_WORKING_DIR": "never",
                         "CLAUDE_PATH": "demo", **settings}

    def __enter__(self):
        path = pathlib.Path.home() / ".ccp" / "config.json"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(json.dumps(
            {n: v for n, v in self.settings.items() if v is not None}),
            encoding="utf-8")
        path.chmod(0o600)
        return self

    def __exit__(self, *_):
        pass


class Connection:
    """To a Target."""

    def __init__(self, target):
        self.http = Client(socket.create_connection(target.address, 30),
                           {"Authorization": f"Bearer {KEY}"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()

    def wait_read(self):
        """A guess: nobody tells."""
        time.sleep(UNREAD_SECONDS)

    def unwatch(self):
        pass


class Watched(HandlerSocket):
    """One that tells when it has read what it was sent."""

    def __init__(self, env):
        super().__init__(env, watch=True)

    def wait_read(self):
        while self.unread() and self.process.poll() is None:
            time.sleep(0)


def connection(env, watch=False):
    if TARGET:
        return Connection(env)
    return Watched(env) if watch else HandlerSocket(env)


def over_socket(env, data, wants, closes, step):
    with connection(env) as handler:
        send_pieces(handler.http, data, step)
        got = [handler.http.read_response(w.method) for w in wants]
        for response, want in zip(got, wants):
            want.check(response)
        if closes:
            eq(got[-1].header("Connection"), "close")
            ok(handler.http.at_end(), "more than the wanted responses")
        else:
            eq(handler.http.get("/health").status, 200, "the next request")
        return [same(r) for r in got]


def over_pipe(env, data, wants):
    out = run_handler_pipe(data, env)
    got = parse_responses(out, [w.method for w in wants])
    eq([r.status for r in got], [w.status for w in wants], "through pipes")
    for response, want in zip(got, wants):
        want.check(response)
    return [same(r) for r in got]


def split(handlers, data, points, closes):
    """Sends each handler the data, in two pieces that it reads one by one."""
    for handler, point in zip(handlers, points):
        send_pieces(handler.http, data[:point], point)
    for handler in handlers:
        handler.wait_read()
        if closes:
            handler.unwatch()
    for handler, point in zip(handlers, points):
        send_pieces(handler.http, data[point:], len(data))


def split_everywhere(env, data, wants, closes, want_same):
    """The same request again and again, split at each of its bytes: on
    connections that stay, or on a new one each time."""
    lanes = LANES if closes or len(data) > LONG else 1
    with contextlib.ExitStack() as stack:
        handlers = []
        for first in range(1, len(data), lanes):
            points = range(first, min(first + lanes, len(data)))
            if closes:
                stack.close()
            if closes or not handlers:
                handlers = [stack.enter_context(connection(env, True))
                            for _ in points]
            split(handlers[:len(points)], data, points, closes)
            for handler, point in zip(handlers, points):
                got = [same(handler.http.read_response(w.method))
                       for w in wants]
                eq(got, want_same, f"split at {point}")
                ok(not closes or handler.http.at_end(), "no end")


def run(data, wants, closes, valid, settings):
    with Target(TARGET, **settings) if TARGET else Env(**settings) as env:
        whole = over_socket(env, data, wants, closes, len(data))
        step = max(1, len(data) // 2000)
        eq(over_socket(env, data, wants, closes, step), whole, "in pieces")
        if not TARGET:
            eq(over_pipe(env, data, wants), whole, "through pipes")
        if valid:
            split_everywhere(env, data, wants, closes, whole)


def seconds(data):
    """For a case: 10 ms for each split, of which a busy machine takes two."""
    return CASE_SECONDS + len(data) // 100


def keeps(name, data, *wants, **settings):
    """These responses, and the connection stays open."""
    names.append(name)
    add(name, lambda: run(data, wants, False, True, settings), seconds(data))


def closes(name, data, *wants, valid=True, **settings):
    """These responses, and the connection ends behind the last."""
    names.append(name)
    add(name, lambda: run(data, wants, True, valid, settings), seconds(data))


def bad(name, data, status=400, **settings):
    """Refused as malformed: what follows is never taken for a request."""
    closes(name, data + get("/health"), R(status), valid=False, **settings)
