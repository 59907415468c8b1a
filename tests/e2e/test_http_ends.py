#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a connection of ccp-handler begins and ends: RFC 9112 9."""
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
from raw_http import (AUTH, CHUNKED, R, chunks, get, post,  # noqa: E402
                      send_pieces)
from tap import contains, eq, lacks, main, ok, test  # noqa: E402


BODY_BYTES = 32 * 1024 * 1024

# --- request ids ------------------------------------------------------------

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


def run_without(closed, data, seconds=8):
    """The output of a handler that a shell starts with descriptors closed.
    seconds: below each deadline of a connection, but for who waits for
    Claude."""
    with Env() as env:
        done = subprocess.run(
            ["/bin/sh", "-c", f'exec "$0" {closed}', program("ccp-handler")],
            input=data, capture_output=True, env=env.environ, check=False,
            timeout=seconds)
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
    for got in parse_responses(run_without("2>&-", get() + chat, 60)):
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
