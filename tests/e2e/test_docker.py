#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of ./Dockerfile: built from the files of the distribution, and
run, with the demo backend and with the real Claude Code in front of the mock
of the Messages API."""
import functools
import os
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# pylint: disable=wrong-import-position
import procs  # noqa: E402
import real_claude  # noqa: E402
from answers import ask  # noqa: E402
from ccp import PASSED_ON, TAG_NAME, Env  # noqa: E402
from http_client import Client  # noqa: E402
from image import Container, Image, apart, loopback_only  # noqa: E402
from mock_messages import Mock  # noqa: E402
from tap import contains, eq, fail, lacks, main, ok, test, until  # noqa: E402

VERSION = real_claude.VERSIONS["measured"]
PORT = 8888  # nothing else runs where this runs
KEY = "a-key-of-the-container"
UID = 1000


def spoil(context):
    """What an earlier build of another machine may have left."""
    for name in ("src/cli.o", "src/.deps/cli.Po", "config.status", "ccp"):
        path = context / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("stale\n", encoding="ascii")


@functools.cache
def image():
    built = Image()
    built.build(spoil, CLAUDE_VERSION=VERSION)
    loopback_only()
    return built


def client():
    return Client(socket.create_connection(("127.0.0.1", PORT), 10),
                  {"Authorization": f"Bearer {KEY}"})


def wait_for(running):
    """Until it listens; fails with what it says if it ends."""
    def listens():
        if running.process.poll() is not None:
            fail(f"it has ended\n{running.stderr()}")
        try:
            client().close()
        except OSError:
            return False
        return True

    until(listens, 60, "a listening socket")


def programs(env):
    """Of the container, those of ccp."""
    return [p for p in procs.with_variable(TAG_NAME, env.tag)
            if p.command.split("/")[-1].startswith("ccp start")
            and "buildah" not in p.command]


def server(env):
    """The one that listens.  A child is like it until it is a handler."""
    found = until(lambda: len(p := programs(env)) == 1 and p, 10,
                  "one ccp start")
    return found[0]


def uids(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        line, = [line for line in f if line.startswith("Uid:")]
    return {int(n) for n in line.split()[1:]}


@test("the image is built, whatever an earlier build has left", 600)
def _():
    with Container(image()) as container:
        eq(container.run("ccp", "version"), (0, "ccp 0.1.0\n"))
        status, said = container.run("claude", "--version")
        eq((status, said.split()[0]), (0, VERSION))
        status, said = container.run("sh", "-c", "command -v cc make npm node")
        eq(said.split("subprocess")[0], "", "programs that nothing needs")


@test("it says how it is to be run")
def _():
    config = image().config
    eq(config["Entrypoint"] + config["Cmd"], ["ccp", "start"])
    eq(config["User"], "ccp")
    eq(config["StopSignal"], "SIGTERM")
    eq(list(config["ExposedPorts"]), [f"{PORT}/tcp"])
    eq(sorted(config["Volumes"]), ["/home/ccp/.ccp", "/home/ccp/.claude"])
    contains(config["Env"], "HOST=0.0.0.0")
    lacks(" ".join(config["Env"]), "API_KEY")
    eq(image().argument("CLAUDE_VERSION"), real_claude.VERSIONS["newest"])


@test("it does not start without a key of one's own")
def _():
    with Container(image()) as container:
        for variables in ({}, {"API_KEY": "CCP_API_KEY"}):
            status, said = container.run(*container.command(),
                                         CLAUDE_PATH="demo", **variables)
            eq(status, 1)
            contains(said, "set an API_KEY of your own first")


@test("it runs as an ordinary user, answers, is healthy, and stops")
def _():
    with Env() as env, Container(image()) as container:
        ok(not container.healthy(), "healthy before it runs")
        with container.start(env, CLAUDE_PATH="demo", API_KEY=KEY) as running:
            wait_for(running)
            eq(uids(server(env).pid), {UID})
            for stream in (False, True):
                with client() as http:
                    asked = ask(http, "first", "yes", "Hello!", stream=stream)
                eq(asked.status, 200)
                contains(asked.text, "You said: Hello!")
            ok(container.healthy(), "not healthy:\n" + running.stderr())
            program = server(env)
            eq(container.stop(running, program), 0)
            ok(not container.healthy(), "healthy when it has ended")


def level(pid):
    """Its ids in the name spaces that it is in, the innermost last."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        line, = [line for line in f if line.startswith("NSpid:")]
    return [int(n) for n in line.split()[1:]]


@test("as the first process it answers, buries the dead, and stops")
def _():
    with Env() as env, Container(image()) as container:
        with container.start(env, first=True, CLAUDE_PATH="demo", API_KEY=KEY,
                             CLAUDE_LINGER_MS="500") as running:
            wait_for(running)
            program = server(env)
            eq((level(program.pid)[-1], uids(program.pid)), (1, {UID}))
            for _ in range(3):
                with client() as http:
                    asked = ask(http, "first", "yes", "Hello!")
                eq(asked.status, 200, running.stderr())
            until(lambda: not procs.children(program.pid), 10,
                  "an end of all its children")
            eq(container.stop(running, program), 0)


@test("the real Claude answers in it, and what it knows is in the volumes")
def _():
    with Mock() as api, Env() as env, Container(image()) as container:
        child = real_claude.variables(api.url, IS_SANDBOX=None)
        named = [n for n in child if not n.startswith(PASSED_ON)]
        with container.start(env, API_KEY=KEY, ASK_WORKING_DIR="never",
                             CLAUDE_ENV=",".join(named), **child) as running:
            wait_for(running)
            said = []
            for want in ("new", "warm"):
                with client() as http:
                    asked = ask(http, *said, "hello", stream=want == "new")
                eq((asked.status, asked.session), (200, want),
                   running.stderr())
                said += ["hello", asked.text]
            eq(api.last().messages[0], ("user", ["hello"]))
            contains(str(api.last().body), "/projects")
            program = server(env)
            eq(container.stop(running, program), 0)
        _, found = container.run(
            "find", "/home/ccp", "/projects", "-newer", "/usr/local/bin/ccp",
            "-type", "f")
        contains(found, "/home/ccp/.ccp/sessions.db\n")
        contains(found, "/home/ccp/.claude/projects/-projects/")
        elsewhere = [name for name in found.split() if not name.startswith(
            ("/home/ccp/.ccp/", "/home/ccp/.claude/"))]
        eq(elsewhere, [], "files outside of the volumes")


if __name__ == "__main__":
    apart()
    main()
