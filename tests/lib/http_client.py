# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP client that trusts nothing: it sends the bytes it is given and
reads a response by the letter of RFC 9112, refusing what is only nearly right.
"""
import json
import re
import socket

from tap import PATIENCE

TIMEOUT = 60 * PATIENCE

STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) ([\t -~\x80-\xff]*)")
FIELD_LINE = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*"
    rb"((?:[!-~\x80-\xff](?:[ \t!-~\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*")
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})")


class BadResponse(Exception):
    """Not a response by the letter."""


class Truncated(BadResponse):
    """The connection ended before the response did."""


class Response:
    """status, reason, headers (list of pairs), body (bytes).

    whole: the body came to its end as its framing says.  chunks: the sizes
    of the chunks, where the body was chunked.  closed: the server closed the
    connection to end the body.
    """

    def __init__(self, status, reason, headers):
        self.status = status
        self.reason = reason
        self.headers = headers
        self.pieces = []
        self.chunks = []
        self.whole = False
        self.closed = False

    @property
    def body(self):
        """What has come of it."""
        if len(self.pieces) > 1:
            self.pieces = [b"".join(self.pieces)]
        return self.pieces[0] if self.pieces else b""

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def header(self, name):
        """The value of a field, None if absent; twice is an error."""
        values = self.all(name)
        if len(values) > 1:
            raise BadResponse(f"{name} {len(values)} times")
        return values[0] if values else None

    def json(self):
        return json.loads(self.body.decode("utf-8"))

    def events(self):
        return sse_events(self.body)

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.body[:500]!r}>"


class _Reader:
    """Bytes of a socket, or of a bytes object (sock None)."""

    def __init__(self, sock, data=b""):
        self.sock = sock
        self.data = data
        self.at = 0  # what is before it has been taken
        self.ended = sock is None

    def left(self):
        return len(self.data) - self.at

    def more(self):
        """False at the end."""
        if self.ended:
            return False
        try:
            piece = self.sock.recv(65536)
        except ConnectionResetError:
            piece = b""
        if not piece:
            self.ended = True
            return False
        self.data = self.data[self.at:] + piece
        self.at = 0
        return True

    def line(self, limit=65536):
        while (end := self.data.find(b"\r\n", self.at)) < 0:
            if self.left() > limit:
                raise BadResponse("line too long")
            if not self.more():
                raise Truncated(f"end within a line: {self.data[-200:]!r}")
        line, self.at = self.data[self.at:end], end + 2
        if b"\r" in line or b"\n" in line:
            raise BadResponse(f"bare CR or LF: {line!r}")
        return line

    def some(self, limit):
        """At least one byte, at most limit; b"" at the end."""
        if not self.left() and not self.more():
            return b""
        piece = self.data[self.at:self.at + limit]
        self.at += len(piece)
        return piece


def _head(reader):
    line = reader.line()
    match = STATUS_LINE.fullmatch(line)
    if not match:
        raise BadResponse(f"status line {line!r}")
    headers = []
    while line := reader.line():
        field = FIELD_LINE.fullmatch(line)
        if not field:
            raise BadResponse(f"field line {line!r}")
        headers.append((field[1].decode(), field[2].decode("latin-1")))
    return Response(int(match[1]), match[2].decode("latin-1"), headers)


def _pieces(reader, response, size):
    while size:
        piece = reader.some(size)
        if not piece:
            return False
        response.pieces.append(piece)
        size -= len(piece)
        yield piece
    return True


def _chunked(reader, response):
    while True:
        try:
            line = reader.line()
        except Truncated:
            return False
        if not CHUNK_LINE.fullmatch(line):
            raise BadResponse(f"chunk line {line!r}")
        size = int(line, 16)
        if size == 0:
            break
        response.chunks.append(size)
        if not (yield from _pieces(reader, response, size)):
            return False
        if reader.line():
            raise BadResponse("no CRLF after a chunk")
    if reader.line():
        raise BadResponse("trailer fields, which ccp never sends")
    return True


def _until_close(reader, response):
    while piece := reader.some(65536):
        response.pieces.append(piece)
        yield piece
    response.closed = True
    return True


def _body(reader, response, method):
    """Generator of the body's bytes as they come; returns whether whole."""
    length = response.header("Content-Length")
    coding = response.header("Transfer-Encoding")
    if length is not None and coding is not None:
        raise BadResponse("both Content-Length and Transfer-Encoding")
    if response.status < 200 or response.status in (204, 304):
        if coding or (length and response.status != 304):
            raise BadResponse(f"framing fields on {response.status}")
        return True
    if method == "HEAD":
        return True
    if coding is not None:
        if coding.lower() != "chunked":
            raise BadResponse(f"Transfer-Encoding: {coding}")
        return (yield from _chunked(reader, response))
    if length is not None:
        if not re.fullmatch("[0-9]{1,18}", length):
            raise BadResponse(f"Content-Length: {length}")
        return (yield from _pieces(reader, response, int(length)))
    if (response.header("Connection") or "").lower() != "close":
        raise BadResponse("no length and no Connection: close")
    return (yield from _until_close(reader, response))


