#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web page in a real browser, with the openai package in it: who may ask
"ccp start", and who may not."""
import functools
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import browser  # noqa: E402
import npm  # noqa: E402
from answers import PATH  # noqa: E402
from browser import EVIL, Chromium  # noqa: E402
from ccp import Env  # noqa: E402
from tap import contains, eq, main, ok, test, until  # noqa: E402


TEXT = "".join(f"word{n} " for n in range(1, 6))


@functools.cache
def bundle():
    """The page's script, as programs for browsers are made."""
    with Env() as env:
        scripts = npm.place(env.dir)
        return subprocess.run(
            [str(scripts / "node_modules" / ".bin" / "esbuild"),
             str(scripts / "browser_page.mjs"), "--bundle", "--format=esm",
             "--platform=browser", "--log-level=error"],
            check=True, stdout=subprocess.PIPE).stdout


def bed(mode="long=5", **settings):
    browser.find()
    return browser.bed(bundle(), mode, **settings)


def check_served(report):
    ok("error" not in report, report)
    eq("".join(report["deltas"]), TEXT)
    eq(len([d for d in report["deltas"] if d]), 5, "deltas")
    ok(report["request"].startswith("req_"), "the request's id is hidden")
    contains(report["models"], "haiku")


def check_refused(report, here):
    """The browser shows the page nothing; to ccp it was not worth a Claude."""
    eq(report["deltas"], [])
    eq(report.get("error"), {
        "kind": "APIConnectionError", "sdk": True, "status": None,
        "code": None, "request": None})
    here.wait_logged(f" OPTIONS {PATH} 403 ")
    ok(not here.claude_ran(), "Claude ran")


@test("a page of an allowed origin streams")
def _():
    with bed(CORS_ORIGIN="the page") as here:
        check_served(here.visit())


@test("a page is asked for the directory, edits its answer, and goes on")
def _():
    with bed("transcript", CORS_ORIGIN="the page",
             ASK_WORKING_DIR=None) as here:
        work = os.path.realpath(here.env.work)
        answers = here.visit(talk=[None, [
            ["say", "Fix it."], ["say", "nowhere"], ["edit", 1, "~"],
            ["edit", 1, work], ["say", "Go on."], ["regenerate"]]])["answers"]
        for answer, begin in zip(answers, (
                "Which directory", "I cannot work there", "From now on",
                f'From now on I work in this directory: "{work}"')):
            ok(answer["text"].startswith(begin), answer)
        eq([a["tokens"] == 0 for a in answers], [True] * 4 + [False] * 2)
        for answer in answers[4:]:
            eq([m["texts"] for m in json.loads(answer["text"])["messages"]],
               [["Fix it."], ["Go on."]])


@test("a page names the directory in a header")
def _():
    with bed("transcript", CORS_ORIGIN="the page",
             ASK_WORKING_DIR=None) as here:
        answer, = here.visit(talk=["~", [["say", "Go on."]]])["answers"]
        eq([m["texts"] for m in json.loads(answer["text"])["messages"]],
           [["Go on."]])


@test("the end of a page that streams is the end of Claude")
def _():
    with bed("long=1000,slow=100", CORS_ORIGIN="the page") as here:
        with here.open():
            until(here.claude_ran, 60, "Claude")
        here.env.wait_gone(here.server.pid)


@test("a page of another origin is refused")
def _():
    with bed(CORS_ORIGIN="the page") as here:
        check_refused(here.visit("localhost"), here)


@test("a stranger's page is refused")
def _():
    with bed(CORS_ORIGIN="the page") as here:
        check_refused(here.visit(EVIL), here)


@test("with the default key a page on loopback streams")
def _():
    with bed(API_KEY=None) as here:
        check_served(here.visit("localhost"))


@test("with the default key a stranger's page is refused")
def _():
    with bed(API_KEY=None) as here:
        check_refused(here.visit(EVIL), here)


@test("a request that needs no leave of CORS does nothing either")
def _():
    with bed(API_KEY=None) as here:
        report = here.visit(EVIL, blind=True)
        eq(report.get("seen"), ["opaque", 0, ""], str(report))
        here.wait_logged(f" POST {PATH} 403 ")
        ok(not here.claude_ran(), "Claude ran")


@test("a page whose name has come to mean this machine is refused")
def _():
    with bed(API_KEY=None) as here:
        report = here.visit(EVIL, rebound=True)
        error = report["error"]
        eq((error["kind"], error["status"], error["code"]),
           ("PermissionDeniedError", 403, "host_not_allowed"))
        ok(not here.claude_ran(), "Claude ran")


@test("the same page under a name of loopback is served")
def _():
    with bed(API_KEY=None) as here:
        check_served(here.visit("localhost", rebound=True))


@test("ccp is not shown under a stranger's name")
def _():
    with bed(API_KEY=None) as here:
        for host, want in ((EVIL, "host_not_allowed"),
                           ("localhost", '{"status":"ok"}')):
            url = f"http://{host}:{here.server.port}/health"
            with Chromium(here.env.dir, url, "--dump-dom") as chromium:
                contains(chromium.output(), want)


if __name__ == "__main__":
    main()
