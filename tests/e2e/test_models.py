#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of models: the list, one of them, what they stand for."""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from answers import ask, check_error  # noqa: E402
from ccp import Env, HandlerSocket  # noqa: E402
from tap import contains, eq, main, ok, test  # noqa: E402

ALIASES = {"sonnet": "claude-sonnet-4-5-20250929",
           "opus": "claude-opus-4-6",
           "haiku": "claude-haiku-4-5-20251001"}


def check_model(model, name=None):
    """Has the members of a model object and no others."""
    eq(sorted(model), ["created", "id", "object", "owned_by"])
    eq(model["object"], "model")
    eq(model["owned_by"], "anthropic")
    ok(isinstance(model["created"], int) and model["created"] > 0)
    if name is not None:
        eq(model["id"], name)


def listed(http):
    response = http.get("/v1/models")
    eq(response.status, 200)
    value = response.json()
    eq(value["object"], "list")
    for model in value["data"]:
        check_model(model)
    return [model["id"] for model in value["data"]]


def refused(response):
    """A 404 about the model."""
    eq(response.status, 404)
    error = check_error(response.json())
    eq((error["code"], error["param"]), ("model_not_found", "model"))


@test("GET /v1/models lists the aliases, then what they stand for")
def _():
    with Env() as env, HandlerSocket(env) as handler:
        eq(listed(handler.http), [*ALIASES, *ALIASES.values()])


@test("GET /v1/models/NAME is each of the listed")
def _():
    with Env() as env, HandlerSocket(env) as handler:
        for name in listed(handler.http):
            for target in name, name + "/", name + "?x", "%" + \
                    f"{ord(name[0]):02x}{name[1:]}":
                response = handler.http.get(f"/v1/models/{target}")
                eq(response.status, 200, target)
                check_model(response.json(), name)
        head = handler.http.request("HEAD", "/v1/models/opus")
        eq((head.status, head.body), (200, b""))


@test("GET /v1/models/NAME of another name is a 404")
def _():
    with Env() as env, HandlerSocket(env) as handler:
        for name in ("gpt-4o", "Sonnet", "sonnet/x", "sonnet//", "%", "%00",
                     "sonnet%00", "sonnet%2", "-p", "a%20b", "a" * 4000):
            refused(handler.http.get(f"/v1/models/{name}"))
        eq(handler.http.get("/v1/models/opus", Authorization=None).status, 401)


def settled(**settings):
    """An Env whose stand-in tells what it was started with."""
    return Env(child={"CCP_DEMO_MODE": "transcript"}, **settings)


def started_with(http, **body):
    """The model in the CLI's arguments, and in the answer."""
    answer = ask(http, messages=[{"role": "user", "content": "x"}], **body)
    eq(answer.status, 200, repr(answer))
    return json.loads(answer.text)["model"], answer.response.json()["model"]


@test("aliases of MODELS are listed, found and used, before those of ccp")
def _():
    models = "fast=haiku, us/big:1=us.anthropic/claude:2 sonnet=opus,bare"
    with settled(MODELS=models) as env, HandlerSocket(env) as handler:
        http = handler.http
        eq(listed(http),
           ["fast", "us/big:1", "sonnet", "opus", "haiku",
            ALIASES["haiku"], "us.anthropic/claude:2", ALIASES["opus"],
            "bare"])
        for target in ("us/big:1", "us%2Fbig%3A1", "us%2fbig:1/",
                       "us/big%3a1?x=/"):
            response = http.get(f"/v1/models/{target}")
            eq(response.status, 200, target)
            check_model(response.json(), "us/big:1")
        refused(http.get(f"/v1/models/{ALIASES['sonnet']}"))
        for asked, started in (
                ("fast", ALIASES["haiku"]), ("sonnet", ALIASES["opus"]),
                ("us/big:1", "us.anthropic/claude:2"), ("bare", "bare"),
                ("opus", ALIASES["opus"]), ("not-listed", "not-listed")):
            eq(started_with(http, model=asked), (started, asked))


@test("an alias is good for DEFAULT_MODEL too")
def _():
    with settled(MODELS='{"fast": "claude-fast-9"}',
                 DEFAULT_MODEL="fast") as env, HandlerSocket(env) as handler:
        eq(started_with(handler.http, model=None),
           ("claude-fast-9", "fast"))


@test("MODELS in config.json is a text, an object or an array")
def _():
    with settled() as env:
        for value, first in (("fast=haiku", "fast"), ({"a": "b"}, "a"),
                             (["c"], "sonnet")):
            env.write_config(json.dumps({"MODELS": value}))
            with HandlerSocket(env) as handler:
                names = listed(handler.http)
                eq(names[0], first)
                eq("c" in names, value == ["c"])


@test("a mistake in MODELS is told in the log, with its line")
def _():
    with settled() as env:
        env.write_config('{\n"MODELS": {"fast": "--help"}}')
        with HandlerSocket(env) as handler:
            eq(handler.http.get("/v1/models").status, 500)
        contains(handler.stderr(), "config.json line 2: MODELS: must hold "
                 "alias=name pairs and names")


if __name__ == "__main__":
    main()
