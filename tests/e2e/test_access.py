#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may use the proxy: which Host, which key, pages of which Origin."""
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import procs  # noqa: E402
from ccp import Env, HandlerSocket, Start, orphans_end  # noqa: E402
from raw_http import (AUTH, JSON, KEY, PATH, R, at_once,  # noqa: E402
                      closes, each, get, keeps, main, post)
from tap import contains, eq, lacks, ok, test, until  # noqa: E402

# --- Host: DNS rebinding ----------------------------------------------------

for value in ("LOCALHOST", "localhost:8888", "app.localhost", "127.0.0.1:80",
              "[::1]", "[::1]:8888", "192.168.1.2"):
    keeps(f"Host: {value} is served", get(host=f"Host: {value}"), R(200))
for value in ("", "evil.example", "localhost.evil.example", "127.0.0.1.nip.io",
              "evil.example:8888"):
    keeps(f"Host: {value} is refused", get(host=f"Host: {value}"), R(403))
keeps("ALLOWED_HOSTS are served", get(host="Host: ccp.example:1"), R(200),
      ALLOWED_HOSTS="ccp.example,other.example")

# --- authentication: RFC 9110 11, RFC 6750 ----------------------------------

LATE = 0.75  # LIMIT_WRONG_KEY_MS
# The last: RFC 9110 11.6.2
WRONG = [[v] for v in (
    "Bearer wrong", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", "Bearer",
    f"Basic {KEY}", KEY, f"Bearer {KEY} {KEY}", "Bearer CCP_API_KEY",
    f"Bearer {KEY.upper()}", f"bearer: {KEY}", "Bearer \xff", "")]
WRONG.append([f"Bearer {KEY}"] * 2)
BEARER = 'Bearer realm="ccp"'

keeps("RFC 6750 2.1: the right key", get("/v1/models", AUTH), R(200))
keeps("RFC 9110 15.5.2: 401 without a key", get("/v1/models"),
      R(401, WWW_Authenticate=BEARER))
at_once("RFC 9110 15.5.2: 401 for a wrong key, and that late",
        [get("/v1/models", *[f"Authorization: {v}" for v in values])
         for values in WRONG], R(401, WWW_Authenticate=BEARER), LATE)
keeps("a path that is not there needs no key", get("/nothing"), R(404))

# --- browsers: the Origin of a page -----------------------------------------

PREFLIGHT = ["Access-Control-Request-Method: POST",
             "Access-Control-Request-Headers: authorization,content-type,"
             "x-stainless-os"]
PAGE = "Origin: https://page.example"


def cors(status, origin, **more):
    return R(status, Access_Control_Allow_Origin=origin, Vary="Origin", **more)


keeps("CORS: with a key of one's own every page may ask",
      get("/v1/models", AUTH, PAGE), cors(200, "https://page.example"))
keeps("CORS: errors are readable too", get("/v1/models", PAGE),
      cors(401, "https://page.example"))
closes("CORS: so are those about the body",
       post(PAGE, "Content-Length: 99999999"),
       cors(413, "https://page.example"))
keeps("CORS: a preflight is answered without a key",
      get(PATH, PAGE, *PREFLIGHT, method="OPTIONS"),
      cors(204, "https://page.example", Access_Control_Allow_Headers=
           "authorization,content-type,x-stainless-os",
           Access_Control_Allow_Methods="GET, POST, OPTIONS"))
keeps("CORS: an opaque origin is refused", get("/v1/models", "Origin: null"),
      R(403, Access_Control_Allow_Origin=None))
keeps("CORS: CORS_ORIGIN is a list",
      get("/health", PAGE) + get("/health", "Origin: https://other.example"),
      cors(200, "https://page.example"),
      R(403, Access_Control_Allow_Origin=None),
      CORS_ORIGIN="https://page.example, https://third.example")
