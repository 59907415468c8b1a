#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Field lines, byte by byte: RFC 9112 5, RFC 9110 5."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from ccp import KEY, Env  # noqa: E402
from raw_http import (CHUNKED, R, bad, chunks,  # noqa: E402
                      closes, get, keeps, main, post, reaches,
                      serve_in_pieces)
from http_client import parse_responses  # noqa: E402
from tap import add, eq  # noqa: E402


HEAD_BYTES, HEAD_FIELDS = 32768, 100
# Control bytes, the space, and what is not ASCII
STRANGE = [*range(0x21), *range(0x7f, 0x100)]
# Those of them that some server or proxy has been known to take for white
# space, for the end of a line, of a text or of a name; the others differ from
# these for nobody.
SUSPECT = (0x00, 0x01, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x1c, 0x1f,
           0x20, 0x7f, 0x80, 0x85, 0xa0, 0xad, 0xff)
BLANK = 0x09, 0x20

# --- the form of a field line: RFC 9112 5 -----------------------------------

bad("RFC 9112 2.2: a bare CR in a value", get("/health", "A: b\rC: d"))
bad("RFC 9112 2.2: a bare CR at the end of a value", get("/health", "A: b\r"))
bad("RFC 9112 2.2: a bare LF in a value", get("/health", "A: b\nC: d"))
bad("RFC 9112 2.2: a bare CR for an empty value", get("/health", "A:\r"))
bad("RFC 9112 5.2: a folded line", get("/health", "A: b", " c"))
bad("RFC 9112 5.2: a folded line, with a tab", get("/health", "A: b", "\tc"))
bad("RFC 9112 5.2: an empty folded line", get("/health", "A: b", " "))
bad("RFC 9112 5.2: a folded line that looks like a field",
    post("A: b", " Content-Length: 2", body=b"{}"))
bad("RFC 9112 5.2: a folded Host", get(host="Host:\r\n localhost"))
bad("RFC 9112 5.2: a folded line behind the last field",
    get()[:-2] + b" a\r\n\r\n")
bad("RFC 9112 5: a line without colon", get("/health", "A"))
bad("RFC 9112 5: a line without colon, the last", get("/health", "A: b", "C"))
bad("RFC 9112 5: an empty field name", get("/health", ": b"))
bad("RFC 9112 5: a colon alone", get("/health", ":"))
bad("RFC 9112 5: a request line among the fields",
    get("/health", "GET /health HTTP/1.1"))
bad("RFC 9112 5: an equals sign for the colon", get("/health", "A= b"))
for sign in '"(),/;<=>?@[\\]{}':
    bad(f"RFC 9110 5.1: {sign} in a name is no token",
        get("/health", f"A{sign}: b"))
keeps("RFC 9110 5.1: all signs of a token in a name",
      get("/health", "!#$%&'*+-.^_`|~09AZaz: b"), R(200))
keeps("RFC 9110 5.5: all that a value may hold",
      get("/health", "A: " + "".join(map(chr, range(0x20, 0x7f))) + "\x80\xff"),
      R(200))
keeps("RFC 9110 5.5: obs-text, tabs and empty values are fine",
      get("/health", "A: \xe4\xff", "B:\tc\t d\t", "C:"), R(200))
keeps("RFC 9110 5.5: no white space before a value, and much of it",
      get("/health", "A:b", "C:" + " \t" * 200 + "d" + "\t " * 200, "E: \t "),
      R(200))
keeps("RFC 9110 5.3: the same field any number of times",
      get("/health", "A: b", "a: c", "A:"), R(200))
keeps("RFC 9110 5.1: field names in any case, white space around values",
      post("CONTENT-LENGTH: \t2 ", body=b"{}",
           kind="content-TYPE:application/json", auth=f"AUTHORIZATION:bearer {KEY}"),
      reaches())
keeps("RFC 9110 5.1: a name of any length",
      get("/health", "A" * 5000 + ": b"), R(200))
