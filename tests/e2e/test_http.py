#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to ccp-handler, byte by byte, against RFC 9110 and RFC 9112: methods,
targets, versions, lines and Host.  test_http_*.py has the rest."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from raw_http import (AUTH, HOST, PATH, R, bad, closes, get,  # noqa: E402
                      keeps, main, post, reaches, text)


TARGET_BYTES = 8192
OK_BODY = b'{"status":"ok"}'

# --- methods: RFC 9110 9 ----------------------------------------------------

keeps("RFC 9110 9.3.1: GET", get(), R(200, body=OK_BODY))
keeps("RFC 9110 9.3.2: HEAD has the fields of GET and no body",
      get(method="HEAD"),
      R(200, "HEAD", body=b"", Content_Length=str(len(OK_BODY))))
keeps("RFC 9110 9.3.2: HEAD of an error", get("/nothing", method="HEAD"),
      R(404, "HEAD", body=b""))
keeps("RFC 9110 9.3.2: HEAD where only POST is", get(PATH, method="HEAD"),
      R(405, "HEAD", body=b"", Allow="POST, OPTIONS"))
keeps("RFC 9110 9.3.7: OPTIONS of a path", get(method="OPTIONS"),
      R(204, Allow="GET, HEAD, OPTIONS", Content_Length=None))
keeps("RFC 9110 9.3.7: OPTIONS of a path that is not there",
      get("/nothing", method="OPTIONS"), R(404))
keeps("RFC 9112 3.2.4: OPTIONS of the whole server",
      get("*", method="OPTIONS"), R(204, Allow="GET, HEAD, POST, OPTIONS"))
keeps("RFC 9110 15.5.6: 405 names what is allowed",
      get(method="DELETE") + get(PATH, AUTH),
      R(405, Allow="GET, HEAD, OPTIONS"), R(405, Allow="POST, OPTIONS"))
for method in ("PUT", "PATCH", "TRACE", "PROPFIND", "BREW", "QUERY", "PRI",
               "M" * 32, "a!#$%&'*+-.^_`|~9"):
    keeps(f"RFC 9110 9.1: {method} is not known here", get(method=method),
          R(405, Allow="GET, HEAD, OPTIONS"))
for method in "get", "Get", "gET", "HeAD":
    keeps(f"RFC 9110 9.1: methods are case-sensitive, {method} is another",
          get(method=method), R(405))
keeps("RFC 9110 15.5.5: 404", get("/nothing") + get("/healthy") +
      get("/HEALTH") + get("/health//"), *[R(404)] * 4)
keeps("one slash behind a path makes no difference",
      get("/health/") + get("/v1/models/?a", AUTH) +
      post("Content-Length: 2", body=b"{}", target=PATH + "/") +
      get("/health/", method="POST"),
      R(200, body=OK_BODY), R(200), reaches(),
      R(405, Allow="GET, HEAD, OPTIONS"))
bad("RFC 9110 9.3.6: CONNECT", get("localhost:1", method="CONNECT"), 501)
bad("RFC 9110 9.3.6: CONNECT to a target without port",
    get("localhost", method="CONNECT"), 501)
keeps("RFC 9110 9.3.6: CONNECT of a path is another method",
      get("/health", method="CONNECT"), R(405))
bad("RFC 9112 3: an overlong method", get(method="M" * 33), 501)
bad("RFC 9112 3: a method without end", b"M" * 33, 501)
bad("RFC 9112 3: no method", get(method=""))
for sign in '"(),/:;<=>?@[\\]{}':
    bad(f"RFC 9110 5.6.2: {sign} in the method is no token",
        get(method=f"G{sign}T"))
for code in 0, 1, 9, 0x0b, 0x0c, 0x1f, 0x7f, 0x80, 0xa0, 0xff:
    bad(f"RFC 9110 5.6.2: {code:#04x} in the method",
        get(method=f"G{chr(code)}T"))

# --- targets: RFC 9112 3.2 --------------------------------------------------

keeps("RFC 9112 3.2.1: a query is not part of the path",
      get("/health?") + get("/health?a=/b?c"), R(200), R(200))
for path in ("//health", "/./health", "/v1/../health", "/%68ealth",
             "/health%00", "/health%2f", "/health;a", "/health%", "/;/health",
             "/health&", "/%2e%2e/health"):
    keeps(f"RFC 9110 4.2.3: {path} is not taken for /health", get(path),
          R(404))
