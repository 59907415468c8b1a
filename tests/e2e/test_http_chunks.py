#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chunked coding, byte by byte: RFC 9112 7.1."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from raw_http import (CHUNKED, R, bad, chunks, closes,  # noqa: E402
                      get, keeps, main, post, reaches)


BODY_BYTES = 32 * 1024 * 1024
LINE_BYTES, EXTENSION_BYTES, TRAILER_BYTES = 1024, 16384, 8192
OTHER = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"
END = b"0\r\n\r\n"


def chunked(body):
    return post("Transfer-Encoding: Chunked", body=body)


def refused(section, what, body, status=400):
    bad(f"RFC 9112 {section}: {what}", chunked(body), status)


# --- sizes: RFC 9112 7.1 ----------------------------------------------------

keeps("RFC 9112 7.1: chunks", chunked(chunks(b"{", b" ", b"}")), reaches())
keeps("RFC 9112 7.1: sizes with zeros in front and in both cases",
      chunked(b"000a\r\n{         \r\nA\r\n         }\r\n000\r\n\r\n"),
      reaches())
keeps("RFC 9112 7.1: a size of 16 digits",
      chunked(b"0000000000000002\r\n{}\r\n" + END), reaches())
keeps("RFC 9112 7.1: a last chunk of 16 digits",
      chunked(b"2\r\n{}\r\n0000000000000000\r\n\r\n"), reaches())
keeps("RFC 9112 7.1: nothing but the last chunk", chunked(END), R(400))
keeps("RFC 9112 7.1: nothing but the last chunk, of a GET",
      get("/health", CHUNKED) + END, R(200))
keeps("RFC 9112 7.1: the last chunk of a HEAD",
      get("/health", CHUNKED, method="HEAD") + chunks(OTHER),
      R(200, "HEAD", body=b""))
keeps("RFC 9112 7.1: data that looks like chunks and requests",
      chunked(chunks(END, OTHER, b"\r\n\r\n")), R(400))
keeps("RFC 9112 7.1: a size of two digits",
      chunked(b"10\r\n{" + b" " * 14 + b"}\r\n" + END), reaches())
keeps("RFC 9112 7.1: a chunk for each byte",
      chunked(chunks(*[b"{"] + [b" "] * 100 + [b"}"])), reaches())
closes("RFC 9110 15.5.14: 413 when the chunks say so",
       post(CHUNKED, body=b"2\r\n{}\r\n%x\r\n" % (BODY_BYTES - 1)), R(413))
for size in (b"2000001", b"80000000", b"ffffffff", b"100000002",
             b"7fffffffffffffff", b"8000000000000002", b"fffffffffffffffe",
             b"FFFFFFFFFFFFFFFF"):
    closes(f"RFC 9110 15.5.14: 413, a chunk of {size.decode()}",
           chunked(size + b"\r\n{}\r\n" + END + OTHER), R(413))
closes("RFC 9110 15.5.14: 413, chunks whose sum is beyond 64 bits",
       chunked(b"2\r\n{}\r\nffffffffffffffff\r\n" + OTHER), R(413))
for size in ("x", "", "-2", "+2", "0x2", "0X2", "x2", "2x", "2h", "2.", "2,2",
             "2_", "0o2", "2 2", " 2", "2 ", "\t2", "2\t", "2  ", "g",
             "G", "/", ":", "@", "`", "2\0", "\x002", "\x0b2", "2\x0b",
             "2\x0c", "\x852", "2\x85", "\xa02", "2\xa0", "\xb2", "\x7f2",
             "\x012", "2=", "2:", '"2"', "2#", "2//", "2\r", "\r2", "-0",
             "00000000000000002", "10000000000000002",
             "100000000000000000000000000000002"):
    refused("7.1", f"{size!a} is no size",
            size.encode("latin-1") + b"\r\n{}\r\n" + END)
for size in "-0", "+0", "0x0", "0 ", " 0", "00000000000000000", "0\0", "O":
    refused("7.1", f"{size!a} is no last chunk",
            b"2\r\n{}\r\n" + size.encode("latin-1") + b"\r\n\r\n")