for value in ("https://page.example", "http://localhost.evil.example",
              "http://localhost@evil.example", "null",
              "http://127.0.0.1.evil.example"):
    keeps(f"CORS: with the default key {value} is refused",
          get("/health", f"Origin: {value}") +
          get(PATH, f"Origin: {value}", *PREFLIGHT, method="OPTIONS"),
          *[R(403, Access_Control_Allow_Origin=None)] * 2, API_KEY=None)
for value in ("http://localhost", "http://localhost:3000",
              "https://127.0.0.1:1", "http://[::1]:3000"):
    keeps(f"CORS: with the default key {value} may ask",
          get("/health", f"Origin: {value}"), cors(200, value), API_KEY=None)

# --- what a hostile page, or its server, may try ----------------------------

CORS = ("Origin", "Methods", "Headers", "Private_Network", "Credentials")
NO_CORS = {f"Access_Control_Allow_{n}": None for n in CORS} | {
    "Access_Control_Expose_Headers": None}


def refused(status, **more):
    """Without a word that a browser would take for leave."""
    return R(status, **NO_CORS, **more)


# With a key of one's own every page may ask, which has the key
EVIL = "Origin: https://evil.example"
OWN = {"CORS_ORIGIN": "https://page.example, https://two.example:8443"}
BODY = b'{"messages":[{"role":"user","content":"hello"}]}'
LENGTH = f"Content-Length: {len(BODY)}"
FORM = "Content-Type: multipart/form-data; boundary=x"
KINDS = ("Content-Type: text/plain", "Content-Type: text/plain;charset=UTF-8",
         "Content-Type: application/x-www-form-urlencoded", FORM,
         "Content-Type: text/plain; application/json",
         "Content-Type: text/json", "Content-Type: application/json-seq",
         "Content-Type: application/json, text/plain",
         "Content-Type: ", "X-Content-Type: application/json")

each("a form of a page on this machine is no request",
     [(kind, post(LENGTH, "Origin: http://localhost:3000", kind=kind,
                  body=BODY),
       R(415, Access_Control_Allow_Origin="http://localhost:3000"))
      for kind in KINDS]
     + [(f"{kind}, from nowhere", post(LENGTH, kind=kind, body=BODY),
         refused(415)) for kind in KINDS])
each("a form of a foreign page",
     [(kind, post(LENGTH, EVIL, kind=kind, body=BODY), refused(403))
      for kind in (*KINDS, JSON)]
     + [(f"{kind} without a key", post(LENGTH, EVIL, kind=kind, auth=None,
                                       body=BODY), refused(403))
        for kind in (*KINDS, JSON)]
     + [(f"{origin} {kind}", post(LENGTH, f"Origin: {origin}", kind=kind,
                                  body=BODY), refused(403))
        for origin in ("null", "file://", "https://page.example.evil.example")
        for kind in (*KINDS, JSON)], **OWN)
each("origins that are like those of CORS_ORIGIN",
     [(origin, get("/v1/models", AUTH, f"Origin: {origin}"), refused(403))
      for origin in (
          "https://page.example:443", "https://page.example:8443",
          "http://page.example", "https://two.example", "page.example",
          "https://page.example.", "https://page.example/", "https://page",
          "https://xpage.example", "https://x.page.example", "//page.example",
          "https://page.example, https://two.example:8443", ",", "", "*",
          "null", "https://page.example https://two.example:8443",
          "https://page.example,", "https://page.example\xff")]
     + [(origin, get("/v1/models", AUTH, f"Origin: {origin}"),
         cors(200, origin))
        for origin in ("https://page.example", "HTTPS://PAGE.example",
                       "https://two.example:8443")]
     + [("two", get("/v1/models", AUTH, *["Origin: https://page.example"] * 2),
         refused(403))], **OWN)
# Chromium asked for leave to reach a private network so; what has taken its
# place (Local Network Access) asks the person, and nothing of the server.
LOCAL = ["Access-Control-Request-Private-Network: true",
         "Access-Control-Request-Local-Network: true"]
