#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of models: the list, one of them, what they stand for."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
from answers import check_error  # noqa: E402
from ccp import Env, HandlerSocket  # noqa: E402
from tap import eq, main, ok, test  # noqa: E402

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


if __name__ == "__main__":
    main()