for what, body in [
        ("a size line that ends in LF", b"2\n{}\r\n" + END),
        ("a size line that ends in CR", b"2\r{}\r\n" + END),
        ("a size line that ends in LF CR", b"2\n\r{}\r\n" + END),
        ("a last chunk that ends in LF", b"2\r\n{}\r\n0\n\r\n"),
        ("a last chunk that ends in LF LF", b"2\r\n{}\r\n0\n\n"),
        ("a body that ends in LF", b"2\r\n{}\r\n0\r\n\n"),
        ("a body that ends in CR CR LF", b"2\r\n{}\r\n0\r\n\r\r\n"),
        ("an empty line before a size", b"\r\n2\r\n{}\r\n" + END),
        ("an empty line behind the data", b"2\r\n{}\r\n\r\n" + END),
        ("more data than the size says", b"1\r\n{}\r\n" + END),
        ("less data than the size says", b"3\r\n{}\r\n" + END),
        ("two bytes less than the size says", b"4\r\n{}\r\n" + END),
        ("LF behind the data", b"2\r\n{}\n" + END),
        ("CR behind the data", b"2\r\n{}\r" + END),
        ("CR CR LF behind the data", b"2\r\n{}\r\r\n" + END),
        ("LF CR behind the data", b"2\r\n{}\n\r" + END),
        ("a space behind the data", b"2\r\n{} \r\n" + END),
        ("nothing behind the data", b"2\r\n{}" + END),
        ("any two bytes behind the data", b"2\r\n{}XX" + END),
        ("a size of nothing between two others", b"1\r\n{\r\n0\r\n1\r\n}"),
        ("a request for a size", OTHER),
        ("JSON for a size", b"{}"),
        ("a request behind the last size", b"2\r\n{}\r\n0\r\n" + OTHER)]:
    refused("7.1", what, body)
for code in 0x00, 0x01, 0x09, 0x0b, 0x0c, 0x20, 0x7f, 0x85, 0xa0:
    refused("7.1", f"{code:#04x} between CR and LF of a size",
            b"2\r%c\n{}\r\n" % code + END)
    refused("7.1", f"{code:#04x} in the place of CR of a size",
            b"2%c\n{}\r\n" % code + END)
    refused("7.1", f"{code:#04x} in the place of CR behind the data",
            b"2\r\n{}%c\n" % code + END)

# --- extensions: RFC 9112 7.1.1 ---------------------------------------------

keeps("RFC 9112 7.1.1: extensions are ignored",
      chunked(b'2;a;b=c ; d = "\\""\r\n{}\r\n0;x="y;z"\r\n\r\n'),
      reaches())
for extension in (";a", ";a=b", ';a="b"', ";a;b;c", " ;a", "\t;\ta\t=\tb",
                  " ; a = b ; c", ';a=""', ';a="\\\\"', ';a="\xff\t "',
                  ";a='b", ";0=0", ";ieof", ';a="0\\ "', ";a=0x0",
                  ";content-length=9", ';a=";b=\\"c"'):
    keeps(f"RFC 9112 7.1.1: {extension!a} is an extension",
          chunked(f"2{extension}\r\n{{}}\r\n0{extension}\r\n\r\n"
                  .encode("latin-1")), reaches())
for extension in (";", ";;", ";;a", ";a;", ";=", ";=b", ";a=", ";a==b",
                  ";a=b=c", ";a b", ";a=b c", ';a="b', ';a=b"', ';a="b"c',
                  ';a="b\\"', ';"a"', ";a@", ";a=@", ";a,b", ";a=b,c",
                  " a", "\ta", ",a", "=a", ";a ", ";a=b ", ' ;a="b" ', "; ",
                  ";\0", ";a\0", ";a=\0", ';a="\0"', ';a="\x1f"',
                  ';a="\x7f"', ';a="\\\x01"', ";a\x0b=b", ";a\x0c", ";\x85",
                  ";a\xa0", ";a=\xff", ";a=[b]", ";a=(b)", ";a/b"):
    refused("7.1.1", f"{extension!a} is no extension",
            f"2{extension}\r\n{{}}\r\n0\r\n\r\n".encode("latin-1"))