each("a page asks for leave to reach a private network",
     [(f"{field} {origin}", get(PATH, f"Origin: {origin}", *PREFLIGHT, field,
                                method="OPTIONS"), refused(403))
      for field in LOCAL for origin in ("https://evil.example", "null")]
     + [("an allowed page", get(PATH, "Origin: https://page.example",
                                *PREFLIGHT, *LOCAL, method="OPTIONS"),
         cors(204, "https://page.example",
              Access_Control_Allow_Private_Network="true",
              Access_Control_Allow_Local_Network=None,
              Access_Control_Allow_Credentials=None))]
     + [("one that does not ask for it", get(
         PATH, "Origin: https://page.example", *PREFLIGHT, method="OPTIONS"),
         cors(204, "https://page.example",
              Access_Control_Allow_Private_Network=None))], **OWN)
HOSTS = ("evil.example", "evil.example:8888", "127.0.0.1.evil.example",
         "localhost.evil.example", "xlocalhost", "localhost@evil.example",
         "127.0.0.1@evil.example", "0x7f.1", "2130706433", "127.1",
         "[::1].evil.example", "evil.example.", "localhost, evil.example", "")
each("a name that has come to mean this machine",
     [(f"{host} {fields}", get(target, *fields, method=method,
                               host=f"Host: {host}"),
       # What is no host at all is no request either
       refused(400 if set(host) & set("@,") or host.startswith("[::1].")
               else 403))
      for host in HOSTS
      for method, target, fields in (
          ("GET", "/health", []),
          ("GET", "/v1/models", [AUTH]),
          ("GET", "/v1/models", [AUTH, f"Origin: http://{host}"]),
          ("GET", "/v1/models", [AUTH, "Origin: https://page.example"]),
          ("OPTIONS", PATH, ["Origin: https://page.example", *PREFLIGHT,
                             *LOCAL]))], **OWN)
each("no Host",
     [(f"{version} {fields}", get("/v1/models", *fields, host=None,
                                  version=version), want)
      for version, fields, want in (
          ("HTTP/1.1", [AUTH], refused(400)),
          ("HTTP/1.1", [AUTH, "Origin: https://page.example"], refused(400)),
          ("HTTP/1.1", ["X-Host: localhost"], refused(400)),
          # No browser speaks that, and a name that was rebound would be told
          ("HTTP/1.0", [AUTH], refused(200)),
          ("HTTP/1.0", [AUTH, EVIL], refused(403)))], **OWN)
each("the default key under another name than loopback's",
     [(host, get("/v1/models", "Authorization: Bearer CCP_API_KEY",
                 host=f"Host: {host}"), refused(403))
      for host in ("ccp.example", "192.168.1.2", "0.0.0.0:8888", "[::]",
                   "10.0.0.1:80", "evil.example")]
     + [(f"{host} with an Origin", get(
         "/v1/models", "Authorization: Bearer CCP_API_KEY",
         f"Origin: http://{host}", host=f"Host: {host}"), refused(403))
        for host in ("ccp.example", "192.168.1.2", "0.0.0.0:8888")]
     + [(host, get("/v1/models", "Authorization: Bearer CCP_API_KEY",
                   host=f"Host: {host}"), R(200))
        for host in ("localhost", "127.0.0.1:8888", "[::1]", "a.localhost")],
     API_KEY=None, ALLOWED_HOSTS="ccp.example")


# --- guessing ---------------------------------------------------------------

def guess(http, key="guess", **fields):
    return http.get("/v1/models", Authorization=f"Bearer {key}", **fields)


def guessers(server, count, status):
    """Connections that have all sent a wrong key; meanwhile a good one gets
    that status."""
    crowd = [server.client() for _ in range(count)]
    for http in crowd:
        http.send_request("GET", "/v1/models", headers={
            "Authorization": "Bearer guess"})
    with server.client() as http:
        eq(http.get("/v1/models").status, status)
    return crowd


