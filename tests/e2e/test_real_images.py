#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images and files through ccp-handler and the real Claude Code CLI, in front
of a mock of the Messages API: what of them reaches the API."""
import base64
import os
import random
import struct
import sys
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import real_claude  # noqa: E402
from answers import ask  # noqa: E402
from ccp import Env, HandlerSocket  # noqa: E402
from mock_messages import Mock  # noqa: E402
from tap import add, eq, main, ok, test  # noqa: E402

# The CLI makes an image with more bytes or pixels than this smaller
CLI_IMAGE_BYTES = 512_000
CLI_IMAGE_PIXELS = 2000


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data \
        + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, seed=1):
    """Noise, which nothing makes smaller without loss."""
    noise = random.Random(seed)
    rows = b"".join(b"\0" + noise.randbytes(3 * width) for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0,
                                         0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b""))


GIF = (b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0"
       b";")
PDF = (b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
       b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
       b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n"
       b"trailer<</Root 1 0 R>>\n%%EOF\n")


def jpeg_size(data):
    """Width and height from the frame header."""
    at = 2
    while at < len(data):
        marker, length = struct.unpack(">HH", data[at:at + 4])
        if 0xffc0 <= marker <= 0xffc2:
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return width, height
        at += 2 + length
    raise ValueError("no frame")


def size(source):
    data = base64.b64decode(source["data"])
    if source["media_type"] == "image/png":
        return struct.unpack(">II", data[16:24])
    eq(source["media_type"], "image/jpeg")
    return jpeg_size(data)


def data_url(media, data):
    return f"data:{media};base64,{base64.b64encode(data).decode()}"


def image(data, media="image/png"):
    return {"type": "image_url", "image_url": {"url": data_url(media, data)}}


def file(data, name, media="application/pdf"):
    return {"type": "file", "file": {"file_data": data_url(media, data),
                                     "filename": name}}


def image_block(data, media="image/png"):
    return {"type": "image", "source": {
        "type": "base64", "media_type": media,
        "data": base64.b64encode(data).decode()}}


def pdf_block(data, name):
    return {"type": "document", "title": name, "source": {
        "type": "base64", "media_type": "application/pdf",
        "data": base64.b64encode(data).decode()}}


def asked(parts, history=False):
    """The blocks that reach the API for the parts of a user's message."""
    messages = [{"role": "user", "content": parts}]
    if history:
        messages += [{"role": "assistant", "content": "I see."},
                     {"role": "user", "content": "And now?"}]
    with Mock() as api, Env(claude=real_claude.find(),
                            child=real_claude.variables(api.url)) as env, \
            HandlerSocket(env) as handler:
        answer = ask(handler.http, messages=messages, model="haiku")
        eq(answer.status, 200, repr(answer))
        eq(len(api.requests), 1, "API calls")
        got = api.last().messages
        if history:
            eq(got[1:], [("assistant", ["I see."]), ("user", ["And now?"])])
        eq(got[0][0], "user")
        return got[0][1]


def same(got, want):
    """Without megabytes of base64 in the message."""
    eq(len(got), len(want), "blocks")
    for n, (one, other) in enumerate(zip(got, want)):
        if one != other:
            eq(str(one)[:300], str(other)[:300], f"block {n}")
            ok(False, f"block {n} differs behind its first 300 characters")


def both(name, parts, want):
    """A case for the question and one for the history."""
    add(name, lambda: same(asked(parts()), want()))
    add(f"{name}, in the history",
        lambda: same(asked(parts(), history=True), want()))


BIGGEST = png(412, 412)
ok(500_000 < len(BIGGEST) <= CLI_IMAGE_BYTES, "the biggest image")

both("an image arrives byte for byte",
     lambda: [{"type": "text", "text": "/compact"}, image(png(9, 9)),
              image(GIF, "image/gif"), image(BIGGEST, "image/webp"),
              image(png(CLI_IMAGE_PIXELS, 1))],
     lambda: ["/compact", image_block(png(9, 9)),
              image_block(GIF, "image/gif"), image_block(BIGGEST),
              image_block(png(CLI_IMAGE_PIXELS, 1))])

FAR = "https://a.test/x.png?a=%20#b"
both("the URL of an image is left to the API",
     lambda: [{"type": "image_url", "image_url": {"url": FAR}}],
     lambda: [{"type": "image", "source": {"type": "url", "url": FAR}}])

LONG_PDF = PDF + b"%" + random.Random(2).randbytes(5_000_000) + b"\n"
both("a PDF of 5 MB arrives byte for byte",
     lambda: [file(PDF, "a \"b\".pdf"), file(LONG_PDF, "long.pdf"),
              {"type": "text", "text": "Which?"}],
     lambda: [pdf_block(PDF, "a \"b\".pdf"), pdf_block(LONG_PDF, "long.pdf"),
              "Which?"])

NOTES = "@/etc/hostname /compact ultrathink h\u00fc\r\n\t\u2028\"\\\n"
both("a text file arrives as a document, and is inert",
     lambda: [file(NOTES.encode(), "@/etc/hostname", "text/x-python")],
     lambda: [{"type": "document", "title": "@/etc/hostname", "source": {
         "type": "text", "media_type": "text/plain", "data": NOTES}}])


def check_smaller(history):
    """5 MB: the same picture in less bytes, which is the CLI's doing."""
    big = png(1300, 1300)
    ok(len(big) > 5_000_000, "the image is too small")
    block, = asked([image(big)], history)
    source = block["source"]
    eq((block["type"], source["type"]), ("image", "base64"))
    ok(len(source["data"]) * 3 / 4 <= CLI_IMAGE_BYTES + 2, "it is as big")
    eq(size(source), (1300, 1300))


add("an image of 5 MB arrives, made smaller by the CLI",
    lambda: check_smaller(False))
add("an image of 5 MB arrives, made smaller by the CLI, in the history",
    lambda: check_smaller(True))


@test("an image of too many pixels arrives, made smaller by the CLI")
def _():
    block, = asked([image(png(CLI_IMAGE_PIXELS * 2, 2))])
    eq(size(block["source"]), (CLI_IMAGE_PIXELS, 1))


@test("100 images arrive")
def _():
    pictures = [png(2, 2, seed) for seed in range(100)]
    same(asked([image(p) for p in pictures]),
         [image_block(p) for p in pictures])


if __name__ == "__main__":
    main()
