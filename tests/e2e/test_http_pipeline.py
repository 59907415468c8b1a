#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests behind one another: RFC 9112 9.  What stands behind a refused one is
never taken for a request, what stands behind an answered one is answered once."""
import os
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import Env, HandlerSocket  # noqa: E402
from raw_http import (AUTH, CHUNKED, PATH, R, bad,  # noqa: E402
                      chunks, closes, get, keeps, main, post, reaches,
                      text)
from tap import eq, test  # noqa: E402


OTHER = get("/nothing")  # a 404 says that it was taken for a request
KEEP = "Connection: keep-alive"

# --- persistence: RFC 9112 9.3, RFC 9110 7.6.1 ------------------------------

closes("RFC 9112 9.6: Connection: close",
       get("/health", "Connection: close") + get(), R(200))
for fields in (["Connection: a , CLOSE", "Connection: b"],
               ["Connection: close, keep-alive"],
               ["Connection: keep-alive, close"], ["connection:close"],
               ["Connection: Close"], ["Connection: close,"],
               ["Connection: ,close"], ["Connection: ,, \t close \t ,"],
               [KEEP, "Connection: close"], ["Connection: close", KEEP],
               ["Connection: close, close"], ["Connection: TE, close"]):
    closes(f"RFC 9110 7.6.1: {', '.join(fields)!a} closes",
           get("/health", *fields) + OTHER, R(200, Connection="close"))
for value in ("keep-alive", "Keep-Alive", "closed", "close-it", "clos",
              '"close"', "close;a", "close a", "x-close", "cl\tose", "", ",",
              "upgrade", "\xa0close"):
    keeps(f"RFC 9110 7.6.1: Connection: {value!a} does not close",
          get("/health", f"Connection: {value}") + OTHER,
          R(200, Connection="keep-alive"), R(404))
for value in ("Keep-Alive", "keep-alive", "a, keep-alive", ",keep-alive"):
    keeps(f"RFC 9112 9.3: HTTP/1.0 with Connection: {value}",
          get("/health", f"Connection: {value}", version="HTTP/1.0"),
          R(200, Connection="keep-alive"))
for value in ("close", "keep-alive, close", "keepalive", "persist",
              "keep alive", ""):
    closes(f"RFC 9112 9.3: HTTP/1.0 with Connection: {value} closes",
           get("/health", f"Connection: {value}", version="HTTP/1.0")
           + OTHER, R(200, Connection="close"))
closes("RFC 9112 C.2.2: Proxy-Connection keeps nothing open",
       get("/health", "Proxy-Connection: keep-alive", version="HTTP/1.0")
       + OTHER, R(200))
keeps("RFC 9112 9.3: HTTP/1.0 and HTTP/1.1 on one connection",
      get("/health", KEEP, version="HTTP/1.0") + get() +
      get("/nothing", KEEP, version="HTTP/1.0", host=None),
      R(200), R(200), R(404))

# --- in order, each once: RFC 9112 9.3.2 ------------------------------------

keeps("RFC 9112 9.3.2: pipelined requests are answered in order",
      get() + get("/nothing") + get(method="HEAD") + get("/v1/models", AUTH)
      + post("Content-Length: 2", body=b"{}")
      + post(CHUNKED, body=chunks(b"[", b"]")) + get(method="OPTIONS"),
      R(200), R(404), R(200, "HEAD"), R(200), reaches(), R(400), R(204))
keeps("RFC 9112 9.3.2: a hundred requests at once",
      b"".join(get("/health", f"X-Request-Id: n-{n}") for n in range(100)),
      *[R(200, X_Request_Id=f"n-{n}") for n in range(100)])
for what, data, want in [
        ("a body of a length", post("Content-Length: 2", body=b"{}"),
         reaches()),
        ("chunks", post(CHUNKED, body=chunks(b"{}")), reaches()),
        ("trailers", post(CHUNKED, body=chunks(b"{}", last=b"0\r\nA: b\r\n"
                                               b"\r\n")), reaches()),
        ("a body that is not JSON", post("Content-Length: 1", body=b"{"),
         R(400)),
        ("an empty body", post("Content-Length: 0", body=b""), R(400)),
        ("a POST without a body", post("A: b"), R(411)),
        # A wrong one is late, and the third one on a connection ends it
        ("no key and no body", get("/v1/models"), R(401)),
        ("another method", get(method="DELETE"), R(405)),
        ("HEAD", get(method="HEAD"), R(200, "HEAD", body=b"")),
        ("OPTIONS", get(method="OPTIONS"), R(204)),
        ("a foreign Host", get(host="Host: evil.example"), R(403)),
        ("a foreign Origin", get("/health", "Origin: null"), R(403)),
        ("the absolute form", get("http://localhost/health"), R(200)),
        ("an upgrade that nobody makes", get(
            "/health", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
            "HTTP2-Settings: AAMAAABkAAQAAP__"), R(200)),
        ("an empty body in chunks", get("/health", CHUNKED) + b"0\r\n\r\n",
         R(200))]:
    keeps(f"RFC 9112 9.3.2: what stands behind {what} is answered once",
          data + OTHER + get(method="HEAD"), want, R(404),
          R(200, "HEAD", body=b""))

# --- nothing behind the end: RFC 9112 9.3, 11.2 -----------------------------

closes("RFC 9112 9.3.2: nothing is taken behind a malformed request",
       get() + get(host=None) + get(), R(200), R(400))
closes("RFC 9112 9.3: a refused body ends the connection",
       post("Content-Length: 2", body=b"{}", auth=None) + get(), R(401))
for what, data, status in [
        ("without a key", post("Content-Length: %d" % len(OTHER),
                               auth=None), 401),
        ("without a key, in chunks", post(CHUNKED, auth=None), 401),
        ("of another type", post("Content-Length: 9", kind=None), 415),
        ("of another method", get(PATH, "Content-Length: 9", method="PUT"),
         405),
        ("of OPTIONS", get(PATH, "Content-Length: 9", method="OPTIONS"), 204),
        ("of a preflight", get(PATH, "Content-Length: 9", "Origin: http://a",
                               "Access-Control-Request-Method: POST",
                               method="OPTIONS"), 204),
        ("of a path that is not there", post(CHUNKED, target="/nothing"), 404),
        ("for a foreign Host", text(f"POST {PATH} HTTP/1.1", "Host: a.example",
                                    "Content-Length: 9"), 403),
        ("from a foreign Origin", post(CHUNKED, "Origin: null"), 403)]:
    closes(f"RFC 9112 9.3: a body {what} is not read, nor taken for requests",
           data + OTHER + get(), R(status, Connection="close"))
for what, data, status in [
        ("two lengths", post("Content-Length: 0", "Content-Length: 44"), 400),
        ("both framings", post("Content-Length: 44", CHUNKED), 400),
        ("another coding", post("Transfer-Encoding: gzip, chunked"), 501),
        ("bad chunks", post(CHUNKED, body=b"x\r\n"), 400),
        ("a folded line", get("/health", "A: b", " c"), 400),
        ("a method too long", get(method="G" * 40), 501),
        ("a version too high", get(version="HTTP/2.0"), 505),
        ("another expectation", get("/health", "Expect: a"), 417)]:
    bad(f"RFC 9112 11.2: nothing is taken behind {what}, whatever comes",
        data + OTHER * 20, status)
keeps("RFC 9112 11.2: a request in a header is none",
      get("/health", "A: GET /nothing HTTP/1.1"), R(200))
keeps("RFC 9112 11.2: a request in a query is none",
      get("/health?%0d%0aGET%20/nothing%20HTTP/1.1%0d%0a"), R(200))
keeps("RFC 9112 11.2: a request that a field has swallowed is none",
      get() + b"GET /nothing HTTP/1.1\r\nX: " + get(), R(200), R(404))
keeps("RFC 9112 11.2: CL.0, the body of a GET is one",
      get("/health", f"Content-Length: {len(OTHER)}") + OTHER, R(200))
keeps("RFC 9112 11.2: TE.0, the chunks of a GET are a body",
      get("/health", CHUNKED) + chunks(OTHER), R(200))
closes("RFC 9112 11.2: 0.CL, a body that a path has no use for",
       get("/nothing", f"Content-Length: {len(OTHER)}") + OTHER, R(404))
keeps("RFC 9112 11.1: no response is split by what is echoed",
      get("/health", "X-Request-Id: a%0d%0aSet-Cookie: b") +
      get("/health", "Origin: http://a%0d%0aX: y"),
      R(200, Set_Cookie=None), R(200, X=None))

# --- expectations: RFC 9110 10.1.1 ------------------------------------------

bad("RFC 9110 15.5.18: 417", get("/health", "Expect: wonders"), 417)
for value in ("100", "100-continued", "100-continue, wonders", "200-ok",
              "wonders, 100-continue", "100-continue;a=b", '"100-continue"',
              "100 continue", "\xa0100-continue", "100-continue 100-continue"):
    bad(f"RFC 9110 15.5.18: 417 for {value!a}",
        post("Content-Length: 2", f"Expect: {value}", body=b"{}"), 417)
bad("RFC 9110 15.5.18: 417 for the second of two fields",
    get("/health", "Expect: 100-continue", "Expect: x"), 417)
for value in ("100-continue", "100-Continue", "", ",", "100-continue,",
              ", ,100-CONTINUE", "100-continue, 100-continue"):
    keeps(f"RFC 9110 10.1.1: Expect: {value!a} of a GET without a body",
          get("/health", f"Expect: {value}"), R(200))
closes("RFC 9110 10.1.1: HTTP/1.0 has no expectations",
       get("/health", "Expect: 100-continue", version="HTTP/1.0"), R(200))
closes("RFC 9110 10.1.1: not even those that nobody knows",
       get("/health", "Expect: wonders", version="HTTP/1.0"), R(200))
keeps("RFC 9110 10.1.1: no 100 for a length of 0",
      get("/health", "Content-Length: 0", "Expect: 100-continue"), R(200))
bad("RFC 9110 10.1.1: no 100 for a body of two lengths",
    post("Content-Length: 2", "Content-Length: 3", "Expect: 100-continue"))
closes("RFC 9110 10.1.1: 413 instead of 100",
       post("Content-Length: 99999999", "Expect: 100-continue"), R(413))
closes("RFC 9110 10.1.1: 401 instead of 100, and no body is waited for",
       post("Content-Length: 2", "Expect: 100-continue", auth=None)
       + OTHER, R(401, Connection="close"))


def expecting(http, *fields):
    http.send(post("Content-Length: 2", "Expect: 100-continue", *fields))


@test("RFC 9110 10.1.1: 100 before the body, which is then answered")
def _():
    with Env() as env, HandlerSocket(env) as handler:
        for _ in range(2):
            expecting(handler.http)
            eq(handler.http.sock.recv(25, socket.MSG_WAITALL),
               b"HTTP/1.1 100 Continue\r\n\r\n")
            handler.http.send(b"{}")
            reaches().check(handler.http.read_response())


@test("RFC 9110 10.1.1: 100 before chunks, too")
def _():
    with Env() as env, HandlerSocket(env) as handler:
        handler.http.send(post(CHUNKED, "Expect: 100-continue"))
        eq(handler.http.sock.recv(25, socket.MSG_WAITALL),
           b"HTTP/1.1 100 Continue\r\n\r\n")
        handler.http.send(chunks(b"{}") + OTHER)
        reaches().check(handler.http.read_response())
        eq(handler.http.read_response().status, 404)


@test("RFC 9110 10.1.1: no 100 where the answer is known")
def _():
    with Env() as env, HandlerSocket(env) as handler:
        expecting(handler.http, "Authorization: Bearer twice")
        got = handler.http.sock.recv(12, socket.MSG_WAITALL)
        eq(got, b"HTTP/1.1 401")


@test("RFC 9110 10.1.1: no 100 where the body is there already")
def _():
    with Env() as env, HandlerSocket(env) as handler:
        handler.http.send(post("Content-Length: 2", "Expect: 100-continue",
                               body=b"{}"))
        eq(handler.http.sock.recv(12, socket.MSG_WAITALL), b"HTTP/1.1 400")

if __name__ == "__main__":
    main()
