#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 of ccp-handler, byte by byte, against RFC 9110 and RFC 9112."""
import os
import re
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import (KEY, Env, HandlerSocket, chat_body,  # noqa: E402
                 check_stderr, dumps, program, run_handler_pipe)
from http_client import parse_responses  # noqa: E402
from raw_http import (AUTH, CHUNKED, HOST, PATH, R, bad, chunks,  # noqa: E402
                      closes, get, keeps, post, reaches, send_pieces)
from tap import contains, eq, lacks, main, ok, test  # noqa: E402

HEAD_BYTES, HEAD_FIELDS, TARGET_BYTES = 32768, 100, 8192
BODY_BYTES = 32 * 1024 * 1024

# --- methods: RFC 9110 9 ----------------------------------------------------

OK_BODY = b'{"status":"ok"}'

keeps("RFC 9110 9.3.1: GET", get(), R(200, body=OK_BODY))
keeps("RFC 9110 9.3.2: HEAD has the fields of GET and no body",
      get(method="HEAD"),
      R(200, "HEAD", body=b"", Content_Length=str(len(OK_BODY))))
keeps("RFC 9110 9.3.2: HEAD of an error", get("/nothing", method="HEAD"),
      R(404, "HEAD", body=b""))
keeps("RFC 9110 9.3.7: OPTIONS of a path", get(method="OPTIONS"),
      R(204, Allow="GET, HEAD, OPTIONS", Content_Length=None))
keeps("RFC 9112 3.2.4: OPTIONS of the whole server",
      get("*", method="OPTIONS"), R(204, Allow="GET, HEAD, POST, OPTIONS"))
keeps("RFC 9110 15.5.6: 405 names what is allowed",
      get(method="DELETE") + get(PATH, AUTH),
      R(405, Allow="GET, HEAD, OPTIONS"), R(405, Allow="POST, OPTIONS"))
keeps("RFC 9110 9.1: an unknown method", get(method="BREW"), R(405))
keeps("RFC 9110 9.1: methods are case-sensitive", get(method="get"), R(405))
keeps("RFC 9110 15.5.5: 404", get("/nothing") + get("/healthy") +
      get("/HEALTH") + get("/health//"), *[R(404)] * 4)
keeps("one slash behind a path makes no difference",
      get("/health/") + get("/v1/models/?a", AUTH) +
      post("Content-Length: 2", body=b"{}", target=PATH + "/") +
      get("/health/", method="POST"),
      R(200, body=OK_BODY), R(200), reaches(),
      R(405, Allow="GET, HEAD, OPTIONS"))
bad("RFC 9110 9.3.6: CONNECT", get("localhost:1", method="CONNECT"), 501)
bad("RFC 9112 3: an overlong method", get(method="M" * 33), 501)
bad("RFC 9110 5.6.2: a method that is no token", get(method="G(T"))
bad("RFC 9110 5.6.2: a control byte in the method", get(method="G\x01T"))

# --- targets: RFC 9112 3.2 --------------------------------------------------

keeps("RFC 9112 3.2.1: a query is not part of the path",
      get("/health?") + get("/health?a=/b?c"), R(200), R(200))
keeps("RFC 9112 3.2.2: the absolute form",
      get("http://localhost/health") + get("HTTP://127.0.0.1:8888/health?a"),
      R(200), R(200))
keeps("RFC 9112 3.2.2: an absolute form without path is /",
      get("http://localhost"), R(404))
closes("RFC 9112 3.2.2: its authority counts, not the Host field",
       get("http://evil.example/health", "Connection: close"), R(403))
bad("RFC 9110 7.4: https over a connection that is not",
    get("https://localhost/health"))
bad("RFC 9110 4.2.4: user information", get("http://u@localhost/health"))
bad("RFC 9112 3.2.3: the authority form without CONNECT",
    get("localhost:80"))
bad("RFC 9112 3.2.4: an asterisk without OPTIONS", get("*"))
bad("RFC 9112 3.2: a target without a slash", get("health"))
bad("RFC 9112 3.2: a fragment", get("/health#a"))
bad("RFC 9112 3.2: white space in the target", get("/health a"))
bad("RFC 9112 3: two spaces", get(" /health"))
bad("RFC 9112 3.2: a control byte in the target", get("/health\x7f"))
bad("RFC 9112 3.2: a byte beyond ASCII in the target", get("/health\xe4"))
keeps("RFC 9112 3: a target of the limit",
      get("/health?" + "a" * (TARGET_BYTES - 8)), R(200))