keeps("RFC 9110 5.1: fields that nobody knows",
      get("/health", "Content_Length: 9", "Content-Lengt: 9",
          "Content-Length1: 9", "X-Transfer-Encoding: chunked",
          "TransferEncoding: chunked"), R(200))

# --- fields without an effect here ------------------------------------------

for field, section in (("Upgrade: h2c", "7.8"), ("Upgrade: websocket", "7.8"),
                       ("TE: trailers", "10.1.4"), ("Via: 1.1 a", "7.6.3"),
                       ("Range: bytes=0-1", "14.2"),
                       ("If-None-Match: *", "13.1.2"),
                       ("If-Match: \"a\"", "13.1.1"),
                       ("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
                        "13.1.3"), ("Accept: text/html", "12.5.1"),
                       ("Accept: */*;q=0", "12.5.1"),
                       ("Accept-Encoding: gzip, identity;q=0", "12.5.3"),
                       ("Accept-Charset: x", "12.5.2"),
                       ("Max-Forwards: 0", "7.6.2"),
                       ("Trailer: Content-Length", "6.6.2"),
                       ("Proxy-Connection: close", "7.6.1"),
                       ("Keep-Alive: timeout=0", "7.6.1"),
                       ("HTTP2-Settings: AAMAAABk", "7.8"),
                       ("X-HTTP-Method-Override: DELETE", "9.1"),
                       ("X-Original-URL: /nothing", "7.1"),
                       ("X-Rewrite-URL: /nothing", "7.1"),
                       ("Forwarded: host=evil.example", "7.2"),
                       ("X-Forwarded-Host: evil.example", "7.2")):
    keeps(f"RFC 9110 {section}: {field} changes nothing",
          get("/health", field), R(200, body=b'{"status":"ok"}',
                                   Content_Encoding=None, Upgrade=None))

# --- how much of them: RFC 6585 5 -------------------------------------------

keeps("RFC 6585 5: as many fields as may be",
      get("/health", *["A: b"] * (HEAD_FIELDS - 1)), R(200))
bad("RFC 6585 5: 431, one field more",
    get("/health", *["A: b"] * HEAD_FIELDS), 431)
bad("RFC 6585 5: 431, one empty field more",
    get("/health", *["A:"] * HEAD_FIELDS), 431)


def head_of(size):
    rest = len(get("/health", "A: "))
    return get("/health", "A: " + "b" * (size - rest))


keeps("RFC 6585 5: a head of the limit", head_of(HEAD_BYTES), R(200))
bad("RFC 6585 5: 431, one byte more", head_of(HEAD_BYTES + 1), 431)
bad("RFC 6585 5: 431, a name without end", get()[:-2] + b"A" * HEAD_BYTES, 431)
bad("RFC 6585 5: 431, a value without end",
    get()[:-2] + b"A: " + b" " * HEAD_BYTES, 431)

# --- content: RFC 9110 8.3, 8.4 ---------------------------------------------

for value in ("text/plain", "application/jsonp", "application/x-ndjson",
              "multipart/form-data", "", ";", "json", "application/json x",
              "application/json, text/plain", "text/plain;application/json",
              "application/json\xa0", "application /json",
              "application/x-www-form-urlencoded", '"application/json"'):
    closes(f"RFC 9110 15.5.16: 415 for {value!a}",
           post("Content-Length: 2", body=b"{}",
                kind=f"Content-Type: {value}"), R(415))
closes("RFC 9110 15.5.16: 415 without a type",
       post("Content-Length: 2", body=b"{}", kind=None), R(415))
closes("RFC 9110 15.5.16: 415 for two types",
       post("Content-Length: 2", "Content-Type: text/plain", body=b"{}"),
       R(415))
for value in ("Application/JSON ; charset=utf-8", "application/json;",
              "application/json;charset=\"utf-8\"", "application/json\t; a=b"):
    keeps(f"RFC 9110 8.3.1: {value!a} is JSON",
          post("Content-Length: 2", body=b"{}",
               kind=f"Content-Type: {value}"), reaches())