for target in ('/health?"', "/health?<>", "/health?a|b", "/health?{}^`",
               "/health?\\", "/health?%zz", "/health??", "/health?://@:"):
    keeps(f"RFC 9112 3.2.1: {target} is let pass", get(target), R(200))
keeps("RFC 9112 3.2.2: the absolute form",
      get("http://localhost/health") + get("HTTP://127.0.0.1:8888/health?a"),
      R(200), R(200))
for authority in ("localhost", "LOCALHOST", "localhost:", "localhost:1",
                  "[::1]", "[::1]:80", "127.0.0.1:00080", "a.localhost"):
    keeps(f"RFC 9112 3.2.2: the absolute form with {authority}",
          get(f"http://{authority}/health?x"), R(200, body=OK_BODY))
keeps("RFC 9112 3.2.2: an absolute form without path is /",
      get("http://localhost"), R(404))
keeps("RFC 9112 3.2.2: an absolute form with a query alone",
      get("http://localhost?/health"), R(404))
keeps("RFC 9112 3.2.2: its authority counts, another Host field does not",
      get("http://localhost/health", host="Host: evil.example"), R(200))
keeps("RFC 9112 3.2.2: the absolute form in HTTP/1.0 without Host",
      get("http://localhost/health", "Connection: keep-alive", host=None,
          version="HTTP/1.0"), R(200))
closes("RFC 9112 3.2.2: its authority counts, not the Host field",
       get("http://evil.example/health", "Connection: close"), R(403))
bad("RFC 9112 3.2.2: the absolute form without Host",
    get("http://localhost/health", host=None))
bad("RFC 9112 3.2.2: the absolute form with two Host fields",
    get("http://localhost/health", HOST))
bad("RFC 9112 3.2.2: the absolute form with a Host that is none",
    get("http://localhost/health", host="Host: a b"))
bad("RFC 9110 7.4: https over a connection that is not",
    get("https://localhost/health"))
bad("RFC 9110 4.2.4: user information", get("http://u@localhost/health"))
for target in ("http:///health", "http://:80/health", "http:/health",
               "http:health", "http://", "http://?", "http://localhost:a/",
               "http://[::1/health", "http://[::1]a/health", "http://[]/",
               "http://localhost:80:80/", "http://a%zz/", "http://[::g]/",
               "ftp://localhost/health", "ws://localhost/", "htt://localhost/",
               "file:///etc/passwd", "httpx://localhost/health",
               "http://localhost\\@evil.example/", "data:,a"):
    bad(f"RFC 9112 3.2.2: {target} is no absolute form", get(target))
bad("RFC 9112 3.2.3: the authority form without CONNECT",
    get("localhost:80"))
bad("RFC 9112 3.2.4: an asterisk without OPTIONS", get("*"))
for target in "*a", "**", "*/health", "*?":
    bad(f"RFC 9112 3.2.4: {target} is no asterisk form",
        get(target, method="OPTIONS"))
bad("RFC 9112 3.2: a target without a slash", get("health"))
bad("RFC 9112 3.2: a query alone", get("?a"))
bad("RFC 9112 3.2: a backslash for a slash", get("\\health"))
bad("RFC 9112 3.2: a target in brackets", get("</health>"))
bad("RFC 9112 3.2: a fragment", get("/health#a"))
bad("RFC 9112 3.2: a fragment of the absolute form",
    get("http://localhost/health#a"))
bad("RFC 9112 3.2: white space in the target", get("/health a"))
bad("RFC 9112 3: two spaces", get(" /health"))
bad("RFC 9112 3: two spaces behind the target", get("/health "))
bad("RFC 9112 3: a tab instead of the first space",
    get().replace(b"GET ", b"GET\t"))
bad("RFC 9112 3: a tab instead of the second space",
    get().replace(b"h H", b"h\tH"))
bad("RFC 9112 3: white space before the method", b" " + get())
bad("RFC 9112 3: no target", b"GET  HTTP/1.1\r\nHost: localhost\r\n\r\n")
bad("RFC 9112 3: a method alone", b"GET\r\nHost: localhost\r\n\r\n")
bad("RFC 9112 3: a method and a space", b"GET \r\nHost: localhost\r\n\r\n")
for code in (0, 1, 8, 9, 0x0b, 0x0c, 0x0d, 0x0a, 0x1b, 0x1f, 0x7f, 0x80, 0x85,
             0xa0, 0xe4, 0xff):
    bad(f"RFC 9112 3.2: {code:#04x} in the target", get(f"/he{chr(code)}alth"))