bad("RFC 9112 3: a longer target",
    get("/health?" + "a" * (TARGET_BYTES - 7)), 414)

# --- versions: RFC 9112 2.3 -------------------------------------------------

closes("RFC 9112 9.3: HTTP/1.0 closes",
       get(version="HTTP/1.0") + get(), R(200))
keeps("RFC 9112 9.3: HTTP/1.0 with keep-alive",
      get("/health", "Connection: Keep-Alive", version="HTTP/1.0"),
      R(200, Connection="keep-alive"))
closes("RFC 9112 3.2: HTTP/1.0 without Host",
       get(version="HTTP/1.0", host=None), R(200))
keeps("RFC 9110 2.5: HTTP/1.9 is answered as HTTP/1.1",
      get(version="HTTP/1.9"), R(200))
bad("RFC 9110 15.6.6: HTTP/2.0", get(version="HTTP/2.0"), 505)
bad("RFC 9113 3.4: the preface of HTTP/2",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505)
bad("RFC 9112 2.3: HTTP/0.9", get(version="HTTP/0.9"), 505)
bad("RFC 9112 2.3: a request line without version", b"GET /health\r\n\r\n")
bad("RFC 9112 2.3: a version without minor number", get(version="HTTP/1"))
bad("RFC 9112 2.3: a version of two digits", get(version="HTTP/1.10"))
bad("RFC 9112 2.3: a version in lower case", get(version="http/1.1"))
bad("RFC 9112 3: white space behind the version", get(version="HTTP/1.1 "))
bad("TLS on this port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")

# --- lines and fields: RFC 9112 2.2, 5 --------------------------------------

keeps("RFC 9112 2.2: empty lines before a request",
      b"\r\n\r\n" + get() + b"\r\n" + get(), R(200), R(200))
bad("RFC 9112 2.2: too many of them", b"\r\n" * 5 + get())
bad("RFC 9112 2.2: lines that end in LF alone",
    get().replace(b"\r\n", b"\n"))
bad("RFC 9112 2.2: one line that ends in LF alone",
    get().replace(b"1.1\r\n", b"1.1\n"))
bad("RFC 9112 2.2: a bare CR in a value", get("/health", "A: b\rC: d"))
bad("RFC 9112 2.2: white space before the first field",
    get(host=" Host: localhost"))
bad("RFC 9112 5.2: a folded line", get("/health", "A: b", " c"))
bad("RFC 9112 5.1: white space before the colon", get("/health", "A : b"))
bad("RFC 9112 5: a line without colon", get("/health", "A"))
bad("RFC 9112 5: an empty field name", get("/health", ": b"))
bad("RFC 9110 5.1: a field name that is no token", get("/health", "A@: b"))
bad("RFC 9110 5.5: NUL in a value", get("/health", "A: b\0c"))
bad("RFC 9110 5.5: a control byte in a value", get("/health", "A: \x1b[m"))
keeps("RFC 9110 5.5: obs-text, tabs and empty values are fine",
      get("/health", "A: \xe4\xff", "B:\tc\t d\t", "C:"), R(200))
keeps("RFC 9110 5.1: field names in any case, white space around values",
      post("CONTENT-LENGTH: \t2 ", body=b"{}",
           kind="content-TYPE:application/json", auth=f"AUTHORIZATION:bearer {KEY}"),
      reaches())
keeps("RFC 6585 5: as many fields as may be",
      get("/health", *["A: b"] * (HEAD_FIELDS - 1)), R(200))
bad("RFC 6585 5: 431, one field more",
    get("/health", *["A: b"] * HEAD_FIELDS), 431)


def head_of(size):
    rest = len(get("/health", "A: "))
    return get("/health", "A: " + "b" * (size - rest))


keeps("RFC 6585 5: a head of the limit", head_of(HEAD_BYTES), R(200))
bad("RFC 6585 5: 431, one byte more", head_of(HEAD_BYTES + 1), 431)

# --- Host: RFC 9112 3.2 -----------------------------------------------------

bad("RFC 9112 3.2: HTTP/1.1 without Host", get(host=None))
bad("RFC 9112 3.2: two Host fields", get("/health", HOST))
bad("RFC 9112 3.2: two Host fields in HTTP/1.0",
    get("/health", HOST, version="HTTP/1.0"))
for value in "local host", "localhost/", "u@localhost", "a:b", "[::1", "\xe4":
    bad(f"RFC 9112 3.2: {value!a} is no Host", get(host=f"Host: {value}"))
# --- framing: RFC 9112 6 ----------------------------------------------------

