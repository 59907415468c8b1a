# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of raw HTTP requests and the responses that they must get.

Each case goes to a running "ccp start" at least three times in a row, in one
piece and byte by byte, and to a handler through pipes.  The answers must be the
same every time, and behind each the next request must be answered, once: on the
same connection where that stays, on a new one else.  At the end all cases are
split at each of their bytes, and cut off there, by tests/http/split_tool.

In a build with sanitizers, where a process costs ten times as much, each is
split at every third byte, one that ends its connection goes to ccp start twice,
and one that is refused does not go through pipes.

With CCP_TEST_TARGET they go to a server that runs already, in one piece or byte
by byte, not through pipes, and are not split again.

    keeps(name, data, R(200), R(404))
    bad(name, data)
    if __name__ == "__main__":
        main()
"""
import atexit
import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

import tap
from answers import PATH, check_error
from ccp import KEY, Env, Start, check_stderr, program, run_handler_pipe
from http_client import Client, parse_responses
from tap import add, contains, eq, fail, ok

DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|"
                  r"Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT")
# HOST:PORT of a server to be asked, instead of one of our own
TARGET = os.environ.get("CCP_TEST_TARGET")
# Data longer than LONG is not split at each byte but near its ends and at every
# so manieth between; with CCP_TEST_SPLITS=all there too.
LONG = 2000
EVERY = 1 if os.environ.get("CCP_TEST_SPLITS") == "all" else 509
SANITIZED = not TARGET and \
    b"__asan_init" in pathlib.Path(program("ccp-handler")).read_bytes()
SHORT = 3 if SANITIZED else 1
PIECES = 2000  # at most, of what is sent byte by byte

names = []  # of all cases made here
counts = {"exchanges": 0, "connections": 0}

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
    """A server that runs already, as this user, and reads the configuration
    anew for each connection."""

    def __init__(self, address, settings):
        host, port = address.rsplit(":", 1)
        self.address = host, int(port)
        self.config = {"API_KEY": KEY, "ASK_WORKING_DIR": "never",
                       "CLAUDE_PATH": "demo", "CLAUDE_LINGER_MS": 0,
                       **settings}

    def connect(self):
        return Client(socket.create_connection(self.address, 30))

    def configure(self):
        path = pathlib.Path.home() / ".ccp" / "config.json"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(json.dumps(
            {n: v for n, v in self.config.items() if v is not None}),
            encoding="utf-8")
        path.chmod(0o600)


class Own:
    """A running ccp start; what its environment has is that of the handlers
    which get the cases through pipes and in pieces."""

    def __init__(self, settings):
        self.stack = contextlib.ExitStack()
        self.env = self.stack.enter_context(
            Env(**{"LOG_LEVEL": "info", "MAX_CONNECTIONS": "200",
                   "USAGE_LEDGER": "off", **settings}))
        self.start = self.stack.enter_context(Start(self.env))

    def connect(self):
        return self.start.client()

    def configure(self):
        pass


class Case:
    """Bytes and the responses that are wanted; closes: the connection ends
    behind the last of them."""

    def __init__(self, name, data, wants, closes, settings):
        self.name, self.data, self.wants = name, data, wants
        self.closes, self.settings = closes, settings
        self.number = len(names)
        self.refused = closes and wants[-1].status >= 400

    def server(self):
        return _server(self.settings)

    def check(self, responses):
        """Of one time; what must not depend on how it came."""
        for response, want in zip(responses, self.wants):
            want.check(response)
        if self.closes:
            eq(responses[-1].header("Connection"), "close")
        counts["exchanges"] += len(self.wants)
        return [same(r) for r in responses]


_cases = {}  # by bytes and settings
_servers = {}  # by settings


def _server(settings):
    key = tuple(sorted(settings.items()))
    if key not in _servers:
        _servers[key] = Target(TARGET, settings) if TARGET else Own(settings)
    return _servers[key]


def next_request(http):
    """It is answered, and nothing before it that nobody has asked for."""
    number = f"next-{counts['exchanges']}"
    http.send(get("/health", f"X-Request-Id: {number}"))
    got = http.read_response()
    eq((got.status, got.header("X-Request-Id")), (200, number),
       "the next request")
    counts["exchanges"] += 1


def over_socket(case, server, *steps):
    """The answers to each time, in pieces of so many bytes, on one connection
    where it stays open."""
    answers = []
    with server.connect() as http:
        counts["connections"] += 1
        for step in steps:
            send_pieces(http, case.data, step)
            answers.append(case.check([http.read_response(w.method)
                                       for w in case.wants]))
            if not case.closes:
                next_request(http)
        if case.closes:
            ok(http.at_end(), "more than the wanted responses")
    return answers


def over_pipe(case, server):
    out = run_handler_pipe(case.data, server.env)
    got = parse_responses(out, [w.method for w in case.wants])
    eq([r.status for r in got], [w.status for w in case.wants],
       "through pipes")
    counts["connections"] += 1
    return case.check(got)


def run(case):
    server = case.server()
    server.configure()
    size = len(case.data)
    pieces = max(1, size // PIECES)
    if case.closes:
        steps = [size, pieces] if SANITIZED else [size, size, pieces]
        if TARGET:  # there a connection is dear: every other case in pieces
            steps = [pieces if case.number % 2 else size]
        answers = [over_socket(case, server, step) for step in steps]
    else:
        answers = [over_socket(case, server, size, size, size)]
        answers.append(over_socket(case, server, pieces))
    answers = [answer for each in answers for answer in each]
    if not TARGET and not (case.refused and SANITIZED):
        answers.append(over_pipe(case, server))
    for answer in answers[1:]:
        eq(answer, answers[0], "another time")


def _collect(name, data, wants, closes, settings):
    key = data, tuple(sorted(settings.items()))
    if key in _cases:
        raise ValueError(f"{name} and {_cases[key].name} are the same")
    names.append(name)
    case = _cases[key] = Case(name, data, wants, closes, settings)
    add(name, lambda: run(case))


def keeps(name, data, *wants, **settings):
    """These responses, and the connection stays open."""
    _collect(name, data, wants, False, settings)


def closes(name, data, *wants, **settings):
    """These responses, and the connection ends behind the last."""
    _collect(name, data, wants, True, settings)


def _all_at_once(requests, want, least, settings):
    server = _server(settings)
    server.configure()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.connect())
                   for _ in requests * 2]
        begin = time.monotonic()
        for n, data in enumerate(requests * 2):
            send_pieces(clients[n], data,
                        len(data) if n < len(requests) else 1)
        answers = []
        for http in clients:
            answers.append(http.read_response(want.method))
            want.check(answers[-1])
        ok(time.monotonic() - begin >= least, f"not after {least} s")
        for http in clients:
            next_request(http)
        eq([same(r) for r in answers[:len(requests)]],
           [same(r) for r in answers[len(requests):]], "in pieces")


def at_once(name, requests, want, least=0, **settings):
    """The same response to each of them, which take a while: all at the same
    time, in one piece and byte by byte, each on a connection of its own.
    least: seconds that the first is waited for."""
    names.append(name)
    add(name, lambda: _all_at_once(requests, want, least, settings))


def _each(rows, settings):
    server = _server(settings)
    server.configure()
    for what, data, want in rows:
        try:
            with server.connect() as http:
                http.send(data)
                want.check(http.read_response(want.method))
        except AssertionError as why:
            raise AssertionError(f"{what}: {why}") from why


def each(name, rows, **settings):
    """Rows of what is asked, the data and the response, each whole and on a
    connection of its own: where it matters what is asked, and not how it
    comes."""
    rows = list(rows)
    name = f"{name} ({len(rows)})"
    names.append(name)
    add(name, lambda: _each(rows, settings))


def bad(name, data, status=400, **settings):
    """Refused as malformed: what follows is never taken for a request."""
    closes(name, data + get("/health"), R(status), **settings)


# --- in pieces --------------------------------------------------------------


class Served:
    """What tests/http/split_tool says of one request: the responses to the
    whole, how often it was served, and where a split made a difference."""

    def __init__(self, out):
        self.runs, self.point, size = map(int, out.readline().split())
        self.whole, self.other = out.read(size), None
        if self.point:
            *_, size = map(int, out.readline().split())
            self.other = out.read(size)


def serve_in_pieces(env, requests):
    """requests: the bytes, the number of their responses, and at every how
    manieth byte they are split where they are long (0: nowhere); in the same
    order what became of them."""
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as err:
        for data, answers, every in requests:
            file.write(b"%d %d %d\n" % (len(data), answers, every) + data)
        file.seek(0)
        with subprocess.Popen(
                [program("tests/http/split_tool")], stdin=file, stderr=err,
                stdout=subprocess.PIPE,
                env={**env.environ, "LOG_LEVEL": "error"}) as tool:
            try:
                yield from (Served(tool.stdout) for _ in requests)
            finally:
                tool.kill()
                tool.wait()
                err.seek(0)
                text = err.read().decode()
                sys.stderr.write(text)
                check_stderr(text)


def _split(settings, cases):
    """The runs; fails with what depends on where the bytes were split."""
    requests, runs, wrong = [], 0, []
    for case in cases:
        data = case.data + (b"" if case.closes else get())
        requests.append((data, len(case.wants) + (not case.closes),
                         SHORT if len(data) <= LONG else EVERY))
    with Env(USAGE_LEDGER="off", **settings) as env:
        for case, served in zip(cases, serve_in_pieces(env, requests)):
            got = parse_responses(served.whole, [w.method for w in case.wants])
            eq(len(got), len(case.wants) + (not case.closes), case.name)
            case.check(got)
            runs += served.runs
            if served.point:
                wrong.append(f"{case.name}: split at {served.point}:\n"
                             f"{served.other.decode('latin-1')}")
    if wrong:
        fail("\n".join(wrong))
    return runs


def _split_all():
    runs = 0
    for key, settings in {tuple(sorted(c.settings.items())): c.settings
                          for c in _cases.values()}.items():
        runs += _split(settings,
                       [c for c in _cases.values()
                        if tuple(sorted(c.settings.items())) == key])
    print(f"# {len(_cases)} cases in pieces, served {runs} times")


# --- the end ----------------------------------------------------------------


def _stop():
    """All servers, where they are ours; what they have told is looked at."""
    while _servers:
        _, server = _servers.popitem()
        if not TARGET:
            server.stack.close()


def _stop_and_count():
    _stop()
    print(f"# {len(names)} raw requests, {counts['exchanges']} exchanges on "
          f"{counts['connections']} connections")


def main():
    """Runs all that was collected, and what comes behind it."""
    atexit.register(_stop)
    if not TARGET:
        add("each of them split, and cut off, at each of its bytes",
            _split_all, 600)
    add("the servers end as they should behind all that", _stop_and_count)
    tap.main()