for what, line in [
        ("a bare LF in the place of an extension", b"2;\n"),
        ("a bare LF in an extension", b"2;a\nb\r\n"),
        ("an extension that ends in a bare LF", b"2;a\n"),
        ("a value that ends in a bare LF", b"2;a=b\n"),
        ("a bare LF in a quoted value", b'2;a="\n"\r\n'),
        ("a quoted value that ends in a bare LF", b'2;a="b"\n'),
        ("a bare CR in an extension", b"2;a\rb\r\n"),
        ("a bare CR in a quoted value", b'2;a="\r"\r\n'),
        ("CRLF in a quoted value", b'2;a="\r\n"\r\n'),
        ("an escaped CR", b'2;a="\\\r"\r\n'),
        ("an escaped LF", b'2;a="\\\n"\r\n')]:
    refused("7.1.1", what, line + b"{}\r\n" + END)
refused("7.1.1", "a bare LF that another takes for the end of the line",
        b"2;\nxx\r\n4c\r\n0\r\n\r\n" + OTHER)
refused("7.1.1", "an endless extension", b"2;" + b"a" * 1100)
keeps("RFC 9112 7.1.1: a size line of the limit",
      chunked(b"2;" + b"a" * (LINE_BYTES - 4) + b"\r\n{}\r\n" + END),
      reaches())
refused("7.1.1", "a longer one",
        b"2;" + b"a" * (LINE_BYTES - 3) + b"\r\n{}\r\n" + END)
SOME = b"1;" + b"a" * 1000 + b"\r\n \r\n"  # 1001 bytes of extension
MANY = SOME * (EXTENSION_BYTES // 1001)
keeps("RFC 9112 7.1.1: extensions of the limit",
      chunked(MANY + b"2;" + b"a" * (EXTENSION_BYTES % 1001 - 1)
              + b"\r\n{}\r\n" + END), reaches())
refused("7.1.1", "more extensions than that",
        MANY + b"2;" + b"a" * (EXTENSION_BYTES % 1001) + b"\r\n{}\r\n" + END)

# --- trailers: RFC 9112 7.1.2, RFC 9110 6.5 ---------------------------------


def trailing(lines):
    return chunked(chunks(b"{}", last=b"0\r\n" + lines + b"\r\n"))


keeps("RFC 9112 7.1.2: trailers are ignored",
      trailing(b"A: b\r\nContent-Length: 9\r\n"), reaches())
for line in ("Transfer-Encoding: chunked", "Host: evil.example",
             "Authorization: Bearer wrong", "Connection: close",
             "Content-Type: text/plain", "Expect: wonders",
             "Content-Encoding: gzip", "Origin: null", "Content-Length: a",
             "Trailer: x", "A:", "A:b\t\xff ", "!#$%&'*+-.^_`|~: b"):
    keeps(f"RFC 9110 6.5.1: a trailer changes nothing, {line!a}",
          trailing(line.encode("latin-1") + b"\r\n"), reaches())
for what, lines in [
        ("a folded trailer", b"A: b\r\n c\r\n"),
        ("a trailer folded with a tab", b"A: b\r\n\tc\r\n"),
        ("a trailer that is no field", b"A\r\n"),
        ("a trailer without a name", b": b\r\n"),
        ("white space before a colon", b"A : b\r\n"),
        ("white space before a trailer", b" A: b\r\n"),
        ("a request for a trailer", OTHER),
        ("a trailer that ends in LF", b"A: b\n"),
        ("a trailer that ends in CR", b"A: b\r"),
        ("a trailer that ends in CR CR LF", b"A: b\r\r\n"),
        ("a bare CR in a trailer", b"A: b\rc\r\n"),
        ("a bare LF in a trailer", b"A: b\nC: d\r\n"),
        ("a trailer and then a chunk", b"A: b\r\n2\r\n{}\r\n")]:
    refused("7.1.2", what, b"2\r\n{}\r\n0\r\n" + lines + b"\r\n")
for code in 0, 1, 0x0b, 0x0c, 0x1f, 0x7f:
    refused("7.1.2", f"{code:#04x} in a trailer",
            b"0\r\nA: %c\r\n\r\n" % code)
for code in 0, 9, 0x0b, 0x20, 0x85, 0xa0, 0xff:
    refused("7.1.2", f"{code:#04x} in the name of a trailer",
            b"0\r\nA%cB: c\r\n\r\n" % code)
bad("RFC 6585 5: 431, endless trailers",
    chunked(b"0\r\n" + b"A: b\r\n" * 1400), 431)
bad("RFC 6585 5: 431, a trailer without end",
    chunked(b"0\r\nA: " + b"b" * TRAILER_BYTES), 431)

if __name__ == "__main__":
    main()