keeps("RFC 9112 6.2: Content-Length", post("Content-Length: 2", body=b"{}"),
      reaches())
keeps("RFC 9112 6.2: Content-Length with zeros in front",
      post("Content-Length: 0002", body=b"{}"), reaches())
keeps("RFC 9110 9.3.1: the body of a GET is read and dropped",
      get("/health", "Content-Length: 4") + b"GET " +
      get("/health", CHUNKED) + chunks(b"GET / HTTP/1.1\r\n\r\n") + get(),
      *[R(200)] * 3)
keeps("RFC 9110 15.5.12: 411", post(), R(411))
closes("RFC 9110 15.5.14: 413 before the body comes",
       post(f"Content-Length: {BODY_BYTES + 1}", body=b"{"), R(413))
closes("RFC 9110 15.5.14: 413 when the chunks say so",
       post(CHUNKED, body=b"2\r\n{}\r\n%x\r\n" % (BODY_BYTES - 1)), R(413))
bad("RFC 9112 6.1: Transfer-Encoding and Content-Length",
    post(CHUNKED, "Content-Length: 2", body=chunks(b"{}")))
bad("RFC 9112 6.1: Content-Length and Transfer-Encoding",
    post("Content-Length: 2", CHUNKED, body=chunks(b"{}")))
bad("RFC 9112 6.3: two lengths",
    post("Content-Length: 2", "Content-Length: 3", body=b"{}"))
bad("RFC 9112 6.3: the same length twice",
    post("Content-Length: 2", "Content-Length: 2", body=b"{}"))
for value in ("2, 2", "+2", "-2", "2 2", "0x2", "2.0", "a", "",
              "18446744073709551618"):
    bad(f"RFC 9112 6.3: Content-Length: {value}",
        post(f"Content-Length: {value}", body=b"{}"))
bad("RFC 9112 6.1: chunked in HTTP/1.0",
    get("/health", CHUNKED, version="HTTP/1.0") + chunks(b"{}"))
bad("RFC 9112 6.1: chunked twice",
    post("Transfer-Encoding: chunked, chunked", body=chunks(b"{}")))
bad("RFC 9112 6.1: chunked in two fields",
    post(CHUNKED, CHUNKED, body=chunks(b"{}")))
bad("RFC 9112 6.3: chunked is not the last coding",
    post("Transfer-Encoding: chunked, gzip", body=chunks(b"{}")))
bad("RFC 9112 6.3: no chunked at all", post("Transfer-Encoding: gzip"))
bad("RFC 9112 6.3: identity", post("Transfer-Encoding: identity"))
bad("RFC 9112 6.1: 501, another coding",
    post("Transfer-Encoding: gzip, chunked", body=chunks(b"{}")), 501)
for value in "xchunked", '"chunked"', "chunked;a=b", ",chunked", "\x0bchunked":
    bad(f"RFC 9112 6.1: Transfer-Encoding: {value!a}",
        post(f"Transfer-Encoding: {value}", body=chunks(b"{}")))

# --- chunks: RFC 9112 7.1 ---------------------------------------------------


def chunked(body):
    return post("Transfer-Encoding: Chunked", body=body)


keeps("RFC 9112 7.1: chunks", chunked(chunks(b"{", b" ", b"}")), reaches())
keeps("RFC 9112 7.1: sizes with zeros in front and in both cases",
      chunked(b"000a\r\n{         \r\nA\r\n         }\r\n000\r\n\r\n"),
      reaches())
keeps("RFC 9112 7.1.1: extensions are ignored",
      chunked(b'2;a;b=c ; d = "\\""\r\n{}\r\n0;x="y;z"\r\n\r\n'),
      reaches())
keeps("RFC 9112 7.1.2: trailers are ignored",
      chunked(chunks(b"{}", last=b"0\r\nA: b\r\nContent-Length: 9\r\n\r\n")),
      reaches())
for what, body in [
        ("a size that is no number", b"x\r\n{}\r\n0\r\n\r\n"),
        ("an empty size", b"\r\n{}\r\n0\r\n\r\n"),
        ("a negative size", b"-2\r\n{}\r\n0\r\n\r\n"),
        ("a prefixed size", b"0x2\r\n{}\r\n0\r\n\r\n"),
        ("white space before a size", b" 2\r\n{}\r\n0\r\n\r\n"),
        ("white space behind a size", b"2 \r\n{}\r\n0\r\n\r\n"),
        ("a size of more than 64 bits", b"10000000000000002\r\n{}\r\n"),
        ("a size line that ends in LF", b"2\n{}\r\n0\r\n\r\n"),
        ("a bare LF in an extension", b"2;a\nb\r\n{}\r\n0\r\n\r\n"),
        ("an empty extension", b"2;\r\n{}\r\n0\r\n\r\n"),
        ("an endless extension", b"2;" + b"a" * 1100),
        ("more data than the size says", b"1\r\n{}\r\n0\r\n\r\n"),
        ("LF behind the data", b"2\r\n{}\n0\r\n\r\n"),
        ("a folded trailer", b"0\r\nA: b\r\n c\r\n\r\n"),
        ("a trailer that is no field", b"0\r\nA\r\n\r\n")]:
    bad(f"RFC 9112 7.1: {what}", chunked(body))
