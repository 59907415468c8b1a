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


def add_plain(client):
    def case():
        with clients.Desk() as desk, \
                FakeOpenAI(lambda _: ["Hello, ", desk.words[0]]) as api:
            done = client.ask(desk, api.url, KEY, "Say hello.")
            contains(done.text, f"Hello, {desk.words[0]}")
            for request, head in zip(api.requests, api.heads):
                eq(head["Authorization" if "Authorization" in head
                        else "authorization"], f"Bearer {KEY}")
            print("#", json.dumps([sorted(r) for r in api.requests]))
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
                for r in api.requests:
                    print("#", {k: v for k, v in r.items() if k not in ("tools",)})
    add(f"{client.name}: files read and written, {notes} at once", case)


for client_ in clients.ALL:
    add_plain(client_)
    add_errand(client_, 1)
    add_errand(client_, 2)

if __name__ == "__main__":
    main()
