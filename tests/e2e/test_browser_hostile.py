#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hostile page in a real browser can try against ccp on its machine:
all of tests/clients/hostile_page.mjs, of which nothing reaches Claude, and
nothing is seen."""
import collections
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import browser  # noqa: E402
from answers import PATH  # noqa: E402
from browser import EVIL  # noqa: E402
from ccp import SRC  # noqa: E402
from tap import eq, fail, main, ok, test  # noqa: E402

SCRIPT = SRC / "tests" / "clients" / "hostile_page.mjs"
# Names by which a browser reaches this machine, a stranger's among them
NAMES = ("127.0.0.1", "localhost", EVIL, "x.localhost", "0.0.0.0")
REQUEST = re.compile(r"info: \S+ ([A-Z]+) (\S+) (\d+) ")


def bed(**settings):
    browser.find()
    return browser.bed(SCRIPT.read_bytes(), **settings)


def asked(here):
    """How many requests came, by method, path and status."""
    return collections.Counter(REQUEST.findall(here.server.stderr()))


def check_nothing(here, report, own=()):
    """own: of what its own kind may read."""
    tries = report["tries"]
    ok(len(tries) > 60, f"{len(tries)} tries")
    eq([t for t in tries if t[1].startswith("read ") and t[0] not in own], [])
    ok(not here.claude_ran(), "Claude ran")
    requests = asked(here)
    print(f"# {len(tries)} tries, {sum(requests.values())} requests: "
          + ", ".join(f"{m} {p} {s}: {n}" for (m, p, s), n
                      in sorted(requests.items())))
    reached = [r for r in requests if r[1] == PATH]
    if not {"POST", "GET", "OPTIONS"} <= {r[0] for r in reached}:
        fail(f"the tries did not even reach ccp: {requests}")
    for method, path, status in requests:
        # Whoever does not say where from he asks may learn that ccp is there
        ok(int(status) >= 400 or (method, path) == ("GET", "/health"),
           f"{method} {path} {status}")


@test("a stranger's page, with the default key that it knows")
def _():
    with bed(API_KEY=None) as here:
        check_nothing(here, here.visit(EVIL, api=NAMES))


@test("a stranger's page, with a key that it knows; CORS_ORIGIN is a list")
def _():
    with bed(CORS_ORIGIN="https://a.example, https://b.example") as here:
        check_nothing(here, here.visit(EVIL, api=NAMES[:3]))


@test("a page of this machine, where CORS_ORIGIN does not have it")
def _():
    with bed(CORS_ORIGIN="https://a.example") as here:
        check_nothing(here, here.visit("localhost", api=NAMES[:1]))


@test("a page that may ask, may ask: the tries are real ones")
def _():
    with bed(CORS_ORIGIN="the page") as here:
        api = f"http://127.0.0.1:{here.server.port}"
        report = here.visit(api=NAMES[:1])
        seen = dict(report["tries"])
        for what in ("fetch json, key", "worker"):
            ok(seen[f"{api} {what}"].startswith("read 200"), str(seen))
        # A key does not go along with a redirect
        ok(seen[f"{api} redirect, key"].startswith("read 401"), str(seen))
        # Forms, text and pages that are nobody's may not, all the same
        for what, status in (("fetch text", 401), ("fetch text, key", 415)):
            ok(seen[f"{api} {what}"].startswith(f"read {status}"), str(seen))
        for what in ("sandbox json, key", "data json, key", "websocket",
                     "event source"):
            ok(seen[f"{api} {what}"].startswith("failed"), str(seen))
        ok(here.claude_ran(), "Claude did not run")


if __name__ == "__main__":
    main()