for code in 0, 1, 9, 0x0b, 0x0c, 0x7f, 0x85, 0xa0:
    bad(f"RFC 9112 3.2: {code:#04x} in the query", get(f"/health?{chr(code)}"))
keeps("RFC 9112 3: a target of the limit",
      get("/health?" + "a" * (TARGET_BYTES - 8)), R(200))
bad("RFC 9112 3: a longer target",
    get("/health?" + "a" * (TARGET_BYTES - 7)), 414)
bad("RFC 9112 3: a longer target of the absolute form",
    get("http://localhost/?" + "a" * (TARGET_BYTES - 17)), 414)

# --- versions: RFC 9112 2.3 -------------------------------------------------

closes("RFC 9112 9.3: HTTP/1.0 closes",
       get(version="HTTP/1.0") + get(), R(200))
closes("RFC 9112 3.2: HTTP/1.0 without Host",
       get(version="HTTP/1.0", host=None), R(200))
for minor in 2, 9:
    keeps(f"RFC 9110 2.5: HTTP/1.{minor} is answered as HTTP/1.1",
          get(version=f"HTTP/1.{minor}"), R(200))
bad("RFC 9110 2.5: HTTP/1.9 needs a Host as HTTP/1.1 does",
    get(version="HTTP/1.9", host=None))
for version in "HTTP/2.0", "HTTP/0.9", "HTTP/3.0", "HTTP/9.9", "HTTP/0.0":
    bad(f"RFC 9110 15.6.6: {version}", get(version=version), 505)
bad("RFC 9113 3.4: the preface of HTTP/2",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505)
bad("RFC 9112 2.3: a request line without version", b"GET /health\r\n\r\n")
bad("RFC 9112 2.3: one with a space in the place of it",
    b"GET /health \r\n\r\n")
for version in ("HTTP/1", "HTTP/1.", "HTTP/.1", "HTTP/1.10", "HTTP/11.1",
                "HTTP/01.1", "HTTP/1.01", "http/1.1", "Http/1.1", "HTTP 1.1",
                "HTTP/1,1", "HTTP/1.1.", "HTTP/+1.1", "HTTP/-1.1", "HTTP/1.x",
                "HTTP/a.1", "HTTP//1.1", "HTTP/ 1.1", "HTTP/1 .1", "HTP/1.1",
                "HTTPS/1.1", "ICY/1.1", "RTSP/1.0", "HTTP\\1.1", "1.1",
                "HTTP/1.1/", "HTTP/1.1\xb2", "HTTP/\xb1.1", "HTTP/1.\xb1"):
    bad(f"RFC 9112 2.3: {version!a} is no version", get(version=version))
for what, tail in (("a space", " "), ("a tab", "\t"), ("NUL", "\0"),
                   ("a vertical tab", "\x0b"), ("CR", "\r"),
                   ("a no-break space", "\xa0"), ("a word", " a"),
                   ("HTTP/1.1 again", " HTTP/1.1")):
    bad(f"RFC 9112 3: {what} behind the version",
        get(version=f"HTTP/1.1{tail}"))
bad("TLS on this port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
bad("SSH on this port", b"SSH-2.0-OpenSSH_9.2p1\r\n")
bad("SMTP on this port", b"EHLO localhost\r\nMAIL FROM:<a@b>\r\n")
bad("Redis on this port", b"*1\r\n$4\r\nPING\r\n")
bad("PROXY protocol 1 on this port",
    b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + get())
bad("PROXY protocol 2 on this port",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12))

# --- lines: RFC 9112 2.2 ----------------------------------------------------

keeps("RFC 9112 2.2: empty lines before a request",
      b"\r\n\r\n" + get() + b"\r\n" + get(), R(200), R(200))
keeps("RFC 9112 2.2: as many as may be", b"\r\n" * 4 + get(), R(200))
keeps("RFC 9112 2.2: behind a body",
      post("Content-Length: 2", body=b"{}\r\n") + get(), reaches(), R(200))
