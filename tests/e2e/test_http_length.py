#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a body ends: RFC 9112 6, byte by byte."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from raw_http import (CHUNKED, R, bad, chunks, closes,  # noqa: E402
                      get, keeps, main, post, reaches)


BODY_BYTES = 32 * 1024 * 1024
OTHER = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"

# --- Content-Length: RFC 9112 6.2, RFC 9110 8.6 -----------------------------

keeps("RFC 9112 6.2: Content-Length", post("Content-Length: 2", body=b"{}"),
      reaches())
for value in "0002", "0" * 100 + "2", "2 \t ", "\t \t2":
    keeps(f"RFC 9110 8.6: Content-Length: {value!a} is 2",
          post(f"Content-Length: {value}", body=b"{}"), reaches())
keeps("RFC 9110 8.6: a length of nothing",
      post("Content-Length: 0"), R(400))
keeps("RFC 9110 8.6: nothing, with zeros in front",
      post("Content-Length: 00000000000000000000000"), R(400))
keeps("RFC 9110 9.3.1: the body of a GET is read and dropped",
      get("/health", "Content-Length: 4") + b"GET " +
      get("/health", CHUNKED) + chunks(OTHER) + get(), *[R(200)] * 3)
keeps("RFC 9110 9.3.2: the body of a HEAD is read and dropped",
      get("/health", f"Content-Length: {len(OTHER)}", method="HEAD") + OTHER,
      R(200, "HEAD", body=b""))
keeps("RFC 9112 6.3: a request without either has no body",
      get() + OTHER, R(200), R(404))
keeps("RFC 9112 6.3: a request within a body is none",
      post(f"Content-Length: {len(OTHER)}", body=OTHER), R(400))
keeps("RFC 9112 6.3: one byte less, and the rest is the next request",
      post("Content-Length: 2", body=b"{}" + OTHER), reaches(), R(404))
closes("RFC 9112 6.3: two bytes more than the length are no request",
       get("/health", "Content-Length: 2") + b"{}{}" + get(),
       R(200), R(400))
keeps("RFC 9110 15.5.12: 411", post(), R(411))
closes("RFC 9110 15.5.14: 413 before the body comes",
       post(f"Content-Length: {BODY_BYTES + 1}", body=b"{"), R(413))
for value in (2 ** 32 + 2, 2 ** 63, 2 ** 64 - 1):
    closes(f"RFC 9110 15.5.14: 413, {value} bytes",
           post(f"Content-Length: {value}", body=b"{}" + OTHER), R(413))
closes("RFC 9110 15.5.14: 413 for the body of a GET",
       get("/health", f"Content-Length: {BODY_BYTES + 1}") + OTHER, R(413))
for value in (2 ** 64, 2 ** 64 + 2, 2 ** 65 + 2, 10 ** 40):
    bad(f"RFC 9110 8.6: {value} is beyond all lengths",
        post(f"Content-Length: {value}", body=b"{}"))
for value in ("2, 2", "2,2", "2,", ",2", "2;2", "2 2", "+2", "-2", "--2", "-0",
              "0x2", "0X2", "2h", "2.0", "2.", ".2", "2e0", "2_0", "2'0",
              "a", "two", "", '"2"', "(2)", "2=", "2:", "2%", "%32", "NaN",
              "Infinity", "2L", "\xb2", "\xef\xbc\x92", "0b10", "#2"):
    bad(f"RFC 9112 6.3: Content-Length: {value!a}",
        post(f"Content-Length: {value}", body=b"{}"))
for value in "0, 0", "-0", "+0", "0x0", "0,", "", "00 0", "-1":
    bad(f"RFC 9112 6.3: Content-Length: {value} of a GET",
        get("/health", f"Content-Length: {value}"))
for first, second in (("2", "3"), ("2", "2"), ("3", "2"), ("0", "2"),
                      ("2", "0"), ("2", ""), ("", "2"), ("2", "a"),
                      ("2", "02")):
    what = {("2", "3"): "two lengths", ("2", "2"): "the same length twice"}
    bad("RFC 9112 6.3: " + what.get((first, second),
                                    f"the lengths {first!r} and {second!r}"),
        post(f"Content-Length: {first}", f"Content-Length: {second}",
             body=b"{}"))
bad("RFC 9112 6.3: two lengths in different cases, far from each other",
    post("Content-Length: 2", "A: b", "cONTENT-lENGTH: 3", body=b"{}"))
bad("RFC 9112 6.3: three lengths", post(*["Content-Length: 2"] * 3,
                                        body=b"{}"))
closes("RFC 9112 9.3: HTTP/1.0 with a length",
       get("/health", f"Content-Length: {len(OTHER)}", version="HTTP/1.0")
       + OTHER, R(200))
keeps("RFC 9112 9.3: HTTP/1.0 with a length, kept",
      get("/health", f"Content-Length: {len(OTHER)}",
          "Connection: keep-alive", version="HTTP/1.0") + OTHER, R(200))

# --- both: RFC 9112 6.1, 6.3, CL.TE and TE.CL -------------------------------

bad("RFC 9112 6.1: Transfer-Encoding and Content-Length",
    post(CHUNKED, "Content-Length: 2", body=chunks(b"{}")))
bad("RFC 9112 6.1: Content-Length and Transfer-Encoding",
    post("Content-Length: 2", CHUNKED, body=chunks(b"{}")))
bad("RFC 9112 6.1: CL.TE, the length covers all",
    post(f"Content-Length: {len(OTHER) + 5}", CHUNKED,
         body=b"0\r\n\r\n" + OTHER))