bad("RFC 6585 5: 431, endless trailers",
    chunked(b"0\r\n" + b"A: b\r\n" * 1400), 431)

# --- connections: RFC 9112 9 ------------------------------------------------

closes("RFC 9112 9.6: Connection: close",
       get("/health", "Connection: close") + get(), R(200))
closes("RFC 9110 7.6.1: close among other options",
       get("/health", "Connection: a , CLOSE", "Connection: b"), R(200))
keeps("RFC 9112 9.3.2: pipelined requests are answered in order",
      get() + get("/nothing") + get(method="HEAD") + get("/v1/models", AUTH)
      + post("Content-Length: 2", body=b"{}")
      + post(CHUNKED, body=chunks(b"[", b"]")) + get(method="OPTIONS"),
      R(200), R(404), R(200, "HEAD"), R(200), reaches(), R(400), R(204))
closes("RFC 9112 9.3.2: nothing is taken behind a malformed request",
       get() + get(host=None) + get(), R(200), R(400))
closes("RFC 9112 9.3: a refused body ends the connection",
       post("Content-Length: 2", body=b"{}", auth=None) + get(), R(401))

# --- expectations: RFC 9110 10.1.1 ------------------------------------------

bad("RFC 9110 15.5.18: 417", get("/health", "Expect: wonders"), 417)
closes("RFC 9110 10.1.1: HTTP/1.0 has no expectations",
       get("/health", "Expect: 100-continue", version="HTTP/1.0"), R(200))
keeps("RFC 9110 10.1.1: no 100 without a body to wait for",
      get("/health", "Expect: 100-continue"), R(200))


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


# --- content: RFC 9110 8.3 --------------------------------------------------

for value in ("text/plain", "application/jsonp", "application/x-ndjson",
              "multipart/form-data"):
    closes(f"RFC 9110 15.5.16: 415 for {value}",
           post("Content-Length: 2", body=b"{}",
                kind=f"Content-Type: {value}"), R(415))
closes("RFC 9110 15.5.16: 415 without a type",
       post("Content-Length: 2", body=b"{}", kind=None), R(415))
keeps("RFC 9110 8.3.1: media types in any case, with parameters",
      post("Content-Length: 2", body=b"{}",
           kind="Content-Type: Application/JSON ; charset=utf-8"), reaches())

# --- request ids ------------------------------------------------------------

keeps("X-Request-Id is the client's own",
      get("/health", "X-Request-Id: a-B_1.2:3") +
      get("/nothing", "x-request-id: " + "a" * 128),
      R(200, X_Request_Id="a-B_1.2:3"), R(404, X_Request_Id="a" * 128))


@test("X-Request-Id is made where the client's is absent or unfit")
def _():
    data = get() + get() + b"".join(
        get("/health", f"X-Request-Id: {value}")
        for value in ("", "a b", "\xe4", "a" * 129, "a<b"))
    ids = [r.header("X-Request-Id")
           for r in parse_responses(run_handler_pipe(data))]
    eq(len(set(ids)), 7, "different ids")
    for each in ids:
        ok(re.fullmatch("req_[0-9a-f]{24}", each), each)


# --- ends and deadlines -----------------------------------------------------

@test("the end of a pipe within a request is a 400")
def _():
    for data in get()[:-1], get()[:5], post("Content-Length: 3", body=b"{}"):
        (got,) = parse_responses(run_handler_pipe(data))
        R(400, Connection="close").check(got)


@test("a pipe without a request gets no answer")
def _():
    for data in b"", b"\r\n", b"\r\n\r\n":
        eq(run_handler_pipe(data), b"")


def run_without(closed, data):
    """The output of a handler that a shell starts with descriptors closed."""
    with Env() as env:
        done = subprocess.run(
            ["/bin/sh", "-c", f'exec "$0" {closed}', program("ccp-handler")],
            input=data, capture_output=True, env=env.environ, check=False,
            timeout=8)  # below each deadline of a connection
    check_stderr(done.stderr.decode())
    eq(done.returncode, 0, closed)
    return done.stdout