bad("RFC 9112 2.2: too many of them", b"\r\n" * 5 + get())
bad("RFC 9112 2.2: empty lines that end in LF", b"\n" + get())
bad("RFC 9112 2.2: empty lines that end in CR", b"\r" + get())
bad("RFC 9112 2.2: an empty line and one that ends in LF", b"\r\n\n" + get())
bad("RFC 9112 2.2: CR twice before LF", b"\r\r\n" + get())
bad("RFC 9112 2.2: a line of white space before a request", b" \r\n" + get())
bad("RFC 9112 2.2: a byte order mark before a request",
    b"\xef\xbb\xbf" + get())
bad("RFC 9112 2.2: lines that end in LF alone",
    get().replace(b"\r\n", b"\n"))
bad("RFC 9112 2.2: a request line that ends in LF alone",
    get().replace(b"1.1\r\n", b"1.1\n"))
bad("RFC 9112 2.2: a field line that ends in LF alone",
    get("/health", "A: b").replace(b"b\r\n", b"b\n"))
bad("RFC 9112 2.2: the last field line ends in LF alone",
    get().replace(b"localhost\r\n", b"localhost\n"))
bad("RFC 9112 2.2: the empty line at the end of a head is LF alone",
    get()[:-2] + b"\n")
bad("RFC 9112 2.2: the empty line at the end of a head is CR CR LF",
    get()[:-2] + b"\r\r\n")
bad("RFC 9112 2.2: lines that end in CR alone",
    get().replace(b"\r\n", b"\r") + b"\r\n")
bad("RFC 9112 2.2: lines that end in LF CR",
    get("/health", "A: b").replace(b"\r\n", b"\n\r"))
bad("RFC 9112 2.2: white space before the first field",
    get(host=" Host: localhost"))
bad("RFC 9112 2.2: a tab before the first field",
    get(host="\tHost: localhost"))
bad("RFC 9112 2.2: a line of white space for the first field",
    text("GET /health HTTP/1.1", " ", HOST))

# --- Host: RFC 9112 3.2 -----------------------------------------------------

bad("RFC 9112 3.2: HTTP/1.1 without Host", get(host=None))
bad("RFC 9112 3.2: two Host fields", get("/health", HOST))
bad("RFC 9112 3.2: two Host fields in HTTP/1.0",
    get("/health", HOST, version="HTTP/1.0"))
bad("RFC 9112 3.2: two Host fields, far from each other",
    get("/health", "A: b", "hOST: evil.example"))
bad("RFC 9112 3.2: two Host fields, the second empty",
    get("/health", "Host:"))
bad("RFC 9112 3.2: Host with white space before the colon",
    get(host="Host : localhost"))
bad("RFC 9112 3.2: another field in the place of Host",
    get(host="Hosts: localhost"))
bad("RFC 9112 3.2: X-Forwarded-Host is no Host",
    get(host="X-Forwarded-Host: localhost"))
bad("RFC 9112 3.2: :authority is no Host", get(host=":authority: localhost"))
keeps("RFC 9110 7.2: Host in any case, with white space around its value",
      get(host="HOST: \t LocalHost:80 \t"), R(200))
for value in ("local host", "localhost/", "u@localhost", "a:b", "[::1", "\xe4",
              "http://localhost", "localhost:80:80", "localhost:-1",
              "localhost:8 0", "localhost#", "localhost?", "[]", "[a]",
              "[::1]80", "::1", "[::1%25lo]", "[v1.a]", "%", "%4",
              "a%g1", "localhost, localhost", "localhost:80, a", "<localhost>",
              '"localhost"', "local\\host", "localhost:\xb2", "[[::1]]",
              "localhost:+80"):
    bad(f"RFC 9112 3.2: {value!a} is no Host", get(host=f"Host: {value}"))
for code in 0, 1, 0x0b, 0x0c, 0x1f, 0x7f, 0x85, 0xa0, 0xff:
    for value in (f"{chr(code)}localhost", f"localhost{chr(code)}",
                  f"localhost:{chr(code)}80"):
        bad(f"RFC 9112 3.2: {value!a} is no Host, with {code:#04x}",
            get(host=f"Host: {value}"))
for value in "localhost,evil.example", "localhost;a", "local%68ost", "!$&'()*":
    keeps(f"RFC 9110 7.2: {value} is a Host, and not served",
          get(host=f"Host: {value}"), R(403))

if __name__ == "__main__":
    main()