bad("RFC 9112 6.1: TE.CL, the length covers the first size line",
    post("Content-Length: 4", CHUNKED, body=chunks(OTHER)))
bad("RFC 9112 6.1: a length of 0 beside chunked",
    post("Content-Length: 0", CHUNKED, body=chunks(OTHER)))
bad("RFC 9112 6.1: both in a GET",
    get("/health", "Content-Length: 5", CHUNKED) + b"0\r\n\r\n")
bad("RFC 9112 6.1: both, the length malformed",
    post("Content-Length: a", CHUNKED, body=chunks(b"{}")))
bad("RFC 9112 6.1: both, the length empty",
    post("Content-Length:", CHUNKED, body=chunks(b"{}")))
for value in "identity", "gzip", "xchunked", "", "chunked, identity":
    bad(f"RFC 9112 6.1: a length and Transfer-Encoding: {value}",
        post("Content-Length: 2", f"Transfer-Encoding: {value}", body=b"{}"))
bad("RFC 9112 6.1: both in HTTP/1.0",
    get("/health", "Content-Length: 5", CHUNKED, version="HTTP/1.0")
    + b"0\r\n\r\n")

# --- Transfer-Encoding: RFC 9112 6.1, 7 -------------------------------------

for value in ("chunked", "Chunked", "CHUNKED", "chunked \t", " \tchunked"):
    keeps(f"RFC 9112 7: Transfer-Encoding: {value!a} is chunked",
          post(f"Transfer-Encoding: {value}", body=chunks(b"{}")), reaches())
keeps("RFC 9112 6.1: its name in any case, without white space",
      post("tRANSFER-eNCODING:chunked", body=chunks(b"{}")), reaches())
bad("RFC 9112 6.1: chunked in HTTP/1.0",
    get("/health", CHUNKED, version="HTTP/1.0") + chunks(b"{}"))
bad("RFC 9112 6.1: chunked in HTTP/1.0, kept",
    get("/health", CHUNKED, "Connection: keep-alive", version="HTTP/1.0")
    + chunks(b"{}"))
bad("RFC 9112 6.1: chunked twice",
    post("Transfer-Encoding: chunked, chunked", body=chunks(b"{}")))
bad("RFC 9112 6.1: chunked in two fields",
    post(CHUNKED, CHUNKED, body=chunks(b"{}")))
for first, second in (("chunked", "identity"), ("identity", "chunked"),
                      ("chunked", ""), ("", "chunked"), ("chunked", "x"),
                      ("chunked", "gzip"), ("cow", "chunked")):
    bad(f"RFC 9112 6.1: the codings {first!r} and {second!r} in two fields",
        post(f"Transfer-Encoding: {first}", f"transfer-encoding: {second}",
             body=chunks(b"{}")),
        501 if second == "chunked" and first else 400)
bad("RFC 9112 6.3: chunked is not the last coding",
    post("Transfer-Encoding: chunked, gzip", body=chunks(b"{}")))
bad("RFC 9112 6.3: no chunked at all", post("Transfer-Encoding: gzip"))
bad("RFC 9112 6.3: identity", post("Transfer-Encoding: identity"))
for value in "gzip", "identity", "deflate", "x", "trailers", "gzip, gzip":
    bad(f"RFC 9112 6.1: 501, {value} and chunked",
        post(f"Transfer-Encoding: {value}, chunked", body=chunks(b"{}")), 501)
bad("RFC 9112 6.1: 501, another coding, in a GET",
    get("/health", "Transfer-Encoding: gzip,chunked") + chunks(b"{}"), 501)
for value in ("xchunked", "chunkedx", '"chunked"', "'chunked'", "chunked;a=b",
              "chunked;q=1", "chunked;", ",chunked", "chunked,", "chunked,,",
              ", , chunked", ",", "", "x", "chunke", "hunked", "chunk",
              "chunked gzip", "gzip chunked", "chunked chunked", "chunked:",
              "chunked=", "=chunked", "[chunked]", "<chunked>", "chun ked",
              "\0", "ch\u00fcnked", "0", "none",
              "chunked, \x0b", "c\rhunked", "\\chunked", "chunked/1.1",
              "identity, identity", "chunked, cow"):
    bad(f"RFC 9112 6.1: Transfer-Encoding: {value!a}",
        post(f"Transfer-Encoding: {value}", body=chunks(b"{}")))
bad("RFC 9112 5.2: Transfer-Encoding folded",
    post("Transfer-Encoding:\r\n chunked", body=chunks(b"{}")))
bad("RFC 9112 5.2: Transfer-Encoding folded behind its value",
    post("Transfer-Encoding: chunked\r\n , identity", body=chunks(b"{}")))
bad("RFC 9112 5.2: Content-Length folded",
    post("Content-Length:\r\n 2", body=b"{}"))
bad("RFC 9112 5.2: Content-Length folded behind its value",
    post("Content-Length: 2\r\n 0", body=b"{}"))
keeps("RFC 9112 6.1: a coding that only TE names",
      post("Content-Length: 2", "TE: chunked", body=b"{}"), reaches())
keeps("RFC 9112 6.1: a field that Connection names is one all the same",
      post("Content-Length: 2", "Connection: content-length", body=b"{}") +
      post(CHUNKED, "Connection: Transfer-Encoding", body=chunks(b"{}")),
      reaches(), reaches())
bad("RFC 9112 6.1: fields that Connection names are two all the same",
    post("Content-Length: 2", CHUNKED, "Connection: Content-Length",
         body=chunks(b"{}")))

if __name__ == "__main__":
    main()
