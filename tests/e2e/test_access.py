#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may use the proxy: which Host, which key, pages of which Origin."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from raw_http import (AUTH, KEY, PATH, R, closes, get,  # noqa: E402
                      keeps, post)
from tap import main  # noqa: E402

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

BEARER = 'Bearer realm="ccp"'

keeps("RFC 6750 2.1: the right key", get("/v1/models", AUTH), R(200))
keeps("RFC 9110 15.5.2: 401 without a key", get("/v1/models"),
      R(401, WWW_Authenticate=BEARER))
for value in ("Bearer wrong", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", "Bearer",
              f"Basic {KEY}", KEY, f"Bearer {KEY} {KEY}"):
    keeps(f"RFC 9110 15.5.2: 401 for {value}",
          get("/v1/models", f"Authorization: {value}"),
          R(401, WWW_Authenticate=BEARER))
keeps("RFC 9110 11.6.2: 401 for two keys", get("/v1/models", AUTH, AUTH),
      R(401))
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

if __name__ == "__main__":
    main()