for value in "gzip", "br", "deflate, identity", "x", "identity, gzip":
    closes(f"RFC 9110 8.4: 415 for Content-Encoding: {value}",
           post("Content-Length: 2", f"Content-Encoding: {value}",
                body=b"{}"), R(415, Accept_Encoding="identity"))
closes("RFC 9110 8.4: 415 for two fields of it",
       post("Content-Length: 2", "Content-Encoding: identity",
            "Content-Encoding: gzip", body=b"{}"),
       R(415, Accept_Encoding="identity"))
for value in "identity", "Identity", "":
    keeps(f"RFC 9110 8.4: Content-Encoding: {value} is none",
          post("Content-Length: 2", f"Content-Encoding: {value}",
               body=b"{}"), reaches())

# --- request ids ------------------------------------------------------------

keeps("X-Request-Id is the client's own",
      get("/health", "X-Request-Id: a-B_1.2:3") +
      get("/nothing", "x-request-id: " + "a" * 128),
      R(200, X_Request_Id="a-B_1.2:3"), R(404, X_Request_Id="a" * 128))

# --- strange bytes: RFC 9110 5.1, 5.5, 5.6.2 --------------------------------

LENGTH = "Content-Length: 2", b"{}"
CODING = CHUNKED, chunks(b"{}")


def around(field, body, place, byte):
    """A request whose framing field has that byte there."""
    name, value = field.split(": ")
    line = {"before the name": f"{byte}{name}: {value}",
            "in the name": f"{name[:8]}{byte}{name[8:]}: {value}",
            "behind the name": f"{name}{byte}: {value}",
            "before the value": f"{name}: {byte}{value}",
            "behind the value": f"{name}: {value}{byte}",
            "for the colon": f"{name}{byte}{value}",
            "for the space": f"{name}:{byte}{value}"}[place]
    return post(line, body=body)


PLACES = ("before the name", "in the name", "behind the name",
          "before the value", "behind the value", "for the colon",
          "for the space")


def is_fine(place, code):
    """White space around a value is no part of it."""
    return code in BLANK and place in ("before the value", "behind the value",
                                       "for the space")


def each_byte(place, framing, codes):
    return [around(*framing, place, chr(code)) for code in codes]


for framing in LENGTH, CODING:
    for place in PLACES:
        for code in SUSPECT:
            name = (f"RFC 9112 5: {code:#04x} {place}, "
                    f"{framing[0].split(':')[0]}")
            data = around(*framing, place, chr(code))
            if data == post(framing[0], body=framing[1]):
                continue  # a space in its own place
            if is_fine(place, code):
                keeps(name, data, reaches())
            else:
                bad(name, data)
for place, line in (("before the name", "{}A: b"), ("in the name", "A{}B: c"),
                    ("behind the name", "A{}: b")):
    for code in SUSPECT:
        bad(f"RFC 9110 5.1: {code:#04x} {place}",
            get("/health", line.format(chr(code))))
for code in SUSPECT:
    if code < 0x80 and code not in BLANK:
        bad(f"RFC 9110 5.5: {code:#04x} in a value",
            get("/health", f"A: b{chr(code)}c"))


def sweep(requests, good):
    """Each of the requests, whole, within one process; good: which reach
    their endpoint, all others are refused and nothing behind them is taken."""
    all_of_them = [(data + get(), 2 if fine else 1, 0)
                   for data, fine in zip(requests, good)]
    with Env(USAGE_LEDGER="off") as env:
        served = list(serve_in_pieces(env, all_of_them))
    for each, (data, _, _), fine in zip(served, all_of_them, good):
        got = parse_responses(each.whole)
        eq([r.status for r in got], [400, 200] if fine else [400], repr(data))
        (reaches() if fine else R(400, Connection="close")).check(got[0])


for framing in LENGTH, CODING:
    for place in PLACES:
        add(f"RFC 9112 5: every strange byte {place}, "
            f"{framing[0].split(':')[0]}",
            lambda p=place, f=framing: sweep(
                each_byte(p, f, STRANGE), [is_fine(p, c) for c in STRANGE]))

if __name__ == "__main__":
    main()
