#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streams as HTTP messages and as server-sent events: RFC 9112 7.1, and HTML
9.2.6, "Interpreting an event stream"."""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import Env, Start, chat_body, dumps  # noqa: E402
from raw_http import (AUTH, CHUNKED, HOST, JSON, PATH, chunks,  # noqa: E402
                      get, post, send_pieces, text)
from tap import add, contains, eq, main, ok  # noqa: E402


TIMES = 3


def body_of(words, **more):
    return dumps(chat_body(words, stream=True, **more))


def asking(words="hello", *fields, **more):
    body = body_of(words, **more)
    return post(f"Content-Length: {len(body)}", *fields, body=body)


def old(*fields):
    body = body_of("hello")
    return text(f"POST {PATH} HTTP/1.0", HOST, JSON, AUTH,
                f"Content-Length: {len(body)}", *fields, body=body)


def interpret(stream):
    """The data of the events, as HTML 9.2.6 has a browser read them: any of
    the three ends of lines, any fields, a byte order mark ahead."""
    lines = stream.decode("utf-8").removeprefix("\ufeff") \
        .replace("\r\n", "\n").replace("\r", "\n").split("\n")
    events, data = [], []
    for line in lines[:-1]:
        name, _, value = line.partition(":")
        if not line:
            if data:
                events.append("\n".join(data))
            data = []
        elif name == "data":
            data.append(value.removeprefix(" "))
        else:
            eq(name, "", "a field beside data and comments")
    eq((lines[-1], data), ("", []), "end within an event")
    return events


def check_stream(response, words, chunked=True):
    """The text that the events make, with all that they must be besides."""
    eq(response.status, 200, repr(response))
    eq(response.header("Content-Type"), "text/event-stream; charset=utf-8")
    eq(response.header("Cache-Control"), "no-cache")
    eq(response.header("Content-Length"), None)
    eq(response.header("Transfer-Encoding"), "chunked" if chunked else None)
    ok(response.whole)
    events = interpret(response.body)
    strict = [data for kind, data in response.events() if kind == "data"]
    eq(events, strict, "a browser's reading and the letter's")
    eq(events[-1], "[DONE]", "the last event")
    pieces = [json.loads(event)["choices"] for event in events[:-1]]
    got = "".join(piece[0]["delta"].get("content") or ""
                  for piece in pieces if piece)
    eq(got[got.index("You said: "):], "You said: " + words)
    return got


def shown(name, case):
    """case(start): three times, with one running ccp start."""
    def run():
        with Env(child={"CCP_DEMO_DELAY_MS": "0"}) as env, \
                Start(env) as start:
            got = [case(start) for _ in range(TIMES)]
            for each in got[1:]:
                eq(each, got[0], "another time")
            env.wait_gone(start.pid)
    add(name, run)


def kept(name, data, words="hello", step=None, behind=1):
    """A stream, and the connection stays for what stands behind."""
    def case(start):
        with start.client() as http:
            send_pieces(http, data, step or len(data))
            got = check_stream(http.read_response("POST"), words)
            for _ in range(behind - 1):
                eq(http.read_response().status, 404, "behind the stream")
            http.send(get("/health", "X-Request-Id: next"))
            eq(http.read_response().header("X-Request-Id"), "next")
            return got
    shown(name, case)


def closed(name, data, chunked):
    """A stream, and the connection ends with it."""
    def case(start):
        with start.client() as http:
            http.send(data)
            response = http.read_response("POST")
            eq(response.header("Connection"), "close")
            ok(http.at_end(), "more than a stream")
            return check_stream(response, "hello", chunked)
    shown(name, case)


OTHER = get("/nothing")

kept("RFC 9112 7.1: a stream comes in chunks", asking())
kept("RFC 9112 7.1: one that was asked for byte by byte", asking(), step=1)
kept("RFC 9112 7.1: one that was asked for in chunks, with trailers",
     post(CHUNKED, body=chunks(body_of("hello"),
                               last=b"0\r\nConnection: close\r\n\r\n")))
kept("RFC 9112 9.3.2: what stands behind a stream is answered once, after it",
     asking() + OTHER + OTHER, behind=3)
kept("RFC 9110 12.5.1: with Accept: text/event-stream",
     asking("hello", "Accept: text/event-stream"))
kept("HTML 9.2.4: a Last-Event-ID changes nothing",
     asking("hello", "Last-Event-ID: 7"))
kept("RFC 9110 10.1.1: no 100 where the body is there already",
     asking("hello", "Expect: 100-continue"))
closed("RFC 9112 9.6: Connection: close, and the chunks end all the same",
       asking("hello", "Connection: close") + OTHER, True)
closed("RFC 9112 6.3: HTTP/1.0 knows no chunks, the end is the end",
       old(), False)
closed("RFC 9112 9.3: and it cannot be kept open",
       old("Connection: keep-alive") + OTHER, False)
for what, words in [
        ("a line end", "a\nb"), ("CR", "a\rb"), ("CRLF", "a\r\nb"),
        ("an empty line", "a\n\nb"), ("an empty line of CR", "a\r\rb"),
        ("an event", "a\n\ndata: [DONE]\n\nb"), ("[DONE]", "[DONE]"),
        ("fields", "a\nevent: x\nid: 1\nretry: 0\n:b"),
        ("a comment", "\n: a\n"), ("a byte order mark", "\ufeffa"),
        ("the line ends of Unicode", "a\u2028b\u2029c\u0085d"),
        ("other planes", "\U0001f600\U0010ffff"),
        ("chunks", "a\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
        ("control bytes", "a\x01\x0b\x1f\x7fb"),
        ("much", "\u00e4\u20ac\n" * 60)]:
    kept(f"HTML 9.2.6: {what} within a text stays within its event",
         asking(words + "."), words + ".")


def refused(start):
    """With the status and as JSON."""
    with start.client() as http:
        http.send(asking("hello", max_tokens="a") + OTHER)
        response = http.read_response("POST")
        eq(response.status, 400)
        contains(response.header("Content-Type"), "application/json")
        eq(http.read_response().status, 404)
    return response.body


shown("HTML 9.2.2: a stream that is refused is no event stream", refused)

if __name__ == "__main__":
    main()
