#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients of tests/lib/clients.py without ccp: that they work, and that
they send what is said of them there."""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import clients  # noqa: E402
from fake_openai import FakeOpenAI  # noqa: E402
from tap import add, contains, eq, main, ok  # noqa: E402

KEY = "some-key"


def results(request):
    return [m["content"] for m in request["messages"] if m["role"] == "tool"]


def kind(content):
    if isinstance(content, str):
        return "text" if content else "empty"
    return "null" if content is None else "parts"


def sent(api):
    """The fields of each request that has tools, and the forms of the messages
    that came with one of them."""
    requests = [r for r in api.requests if r.get("tools")]
    fields = {" ".join(sorted(r)) for r in requests}
    forms = {" ".join([m["role"], kind(m.get("content"))]
                      + sorted(set(m) - {"role", "content"}))
             for r in requests for m in r["messages"]}
    forms |= {" ".join(["tool:"] + sorted(t) + sorted(t["function"]))
              for r in requests for t in r["tools"]}
    return fields, forms, {r.get("tool_choice") for r in requests}, [{k:v for k,v in r.items() if k not in("messages","tools")} for r in api.requests if not r.get("tools")]


def add_plain(client):
    def case():
        with clients.Desk() as desk, \
                FakeOpenAI(lambda _: ["Hello, ", desk.words[0]]) as api:
            done = client.ask(desk, api.url, KEY, "Say hello.")
            contains(done.text, f"Hello, {desk.words[0]}")
            for head in api.heads:
                eq(head["authorization"], f"Bearer {KEY}")
    add(f"{client.name}: a plain answer", case)


def add_errand(client, notes):
    def case():
        with clients.Desk() as desk:
            errand = clients.Errand(client, desk, notes)

            def model(request):
                if not request.get("tools"):
                    return ["A title"]
                return errand.next(results(request))
            with FakeOpenAI(model) as api:
                errand.check(client.ask(desk, api.url, KEY, errand.PROMPT))
                print("#", sent(api), api.other)
    add(f"{client.name}: files read and written, {notes} at once", case)


for client_ in clients.ALL:
    add_plain(client_)
    add_errand(client_, 1)
    add_errand(client_, 2)

if __name__ == "__main__":
    main()