def _consume(reader, response, method):
    def run():
        response.whole = yield from _body(reader, response, method)
    return run()


def parse_responses(data, methods=None):
    """All the responses that a bytes object holds, to its last byte."""
    reader = _Reader(None, data)
    responses = []
    methods = list(methods or [])
    while reader.left():
        response = _head(reader)
        final = response.status >= 200
        method = methods.pop(0) if methods and final else "GET"
        for _ in _consume(reader, response, method):
            pass
        if not response.whole:
            raise Truncated(repr(response))
        responses.append(response)
    return responses


class Client:
    """The client's end of one connection."""

    def __init__(self, sock, fields=None):
        self.sock = sock
        self.sock.settimeout(TIMEOUT)
        self.fields = dict(fields or {})
        self.reader = _Reader(sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def reset(self):
        """Closes with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def send_request(self, method, target, body=None, headers=None):
        fields = {"Host": "127.0.0.1", **self.fields, **(headers or {})}
        if body is not None and "Transfer-Encoding" not in fields:
            fields.setdefault("Content-Length", str(len(body)))
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{n}: {v}" for n, v in fields.items() if v is not None]
        self.send("\r\n".join(lines + ["", ""]).encode("latin-1")
                  + (body or b""))

    def send_json(self, target, value, headers=None):
        body = json.dumps(value, ensure_ascii=False).encode("utf-8")
        self.send_request("POST", target, body,
                          {"Content-Type": "application/json",
                           **(headers or {})})

    def start_response(self, method="GET"):
        """Reads a head (100 Continue passed over).  The body is read by
        iterating over what comes back beside it."""
        while True:
            response = _head(self.reader)
            if response.status != 100:
                return response, _consume(self.reader, response, method)

    def read_response(self, method="GET", partial=False):
        response, pieces = self.start_response(method)
        for _ in pieces:
            pass
        if not response.whole and not partial:
            raise Truncated(repr(response))
        return response

    def request(self, method, target, body=None, headers=None, **options):
        self.send_request(method, target, body, headers)
        return self.read_response(method, **options)

    def get(self, target, **headers):
        return self.request("GET", target, headers=headers)

    def post_json(self, target, value, headers=None, **options):
        self.send_json(target, value, headers)
        return self.read_response("POST", **options)

    def stream(self, target, value, headers=None):
        """POSTs and returns (response, generator of SSE events as they
        come)."""
        self.send_json(target, value, headers)
        response, pieces = self.start_response("POST")
        return response, _live_events(pieces)

    def at_end(self):
        """True if the server has closed and nothing is left unread."""
        return not self.reader.left() and not self.reader.more()


def _event(block):
    """One event: ("data", text) or ("comment", text)."""
    text = block.decode("utf-8")
    lines = text.split("\n")
    if any("\r" in line for line in lines):
        raise BadResponse(f"CR in an event: {text!r}")
    if all(line.startswith(":") for line in lines):
        return "comment", "\n".join(line[1:].lstrip(" ") for line in lines)
    if len(lines) != 1 or not lines[0].startswith("data: "):
        raise BadResponse(f"event {text!r}")
    return "data", lines[0][6:]


def _live_events(pieces):
    data = b""
    for piece in pieces:
        *blocks, data = (data + piece).split(b"\n\n")
        for block in blocks:
            yield _event(block)
    if data:
        raise BadResponse(f"end within an event: {data!r}")


def sse_events(data):
    """The events of a whole body, checked to the byte: blocks ended by an
    empty line, each a comment or one "data: " line."""
    return list(_live_events(iter([data] if data else [])))