@test("a wrong key is logged with who sent it, whoever he says he is")
def _():
    for unix in (False, True):
        with Env() as env, HandlerSocket(env, unix=unix) as handler:
            eq(guess(handler.http, **{
                "X-Forwarded-For": "192.0.2.7", "X-Real-IP": "192.0.2.7",
                "Forwarded": "for=192.0.2.7"}).status, 401)
            log = handler.stderr()
        lacks(log, "192.0.2.7")
        lacks(log, "guess")
        line, = [line for line in log.split("\n") if "wrong API key" in line]
        contains(line, " warn: req_")
        if not unix:
            contains(line, " wrong API key from 127.0.0.1")
        elif orphans_end():  # on Linux the system tells more
            contains(line, f" from unix, uid {os.getuid()}, pid "
                     f"{os.getpid()}")


@test("a missing key is no guess: it is answered at once, and not told")
def _():
    with Env() as env, HandlerSocket(env) as handler:
        begin = time.monotonic()
        for _ in range(40):
            eq(handler.http.get("/v1/models",
                                Authorization=None).status, 401)
        ok(time.monotonic() - begin < 20 * LATE, "each was late")
        lacks(handler.stderr(), "wrong API key")


@test("the third wrong key of a connection is its last")
def _():
    with Env() as env, HandlerSocket(env) as handler:
        begin = time.monotonic()
        for n in range(3):
            eq(handler.http.get("/v1/models").status, 200)
            eq(guess(handler.http).header("Connection"),
               "close" if n == 2 else "keep-alive")
        ok(time.monotonic() - begin >= 3 * LATE)
        ok(handler.http.at_end(), "it goes on")


@test("a long body behind a wrong key does not hide the answer")
def _():
    with Env() as env, HandlerSocket(env) as handler:
        body = b"x" * (8 << 20)
        handler.http.send(post(f"Content-Length: {len(body)}",
                               auth="Authorization: Bearer guess"))
        handler.http.send(body)
        eq(handler.http.read_response().status, 401)
        ok(handler.http.at_end())


@test("who guesses in crowds keeps nobody else waiting, and no place")
def _():
    with Env(MAX_CONNECTIONS="40") as env, Start(env) as server:
        crowd = guessers(server, 30, 200)
        for n, http in enumerate(crowd):
            if n % 2:
                http.close()  # and some do not even wait
            else:
                eq(http.read_response().status, 401)
                http.close()
        env.wait_gone(server.pid)
        eq(server.stderr().count("wrong API key from 127.0.0.1"), 30)


@test("guesses count as connections do")
def _():
    with Env(MAX_CONNECTIONS="4") as env, Start(env) as server:
        env.wait_gone(server.pid)  # who asked whether it is there
        crowd = guessers(server, 4, 503)
        for http in crowd:
            eq(http.read_response().status, 401)
            http.close()
        # Not before it has reaped them.
        until(lambda: not procs.count_children(server.pid), what="their end")
        with server.client() as http:
            eq(http.get("/v1/models").status, 200)


@test("ccp start tells of keys that are short; not of digests, nor of good ones")
def _():
    short = "is short: one of 16 characters"
    keys = {"fifteen-letters": "fifteen", "sixteen--letters": "sixteen",
            "é" * 15: "accents", f"sha256:{'0' * 64}": "digest"}
    with Env(API_KEYS=json.dumps(keys), API_KEY="abc") as env, \
            Start(env) as server:
        log = server.stderr()
    eq(log.count(short), 3)
    for name in ("API_KEY", "API_KEYS: the key of fifteen",
                 "API_KEYS: the key of accents"):
        contains(log, f"warn: {name} {short}")
    for key in ("letters", "abc", "éé"):
        lacks(log, key)
    with Env() as env, Start(env) as server:
        lacks(server.stderr(), short)


if __name__ == "__main__":
    main()
