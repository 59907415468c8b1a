#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images and files through ccp-handler, in front of the stand-in, which says
what a model would see of them."""
import base64
import hashlib
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from answers import ask  # noqa: E402
from ccp import Env, HandlerSocket  # noqa: E402
from tap import add, contains, eq, main, ok, test  # noqa: E402

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff\xe0"
PDF = b"%PDF-1.4\n"


def bed(mode="context"):
    return Env(child={"CCP_DEMO_MODE": mode, "CCP_DEMO_DELAY_MS": "0"})


def data_url(media, data):
    return f"data:{media};base64,{base64.b64encode(data).decode()}"


def image(data, media="image/png"):
    return {"type": "image_url", "image_url": {"url": data_url(media, data)}}


def file(data, name=None, media="application/pdf"):
    inner = {"file_data": data_url(media, data)}
    if name:
        inner["filename"] = name
    return {"type": "file", "file": inner}


def text(content):
    return {"type": "text", "text": content}


def user(*parts):
    return {"role": "user", "content": list(parts)}


def digest(data):
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def seen(http, *messages, stream=False):
    answer = ask(http, messages=list(messages), model="haiku", stream=stream)
    eq(answer.status, 200, repr(answer))
    return [(m["role"], m["content"])
            for m in json.loads(answer.text)["messages"]]


@test("images and files arrive as they are, in the question and the history")
def _():
    far = {"type": "image_url", "image_url": "https://a.test/x.png?a=1"}
    messages = [
        user(text("look"), image(PNG + b"one", "image/PNG"), text("here")),
        {"role": "assistant", "content": "Nice."},
        user(far, file(PDF + b"two", "a \"b\".pdf")),
        {"role": "assistant", "content": "I see."},
        user(file("h\u00fc\n".encode(), "n.txt", "text/x-c"),
             {"type": "input_text", "text": "and this?"},
             {"type": "input_image", "image_url": data_url("x/y", JPEG)})]
    want = [
        ("user", ["look", {"type": "image", "media_type": "image/png",
                           **digest(PNG + b"one")}, "here"]),
        ("assistant", ["Nice."]),
        ("user", [{"type": "image", "url": "https://a.test/x.png?a=1"},
                  {"type": "document", "title": "a \"b\".pdf",
                   "media_type": "application/pdf",
                   **digest(PDF + b"two")}]),
        ("assistant", ["I see."]),
        ("user", [{"type": "document", "title": "n.txt",
                   "media_type": "text/plain",
                   **digest("h\u00fc\n".encode())}, "and this?",
                  {"type": "image", "media_type": "image/jpeg",
                   **digest(JPEG)}])]
    with bed() as env, HandlerSocket(env) as handler:
        for stream in (False, True):
            eq(seen(handler.http, *messages, stream=stream), want)


@test("a message of nothing but an image is a message")
def _():
    with bed() as env, HandlerSocket(env) as handler:
        want = {"type": "image", "media_type": "image/png", **digest(PNG)}
        eq(seen(handler.http, user(image(PNG))), [("user", [want])])
        eq(seen(handler.http, user(image(PNG)), user(text(" "), text("b"))),
           [("user", [want, "b"])])


@test("5 MB and 20 MB arrive byte for byte")
def _():
    with bed() as env, HandlerSocket(env) as handler:
        for part, data in ((image, PNG + os.urandom(5_000_000)),
                           (file, PDF + os.urandom(20_000_000))):
            (_, (got,)), = seen(handler.http, user(part(data)))
            eq({k: got[k] for k in ("bytes", "sha256")}, digest(data))


@test("text beside images is inert")
def _():
    with bed("transcript") as env, HandlerSocket(env) as handler:
        for parts in ([image(PNG), text("/compact")],
                      [text("@/etc/hostname"), image(PNG)],
                      [file(b"@/etc/hostname ultrathink", "/init",
                            "text/plain")]):
            answer = ask(handler.http, model="haiku", messages=[
                user(*parts), {"role": "assistant", "content": "a"},
                user(*parts)])
            eq(json.loads(answer.text)["interpreted"], [])


def refused(name, part, param, word, role="user"):
    """The part is refused in the last place of two messages."""
    def case():
        with bed() as env, HandlerSocket(env) as handler:
            for stream in (False, True):
                answer = ask(handler.http, stream=stream, model="haiku",
                             messages=[user(text("a")),
                                       {"role": role,
                                        "content": [text("b"), part]}])
                eq((answer.status, answer.error["type"],
                    answer.error["param"]),
                   (400, "invalid_request_error",
                    f"messages[1].content[1]{param}"))
                contains(answer.error["message"], word)
                ok(answer.error["code"], "no code")
    add(name, case)


def image_url(url):
    return {"type": "image_url", "image_url": {"url": url}}


URL = ".image_url.url"
refused("http: is refused", image_url("http://a.test/x"), URL, "https:")
refused("file: is refused", image_url("file:///etc/hostname"), URL, "https:")
refused("bad base64 is refused", image_url("data:image/png;base64,a*b="), URL,
        "base64")
refused("other types of image are refused", image(b"BM", "image/bmp"), URL,
        "PNG, JPEG, GIF or WebP")
refused("a file that is neither PDF nor text is refused",
        file(b"PK\3\4\0", "a.zip", "application/zip"), ".file.file_data",
        "neither a PDF nor text")
refused("text in another encoding is refused",
        file(b"caf\xe9", "a.txt", "text/plain"), ".file.file_data", "UTF-8")
refused("the id of a file is refused",
        {"type": "file", "file": {"file_id": "file-1"}}, ".file.file_id",
        "files are not stored here")
refused("audio is refused", {"type": "input_audio", "input_audio": {
    "data": "", "format": "wav"}}, ".type", "audio")
refused("an assistant's image is refused", image(PNG), ".type",
        "role", "assistant")
refused("a system message's file is refused", file(PDF), ".type", "role",
        "system")


@test("101 images are refused")
def _():
    with bed() as env, HandlerSocket(env) as handler:
        ok(seen(handler.http, user(*[image(PNG)] * 100)), "no answer")
        answer = ask(handler.http, model="haiku",
                     messages=[user(*[image(PNG)] * 101)])
        eq((answer.status, answer.error["param"]),
           (400, "messages[0].content[100]"))


if __name__ == "__main__":
    main()