@test("a closed descriptor is no place for another one")
def _():
    eq(run_without("<&-", get()), b"")
    eq(run_without("<&- >&- 2>&-", get()), b"")
    for closed in ">&-", ">&- 2>&-", ">/dev/full":
        eq(run_without(closed, get()), b"")
    body = dumps(chat_body("hello"))
    chat = post(f"Content-Length: {len(body)}", body=body)
    for got in parse_responses(run_without("2>&-", get() + chat)):
        eq(got.status, 200)
    eq(run_without(">&- 2>&-", chat), b"")


@test("a client that half-closes gets what can be answered at once")
def _():
    with Env() as env, HandlerSocket(env) as handler:
        handler.http.send(get() + get("/v1/models", AUTH))
        handler.http.sock.shutdown(socket.SHUT_WR)
        eq(handler.http.read_response().status, 200)
        eq(handler.http.read_response().status, 200)
        ok(handler.http.at_end())


@test("a client that half-closes is not served by Claude")
def _():
    with Env(child={"CCP_DEMO_DELAY_MS": "60000"}) as env, \
            HandlerSocket(env) as handler:
        body = dumps(chat_body("hello"))
        handler.http.send(post(f"Content-Length: {len(body)}", body=body))
        handler.http.sock.shutdown(socket.SHUT_WR)
        ok(handler.http.at_end(), "an answer")
        eq(handler.wait(), 0)
        env.wait_gone()


@test("RFC 9112 9.6: a client that sends on after a refusal can read it")
def _():
    with Env() as env, HandlerSocket(env) as handler:
        handler.http.send(post("Content-Length: 900000", auth=None))
        time.sleep(0.3)
        handler.http.send(b"x" * 900000)
        time.sleep(0.3)
        eq(handler.http.read_response().status, 401)
        ok(handler.http.at_end())


@test("RFC 9112 9.6: so can one that sends all of a long body first")
def _():
    for body, auth, status in ((BODY_BYTES, None, 401),
                               (BODY_BYTES + 1, AUTH, 413)):
        with Env() as env, HandlerSocket(env) as handler:
            handler.http.send(post(f"Content-Length: {body}", auth=auth))
            handler.http.send(bytes(body))
            eq(handler.http.read_response().status, status)
            ok(handler.http.at_end())


@test("a chat in chunks, the whole way", seconds=60)
def _():
    with Env() as env, HandlerSocket(env) as handler:
        body = dumps(chat_body("hello"))
        data = post(CHUNKED, body=chunks(*[body[i:i + 1]
                                           for i in range(len(body))]))
        send_pieces(handler.http, data, 1)
        got = handler.http.read_response()
        eq(got.status, 200)
        contains(got.json()["choices"][0]["message"]["content"], "hello")


@test("RFC 9110 15.5.9: 408 for half a head, silence for none at all")
def _():
    with Env() as env, HandlerSocket(env) as half, \
            HandlerSocket(env) as none, HandlerSocket(env) as slow:
        half.http.send(get()[:-2])
        slow.http.send(get())
        eq(slow.http.read_response().status, 200)
        started = time.monotonic()
        for byte in get()[:7]:  # each in time, but not all together
            slow.http.send(bytes([byte]))
            time.sleep(2)
            if time.monotonic() - started > 11:
                break
        for http in half.http, slow.http:
            R(408, Connection="close").check(http.read_response())
        ok(none.http.at_end(), "more than silence")
        eq(none.wait(), 0)


@test("the log has one line for each request and nothing of the key")
def _():
    with Env() as env:
        with HandlerSocket(env) as handler:
            handler.http.send(get("/health", "X-Request-Id: one") +
                              get("/v1/models", AUTH, "X-Request-Id: two") +
                              get(host=None))
            for status in 200, 200, 400:
                eq(handler.http.read_response().status, status)
            handler.http.close()
            handler.wait()
            log = handler.stderr()
    eq(len(re.findall(r"^.* one GET /health 200 \d+ms client=127\.0\.0\.1$", log, re.M)), 1, log)
    eq(len(re.findall(r"^.* two GET /v1/models 200 \d+ms client=127\.0\.0\.1$", log, re.M)), 1,
       log)
    eq(len(re.findall(r"^.* 400 \d+ms client=127\.0\.0\.1 ", log, re.M)), 1, log)
    lacks(log, KEY)


if __name__ == "__main__":
    main()
